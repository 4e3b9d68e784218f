"""gunicorn (gthread) or granian, on our own requests."""

from __future__ import annotations

from contextlib import ExitStack

from tests.bench import databases, servers
from tests.bench.measure import median, ratio_of_rounds, taking_turns
from tests.bench.processes import Server
from tests.bench.registry import Result, Scale, Table, scenario
from tests.bench.scenarios.everyday import Send
from tests.bench.scenarios.everyday import requests as everyday


@scenario("server_choice", "The server: gunicorn (gthread) or granian")
def server_choice(scale: Scale) -> Result:
    address = databases.fresh("servers")
    databases.seed(address, "POST", "/Users", databases.payloads.user("user0000000"))
    ids = databases.scim_ids(address, 1)
    with ExitStack() as stack:
        pair = {
            "gunicorn": stack.enter_context(servers.gatehouse(address)),
            "granian": stack.enter_context(servers.gatehouse_on_granian(address)),
        }
        rows = [compare(name, send, pair, scale) for name, send in everyday(ids).items()]
    heads = [f"{name}, CPU ms" for name in pair]
    table = Table(
        "Server CPU for each request, one worker of 16 threads", ["request", *heads, "gunicorn ÷ granian"], rows
    )
    return Result([table])


def compare(name: str, send: Send, pair: dict[str, Server], scale: Scale) -> list[object]:
    """Medians in turns, and the ratio of the first to the second."""
    requests = scale.block // 4 if "page" in name else scale.block * 2
    blocks = {each: (lambda server=server: server.cpu_per_request(send, requests)) for each, server in pair.items()}
    found = list(taking_turns(scale.rounds, blocks).values())
    return [name, *(median(values) for values in found), ratio_of_rounds(found[0], found[1])]
