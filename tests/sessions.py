"""A person's browser: signed in without a form or through it, and whether somebody is in."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client

from identity.models import (
    User,
)
from portal.session.sessions import sessions_of
from tests.factories import (
    PASSWORD,
    make_administrator,
    make_owner,
)


def signed_in(user: User, *, fresh: bool = True) -> Client:
    """A browser of this person; `fresh`: the password was just typed."""
    client = Client()
    client.force_login(user)
    set_fresh(client, fresh=fresh)
    return client


def set_fresh(client: Client, *, fresh: bool = True) -> None:
    """Who is signed in has proven just now who they are, or never."""
    session = client.session
    session["signed_in_at"] = time.time() if fresh else 0.0
    session.save()


def as_administrator(*, fresh: bool = True) -> Client:
    return signed_in(make_administrator(), fresh=fresh)


def as_owner() -> Client:
    return signed_in(make_owner())


def sign_in(
    name: str = "mia", password: str = PASSWORD, *, client: Client | None = None, at: str = "/login/", **form: str
) -> Any:
    """What the sign-in page answers to this name and password."""
    return (client or Client()).post(at, {"username": name, "password": password, **form})


def entered(name: str = "mia") -> Client:
    """The browser of somebody who has filled in the sign-in page."""
    client = Client()
    sign_in(name, client=client)
    return client


def is_in(client: Client) -> bool:
    return bool(client.get("/profile/").status_code == 200)


def check_that_it_renews(client: Client, user: User, confirm: Callable[[Client], None]) -> None:
    stolen = Client()
    stolen.cookies["sessionid"] = client.cookies["sessionid"].value
    before = client.session.session_key
    (listed,) = sessions_of(user)
    confirm(client)
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()
    assert (client.get("/profile/").status_code, stolen.get("/profile/").status_code) == (200, 302)
    (still,) = sessions_of(User.objects.get(pk=user.pk))
    assert (still.pk, still.key) == (listed.pk, client.session.session_key)
    assert UserSession.objects.count() == 1
