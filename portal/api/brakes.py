"""The brake of an identity provider (R26)."""

from __future__ import annotations

from typing import ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.models import Brake, IdentityProvider
from identity.services import brakes
from portal.api.fields import Said
from portal.api.named_rows import row_of
from portal.api.operations import operation
from portal.api.views import Singleton


class BrakeAnswer(serializers.ModelSerializer):
    """Its limits, and whether it is braked."""

    class Meta:
        model = Brake
        fields = ("is_on", "people", "percent", "braked_at", "raised_to", "raised_until")


class BrakeSaid(Said):
    """Omitted fields stay."""

    is_on = serializers.BooleanField(required=False)
    people = serializers.IntegerField(required=False, min_value=1, max_value=brakes.MOST_PEOPLE)
    percent = serializers.IntegerField(required=False, min_value=1, max_value=100)


class ReleaseSaid(Said):
    """Both, to raise the limit for some hours, or neither."""

    people = serializers.IntegerField(required=False, min_value=1, max_value=brakes.MOST_PEOPLE)
    hours = serializers.IntegerField(required=False, min_value=1, max_value=brakes.MOST_HOURS)


class ProviderBrake(Singleton):
    """How much an identity provider may take away within an hour, which owners change."""

    tag = "Identity providers"
    seen_by = Action.VIEW_PROVIDERS
    queryset = IdentityProvider.objects.all()
    fresh: ClassVar[frozenset[str]] = frozenset({"partial_update", "create"})

    @operation("get_brake", answer=BrakeAnswer)
    def retrieve(self, request: Request, provider_id: int) -> Response:
        """Show the limits of an identity provider, and whether it is braked."""
        return self.show(dict(BrakeAnswer(brakes.brake_of(row_of(IdentityProvider, provider_id))).data))

    @operation("edit_brake", body=BrakeSaid, answer=BrakeAnswer)
    def partial_update(self, request: Request, provider_id: int) -> Response:
        """Choose the limits of an identity provider, or switch its brake off."""
        provider = row_of(IdentityProvider, provider_id)
        return Response(BrakeAnswer(brakes.set_brake(provider, **self.said, actor=self.actor)).data)

    @operation("release_brake", body=ReleaseSaid, answer=BrakeAnswer)
    def create(self, request: Request, provider_id: int) -> Response:
        """Release the brake of an identity provider; with a raised limit for some hours, if given."""
        provider = row_of(IdentityProvider, provider_id)
        return Response(BrakeAnswer(brakes.release_brake(provider, **self.said, actor=self.actor)).data)
