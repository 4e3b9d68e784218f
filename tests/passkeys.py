"""Passkeys in tests: a portal at an address where browsers use them, and what goes between a browser and its doors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client, override_settings

from identity.core import webauthn
from identity.core.actors import Actor, Person
from identity.models import Passkey, User
from identity.services import passkeys
from tests.authenticator import Authenticator

NEW = "/profile/passkeys/new/"


def portal_at(address: str = "http://localhost") -> override_settings:
    parts = urlsplit(address)
    return override_settings(
        PUBLIC_URL=address, PUBLIC=parts, PUBLIC_HOST=parts.hostname, IS_HTTPS=parts.scheme == "https"
    )


@pytest.fixture(autouse=True)
def at_localhost() -> Iterator[None]:
    """The portal is where browsers use passkeys, in a file that takes this in."""
    with portal_at():
        yield


def make_passkey(
    user: User, device: Authenticator | None = None, *, name: str = "Laptop", actor: Actor | None = None
) -> Passkey:
    """Through the service."""
    challenge, handle = webauthn.new_challenge(), passkeys.handle_of(user)
    asked = passkeys.adding(user, challenge=challenge, user_handle=handle)
    passkey, _ = passkeys.add_passkey(
        user,
        name=name,
        answer=json.dumps((device or Authenticator()).make(asked)),
        challenge=challenge,
        user_handle=handle,
        actor=actor or Person(user),
    )
    return passkey


def use(device: Authenticator, *, of: User | None = None, alone: bool = True) -> Passkey | None:
    """Sign with it, through the service; the passkey that the portal found."""
    challenge = webauthn.new_challenge()
    answer = json.dumps(device.sign(passkeys.asking(of, challenge=challenge, alone=alone)))
    passkey = passkeys.find_passkey(answer)
    if passkey is not None:
        passkeys.use_passkey(passkey, answer=answer, challenge=challenge, alone=alone)
    return passkey


# --- by HTTP ---


def ask(client: Client, page: str) -> dict[str, Any]:
    """What the browser of a page is asked."""
    answer = client.post(f"{page}question/")
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def send(client: Client, page: str, said: Any, **form: str) -> Any:
    return client.post(page, {"answer": said if isinstance(said, str) else json.dumps(said), **form})


def sign(client: Client, device: Authenticator, page: str = "/login/passkey/", **form: str) -> Any:
    """Ask, sign, send."""
    return send(client, page, device.sign(ask(client, page)), **form)


def add(client: Client, device: Authenticator, name: str = "Laptop") -> Any:
    """The person who is signed in adds it, on the page."""
    return send(client, NEW, device.make(ask(client, NEW)), name=name)
