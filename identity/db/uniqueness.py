"""What must be unique is kept by the database (SR-6); the loser of a race reads a sentence, not an error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from identity.core.errors import Taken


@contextmanager
def taken_when(sentence: str) -> Iterator[None]:
    """Writes in the block that meet a unique constraint raise Taken; the transaction around stays usable."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise Taken(sentence) from error
