"""Secrets that are shown once and stored as a digest (SR-11, SR-23)."""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib

SCIM_PREFIX = "ghscim_"
ACCESS_PREFIX = "ghsat_"  # SCIM access tokens, which last an hour
API_PREFIX = "ghapi_"
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_LENGTH = 40  # 238 bits
_CHECKSUM_LENGTH = 6


def new_token(prefix: str) -> str:
    """Prefix + 40 random base62 characters + CRC-32 in base62, so that scanners and the server recognise typos."""
    body = "".join(secrets.choice(_BASE62) for _ in range(_RANDOM_LENGTH))
    return f"{prefix}{body}{_checksum(body)}"


def looks_like_token(text: str, prefix: str) -> bool:
    """Whether prefix, length and checksum fit; checked before the database is asked."""
    body = text.removeprefix(prefix)
    if body == text or len(body) != _RANDOM_LENGTH + _CHECKSUM_LENGTH or not body.isascii():
        return False
    return secrets.compare_digest(_checksum(body[:_RANDOM_LENGTH]), body[_RANDOM_LENGTH:])


def new_link_secret() -> str:
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """SHA-256 in hex: the secrets have at least 192 random bits, so no salt or stretching is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def hint(secret: str) -> str:
    """The part of a secret that a list may show."""
    return f"{secret.partition('_')[0]}_…{secret[-4:]}"


def _checksum(body: str) -> str:
    number, text = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_BASE62))
        text = _BASE62[digit] + text
    return text
