"""The boundary between allauth and the portal: allauth accounts are never created or looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from django.http import HttpRequest

from identity.core.errors import GatehouseError, NotFound
from identity.services.sign_in import login
from portal.sso import arrival
from portal.sso.apps import app_of
from portal.sso.bad_answers import NotAskedHere, RefusedThere
from portal.sso.claims import oidc_assertion
from portal.sso.outgoing import GuardedSession

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialLogin


class SSOAdapter(DefaultSocialAccountAdapter):
    """Connections come from the portal's own rows; the domain identifies the user."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        try:
            connection = login.find_connection(provider or "")
        except NotFound:
            return []
        return [app_of(connection)]

    def get_requests_session(self) -> GuardedSession:
        return GuardedSession()

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> NoReturn:
        """The identity provider has vouched for a person: allauth's own flow always ends here."""
        connection = login.find_connection(sociallogin.account.provider)
        received, state = sociallogin.account.extra_data, sociallogin.state
        try:
            assertion = oidc_assertion(connection, received, nonce=state.get("nonce"))
        except GatehouseError as error:
            raise ImmediateHttpResponse(arrival.not_understood(request, connection, error)) from error
        answer = arrival.arrive(request, connection, assertion, state, id_token=received.get("id_token_hint", ""))
        raise ImmediateHttpResponse(answer)

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> NoReturn:
        connection = login.find_connection(provider.app.provider_id)
        if exception is None and (extra_context or {}).get("state"):
            exception = RefusedThere(request.GET.get("error", ""), request.GET.get("error_description", ""))
        raise ImmediateHttpResponse(arrival.failed(request, connection, exception or NotAskedHere()))


class AccountAdapter(DefaultAccountAdapter):
    """No sign-up, and none of allauth's account flows is reachable."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
