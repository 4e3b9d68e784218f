"""Access settings: the two flags (R21, R22)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from identity import policy
from identity.core.decisions import Action, Mode
from identity.models import AccessSettings
from identity.services import modes
from portal.api.fields import Said
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
    """An omitted flag stays."""

    scim_enabled = serializers.BooleanField(required=False)
    sso_enforced = serializers.BooleanField(required=False)


class AccessSaid(FlagsSaid):
    follow_idp = serializers.BooleanField(
        required=False,
        help_text="To say when SCIM is switched on and something differs, and only then: true applies it now, false "
        "keeps what is here until the provider sends again.",
    )


class Access(Singleton):
    """The access settings: a single resource, which owners change."""

    tag = "Access settings"
    seen_by = Action.VIEW_ACCESS
    queryset = AccessSettings.objects.all()
    serializer_class = AccessAnswer
    fresh = frozenset({"partial_update"})

    def get_object(self) -> AccessSettings:
        return AccessSettings.objects.get()

    @operation("get_access_settings", answer=AccessAnswer)
    def retrieve(self, request: Request) -> Response:
        """Show the access settings."""
        return self.answer(self.get_object())

    @operation("edit_access_settings", body=AccessSaid, answer=AccessAnswer)
    def partial_update(self, request: Request) -> Response:
        """Switch SCIM or SSO enforcement.

        Where the portal differs from the identity providers, `follow_idp` must be said when SCIM is switched on; it is
        refused when it has no effect: while SCIM is on, reconcile. SSO can be enforced by an owner who has signed in
        through it, once a break-glass account is proven. See the what-if first.
        """
        flags = switched(self.mode, self.said)._asdict()
        modes.set_mode(**flags, follow_idp=self.said.get("follow_idp"), actor=self.actor)
        return self.answer(self.get_object())


def switched(mode: Mode, said: dict[str, Any]) -> Mode:
    """The mode with the given flags; an omitted one stays."""
    return Mode(*(said.get(name, getattr(mode, name)) for name in Mode._fields))
