"""State carried from one request to the next by the page, signed."""

from __future__ import annotations

from typing import Any

from django.core import signing
from django.core.exceptions import BadRequest


def sealed(state: Any, *, what: str) -> str:
    """For a page to send back; `what`: its kind, so that no kind is accepted as another."""
    return signing.dumps(state, salt=what, compress=True)


def unsealed(text: str, *, what: str) -> Any:
    """What a page sends back. Raises BadRequest for anything that was not signed here."""
    try:
        return signing.loads(text, salt=what)
    except signing.BadSignature as error:
        raise BadRequest(f"This is no {what} that began here. Open the page anew.") from error
