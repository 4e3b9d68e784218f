"""The everyday requests of an identity provider: shared by the comparisons of servers and connections."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial

from tests.bench import payloads
from tests.bench.client import Client

_numbers = itertools.count()

Send = Callable[[Client], object]


def requests(user_ids: list[str]) -> dict[str, Send]:
    """GET by id, look-up, POST, PATCH and a page of 100."""
    return {
        "GET by id": partial(_get, user_ids),
        "look-up by userName": lambda client: client.find(
            "Users", f'userName eq "user{next(_numbers) % 1000:07}@corp.example"'
        ),
        "POST user": lambda client: client.ok("POST", "/Users", payloads.user(f"day{next(_numbers)}")),
        "PATCH user": partial(_patch, user_ids),
        "page of 100": lambda client: client.ok("GET", "/Users?cursor=&count=100"),
    }


def _get(user_ids: list[str], client: Client) -> object:
    return client.ok("GET", f"/Users/{user_ids[next(_numbers) % len(user_ids)]}")


def _patch(user_ids: list[str], client: Client) -> object:
    number = next(_numbers)
    path = f"/Users/{user_ids[number % len(user_ids)]}"
    return client.ok("PATCH", path, payloads.patch("replace", "title", f"Title {number}"))
