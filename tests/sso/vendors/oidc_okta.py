"""Okta's org authorization server. In the code flow its ID token is thin: names come from userinfo."""

from __future__ import annotations

from tests.sso.vendors.oidc import OIDCVendor

ORG = "https://acme.okta.com"

VENDOR = OIDCVendor(
    name="Okta",
    kind="okta",
    sources=(
        "https://developer.okta.com/docs/api/openapi/okta-oauth/oauth/",  # discovery, userinfo
        "https://developer.okta.com/docs/guides/customize-tokens-groups-claim/main/",
        "https://developer.okta.com/docs/concepts/auth-servers/",
    ),
    hosts=(ORG,),
    discovery={
        "issuer": ORG,
        "authorization_endpoint": f"{ORG}/oauth2/v1/authorize",
        "token_endpoint": f"{ORG}/oauth2/v1/token",
        "userinfo_endpoint": f"{ORG}/oauth2/v1/userinfo",
        "registration_endpoint": f"{ORG}/oauth2/v1/clients",
        "jwks_uri": f"{ORG}/oauth2/v1/keys",
        "introspection_endpoint": f"{ORG}/oauth2/v1/introspect",
        "end_session_endpoint": f"{ORG}/oauth2/v1/logout",
        "response_types_supported": ["code", "id_token", "code id_token", "code token", "id_token token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile", "address", "phone", "offline_access", "groups"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic",
            "client_secret_post",
            "client_secret_jwt",
            "private_key_jwt",
            "none",
        ],
        "code_challenge_methods_supported": ["S256"],
    },
    id_token={
        "sub": "00uid4BxXw6I6TV4m0g3",
        "ver": 1,
        "jti": "ID.QKsX7HO0dLUT5W0z1Xq3sVpXkqP0",
        "amr": ["pwd"],
        "idp": "00ok1u7AsAkrwdZL3z0g3",
        "at_hash": "preview_at_hash",
        "email": "ada@example.test",
        "preferred_username": "ada",
        "groups": ["Everyone", "Engineering"],
    },
    userinfo={
        "sub": "00uid4BxXw6I6TV4m0g3",
        "name": "Ada King",
        "given_name": "Ada",
        "family_name": "King",
        "preferred_username": "ada",
        "zoneinfo": "Europe/London",
        "updated_at": 1311280970,
        "email": "ada@example.test",
        "email_verified": True,
    },
    external_id="00uid4BxXw6I6TV4m0g3",
)
