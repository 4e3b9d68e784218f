"""Deletes many rows in batches, so that writers never wait for long."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import transaction

K = TypeVar("K")

ROWS_AT_ONCE = 5_000


def prune(find: Callable[[], list[K]], delete: Callable[[list[K]], int]) -> int:
    """Delete what `find` returns until it finds nothing, each batch in its own transaction; returns how many rows."""
    total = 0
    while True:
        with transaction.atomic():
            keys = find()
            total += delete(keys) if keys else 0
        if not keys:
            return total
