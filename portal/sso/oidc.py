"""OpenID Connect, the code flow: allauth keeps the state and trades the code, what comes back is checked here."""

from __future__ import annotations

import secrets
from typing import Any

from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest, HttpResponse

from identity.models import IdentityProvider, SSOConnection
from portal.sso.adapter import app_of
from portal.sso.discovery import discover
from portal.sso.signed_tokens import BadToken, verified


class ConnectionAdapter(OpenIDConnectOAuth2Adapter):
    """allauth's adapter with the portal's own discovery and token checks."""

    def __init__(self, request: HttpRequest, connection: SSOConnection) -> None:
        self.connection = connection
        super().__init__(request, connection.slug)

    @property
    def openid_config(self) -> dict[str, Any]:
        return discover(self.connection)

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        """Userinfo is asked where there is such an endpoint; the ID token decides and is always there."""
        id_token = kwargs["response"].get("id_token")
        if not isinstance(id_token, str):
            raise BadToken("no ID token")
        data = {
            "id_token": verified(self.connection, id_token, required=("exp", "sub")),
            "userinfo": self._fetch_user_info(token.token) if "userinfo_endpoint" in self.openid_config else {},
            "id_token_hint": id_token,
        }
        return self.get_provider().sociallogin_from_response(request, data)


def begin(request: HttpRequest, connection: SSOConnection, target: str, *, again: bool) -> HttpResponse:
    """To the provider, with state, nonce and PKCE; `again` asks it to have the person log in anew."""
    nonce = secrets.token_urlsafe(16)
    wishes = {"nonce": nonce, **(_asking_again(connection) if again else {})}
    response: HttpResponse = (
        app_of(connection)
        .get_provider(request)
        .redirect(
            request,
            process="login",
            next_url=target,
            nonce=nonce,
            again=again,
            auth_params=wishes,
            scope=["openid", "profile", "email", *_groups_scope(connection)],
        )
    )
    return response


def _asking_again(connection: SSOConnection) -> dict[str, str]:
    """Google knows no way to ask for a password again: the person confirms the account at least."""
    if connection.identity_provider.kind == IdentityProvider.Kind.GOOGLE:
        return {"prompt": "select_account"}
    return {"prompt": "login", "max_age": "0"}


def _groups_scope(connection: SSOConnection) -> list[str]:
    """Okta and others send groups for a scope; Entra and Google refuse one that they don't know."""
    kinds = IdentityProvider.Kind
    if not connection.groups_claim or connection.identity_provider.kind in {kinds.ENTRA, kinds.GOOGLE}:
        return []
    return ["groups"] if "groups" in discover(connection).get("scopes_supported", []) else []


def finish(request: HttpRequest, connection: SSOConnection) -> HttpResponse:
    """The code comes back; ends in `SSOAdapter.pre_social_login`."""
    _check_issuer(request, connection)
    view = OAuth2CallbackView.adapter_view(ConnectionAdapter(request, connection))
    return view(request)  # type: ignore[no-any-return]


def _check_issuer(request: HttpRequest, connection: SSOConnection) -> None:
    """RFC 9207: an answer that names its issuer names this one, so that no provider answers for another."""
    document = discover(connection)
    named = request.GET.get("iss")
    if named is None and not document.get("authorization_response_iss_parameter_supported"):
        return
    if named != document["issuer"]:
        raise BadToken("an answer of another issuer")
