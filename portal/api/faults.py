"""What failed before it reached a view or after it left one: the session, the user, another middleware."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse

from portal.api import problems
from portal.project import middleware, unstored


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: 503 while the database is away, in the door's own words; SCIM's middleware translates it."""
    error = sys.exc_info()[1]
    if isinstance(error, Exception) and unstored.is_away(error) and request.path_info.startswith(middleware.API_PREFIX):
        return problems.response_to(error)
    return unstored.answer_to(request, error) or unstored.page("500.html", 500)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400: as Django's, with the request's number."""
    return unstored.page("400.html", 400)
