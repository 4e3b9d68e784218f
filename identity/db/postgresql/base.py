"""What `ENGINE` names: Django's own backend with patient connections."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import psycopg
from django.db import OperationalError
from django.db.backends.postgresql import base
from psycopg import IsolationLevel

from identity.db.postgresql.patience import PatientConnection
from identity.db.postgresql.probe import answers

DEFAULT_PORT = 5432

CHECK = 2.0  # seconds that a connection has to show that it works
QUIET = 2.0  # seconds for which nobody tries again to connect after a try that got no answer

_quiet_until = 0.0


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
            connection = _connected(conn_params)
        connection.longest = self.settings_dict.get("longest")
        return connection

    def is_usable(self) -> bool:
        """It answers at once, and takes writes as far as is known: who has met a standby looks for the primary."""
        if self.connection is None or self.connection.refuses_writes:
            return False
        with self.connection.at_most(CHECK):
            return super().is_usable()

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


def _is_any_there(addresses: list[tuple[str, int]], *, seconds: float) -> bool:
    """So many seconds for all of them. Where nobody knows an address, connecting shows it."""
    each = seconds / max(len(addresses), 1)
    return not addresses or any(answers(host, port, seconds=each) for host, port in addresses)


def _connected(conn_params: dict[str, Any]) -> PatientConnection:
    """While the server is silent only one request in a while waits for it; the others are refused at once."""
    global _quiet_until
    if time.monotonic() < _quiet_until:
        raise psycopg.OperationalError("the server did not answer a moment ago")
    try:
        return PatientConnection.connect(**conn_params)
    except psycopg.errors.ConnectionTimeout:
        _quiet_until = time.monotonic() + QUIET
        raise
