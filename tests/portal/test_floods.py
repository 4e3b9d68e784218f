"""Floods of guesses: counted by address, by account and in all, hashed a few at a time, and in nobody's way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, BoundedSemaphore, Event
from typing import Any

import pytest
from django.db import connections
from django.http import HttpResponse
from django.test import Client

from identity.core.origins import network_of
from identity.models import User
from portal.account.forms import WRONG
from portal.session import guesses, throttle
from tests.factories import PASSWORD, make_break_glass, make_user
from tests.portal.admin_pages import text_of
from tests.sessions import sign_in, signed_in

pytestmark = pytest.mark.django_db

PAUSE = "Too many wrong passwords."
BUSY = "Too many people are signing in right now."


def guess(name: str, password: str = "wrong", *, client: Client | None = None, address: str = "") -> HttpResponse:  # noqa: S107
    client = client or (Client(REMOTE_ADDR=address) if address else Client())
    return sign_in(name, password, client=client)


@contextmanager
def full(room: BoundedSemaphore) -> Iterator[None]:
    """As many passwords are being hashed as may be."""
    taken = 0
    while room.acquire(blocking=False):
        taken += 1
    try:
        yield
    finally:
        room.release(taken)


# --- counted ---


def test_an_account_is_one_by_its_name_and_by_its_email(mia: User) -> None:
    names = ["mia", "mia@example.test", "MIA", " Mia@Example.Test "]
    for number in range(throttle.TRIES):
        assert WRONG in text_of(guess(names[number % len(names)]))
    for name in names:
        assert PAUSE in text_of(guess(name, PASSWORD))


def test_an_ipv6_network_is_one_caller(mia: User) -> None:
    for number in range(throttle.TRIES):
        assert WRONG in text_of(guess("mia", address=f"2001:db8:0:7::{number:x}"))
    assert PAUSE in text_of(guess("mia", PASSWORD, address="2001:db8:0:7:ffff::1"))
    assert guess("mia", PASSWORD, address="2001:db8:0:8::1").status_code == 302


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_what_an_address_is_counted_as(address: str, network: str) -> None:
    assert network_of(address) == network


def test_one_password_over_many_names_from_one_address_is_slowed(mia: User) -> None:
    for number in range(throttle.ADDRESS_TRIES_AN_HOUR):
        assert WRONG in text_of(guess(f"somebody{number}", address="203.0.113.7"))
    for name in ("mia", "nobody at all"):
        answer = guess(name, PASSWORD, address="203.0.113.7")
        assert (answer.status_code, answer["Retry-After"]) == (429, "60")
        assert PAUSE in text_of(answer)
    assert guess("mia", PASSWORD, address="203.0.113.8").status_code == 302


@pytest.mark.parametrize("name", ["mia", "nobody"])
def test_one_name_from_many_addresses_is_slowed_whether_it_is_somebodys_or_not(mia: User, name: str) -> None:
    for number in range(throttle.NAME_TRIES_AN_HOUR):
        assert WRONG in text_of(guess(name, address=f"203.0.113.{number}"))
    assert PAUSE in text_of(guess(name, PASSWORD, address="198.51.100.1"))


def test_a_right_password_takes_no_try_of_its_address(mia: User) -> None:
    """People of an office share an address, and most of them know their password."""
    for _ in range(throttle.ADDRESS_TRIES_AN_HOUR + 1):
        assert guess("mia", PASSWORD).status_code == 302


def test_a_right_password_does_not_forgive_the_guesses_at_others(mia: User) -> None:
    for number in range(throttle.ADDRESS_TRIES_AN_HOUR - 1):
        guess(f"somebody{number}")
    assert guess("mia", PASSWORD).status_code == 302
    assert WRONG in text_of(guess("one more"))
    assert PAUSE in text_of(guess("another"))


def test_guesses_hold_up_neither_a_known_browser_nor_the_break_glass_owner(mia: User) -> None:
    make_break_glass()
    own, second = Client(), make_user("bob", password=PASSWORD)
    for name in ("mia", second.username):  # both of them sign in with this browser
        guess(name, PASSWORD, client=own)
        own.post("/logout/")
    for number in range(throttle.NAME_TRIES_AN_HOUR):
        for name in ("mia", "glass"):
            guess(name, address=f"203.0.113.{number}")
    for number in range(throttle.ADDRESS_TRIES_AN_HOUR):
        guess(f"somebody{number}")
    assert PAUSE in text_of(guess("mia", PASSWORD))
    for name in ("mia", "bob"):
        assert guess(name, PASSWORD, client=own).status_code == 302
        own.post("/logout/")
    assert guess("glass", PASSWORD).status_code == 302


def test_guesses_at_the_old_password_in_an_open_session_are_counted(mia: User) -> None:
    client = signed_in(mia)
    form = {"new_password1": "seven purple lanterns", "new_password2": "seven purple lanterns"}
    for _ in range(throttle.TRIES):
        client.post("/password/change/", {"old_password": "wrong", **form})
    answer = client.post("/password/change/", {"old_password": PASSWORD, **form})
    assert (answer.status_code, PAUSE in text_of(answer)) == (429, True)


def test_strangers_do_not_hold_up_a_confirmation(mia: User) -> None:
    client = signed_in(mia)
    for _ in range(throttle.TRIES):
        guess("mia")
    assert client.post("/confirm-password/", {"password": PASSWORD}).status_code == 302


def test_a_refused_guess_writes_nothing_and_hashes_nothing(mia: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(throttle.ADDRESS_TRIES_AN_HOUR):
        guess(f"somebody{number}")
    for name in ("make_password", "check_password"):
        monkeypatch.setattr(f"portal.session.auth.{name}", lambda *args: pytest.fail("hashed"))
    monkeypatch.setattr(throttle.cache, "add", lambda *args: pytest.fail("written"), raising=False)
    assert guess("mia").status_code == 429


# --- a few at a time ---


@pytest.mark.parametrize("name", ["mia", "nobody"])
def test_beyond_the_hashes_at_once_the_answer_is_to_try_again(mia: User, name: str) -> None:
    with full(guesses.STRANGERS):
        answer = guess(name, PASSWORD)
    assert (answer.status_code, answer["Retry-After"], BUSY in text_of(answer)) == (429, "5", True)
    for _ in range(throttle.TRIES):  # what was not looked at was no try
        assert WRONG in text_of(guess(name))


def test_known_browsers_and_the_break_glass_owner_have_room_in_a_flood(mia: User) -> None:
    make_break_glass()
    own = Client()
    guess("mia", PASSWORD, client=own)
    own.post("/logout/")
    with full(guesses.STRANGERS):
        assert guess("mia", PASSWORD, client=own).status_code == 302
        assert guess("glass", PASSWORD).status_code == 302
        assert signed_in(mia).post("/confirm-password/", {"password": PASSWORD}).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_a_flood_of_unknown_names_leaves_the_portal_answering(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = 4
    hashing, done = Barrier(at_once + 1), Event()

    def slow(password: str) -> str:
        hashing.wait(30)
        done.wait(30)
        return ""

    monkeypatch.setattr("portal.session.auth.make_password", slow)
    with ThreadPoolExecutor(at_once) as flood:
        answers = [flood.submit(in_a_thread(guess), f"name{number}") for number in range(at_once)]
        hashing.wait(30)
        assert [guess(f"more{number}").status_code for number in range(8)] == [429] * 8
        assert Client().get("/healthz").status_code == 200
        done.set()
        assert [answer.result(30).status_code for answer in answers] == [200] * at_once


def in_a_thread(call: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(*args: Any) -> Any:
        try:
            return call(*args)
        finally:
            connections.close_all()

    return wrapper
