"""A progress bar for people: on a terminal only, and never in the output."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def progress(rows: Iterable[T], *, total: int, unit: str) -> Iterable[T]:
    """The rows; shows on standard error, if it is a terminal, how many are done."""
    bar: Iterable[T] = tqdm(rows, total=total, unit=f" {unit}", disable=None, file=sys.stderr, leave=False)
    return bar
