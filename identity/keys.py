"""Canonical keys: how usernames, emails and group names are compared (SR-6, SR-7, L11).

The shown form is kept as given; the key decides equality and is unique in the database.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from identity.errors import InvalidValue

MAX_LENGTH = 255

_HIDDEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)  # Default_Ignorable_Code_Point beyond the categories below, and the blank of Braille
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_REFUSED_IN_NAMES = frozenset({"Cc", "Cf", "Co", "Cn", "Cs"})
_REFUSED_IN_LABELS = frozenset({"Cc", "Cs"})
_UNSEEN = frozenset({"Cc", "Cf", "Cs"})


def fold(text: str) -> str:
    """NFKC → casefold → NFKC: equal for every spelling that people read as the same."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


@lru_cache(maxsize=1024)  # one request asks for the same few many times
def name_key(text: str, attribute: str) -> str:
    """The key of a userName or email; InvalidValue names the attribute and what is wrong with it."""
    _refuse_length(text, attribute)
    if " ".join(text.split()) != text:
        raise InvalidValue(attribute, "must not begin or end with white space, or repeat it")
    if any(unicodedata.category(char) in _REFUSED_IN_NAMES for char in text) or _HIDDEN.search(text):
        raise InvalidValue(attribute, "contains a control, invisible or unassigned character")
    return _checked(fold(text), attribute)


def label_key(text: str, attribute: str) -> str:
    """The key of a group name: looser than a username, since nobody signs in with it (SR-7)."""
    _refuse_length(text, attribute)
    if shows_nothing(text):
        raise InvalidValue(attribute, "shows nothing")
    if any(unicodedata.category(char) in _REFUSED_IN_LABELS for char in text) or _BIDI.search(text):
        raise InvalidValue(attribute, "contains a control or text-direction character")
    return _checked(fold(text).strip(), attribute)


def shows_nothing(text: str) -> bool:
    """Whether people see no character of it, as of a zero-width space."""
    return all(char.isspace() or unicodedata.category(char) in _UNSEEN or _HIDDEN.match(char) for char in text)


def email_key(text: str | None, attribute: str = "emails.value") -> str | None:
    """The key of an email address, None for none."""
    return name_key(text, attribute) if text else None


def opaque(text: str | None, attribute: str) -> str | None:
    """An identifier that is only ever compared as it is (externalId, SR-2)."""
    if not text:
        return None
    if len(text) > MAX_LENGTH:
        raise InvalidValue(attribute, f"is longer than {MAX_LENGTH} characters")
    if any(unicodedata.category(char) in _REFUSED_IN_LABELS for char in text):
        raise InvalidValue(attribute, "contains a control character")
    return text


def plain(text: str, attribute: str, *, limit: int = MAX_LENGTH) -> str:
    """Text that people read, such as a first name: stripped, of at most `limit` characters, in one line."""
    text = text.strip()
    if len(text) > limit:
        raise InvalidValue(attribute, f"is longer than {limit} characters")
    if any(unicodedata.category(char) in _REFUSED_IN_LABELS for char in text):
        raise InvalidValue(attribute, "contains a control character")
    return text


def label_or(text: str, otherwise: str, *, limit: int = 100) -> str:
    """What something is called, `otherwise` when nobody said so that it shows."""
    return otherwise if shows_nothing(text) else plain(text, "label", limit=limit)


def _refuse_length(text: str, attribute: str) -> None:
    if not text.strip():
        raise InvalidValue(attribute, "must not be empty")
    if len(text) > MAX_LENGTH:
        raise InvalidValue(attribute, f"is longer than {MAX_LENGTH} characters")


def _checked(key: str, attribute: str) -> str:
    if not key or len(key) > MAX_LENGTH:
        raise InvalidValue(attribute, f"is empty or longer than {MAX_LENGTH} characters once normalised")
    return key
