"""OpenID Connect, the code flow: allauth keeps the state; discovery, tokens and claims are the portal's own."""

from __future__ import annotations

import base64
import logging
import secrets
from typing import Any
from urllib.parse import quote_plus

from allauth.socialaccount.providers.oauth2.client import OAuth2Client
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest, HttpResponse
from requests import RequestException

from identity.models import IdentityProvider, SSOConnection
from identity.services.sign_in import login
from identity.services.sign_in.assertions import Assertion
from portal.sso.apps import app_of
from portal.sso.bad_answers import BadAnswer, listed, shortened
from portal.sso.claims import named_claims
from portal.sso.discovery import NAMES_ITSELF, discover, published
from portal.sso.outgoing import GuardedSession, with_query
from portal.sso.signed_tokens import BadToken, verified, verified_userinfo
from portal.sso.words import Advice, Fact

BASIC, POST = "client_secret_basic", "client_secret_post"

log = logging.getLogger(__name__)


class TokensRefused(BadAnswer):
    """The token endpoint refuses, and says why (RFC 6749 section 5.2)."""

    code = "refused_there"


class ConnectionClient(OAuth2Client):
    """Requests of the code flow (RFC 6749 section 4.1), covering provider behaviour that allauth's don't."""

    def get_redirect_url(self, authorization_url: str, scope: list[str], extra_params: dict[str, Any]) -> str:
        _, _, query = super().get_redirect_url("", scope, extra_params).partition("?")
        return with_query(authorization_url, query)

    def get_access_token(
        self, code: str | None, pkce_code_verifier: str | None = None, extra_data: Any = None
    ) -> dict[str, Any]:
        said = {
            "grant_type": "authorization_code",
            "code": code or "",
            "redirect_uri": self.callback_url,
            "code_verifier": pkce_code_verifier or "",
        }
        headers = {"Accept": "application/json"}
        if self.basic_auth:
            headers["Authorization"] = basic_credentials(self.consumer_key, self.consumer_secret)
        else:
            said |= {"client_id": self.consumer_key, "client_secret": self.consumer_secret}
        with GuardedSession() as session:
            return _tokens(session.request("POST", self.access_token_url, data=said, headers=headers))


def basic_credentials(client_id: str, secret: str) -> str:
    """Both are form-encoded first, so that a colon or a percent sign is taken literally (RFC 6749 section 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _tokens(response: Any) -> dict[str, Any]:
    """Raises TokensRefused with the provider's reason, and RequestException for an invalid answer."""
    if response.status_code >= 500:
        response.raise_for_status()
    answer = response.json()
    if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
        raise TokensRefused(Fact.NO_TOKENS(reason=_reason(answer)))
    return answer


def _reason(answer: Any) -> str:
    said = [answer.get(name) for name in ("error", "error_description")] if isinstance(answer, dict) else []
    return ": ".join(shortened(text) for text in said if isinstance(text, str)) or Fact.SAYS_NO_REASON()


class ConnectionProvider(OpenIDConnectProvider):
    """allauth's provider, for its state and redirect only: what it extracts never looks up an account."""

    def __init__(self, request: HttpRequest, connection: SSOConnection) -> None:
        self.connection = connection
        super().__init__(request, app=app_of(connection))

    def get_oauth2_adapter(self, request: HttpRequest) -> ConnectionAdapter:
        return ConnectionAdapter(request, self.connection)

    def extract_uid(self, data: Any) -> str:
        """Never used; a subject may have 255 characters (OpenID Connect Core 2), more than allauth stores."""
        return "subject"

    def extract_common_fields(self, data: Any) -> dict[str, Any]:
        return {}

    def extract_email_addresses(self, data: Any) -> list[Any]:
        return []


class ConnectionAdapter(OpenIDConnectOAuth2Adapter):
    """allauth's adapter with the portal's own discovery and token checks."""

    client_class = ConnectionClient

    def __init__(self, request: HttpRequest, connection: SSOConnection) -> None:
        self.connection = connection
        super().__init__(request, connection.slug)

    def get_provider(self) -> ConnectionProvider:
        return ConnectionProvider(self.request, self.connection)

    @property
    def openid_config(self) -> dict[str, Any]:
        """Not a cached_property: Python 3.11 would hold one lock for all instances during a slow fetch."""
        return discover(self.connection)

    @property
    def basic_auth(self) -> bool:
        """As chosen by an administrator; a provider that announces nothing accepts Basic (RFC 8414 section 2)."""
        if self.connection.client_authentication != SSOConnection.ClientAuthentication.ANNOUNCED:
            return self.connection.client_authentication == BASIC
        return POST not in self.openid_config.get("token_endpoint_auth_methods_supported", [BASIC])

    def get_access_token_data(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().get_access_token_data(*args, **kwargs)
        except RequestException:
            published(self.connection).outdate()  # the endpoint may have moved
            raise

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        """Userinfo is fetched if there is such an endpoint; the ID token is authoritative and always present."""
        id_token = kwargs["response"].get("id_token")
        if not isinstance(id_token, str):
            raise BadToken(Fact.NO_ID_TOKEN(), advice=Advice.SCOPE_OPENID())
        claims = verified(self.connection, id_token, required=("exp", "sub"))
        data = {"id_token": claims, "userinfo": self._userinfo(token.token, claims), "id_token_hint": id_token}
        return self.get_provider().sociallogin_from_response(request, data)

    def _userinfo(self, access_token: str, claims: dict[str, Any]) -> dict[str, Any]:
        """What it adds to the ID token; if unavailable or unreadable it adds nothing, and blocks no sign-in.

        Only a newcomer who needs it sees the error, instead of a misleading "email of another domain".
        """
        address = self.openid_config.get("userinfo_endpoint")
        if address is None:
            return {}
        try:
            with GuardedSession() as session:
                response = session.get(address, headers={"Authorization": f"Bearer {access_token}"})
            return self._read_userinfo(response)
        except (RequestException, BadToken, ValueError) as error:
            said = Assertion(claims["sub"], claims, named_claims(self.connection))
            if login.lacks_something(self.connection, said):
                raise
            log.warning("Userinfo of %s can't be read, its ID token alone counts: %s", self.connection, error)
            return {}

    def _read_userinfo(self, response: Any) -> dict[str, Any]:
        """A JSON object, or a signed token for clients that chose one (OpenID Connect Core 5.3.2)."""
        response.raise_for_status()
        if str(response.headers.get("content-type", "")).lower().startswith("application/jwt"):
            return verified_userinfo(self.connection, response.text.strip())
        answer = response.json()
        if not isinstance(answer, dict):
            raise ValueError("userinfo is no JSON object")
        return answer


def begin(request: HttpRequest, connection: SSOConnection, target: str, *, again: bool) -> HttpResponse:
    """To the provider, with state, nonce and PKCE; `again` asks it to reauthenticate the person."""
    nonce = secrets.token_urlsafe(16)
    wishes = {"nonce": nonce, **(_asking_again(connection) if again else {})}
    response: HttpResponse = ConnectionProvider(request, connection).redirect(
        request,
        process="login",
        next_url=target,
        nonce=nonce,
        again=again,
        auth_params=wishes,
        scope=["openid", "profile", "email", *_groups_scope(connection)],
    )
    return response


def _asking_again(connection: SSOConnection) -> dict[str, str]:
    """Google can't be asked for the password again: the person at least confirms the account."""
    if connection.identity_provider.kind == IdentityProvider.Kind.GOOGLE:
        return {"prompt": "select_account"}
    return {"prompt": "login", "max_age": "0"}


def _groups_scope(connection: SSOConnection) -> list[str]:
    """Okta and others send groups for a scope; Entra and Google refuse an unknown one."""
    kinds = IdentityProvider.Kind
    if not connection.groups_claim or connection.identity_provider.kind in {kinds.ENTRA, kinds.GOOGLE}:
        return []
    return ["groups"] if "groups" in discover(connection).get("scopes_supported", []) else []


def finish(request: HttpRequest, connection: SSOConnection) -> HttpResponse:
    """The code arrives; ends in `SSOAdapter.pre_social_login`."""
    _check_issuer(request, connection)
    view = OAuth2CallbackView.adapter_view(ConnectionAdapter(request, connection))
    return view(request)  # type: ignore[no-any-return]


def _check_issuer(request: HttpRequest, connection: SSOConnection) -> None:
    """RFC 9207: an answer that names its issuer must name this one, so that no provider answers for another."""
    document = discover(connection)
    named = request.GET.get("iss")
    if named is None and not document[NAMES_ITSELF]:
        return
    if named != document["issuer"]:
        fact = Fact.ANSWER_OTHER_ISSUER(expected=document["issuer"], received=listed([named]))
        raise BadToken(fact, code="other_issuer")
