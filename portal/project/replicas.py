"""Requests and the replica: who wrote is remembered, and pages say which of them may be read from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse

from identity.core import serving
from identity.db import following, replica

R = TypeVar("R", bound=HttpResponseBase)

READS = {"GET", "HEAD"}


def remember_writes(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Any:
    """Before its answer leaves, a write is remembered for whoever made it: what they read next has it."""
    if not replica.is_there():
        raise MiddlewareNotUsed

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        served = serving.current()
        if served and served.has_written:
            following.remember_write()
        return response

    return middleware


def read_by(request: HttpRequest, area: str, view: Callable[[], R]) -> R:
    """The view's answer, whose reads may come from the replica; a page is made at once, with the same reads."""
    if request.method not in READS or not replica.is_there():
        return view()
    with replica.reading(area):
        response = view()
        return response.render() if isinstance(response, TemplateResponse) else response  # type: ignore[return-value]
