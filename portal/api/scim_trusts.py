"""SCIM trusts: clients of an identity provider that come without a stored secret."""

from __future__ import annotations

from dataclasses import fields as settings_of
from typing import Any

from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from identity import policy
from identity.core.decisions import Action
from identity.models import IdentityProvider, SCIMTrust
from identity.services import scim_trusts
from identity.services.scim_trusts import TrustSettings
from portal.api.fields import ProviderRef, Said, UserRef, key
from portal.api.named_rows import named_in
from portal.api.operations import operation
from portal.api.views import Resources
from portal.oauth.addresses import addresses_of
from portal.oauth.check import check_assertion

SETTINGS = tuple(setting.name for setting in settings_of(TrustSettings))


class SCIMTrustAnswer(serializers.ModelSerializer):
    """A trust, what to enter at the identity provider, and what was last refused."""

    identity_provider = ProviderRef(read_only=True)
    created_by = UserRef(read_only=True, allow_null=True)
    audiences = serializers.SerializerMethodField()
    last_refusal = serializers.CharField(
        source="refusal_in_words", read_only=True, help_text="Why an assertion was last refused; empty: none was."
    )
    addresses = serializers.SerializerMethodField(help_text="What to enter at the identity provider.")

    class Meta:
        model = SCIMTrust
        fields = (
            "id",
            "identity_provider",
            "client_id",
            *SETTINGS,
            "created_by",
            "created_at",
            "last_accepted_at",
            "last_refused_at",
            "last_refusal",
            "addresses",
        )

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_audiences(self, trust: SCIMTrust) -> list[str]:
        return trust.named_audiences

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_addresses(self, trust: SCIMTrust) -> dict[str, str]:
        return addresses_of(trust)


class SCIMTrustChangesSaid(Said):
    """Omitted fields stay. The keys are either published (`key_set_url`) or pasted (`key_set`)."""

    label = serializers.CharField(max_length=100, required=False, allow_blank=True)  # type: ignore[assignment]
    issuer = serializers.CharField(
        max_length=500, required=False, allow_blank=True, help_text="iss of its assertions; empty: the client ID."
    )
    subject = serializers.CharField(
        max_length=255, required=False, allow_blank=True, help_text="sub of its assertions; empty: the client ID."
    )
    audiences = serializers.ListField(
        child=serializers.CharField(max_length=500),
        required=False,
        max_length=scim_trusts.MOST_AUDIENCES,
        help_text="aud of its assertions; none: the portal's token URL.",
    )
    authorized_party = serializers.CharField(
        max_length=255, required=False, allow_blank=True, help_text="azp or appid that its assertions must have."
    )
    key_set_url = serializers.CharField(max_length=500, required=False, allow_blank=True)
    key_set = serializers.CharField(max_length=65_536, required=False, allow_blank=True, help_text="A JWKS, as text.")
    requires_id = serializers.BooleanField(
        required=False,
        help_text="Each assertion must have an ID (jti). Left out: on, but for Entra ID.",
    )
    networks = serializers.CharField(
        max_length=1000, required=False, allow_blank=True, help_text="CIDR blocks; empty: from everywhere."
    )
    is_read_only = serializers.BooleanField(required=False, help_text="Its access tokens change nothing.")


class SCIMTrustSaid(SCIMTrustChangesSaid):
    """Whose signed assertions get access tokens for this identity provider."""

    identity_provider = key()


class AssertionSaid(Said):
    assertion = serializers.CharField(max_length=32_768, trim_whitespace=True)


class CheckedClaimAnswer(serializers.Serializer):
    """The result of one check."""

    check = serializers.CharField(help_text="Stable, for machines.")
    is_fine = serializers.BooleanField()
    sentence = serializers.CharField()


class AssertionCheckAnswer(serializers.Serializer):
    """Which checks an assertion passes, in their order; after a bad signature nothing more is checked."""

    is_fine = serializers.BooleanField()
    findings = CheckedClaimAnswer(many=True)


class SCIMTrustFilter(filters.FilterSet):
    identity_provider = filters.ModelChoiceFilter(queryset=IdentityProvider.objects.all())


class SCIMTrusts(Resources):
    """Clients that exchange signed assertions for access tokens of an hour."""

    tag = "Identity providers"
    seen_by = Action.VIEW_PROVIDERS
    queryset = SCIMTrust.objects.select_related("identity_provider", "created_by")
    serializer_class = SCIMTrustAnswer
    filterset_class = SCIMTrustFilter
    fresh = frozenset({"create", "partial_update", "destroy"})

    @operation("list_scim_trusts", answer=SCIMTrustAnswer, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List SCIM trusts."""
        return self.page()

    @operation("get_scim_trust", answer=SCIMTrustAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show a SCIM trust, and what was last refused."""
        return self.answer(self.get_object())

    @operation("create_scim_trust", body=SCIMTrustSaid, answer=SCIMTrustAnswer, status=201)
    def create(self, request: Request) -> Response:
        """Trust a client of an identity provider. Enter the answer's `addresses` there."""
        provider = named_in(IdentityProvider, self.said["identity_provider"], "identity provider")
        usual = {"requires_id": scim_trusts.preset(provider.kind).requires_id}
        made = scim_trusts.create_trust(provider, said=_settings(usual | self.said), actor=self.actor)
        return self.answer_anew(made, 201)

    @operation("edit_scim_trust", body=SCIMTrustChangesSaid, answer=SCIMTrustAnswer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change a SCIM trust. Access tokens that were issued under other conditions end."""
        trust = self.get_object()
        kept = {name: getattr(trust, name) for name in SETTINGS} | {"audiences": trust.named_audiences}
        return self.answer_anew(scim_trusts.edit_trust(trust, said=_settings(kept | self.said), actor=self.actor))

    @operation("check_scim_trust", body=AssertionSaid, answer=AssertionCheckAnswer)
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: int) -> Response:
        """Check an assertion, without issuing a token or using it up."""
        trust = self.get_object()
        policy.require(Action.MANAGE_PROVIDERS, actor=self.actor)
        findings = check_assertion(trust, self.said["assertion"])
        shown = {"is_fine": all(found.is_fine for found in findings), "findings": findings}
        return Response(AssertionCheckAnswer(shown).data)

    @operation("delete_scim_trust", status=204)
    def destroy(self, request: Request, pk: int) -> Response:
        """Delete a SCIM trust. Its access tokens get 401 from now on."""
        scim_trusts.delete_trust(self.get_object(), actor=self.actor)
        return Response(status=204)


def _settings(said: dict[str, Any]) -> TrustSettings:
    given = {name: said[name] for name in SETTINGS if name in said}
    return TrustSettings(**{**given, "audiences": "\n".join(given.get("audiences", []))})
