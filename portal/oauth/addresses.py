"""The addresses of the portal as an OAuth 2.0 authorization server."""

from django.conf import settings

from identity.models import SCIMTrust

TOKEN_PATH = "scim/oauth/token"  # noqa: S105 - under /scim/, as proxies that let only identity providers in expect
METADATA_PATH = ".well-known/oauth-authorization-server"
SCOPE = "scim"


def issuer() -> str:
    return settings.PUBLIC_URL


def token_url() -> str:
    return f"{settings.PUBLIC_URL}/{TOKEN_PATH}"


def addresses_of(trust: SCIMTrust) -> dict[str, str]:
    """What to enter at the identity provider, as its pages call it."""
    own = {} if trust.audiences else {"Audience": token_url()}
    return {
        "Client ID": trust.client_id,
        "Token URL": token_url(),
        "SCIM URL": f"{settings.PUBLIC_URL}/scim/v2",
        **own,
        "Metadata URL": f"{settings.PUBLIC_URL}/{METADATA_PATH}",
    }


def audiences(trust: SCIMTrust) -> list[str]:
    """What an assertion may name as its audience: by default the portal itself (RFC 7523 section 3)."""
    return trust.named_audiences or [token_url(), issuer()]
