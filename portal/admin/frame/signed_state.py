"""Long work in parts: what was found so far, carried from one request to the next by the page, signed."""

from __future__ import annotations

from typing import Any

from django.core import signing
from django.core.exceptions import BadRequest

from identity.queries.in_parts import InParts


def signed(work: InParts[Any], *, what: str) -> str:
    """For a page to send back, empty when nothing remains; `what`: its kind, so that none is accepted as another."""
    return "" if work.is_done else signing.dumps(work.so_far, salt=what, compress=True)


def verified(text: str, *, what: str) -> Any:
    """What a page sends back. Raises BadRequest for anything that was not signed here."""
    try:
        return signing.loads(text, salt=what)
    except signing.BadSignature as error:
        raise BadRequest(f"This is no {what} that began here. Open the page anew.") from error
