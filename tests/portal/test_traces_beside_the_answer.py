"""How traces are written: beside the answer, which does not depend on them, and by many at once."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.test import Client

from identity.models import AuditEvent, User
from identity.services import traces
from tests.factories import PASSWORD, make_user
from tests.interruptions import after, failing
from tests.portal.admin_pages import text_of

pytestmark = pytest.mark.django_db


def guess(name: str = "mia", address: str = "203.0.113.7") -> str:
    """A wrong password; what the page says."""
    return text_of(Client(REMOTE_ADDR=address).post("/login/", {"username": name, "password": "wrong"}))


def told() -> list[tuple[str, str, int]]:
    """Each event: what, from where, how often."""
    rows = AuditEvent.objects.exclude(origin=None).select_related("origin").order_by("pk")
    return [(row.action, row.origin.address, row.origin.times) for row in rows]


class Soon(threading.Timer):
    """A timer that does not keep a test waiting."""

    started: ClassVar[list[Soon]] = []

    def __init__(self, seconds: float, function: Any) -> None:
        super().__init__(0.01, function)
        self.started.append(self)


@pytest.fixture(autouse=True)
def _a_process_that_has_just_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "_tally", traces._Tally())
    monkeypatch.setattr(traces, "WINDOW", timedelta(days=365_000))


@pytest.fixture
def mia() -> User:
    return make_user("mia", password=PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_a_trace_that_can_not_be_written_changes_no_answer(mia: User, caplog: pytest.LogCaptureFixture) -> None:
    expected = guess()
    with failing("identity_auditorigin"):
        assert guess() == expected
    assert "sign_in.wrong_password could not be noted 1 times" in caplog.text
    assert told() == [("sign_in.wrong_password", "203.0.113.7", 1)]


def test_of_two_processes_that_note_the_same_for_the_first_time_one_counts_for_both(mia: User) -> None:
    with after('UPDATE "identity_auditorigin"', guess, number=2):
        guess()
    assert told() == [("sign_in.wrong_password", "203.0.113.7", 2)]


def test_what_a_process_holds_back_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    guess("nobody")
    monkeypatch.setattr(traces, "FLUSH_SECONDS", 3600)
    monkeypatch.setattr(traces, "KEYS_HELD", 2)
    monkeypatch.setattr(traces, "Timer", lambda *_: threading.Timer(0, lambda: None))
    for number in (1, 2, 3, 4, 1):
        guess(f"name{number}", f"198.51.100.{number}")
    assert len(told()) == 1
    traces.flush()
    assert told()[1:] == [
        ("sign_in.unknown_name", "198.51.100.1", 2),
        ("sign_in.unknown_name", "198.51.100.2", 1),
        ("sign_in.unknown_name", "", 2),
    ]


@pytest.mark.django_db(transaction=True)
def test_what_is_held_back_is_written_soon_without_another_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "FLUSH_SECONDS", 3600)
    monkeypatch.setattr(traces, "Timer", Soon)
    monkeypatch.setattr(Soon, "started", [])
    guess("nobody")
    assert not Soon.started
    for times in (2, 3):
        guess("nobody")
        Soon.started.pop().join(60)
        assert told() == [("sign_in.unknown_name", "203.0.113.7", times)]
