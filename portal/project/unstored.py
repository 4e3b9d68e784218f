"""What the database does not store or answer, on pages: 409 where a value is taken, else 503 or 500, with pages."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import IntegrityError, InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string

from identity.core import serving
from identity.db.uniqueness import is_taken, may_pass

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = "5"


class UnstoredMiddleware:
    """SCIM and the REST API answer in words of their own; pages and sign-in end here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """None leaves it to the page of all other mistakes, which is logged as well."""
        answer = answer_to(request, error)
        if answer is not None and answer.status_code >= 500:
            logger.error("The database failed a page", exc_info=error)
        return answer


def answer_to(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """The page for an error of the database; None for a mistake of the portal's own."""
    if isinstance(error, IntegrityError) and is_taken(error):
        return render(request, "409.html", status=409)
    if not is_away(error):
        return None
    response = page("503.html", 503)
    response["Retry-After"] = RETRY_AFTER_SECONDS
    return response


def page(template: str, status: int) -> HttpResponse:
    """With the request's id to tell, and without the request: its user would be asked of the database."""
    told = render_to_string(template, {"request_id": serving.request_id()})
    return HttpResponse(told, status=status, headers={"Cache-Control": "no-store"})


def is_away(error: BaseException | None) -> bool:
    """Whether a retry can help: the database can't be reached, accepts no writes, or related rows changed."""
    if isinstance(error, IntegrityError):
        return may_pass(error)
    return isinstance(error, OperationalError | InternalError | InterfaceError)
