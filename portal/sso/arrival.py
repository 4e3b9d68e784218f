"""The return from an identity provider."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.log import log_response
from requests import ConnectionError, RequestException, Timeout

from identity import policy
from identity.core.actors import Person, Visitor
from identity.core.decisions import Action
from identity.core.errors import Conflicted, GatehouseError
from identity.core.origins import Origin
from identity.events import Event
from identity.models import SSOConnection
from identity.services import traces
from identity.services.sign_in import login
from identity.services.sign_in.assertions import Assertion
from portal.project.shared_cache import cache
from portal.session.fresh_sign_in import NEVER, is_fresh, moment_of_proof
from portal.session.opening import ask_to_sign_out, is_somebody_else, landing_url, let_in
from portal.session.sessions import remember_provider
from portal.sso import patience
from portal.sso.bad_answers import BadAnswer, Cause, cause_of

log = logging.getLogger(__name__)

SECONDS_BETWEEN_ROWS = 300
TOLD = "told"
TEST_RESULT = "sso_test_result"
UNANSWERED = (ConnectionError, Timeout, patience.NotNow)


def test_page(connection: SSOConnection) -> str:
    """The end of "test this connection": a round trip that returns to this page is a test."""
    return reverse("admin:identity_ssoconnection_test_result", args=(connection.pk,))


def arrive(
    request: HttpRequest, connection: SSOConnection, assertion: Assertion, state: dict[str, Any], *, id_token: str = ""
) -> HttpResponse:
    """Sign the person in, or say why not; a test only shows what was received. `state` is that of our request."""
    target = state.get("next") or ""
    if target == test_page(connection):
        return _show_test(request, connection, assertion, target)
    if not connection.is_enabled:
        note_refusal(request, "connection_disabled")
        return _page(request, "Sign-in is switched off", "Sign-in through this identity provider is switched off.")
    try:
        user = login.sign_in(connection, assertion, address=request.META.get("REMOTE_ADDR", ""))
    except GatehouseError as error:
        return refused(request, error)
    if is_somebody_else(request, user):
        return ask_to_sign_out(request, user, f"{connection.identity_provider} says that you are {user.username}.")
    proven_at = moment_of_proof(assertion.claims.get("auth_time"))
    let_in(request, user, method=connection.protocol, proven_at=proven_at)
    remember_provider(request, connection, assertion, id_token)
    if state.get("again") and not is_fresh(request):
        messages.error(request, _why_not_fresh(connection, told=proven_at != NEVER))
    return redirect(landing_url(request, user, target))


def _why_not_fresh(connection: SSOConnection, *, told: bool) -> str:
    provider = connection.identity_provider
    if told:
        return f"{provider} let you through without asking who you are."
    return (
        f"{provider} did not say when you last proved who you are there, so this does not count as a fresh sign-in. "
        f"Its administrator can have it send auth_time."
    )


def _show_test(request: HttpRequest, connection: SSOConnection, assertion: Assertion, target: str) -> HttpResponse:
    if not is_administrator(request):
        return redirect("login")
    request.session[TEST_RESULT] = {
        "subject": assertion.subject,
        "claims": assertion.claims,
        "rehearsal": asdict(login.rehearse(connection, assertion)),
    }
    return HttpResponseRedirect(target)


def elsewhere(request: HttpRequest) -> HttpResponse:
    """Before the flow begins: the same page at the URL known to identity providers."""
    path = request.get_full_path()
    text = (
        f"You reached this portal as {request.get_host()}. Signing in through an identity provider works at "
        f"{settings.PUBLIC_URL} only, where its answer goes."
    )
    response = _page(
        request,
        "Sign in at the portal's own address",
        text,
        link=f"{settings.PUBLIC_URL}{path}{'&' if '?' in path else '?'}{TOLD}=1",
        link_text=f"Go on at {settings.PUBLIC_URL}",
    )
    response.status_code = 400
    return response


def refused(request: HttpRequest, error: GatehouseError) -> HttpResponse:
    """The page with the reason and the contact."""
    note_refusal(request, error.code)
    title = "An administrator has to decide" if isinstance(error, Conflicted) else "You can't sign in"
    return _page(request, title, error.sentence)


def not_understood(request: HttpRequest, connection: SSOConnection, error: GatehouseError) -> HttpResponse:
    """An answer that lacks required data: no account was looked up, and administrators can see the reason."""
    cause = Cause(error.code, error.sentence, next(iter(getattr(error, "__notes__", [])), ""))
    note_refusal(request, error.code)
    return _page(request, "You can't sign in", error.sentence, **_for_administrators(request, connection, cause))


def failed(request: HttpRequest, connection: SSOConnection, exception: BaseException) -> HttpResponse:
    """The round trip itself failed; only the log and administrators see the cause."""
    cause = cause_of(exception)
    provider = connection.identity_provider.name
    log.warning("Sign-in through %s failed: %s", provider, cause.fact)
    note_refusal(request, "failed")
    text = _what_happened(exception).format(provider)
    response = _page(request, "Sign-in did not work", text, **_for_administrators(request, connection, cause))
    return _not_now(response) if isinstance(exception, UNANSWERED) else response


def _for_administrators(request: HttpRequest, connection: SSOConnection, cause: Cause) -> dict[str, Any]:
    """The cause, if an administrator is signed in. A cross-site POST has no session: administrators get a link."""
    entry = _noted(request, connection, cause)
    if is_administrator(request):
        return {"cause": cause}
    if request.method == "POST" and entry:
        return {"entry_url": reverse("admin:identity_provisioninglog_change", args=(entry,))}
    return {}


def _noted(request: HttpRequest, connection: SSOConnection, cause: Cause) -> int:
    """The log row's id: one per kind in five minutes, since anyone can send invalid answers."""
    key = f"sso-failure:{connection.pk}:{cause.code}"
    if not cache.add(key, 0, SECONDS_BETWEEN_ROWS) and not is_administrator(request):
        return cache.get(key) or 0
    address = request.META.get("REMOTE_ADDR", "")
    entry = login.record_failure(connection, code=cause.code, sentence=cause.fact, advice=cause.advice, address=address)
    cache.set(key, entry, SECONDS_BETWEEN_ROWS)
    return entry


def _not_now(response: HttpResponse) -> HttpResponse:
    """The provider is unavailable; a later attempt may succeed."""
    response.status_code = 503
    log_response("The provider can't be reached", response=response, level="debug")  # else it is an error of ours
    response["Retry-After"] = str(patience.REST_SECONDS)
    return response


def note_refusal(request: HttpRequest, code: str) -> None:
    """Record a sign-in that ended here, with the connection in its URL."""
    match = request.resolver_match
    connection = next(iter(match.kwargs.values()), "") if match else ""
    origin = Origin.of(request.META)
    traces.note(Event.SIGN_IN_REFUSED, actor=Visitor("Single sign-on"), origin=origin, code=code, connection=connection)


def _what_happened(exception: BaseException) -> str:
    if isinstance(exception, patience.Busy):
        return "{} is slow, and several people wait for its answer already. Try again in a moment."
    if isinstance(exception, patience.Resting):
        return "{} did not answer a moment ago, and is asked again in a few seconds. Try again then."
    if isinstance(exception, RequestException) and not isinstance(exception, BadAnswer):
        return "{} can't be reached right now. Try again in a few minutes."
    return "{} did not confirm who you are, or the page was open for too long. Try again from the sign-in page."


def is_administrator(request: HttpRequest) -> bool:
    user = request.user
    return user.is_authenticated and bool(policy.decide(Action.MANAGE_PROVIDERS, actor=Person(user)))


def _page(request: HttpRequest, title: str, text: str, **more: Any) -> HttpResponse:
    context = {"title": title, "text": text, "contact": settings.SUPPORT_CONTACT, **more}
    return render(request, "portal/message.html", context, status=403)
