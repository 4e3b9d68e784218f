"""No page tells strangers who has an account: neither by its words, nor by its work, nor by how long it takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django_tasks_db.models import DBTaskResult

from identity.models import Status
from identity.services import background
from portal.session.throttle import RESETS_AN_HOUR
from tests.factories import PASSWORD, make_break_glass, make_idp, make_user, provision
from tests.portal.admin_pages import text_of
from tests.portal.conftest import queued
from tests.portal.shell import run
from tests.portal.smtp import MailServer, listening
from tests.sessions import sign_in
from tests.statements import statements

NAMES = ["mia", "mia@example.test", "dan", "ada", "glass", "nobody", "nobody@example.test", "x" * 255, "\u202e"]


def make_everybody() -> None:
    make_user("mia", password=PASSWORD)
    make_user("dan", status=Status.DISABLED, password=PASSWORD)
    make_break_glass()
    provision(make_idp(), "ada")


def ask(name: str, **there: str) -> HttpResponse:
    return Client(**there).post("/password/reset/", {"name": name})


def work_of(answer: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[object, ...]:
    """What an answer costs: its statements without their values, its hashes; and what it says."""
    hashes: list[str] = []
    for name in ("make_password", "check_password"):
        monkeypatch.setattr(f"portal.session.auth.{name}", lambda *args: hashes.append("one") and False)
    with statements() as seen:
        response = answer()
    words = [sql.split()[:4] for sql in seen]
    return words, hashes, response.status_code, response.headers.get("Location", "")


@pytest.mark.django_db
def test_r22_asking_for_a_link_is_the_same_work_whoever_was_named(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    make_everybody()
    left: list[Any] = []
    monkeypatch.setattr(background, "submit", lambda task, arguments: left.append(task.name))
    with django_capture_on_commit_callbacks(execute=True):
        works = [work_of(lambda name=name: ask(name), monkeypatch) for name in NAMES]
    for work in works:
        assert work == works[0]
    assert left == ["mail_reset_link"] * len(NAMES)


@pytest.mark.django_db
def test_a_wrong_password_is_the_same_work_whoever_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    make_everybody()

    def guess(name: str, number: int) -> HttpResponse:
        client = Client(REMOTE_ADDR=f"203.0.113.{number}")
        return sign_in(name, "wrong", client=client)

    names = [name for name in NAMES if name != "glass"]  # counted apart, see tests/portal/test_floods.py
    works = [work_of(lambda pair=pair: guess(pair[1], pair[0]), monkeypatch) for pair in enumerate(names)]
    for work in works:
        assert work == works[0]
    assert works[0][1] == ["one"]


@pytest.fixture
def _as_in_production(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(background, "submit", background.in_a_thread)
    yield
    finish()


def finish() -> None:
    """Until what was left for later is done."""
    for _ in range(background.WAITING_AT_MOST):
        assert background._places.acquire(timeout=30)
    background._places.release(background.WAITING_AT_MOST)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_as_in_production")
def test_the_answer_does_not_wait_for_the_mail_server(settings: Any) -> None:
    """With TASKS as it is unless somebody sets it."""
    make_everybody()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with listening(MailServer(holds=True)) as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        answer = ask("mia")
        assert (answer.status_code, server.received) == (302, [])
        assert server.holding.wait(30)
        assert ask("nobody").status_code == 302
        server.released.set()
        finish()
        assert ["mia@example.test" in message for message in server.received] == [True]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_as_in_production")
def test_a_break_glass_sign_in_does_not_wait_for_the_mail_server(settings: Any) -> None:
    """It is used when things are broken; the mail server may be one of them."""
    make_everybody()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with listening(MailServer(holds=True)) as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        assert sign_in("glass").status_code == 302
        assert server.holding.wait(30)
        server.released.set()
        finish()
        assert len(server.received) == 1


@pytest.mark.django_db(transaction=True)
def test_with_a_worker_the_queue_is_the_same_whoever_was_named() -> None:
    make_everybody()
    with queued():
        for name in NAMES:
            ask(name)
        rows = list(DBTaskResult.objects.values_list("task_path", "status"))
        assert rows == [("portal.account.resets.mail_reset_link", "READY")] * len(NAMES)
        assert "mia" not in str(list(DBTaskResult.objects.values("args_kwargs")))
        run("run_worker", "--until-empty")
    assert sorted(message.to[0] for message in mail.outbox) == ["glass@example.test", "mia@example.test"]


@pytest.mark.django_db
def test_one_network_asks_for_so_many_links_and_no_more() -> None:
    make_everybody()
    for number in range(RESETS_AN_HOUR):
        assert ask(f"nobody{number}").status_code == 302
    for name in ("mia", "nobody"):
        answer = ask(name)
        assert (answer.status_code, answer["Retry-After"]) == (429, "3600")
        assert "Too many reset links" in text_of(answer)
    assert ask("mia", REMOTE_ADDR="203.0.113.7").status_code == 302


@pytest.mark.django_db
def test_a_flood_of_asking_fills_no_memory(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(background, "submit", background.in_a_thread)
    places = 0
    while background._places.acquire(blocking=False):
        places += 1
    try:
        with django_capture_on_commit_callbacks(execute=True):
            assert ask("mia").status_code == 302
    finally:
        background._places.release(places)
    assert places == background.WAITING_AT_MOST
