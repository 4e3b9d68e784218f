"""Walking through the admin UI: read a page, submit what it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from django.urls import URLPattern, URLResolver, reverse

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


def names_below(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, int]]:
    """Each address's name, and how many values it takes."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            space = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from names_below(pattern.url_patterns, prefix + space)
        elif pattern.name and "app_list" not in pattern.name:
            yield prefix + pattern.name, len(pattern.pattern.converters)
