"""Which passwords are strong enough: long, not leaked before, and not made of words easy to guess here.

The lists ship with zxcvbn (30,000 leaked passwords, names, words from Wikipedia, films and keyboards), which also
knows years, repetitions, and letters written as digits. Nothing is sent over the network.
"""

from __future__ import annotations

import re
import string
from typing import Any

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from zxcvbn import zxcvbn

from identity.models import User

# By zxcvbn's estimate. The portal limits guesses and hashes slowly; requiring more would refuse good passwords.
GUESSES = 10**7
GUESSES_OF_THE_WORD = 10**5  # a leaked password, with similar-looking letters and digits
LOOKED_AT = 72  # characters; zxcvbn accepts no more
SHORTEST_WORD = 3
PRODUCT = "gatehouse"

_AROUND = string.digits + string.punctuation + string.whitespace
_WORDS = re.compile(r"[^\W\d_]+")


class MinimumLength(password_validation.MinimumLengthValidator):
    """Django's, in the portal's words."""

    def get_error_message(self) -> str:
        return self.get_help_text()

    def get_help_text(self) -> str:
        return f"Use at least {self.min_length} characters."


class HardToGuess:
    """Neither common, nor a word from this portal, its company or its owner followed by a year."""

    def validate(self, password: str, user: Any = None) -> None:
        words = context_words(user if isinstance(user, User) else None)
        text = password[:LOOKED_AT]
        rest = without(words, text)
        word = text.strip(_AROUND)
        is_leaked_word = bool(word) and _guesses(word, words) < GUESSES_OF_THE_WORD
        if is_leaked_word or _guesses(text, words) < GUESSES or not any(map(str.isalpha, rest)):
            raise ValidationError(self.get_help_text(), code="password_guessable")

    def get_help_text(self) -> str:
        return "Avoid common passwords, names and years; several unrelated words are good."


def context_words(user: User | None) -> list[str]:
    """What an attacker would try first here: the product, the portal's host name, the user's own names."""
    host = (settings.PUBLIC.hostname or "").rpartition(".")[0]  # without the top-level domain
    texts = [PRODUCT, host]
    if user is not None:
        name, _, domain = (user.email or "").partition("@")
        texts += [user.username.partition("@")[0], name, domain.rpartition(".")[0], user.first_name, user.last_name]
    found = {word.casefold() for text in texts for word in _WORDS.findall(text)}
    return sorted(word for word in found if len(word) >= SHORTEST_WORD)


def without(words: list[str], text: str) -> str:
    """The rest of a password without these words, and the separators between them."""
    left = text.casefold()
    for word in sorted(words, key=len, reverse=True):
        left = left.replace(word, "")
    return text if left == text.casefold() else "".join(char for char in left if char.isalnum())


def _guesses(text: str, words: list[str]) -> float:
    return float(zxcvbn(text, user_inputs=words)["guesses"])
