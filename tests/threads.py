"""Calls at the same moment, each on a connection of its own."""

import threading
from collections.abc import Callable, Iterable
from typing import Any

from django.db import DatabaseError, OperationalError, connection, transaction

from identity.core.errors import GatehouseError

DEADLOCK = "40P01"


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run these in threads that start together; each one's result, or the refusal it met."""
    barrier = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(number: int) -> None:
        try:
            barrier.wait(10)
            results[number] = as_the_door_does(calls[number])
        except (GatehouseError, DatabaseError) as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [found for found in results if isinstance(found, DatabaseError)] == []
    return results


class Unfinished:
    """A change that is made in a transaction of somebody else's, which stays open until `end()`."""

    def __init__(self, change: Callable[[], Any], *, commits: bool = True) -> None:
        self._change, self._commits, self.result = change, commits, None
        self._made, self._may_end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            with transaction.atomic():
                self.result = self._change()
                self._made.set()
                self._may_end.wait(60)
                transaction.set_rollback(not self._commits)
        finally:
            connection.close()

    def __enter__(self) -> "Unfinished":
        self._thread.start()
        assert self._made.wait(60)
        return self

    def end(self) -> None:
        self._may_end.set()
        self._thread.join(60)

    def __exit__(self, *_: object) -> None:
        self.end()


def as_the_door_does(call: Callable[[], Any]) -> Any:
    """Deadlocks are begun anew (SR-40)."""
    for _ in range(3):
        try:
            return call()
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != DEADLOCK:
                raise
    return call()


def kinds(results: Iterable[Any]) -> list[str]:
    return sorted(type(found).__name__ for found in results)
