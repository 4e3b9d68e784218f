"""What `ENGINE` names: Django's own backend with patient connections."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper
from psycopg import IsolationLevel

from identity.core import serving
from identity.db import following, replica
from identity.db.postgresql.patience import PatientConnection
from identity.db.postgresql.probe import answers

DEFAULT_PORT = 5432

CHECK = 2.0  # seconds that a connection has to show that it works
QUIET = 2.0  # seconds before connecting is tried again after an attempt that got no answer

_CONFLICTS = {"40001", "40P01"}  # rows that a replica's query still needs are gone at its primary

_quiet_until: dict[str, float] = {}  # by alias


class DatabaseWrapper(base.DatabaseWrapper):
    """`longest` of settings' DATABASES is how many seconds a statement may take as seen from here; None: no limit."""

    @property
    def pool(self) -> Any:
        options = self.settings_dict["OPTIONS"]
        if given := options.get("pool"):
            options["pool"] = {"connection_class": PatientConnection} | (given if isinstance(given, dict) else {})
        return super().pool

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        if self.pool:
            connection = super().get_new_connection(conn_params)
        else:
            self.isolation_level = IsolationLevel.READ_COMMITTED  # what the locks are made for (identity.db.locks)
            connection = _connected(self.alias, conn_params)
        connection.longest = self.settings_dict.get("longest")
        return connection

    def is_usable(self) -> bool:
        """It answers at once, and takes writes as far as is known: who has met a standby looks for the primary."""
        if self.connection is None or self.connection.refuses_writes:
            return False
        with self.connection.at_most(CHECK):
            return super().is_usable()

    def commit(self) -> None:
        super().commit()
        if self.alias == DEFAULT_DB_ALIAS:
            serving.note_commit()

    def make_cursor(self, cursor: Any) -> CursorWrapper:
        return _ReplicaCursor(cursor, self) if self.alias == following.REPLICA else super().make_cursor(cursor)

    def make_debug_cursor(self, cursor: Any) -> CursorDebugWrapper:
        is_replica = self.alias == following.REPLICA
        return _ReplicaDebugCursor(cursor, self) if is_replica else super().make_debug_cursor(cursor)

    @contextmanager
    def promptly(self, seconds: float) -> Iterator[None]:
        """So many seconds for the server to be there, if there is no connection to it, and for each statement."""
        if self.connection is None and not self.pool and not _is_any_there(self._addresses(), seconds=seconds):
            raise OperationalError("the server is not there")
        self.ensure_connection()
        with self.connection.at_most(seconds):
            yield

    @contextmanager
    def in_time(self, *, reach: float, answer: float) -> Iterator[None]:
        """So many seconds for the server to be there, then so many for each statement in the block."""
        if self.connection is not None and not self._is_its_server_there(reach):
            self.close()  # another host may have taken over
        if self.connection is None and not _is_any_there(self._addresses(), seconds=reach):
            raise OperationalError("the server is not there")
        self.ensure_connection()
        with self.connection.at_most(answer):
            yield

    def _is_its_server_there(self, seconds: float) -> bool:
        if self.connection.closed:
            return False
        info = self.connection.info
        return answers(info.hostaddr or info.host, info.port, seconds=seconds)

    def _addresses(self) -> list[tuple[str, int]]:
        """Of all servers that may be the one; none where libpq has to find it."""
        parameters = self.get_connection_params()
        hosts = str(parameters.get("host", "")).split(",")
        ports = str(parameters.get("port", "") or DEFAULT_PORT).split(",")
        return [(host, int(port)) for host, port in zip(hosts, cycle(ports), strict=False) if host]


class _ReplicaCursor(CursorWrapper):
    """What a replica fails to answer, the primary is asked; and whatever the request reads after it."""

    def execute(self, sql: Any, params: Any = None) -> Any:
        wrapper: Any = self.db
        try:
            return super().execute(sql, params)
        except (OperationalError, InterfaceError) as error:
            if not _may_be_answered_elsewhere(wrapper, error):
                raise
            following.follower.failed(error)
        replica.stay_on_primary()
        self.db = connections[DEFAULT_DB_ALIAS]
        self.cursor = self.db.cursor()
        return self.cursor.execute(sql, params)


class _ReplicaDebugCursor(_ReplicaCursor, CursorDebugWrapper):
    """The same, and it counts."""


def _may_be_answered_elsewhere(wrapper: Any, error: Exception) -> bool:
    is_lost = wrapper.connection is None or wrapper.connection.closed
    return is_lost or getattr(error.__cause__, "sqlstate", None) in _CONFLICTS


def _is_any_there(addresses: list[tuple[str, int]], *, seconds: float) -> bool:
    """A limit in seconds for all of them. An unknown host name shows when connecting."""
    each = seconds / max(len(addresses), 1)
    return not addresses or any(answers(host, port, seconds=each) for host, port in addresses)


def _connected(alias: str, conn_params: dict[str, Any]) -> PatientConnection:
    """While the server is silent only one request in a while waits for it; the others are refused at once."""
    if time.monotonic() < _quiet_until.get(alias, 0.0):
        raise psycopg.OperationalError("the server did not answer a moment ago")
    try:
        return PatientConnection.connect(**conn_params)
    except psycopg.errors.ConnectionTimeout:
        _quiet_until[alias] = time.monotonic() + QUIET
        raise
