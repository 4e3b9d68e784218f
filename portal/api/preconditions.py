"""ETags of resources, and writes that apply only to the version that was read (RFC 9110 section 13)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils.http import parse_etags
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.errors import VersionMismatch


def etag_of(data: Any) -> str:
    """A strong one: the digest of the whole representation, as this caller sees it."""
    return f'"{hashlib.sha256(JSONRenderer().render(data)).hexdigest()[:32]}"'


def is_known(request: Request, etag: str) -> bool:
    """If-None-Match: does the caller already have this?"""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or etag in {tag.removeprefix("W/") for tag in known}


def only_if_unchanged(view: Any, handler: Callable[..., Response]) -> Callable[..., Response]:
    """The handler, run only when If-Match names the current version. The row is locked in between.

    A list has no version, so nothing matches there (RFC 9110 section 13.1.1).
    """
    wanted = parse_etags(view.request.headers.get("If-Match", ""))
    if not wanted:
        return handler

    if not view.detail:
        raise VersionMismatch("This address has no version that If-Match could name: leave it out.")

    def run(request: Request, *args: Any, **kwargs: Any) -> Response:
        with transaction.atomic():
            view.hold(view.get_object())
            if "*" not in wanted and etag_of(view.represent(view.get_object())) not in wanted:
                raise VersionMismatch("The resource has changed since you read it: read it again.")
            return handler(request, *args, **kwargs)

    return run
