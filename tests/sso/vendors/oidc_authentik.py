"""authentik: an issuer for each application, with a slash at its end; names are not taken apart."""

from __future__ import annotations

from tests.sso.vendors.oidc import OIDCVendor

SITE = "https://authentik.company"
APPLICATION = f"{SITE}/application/o/gatehouse/"

VENDOR = OIDCVendor(
    name="authentik",
    sources=(
        "https://docs.goauthentik.io/add-secure-apps/providers/oauth2/",
        "https://github.com/goauthentik/authentik/blob/main/authentik/providers/oauth2/views/provider.py",  # discovery
        "https://github.com/goauthentik/authentik/blob/main/blueprints/system/providers-oauth2.yaml",  # the claims
    ),
    hosts=(SITE,),
    discovery={
        "issuer": APPLICATION,
        "authorization_endpoint": f"{SITE}/application/o/authorize/",
        "token_endpoint": f"{SITE}/application/o/token/",
        "userinfo_endpoint": f"{SITE}/application/o/userinfo/",
        "end_session_endpoint": f"{APPLICATION}end-session/",
        "introspection_endpoint": f"{SITE}/application/o/introspect/",
        "revocation_endpoint": f"{SITE}/application/o/revoke/",
        "device_authorization_endpoint": f"{SITE}/application/o/device/",
        "jwks_uri": f"{APPLICATION}jwks/",
        "response_types_supported": ["code", "id_token", "id_token token", "code token", "code id_token"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "acr_values_supported": ["goauthentik.io/providers/oauth2/default"],
        "scopes_supported": ["openid", "email", "profile"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "acr"],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
    },
    id_token={
        "sub": "a5a7a0c7ed2f4b0c6b2a5f5d2c6f8a1b3d4e5f60718293a4b5c6d7e8f9012345",
        "acr": "goauthentik.io/providers/oauth2/default",
        "email": "ada@example.test",
        "email_verified": True,
        "name": "Ada King",
        "given_name": "Ada King",
        "preferred_username": "ada",
        "nickname": "ada",
        "groups": ["Engineering"],
        "uid": "x1",
    },
    userinfo={
        "sub": "a5a7a0c7ed2f4b0c6b2a5f5d2c6f8a1b3d4e5f60718293a4b5c6d7e8f9012345",
        "email": "ada@example.test",
        "email_verified": True,
        "name": "Ada King",
        "given_name": "Ada King",
        "preferred_username": "ada",
        "nickname": "ada",
        "groups": ["Engineering"],
    },
    external_id="a5a7a0c7ed2f4b0c6b2a5f5d2c6f8a1b3d4e5f60718293a4b5c6d7e8f9012345",
    person=("ada", "ada@example.test", "Ada King", ""),
)
