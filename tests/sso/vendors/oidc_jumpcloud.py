"""JumpCloud: one issuer for all organisations, with a slash at its end; groups under a name of one's own."""

from __future__ import annotations

from tests.sso.vendors.oidc import OIDCVendor

SITE = "https://oauth.id.jumpcloud.com"

VENDOR = OIDCVendor(
    name="JumpCloud",
    kind="jumpcloud",
    sources=(
        "https://jumpcloud.com/support/sso-with-oidc",
        "https://jumpcloud.com/support/oidc-attributes-claims",
        "https://hoop.dev/docs/configure/idp/jumpcloud",  # the issuer, and the name of the groups
    ),
    hosts=(SITE,),
    discovery={
        "issuer": f"{SITE}/",
        "authorization_endpoint": f"{SITE}/oauth2/auth",
        "token_endpoint": f"{SITE}/oauth2/token",
        "jwks_uri": f"{SITE}/.well-known/jwks.json",
        "userinfo_endpoint": f"{SITE}/userinfo",
        "end_session_endpoint": f"{SITE}/oauth2/sessions/logout",
        "subject_types_supported": ["public", "pairwise"],
        "response_types_supported": ["code", "code id_token", "id_token", "token id_token", "token"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["offline_access", "offline", "openid"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_post",
            "client_secret_basic",
            "private_key_jwt",
            "none",
        ],
    },
    id_token={
        "sub": "5f1b1c0e3d2a4b5c6d7e8f90",
        "aud": ["gatehouse"],
        "jti": "1f0a7c1e-6f5b-4d0c-8a94-0f9c7b6c0d11",
        "rat": 1700000000,
        "sid": "5f3b6d2a-7d7e-4d40-8a26-8a3ff1b8a1d0",
        "at_hash": "mVwL2rEwCfSNaZGTW5TSQg",
        "email": "ada@example.test",
        "email_verified": True,
        "given_name": "Ada",
        "family_name": "King",
        "name": "Ada King",
        "https://app.example/groups": ["Engineering"],
    },
    userinfo={
        "sub": "5f1b1c0e3d2a4b5c6d7e8f90",
        "email": "ada@example.test",
        "email_verified": True,
        "given_name": "Ada",
        "family_name": "King",
        "name": "Ada King",
        "https://app.example/groups": ["Engineering"],
    },
    settings={"user_name_claim": "email", "groups_claim": "https://app.example/groups"},
    external_id="5f1b1c0e3d2a4b5c6d7e8f90",
    person=("ada@example.test", "ada@example.test", "Ada", "King"),
)
