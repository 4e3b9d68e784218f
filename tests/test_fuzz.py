"""The first thousand hostile requests of a seed (`make fuzz` sends more): SR-33, SR-37."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fuzz import run
from tests.fuzz.requests import DOORS
from tests.fuzz.world import World, new_world
from tests.kept import kept_for_the_module

SEED, PART = 1, 50
PARTS = {"scim": 6, "rest": 5, "pages": 6, "door": 3}


@pytest.fixture(scope="module")
def _world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with kept_for_the_module(django_db_blocker):
        world = new_world()
        run.learn(world)
        yield world


@pytest.fixture
def world(_world: World, db: None, settings: Any) -> World:
    settings.API_REQUESTS_PER_MINUTE = 100_000
    settings.SCIM_REQUESTS_PER_SECOND = 0
    return _world


@pytest.mark.parametrize(("door", "part"), [(door, part) for door, parts in PARTS.items() for part in range(parts)])
def test_a_hostile_request_is_answered_and_the_next_one_served(door: str, part: int, world: World) -> None:
    told: Counter[int] = Counter()
    numbers = range(part * PART, (part + 1) * PART)
    run.check(run.fuzzed(world, door, seed=SEED, numbers=numbers, told=told))
    assert told.total() == PART
    assert len(told) > 1, "all were answered alike: they did not reach what they are meant for"


def test_every_door_is_tried() -> None:
    assert PARTS.keys() == DOORS.keys()


def test_the_forms_of_the_pages_were_found(world: World) -> None:
    assert len(world.forms) > 50
