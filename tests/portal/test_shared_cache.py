"""The cache of all workers, as it is in production: a table of the database."""

from __future__ import annotations

import pytest
from django.core.cache.backends.db import DatabaseCache

from portal.session.throttle import Throttle

pytestmark = pytest.mark.django_db


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> DatabaseCache:
    cache = DatabaseCache("shared_cache", {"OPTIONS": {"MAX_ENTRIES": 10_000}})
    monkeypatch.setattr("portal.session.throttle.cache", cache)
    return cache


def test_the_migrations_make_its_table(shared: DatabaseCache) -> None:
    assert [shared.add("token", 1, 60), shared.add("token", 1, 60)] == [True, False]


def test_tries_are_used_up_and_given_back(shared: DatabaseCache) -> None:
    throttle = Throttle("throttle:mia", tries=3)
    assert [throttle.take() for _ in range(5)] == [True, True, True, False, False]
    throttle.forget()
    assert throttle.take()


def test_tries_come_back_by_themselves(shared: DatabaseCache) -> None:
    throttle = Throttle("throttle:mia", tries=1, seconds=0)
    assert [throttle.take(), throttle.take()] == [True, True]
