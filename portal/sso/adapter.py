"""Where allauth ends and the portal begins: no account of allauth's is ever made or looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from django.http import HttpRequest

from identity.errors import GatehouseError, NotFound
from identity.models import SSOConnection
from identity.services import sso_login
from identity.services.sealing import seal, unseal
from portal.sso import arrival
from portal.sso.claims import oidc_assertion, saml_assertion
from portal.sso.outgoing import GuardedSession

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialLogin


def app_of(connection: SSOConnection) -> SocialApp:
    """A connection in allauth's terms; never saved."""
    common = {"provider_id": connection.slug, "name": connection.identity_provider.name}
    if connection.protocol == SSOConnection.Protocol.SAML:
        return SocialApp(provider="saml", client_id=connection.slug, settings=_saml_settings(connection), **common)
    return SocialApp(
        provider="openid_connect",
        client_id=connection.client_id,
        secret=unseal(connection.client_secret),
        settings={"server_url": connection.issuer, "oauth_pkce_enabled": True},
        **common,
    )


def _saml_settings(connection: SSOConnection) -> dict[str, Any]:
    return {
        "idp": {
            "entity_id": connection.entity_id,
            "sso_url": connection.sso_url,
            "x509cert": connection.certificate,
        },
        "attribute_mapping": {},
        "advanced": {
            "strict": True,
            "allow_single_label_domains": True,  # https://portal/ in a company's network
            "want_assertion_signed": True,
            "want_attribute_statement": False,
            "reject_idp_initiated_sso": True,
        },
    }


class SSOAdapter(DefaultSocialAccountAdapter):
    """Connections come from the portal's own rows, and who somebody is from the domain."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        slug = client_id if provider == "saml" else provider
        try:
            connection = sso_login.find_connection(slug or "")
        except NotFound:
            return []
        return [app_of(connection)]

    def get_requests_session(self) -> GuardedSession:
        return GuardedSession()

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> NoReturn:
        """The identity provider has vouched for somebody: allauth's own flow ends here, always."""
        connection = sso_login.find_connection(sociallogin.account.provider)
        try:
            assertion = _assertion(connection, sociallogin)
        except GatehouseError as error:
            raise ImmediateHttpResponse(arrival.refused(request, error)) from error
        answer = arrival.arrive(request, connection, assertion, sociallogin.state.get("next") or "")
        raise ImmediateHttpResponse(answer)

    def on_authentication_error(self, request: HttpRequest, provider: Any, **kwargs: Any) -> NoReturn:
        raise ImmediateHttpResponse(arrival.failed(request, provider.app.name, kwargs.get("exception")))


def _assertion(connection: SSOConnection, sociallogin: SocialLogin) -> sso_login.Assertion:
    if connection.protocol == SSOConnection.Protocol.SAML:
        return saml_assertion(sociallogin.account.uid, sociallogin.account.extra_data)
    return oidc_assertion(sociallogin.account.extra_data)


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up, and no account flow of allauth's is reachable."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class MFAAdapter(DefaultMFAAdapter):
    """TOTP secrets and recovery seeds are sealed as client secrets are."""

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)
