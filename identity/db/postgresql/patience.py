"""A connection that doesn't wait for an unresponsive server.

`statement_timeout` is enforced by the server, which can't while frozen; `tcp_user_timeout` by the kernel, and only
ends what the other host's kernel no longer acknowledges. So the waiting side watches the clock as well.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

from identity.db.postgresql.probe import Shared, answers

R = TypeVar("R")

ASK_AFTER = 5.0  # seconds of waiting for an answer until the server is asked whether it is there, and again
ASK_FOR = 2.0

_is_there = Shared(lambda host, port: answers(host, port, seconds=ASK_FOR), seconds=ASK_FOR)


class PatientConnection(psycopg.Connection[Any]):
    """Waits for an answer while the server is there, and never longer than `longest` seconds."""

    longest: float | None = None
    refuses_writes = False  # it said so: it leads to a standby, or to a primary that was demoted

    @contextmanager
    def at_most(self, seconds: float) -> Iterator[None]:
        """Each statement in the block has so many seconds, or fewer if it had."""
        before = self.longest
        self.longest = seconds if before is None else min(before, seconds)
        try:
            yield
        finally:
            self.longest = before

    def wait(self, gen: PQGen[R], *rest: Any, **more: Any) -> R:
        try:
            return super().wait(self._patiently(gen), *rest, **more)
        except psycopg.errors.ReadOnlySqlTransaction:
            self.refuses_writes = True
            raise

    def _patiently(self, gen: PQGen[R]) -> Generator[Any, Any, R]:
        """psycopg sends what is ready, and nothing after each interval (0.1 s) in which nothing was."""
        began = time.monotonic()
        asks_at = began + ASK_AFTER
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and (now := time.monotonic()) > asks_at:
                    self._go_on_waiting()
                    asks_at = now + ASK_AFTER
                if not ready and self.longest is not None and now - began > self.longest:
                    self._give_up(f"no answer within {self.longest:g} s")
                wanted = gen.send(ready)
        except StopIteration as done:
            result: R = done.value
            return result

    def _go_on_waiting(self) -> None:
        if not _is_there(self.info.hostaddr or self.info.host, self.info.port):
            self._give_up("the server is not there any more")

    def _give_up(self, why: str) -> None:
        self.pgconn.finish()
        raise psycopg.OperationalError(f"connection given up: {why}")
