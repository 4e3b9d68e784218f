"""Auth0: an issuer with a slash at its end, subjects with a bar, claims of one's own under an address."""

from __future__ import annotations

from tests.sso.vendors.oidc import OIDCVendor

TENANT = "https://acme.eu.auth0.com"

VENDOR = OIDCVendor(
    name="Auth0",
    sources=(
        "https://auth0.com/docs/get-started/applications/configure-applications-with-oidc-discovery",
        "https://auth0.com/docs/secure/tokens/id-tokens/id-token-structure",
        "https://auth0.com/docs/secure/tokens/json-web-tokens/create-custom-claims",
    ),
    hosts=(TENANT,),
    discovery={
        "issuer": f"{TENANT}/",
        "authorization_endpoint": f"{TENANT}/authorize",
        "token_endpoint": f"{TENANT}/oauth/token",
        "device_authorization_endpoint": f"{TENANT}/oauth/device/code",
        "userinfo_endpoint": f"{TENANT}/userinfo",
        "jwks_uri": f"{TENANT}/.well-known/jwks.json",
        "end_session_endpoint": f"{TENANT}/oidc/logout",
        "scopes_supported": ["openid", "profile", "offline_access", "name", "given_name", "family_name", "email"],
        "response_types_supported": ["code", "token", "id_token", "code token", "code id_token"],
        "code_challenge_methods_supported": ["S256", "plain"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "id_token_signing_alg_values_supported": ["HS256", "RS256", "PS256"],
    },
    id_token={
        "sub": "auth0|507f1f77bcf86cd799439011",
        "sid": "sS8W1k4c0n0p0Z7yqv7c",
        "given_name": "Ada",
        "family_name": "King",
        "nickname": "ada",
        "name": "ada@example.test",
        "picture": "https://s.gravatar.com/avatar/x.png",
        "updated_at": "2026-11-30T08:00:00.000Z",
        "email": "ada@example.test",
        "email_verified": True,
        "https://gatehouse.example/groups": ["Engineering"],
    },
    userinfo={
        "sub": "auth0|507f1f77bcf86cd799439011",
        "nickname": "ada",
        "name": "ada@example.test",
        "email": "ada@example.test",
        "email_verified": True,
    },
    settings={"user_name_claim": "nickname", "groups_claim": "https://gatehouse.example/groups"},
    external_id="auth0|507f1f77bcf86cd799439011",
)
