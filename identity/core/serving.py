"""The request that is being served: its id is in log lines, audit events, the provisioning log and X-Request-Id."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Served:
    """`user_id` and `identity_provider_id` are set once the caller is authenticated.

    `has_written`: whether a transaction was committed for it; only kept where replicas are read.
    """

    request_id: str
    user_id: int | None = None
    identity_provider_id: int | None = None
    has_written: bool = False


_served: ContextVar[Served | None] = ContextVar("served", default=None)


def new_request_id() -> str:
    return secrets.token_hex(8)


def request_id() -> str:
    """The current request's id; a new one outside a request."""
    served = _served.get()
    return served.request_id if served else new_request_id()


def current() -> Served | None:
    return _served.get()


@contextmanager
def serving(served: Served) -> Iterator[None]:
    token = _served.set(served)
    try:
        yield
    finally:
        _served.reset(token)


def note_user(user_id: int | None) -> None:
    if served := _served.get():
        served.user_id = user_id


def note_identity_provider(provider_id: int) -> None:
    if served := _served.get():
        served.identity_provider_id = provider_id


def note_commit() -> None:
    if served := _served.get():
        served.has_written = True
