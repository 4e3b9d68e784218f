"""Entity tags (RFC 7644 section 3.14): weak, from the version column."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest

_TAG = re.compile(r'(?:W/)?"([^"]*)"')


def etag(version: int) -> str:
    return f'W/"{version}"'


def required_version(request: HttpRequest) -> Callable[[int], bool] | None:
    """The check for If-Match and If-None-Match on a write, None without them; applied under the row's lock."""
    wanted, unwanted = (request.headers.get(name) for name in ("If-Match", "If-None-Match"))
    if wanted is None and unwanted is None:
        return None
    return lambda version: (wanted is None or _names(wanted, version)) and not _names(unwanted or "", version)


def is_unchanged(request: HttpRequest, version: int) -> bool:
    """Whether If-None-Match names this version, so that a GET is answered 304."""
    known = request.headers.get("If-None-Match")
    return known is not None and _names(known, version)


def _names(header: str, version: int) -> bool:
    return header.strip() == "*" or str(version) in _TAG.findall(header)
