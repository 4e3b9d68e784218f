"""Middleware: a request under /api/ that is refused before it reaches a resource gets problem+json too."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from portal.api import problems
from portal.project import middleware


class APIBodyLimit(middleware.BodyLimit):
    """The limit on all bodies."""

    def refused(self, request: HttpRequest, error: Exception) -> HttpResponse:
        if request.path_info.startswith(middleware.API_PREFIX):
            return problems.response_to(error)
        return super().refused(request, error)
