"""Looking people up by what identity providers match by, in small and large directories."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import ExitStack

from tests.bench import databases, probe, servers
from tests.bench.client import Client
from tests.bench.measure import median, taking_turns
from tests.bench.processes import Server
from tests.bench.registry import Chart, Result, Scale, Table, Target, scenario

MOST = 1.3
STATEMENTS = 3

Look = Callable[[Client, int, list[str]], float]


def _found(client: Client, expression: str) -> float:
    answer = client.find("Users", expression)
    if b'"totalResults": 1,' not in answer.body:
        raise RuntimeError(f"{expression}: {answer.body[:200]!r}")
    return answer.seconds


LOOKS: dict[str, Look] = {
    "userName": lambda client, n, ids: _found(client, f'userName eq "user{n:07}@corp.example"'),
    "externalId": lambda client, n, ids: _found(client, f'externalId eq "ext-user{n:07}"'),
    "emails": lambda client, n, ids: _found(client, f'emails[type eq "work"].value eq "user{n:07}@corp.example"'),
    "nobody": lambda client, n, ids: client.find("Users", f'userName eq "nobody{n}@corp.example"').seconds,
    "id": lambda client, n, ids: client.ok("GET", f"/Users/{ids[n % len(ids)]}").seconds,
}


@scenario("lookups", "Look-ups by userName, externalId, email and id as the directory grows")
def lookups(scale: Scale) -> Result:
    with ExitStack() as stack:
        homes = {size: databases.people(size) for size in scale.users}
        running = {
            size: stack.enter_context(servers.gatehouse(address, name=f"gatehouse-{size}"))
            for size, address in homes.items()
        }
        ids = {size: databases.scim_ids(address, 1_000) for size, address in homes.items()}
        p50 = {name: _by_size(look, running, ids, scale) for name, look in LOOKS.items()}
    statements = _statements(homes[scale.users[0]])
    return _result(scale, p50, statements)


def _by_size(look: Look, running: dict[int, Server], ids: dict[int, list[str]], scale: Scale) -> dict[int, float]:
    def block(size: int) -> float:
        return running[size].p50(lambda client: look(client, random.randrange(size), ids[size]), scale.block)

    blocks = {str(size): (lambda size=size: block(size)) for size in running}
    return {int(size): median(found) for size, found in taking_turns(scale.rounds, blocks).items()}


def _statements(address: str) -> int:
    wanted = [
        probe.request("userName", "GET", '/Users?filter=userName eq "user0000007@corp.example"'),
        probe.request("externalId", "GET", '/Users?filter=externalId eq "ext-user0000007"'),
        probe.request("email", "GET", '/Users?filter=emails.value eq "user0000007@corp.example"'),
        probe.request("id", "GET", f"/Users/{databases.scim_ids(address, 1)[0]}"),
    ]
    return max(answer["statements"] for answer in probe.ask(address, databases.token(), wanted, repeat=1))


def _result(scale: Scale, p50: dict[str, dict[int, float]], statements: int) -> Result:
    smallest, largest = scale.users[0], scale.users[-1]
    growth = {name: found[largest] / found[smallest] for name, found in p50.items()}
    sizes = [f"{size:,}" for size in scale.users]
    rows = [[name, *found.values(), growth[name]] for name, found in p50.items()]
    table = Table("p50 in ms by number of users", ["look-up by", *sizes, "growth"], rows)
    return Result(
        [table],
        [
            *(
                Target(
                    f"look-up by {name}, {smallest:,} → {largest:,} users",
                    f"≤ {MOST} ×",
                    f"{ratio:.2f} ×",
                    ratio <= MOST,
                )
                for name, ratio in growth.items()
            ),
            Target("look-ups, statements", f"≤ {STATEMENTS}", str(statements), statements <= STATEMENTS),
        ],
        charts=[
            Chart("lines", "Look-up, p50", "ms", sizes, {name: list(found.values()) for name, found in p50.items()})
        ],
    )
