"""The whole policy: the table, the current mode, and for a given target what may be done and why not."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from identity import policy
from identity.core.decisions import ROWS, Action, Mode
from identity.models import Conflict, Group, IdentityProvider, SSOConnection, SSOGroup, User
from identity.policy import ACTIONS_ON
from portal.api.fields import (
    ConflictRef,
    ConnectionRef,
    DecisionAnswer,
    GroupRef,
    ProviderRef,
    Said,
    SSOGroupRef,
    UserRef,
    answers,
    key,
)
from portal.api.named_rows import named_in
from portal.api.operations import operation
from portal.api.views import Singleton

TARGETS: dict[str, type[Model]] = {
    "user": User,
    "group": Group,
    "sso_group": SSOGroup,
    "identity_provider": IdentityProvider,
    "connection": SSOConnection,
    "conflict": Conflict,
}


class ModeAnswer(serializers.Serializer):
    """A column of the table."""

    code = serializers.CharField()
    scim_enabled = serializers.BooleanField()
    sso_enforced = serializers.BooleanField()
    is_now = serializers.BooleanField()


class ExemptionAnswer(serializers.Serializer):
    """What is possible although the cell says no; `code` is the decision's."""

    code = serializers.CharField()
    reason = serializers.CharField()


class PolicyRowAnswer(serializers.Serializer):
    """A row of the table: an action, and the answer in each mode."""

    action = serializers.CharField()
    title = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField(), help_text="Who may do it at all.")
    depends_on_mode = serializers.BooleanField()
    cells = serializers.DictField(child=serializers.CharField(), help_text="By mode: yes, no, unmapped groups only.")
    now = serializers.CharField(help_text="The cell of the mode now.")
    instead = serializers.CharField(allow_null=True, help_text="What to do where it says no.")
    exemptions = ExemptionAnswer(many=True, help_text="What is possible all the same.")
    you = DecisionAnswer(help_text="What it comes to for you: the role first, then the mode.")


class TargetAnswer(serializers.Serializer):
    """What you may do to the target now, and why not."""

    user = UserRef(allow_null=True)
    group = GroupRef(allow_null=True)
    sso_group = SSOGroupRef(allow_null=True)
    identity_provider = ProviderRef(allow_null=True)
    connection = ConnectionRef(allow_null=True)
    conflict = ConflictRef(allow_null=True)
    actions = serializers.DictField(child=DecisionAnswer())


class PolicyAnswer(serializers.Serializer):
    """The policy table, and its answers for the caller."""

    mode = serializers.CharField(help_text="The mode now.")
    description = serializers.CharField()
    modes = ModeAnswer(many=True)
    table = PolicyRowAnswer(many=True)
    target = TargetAnswer(allow_null=True)


class TargetSaid(Said):
    user = key(required=False)
    group = key(required=False)
    sso_group = key(required=False)
    identity_provider = key(required=False)
    connection = key(required=False)
    conflict = key(required=False)


class Policy(Singleton):
    """The policy, for everyone who is signed in; about a target only for those who may see the directory."""

    tag = "Policy"
    seen_by = None
    queryset = User.objects.none()

    @operation("get_policy", query=TargetSaid, answer=PolicyAnswer)
    def retrieve(self, request: Request) -> Response:
        """Show the policy.

        With `user`, `group`, `sso_group`, `identity_provider`, `connection` or `conflict`, `target` says for each
        action whether you may do it to them now, and why not. An action without effect is allowed, with a code and a
        reason that say so.
        """
        shown = {
            "mode": self.mode.code,
            "description": policy.describe(self.mode),
            "modes": [_column(mode, self.mode) for mode in policy.MODES],
            "table": [self._row(action) for action in ROWS],
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
            "exemptions": policy.EXEMPTIONS.get(action, ()),
            "you": answers({action: self.decide(action)})[action],
        }

    def _target(self) -> dict[str, Any] | None:
        if not self.asked:
            return None
        policy.require(Action.VIEW_DIRECTORY, actor=self.actor)
        found: dict[str, Any] = {
            name: named_in(TARGETS[name], pk, name.replace("_", " ")) for name, pk in self.asked.items()
        }
        decisions = {
            action: self.decide(action, **{name: row}) for name, row in found.items() for action in ACTIONS_ON[name]
        }
        return {**dict.fromkeys(TARGETS), **found, "actions": answers(decisions)}


def _column(mode: Mode, now: Mode) -> dict[str, Any]:
    return {"code": mode.code, **mode._asdict(), "is_now": mode == now}
