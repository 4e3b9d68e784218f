"""The demo's story takes place over the last weeks: while it runs, the portal's clock shows those times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo

from django.utils import timezone


class Clock:
    """Replaces `datetime` where `django.utils.timezone.now` looks it up: every row's time comes from there."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC)

    def now(self, tz: tzinfo | None = None) -> datetime:
        return self.moment.astimezone(tz)

    def __instancecheck__(self, value: object) -> bool:
        """Templates check values against that module's datetime."""
        return isinstance(value, datetime)


@contextmanager
def told_in_the_past() -> Iterator[Clock]:
    """A clock that shows what it was set to, in this process only, until the block ends."""
    clock = Clock()
    real = vars(timezone)["datetime"]
    vars(timezone)["datetime"] = clock
    try:
        yield clock
    finally:
        vars(timezone)["datetime"] = real
