"""Loops that assert: over fewer things than the test claims they would prove less, and over none nothing."""

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def each(things: Iterable[T], *, at_least: int) -> list[T]:
    """All of them, for a loop over what is computed; tests/test_loops.py asks for it."""
    found = list(things)
    assert len(found) >= at_least, f"{len(found)} instead of {at_least} or more: {found}"
    return found
