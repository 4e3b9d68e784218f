"""Zitadel: a token for several audiences, the person in userinfo, roles as an object by their names."""

from __future__ import annotations

from tests.sso.vendors.oidc import OIDCVendor

INSTANCE = "https://acme.zitadel.cloud"

VENDOR = OIDCVendor(
    name="Zitadel",
    sources=(
        "https://zitadel.com/docs/apis/openidoauth/endpoints",
        "https://zitadel.com/docs/apis/openidoauth/claims",
        "https://zitadel.com/docs/guides/integrate/retrieve-user-roles",
    ),
    hosts=(INSTANCE,),
    discovery={
        "issuer": INSTANCE,
        "authorization_endpoint": f"{INSTANCE}/oauth/v2/authorize",
        "token_endpoint": f"{INSTANCE}/oauth/v2/token",
        "introspection_endpoint": f"{INSTANCE}/oauth/v2/introspect",
        "userinfo_endpoint": f"{INSTANCE}/oidc/v1/userinfo",
        "revocation_endpoint": f"{INSTANCE}/oauth/v2/revoke",
        "end_session_endpoint": f"{INSTANCE}/oidc/v1/end_session",
        "device_authorization_endpoint": f"{INSTANCE}/oauth/v2/device_authorization",
        "jwks_uri": f"{INSTANCE}/oauth/v2/keys",
        "scopes_supported": ["openid", "profile", "email", "phone", "address", "offline_access"],
        "response_types_supported": ["code", "id_token", "id_token token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": [
            "none",
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
        ],
        "request_parameter_supported": True,
        "code_challenge_methods_supported": ["S256"],
    },
    id_token={
        "sub": "257712562366383231",
        "aud": ["gatehouse", "257713952794870157"],
        "azp": "gatehouse",
        "client_id": "gatehouse",
        "amr": ["pwd"],
        "at_hash": "jmNcOqq1sUYIuoa1Wc0Zcg",
        "sid": "V1_257712562366317695",
    },
    userinfo={
        "sub": "257712562366383231",
        "name": "Ada King",
        "given_name": "Ada",
        "family_name": "King",
        "nickname": "Ada",
        "preferred_username": "ada",
        "updated_at": 1710105084,
        "email": "ada@example.test",
        "email_verified": True,
        "locale": None,
        "urn:zitadel:iam:org:domain:primary": "example.test",
        "urn:zitadel:iam:org:project:roles": {"Engineering": {"257712562366317695": "example.test"}},
    },
    settings={"groups_claim": "urn:zitadel:iam:org:project:roles"},
    external_id="257712562366383231",
)
