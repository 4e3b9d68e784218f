"""Every address of the URLconf, for tests that walk all doors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern


def addresses(resolver: Any = None, before: str = "/") -> Iterator[str]:
    """With 1 for each part that varies; patterns that are regular expressions (SCIM's) are left out."""
    for entry in (resolver or get_resolver()).url_patterns:
        if not isinstance(entry.pattern, RoutePattern):
            continue
        path = before + re.sub(r"<[^>]+>", "1", str(entry.pattern))
        if isinstance(entry, URLResolver):
            yield from addresses(entry, path)
        elif isinstance(entry, URLPattern):
            yield path
