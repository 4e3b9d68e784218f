"""Canonical keys: how usernames, emails and group names are compared (SR-6, SR-7, L11).

The displayed form is kept as given; the key decides equality and is unique in the database.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from identity.core.errors import InvalidValue
from identity.core.refusals import Refusal

MAX_LENGTH = 255
LONGEST = 4_096
"""Longer input is not folded: no key, and no sensible search term, is that long."""
LONGEST_PILE = 30
"""Combining marks on one letter, as in stream-safe text (UAX #15, D4): ordering n of them takes n² steps."""

NO_KEY = "\x01"
"""Never equals a key: it contains a control character."""

_HIDDEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)  # Default_Ignorable_Code_Point beyond the categories below, and the blank Braille pattern
_ADDRESS = re.compile(r'[^\s@<>()\[\]{},;:"\\]+@[\w-]+(?:\.[\w-]+)*')
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_REFUSED_IN_NAMES = frozenset({"Cc", "Cf", "Co", "Cn", "Cs"})
_REFUSED_IN_LABELS = frozenset({"Cc", "Cs"})
_DECOMPOSED_TO_MARKS = frozenset("\u0f73\u0f75\u0f81\uff9e\uff9f")  # not marks themselves
_UNSEEN = frozenset({"Cc", "Cf", "Cs"})


def fold(text: str, attribute: str = "text") -> str:
    """NFKC → casefold → NFKC: equal for all spellings that people read as the same.

    Raises InvalidValue for input that would be slow to fold (SR-34); the length is checked before anything else.
    """
    if len(text) > LONGEST:
        raise InvalidValue(attribute, Refusal.TOO_LONG(most=LONGEST))
    if text.isascii():
        return text.lower()
    if _is_piled_up(text):
        raise InvalidValue(attribute, Refusal.PILED_UP(most=LONGEST_PILE))
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def sought(text: str) -> str:
    """A search term folded like a key; `NO_KEY` for one that can't match any key."""
    try:
        return fold(text.strip()).strip()
    except InvalidValue:
        return NO_KEY


def _is_piled_up(text: str) -> bool:
    pile = 0
    for char in text:
        pile = pile + 1 if unicodedata.combining(char) or char in _DECOMPOSED_TO_MARKS else 0
        if pile > LONGEST_PILE:
            return True
    return False


@lru_cache(maxsize=1024)  # one request repeats the same few values
def name_key(text: str, attribute: str) -> str:
    """The key of a userName or email; InvalidValue names the attribute and the problem."""
    _refuse_length(text, attribute)
    if " ".join(text.split()) != text:
        raise InvalidValue(attribute, Refusal.WHITE_SPACE())
    if any(unicodedata.category(char) in _REFUSED_IN_NAMES for char in text) or _HIDDEN.search(text):
        raise InvalidValue(attribute, Refusal.HIDDEN_CHARACTER())
    return _checked(fold(text, attribute), attribute)


def label_key(text: str, attribute: str) -> str:
    """The key of a group name: looser than a username, since it is not used to sign in (SR-7)."""
    _refuse_length(text, attribute)
    if shows_nothing(text):
        raise InvalidValue(attribute, Refusal.SHOWS_NOTHING())
    if any(unicodedata.category(char) in _REFUSED_IN_LABELS for char in text) or _BIDI.search(text):
        raise InvalidValue(attribute, Refusal.DIRECTION_CHARACTER())
    return _checked(fold(text, attribute).strip(), attribute)


def shows_nothing(text: str) -> bool:
    """Whether no character of it is visible, such as a zero-width space."""
    return all(char.isspace() or unicodedata.category(char) in _UNSEEN or _HIDDEN.match(char) for char in text)


def email_key(text: str | None, attribute: str = "emails.value") -> str | None:
    """The key of an email address, None if there is none."""
    return name_key(text, attribute) if text else None


def is_address(text: str) -> bool:
    """Whether it is shaped like an email address; `email_key` accepts anything, such as "n/a" (R2)."""
    return bool(_ADDRESS.fullmatch(text))


def opaque(text: str | None, attribute: str) -> str | None:
    """An identifier that is only ever compared as is (externalId, SR-2)."""
    if not text:
        return None
    if len(text) > MAX_LENGTH:
        raise InvalidValue(attribute, Refusal.TOO_LONG(most=MAX_LENGTH))
    if any(unicodedata.category(char) in _REFUSED_IN_LABELS for char in text):
        raise InvalidValue(attribute, Refusal.CONTROL_CHARACTER())
    return text


def plain(text: str, attribute: str, *, limit: int = MAX_LENGTH) -> str:
    """Text for people, such as a first name: stripped, at most `limit` characters, on one line."""
    text = text.strip()
    if len(text) > limit:
        raise InvalidValue(attribute, Refusal.TOO_LONG(most=limit))
    if any(unicodedata.category(char) in _REFUSED_IN_LABELS for char in text):
        raise InvalidValue(attribute, Refusal.CONTROL_CHARACTER())
    return text


def label_or(text: str, otherwise: str, *, limit: int = 100) -> str:
    """The display name, or `otherwise` when there is none or nothing of it is visible."""
    return otherwise if shows_nothing(text) else plain(text, "label", limit=limit)


def _refuse_length(text: str, attribute: str) -> None:
    if not text.strip():
        raise InvalidValue(attribute, Refusal.EMPTY())
    if len(text) > MAX_LENGTH:
        raise InvalidValue(attribute, Refusal.TOO_LONG(most=MAX_LENGTH))


def _checked(key: str, attribute: str) -> str:
    if not key or len(key) > MAX_LENGTH:
        raise InvalidValue(attribute, Refusal.TOO_LONG_NORMALISED(most=MAX_LENGTH))
    return key
