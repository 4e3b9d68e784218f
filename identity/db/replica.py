"""Which database is read: the primary, or a replica that has caught up where slightly older data will do.

A door says `with reading(LISTS)`; the first read of the block decides for all of them. Whatever writes, locks or is in
a transaction is at the primary, and so is what must be current. Without DATABASE_REPLICA_URL nothing of this happens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.dispatch import Signal

from identity.db import following
from identity.db.following import REPLICA

PRIMARY = DEFAULT_DB_ALIAS
LOGS, EXPORTS, REPORTS, LISTS, SCIM = AREAS = ("logs", "exports", "reports", "lists", "scim")

# Never older than the last change: what decides who may do what, and work of other processes that a page waits for.
# Nor are other apps' rows: sessions, the shared cache with its throttles, tasks.
_CURRENT = {
    "identity.accesssettings",
    "identity.apitoken",
    "identity.scimtoken",
    "identity.scimtrust",
    "identity.ssoconnection",
    "identity.secondfactor",
    "identity.recoverycode",
    "identity.passkey",
    "identity.idempotentrequest",
    "identity.bulkrun",
    "identity.bulkrow",
    "identity.scheduledjob",
    "identity.scheduledrun",
    "identity.webhook",
    "identity.webhookdelivery",
}

chosen = Signal()
"""Sent with `outcome` (following.Outcome) when a request's reads have been decided about."""


class _Reads:
    """Those of one request, decided by the first."""

    def __init__(self) -> None:
        self._alias: str | None = None

    @property
    def alias(self) -> str:
        if self._alias is None:
            self._alias = PRIMARY  # what is asked to decide, and what fails meanwhile
            outcome = following.follower.decide()
            self._alias = REPLICA if outcome is following.Outcome.REPLICA else PRIMARY
            chosen.send(sender=None, outcome=outcome)
        return self._alias

    def stay(self) -> None:
        self._alias = PRIMARY


_reads: ContextVar[_Reads | None] = ContextVar("reads", default=None)


def is_there() -> bool:
    return REPLICA in connections.settings


@contextmanager
def reading(area: str) -> Iterator[None]:
    """What the block reads may come from the replica, where the operator lets this area (DATABASE_REPLICA_READS)."""
    if not is_there() or area not in settings.DATABASE_REPLICA_READS or _reads.get() is not None:
        yield
        return
    with _with(_Reads()):
        yield


@contextmanager
def _with(reads: _Reads | None) -> Iterator[None]:
    token = _reads.set(reads)
    try:
        yield
    finally:
        _reads.reset(token)


def kept_for(lines: Iterable[str]) -> Iterable[str]:
    """The same lines, produced with this block's choice after the block ends: a file is streamed after its request."""
    reads = _reads.get()
    return lines if reads is None else _made_with(reads, iter(lines))


def _made_with(reads: _Reads, lines: Iterator[str]) -> Iterator[str]:
    """A generator shares its caller's context: it is entered anew for each line."""
    while True:
        with _with(reads):
            line = next(lines, None)
        if line is None:
            return
        yield line


def stay_on_primary() -> None:
    """For the rest of the block: after a write, for what must not lag, and when the replica failed half-way."""
    if reads := _reads.get():
        reads.stay()


def alias() -> str:
    """Of the database that is to be read now."""
    reads = _reads.get()
    if reads is None or connections[PRIMARY].in_atomic_block:
        return PRIMARY
    return reads.alias


class _Connection:
    """The connection to read by, for SQL that no model is asked for; a stand-in for django.db.connection."""

    def __getattr__(self, name: str) -> Any:
        return getattr(connections[alias()], name)


connection: Any = _Connection()


class Router:
    """DATABASE_ROUTERS, where there is a replica. Rows of both databases are the same rows."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        meta = model._meta
        may_lag = meta.app_label == "identity" and meta.label_lower not in _CURRENT
        return alias() if may_lag else PRIMARY

    def db_for_write(self, model: Any, **hints: Any) -> str:
        stay_on_primary()
        return PRIMARY

    def allow_relation(self, *rows: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, *names: Any, **hints: Any) -> bool:
        return db != REPLICA
