"""PingOne: its ID token names the session, everything about the person comes from userinfo."""

from __future__ import annotations

from tests.sso.vendors.oidc import OIDCVendor

SITE = "https://auth.pingone.com"
ENVIRONMENT = f"{SITE}/abfba8f6-49eb-49f5-a5d9-80ad5c98f9f6/as"

VENDOR = OIDCVendor(
    name="PingOne",
    kind="pingone",
    sources=(
        "https://developer.pingidentity.com/pingone-api/auth/openid-connect-oauth-2/discovery-openid-configuration.html",
        "https://developer.pingidentity.com/pingone-api/auth/openid-connect-oauth-2.html",
    ),
    hosts=(SITE,),
    discovery={
        "issuer": ENVIRONMENT,
        "authorization_endpoint": f"{ENVIRONMENT}/authorize",
        "pushed_authorization_request_endpoint": f"{ENVIRONMENT}/par",
        "token_endpoint": f"{ENVIRONMENT}/token",
        "userinfo_endpoint": f"{ENVIRONMENT}/userinfo",
        "jwks_uri": f"{ENVIRONMENT}/jwks",
        "end_session_endpoint": f"{ENVIRONMENT}/signoff",
        "introspection_endpoint": f"{ENVIRONMENT}/introspect",
        "revocation_endpoint": f"{ENVIRONMENT}/revoke",
        "claims_parameter_supported": False,
        "request_parameter_supported": True,
        "scopes_supported": ["openid", "profile", "email", "address", "phone"],
        "response_types_supported": ["code", "id_token", "token id_token", "code id_token"],
        "response_modes_supported": ["pi.flow", "query", "fragment", "form_post"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    },
    id_token={
        "sub": "8b0f2c9e-2f5a-4c43-9b8e-7d9c6c1f7a55",
        "sid": "f5b9f1a4-2b7c-4a1b-8f1e-6a1f8f7f3e9d",
        "acr": "Single_Factor",
        "amr": ["pwd"],
        "at_hash": "kqfdnMRdZzGtp6gkWs7FNA",
        "env": "abfba8f6-49eb-49f5-a5d9-80ad5c98f9f6",
        "org": "5a8e9b0c-2d3f-4f4f-9c2f-0c0b7b7a1a1b",
        "p1.region": "EU",
    },
    userinfo={
        "sub": "8b0f2c9e-2f5a-4c43-9b8e-7d9c6c1f7a55",
        "preferred_username": "ada",
        "given_name": "Ada",
        "family_name": "King",
        "email": "ada@example.test",
        "updated_at": 1585667320,
        "groups": ["Engineering"],
        "env": "abfba8f6-49eb-49f5-a5d9-80ad5c98f9f6",
    },
    external_id="8b0f2c9e-2f5a-4c43-9b8e-7d9c6c1f7a55",
)
