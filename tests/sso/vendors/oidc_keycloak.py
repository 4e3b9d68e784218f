"""Keycloak: a realm, groups by a mapper, and a key for encryption among its keys."""

from __future__ import annotations

from tests.sso.vendors.oidc import OIDCVendor

REALM = "https://sso.example/realms/acme"
CONNECT = f"{REALM}/protocol/openid-connect"

VENDOR = OIDCVendor(
    name="Keycloak",
    sources=(
        "https://www.keycloak.org/securing-apps/oidc-layers",
        "https://www.keycloak.org/docs/latest/server_admin/#_protocol-mappers",
        "https://www.keycloak.org/nightly/admin-api/protocol-mappers",
    ),
    hosts=("https://sso.example",),
    discovery={
        "issuer": REALM,
        "authorization_endpoint": f"{CONNECT}/auth",
        "token_endpoint": f"{CONNECT}/token",
        "introspection_endpoint": f"{CONNECT}/token/introspect",
        "userinfo_endpoint": f"{CONNECT}/userinfo",
        "end_session_endpoint": f"{CONNECT}/logout",
        "frontchannel_logout_supported": True,
        "backchannel_logout_supported": True,
        "jwks_uri": f"{CONNECT}/certs",
        "grant_types_supported": ["authorization_code", "client_credentials", "implicit", "password", "refresh_token"],
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": ["PS384", "RS384", "EdDSA", "ES384", "HS256", "RS256", "ES256"],
        "token_endpoint_auth_methods_supported": [
            "private_key_jwt",
            "client_secret_basic",
            "client_secret_post",
            "tls_client_auth",
            "client_secret_jwt",
        ],
        "scopes_supported": ["openid", "phone", "offline_access", "microprofile-jwt", "roles", "email", "profile"],
        "authorization_response_iss_parameter_supported": True,
        "code_challenge_methods_supported": ["plain", "S256"],
    },
    id_token={
        "sub": "7c2b4b8e-6a0d-4a57-9d3c-0d6f0f5c8f1d",
        "jti": "f3a5d2a0-4c5d-4b0e-8d1a-7c3b1b9f2a11",
        "typ": "ID",
        "azp": "gatehouse",
        "sid": "3c6a1a77-9f6c-4c0a-a7f5-0f7d6d8a2b10",
        "at_hash": "o5p1dU3qkZbqgJmJ4bWc1w",
        "acr": "1",
        "email_verified": True,
        "name": "Ada King",
        "groups": ["Engineering", "offline_access"],
        "preferred_username": "ada",
        "given_name": "Ada",
        "family_name": "King",
        "email": "ada@example.test",
    },
    userinfo={
        "sub": "7c2b4b8e-6a0d-4a57-9d3c-0d6f0f5c8f1d",
        "email_verified": True,
        "name": "Ada King",
        "groups": ["Engineering", "offline_access"],
        "preferred_username": "ada",
        "given_name": "Ada",
        "family_name": "King",
        "email": "ada@example.test",
    },
    external_id="7c2b4b8e-6a0d-4a57-9d3c-0d6f0f5c8f1d",
    other_keys=({"kid": "enc", "kty": "RSA", "alg": "RSA-OAEP", "use": "enc", "n": "AQAB", "e": "AQAB"},),
)
