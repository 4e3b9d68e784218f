"""Identity providers and their SCIM tokens."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.db.counting import MOST
from identity.models import IdentityProvider, SCIMToken
from identity.services import identity_providers, scim_tokens
from portal.api.fields import ProviderRef, Said, ShownOnce, UserRef, key
from portal.api.named_rows import named_in
from portal.api.operations import operation
from portal.api.views import NO_STORE, Resources

Kind = IdentityProvider.Kind
NETWORKS = "CIDR blocks, separated by spaces or commas, from which it works; empty: from everywhere."


class IdentityProviderInList(serializers.ModelSerializer):
    """An identity provider, as shown in lists."""

    class Meta:
        model = IdentityProvider
        fields: tuple[str, ...] = (
            "id",
            "name",
            "kind",
            "asks_before_adopting",
            "refuses_nested_groups",
            "identifies_by_external_id",
            "paused_at",
            "keeps_requests",
            "refuses_static_tokens",
            "created_at",
        )


class IdentityProviderAnswer(IdentityProviderInList):
    """An identity provider, its SCIM base URL, and how much depends on it."""

    scim_base_url = serializers.SerializerMethodField()
    usage = serializers.SerializerMethodField(
        help_text=f"How much hangs on it, each counted up to {MOST:,}: {MOST + 1:,} means more."
    )

    class Meta(IdentityProviderInList.Meta):
        fields = (*IdentityProviderInList.Meta.fields, "scim_base_url", "usage")

    def get_scim_base_url(self, provider: IdentityProvider) -> str:
        return f"{settings.PUBLIC_URL}/scim/v2"

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_usage(self, provider: IdentityProvider) -> dict[str, int]:
        return identity_providers.usage(provider, most=MOST)


class IdentityProviderSaid(Said):
    name = serializers.CharField(max_length=255)
    kind = serializers.ChoiceField(choices=Kind.choices, required=False)
    asks_before_adopting = serializers.BooleanField(required=False)
    refuses_nested_groups = serializers.BooleanField(required=False)
    identifies_by_external_id = serializers.BooleanField(
        required=False, help_text="Left out: as the kind sends external IDs."
    )
    keeps_requests = serializers.BooleanField(
        required=False, help_text="Whether the provisioning log keeps what it sends, without passwords."
    )


class IdentityProviderChangesSaid(Said):
    """Omitted fields stay."""

    name = serializers.CharField(max_length=255, required=False)
    kind = serializers.ChoiceField(choices=Kind.choices, required=False)
    asks_before_adopting = serializers.BooleanField(required=False)
    refuses_nested_groups = serializers.BooleanField(required=False)
    identifies_by_external_id = serializers.BooleanField(required=False)
    keeps_requests = serializers.BooleanField(required=False)
    refuses_static_tokens = serializers.BooleanField(
        required=False,
        help_text="Only access tokens of a trust are accepted; SCIM tokens are refused.",
    )


class Providers(Resources):
    """Directories that provision people over SCIM and sign them in over SSO."""

    tag = "Identity providers"
    seen_by = Action.VIEW_PROVIDERS
    queryset = IdentityProvider.objects.all()
    serializer_class = IdentityProviderAnswer
    list_serializer_class = IdentityProviderInList
    orderings: ClassVar[dict[str, str]] = {"name": "name_key", "id": "pk"}
    default_ordering = "name"
    fresh = frozenset({"destroy"})

    @operation("list_identity_providers", answer=IdentityProviderInList, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List identity providers."""
        return self.page()

    @operation("get_identity_provider", answer=IdentityProviderAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show an identity provider, and how much depends on it."""
        return self.answer(self.get_object())

    @operation("create_identity_provider", body=IdentityProviderSaid, answer=IdentityProviderAnswer, status=201)
    def create(self, request: Request) -> Response:
        """Add an identity provider. Create a SCIM token for it next."""
        return self.answer_anew(identity_providers.create_identity_provider(**self.said, actor=self.actor), 201)

    @operation("edit_identity_provider", body=IdentityProviderChangesSaid, answer=IdentityProviderAnswer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Rename an identity provider, or set how it is followed.

        Whether it asks before it adopts existing users, whether a push with nested groups is refused, whether its
        external IDs identify people, and whether the provisioning log keeps what it sends.
        """
        provider = self.get_object()
        kept = {name: getattr(provider, name) for name in ("name", "kind", "asks_before_adopting")}
        changed = identity_providers.edit_identity_provider(provider, **kept | self.said, actor=self.actor)
        return self.answer_anew(changed)

    @operation("pause_identity_provider", answer=IdentityProviderAnswer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: int) -> Response:
        """Pause provisioning by an identity provider.

        What it writes is answered 429 with `Retry-After` and kept account of, what it reads is answered. People go on
        signing in through it: that is switched off with its connections.
        """
        return self.answer_anew(identity_providers.pause_identity_provider(self.get_object(), actor=self.actor))

    @operation("resume_identity_provider", answer=IdentityProviderAnswer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: int) -> Response:
        """Let in again what an identity provider writes. What was turned away waits for a decision."""
        return self.answer_anew(identity_providers.resume_identity_provider(self.get_object(), actor=self.actor))

    @operation("delete_identity_provider", status=204)
    def destroy(self, request: Request, pk: int) -> Response:
        """Remove an identity provider from the portal.

        Its tokens, records, SSO groups and mappings go. Its people stay as they are, with their groups, and are
        no longer managed by any provider.
        """
        identity_providers.delete_identity_provider(self.get_object(), actor=self.actor)
        return Response(status=204)


class SCIMTokenAnswer(serializers.ModelSerializer):
    """A SCIM token, without its secret."""

    identity_provider = ProviderRef(read_only=True)
    created_by = UserRef(read_only=True, allow_null=True)

    class Meta:
        model = SCIMToken
        fields: tuple[str, ...] = (
            "id",
            "identity_provider",
            "label",
            "hint",
            "created_by",
            "created_at",
            "expires_at",
            "last_used_at",
            "last_used_from",
            "networks",
            "is_read_only",
        )


class NewSCIMTokenAnswer(ShownOnce, SCIMTokenAnswer):
    """The only response that contains the secret."""

    class Meta(SCIMTokenAnswer.Meta):
        fields = (*SCIMTokenAnswer.Meta.fields, "secret", "note")


class SCIMTokenSaid(Said):
    identity_provider = key()
    label = serializers.CharField(max_length=100)  # type: ignore[assignment]
    expires_at = serializers.DateTimeField(required=False, allow_null=True)
    networks = serializers.CharField(max_length=1000, required=False, allow_blank=True, help_text=NETWORKS)
    is_read_only = serializers.BooleanField(required=False, help_text="It changes nothing.")


class SCIMTokenChangesSaid(Said):
    """Omitted fields stay; so does the secret."""

    label = serializers.CharField(max_length=100, required=False)  # type: ignore[assignment]
    networks = serializers.CharField(max_length=1000, required=False, allow_blank=True, help_text=NETWORKS)
    is_read_only = serializers.BooleanField(required=False, help_text="It changes nothing.")


class SCIMTokenFilter(filters.FilterSet):
    identity_provider = filters.ModelChoiceFilter(queryset=IdentityProvider.objects.all())


class SCIMTokens(Resources):
    """Tokens of identity providers. They belong to the portal and outlive their creators (R23)."""

    tag = "Identity providers"
    seen_by = Action.VIEW_PROVIDERS
    queryset = SCIMToken.objects.made().select_related("identity_provider", "created_by")
    serializer_class = SCIMTokenAnswer
    filterset_class = SCIMTokenFilter
    fresh = frozenset({"create", "partial_update", "destroy"})

    @operation("list_scim_tokens", answer=SCIMTokenAnswer, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List SCIM tokens."""
        return self.page()

    @operation("get_scim_token", answer=SCIMTokenAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show a SCIM token, without its secret."""
        return self.answer(self.get_object())

    @operation("create_scim_token", body=SCIMTokenSaid, answer=NewSCIMTokenAnswer, status=201)
    def create(self, request: Request) -> Response:
        """Create a SCIM token.

        `secret` is in this response and nowhere else: the portal keeps a digest. In a browser this needs a fresh
        sign-in.
        """
        provider = named_in(IdentityProvider, self.said["identity_provider"], "identity provider")
        said = {name: value for name, value in self.said.items() if name != "identity_provider"}
        token, secret = scim_tokens.create_token(provider, **said, actor=self.actor)
        shown: dict[str, Any] = {**self.represent(token), "secret": secret, "note": None}
        return Response(shown, status=201, headers=NO_STORE)

    @operation("edit_scim_token", body=SCIMTokenChangesSaid, answer=SCIMTokenAnswer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change a SCIM token's label, the networks it works from, or whether it only reads. Its secret stays."""
        token = self.get_object()
        kept = {name: getattr(token, name) for name in ("label", "networks", "is_read_only")}
        return self.answer_anew(scim_tokens.edit_token(token, **kept | self.said, actor=self.actor))

    @operation("revoke_scim_token", status=204)
    def destroy(self, request: Request, pk: int) -> Response:
        """Revoke a SCIM token. The next request with it gets 401."""
        scim_tokens.revoke_token(self.get_object(), actor=self.actor)
        return Response(status=204)
