"""The keys of permanent digests: they outlive SECRET_KEY, which may be rotated (R10).

A digest can't be recomputed when its key changes, since its input is gone. So the keys are stored, encrypted: a
stolen database dump reveals them no more than SECRET_KEY.
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

# The salt of each before its keys were stored.
_SALTS = {DELETIONS: "identity.DeletionRecord", RECOVERY_CODES: "identity.RecoveryCode"}


def keyed_digests(purpose: str, text: str) -> list[str]:
    """HMACs of `text`, first by the key used for new rows, then by those of older rows."""
    return [hmac.new(bytes.fromhex(key), text.encode(), hashlib.sha256).hexdigest() for key in _keys(purpose)]


def keep() -> None:
    """Store the keys from now on, unless they already are."""
    for purpose in _SALTS:
        _keys(purpose)


def _keys(purpose: str) -> list[str]:
    """In hex, newest first. Keys that no SECRET_KEY decrypts are skipped, and found again when it is back."""
    found: list[str] = []
    for row in SealedKeys.objects.filter(purpose=purpose).order_by("-pk"):
        try:
            found += json.loads(unseal(row.sealed))
        except Refused:
            continue
    return found or _first(purpose)


def _first(purpose: str) -> list[str]:
    """The keys as derived before they were stored, so that rows of that time still match."""
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    keys = [_derived(_SALTS[purpose], secret).hex() for secret in secrets]
    SealedKeys.objects.create(purpose=purpose, sealed=seal(json.dumps(keys)))
    return keys


def _derived(salt: str, secret: str | bytes) -> bytes:
    """The key that Django's salted_hmac derives from a secret."""
    text = secret.encode() if isinstance(secret, str) else secret
    return hashlib.sha256(salt.encode() + text).digest()
