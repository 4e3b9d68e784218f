"""The OpenAPI document, and a page that shows it. Both are public: they contain no personal data."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.api.schema import document

CONTENT_TYPE = "application/vnd.oai.openapi+json"


@require_safe
def schema(request: HttpRequest) -> JsonResponse:
    """The document as JSON, the same as the committed docs/openapi.yaml."""
    return JsonResponse(document(), content_type=CONTENT_TYPE)


@require_safe
def documentation(request: HttpRequest) -> HttpResponse:
    """Every operation, to read and to try; the whole page is served by this portal."""
    return render(request, "portal/api_docs.html", {"title": "REST API"})
