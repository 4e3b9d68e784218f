"""Passwords that somebody would guess are refused, by every door that sets one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from identity.models import User
from identity.services import invitations, notices
from portal.account.passwords import HardToGuess, context_words
from tests.factories import OPERATOR, PASSWORD, make_user
from tests.portal.admin_pages import text_of
from tests.portal.shell import refusal
from tests.sessions import signed_in

ADVICE = "Avoid common passwords, names and years; several unrelated words are good."
YEARS = [str(year) for year in range(2019, 2031)]


@pytest.fixture(autouse=True)
def _our_address(settings: Any) -> None:

    settings.PUBLIC = urlsplit("https://portal.meridian.example")


@pytest.fixture
def mia() -> User:
    return User(username="m.lovelace", email="mia@instruments.example", first_name="Mia", last_name="Lovelace")


def is_refused(password: str, user: User | None = None) -> bool:
    try:
        HardToGuess().validate(password, user)
    except ValidationError:
        return True
    return False


def test_what_somebody_would_try_first(mia: User) -> None:
    assert context_words(mia) == ["gatehouse", "instruments", "lovelace", "meridian", "mia", "portal"]


@pytest.mark.parametrize("word", ["gatehouse", "meridian", "portal", "lovelace", "instruments", "MiaLovelace"])
def test_no_word_of_the_context_with_a_year_or_a_sign(mia: User, word: str) -> None:
    for year in YEARS:
        for password in (
            f"{word}{year}",
            f"{word.title()}-{year}!",
            f"{year}{word}",
            f"{word}{word}{year}",
            f"!{word}_{year}$",
        ):
            assert is_refused(password, mia), password


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Passw0rd2026!",
        "qwertyuiop12",
        "letmeinletmein",
        "iloveyou1234",
        "123456789012",
        "trustno1trustno1",
        "aaaaaaaaaaaa",
        "abcdefghijkl",
        "welcome123456",
        "dragondragon1",
        "x" * 4096,
    ],
)
def test_no_password_of_the_lists_however_it_is_drawn_out(password: str) -> None:
    assert is_refused(password)


@pytest.mark.parametrize(
    "password",
    [PASSWORD, "seven purple lanterns", "k7#Lq92mzPw!", "meridian brings purple lanterns", "zwölf grüne laternen"],
)
def test_unrelated_words_are_good(mia: User, password: str) -> None:
    assert not is_refused(password, mia)


@pytest.mark.django_db
def test_every_door_refuses_it_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    weak = "gatehouse2026"
    code, sentence = refusal("create_owner", "--username", "olga", "--email", "", "--password", weak)
    assert (code, sentence) == (6, ADVICE)
    client = signed_in(make_user("mia", password=PASSWORD))
    form = {"old_password": PASSWORD, "new_password1": weak, "new_password2": weak}
    assert ADVICE in text_of(client.post("/password/change/", form))
    secrets: list[str] = []
    monkeypatch.setattr(notices, "invite", lambda user, secret: secrets.append(secret))
    invitations.invite_user(username="ines", email="ines@example.test", actor=OPERATOR)
    answer = Client().post(f"/invitations/{secrets[0]}/", {"password": weak, "repeated": weak})
    assert ADVICE in text_of(answer)
