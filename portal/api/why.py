"""Explanations: a user's why-trail, both sides of the bridge, and the people an event moved."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.models import AuditEvent, MembershipChange, User
from identity.queries import why
from identity.queries.differences import sides_of, sso_groups_of
from identity.queries.external_ids import sharing_external_id
from identity.queries.moves import as_moves
from portal.api.fields import GroupRef, Said, SSOGroupRef, SSOUserRef, UserRef
from portal.api.filters import Flag
from portal.api.logs import ProvisioningLogEntryAnswer
from portal.api.named_rows import row_of
from portal.api.of_user import OfUser
from portal.api.operations import operation
from portal.api.views import Resources

MOST_AT_ONCE = 200


# --- the why-trail ---


class TrailEntryAnswer(serializers.Serializer):
    """A change of this user, and its cause."""

    event = serializers.IntegerField(source="line.event.pk", help_text="The event in the audit log.")
    at = serializers.DateTimeField(source="line.event.at")
    action = serializers.CharField(source="line.event.action")
    words = serializers.CharField(help_text="What happened, in words.")
    details = serializers.ListField(child=serializers.CharField())
    actor = serializers.CharField(source="line.actor")
    actor_user = UserRef(
        source="line.person",
        allow_null=True,
        help_text="The user who did it; null for an identity provider or a command.",
    )
    group = GroupRef(source="line.group", allow_null=True)
    joined = serializers.ListField(child=serializers.CharField(), help_text="Names of groups.")
    left = serializers.ListField(child=serializers.CharField(), help_text="Names of groups.")
    request = ProvisioningLogEntryAnswer(allow_null=True, help_text="What the identity provider sent.")


class TrailAnswer(serializers.Serializer):
    results = TrailEntryAnswer(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where earlier changes are; null when there are none.")


class TrailSaid(Said):
    before = serializers.IntegerField(
        min_value=1, max_value=2**62, required=False, help_text="Earlier than the event of this number."
    )
    limit = serializers.IntegerField(min_value=1, max_value=MOST_AT_ONCE, default=why.SHOWN)


class OfManagedUser(OfUser):
    """Something about the user in the URL and the identity provider's record."""

    queryset = User.objects.select_related("managed_by", "sso_user__identity_provider")


class UserTrail(OfManagedUser):
    """Every change of a user's status, name and memberships."""

    @operation("get_user_trail", query=TrailSaid, answer=TrailAnswer)
    def retrieve(self, request: Request, user_id: int) -> Response:
        """Show why a user is as they are.

        Every change of status, name and membership, newest first, with the request, mapping or person behind it.
        """
        trail = why.trail_of(self.user, self.asked.get("before"), most=self.asked["limit"])
        return self.show(dict(TrailAnswer({"results": trail.entries, "next": self._next(trail)}).data))

    def _next(self, trail: why.Trail) -> str | None:
        if not trail.before:
            return None
        query = {**self.request.query_params.dict(), "before": trail.before}
        return f"{settings.PUBLIC_URL}{self.request.path}?{urlencode(query)}"


# --- both sides ---


class BothSidesAnswer(serializers.Serializer):
    """An attribute as the identity provider sends it and as the portal has it."""

    attribute = serializers.CharField(source="label")
    sent = serializers.CharField()
    kept = serializers.CharField()
    differs = serializers.BooleanField()


class DifferencesAnswer(serializers.Serializer):
    """The identity provider's record beside the portal's, and why they differ."""

    sso_user = SSOUserRef(allow_null=True)
    removed_at = serializers.DateTimeField(allow_null=True, help_text="When the identity provider removed its record.")
    attributes = BothSidesAnswer(many=True)
    reasons = serializers.ListField(
        child=serializers.CharField(), help_text="A sentence for each attribute that differs."
    )
    sso_groups = SSOGroupRef(many=True, help_text="The SSO groups that hold them.")
    sharing_external_id = UserRef(many=True, help_text="Others with the same externalId at this identity provider.")


class UserDifferences(OfManagedUser):
    """The identity provider's record of a user beside the portal's."""

    @operation("get_user_differences", answer=DifferencesAnswer)
    def retrieve(self, request: Request, user_id: int) -> Response:
        """Show where the identity provider and the portal differ about a user, and why."""
        sides = sides_of(self.user)
        shown = {
            "sso_user": sides.sso_user,
            "removed_at": sides.retired and sides.retired.retired_at,
            "attributes": sides.attributes,
            "reasons": sides.reasons,
            "sso_groups": sso_groups_of(sides.sso_user),
            "sharing_external_id": sharing_external_id(sides.record),
        }
        return self.show(dict(DifferencesAnswer(shown).data))


# --- the people an event moved ---


class MoveAnswer(serializers.Serializer):
    """A user who joined or left a group by an event; null for what is gone."""

    user_id = serializers.IntegerField(source="change.user_id")
    group_id = serializers.IntegerField(source="change.group_id")
    joined = serializers.BooleanField(source="change.joined", help_text="false: left.")
    user = UserRef(allow_null=True)
    group = GroupRef(allow_null=True)


class MoveFilter(filters.FilterSet):
    joined = Flag(field_name="joined")


class Moves(Resources):
    """Who joined and who left by one event of the audit log."""

    tag = "Logs"
    seen_by = Action.VIEW_LOGS
    queryset = MembershipChange.objects.all()
    serializer_class = MoveAnswer
    filterset_class = MoveFilter

    def get_queryset(self) -> QuerySet[MembershipChange]:
        return super().get_queryset().filter(event_id=row_of(AuditEvent, self.kwargs["event_id"]).pk)

    def prepared(self, rows: list[MembershipChange]) -> list[Any]:
        return as_moves(rows)

    @operation("list_moves", answer=MoveAnswer, is_list=True)
    def list(self, request: Request, event_id: int) -> HttpResponseBase:
        """List who joined and who left groups by an event that moved many."""
        return self.page()
