"""JSON in, JSON out, and nothing else (SR-29, SR-33)."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

UTF_8 = "utf-8"


class JSON(JSONRenderer):
    """DRF's; problems keep their own content type."""

    charset = None


def of_django(request: Request) -> HttpRequest:
    """The underlying Django request, as the rest of the portal knows it."""
    plain: HttpRequest = request._request
    return plain


class StrictJSON(BaseParser):
    """A JSON object. NaN, nesting that overflows the stack, endless numbers and lone surrogates are malformed."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        body = of_django(parser_context["request"]).body if parser_context else stream.read()  # at most 8 MiB
        try:
            said = json.loads(body.removeprefix(codecs.BOM_UTF8).decode(UTF_8), parse_constant=_refuse_constant)
            json.dumps(said, ensure_ascii=False).encode(UTF_8)
        except (ValueError, RecursionError) as error:
            raise ParseError("The body is no JSON, or too deep or too long a number stands in it.") from error
        if not isinstance(said, dict):
            raise ParseError("The body must be a JSON object.")
        return said


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
