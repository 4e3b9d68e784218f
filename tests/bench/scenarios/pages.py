"""Pages of 100, first and last, by cursor and by index."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from tests.bench import databases, probe, servers
from tests.bench.client import Client
from tests.bench.measure import median, taking_turns
from tests.bench.registry import Result, Scale, Table, Target, scenario

SIZE = 100
MOST = 1.3
STATEMENTS = 5
PEOPLE = 100_000


@scenario("pages", "Pages of 100 users and groups")
def pages(scale: Scale) -> Result:
    address = databases.people(PEOPLE)
    databases.groups(address, scale.groups, members=5)
    with servers.gatehouse(address) as server:
        users = _paths(server.client(), "/Users", PEOPLE)
        groups = _paths(server.client(), "/Groups", scale.groups)
        blocks = {
            f"{kind}, {name}": _block(server.p50, path, scale)
            for kind, paths in (("users", users), ("groups", groups))
            for name, path in paths.items()
        }
        found = {name: median(values) for name, values in taking_turns(scale.rounds, blocks).items()}
    asked = [probe.request(path, "GET", path) for path in (*users.values(), *groups.values())]
    counted = probe.ask(address, databases.token(), asked, repeat=1)
    statements = dict(zip(found, (answer["statements"] for answer in counted), strict=True))
    rows = [[name, value, statements[name]] for name, value in found.items()]
    table = Table(
        f"p50 of a page of {SIZE}, of {PEOPLE:,} users and {scale.groups:,} groups of 5",
        ["page", "ms", "statements"],
        rows,
        "By index, `totalResults` is counted and the pages before are passed over; by cursor, neither.",
    )
    return Result([table], _targets(found, max(statements.values())))


def _targets(found: dict[str, float], statements: int) -> list[Target]:
    targets = []
    for kind in ("users", "groups"):
        ratio = found[f"{kind}, last by cursor"] / found[f"{kind}, first by cursor"]
        targets.append(
            Target(f"last page of {kind} by cursor", f"≤ {MOST} × the first", f"{ratio:.2f} ×", ratio <= MOST)
        )
    return [*targets, Target("a page, statements", f"≤ {STATEMENTS}", str(statements), statements <= STATEMENTS)]


def _block(p50: Callable[..., float], path: str, scale: Scale) -> Callable[[], float]:
    return lambda: p50(lambda client: client.ok("GET", path).seconds, max(10, scale.block // 10))


def _paths(client: Client, endpoint: str, total: int) -> dict[str, str]:
    with client:
        cursor = _last_cursor(client, endpoint, total)
    return {
        "first by index": f"{endpoint}?startIndex=1&count={SIZE}",
        "last by index": f"{endpoint}?startIndex={total - SIZE + 1}&count={SIZE}",
        "first by cursor": f"{endpoint}?cursor=&count={SIZE}",
        "last by cursor": f"{endpoint}?cursor={quote(cursor, safe='~')}&count={SIZE}",
    }


def _last_cursor(client: Client, endpoint: str, total: int) -> str:
    """The cursor of the last full page, reached in larger steps first; ids alone, so that it is quick."""
    cursor, left = "", total - SIZE
    while left:
        step = 1_000 if left >= 1_000 else SIZE
        path = f"{endpoint}?cursor={quote(cursor, safe='~')}&count={step}&attributes=id"
        cursor, left = client.ok("GET", path).json()["nextCursor"], left - step
    return cursor
