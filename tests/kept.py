"""What is dear to make and the same for all tests of a module is made once, and each test undoes what it did to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction


@contextmanager
def kept_for_the_module(django_db_blocker: Any) -> Iterator[None]:
    """For a fixture of a module: what it writes inside is there for its tests, and gone after them.

    Every test of that module sees it, asked for or not, from the first one on that asks.
    """
    around = transaction.atomic()
    around._from_testcase = True  # type: ignore[attr-defined]  # what has to begin a transaction of its own may
    with django_db_blocker.unblock(), around:
        yield
        transaction.set_rollback(True)
