"""Conflicts: people an identity provider wants to provision who collide with an account (R6, R7)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.core.keys import sought
from identity.db.locks import lock
from identity.models import Conflict, IdentityProvider, User
from identity.services.provisioning import conflicts
from portal.api.fields import ProviderRef, Said, UserRef
from portal.api.operations import operation
from portal.api.views import Resources


class ConflictAnswer(serializers.ModelSerializer):
    """The record the identity provider sent, and the account that is in the way."""

    identity_provider = ProviderRef(read_only=True)
    user = UserRef(read_only=True)
    decided_by = UserRef(read_only=True, allow_null=True)
    can_be_linked = serializers.BooleanField(read_only=True)
    needs_move = serializers.BooleanField(read_only=True)
    is_about_another_person = serializers.BooleanField(
        read_only=True, help_text="Whether the newcomer can be given a username of their own."
    )
    sentence = serializers.SerializerMethodField(help_text="What the identity provider's administrator reads.")

    class Meta:
        model = Conflict
        fields = (
            "id",
            "identity_provider",
            "user",
            "reason",
            "sentence",
            "state",
            "user_name",
            "email",
            "external_id",
            "first_name",
            "last_name",
            "tries",
            "can_be_linked",
            "needs_move",
            "is_about_another_person",
            "own_username",
            "first_seen_at",
            "last_seen_at",
            "decided_by",
            "decided_at",
        )

    def get_sentence(self, conflict: Conflict) -> str:
        return conflicts.sentence(conflict)


class OwnUsernameSaid(Said):
    username = serializers.CharField(max_length=255)


class ConflictFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=Conflict.State.choices)
    reason = filters.ChoiceFilter(choices=Conflict.Reason.choices)
    identity_provider = filters.ModelChoiceFilter(queryset=IdentityProvider.objects.all())
    user = filters.ModelChoiceFilter(queryset=User.objects.all())
    user_name = filters.CharFilter(method="named", label="Exactly this userName, whatever its case.")

    def named(self, rows: QuerySet[Conflict], name: str, text: str) -> QuerySet[Conflict]:
        return rows.filter(user_name_key=sought(text))


class Conflicts(Resources):
    """The conflicts inbox. Decide with If-Match, so that you approve what you have read."""

    tag = "Conflicts"
    seen_by = Action.VIEW_CONFLICTS
    queryset = Conflict.objects.select_related("identity_provider", "user__sso_user", "decided_by").defer(
        "user__sso_user__attributes", "user__sso_user__keys"
    )
    serializer_class = ConflictAnswer
    filterset_class = ConflictFilter
    orderings: ClassVar[dict[str, str]] = {"last_seen_at": "last_seen_at", "id": "pk"}
    default_ordering = "-last_seen_at"
    fresh = frozenset({"link", "move"})

    def hold(self, row: Any) -> None:
        lock(User, row.user_id)
        lock(Conflict, row.pk)

    @operation("list_conflicts", answer=ConflictAnswer, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List conflicts."""
        return self.page()

    @operation("get_conflict", answer=ConflictAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show a conflict."""
        return self.answer(self.get_object())

    @operation("link_conflict", answer=ConflictAnswer)
    @action(detail=True, methods=["post"])
    def link(self, request: Request, pk: int) -> Response:
        """Approve the link.

        The next attempt with exactly this provider, userName, email and externalId takes over the account.
        """
        return self.answer_anew(conflicts.link_conflict(self.get_object(), actor=self.actor))

    @operation("move_conflict", answer=ConflictAnswer)
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: int) -> Response:
        """Let the account leave its other identity provider, then approve the link."""
        return self.answer_anew(conflicts.move_conflict(self.get_object(), actor=self.actor))

    @operation("give_own_username", body=OwnUsernameSaid, answer=ConflictAnswer)
    @action(detail=True, methods=["post"], url_path="own-username")
    def own_username(self, request: Request, pk: int) -> Response:
        """Give the newcomer a username of their own in the portal.

        For another person, whose userName is the permanent username of the existing account. The next attempt with
        exactly this provider, userName, email and externalId creates a user with this username.
        """
        return self.answer_anew(conflicts.give_own_username(self.get_object(), **self.said, actor=self.actor))

    @operation("dismiss_conflict", answer=ConflictAnswer)
    @action(detail=True, methods=["post"])
    def dismiss(self, request: Request, pk: int) -> Response:
        """Dismiss the conflict. It reopens when the identity provider's data changes."""
        return self.answer_anew(conflicts.dismiss_conflict(self.get_object(), actor=self.actor))
