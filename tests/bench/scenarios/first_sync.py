"""The first sync of a directory, four requests at a time, by Gatehouse and its peers.

Entra ID adds members one PATCH each ("if you have 300 users all in the same group, Azure sends 300 PATCHes to
that group", grokability/snipe-it pull request 19115); others, such as Okta, send them in batches. Both are run.
"""

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
TIMES_STOCK = 3.0

T = TypeVar("T")

OURS, STOCK, MEMORY, NODE = "Gatehouse", "django-scim2", "scim2-server", "scimmy-routers"


@dataclass(frozen=True, slots=True)
class Style:
    """How an identity provider fills groups: `batch` members a PATCH; `everyone`: one group has all people."""

    title: str
    batch: int
    everyone: bool


ENTRA = Style("as Entra ID does it, one member a request", batch=1, everyone=False)
BATCHES = Style("with members in batches of 200, and one more group of everybody", batch=200, everyone=True)


@dataclass(slots=True)
class Sync:
    """One server's sync, in chunks: match and POST each person; match, POST, read and fill each group and read it."""

    server: Server
    style: Style
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
        if self.style.everyone:
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
            self._fill(client, self.everyone, ids)

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
        for batch in (ids[first : first + self.style.batch] for first in range(0, len(ids), self.style.batch)):
            self._send(client, "PATCH", f"/Groups/{group}", payloads.add_members(batch))

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
    result = _compared(scale, ENTRA)
    result.targets.extend(_targets(result.tables[0]))
    batches = _compared(scale, BATCHES)
    return Result([*result.tables, *batches.tables], result.targets, result.notes, [*result.charts, *batches.charts])


def _compared(scale: Scale, style: Style) -> Result:
    notes: list[str] = []
    with ExitStack() as stack:
        syncs: dict[str, Sync] = {}
        for name, opener in _openers().items():
            try:
                server = stack.enter_context(opener())
            except Skipped as reason:
                notes.append(f"{reason}.")
                continue
            syncs[name] = Sync(server, style, scale.sync_users // CHUNKS, max(1, scale.sync_groups // CHUNKS))
        for chunk in range(CHUNKS):
            for sync in syncs.values():
                sync.step(chunk)
    table = Table(
        f"{scale.sync_users:,} users and {scale.sync_groups} groups, {CONCURRENCY} at a time, {style.title}",
        ["server", "seconds", "requests/s", "server CPU ms/request", "database CPU ms/request"],
        [sync.row(name) for name, sync in syncs.items()],
        "Gatehouse and django-scim2: two workers on PostgreSQL. The other two keep everything in the memory of one "
        "process, lose it when it ends, and write no audit trail.",
    )
    values = {"": [sync.requests / sync.seconds for sync in syncs.values()]}
    return Result([table], [], notes, [Chart("bars", f"First sync, {style.title}", "requests/s", list(syncs), values)])


def _targets(table: Table) -> list[Target]:
    seconds = {str(row[0]): float(str(row[1])) for row in table.rows}
    times = {name: each / seconds[OURS] for name, each in seconds.items()}
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
    return targets
