"""Secrets the portal must be able to read back: encrypted at rest with keys derived from SECRET_KEY.

A stolen database dump has the rows but not the key (docs/design/security.md). SECRET_KEY_FALLBACKS decrypt what
an earlier key encrypted.
"""

from __future__ import annotations

import base64
import hashlib
from enum import Enum

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from identity.core.errors import Refused
from identity.core.refusals import Refusal

_PURPOSE = b"gatehouse.identity.sealing"


def seal(text: str) -> str:
    """The storable form of a secret; empty for an empty one."""
    return _box().encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """The secret in plain text. Raises Refused when no known SECRET_KEY decrypts it."""
    if not sealed:
        return ""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Refused(
            Refusal.SEALED_WITH_ANOTHER_KEY(),
            code="sealed_with_another_key",
        ) from error


class State(Enum):
    """Which key encrypted a value: the current one, one of SECRET_KEY_FALLBACKS, or an unknown one."""

    CURRENT = "current"
    OLD = "old"
    LOST = "lost"


def state_of(sealed: str) -> State:
    for number, key in enumerate((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)):
        try:
            _fernet(key).decrypt(sealed.encode())
        except InvalidToken:
            continue
        return State.OLD if number else State.CURRENT
    return State.LOST


def reseal(sealed: str) -> str:
    """The same value encrypted with the current key; what can't be decrypted stays as it is."""
    return sealed if state_of(sealed) is State.LOST else _box().rotate(sealed.encode()).decode()


def _box() -> MultiFernet:
    return MultiFernet([_fernet(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _fernet(secret_key: str | bytes) -> Fernet:
    key = secret_key.encode() if isinstance(secret_key, str) else secret_key
    return Fernet(
        base64.urlsafe_b64encode(hashlib.blake2b(_PURPOSE, key=hashlib.sha512(key).digest(), digest_size=32).digest())
    )
