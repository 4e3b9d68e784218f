"""One-time codes from authenticator apps (RFC 6238 with SHA-1, six digits, 30 seconds: what every app supports)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time

PERIOD_SECONDS = 30
DIGITS = 6
DRIFT = 1  # steps either way: for clock drift and slow typing (section 5.2)


def new_secret() -> str:
    """160 random bits in base32, as RFC 4226 section 4 recommends."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def step_now() -> int:
    """The current time step."""
    return int(time.time()) // PERIOD_SECONDS


def code_at(secret: str, step: int) -> str:
    """The code of a time step (RFC 4226 section 5.3)."""
    digest = hmac.digest(base64.b32decode(secret, casefold=True), step.to_bytes(8, "big"), hashlib.sha1)
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_of(secret: str, code: str, *, after: int) -> int | None:
    """The time step of a code that is valid now; None if it is not, or if its step is not later than `after`.

    A code works once, and no code older than the last one works (section 5.2).
    """
    now = step_now()
    steps = [step for step in range(now - DRIFT, now + DRIFT + 1) if step > after]
    typed = "".join(code.split()).encode()
    found = [step for step in steps if hmac.compare_digest(code_at(secret, step).encode(), typed)]
    return found[0] if found else None
