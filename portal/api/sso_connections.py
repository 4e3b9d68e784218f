"""SSO connections: how an identity provider signs people in."""

from __future__ import annotations

from dataclasses import fields as settings_of
from typing import Any

from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from identity import policy
from identity.core.decisions import Action
from identity.models import IdentityProvider, SSOConnection
from identity.services import sso_connections
from identity.services.sso_connections import ConnectionSettings
from portal.api.fields import ProviderRef, Said, key
from portal.api.named_rows import named_in
from portal.api.operations import operation
from portal.api.views import Resources
from portal.sso.addresses import addresses_of
from portal.sso.check import check_connection, test_url

SECRET = "client_secret"  # noqa: S105 - the name of it
SETTINGS = tuple(setting.name for setting in settings_of(ConnectionSettings))
SHOWN = tuple(name for name in SETTINGS if name != SECRET)


class SSOConnectionAnswer(serializers.ModelSerializer):
    """A connection, without its secret."""

    identity_provider = ProviderRef(read_only=True)

    class Meta:
        model = SSOConnection
        fields = ("id", "identity_provider", "protocol", "slug", "is_enabled", *SHOWN, "created_at")


class SSOConnectionChangesSaid(Said):
    """Omitted fields stay; the secret is write-only, and stored encrypted."""

    issuer = serializers.CharField(max_length=500, required=False, allow_blank=True)
    client_id = serializers.CharField(max_length=255, required=False, allow_blank=True)
    client_secret = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    client_authentication = serializers.ChoiceField(choices=SSOConnection.ClientAuthentication.choices, required=False)
    entity_id = serializers.CharField(max_length=500, required=False, allow_blank=True)
    sso_url = serializers.CharField(max_length=500, required=False, allow_blank=True)
    sso_binding = serializers.ChoiceField(choices=SSOConnection.Binding.choices, required=False)
    certificate = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    subject_claim = serializers.CharField(max_length=255, required=False, allow_blank=True)
    user_name_claim = serializers.CharField(max_length=255, required=False, allow_blank=True)
    email_claim = serializers.CharField(max_length=255, required=False, allow_blank=True)
    first_name_claim = serializers.CharField(max_length=255, required=False, allow_blank=True)
    last_name_claim = serializers.CharField(max_length=255, required=False, allow_blank=True)
    matches_by_user_name = serializers.BooleanField(required=False)
    groups_claim = serializers.CharField(max_length=255, required=False, allow_blank=True)
    creates_users = serializers.BooleanField(required=False)
    allowed_domains = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    allowed_tenant = serializers.CharField(max_length=255, required=False, allow_blank=True)


class SSOConnectionEditSaid(SSOConnectionChangesSaid):
    """Another issuer or entity ID forgets all known users of the connection: `forget_identities` confirms that."""

    forget_identities = serializers.BooleanField(required=False)


class SSOConnectionSaid(SSOConnectionChangesSaid):
    """An OpenID Connect client has issuer, client_id and client_secret; SAML has entity_id, sso_url, certificate."""

    identity_provider = key()
    protocol = serializers.ChoiceField(choices=SSOConnection.Protocol.choices)


class CheckFindingAnswer(serializers.Serializer):
    """The result of one check."""

    check = serializers.CharField(help_text="Stable, for machines.")
    is_fine = serializers.BooleanField()
    sentence = serializers.CharField()
    mend = serializers.CharField(help_text="What to do; empty when all is well.")


class CheckAnswer(serializers.Serializer):
    """Whether a connection can work, as far as can be checked without a sign-in."""

    is_fine = serializers.BooleanField()
    findings = CheckFindingAnswer(many=True)
    addresses = serializers.DictField(
        child=serializers.CharField(), help_text="What to enter at the identity provider, as its pages call them."
    )
    test_url = serializers.URLField(help_text="For an administrator's browser: a sign-in that signs no one in.")


class ConnectionFilter(filters.FilterSet):
    identity_provider = filters.ModelChoiceFilter(queryset=IdentityProvider.objects.all())


class Connections(Resources):
    """OpenID Connect clients and SAML service providers of the portal."""

    tag = "Identity providers"
    seen_by = Action.VIEW_PROVIDERS
    queryset = SSOConnection.objects.select_related("identity_provider")
    serializer_class = SSOConnectionAnswer
    filterset_class = ConnectionFilter
    fresh = frozenset({"create", "partial_update", "enable", "disable", "destroy"})

    @operation("list_sso_connections", answer=SSOConnectionAnswer, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List SSO connections."""
        return self.page()

    @operation("get_sso_connection", answer=SSOConnectionAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show an SSO connection, without its secret."""
        return self.answer(self.get_object())

    @operation("create_sso_connection", body=SSOConnectionSaid, answer=SSOConnectionAnswer, status=201)
    def create(self, request: Request) -> Response:
        """Add an SSO connection. It is not offered on the sign-in page before it is enabled."""
        provider = named_in(IdentityProvider, self.said["identity_provider"], "identity provider")
        made = sso_connections.create_connection(
            provider, protocol=self.said["protocol"], said=_settings(self.said), actor=self.actor
        )
        return self.answer_anew(made, 201)

    @operation("edit_sso_connection", body=SSOConnectionEditSaid, answer=SSOConnectionAnswer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change an SSO connection. Its URLs stay."""
        connection = self.get_object()
        kept = {name: getattr(connection, name) for name in SHOWN}
        said = _settings(kept | self.said)
        edited = sso_connections.edit_connection(
            connection,
            said=said,
            forget_identities=self.said.get("forget_identities", False),
            actor=self.actor,
        )
        return self.answer_anew(edited)

    @operation("enable_sso_connection", answer=SSOConnectionAnswer)
    @action(detail=True, methods=["post"])
    def enable(self, request: Request, pk: int) -> Response:
        """Offer the connection on the sign-in page."""
        return self._switch(True)

    @operation("disable_sso_connection", answer=SSOConnectionAnswer)
    @action(detail=True, methods=["post"])
    def disable(self, request: Request, pk: int) -> Response:
        """Take the connection off the sign-in page: it then signs no one in."""
        return self._switch(False)

    def _switch(self, enabled: bool) -> Response:
        connection = self.get_object()
        return self.answer_anew(sso_connections.set_connection_enabled(connection, enabled, actor=self.actor))

    @operation("check_sso_connection", answer=CheckAnswer)
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: int) -> Response:
        """Test a connection: query the identity provider, and check its certificates.

        The rest takes a sign-in: open `test_url` in an administrator's browser. It runs a sign-in
        and shows what was received and who would be signed in, without signing anyone in.
        """
        connection = self.get_object()
        policy.require(Action.MANAGE_PROVIDERS, actor=self.actor)
        findings = check_connection(connection)
        shown = {
            "is_fine": all(found.is_fine for found in findings),
            "findings": findings,
            "addresses": addresses_of(connection),
            "test_url": test_url(connection),
        }
        return Response(CheckAnswer(shown).data)

    @operation("delete_sso_connection", status=204)
    def destroy(self, request: Request, pk: int) -> Response:
        """Remove an SSO connection."""
        sso_connections.delete_connection(self.get_object(), actor=self.actor)
        return Response(status=204)


def _settings(said: dict[str, Any]) -> ConnectionSettings:
    return ConnectionSettings(**{name: said[name] for name in SETTINGS if name in said})
