"""Google: four hosts, its own name in the answer (RFC 9207), no groups, and hd as the tenant."""

from __future__ import annotations

from tests.sso.vendors.oidc import OIDCVendor

ACCOUNTS, OAUTH2 = "https://accounts.google.com", "https://oauth2.googleapis.com"
OPENID, WWW = "https://openidconnect.googleapis.com", "https://www.googleapis.com"

VENDOR = OIDCVendor(
    name="Google Workspace",
    kind="google",
    sources=("https://developers.google.com/identity/openid-connect/reference",),
    hosts=(ACCOUNTS, OAUTH2, OPENID, WWW),
    discovery={
        "issuer": ACCOUNTS,
        "authorization_endpoint": f"{ACCOUNTS}/o/oauth2/v2/auth",
        "device_authorization_endpoint": f"{OAUTH2}/device/code",
        "token_endpoint": f"{OAUTH2}/token",
        "userinfo_endpoint": f"{OPENID}/v1/userinfo",
        "revocation_endpoint": f"{OAUTH2}/revoke",
        "jwks_uri": f"{WWW}/oauth2/v3/certs",
        "response_types_supported": ["code", "token", "id_token", "code token", "code id_token", "none"],
        "authorization_response_iss_parameter_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "code_challenge_methods_supported": ["plain", "S256"],
    },
    id_token={
        "sub": "110169484474386276334",
        "azp": "gatehouse",
        "hd": "example.test",
        "email": "ada@example.test",
        "email_verified": True,
        "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q",
        "auth_time": None,
    },
    userinfo={
        "sub": "110169484474386276334",
        "name": "Ada King",
        "given_name": "Ada",
        "family_name": "King",
        "picture": "https://lh3.googleusercontent.com/a/x",
        "email": "ada@example.test",
        "email_verified": True,
        "hd": "example.test",
    },
    settings={"allowed_domains": "", "allowed_tenant": "example.test", "groups_claim": "", "user_name_claim": "email"},
    external_id="110169484474386276334",
    person=("ada@example.test", "ada@example.test", "Ada", "King"),
    groups=(),
)
