"""A progress bar for people who watch: on a terminal only, and never in what is printed."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def progress(rows: Iterable[T], *, total: int, unit: str) -> Iterable[T]:
    """The rows; on standard error, when that is a terminal, how many have been done."""
    bar: Iterable[T] = tqdm(rows, total=total, unit=f" {unit}", disable=None, file=sys.stderr, leave=False)
    return bar
