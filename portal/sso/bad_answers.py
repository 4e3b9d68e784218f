"""What is wrong with an answer, and how an administrator fixes it: for the log and the connection test."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from requests import RequestException
from requests.exceptions import InvalidURL, SSLError, Timeout

from portal.sso import patience

MOST_CHARACTERS = 300
MOST_NAMED = 5


class BadAnswer(Exception):
    """An invalid answer from an identity provider. Its message contains no secrets.

    `code` is logged; `advice` says what to do.
    """

    code = "bad_answer"
    advice = ""


class NotAskedHere(BadAnswer):
    """This browser has no open request that this could answer."""

    code = "not_asked_here"
    advice = (
        "Start again from the sign-in page. If it happens to everybody, a proxy drops the portal's cookies, or people "
        "reach the portal by another name than PUBLIC_URL."
    )

    def __init__(self) -> None:
        super().__init__(
            "This browser did not begin the sign-in, began it more than ten minutes ago, or has used the answer before."
        )


class RefusedThere(BadAnswer):
    """The identity provider itself refused the sign-in, and says why."""

    code = "refused_there"

    def __init__(self, *said: str) -> None:
        reason = ": ".join(filter(None, (shortened(text) for text in said)))
        super().__init__(f"The identity provider refused: {reason or 'it gave no reason'}")


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a sign-in failed, for those who can fix it."""

    code: str
    fact: str
    advice: str


def cause_of(exception: BaseException) -> Cause:
    """For other libraries' exceptions only the class, since their texts may quote secrets."""
    if isinstance(exception, BadAnswer):
        fact = shortened(str(exception))
        return Cause(exception.code, fact, exception.advice or _hint(fact))
    if isinstance(exception, PermissionDenied):  # allauth's, for a state unknown to this session
        return cause_of(NotAskedHere())
    for kind, code, fact, advice in _TRANSPORT:
        if isinstance(exception, kind):
            return Cause(code, fact, advice)
    return Cause("bad_answer", f"The answer can't be read ({type(exception).__name__}).", "")


_TRANSPORT = (
    (
        patience.NotNow,
        "unreachable",
        "It was not asked, since it did not answer a moment ago or others wait for it already.",
        "See whether its addresses answer from this server, and how quickly.",
    ),
    (SSLError, "unreachable", "Its certificate for https can't be verified.", "Have it present a whole, valid chain."),
    (Timeout, "unreachable", "It did not answer in time.", "See whether its addresses answer from this server."),
    (
        InvalidURL,
        "unreachable",
        "One of its addresses leads into a private network, or nowhere.",
        "If that is right, name its origin in SSO_INTERNAL_ORIGINS.",
    ),
    (
        RequestException,
        "unreachable",
        "One of its addresses can't be reached, or answers with an error.",
        "See whether this server may reach it over https, and what the identity provider's own log says.",
    ),
)

# By the providers' error codes: those of RFC 6749 and OpenID Connect, and Entra's own numbers.
_HINTS = (
    (
        r"AADSTS7000222",
        "The client secret has expired at Entra: make a new one under Certificates & secrets and enter its Value.",
    ),
    (r"AADSTS7000215", "The client secret is wrong: enter the Value that Entra shows once, not the Secret ID."),
    (r"AADSTS50105|access_denied", "Assign the person to the application there; or they cancelled."),
    (r"AADSTS(50011|500113)|redirect_uri", "Enter the connection's Redirect URI at the identity provider, exactly."),
    (r"AADSTS700016|unauthorized_client", "Compare the client ID, and that the application may use the code flow."),
    (r"secret.{0,40}expired|expired.{0,40}secret", "Make a new client secret there and enter it here."),
    (r"invalid_client", "The client ID or secret is wrong, or the secret has expired: enter a new one."),
    (r"invalid_grant", "The code was used twice or too late, or the Redirect URI differs from the one entered there."),
    (r"invalid_scope", "Allow the application the scopes openid, profile and email, and groups if it is offered."),
    (
        r"login_required|interaction_required|consent_required|AADSTS65001",
        "An administrator has to consent to the application there, or the person has to sign in there once.",
    ),
    (r"temporarily_unavailable|server_error", "Try again later; the identity provider's own log says more."),
)


def _hint(fact: str) -> str:
    return next((advice for pattern, advice in _HINTS if re.search(pattern, fact, re.IGNORECASE)), "")


def shortened(text: str) -> str:
    """Foreign text: truncated, on one line, and without email addresses."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 4 * MOST_CHARACTERS]).split())
    line = re.sub(r"[\w.+%-]+@(?=[\w-]+\.)", "…@", line)
    return line if len(line) <= MOST_CHARACTERS else f"{line[: MOST_CHARACTERS - 1]}…"


def listed(values: Iterable[str | None]) -> str:
    """The first few values, as received."""
    found = [shortened(value) for value in values if value]
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return f"{', '.join(found[:MOST_NAMED])}{more}" if found else "none"
