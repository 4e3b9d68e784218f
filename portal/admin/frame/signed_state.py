"""What one request has found and the next one goes on from: the page carries it, signed."""

from __future__ import annotations

from typing import Any

from django.core import signing
from django.core.exceptions import BadRequest


def sealed(state: Any, *, what: str) -> str:
    """For a page to send back; `what`: of which kind, since none is taken for another."""
    return signing.dumps(state, salt=what, compress=True)


def unsealed(text: str, *, what: str) -> Any:
    """What a page sends back. Raises BadRequest for anything that was not made here."""
    try:
        return signing.loads(text, salt=what)
    except signing.BadSignature as error:
        raise BadRequest(f"This is no {what} that began here. Open the page anew.") from error
