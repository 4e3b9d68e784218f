"""Access settings: the two flags, and what switching one would change, for whom (R21, R22)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from identity import policy
from identity.errors import Refused
from identity.models import AccessSettings, Mode, User
from identity.services import access
from portal.api.fields import GroupRef, PeopleAnswer, Said, people
from portal.api.operations import operation
from portal.api.views import Singleton


class AccessAnswer(serializers.ModelSerializer):
    """The mode, as a column of the policy table."""

    mode = serializers.CharField(source="mode.code", read_only=True)
    description = serializers.SerializerMethodField()

    class Meta:
        model = AccessSettings
        fields = ("scim_enabled", "sso_enforced", "mode", "description")

    def get_description(self, row: AccessSettings) -> str:
        return policy.describe(row.mode)


class FlagsSaid(Said):
    """A flag that is left out stays."""

    scim_enabled = serializers.BooleanField(required=False)
    sso_enforced = serializers.BooleanField(required=False)


class AccessSaid(FlagsSaid):
    follow_idp = serializers.BooleanField(
        default=False,
        help_text="When SCIM is switched on: apply what differs now, else keep it until the provider sends again.",
    )


class CellChangeAnswer(serializers.Serializer):
    """A row of the policy table whose answer changes."""

    action = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class DriftAnswer(serializers.Serializer):
    """A mapped group that has moved away from its SSO groups."""

    group = GroupRef()
    joins = PeopleAnswer()
    leaves = PeopleAnswer()


class DifferencesAnswer(serializers.Serializer):
    """Where the portal has moved away from what the identity providers last said."""

    enables = PeopleAnswer()
    disables = PeopleAnswer()
    groups = DriftAnswer(many=True)


class ConsequencesAnswer(serializers.Serializer):
    """Whom enforcing SSO would touch."""

    password_users = serializers.IntegerField(help_text="Whose password stops working, and whose sessions end.")
    invitations = serializers.IntegerField(help_text="Pending ones, whose links stop working.")


class WhatIfAnswer(serializers.Serializer):
    """What a switch would change, for whom; nothing has been changed."""

    before = serializers.CharField()
    after = serializers.CharField()
    changes = CellChangeAnswer(many=True)
    missing = serializers.CharField(allow_null=True, help_text="What must be proven first, if anything.")
    consequences = ConsequencesAnswer(allow_null=True, help_text="When SSO would be enforced.")
    differences = DifferencesAnswer(allow_null=True, help_text="When SCIM would be switched on.")


class Access(Singleton):
    """The access settings: one resource, which owners change."""

    tag = "Access settings"
    queryset = AccessSettings.objects.all()
    serializer_class = AccessAnswer

    def get_object(self) -> AccessSettings:
        return AccessSettings.objects.get()

    @operation("get_access_settings", answer=AccessAnswer)
    def retrieve(self, request: Request) -> Response:
        """Show the access settings."""
        return self.answer(self.get_object())

    @operation("edit_access_settings", body=AccessSaid, answer=AccessAnswer)
    def partial_update(self, request: Request) -> Response:
        """Switch SCIM or SSO enforcement.

        SSO can be enforced by an owner who has signed in through it, when a break-glass account was proven. Look at
        the what-if first.
        """
        access.set_mode(**self._flags(self.said), follow_idp=self.said["follow_idp"], actor=self.actor)
        return self.answer(self.get_object())

    @operation("preview_access_settings", query=FlagsSaid, answer=WhatIfAnswer)
    @action(detail=False, methods=["get"])
    def what_if(self, request: Request) -> Response:
        """Preview a switch: which answers of the policy change, and what becomes of whom."""
        after = Mode(**self._flags(self.asked))
        return Response(self.only_fields(WhatIfAnswer(self._what_if(self.mode, after)).data))

    def _flags(self, said: dict[str, Any]) -> dict[str, bool]:
        return {name: said.get(name, getattr(self.mode, name)) for name in Mode._fields}

    def _what_if(self, before: Mode, after: Mode) -> dict[str, Any]:
        enforces = after.sso_enforced and not before.sso_enforced
        switches_on = after.scim_enabled and not before.scim_enabled
        return {
            "before": before.code,
            "after": after.code,
            "changes": _changes(before, after),
            "missing": self._missing() if enforces else None,
            "consequences": access.consequences_of_enforcing() if enforces else None,
            "differences": _differences() if switches_on else None,
        }

    def _missing(self) -> str | None:
        try:
            access.require_ready_to_enforce(self.actor)
        except Refused as refusal:
            return refusal.sentence
        return None


def _changes(before: Mode, after: Mode) -> list[dict[str, str]]:
    pairs = [(action, policy.cell(action, before), policy.cell(action, after)) for action in policy.MATRIX]
    return [{"action": action, "before": old, "after": new} for action, old, new in pairs if old != new]


def _differences() -> dict[str, Any]:
    found = access.differences()
    return {
        "enables": people(User.objects.filter(pk__in=found.to_enable.values("user"))),
        "disables": people(User.objects.filter(pk__in=found.to_disable.values("user"))),
        "groups": [
            {"group": group, "joins": people(joins), "leaves": people(leaves)} for group, joins, leaves in found.groups
        ],
    }
