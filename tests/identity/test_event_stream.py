"""Streams of events: in the order of their ids, each once, and none is passed by, however late it commits."""

import random
import threading

import pytest
from django.db import transaction

from identity import audit
from identity.events import Event
from identity.models import AuditEvent
from identity.queries import event_stream
from identity.queries.event_stream import EventStream, Horizon
from tests import clock
from tests.factories import OPERATOR
from tests.threads import Unfinished, at_once

pytestmark = pytest.mark.django_db(transaction=True)

on_postgresql = pytest.mark.postgresql


def happens() -> int:
    with transaction.atomic():
        return audit.record(Event.GROUP_CREATED, actor=OPERATOR).pk


def writing(*, commits: bool = True) -> Unfinished:
    """Somebody whose transaction has written an event and is still open."""
    return Unfinished(lambda: audit.record(Event.GROUP_CREATED, actor=OPERATOR).pk, commits=commits)


def ids(events: list[AuditEvent]) -> list[int]:
    return [event.pk for event in events]


@on_postgresql
def test_who_commits_after_a_later_one_is_read_before_it() -> None:
    stream = EventStream(happens())
    with writing() as slow:
        quick = happens()
        assert ids(stream.read()) == []
        slow.end()
        assert ids(stream.read()) == [slow.result, quick]
    assert ids(stream.read()) == []


@on_postgresql
def test_what_is_rolled_back_holds_nobody_up_for_longer_than_it_takes() -> None:
    stream = EventStream(happens())
    with writing(commits=False) as undecided:
        quick = happens()
        assert ids(stream.read()) == []
        undecided.end()
        assert ids(stream.read()) == [quick]


@on_postgresql
def test_a_gap_of_before_is_held_open_by_nobody_who_came_later() -> None:
    stream = EventStream(happens())
    with writing(commits=False):
        pass
    quick = happens()
    with writing() as first:
        assert ids(stream.read()) == []
        with writing() as second:
            first.end()
            assert ids(stream.read())[:1] == [quick]
            second.end()
            assert ids([*stream.read(), *stream.read()])[-1] == second.result


@on_postgresql
def test_what_has_no_gap_waits_for_nobody() -> None:
    stream, quick = EventStream(happens()), happens()
    with writing():
        assert ids(stream.read()) == [quick]


@on_postgresql
def test_a_horizon_waits_as_long_as_it_is_told() -> None:
    horizon = Horizon(happens())
    before = horizon.at
    with writing() as slow:
        quick = happens()
        assert (horizon.settle(0.05), horizon.is_awaited) == (before, True)
        threading.Timer(0.1, slow.end).start()
        assert (horizon.settle(30), horizon.is_awaited) == (quick, False)


def test_nobody_is_waited_for_where_no_event_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer's rows are seen a moment before it lets go of its lock."""
    monkeypatch.setattr(event_stream, "_writers", lambda: frozenset({"7/1"}))
    horizon = Horizon(happens())
    last = happens()
    assert (horizon.look(), horizon.is_awaited) == (last, False)


def test_the_own_transaction_is_waited_for_by_nobody() -> None:
    stream = EventStream(happens())
    with transaction.atomic():
        happens()
        with transaction.atomic():
            happens()
            transaction.set_rollback(True)
        last = happens()
        assert ids(stream.read())[-1] == last


def test_a_reader_beside_many_writers_gets_each_once_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "BATCH", 7)
    begin = AuditEvent.objects.newest_id()
    stream, got = EventStream(begin), list[int]()
    writers, done = 4, threading.Semaphore(0)

    def write(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(25):
            with transaction.atomic():
                for _ in range(dice.choice([1, 1, 2, 5])):
                    audit.record(Event.GROUP_CREATED, actor=OPERATOR)
                clock.wait(dice.random() / 100)
                transaction.set_rollback(dice.random() < 0.3)
        done.release()

    def read() -> None:
        ended = 0
        while ended < writers or stream.after < AuditEvent.objects.newest_id():
            got.extend(ids(stream.read()))
            ended += done.acquire(blocking=False)

    at_once(read, *(lambda seed=seed: write(seed) for seed in range(writers)))
    assert got == list(AuditEvent.objects.filter(pk__gt=begin).order_by("pk").values_list("pk", flat=True))
    assert len(got) > 100
