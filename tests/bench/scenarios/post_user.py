"""POST /Users against a bare Django view that inserts as many rows in one transaction."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from tests.bench import databases, payloads, probe, servers
from tests.bench.client import Client
from tests.bench.measure import median, ratio_of_rounds, taking_turns
from tests.bench.processes import Server
from tests.bench.registry import Result, Scale, Table, Target, scenario

MOST = 2.0
STATEMENTS = 8


@scenario("post_user", "POST /Users against a bare view")
def post_user(scale: Scale) -> Result:
    ours, floor = databases.fresh("post_ours"), databases.fresh("post_bare")
    numbers = itertools.count()

    def post(client: Client) -> None:
        client.ok("POST", "/Users", payloads.user(f"p{next(numbers)}"))

    def block(server: Server) -> float:
        return server.cpu_per_request(post, scale.block)

    with servers.gatehouse(ours) as gatehouse, servers.bare(floor) as bare:
        rows = [_rows_for_one(address, server, post) for address, server in ((ours, gatehouse), (floor, bare))]
        found = taking_turns(scale.rounds, {"ours": lambda: block(gatehouse), "bare": lambda: block(bare)})
    ratio = ratio_of_rounds(found["ours"], found["bare"])
    wanted = probe.request("POST", "POST", "/Users", payloads.user("s%d"))
    statements = probe.ask(ours, databases.token(), [wanted], repeat=1)[0]["statements"]
    table = Table(
        "Application CPU for each request",
        ["server", "ms (median of rounds)", "rows written"],
        [["Gatehouse", median(found["ours"]), rows[0]], ["bare view", median(found["bare"]), rows[1]]],
        "The bare view has no token check, no middleware, no validation and no answer to build.",
    )
    return Result(
        [table],
        [
            Target("POST /Users, application CPU", f"≤ {MOST} × a bare view", f"{ratio:.2f} ×", ratio <= MOST),
            Target("POST /Users, statements", f"≤ {STATEMENTS}", str(statements), statements <= STATEMENTS),
        ],
    )


def _rows_for_one(address: str, server: Server, post: Callable[[Client], None]) -> int:
    """How many rows one request writes; the first one also warms the server up."""
    with server.client() as client:
        post(client)
        before = databases.rows_in(address)
        post(client)
    return databases.rows_in(address) - before
