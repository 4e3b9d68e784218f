"""The keys of what is kept as a digest for good: they outlive SECRET_KEY, which may be rotated (R10).

A digest can't be made anew when its key changes, since what it is of is gone. So its keys are kept, sealed: a thief
with a database dump has them no more than SECRET_KEY.
"""

from __future__ import annotations

import hashlib
import hmac
import json

from django.conf import settings

from identity.core.encryption import seal, unseal
from identity.core.errors import Refused
from identity.models import SealedKeys

DELETIONS, RECOVERY_CODES = "deletions", "recovery codes"

# What each was salted with before its keys were kept.
_SALTS = {DELETIONS: "identity.DeletionRecord", RECOVERY_CODES: "identity.RecoveryCode"}


def keyed_digests(purpose: str, text: str) -> list[str]:
    """HMACs of `text`, by the key that new rows are written with first, then by those of older rows."""
    return [hmac.new(bytes.fromhex(key), text.encode(), hashlib.sha256).hexdigest() for key in _keys(purpose)]


def keep() -> None:
    """From now on, if they are not kept yet."""
    for purpose in _SALTS:
        _keys(purpose)


def _keys(purpose: str) -> list[str]:
    """In hex, the newest first. What no SECRET_KEY opens is passed over, and found again when its key is back."""
    found: list[str] = []
    for row in SealedKeys.objects.filter(purpose=purpose).order_by("-pk"):
        try:
            found += json.loads(unseal(row.sealed))
        except Refused:
            continue
    return found or _first(purpose)


def _first(purpose: str) -> list[str]:
    """As they were derived before they were kept, so that the rows of that time go on matching."""
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    keys = [_derived(_SALTS[purpose], secret).hex() for secret in secrets]
    SealedKeys.objects.create(purpose=purpose, sealed=seal(json.dumps(keys)))
    return keys


def _derived(salt: str, secret: str | bytes) -> bytes:
    """The key that Django's salted_hmac makes of a secret."""
    text = secret.encode() if isinstance(secret, str) else secret
    return hashlib.sha256(salt.encode() + text).digest()
