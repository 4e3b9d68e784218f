"""The OpenAPI document, and a page that shows it. Neither needs a sign-in: they say nothing of anybody."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.api.schema import document

CONTENT_TYPE = "application/vnd.oai.openapi+json"


@require_safe
def schema(request: HttpRequest) -> JsonResponse:
    """The document as JSON, as it is committed as docs/openapi.yaml."""
    return JsonResponse(document(), content_type=CONTENT_TYPE)


@require_safe
def documentation(request: HttpRequest) -> HttpResponse:
    """Every operation, to read and to try; all of the page comes from this portal."""
    return render(request, "portal/api_docs.html", {"title": "REST API"})
