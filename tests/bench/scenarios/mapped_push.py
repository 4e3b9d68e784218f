"""Pushing a group of 10,000 that is mapped to a portal group."""

from __future__ import annotations

from tests.bench import databases, payloads, probe, servers
from tests.bench.client import Client
from tests.bench.measure import forget_peak, median, peak_megabytes, resident_megabytes
from tests.bench.registry import Result, Scale, Table, Target, scenario

SECONDS = 2.0
MEGABYTES = 100.0


@scenario("mapped_push", "A mapped group of 10,000 is pushed")
def mapped_push(scale: Scale) -> Result:
    address = databases.people(100_000)
    ids = databases.scim_ids(address, scale.push)
    with servers.gatehouse(address) as server, server.client() as client:
        group = str(client.ok("POST", "/Groups", payloads.group("Everyone", ids[:1])).json()["id"])
        _map(address, group)
        worker = server.workers()[0]
        steps = {"all join": ids, "nothing changes": ids, "all but one leave": ids[:1]}
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
        for _ in range(max(3, scale.rounds // 3)):
            for name, members in steps.items():
                found[name].append(_push(client, group, members, worker))
    statements = _statements(address, group, ids)
    rows = [[name, median(s for s, _ in values), max(m for _, m in values)] for name, values in found.items()]
    table = Table(
        f"PUT of {scale.push:,} members", ["what happens", "seconds (median)", "memory on top, MB (most)"], rows
    )
    slowest, largest = max(row[1] for row in rows), max(row[2] for row in rows)
    return Result(
        [table],
        [
            Target(f"push of {scale.push:,}, time", f"≤ {SECONDS:.0f} s", f"{slowest:.2f} s", slowest <= SECONDS),
            Target(
                f"push of {scale.push:,}, memory", f"≤ {MEGABYTES:.0f} MB", f"{largest:.0f} MB", largest <= MEGABYTES
            ),
        ],
        notes=[f"The push takes {statements} statements, whatever the number of members."],
    )


def _map(address: str, group: str) -> None:
    """Map it, without the services: only what the push finds matters here."""
    with databases.psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "WITH made AS (INSERT INTO identity_group (name, name_key, description, created_at)"
            " VALUES ('Everyone', 'everyone', '', now()) RETURNING id)"
            " INSERT INTO identity_groupmapping (sso_group_id, group_id, created_at)"
            " SELECT s.id, made.id, now() FROM made, identity_ssogroup s WHERE s.scim_id = %s",
            [group],
        )


def _push(client: Client, group: str, members: list[str], worker: int) -> tuple[float, float]:
    """Seconds, and how much the worker's peak lies above what it had."""
    before = resident_megabytes(worker)
    forget_peak(worker)
    path = f"/Groups/{group}?excludedAttributes=members"
    seconds = client.ok("PUT", path, payloads.group("Everyone", members)).seconds
    return seconds, peak_megabytes(worker) - before


def _statements(address: str, group: str, ids: list[str]) -> int:
    wanted = probe.request(
        "push", "PUT", f"/Groups/{group}?excludedAttributes=members", payloads.group("Everyone", ids)
    )
    return int(probe.ask(address, databases.token(), [wanted], repeat=1)[0]["statements"])
