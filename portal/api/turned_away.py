"""What identity providers wanted while they were turned away (R24)."""

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
from identity.models import IdentityProvider, TurnedAway, User
from identity.queries.turned_away import MOST_MOVES, in_words, with_moves
from identity.services import turned_away_decisions
from identity.services.turned_away_decisions import TurnedAwayDecision
from portal.api.fields import ProviderRef, Said, UserRef
from portal.api.named_rows import row_of
from portal.api.operations import operation
from portal.api.views import Resources, Singleton


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


class DecisionSaid(Said):
    decision = serializers.ChoiceField(choices=[one.value for one in TurnedAwayDecision])


class AllDecidedAnswer(serializers.Serializer):
    """How many were applied, are to be sent again, or were forgotten."""

    sentence = serializers.CharField()
    decided = serializers.IntegerField()


class AllTurnedAway(Singleton):
    """All that an identity provider wanted and nobody has decided on."""

    tag = "Turned away"
    seen_by = Action.VIEW_PROVIDERS
    queryset = IdentityProvider.objects.all()

    @operation("decide_all_turned_away", body=DecisionSaid, answer=AllDecidedAnswer)
    def create(self, request: Request, provider_id: int) -> Response:
        """Decide what becomes of all that an identity provider wanted: see `decide_turned_away`."""
        provider, decision = row_of(IdentityProvider, provider_id), TurnedAwayDecision(self.said["decision"])
        decided = turned_away_decisions.decide_all(provider, decision, actor=self.actor)
        return Response({"sentence": turned_away_decisions.in_words(decided), "decided": len(decided)})


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

    @operation("decide_turned_away", body=DecisionSaid, answer=TurnedAwayAnswer)
    @action(detail=True, methods=["post"], url_path="decide")
    def settle(self, request: Request, pk: int) -> Response:
        """Decide what becomes of one: apply it, have it sent again, or forget it.

        To apply disables who was to go and ends memberships, as the identity provider asked, in any mode; the rest is
        to be sent again.
        """
        decision = TurnedAwayDecision(self.said["decision"])
        return self.answer_anew(turned_away_decisions.decide(self.get_object(), decision, actor=self.actor))

    @operation("get_turned_away", answer=TurnedAwayAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show what was turned away of one person or group."""
        return self.answer(self.get_object())
