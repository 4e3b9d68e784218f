"""Adding and removing one member in small and large groups."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial

from tests.bench import databases, payloads, probe, servers
from tests.bench.client import Client
from tests.bench.measure import median, taking_turns
from tests.bench.registry import Chart, Result, Scale, Table, Target, scenario

MOST = 1.5

Change = Callable[[Client], float]


@scenario("members", "One member joins or leaves a group, as groups grow")
def members(scale: Scale) -> Result:
    address = databases.people(max(100_000, scale.members[-1]))
    with servers.gatehouse(address) as server, server.client() as client:
        groups = {size: _group(client, address, size) for size in scale.members}
        leaver = databases.scim_ids(address, 1)[0]

        blocks = {str(size): partial(server.p50, _change(group, leaver), scale.block) for size, group in groups.items()}
        found = {name: median(values) for name, values in taking_turns(scale.rounds, blocks).items()}
    statements = _statements(address, groups[scale.members[0]])
    return _result(scale, list(found.values()), statements)


def _group(client: Client, address: str, size: int) -> str:
    group = str(client.ok("POST", "/Groups", payloads.group(f"Members {size}")).json()["id"])
    databases.fill_group(address, group, size)
    return group


def _change(group: str, member: str) -> Change:
    """Out and in again, in turns: the group keeps its size."""
    bodies = itertools.cycle([payloads.remove_member(member), payloads.add_members([member])])
    return lambda client: client.ok("PATCH", f"/Groups/{group}", next(bodies)).seconds


def _statements(address: str, group: str) -> list[int]:
    """For batches of 1, 100 and 1,000 people who join; each is in the group already after the first time."""
    ids = databases.scim_ids(address, 1_000)
    wanted = [
        probe.request(str(size), "PATCH", f"/Groups/{group}", payloads.add_members(ids[:size]))
        for size in (1, 100, 1_000)
    ]
    return [answer["statements"] for answer in probe.ask(address, databases.token(), wanted, repeat=1)]


def _result(scale: Scale, p50: list[float], statements: list[int]) -> Result:
    sizes = [f"{size:,}" for size in scale.members]
    ratio = p50[-1] / p50[0]
    table = Table(
        "p50 in ms by members of the group", ["PATCH", *sizes, "growth"], [["add or remove one", *p50, ratio]]
    )
    batches = ", ".join(map(str, statements))
    return Result(
        [table],
        [
            Target(f"add or remove a member, {sizes[0]} → {sizes[-1]}", f"≤ {MOST} ×", f"{ratio:.2f} ×", ratio <= MOST),
            Target("statements for 1, 100, 1,000 members", "the same", batches, len(set(statements)) == 1),
        ],
        charts=[Chart("lines", "One member joins or leaves, p50", "ms", sizes, {"PATCH": p50})],
    )
