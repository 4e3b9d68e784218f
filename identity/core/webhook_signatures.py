"""Signatures of webhooks, as Standard Webhooks 1.0.0 has them (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
_RANDOM_BYTES = 32


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(_RANDOM_BYTES)).decode()


def signature(secret: str, *, uid: str, at: int, body: bytes) -> str:
    """Of this body, sent at this second under this id."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    mac = hmac.new(key, f"{uid}.{at}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(mac.digest()).decode()}"


def signed_headers(keys: Sequence[str], *, uid: str, at: int, body: bytes) -> dict[str, str]:
    """A signature by each key: while a secret is exchanged, a receiver may know either."""
    return {
        "webhook-id": uid,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signature(key, uid=uid, at=at, body=body) for key in keys),
    }
