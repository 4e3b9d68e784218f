"""SAML 2.0 by python3-saml, and what it leaves to the identity provider's good will (Profiles 4.1.4.2 and 4.1.4.3)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.constants import OneLogin_Saml2_Constants
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from identity.models import SSOConnection
from identity.services.sso_connections import NAME_ID
from portal.sso.adapter import app_of
from portal.sso.addresses import public_address
from portal.sso.bad_answers import BadAnswer

MOST_CHARACTERS = 256 * 1024  # of a response, which anybody can send
KEPT_SECONDS = 300
TRANSFORMS = {
    "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
}
TRANSIENT = OneLogin_Saml2_Constants.NAMEID_TRANSIENT
COOKIE = "__Secure-saml-answer" if settings.IS_HTTPS else "saml-answer"


class BadAssertion(BadAnswer):
    """An answer that proves nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a verified response says: who, in answer to which of our requests, authenticated when (Unix seconds)."""

    connection: str
    in_response_to: str
    name_id: str
    attributes: dict[str, list[Any]]
    authenticated_at: int


class StrictResponse(OneLogin_Saml2_Response):
    """A response is for us and for one request of ours, and says so within what is signed.

    python3-saml takes an assertion that names no audience, no recipient or no request for one that fits: it could
    have been made for another service, or for another person's browser.
    """

    def is_valid(self, request_data: dict[str, Any], request_id: Any = None, raise_exceptions: bool = False) -> bool:
        if not all(map(_fits_the_profile, self._query("//ds:Signature"))):
            return self._fail("A signature that SAML does not use.")
        if not super().is_valid(request_data, request_id, raise_exceptions):
            return False
        sp = self._settings.get_sp_data()
        here = sp["assertionConsumerService"]["url"]
        shortcoming = next(self._shortcomings(here, sp["entityId"]), "")
        return not shortcoming or self._fail(shortcoming)

    def _fail(self, reason: str) -> bool:
        self._error = reason
        return False

    def _shortcomings(self, here: str, audience: str) -> Any:
        if self.document.get("Destination", here) != here:
            yield "Sent to another address."
        if not self._is_for(audience):
            yield "The assertion is not restricted to this audience."
        if not self.get_in_response_to() or not any(map(self._answers_us, self._confirmations(here))):
            yield "The assertion does not answer a request."

    def _is_for(self, audience: str) -> bool:
        restrictions = self._query_assertion("/saml:Conditions/saml:AudienceRestriction")
        named = [[OneLogin_Saml2_XML.element_text(node) for node in restriction] for restriction in restrictions]
        return bool(named) and all(audience in audiences for audiences in named)

    def _confirmations(self, here: str) -> list[Any]:
        bearer = f"/saml:Subject/saml:SubjectConfirmation[@Method='{OneLogin_Saml2_Constants.CM_BEARER}']"
        found = self._query_assertion(f"{bearer}/saml:SubjectConfirmationData")
        return [data for data in found if data.get("Recipient") == here]

    def _answers_us(self, data: Any) -> bool:
        until = parse_datetime(data.get("NotOnOrAfter", ""))
        is_current = until is not None and until > timezone.now()
        return is_current and data.get("InResponseTo") == self.get_in_response_to()

    def authenticated_at(self) -> int:
        """When the person last proved who they are there; without a time zone it is UTC (SAML Core 1.3.3)."""
        (statement,) = self._query_assertion("/saml:AuthnStatement")
        instant = parse_datetime(statement.get("AuthnInstant", ""))
        if instant is None:
            raise BadAssertion("no time of authentication")
        return int((instant if timezone.is_aware(instant) else instant.replace(tzinfo=UTC)).timestamp())


def _fits_the_profile(signature: Any) -> bool:
    """SAML Core 5.4: one reference, into the document, and no transform that could do anything but canonicalize."""
    references = OneLogin_Saml2_XML.query(signature, ".//ds:Reference")
    transforms = OneLogin_Saml2_XML.query(signature, ".//ds:Transform")
    points_inside = len(references) == 1 and references[0].get("URI", "").startswith("#")
    return points_inside and {transform.get("Algorithm") for transform in transforms} <= TRANSFORMS


def settings_of(connection: SSOConnection, *, wants_assertions_signed: bool = False) -> dict[str, Any]:
    """python3-saml's settings. No single logout is announced: its requests would come unsigned through browsers.

    Something must be signed always: the assertion, as the metadata ask, or the response around it, as Keycloak and
    others do unless they are told otherwise.
    """
    return {
        "strict": True,
        "sp": {
            "entityId": public_address("saml_metadata", connection),
            "assertionConsumerService": {
                "url": public_address("saml_acs", connection),
                "binding": OneLogin_Saml2_Constants.BINDING_HTTP_POST,
            },
        },
        "idp": {
            "entityId": connection.entity_id,
            "singleSignOnService": {"url": connection.sso_url},
            "x509certMulti": {"signing": connection.certificates},
        },
        "security": {
            "wantAssertionsSigned": wants_assertions_signed,
            "wantAttributeStatement": False,
            "requestedAuthnContext": False,
            "rejectDeprecatedAlgorithm": True,
            "allowSingleLabelDomains": True,  # https://portal/ in a company's network
            "allowRepeatAttributeName": True,
        },
    }


def metadata(connection: SSOConnection) -> bytes | str:
    """What SAML providers can import."""
    asking = settings_of(connection, wants_assertions_signed=True)
    own = OneLogin_Saml2_Settings(settings=asking, sp_validation_only=True)
    return own.get_sp_metadata()  # type: ignore[no-any-return]


def begin(request: HttpRequest, connection: SSOConnection, target: str, *, again: bool) -> HttpResponse:
    """To the provider; `again` asks it to have the person log in anew."""
    auth = OneLogin_Saml2_Auth(_request_data(connection, {}), settings_of(connection))
    url = auth.login(return_to="", force_authn=again)
    provider = app_of(connection).get_provider(request)
    provider.stash_redirect_state(request, "login", target, state_id=auth.get_last_request_id(), again=again)
    return HttpResponseRedirect(url)


def receive(request: HttpRequest, connection: SSOConnection) -> HttpResponse:
    """The answer comes by a POST of another site, so without our session: once verified it is kept for one redirect."""
    answer = verified(connection, request.POST.get("SAMLResponse", ""))
    response = HttpResponseRedirect(reverse("saml_finish_acs", args=(connection.slug,)))
    store = SessionStore()
    store["answer"] = asdict(answer)
    store.set_expiry(KEPT_SECONDS)
    store.save()
    response.set_cookie(
        COOKIE,
        str(store.session_key),
        max_age=KEPT_SECONDS,
        path=response.url,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def finish(request: HttpRequest, connection: SSOConnection) -> tuple[Answer, dict[str, Any]]:
    """The answer again, now with our session, and the state of the request that it answers. Each answers once.

    Raises BadAssertion, and PermissionDenied when this browser did not ask.
    """
    store = SessionStore(request.COOKIES.get(COOKIE))
    found = store.get("answer")
    if not found or found["connection"] != connection.slug:
        raise BadAssertion("nothing was received")
    store.delete()
    answer = Answer(**found)
    state = app_of(connection).get_provider(request).unstash_redirect_state(request, answer.in_response_to)
    return answer, state


def verified(connection: SSOConnection, response: str) -> Answer:
    """What a response says, if all that it must be is true of it. Raises BadAssertion and what the libraries raise."""
    if not response or len(response) > MOST_CHARACTERS:
        raise BadAssertion("no response, or one that is too long")
    checked = StrictResponse(OneLogin_Saml2_Settings(settings_of(connection)), response)
    if not checked.is_valid(_request_data(connection, {"SAMLResponse": response})):
        raise BadAssertion(checked.get_error())
    if connection.subject_claim == NAME_ID and checked.get_nameid_format() == TRANSIENT:
        raise BadAssertion("a NameID that is another one each time")
    return Answer(
        connection=connection.slug,
        in_response_to=checked.get_in_response_to(),
        name_id=checked.get_nameid(),
        attributes=checked.get_attributes(),
        authenticated_at=checked.authenticated_at(),
    )


def _request_data(connection: SSOConnection, post: dict[str, str]) -> dict[str, Any]:
    """The request as python3-saml knows one, at the address that identity providers are given."""
    here = urlsplit(public_address("saml_acs", connection))
    return {
        "https": "on" if here.scheme == "https" else "off",
        "http_host": here.netloc,
        "script_name": here.path,
        "get_data": {},
        "post_data": post,
    }
