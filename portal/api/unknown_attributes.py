"""What an identity provider sends and the portal doesn't know."""

from __future__ import annotations

from typing import ClassVar

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils.functional import cached_property
from rest_framework import serializers
from rest_framework.request import Request

from identity.core.decisions import Action
from identity.models import IdentityProvider, UnknownAttribute
from portal.api.named_rows import row_of
from portal.api.operations import operation
from portal.api.views import Resources


class UnknownAttributeAnswer(serializers.ModelSerializer):
    """An attribute or an extension by its name. An empty name counts those beyond the most that are named."""

    class Meta:
        model = UnknownAttribute
        fields = ("resource_type", "name", "times", "first_at", "last_at")


class UnknownAttributes(Resources):
    """Attributes and extensions that an identity provider sends and the portal doesn't know: counted, not stored."""

    tag = "Identity providers"
    seen_by = Action.VIEW_PROVIDERS
    queryset = UnknownAttribute.objects.all()
    serializer_class = UnknownAttributeAnswer
    orderings: ClassVar[dict[str, str]] = {"id": "pk"}

    @cached_property
    def provider(self) -> IdentityProvider:
        return row_of(IdentityProvider, self.kwargs["provider_id"])

    def get_queryset(self) -> QuerySet[UnknownAttribute]:
        rows: QuerySet[UnknownAttribute] = super().get_queryset().filter(identity_provider=self.provider)
        return rows

    @operation("list_unknown_attributes", answer=UnknownAttributeAnswer, is_list=True)
    def list(self, request: Request, provider_id: int) -> HttpResponseBase:
        """List the attributes and extensions that an identity provider sends and the portal doesn't know."""
        return self.page()
