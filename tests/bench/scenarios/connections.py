"""Persistent connections or the psycopg pool, on our own requests."""

from __future__ import annotations

import os
from contextlib import ExitStack

from tests.bench import databases, servers
from tests.bench.client import in_parallel
from tests.bench.measure import median, taking_turns
from tests.bench.processes import Server
from tests.bench.registry import Result, Scale, Table, scenario
from tests.bench.scenarios.everyday import Send, requests

CLIENTS = 16
MODES = ("persistent", "persistent, no health check", "persistent, nothing prepared", "pool", "one for each request")


@scenario("connections", "Connections to PostgreSQL: persistent or pooled")
def connections(scale: Scale) -> Result:
    address = databases.fresh("connections")
    databases.seed(address, "POST", "/Users", databases.payloads.user("user0000000"))
    wanted = requests(databases.scim_ids(address, 1))
    chosen = {name: wanted[name] for name in ("GET by id", "POST user")}
    with ExitStack() as stack:
        running = {mode: stack.enter_context(_in_mode(address, mode)) for mode in MODES}
        found = {name: _compare(send, running, scale) for name, send in chosen.items()}
        busy = _at_once(chosen["GET by id"], running, scale)
        opened = {mode: _opened(mode) for mode in MODES}
    rows = [
        [mode, *(values for name in chosen for values in found[name][mode]), busy[mode], opened[mode]] for mode in MODES
    ]
    heads = [f"{name}, {what} CPU ms" for name in chosen for what in ("server", "database")]
    columns = ["connections", *heads, f"GETs/s by {CLIENTS} clients", "open connections"]
    return Result([Table("One worker of 16 threads", columns, rows)])


def _in_mode(address: str, mode: str):
    # The name of the connection is how pg_stat_activity tells the servers apart.
    return servers.gatehouse(
        address,
        name=f"gatehouse-{MODES.index(mode)}",
        DJANGO_SETTINGS_MODULE="tests.bench.variants",
        BENCH_CONNECTIONS=mode,
        PGAPPNAME=f"bench-{MODES.index(mode)}",
        PYTHONPATH=os.environ.get("PYTHONPATH", ""),
    )


def _compare(send: Send, running: dict[str, Server], scale: Scale) -> dict[str, tuple[float, float]]:
    """Server and database CPU of a request in each mode, in turns."""
    database: dict[str, list[float]] = {mode: [] for mode in running}

    def block(mode: str) -> float:
        before = databases.cpu_seconds()
        own = running[mode].cpu_per_request(send, scale.block)
        database[mode].append((databases.cpu_seconds() - before) * 1000 / scale.block)
        return own

    found = taking_turns(scale.rounds, {mode: (lambda mode=mode: block(mode)) for mode in running})
    return {mode: (median(found[mode]), median(database[mode][1:])) for mode in running}


def _at_once(send: Send, running: dict[str, Server], scale: Scale) -> dict[str, float]:
    """Answers a second to sixteen clients at the same time."""
    total = scale.block * 4

    def block(server: Server) -> float:
        clients = [server.client() for _ in range(CLIENTS)]
        started = databases.time.perf_counter()
        in_parallel(clients, lambda client, _: send(client), range(total))
        return total / (databases.time.perf_counter() - started)

    found = taking_turns(
        scale.rounds, {mode: (lambda server=server: block(server)) for mode, server in running.items()}
    )
    return {mode: median(values) for mode, values in found.items()}


def _opened(mode: str) -> int:
    with databases.connect() as connection:
        name = f"bench-{MODES.index(mode)}"
        row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [name]).fetchone()
    return int(row[0]) if row else 0
