"""Connections as allauth's SocialApp."""

from __future__ import annotations

from allauth.socialaccount.models import SocialApp

from identity.core.encryption import unseal
from identity.models import SSOConnection


def app_of(connection: SSOConnection) -> SocialApp:
    """A connection as allauth's SocialApp; never saved."""
    common = {"provider_id": connection.slug, "name": connection.identity_provider.name}
    if connection.protocol == SSOConnection.Protocol.SAML:
        return SocialApp(provider="saml", client_id=connection.slug, **common)
    return SocialApp(
        provider="openid_connect",
        client_id=connection.client_id,
        secret=unseal(connection.client_secret),
        settings={"server_url": connection.issuer, "oauth_pkce_enabled": True},
        **common,
    )
