"""AD FS: upn for the email, userinfo that says nothing but sub, one group as a text and several as a list."""

from __future__ import annotations

from tests.sso.vendors.oidc import OIDCVendor

SERVER = "https://fs.fabidentity.com"

VENDOR = OIDCVendor(
    name="AD FS",
    sources=(
        # the discovery document, then the claims
        "https://learn.microsoft.com/windows-server/identity/ad-fs/development/ad-fs-logout-openid-connect",
        "https://learn.microsoft.com/windows-server/identity/ad-fs/development/ad-fs-openid-connect-oauth-concepts",
        "https://learn.microsoft.com/windows-server/identity/ad-fs/development/custom-id-tokens-in-ad-fs",
        "https://learn.microsoft.com/openspecs/windows_protocols/ms-oidce/586de7dd-3385-47c7-93a2-935d9e90441c",
    ),
    hosts=(SERVER,),
    discovery={
        "issuer": f"{SERVER}/adfs",
        "authorization_endpoint": f"{SERVER}/adfs/oauth2/authorize/",
        "token_endpoint": f"{SERVER}/adfs/oauth2/token/",
        "jwks_uri": f"{SERVER}/adfs/discovery/keys",
        "token_endpoint_auth_methods_supported": [
            "client_secret_post",
            "client_secret_basic",
            "private_key_jwt",
            "windows_client_authentication",
        ],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token", "code token"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "scopes_supported": ["allatclaims", "email", "user_impersonation", "profile", "vpn_cert", "openid"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "access_token_issuer": "http://fs.fabidentity.com/adfs/services/trust",
        "claims_supported": ["aud", "iss", "iat", "exp", "auth_time", "nonce", "at_hash", "sub", "upn", "unique_name"],
        "microsoft_multi_refresh_token": True,
        "userinfo_endpoint": f"{SERVER}/adfs/userinfo",
        "end_session_endpoint": f"{SERVER}/adfs/oauth2/logout",
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
    },
    id_token={
        "sub": "bd6kGSdRXyRD3WrMHpKlAe8rOWUJ9ZC6kHYpTcGxkSM=",
        "upn": "ada@example.test",
        "unique_name": "FABIDENTITY\\ada",
        "sid": "S-1-5-21-397955417-626881126-188441444-1001",
        "pwd_exp": "1036800",
        "apptype": "Confidential",
        "appid": "gatehouse",
        "authmethod": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        "ver": "1.0",
        "scp": "openid",
        "given_name": "Ada",
        "family_name": "King",
        "group": "Engineering",
    },
    userinfo={"sub": "bd6kGSdRXyRD3WrMHpKlAe8rOWUJ9ZC6kHYpTcGxkSM="},
    settings={"user_name_claim": "upn", "email_claim": "upn", "groups_claim": "group"},
    external_id="bd6kGSdRXyRD3WrMHpKlAe8rOWUJ9ZC6kHYpTcGxkSM=",
    person=("ada@example.test", "ada@example.test", "Ada", "King"),
)
