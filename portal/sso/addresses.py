"""The portal's URLs as registered with identity providers (SR-31: never from a request's headers)."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from identity.models import SSOConnection


def public_address(name: str, connection: SSOConnection) -> str:
    """The absolute URL of a page of this connection."""
    return f"{settings.PUBLIC_URL}{reverse(name, args=(connection.slug,))}"


def sign_in_page() -> str:
    return f"{settings.PUBLIC_URL}{reverse('login')}"


def addresses_of(connection: SSOConnection) -> dict[str, str]:
    """The URLs to copy into the identity provider, labelled as its pages call them."""
    if connection.protocol == SSOConnection.Protocol.SAML:
        return {
            "ACS URL (single sign-on URL)": public_address("saml_acs", connection),
            "Entity ID (audience) and metadata": public_address("saml_metadata", connection),
            "Sign-in URL": public_address("sso_start", connection),
        }
    return {
        "Redirect URI": public_address("openid_connect_callback", connection),
        "Back-channel logout URI": public_address("sso_backchannel_logout", connection),
        "Post-logout redirect URI": sign_in_page(),
        "Initiate login URI": public_address("sso_start", connection),
    }
