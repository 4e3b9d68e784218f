"""API tokens: one's own, and for administrators everyone's."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.models import APIToken, Scope, User
from identity.services import api_tokens
from portal.api.fields import Said, ShownOnce, UserRef
from portal.api.operations import operation
from portal.api.permissions import AtBrowser
from portal.api.views import NO_STORE, Resources


class APITokenAnswer(serializers.ModelSerializer):
    """An API token, without its secret."""

    user = UserRef(read_only=True)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices), source="scope_set", read_only=True
    )

    class Meta:
        model = APIToken
        fields: tuple[str, ...] = (
            "id",
            "user",
            "label",
            "hint",
            "scopes",
            "created_at",
            "expires_at",
            "last_used_at",
            "last_used_from",
        )


class NewAPITokenAnswer(ShownOnce, APITokenAnswer):
    """The only response that contains the secret."""

    class Meta(APITokenAnswer.Meta):
        fields = (*APITokenAnswer.Meta.fields, "secret", "note")


class APITokenSaid(Said):
    label = serializers.CharField(max_length=100)  # type: ignore[assignment]
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices), min_length=1)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class APITokenFilter(filters.FilterSet):
    user = filters.ModelChoiceFilter(queryset=User.objects.all())


class APITokens(Resources):
    """Personal tokens for this API."""

    tag = "API tokens"
    seen_by = None
    queryset = APIToken.objects.select_related("user")
    serializer_class = APITokenAnswer
    filterset_class = APITokenFilter
    fresh = frozenset({"create"})

    def get_permissions(self) -> list[Any]:
        permissions = super().get_permissions()
        return [*permissions, AtBrowser()] if self.action == "create" else permissions

    def get_queryset(self) -> QuerySet[APIToken]:
        rows = super().get_queryset()
        return rows if self.decide(Action.VIEW_API_TOKENS) else rows.filter(user=self.request.user.pk)

    @operation("list_api_tokens", answer=APITokenAnswer, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List API tokens: your own, and for administrators everyone's."""
        return self.page()

    @operation("get_api_token", answer=APITokenAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show an API token, without its secret."""
        return self.answer(self.get_object())

    @operation("create_api_token", body=APITokenSaid, answer=NewAPITokenAnswer, status=201)
    def create(self, request: Request) -> Response:
        """Create an API token of your own.

        Only in a browser and after a fresh sign-in: no token creates another. `secret` is in this response and nowhere
        else.
        """
        token, secret = api_tokens.create_api_token(**self.said, actor=self.actor)
        shown: dict[str, Any] = {**self.represent(token), "secret": secret, "note": None}
        return Response(shown, status=201, headers=NO_STORE)

    @operation("revoke_api_token", status=204)
    def destroy(self, request: Request, pk: int) -> Response:
        """Revoke an API token. The next request with it gets 401."""
        api_tokens.revoke_api_token(self.get_object(), actor=self.actor)
        return Response(status=204)
