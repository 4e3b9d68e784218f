"""What can come in between: a statement that the database does not take, or somebody else right after one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection

GONE = "server closed the connection: SELECT secret FROM identity_user"


@contextmanager
def failing(part: str, *, times: int = 1_000, error: type[Exception] = OperationalError) -> Iterator[list[str]]:
    """Statements with this in them fail, the first so many of them; those that did."""
    failed: list[str] = []

    def fail(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if part in sql and len(failed) < times:
            failed.append(sql)
            raise error(GONE)
        return execute(sql, *rest)

    with connection.execute_wrapper(fail):
        yield failed


@contextmanager
def beaten(part: str, *, times: int = 1_000) -> Iterator[list[str]]:
    """The first so many inserts with this in them find that somebody else made the very same row; those that did."""
    failed: list[str] = []

    def insert_twice(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if part in sql and len(failed) < times:
            failed.append(sql)
            execute(sql, *rest)
        return execute(sql, *rest)

    with connection.execute_wrapper(insert_twice):
        yield failed


@contextmanager
def after(part: str, act: Callable[[], Any], *, number: int = 1) -> Iterator[None]:
    """Right after the statement of this number with this in it, somebody else does something."""
    seen = 0

    def watch(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        nonlocal seen
        answer = execute(sql, *rest)
        if part in sql:
            seen += 1
            if seen == number:
                act()
        return answer

    with connection.execute_wrapper(watch):
        yield
    assert seen >= number, f"only {seen} statements with {part}"
