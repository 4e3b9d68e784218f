"""Microsoft Entra ID, version 2.0. People are known by oid; sub is another one for each application."""

from __future__ import annotations

from tests.sso.vendors.oidc import OIDCVendor

LOGIN, GRAPH = "https://login.microsoftonline.com", "https://graph.microsoft.com"
TENANT = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
OID = "00aa00aa-bb11-cc22-dd33-44ee44ee44ee"

VENDOR = OIDCVendor(
    name="Microsoft Entra ID",
    kind="entra",
    sources=(
        "https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc",  # discovery
        "https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference",
        "https://learn.microsoft.com/entra/identity-platform/optional-claims-reference",  # auth_time, given_name
        "https://learn.microsoft.com/entra/identity-platform/userinfo",
    ),
    hosts=(LOGIN, GRAPH),
    discovery={
        "issuer": f"{LOGIN}/{TENANT}/v2.0",
        "authorization_endpoint": f"{LOGIN}/{TENANT}/oauth2/v2.0/authorize",
        "token_endpoint": f"{LOGIN}/{TENANT}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": f"{LOGIN}/{TENANT}/discovery/v2.0/keys",
        "userinfo_endpoint": f"{GRAPH}/oidc/userinfo",
        "end_session_endpoint": f"{LOGIN}/{TENANT}/oauth2/v2.0/logout",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
    },
    id_token={
        "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
        "oid": OID,
        "tid": TENANT,
        "ver": "2.0",
        "uti": "fqiBqXLPj0eQa82S-IYFAA",
        "rh": "0.AgAA2HvJ",
        "name": "Ada King",
        "preferred_username": "ada@example.test",
        "email": "ada@example.test",
        "groups": ["0ca7ba5b-6eb5-4d6f-b4b5-5b7a1e2f3c4d"],
    },
    userinfo={
        "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
        "name": "Ada King",
        "given_name": "Ada",
        "family_name": "King",
        "picture": f"{GRAPH}/v1.0/me/photo/$value",
        "email": "ada@example.test",
    },
    settings={"allowed_domains": "", "allowed_tenant": TENANT},
    external_id=OID,
    person=("ada@example.test", "ada@example.test", "Ada", "King"),
    groups=("0ca7ba5b-6eb5-4d6f-b4b5-5b7a1e2f3c4d",),
)
