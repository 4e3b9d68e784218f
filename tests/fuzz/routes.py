"""Every address that the portal answers, as a template with gaps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from django.urls import URLPattern, URLResolver, get_resolver

GAP = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")


@cache
def routes() -> tuple[str, ...]:
    """Such as `/admin/identity/user/<object_id>/change/`."""
    return tuple(sorted({_plain(path) for path in _below(get_resolver())}))


def _below(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield path
        else:
            yield from _below(pattern, path)


def _plain(path: str) -> str:
    """Without what only a regular expression means."""
    named = GAP.sub(lambda found: f"<{found[1] or found[2]}>", path)
    return "/" + re.sub(r"[\^$?]|\\Z|\(|\)", "", named).replace("\\.", ".").lstrip("/")


def of(prefix: str) -> tuple[str, ...]:
    return tuple(route for route in routes() if route.startswith(prefix))


def filled(route: str, values: dict[str, str]) -> str:
    """With a value in each gap; what has none gets 1."""
    return re.sub(r"<(\w+)>", lambda found: values.get(found[1], "1"), route)
