"""Walking through the admin UI: read a page, submit what it shows."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.urls import reverse

from tests.factories import make_support, make_user

READERS_REFUSED = (make_user, make_support)


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
