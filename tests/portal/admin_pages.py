"""Walking through the admin UI: sign in, read a page, submit what it shows."""

from __future__ import annotations

import re
import time
from html import unescape
from typing import Any

from django.test import Client
from django.urls import reverse

from identity.models import User
from tests.factories import make_administrator, make_owner, make_support, make_user

READERS_REFUSED = (make_user, make_support)


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


def address(page: str, *args: Any, **query: Any) -> str:
    """The address of an admin page of identity, `group_change` for example."""
    found = reverse(f"admin:identity_{page}", args=args)
    return f"{found}?{'&'.join(f'{key}={value}' for key, value in query.items())}" if query else found


def text_of(response: Any) -> str:
    """The page's text without tags, white space folded."""
    html = re.sub(r"(?s)<(script|style|svg)\b.*?</\1>", " ", response.content.decode())
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def hidden(response: Any, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())
    assert found, f"no field {name} on the page"
    return unescape(found[1])


def messages_of(response: Any) -> list[str]:
    """What the page after a redirect says (the test client followed it)."""
    return [str(message) for message in response.context["messages"]]
