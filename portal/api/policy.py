"""The whole policy: the table, the mode now, and for a given user or group what may be done and why not."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from identity import policy
from identity.core.decisions import Action, Mode
from identity.core.errors import Refused
from identity.models import Group, IdentityProvider, User
from portal.api.fields import DecisionAnswer, GroupRef, ProviderRef, Said, UserRef, answers, key
from portal.api.groups import ABOUT_GROUPS
from portal.api.named_rows import named_in
from portal.api.operations import operation
from portal.api.users import ABOUT_USERS
from portal.api.views import Singleton

ABOUT_PROVIDERS = (Action.MANAGE_PROVIDERS, Action.CHANGE_TRUST)


class ModeAnswer(serializers.Serializer):
    """A column of the table."""

    code = serializers.CharField()
    scim_enabled = serializers.BooleanField()
    sso_enforced = serializers.BooleanField()
    is_now = serializers.BooleanField()


class PolicyRowAnswer(serializers.Serializer):
    """A row of the table: an action, and what each mode says to it."""

    action = serializers.CharField()
    title = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField(), help_text="Who may do it at all.")
    depends_on_mode = serializers.BooleanField()
    cells = serializers.DictField(child=serializers.CharField(), help_text="By mode: yes, no, unmapped groups only.")
    now = serializers.CharField(help_text="The cell of the mode now.")
    instead = serializers.CharField(allow_null=True, help_text="What to do where it says no.")
    you = DecisionAnswer(help_text="What it comes to for you: the role first, then the mode.")


class TargetAnswer(serializers.Serializer):
    """What you may do to this user, group or identity provider now, and why not."""

    user = UserRef(allow_null=True)
    group = GroupRef(allow_null=True)
    identity_provider = ProviderRef(allow_null=True)
    actions = serializers.DictField(child=DecisionAnswer())


class PolicyAnswer(serializers.Serializer):
    """The table of the policy, and what it says to the caller."""

    mode = serializers.CharField(help_text="The mode now.")
    description = serializers.CharField()
    modes = ModeAnswer(many=True)
    table = PolicyRowAnswer(many=True)
    target = TargetAnswer(allow_null=True)


class TargetSaid(Said):
    user = key(required=False)
    group = key(required=False)
    identity_provider = key(required=False)


class Policy(Singleton):
    """The policy, for everybody who is signed in; about a target only for who may see the directory."""

    tag = "Policy"
    readers = ()
    queryset = User.objects.none()

    @operation("get_policy", query=TargetSaid, answer=PolicyAnswer)
    def retrieve(self, request: Request) -> Response:
        """Show the policy.

        With `user`, `group` or `identity_provider`, `target` says for each action whether you may do it to them now,
        and why not.
        """
        shown = {
            "mode": self.mode.code,
            "description": policy.describe(self.mode),
            "modes": [_column(mode, self.mode) for mode in policy.MODES],
            "table": [self._row(action) for action in Action],
            "target": self._target(),
        }
        return self.show(dict(PolicyAnswer(shown).data))

    def _row(self, action: Action) -> dict[str, Any]:
        return {
            "action": action,
            "title": policy.PHRASES[action],
            "roles": sorted(policy.ROLES[action]),
            "depends_on_mode": action in policy.MATRIX,
            "cells": {mode.code: policy.cell(action, mode) for mode in policy.MODES},
            "now": policy.cell(action, self.mode),
            "instead": policy.INSTEAD.get(action),
            "you": answers({action: self.decide(action)})[action],
        }

    def _target(self) -> dict[str, Any] | None:
        if not self.asked:
            return None
        self._require_reader()
        user = named_in(User, self.asked["user"], "user") if "user" in self.asked else None
        group = named_in(Group, self.asked["group"], "group") if "group" in self.asked else None
        provider = self._provider()
        decisions = {action: self.decide(action, user=user) for action in ABOUT_USERS if user}
        decisions |= {action: self.decide(action, group=group) for action in ABOUT_GROUPS if group}
        decisions |= {action: self.decide(action, identity_provider=provider) for action in ABOUT_PROVIDERS if provider}
        return {"user": user, "group": group, "identity_provider": provider, "actions": answers(decisions)}

    def _provider(self) -> IdentityProvider | None:
        asked = self.asked.get("identity_provider")
        return named_in(IdentityProvider, asked, "identity provider") if asked else None

    def _require_reader(self) -> None:
        decision = self.decide(Action.VIEW_DIRECTORY)
        if not decision:
            raise Refused(decision.reason, code=decision.code, decision=decision)


def _column(mode: Mode, now: Mode) -> dict[str, Any]:
    return {"code": mode.code, **mode._asdict(), "is_now": mode == now}
