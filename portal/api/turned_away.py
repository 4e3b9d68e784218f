"""What identity providers wanted while they were turned away (R24)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.models import IdentityProvider, TurnedAway, User
from identity.queries.turned_away import MOST_MOVES, in_words, with_moves
from portal.api.fields import ProviderRef, UserRef
from portal.api.operations import operation
from portal.api.views import Resources


class TurnedAwayAnswer(serializers.ModelSerializer):
    """What an identity provider wanted of one person or group: all its attempts together."""

    identity_provider = ProviderRef(read_only=True)
    user = UserRef(read_only=True, allow_null=True)
    decided_by = UserRef(read_only=True, allow_null=True)
    joining = serializers.IntegerField(help_text=f"People who would join, up to {MOST_MOVES:,}: one more means more.")
    leaving = serializers.IntegerField(help_text="People who would leave, counted likewise.")
    sentence = serializers.SerializerMethodField(help_text="What would have been done, in words.")

    class Meta:
        model = TurnedAway
        fields = (
            "id",
            "identity_provider",
            "resource_type",
            "scim_id",
            "name",
            "user",
            "status_wish",
            "changes",
            "joining",
            "leaving",
            "sentence",
            "reason",
            "state",
            "tries",
            "first_at",
            "last_at",
            "decided_by",
            "decided_at",
        )

    def get_sentence(self, row: Any) -> str:
        return in_words(row)


class TurnedAwayFilter(filters.FilterSet):
    identity_provider = filters.ModelChoiceFilter(queryset=IdentityProvider.objects.all())
    state = filters.ChoiceFilter(choices=TurnedAway.State.choices)
    resource_type = filters.ChoiceFilter(choices=TurnedAway.ResourceType.choices)
    user = filters.ModelChoiceFilter(queryset=User.objects.all())


class TurnedAways(Resources):
    """What identity providers wanted while SCIM was off, while they were paused, or while their brake was on."""

    tag = "Turned away"
    seen_by = Action.VIEW_PROVIDERS
    queryset = TurnedAway.objects.all()
    serializer_class = TurnedAwayAnswer
    filterset_class = TurnedAwayFilter
    orderings: ClassVar[dict[str, str]] = {"last_at": "last_at", "id": "pk"}
    default_ordering = "-last_at"

    def get_queryset(self) -> QuerySet[TurnedAway]:
        rows: Any = super().get_queryset()
        return with_moves(rows)

    @operation("list_turned_away", answer=TurnedAwayAnswer, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List what was turned away."""
        return self.page()

    @operation("get_turned_away", answer=TurnedAwayAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show what was turned away of one person or group."""
        return self.answer(self.get_object())
