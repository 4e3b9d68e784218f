"""The test that `python -m tests.fuzz` runs, on a database of its own."""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from typing import Any

import pytest

from tests.fuzz import run
from tests.fuzz.requests import DOORS
from tests.fuzz.world import new_world

AT_ONCE = 500


@pytest.mark.timeout(0)
def test_nothing_is_a_server_error(order: argparse.Namespace, db: None, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 10**9
    settings.SCIM_REQUESTS_PER_SECOND = 0
    settings.SESSION_IDLE_SECONDS = 0  # it takes an hour
    logging.disable()  # strangers are logged; here, everybody is one
    world = new_world()
    run.learn(world)
    doors = order.door or list(DOORS)
    faults: list[run.Fault] = []
    for door in doors:
        told: Counter[int] = Counter()
        for numbers in _parts(order, len(doors)):
            found = run.fuzzed(world, door, seed=order.seed, numbers=numbers, told=told)
            sys.stdout.write("".join(f"{fault}\n" for fault in found))
            faults += found
        statuses = ", ".join(f"{status} {number:,}" for status, number in sorted(told.items()))
        sys.stdout.write(f"{door}: {told.total():,} requests ({statuses}), {len(faults)} faults so far\n")
        sys.stdout.flush()
    run.check(faults)


def _parts(order: argparse.Namespace, doors: int) -> list[range]:
    if order.number is not None:
        return [range(order.number, order.number + 1)]
    each = order.requests // doors
    return [range(first, min(first + AT_ONCE, each)) for first in range(0, each, AT_ONCE)]
