"""SAML 2.0 by python3-saml, plus the checks it leaves to the identity provider (Profiles 4.1.4.2 and 4.1.4.3)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape

from csp.decorators import csp_update
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from onelogin.saml2.authn_request import OneLogin_Saml2_Authn_Request
from onelogin.saml2.constants import OneLogin_Saml2_Constants
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from identity.models import SSOConnection
from identity.services.sso_connections import NAME_ID
from portal.sso import saml_causes
from portal.sso.addresses import public_address
from portal.sso.apps import app_of
from portal.sso.bad_answers import NotAskedHere
from portal.sso.saml_causes import BadAssertion, UnaskedAnswer
from portal.sso.words import Advice, Fact

MOST_CHARACTERS = 256 * 1024  # of a response, which anyone can send
KEPT_SECONDS = 300
SECONDS_TO_ANSWER = 30  # within which a provider, asked after an unsolicited response, must not send another one
TRANSFORMS = {
    "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
}
TRANSIENT = OneLogin_Saml2_Constants.NAMEID_TRANSIENT
COOKIE = "__Secure-saml-answer" if settings.IS_HTTPS else "saml-answer"
ASKED_COOKIE = "__Secure-saml-asked" if settings.IS_HTTPS else "saml-asked"
UNASKED = "unasked"


@dataclass(frozen=True, slots=True)
class SAMLResponse:
    """A verified response: the user, the request it answers, and when they authenticated (Unix seconds)."""

    connection: str
    in_response_to: str
    name_id: str
    name_id_format: str
    attributes: dict[str, list[Any]]
    authenticated_at: int


class StrictResponse(OneLogin_Saml2_Response):
    """A response must be for us and for one request of ours, and say so within its signed part.

    python3-saml accepts an assertion without audience, recipient or request as if it matched: it could
    have been made for another service, or for another person's browser.
    """

    def is_valid(self, request_data: dict[str, Any], request_id: Any = None, raise_exceptions: bool = True) -> bool:
        """Raises BadAssertion with the cause; never returns False."""
        if not all(map(_fits_the_profile, self._query("//ds:Signature"))):
            raise BadAssertion(Fact.ODD_SIGNATURE())
        try:
            super().is_valid(request_data, request_id, raise_exceptions=True)
        except Exception as stumbled:
            raise saml_causes.explained(self, stumbled) from stumbled
        self._check_the_profile()
        return True

    def _check_the_profile(self) -> None:
        if self.document.get("Destination", self.here) != self.here:
            raise saml_causes.destination(self)
        if not self._is_for(self.own_name):
            raise saml_causes.audience(self)
        if self._names_no_request():
            raise UnaskedAnswer(Fact.BEGAN_BY_ITSELF())
        if not self.get_in_response_to() or not any(map(self._answers_us, self._confirmations(self.here))):
            raise saml_causes.confirmation(self)

    @property
    def here(self) -> str:
        return str(self._settings.get_sp_data()["assertionConsumerService"]["url"])

    @property
    def own_name(self) -> str:
        return str(self._settings.get_sp_data()["entityId"])

    @property
    def idp(self) -> str:
        return str(self._settings.get_idp_data()["entityId"])

    def _is_for(self, audience: str) -> bool:
        restrictions = self._query_assertion("/saml:Conditions/saml:AudienceRestriction")
        named = [[OneLogin_Saml2_XML.element_text(node) for node in restriction] for restriction in restrictions]
        return bool(named) and all(audience in audiences for audiences in named)

    def _confirmations(self, here: str) -> list[Any]:
        bearer = f"/saml:Subject/saml:SubjectConfirmation[@Method='{OneLogin_Saml2_Constants.CM_BEARER}']"
        found = self._query_assertion(f"{bearer}/saml:SubjectConfirmationData")
        return [data for data in found if data.get("Recipient") == here]

    def _names_no_request(self) -> bool:
        """Profiles 4.1.5: unsolicited in every part. A mixed answer is forged."""
        confirmations = self._query_assertion("/saml:Subject/saml:SubjectConfirmation/saml:SubjectConfirmationData")
        return not any(part.get("InResponseTo") for part in (self.document, *confirmations))

    def _answers_us(self, data: Any) -> bool:
        until = parse_datetime(data.get("NotOnOrAfter", ""))
        is_current = until is not None and until > timezone.now()
        return is_current and data.get("InResponseTo") == self.get_in_response_to()

    def authenticated_at(self) -> int:
        """When the person last authenticated there; without a time zone it is UTC (SAML Core 1.3.3)."""
        (statement,) = self._query_assertion("/saml:AuthnStatement")
        instant = parse_datetime(statement.get("AuthnInstant", ""))
        if instant is None:
            raise BadAssertion(Fact.NO_INSTANT())
        return int((instant if timezone.is_aware(instant) else instant.replace(tzinfo=UTC)).timestamp())


def _fits_the_profile(signature: Any) -> bool:
    """SAML Core 5.4: one reference, into the document, and only canonicalizing transforms."""
    references = OneLogin_Saml2_XML.query(signature, ".//ds:Reference")
    transforms = OneLogin_Saml2_XML.query(signature, ".//ds:Transform")
    points_inside = len(references) == 1 and references[0].get("URI", "").startswith("#")
    return points_inside and {transform.get("Algorithm") for transform in transforms} <= TRANSFORMS


def settings_of(connection: SSOConnection, *, wants_assertions_signed: bool = False) -> dict[str, Any]:
    """python3-saml's settings. No single logout is announced: its requests would pass unsigned through browsers.

    A signature is always required: on the assertion, as our metadata asks, or on the response around it, as Keycloak
    and others do by default.
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
            # python3-saml writes it into the request as is
            "singleSignOnService": {"url": escape(connection.sso_url, {'"': "&quot;"})},
            "x509certMulti": {"signing": connection.certificates},
        },
        "security": {
            "wantAssertionsSigned": wants_assertions_signed,
            "wantAttributeStatement": False,
            "requestedAuthnContext": False,
            "rejectDeprecatedAlgorithm": True,
            "allowSingleLabelDomains": True,  # https://portal/ in a company network
            "allowRepeatAttributeName": True,
        },
    }


def _settings(connection: SSOConnection) -> OneLogin_Saml2_Settings:
    try:
        return OneLogin_Saml2_Settings(settings_of(connection))
    except OneLogin_Saml2_Error as error:
        raise saml_causes.unusable(error) from error


def metadata(connection: SSOConnection) -> bytes | str:
    """What SAML providers can import. It does not expire: our URLs never change, and it contains no key."""
    asking = settings_of(connection, wants_assertions_signed=True)
    own = OneLogin_Saml2_Settings(settings=asking, sp_validation_only=True)
    document = OneLogin_Saml2_XML.to_etree(own.get_sp_metadata())
    for limit in ("validUntil", "cacheDuration"):  # python3-saml sets them to two days
        document.attrib.pop(limit, None)
    return OneLogin_Saml2_XML.to_string(document)  # type: ignore[no-any-return]


def begin(request: HttpRequest, connection: SSOConnection, target: str, *, again: bool) -> HttpResponse:
    """To the provider; `again` asks it to reauthenticate the person."""
    if UNASKED in request.GET and request.COOKIES.get(ASKED_COOKIE):
        raise BadAssertion(
            Fact.NEVER_ASKED(),
            code="not_asked_here",
            advice=Advice.ANSWER_REQUESTS(),
        )
    wish = OneLogin_Saml2_Authn_Request(_settings(connection), force_authn=again)
    provider = app_of(connection).get_provider(request)
    provider.stash_redirect_state(request, "login", target, state_id=wish.get_id(), again=again)
    response = _CARRY[SSOConnection.Binding(connection.sso_binding)](request, connection, wish)
    if UNASKED in request.GET:
        _set_cookie(response, ASKED_COOKIE, "1", SECONDS_TO_ANSWER, reverse("sso_start", args=(connection.slug,)))
    return response


def _redirected(request: HttpRequest, connection: SSOConnection, wish: OneLogin_Saml2_Authn_Request) -> HttpResponse:
    parameters = {"SAMLRequest": wish.get_request(), "RelayState": ""}
    return HttpResponseRedirect(OneLogin_Saml2_Utils.redirect(connection.sso_url, parameters))


def _posted(request: HttpRequest, connection: SSOConnection, wish: OneLogin_Saml2_Authn_Request) -> HttpResponse:
    """A form that our script submits at once (Bindings 3.5); it has a button, too.

    The provider may redirect the browser to its other hosts, and browsers check each against form-action.
    """
    there = urlsplit(connection.sso_url)
    context = {"title": "On to the sign-in", "connection": connection, "wish": wish.get_request(deflate=False)}

    @csp_update({"form-action": ["https:", f"{there.scheme}://{there.netloc}"]})
    def page(request: HttpRequest) -> HttpResponse:
        return render(request, "portal/saml_post.html", context)

    return page(request)  # type: ignore[return-value]


_CARRY = {SSOConnection.Binding.REDIRECT: _redirected, SSOConnection.Binding.POST: _posted}


def receive(request: HttpRequest, connection: SSOConnection) -> HttpResponse:
    """The answer is a cross-site POST, so without our session: once verified it is kept for one redirect."""
    try:
        answer = verified(connection, request.POST.get("SAMLResponse", ""))
    except UnaskedAnswer:
        return _ask_now(request, connection)
    response = HttpResponseRedirect(reverse("saml_finish_acs", args=(connection.slug,)))
    store = SessionStore()
    store["answer"] = asdict(answer)
    store.set_expiry(KEPT_SECONDS)
    store.save()
    _set_cookie(response, COOKIE, str(store.session_key), KEPT_SECONDS, response.url)
    return response


def _ask_now(request: HttpRequest, connection: SSOConnection) -> HttpResponse:
    """Drop an unsolicited answer and start the sign-in from here instead, once."""
    query = {UNASKED: "1", "next": request.POST.get("RelayState", "")}
    return HttpResponseRedirect(f"{reverse('sso_start', args=(connection.slug,))}?{urlencode(query)}")


def _set_cookie(response: HttpResponse, name: str, value: str, seconds: int, path: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=path,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget_asking(response: HttpResponse, connection: SSOConnection) -> HttpResponse:
    """The provider has answered the request."""
    response.delete_cookie(ASKED_COOKIE, path=reverse("sso_start", args=(connection.slug,)), samesite="Lax")
    return response


def finish(request: HttpRequest, connection: SSOConnection) -> tuple[SAMLResponse, dict[str, Any]]:
    """The same answer, now with our session and the state of its request. Each state works once.

    Raises BadAssertion, and PermissionDenied if this browser did not send the request.
    """
    store = SessionStore(request.COOKIES.get(COOKIE))
    found = store.get("answer")
    if not found or found["connection"] != connection.slug:
        raise NotAskedHere
    store.delete()
    answer = SAMLResponse(**found)
    state = app_of(connection).get_provider(request).unstash_redirect_state(request, answer.in_response_to)
    return answer, state


def verified(connection: SSOConnection, response: str) -> SAMLResponse:
    """The content of a response that passes all checks. Raises BadAssertion and the libraries' errors."""
    if not response or len(response) > MOST_CHARACTERS:
        raise BadAssertion(Fact.NO_RESPONSE())
    own = _settings(connection)
    try:
        checked = StrictResponse(own, response)
    except OneLogin_Saml2_Error as error:  # an encrypted one, for which there is no key
        raise saml_causes.encrypted() from error
    checked.is_valid(_request_data(connection, {"SAMLResponse": response}))
    try:
        answer = _read(connection, checked)
    except OneLogin_Saml2_ValidationError as error:
        raise saml_causes.explained(checked, error) from error
    if connection.subject_claim == NAME_ID and answer.name_id_format == TRANSIENT:
        raise saml_causes.transient()
    return answer


def _read(connection: SSOConnection, checked: StrictResponse) -> SAMLResponse:
    return SAMLResponse(
        connection=connection.slug,
        in_response_to=checked.get_in_response_to(),
        name_id=checked.get_nameid(),
        name_id_format=checked.get_nameid_format() or "",
        attributes=checked.get_attributes(),
        authenticated_at=checked.authenticated_at(),
    )


def _request_data(connection: SSOConnection, post: dict[str, str]) -> dict[str, Any]:
    """The request in python3-saml's form, with the URL registered with identity providers."""
    here = urlsplit(public_address("saml_acs", connection))
    return {
        "https": "on" if here.scheme == "https" else "off",
        "http_host": here.netloc,
        "script_name": here.path,
        "get_data": {},
        "post_data": post,
    }
