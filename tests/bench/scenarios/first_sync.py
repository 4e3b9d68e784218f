"""The first sync of a directory as Entra ID does it, four requests at a time, by Gatehouse and its peers."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import TypeVar

from tests.bench import databases, payloads, servers
from tests.bench.client import Answer, Client, in_parallel
from tests.bench.processes import Server
from tests.bench.registry import Chart, Result, Scale, Skipped, Table, Target, scenario

CONCURRENCY = 4
CHUNKS = 10
BATCH = 200
TIMES_STOCK = 3.0

T = TypeVar("T")

OURS, STOCK, MEMORY, NODE = "Gatehouse", "django-scim2", "scim2-server", "scimmy-routers"


@dataclass(slots=True)
class Sync:
    """One server's sync, in chunks, as Entra ID does it: match and POST each person; match, POST, read and fill
    each group and read it again. One group has everybody, as most companies' do; its people come in batches.
    """

    server: Server
    users: int
    groups: int
    ids: dict[int, str] = field(default_factory=dict)
    everyone: str = ""
    seconds: float = 0.0
    cpu: float = 0.0
    database_cpu: float = 0.0
    requests: int = 0

    def step(self, chunk: int) -> None:
        """The people of a chunk join everybody, then its groups come with a share of these people."""
        before = time.perf_counter(), self.server.cpu_seconds(), databases.cpu_seconds()
        people = range(chunk * self.users, (chunk + 1) * self.users)
        added = dict(self._share(self._add_person, people))
        self.ids |= added
        self._fill_everyone(list(added.values()))
        self._share(self._add_group, range(chunk * self.groups, (chunk + 1) * self.groups))
        self.seconds += time.perf_counter() - before[0]
        self.cpu += self.server.cpu_seconds() - before[1]
        self.database_cpu += databases.cpu_seconds() - before[2]

    def _share(self, work: Callable[[Client, int], T], items: range) -> list[T]:
        return in_parallel([self.server.client() for _ in range(CONCURRENCY)], work, items)

    def _send(self, client: Client, method: str, path: str, body: payloads.Document | None = None) -> Answer:
        self.requests += 1  # read when the threads are done; a lost count among thousands would not matter
        return client.ok(method, path, body)

    def _add_person(self, client: Client, number: int) -> tuple[int, str]:
        name = f"sync{number}"
        self._send(client, "GET", f"/Users?filter=userName%20eq%20%22{name}%40corp.example%22")
        return number, str(self._send(client, "POST", "/Users", payloads.user(name)).json()["id"])

    def _fill_everyone(self, ids: list[str]) -> None:
        with self.server.client() as client:
            self.everyone = self.everyone or self._create_group(client, "Everyone")
            for first in range(0, len(ids), BATCH):
                self._fill(client, self.everyone, ids[first : first + BATCH])

    def _add_group(self, client: Client, number: int) -> None:
        share = max(1, self.users // self.groups)
        first = (number * share) % max(1, len(self.ids) - share + 1)
        group = self._create_group(client, f"Team {number}")
        self._fill(client, group, list(self.ids.values())[first : first + share])
        self._send(client, "GET", f"/Groups/{group}")

    def _create_group(self, client: Client, name: str) -> str:
        wanted = name.replace(" ", "%20")
        self._send(client, "GET", f"/Groups?excludedAttributes=members&filter=displayName%20eq%20%22{wanted}%22")
        return str(self._send(client, "POST", "/Groups", payloads.group(name)).json()["id"])

    def _fill(self, client: Client, group: str, ids: list[str]) -> None:
        self._send(client, "GET", f"/Groups/{group}?excludedAttributes=members")
        self._send(client, "PATCH", f"/Groups/{group}", payloads.add_members(ids))

    def row(self, name: str) -> list[object]:
        each = 1000 / self.requests
        return [name, self.seconds, self.requests / self.seconds, self.cpu * each, self.database_cpu * each]


def _openers() -> dict[str, Callable[[], AbstractContextManager[Server]]]:
    return {
        OURS: lambda: servers.gatehouse(databases.fresh("sync"), workers=2),
        STOCK: lambda: servers.stock(workers=2),
        MEMORY: servers.scim2_server,
        NODE: servers.scimmy,
    }


@scenario("first_sync", "A first sync of a whole directory, side by side")
def first_sync(scale: Scale) -> Result:
    notes: list[str] = []
    with ExitStack() as stack:
        syncs: dict[str, Sync] = {}
        for name, opener in _openers().items():
            try:
                server = stack.enter_context(opener())
            except Skipped as reason:
                notes.append(f"{reason}.")
                continue
            syncs[name] = Sync(server, scale.sync_users // CHUNKS, max(1, scale.sync_groups // CHUNKS))
        for chunk in range(CHUNKS):
            for sync in syncs.values():
                sync.step(chunk)
    return _result(scale, syncs, notes)


def _result(scale: Scale, syncs: dict[str, Sync], notes: list[str]) -> Result:
    table = Table(
        f"{scale.sync_users:,} users and {scale.sync_groups} groups and one of everybody, {CONCURRENCY} at a time",
        ["server", "seconds", "requests/s", "server CPU ms/request", "database CPU ms/request"],
        [sync.row(name) for name, sync in syncs.items()],
        "Gatehouse and django-scim2: two workers on PostgreSQL. The other two keep everything in the memory of one "
        "process, lose it when it ends, and write no audit trail.",
    )
    times = {name: sync.seconds / syncs[OURS].seconds for name, sync in syncs.items()}
    targets = []
    if STOCK in times:
        ratio = times[STOCK]
        targets.append(
            Target("first sync", f"≥ {TIMES_STOCK:.0f} × stock django-scim2", f"{ratio:.2f} ×", ratio >= TIMES_STOCK)
        )
    if MEMORY in times:
        targets.append(Target("first sync", "ahead of scim2-server", f"{times[MEMORY]:.2f} ×", times[MEMORY] > 1))
    if NODE in times:
        targets.append(Target("first sync", "ratio to scimmy-routers, reported", f"{times[NODE]:.2f} ×", None))
    chart = Chart(
        "bars", "First sync", "requests/s", list(syncs), {"": [sync.requests / sync.seconds for sync in syncs.values()]}
    )
    return Result([table], targets, notes, [chart])
