"""OneLogin, version 2 of its OpenID Connect: subjects are numbers as text."""

from __future__ import annotations

from tests.sso.vendors.oidc import OIDCVendor

SITE = "https://acme.onelogin.com"

VENDOR = OIDCVendor(
    name="OneLogin",
    kind="onelogin",
    sources=(
        "https://developers.onelogin.com/openid-connect/api/provider-config",
        "https://developers.onelogin.com/openid-connect/scopes",
        "https://developers.onelogin.com/openid-connect/api/user-info",
    ),
    hosts=(SITE,),
    discovery={
        "issuer": f"{SITE}/oidc/2",
        "authorization_endpoint": f"{SITE}/oidc/2/auth",
        "token_endpoint": f"{SITE}/oidc/2/token",
        "userinfo_endpoint": f"{SITE}/oidc/2/me",
        "jwks_uri": f"{SITE}/oidc/2/certs",
        "end_session_endpoint": f"{SITE}/oidc/2/logout",
        "scopes_supported": ["openid", "name", "profile", "groups", "email", "params", "phone"],
        "response_types_supported": ["code", "id_token token", "id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
    },
    id_token={
        "sub": "30260373",
        "at_hash": "0ktaZyIbv2MKbYUSwVyfJQ",
        "sid": "b3b0a6e2-4c4e-4ac6-9e57-3c7d0c4f3f1f",
    },
    userinfo={
        "sub": "30260373",
        "email": "ada@example.test",
        "preferred_username": "ada",
        "name": "Ada King",
        "updated_at": 1605218484,
        "given_name": "Ada",
        "family_name": "King",
        "groups": ["Engineering", "Staff"],
        "params": {"department": "research"},
    },
    external_id="30260373",
)
