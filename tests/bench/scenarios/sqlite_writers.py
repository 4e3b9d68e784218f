"""SQLite, the default database: parallel writers wait for each other, none fails, nothing is lost."""

from __future__ import annotations

import time

from tests.bench import databases, payloads, servers
from tests.bench.client import Client, in_parallel
from tests.bench.measure import median
from tests.bench.registry import Result, Scale, Table, Target, scenario

WRITERS = 16


@scenario("sqlite_writers", "Sixteen parallel writers on SQLite")
def sqlite_writers(scale: Scale) -> Result:
    address, token = databases.sqlite()
    total = WRITERS * scale.writes

    def post(client: Client, number: int) -> tuple[int, float]:
        answer = client.send("POST", "/Users", payloads.user(f"writer{number}"))
        return answer.status, answer.seconds

    with servers.gatehouse(address, name="gatehouse-sqlite", workers=2, token=token) as server:
        started = time.perf_counter()
        answers = in_parallel([server.client() for _ in range(WRITERS)], post, range(total))
        seconds = time.perf_counter() - started
        with server.client() as client:
            stored = client.ok("GET", "/Users?count=0").json()["totalResults"]
    failed = sum(status != 201 for status, _ in answers)
    waits = sorted(seconds for _, seconds in answers)
    table = Table(
        f"{total:,} POSTs by {WRITERS} writers, two workers, every commit synced",
        ["seconds", "POSTs/s", "p50 ms", "slowest ms", "refused", "stored"],
        [[seconds, total / seconds, median(waits) * 1000, waits[-1] * 1000, failed, stored]],
    )
    met = failed == 0 and stored == total
    return Result(
        [table],
        [Target(f"SQLite, {WRITERS} writers", "no error, nothing lost", f"{failed} errors, {stored} of {total}", met)],
    )
