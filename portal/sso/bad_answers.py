"""What is wrong with an answer, and how an administrator fixes it: for the log and the connection test."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from requests import RequestException
from requests.exceptions import InvalidURL, SSLError, Timeout

from identity.core.words import Sentence
from portal.sso import patience
from portal.sso.words import Advice, Fact

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
    advice = Advice.START_AGAIN()

    def __init__(self) -> None:
        super().__init__(Fact.NOT_BEGUN_HERE())


class RefusedThere(BadAnswer):
    """The identity provider itself refused the sign-in, and says why."""

    code = "refused_there"

    def __init__(self, *said: str) -> None:
        reason = ": ".join(filter(None, (shortened(text) for text in said)))
        super().__init__(Fact.REFUSED_THERE(reason=reason or Fact.NO_REASON()))


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a sign-in failed, for those who can fix it."""

    code: str
    fact: str
    advice: str


def cause_of(exception: BaseException) -> Cause:
    """For other libraries' exceptions only the class, since their texts may quote secrets."""
    if isinstance(exception, BadAnswer):
        fact = exception.args[0]
        fact = fact if isinstance(fact, Sentence) else shortened(str(exception))
        return Cause(exception.code, fact, exception.advice or _hint(fact))
    if isinstance(exception, PermissionDenied):  # allauth's, for a state unknown to this session
        return cause_of(NotAskedHere())
    for kind, code, fact, advice in _TRANSPORT:
        if isinstance(exception, kind):
            return Cause(code, fact, advice)
    return Cause("bad_answer", Fact.UNREADABLE(kind=type(exception).__name__), "")


_TRANSPORT = (
    (
        patience.NotNow,
        "unreachable",
        Fact.NOT_ASKED(),
        Advice.SEE_HOW_QUICKLY(),
    ),
    (SSLError, "unreachable", Fact.BAD_CERTIFICATE(), Advice.WHOLE_CHAIN()),
    (Timeout, "unreachable", Fact.TOO_SLOW(), Advice.SEE_WHETHER_IT_ANSWERS()),
    (
        InvalidURL,
        "unreachable",
        Fact.PRIVATE_ADDRESS(),
        Advice.INTERNAL_ORIGINS(),
    ),
    (
        RequestException,
        "unreachable",
        Fact.UNREACHABLE(),
        Advice.REACH_OVER_HTTPS(),
    ),
)

# By the providers' error codes: those of RFC 6749 and OpenID Connect, and Entra's own numbers.
_HINTS = (
    (
        r"AADSTS7000222",
        Advice.ENTRA_SECRET_EXPIRED(),
    ),
    (r"AADSTS7000215", Advice.ENTRA_SECRET_WRONG()),
    (r"AADSTS50105|access_denied", Advice.ASSIGN_PERSON()),
    (r"AADSTS(50011|500113)|redirect_uri", Advice.REDIRECT_URI()),
    (r"AADSTS700016|unauthorized_client", Advice.CODE_FLOW()),
    (r"secret.{0,40}expired|expired.{0,40}secret", Advice.NEW_SECRET()),
    (r"invalid_client", Advice.CLIENT_WRONG()),
    (r"invalid_grant", Advice.CODE_USED()),
    (r"invalid_scope", Advice.SCOPES()),
    (
        r"login_required|interaction_required|consent_required|AADSTS65001",
        Advice.CONSENT(),
    ),
    (r"temporarily_unavailable|server_error", Advice.LATER()),
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
