"""Sends what was made up, takes back what it did, and looks whether the portal still serves."""

from __future__ import annotations

import socket
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from django.core.cache import cache
from django.core.signals import got_request_exception
from django.db import transaction
from django.test import Client

from portal.project.shared_cache import cache as shared_cache
from tests.fuzz.requests import DOORS, Sent, learn_pages
from tests.fuzz.world import World, browser

# What is right to answer: SCIM has no such method; the identity provider is not there, as it says on the page.
ANSWERS = {"scim": {501}, "door": {503}}
SERVED_AFTER = 10  # requests: after so many somebody else's are tried


@dataclass(frozen=True)
class Fault:
    """Request `number` of the seed was a server error, or what followed was not served."""

    door: str
    seed: int
    number: int
    what: str
    sent: Sent

    def __str__(self) -> str:
        return f"{self.door}, seed {self.seed}, number {self.number}: {self.what}\n    {self.sent}"


def learn(world: World) -> None:
    def page(path: str) -> str:
        with taken_back():
            answer = browser(world.people["owner"]).get(path)
        return answer.content.decode() if answer.status_code == 200 and not answer.streaming else ""

    with no_network():
        learn_pages(world, page)


def fuzzed(world: World, door: str, *, seed: int, numbers: range, told: Counter[int] | None = None) -> list[Fault]:
    """What went wrong with these requests at this door; `told` counts the answers' statuses."""
    faults = []
    with no_network():
        for number in numbers:
            sent = DOORS[door](world, Random(f"{seed} {door} {number}"))
            status, raised = _answered(world, sent)
            if told is not None:
                told[status] += 1
            if status >= 500 and status not in ANSWERS.get(door, ()):
                faults.append(Fault(door, seed, number, f"{status} {raised}", sent))
            if (number + 1) % SERVED_AFTER == 0 and not _is_served(world):
                faults.append(Fault(door, seed, number, "the portal serves nobody any more", sent))
    return faults


def _is_served(world: World) -> bool:
    with taken_back():
        return world.is_served()


def _answered(world: World, sent: Sent) -> tuple[int, str]:
    raised: list[str] = []

    def note(**_: Any) -> None:
        raised.append(traceback.format_exc(limit=-4))

    client = browser(world.people[sent.who]) if sent.who in world.people else Client(raise_request_exception=False)
    got_request_exception.connect(note)
    try:
        with taken_back():
            answer = client.generic(sent.method, sent.path, sent.body, content_type=sent.kind, headers=sent.headers)
            if answer.streaming:
                for _ in answer:
                    pass
            return answer.status_code, "".join(raised)
    finally:
        got_request_exception.disconnect(note)


@contextmanager
def taken_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    cache.clear()
    shared_cache.clear()


@contextmanager
def no_network() -> Iterator[None]:
    """No name resolves: what the portal would fetch from an address that it was told is not there."""
    with patch.object(socket, "getaddrinfo", side_effect=socket.gaierror(socket.EAI_NONAME, "no network in tests")):
        yield


def said(faults: list[Fault]) -> str:
    return "\n".join(map(str, faults[:20]))


def check(faults: list[Fault]) -> None:
    if faults:
        pytest.fail(f"{len(faults)} requests were not answered as they should be:\n{said(faults)}", pytrace=False)
