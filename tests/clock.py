"""What time it is in a test: the one way to set it, to let it pass and to wait.

Each of `at`, `later` and `ago` is a block (`with clock.later(days=3):`) or a decorator of a test; they nest. Inside,
the clock of this process's Python shows another time and goes on from there. PostgreSQL's own clock, other programs
and the browser know nothing of it: what hangs on theirs is tried by `make odd-days`.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import time_machine
from django.utils import timezone


@contextmanager
def at(moment: str, *, stopped: bool = False) -> Iterator[None]:
    """It is `moment`, in UTC unless it names its offset: "2028-02-29 12:00"."""
    found = datetime.fromisoformat(moment)
    with _moved(found if timezone.is_aware(found) else timezone.make_aware(found), stopped=stopped):
        yield


@contextmanager
def later(*, stopped: bool = False, **passed: float) -> Iterator[None]:
    """So much time has passed: `later(days=3, hours=1)`."""
    with _moved(timezone.now() + timedelta(**passed), stopped=stopped):
        yield


@contextmanager
def ago(*, stopped: bool = False, **before: float) -> Iterator[None]:
    """What happens inside happened so long ago: `ago(weeks=2)`."""
    with _moved(timezone.now() - timedelta(**before), stopped=stopped):
        yield


@contextmanager
def stopped() -> Iterator[None]:
    """No time passes, not even at midnight."""
    with _moved(timezone.now(), stopped=True):
        yield


@contextmanager
def _moved(moment: datetime, *, stopped: bool) -> Iterator[None]:
    with time_machine.travel(moment, tick=not stopped):
        timezone.now()  # it goes from its first reading on
        yield


def wait(seconds: float) -> None:
    """Really wait, where other threads or programs need the time."""
    time.sleep(seconds)


def wait_until(condition: Callable[[], object], *, seconds: float = 20) -> bool:
    """Look until it is so, for so long at most; whether it came to be."""
    end = time.monotonic() + seconds
    while not (met := bool(condition())) and time.monotonic() < end:
        time.sleep(0.05)
    return met
