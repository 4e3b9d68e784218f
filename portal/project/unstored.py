"""What the database does not store, on pages: 409 where a value is taken, else 503 or 500, each with its own page."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

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
        if not isinstance(error, IntegrityError):
            return None
        if is_taken(error):
            return render(request, "409.html", status=409)
        if not may_pass(error):
            return None
        logger.error("The database refused the rows of a page", exc_info=error)
        response = render(request, "503.html", status=503)
        response["Retry-After"] = RETRY_AFTER_SECONDS
        return response
