"""The database enforces uniqueness (SR-6); the loser of a race gets a sentence, not a server error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from identity.core.errors import Taken


@contextmanager
def taken_when(sentence: str) -> Iterator[None]:
    """Unique violations in the block raise Taken; the surrounding transaction stays usable."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise Taken(sentence) from error
