"""Cursors (RFC 9865): a signed position in an order, so that every page is one index range, and the last of a
million is as cheap as the first. A cursor is bound to the query that issued it and expires.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.core import signing
from scim2_models import ExpiredCursorException, InvalidCursorException

TIMEOUT_SECONDS = 3600

# "~" is the one separator that is unreserved in URLs and does not occur in base64url (RFC 9865 section 2).
_signer = signing.TimestampSigner(sep="~", salt="scim.cursor")


def fingerprint(*parts: Any) -> str:
    """What a cursor is bound to: the provider, the endpoint, and the query's filter and order."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def write(position: Any, query: str) -> str:
    """A cursor for the page after a position."""
    return _signer.sign_object([query, position])


def read(cursor: str, query: str) -> Any:
    """The position in a cursor of this same query. Raises 400 `invalidCursor`, `expiredCursor`."""
    try:
        belongs_to, position = _signer.unsign_object(cursor, max_age=TIMEOUT_SECONDS)
    except signing.SignatureExpired as error:
        raise ExpiredCursorException(
            detail=f"The cursor is older than {TIMEOUT_SECONDS} seconds; start again without one."
        ) from error
    except (signing.BadSignature, ValueError) as error:
        raise _invalid() from error
    if belongs_to != query:
        raise _invalid()
    return position


def _invalid() -> InvalidCursorException:
    return InvalidCursorException(
        detail="The cursor is not one of this query; send the nextCursor of its last page, or an empty one first."
    )
