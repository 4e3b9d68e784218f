"""Single requests, Gatehouse and its peers in turns, in a directory of a thousand people."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import ExitStack

from tests.bench import databases, payloads, servers
from tests.bench.client import Client, in_parallel
from tests.bench.measure import median, taking_turns
from tests.bench.processes import Server
from tests.bench.registry import Result, Scale, Skipped, Table, scenario

PEOPLE = 1_000
_numbers = itertools.count()


@scenario("peers", "Single requests, side by side")
def peers(scale: Scale) -> Result:
    notes: list[str] = []
    with ExitStack() as stack:
        running = _running(stack, notes)
        ids = {name: _populate(server) for name, server in running.items()}
        rows = []
        for what in ("GET by id", "look-up by userName", "POST user", "PATCH user", "page of 100"):
            p50, cpu = _compare(what, running, ids, scale)
            rows.append([what, *(f"{p50[name]:.2f} ({cpu[name]:.2f})" for name in running)])
    title = f"p50 and, in brackets, server CPU in ms, with {PEOPLE:,} people in the directory"
    return Result([Table(title, ["request", *running], rows)], notes=notes)


def _running(stack: ExitStack, notes: list[str]) -> dict[str, Server]:
    openers = {
        "Gatehouse": lambda: servers.gatehouse(databases.fresh("peers")),
        "django-scim2": servers.stock,
        "scim2-server": servers.scim2_server,
        "scimmy-routers": servers.scimmy,
    }
    running = {}
    for name, opener in openers.items():
        try:
            running[name] = stack.enter_context(opener())
        except Skipped as reason:
            notes.append(f"{reason}.")
    return running


def _populate(server: Server) -> list[str]:
    def post(client: Client, number: int) -> str:
        return str(client.ok("POST", "/Users", payloads.user(f"peer{number}")).json()["id"])

    return in_parallel([server.client() for _ in range(4)], post, range(PEOPLE))


def _send(what: str, ids: list[str]) -> Callable[[Client], float]:
    def send(client: Client) -> float:
        number = next(_numbers)
        one = ids[number % len(ids)]
        match what:
            case "GET by id":
                return client.ok("GET", f"/Users/{one}").seconds
            case "look-up by userName":
                return client.find("Users", f'userName eq "peer{number % PEOPLE}@corp.example"').seconds
            case "POST user":
                return client.ok("POST", "/Users", payloads.user(f"more{number}")).seconds
            case "PATCH user":
                # The family name: what all four can change.
                return client.ok(
                    "PATCH", f"/Users/{one}", payloads.patch("replace", "name.familyName", f"S{number}")
                ).seconds
        return client.ok("GET", "/Users?startIndex=1&count=100").seconds

    return send


def _compare(
    what: str, running: dict[str, Server], ids: dict[str, list[str]], scale: Scale
) -> tuple[dict[str, float], dict[str, float]]:
    """Medians of p50 and of CPU for each request."""
    cpu: dict[str, list[float]] = {name: [] for name in running}
    requests = scale.block // 10 if what == "page of 100" else scale.block // 2

    def block(name: str) -> float:
        server = running[name]
        before = server.cpu_seconds()
        p50 = server.p50(_send(what, ids[name]), requests)
        cpu[name].append((server.cpu_seconds() - before) * 1000 / requests)
        return p50

    found = taking_turns(max(3, scale.rounds // 2), {name: (lambda name=name: block(name)) for name in running})
    return {name: median(values) for name, values in found.items()}, {
        name: median(values[1:]) for name, values in cpu.items()
    }
