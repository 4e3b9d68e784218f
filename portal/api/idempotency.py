"""Idempotency-Key: a repeated POST gets the same response and is not done again, for 24 hours."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from django.db import transaction
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from identity.services import idempotency
from portal.api.fields import Secret
from portal.api.json_bodies import of_django

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT_HEADERS = ("ETag", "Cache-Control")
LONGEST = 255
SHOWN_ONCE = (
    "The secret was in the first answer to this request and is not kept. If it is lost, revoke this and create another."
)
KEY = re.compile(f"[!-~]{{1,{LONGEST}}}")


def once(handler: Callable[..., Response], request: Request, shape: Any) -> Callable[..., Response]:
    """The handler, run once for each key of this user. A refusal changed nothing and leaves the key free.

    `shape` is its response type: secrets in it are shown only once, in the first response.
    """
    if HEADER not in request.headers:
        return handler

    def run(request: Request, *args: Any, **kwargs: Any) -> Response:
        row, earlier = idempotency.begin(request.user, _key(request), _digest(request))  # type: ignore[arg-type]
        if earlier:
            return _replay(earlier, shape)
        try:
            with transaction.atomic():
                response = handler(request, *args, **kwargs)
                idempotency.finish(row, _kept(response, shape))
        except BaseException:
            idempotency.abandon(row)
            raise
        return response

    return run


def _key(request: Request) -> str:
    key = request.headers[HEADER]
    if not KEY.fullmatch(key):
        raise ValidationError({HEADER: f"must be 1 to {LONGEST} printable ASCII characters without spaces."})
    return key


def _digest(request: Request) -> str:
    """Of the request: URL and body, byte by byte."""
    asked = f"{request.method} {request.get_full_path()}\n".encode() + of_django(request).body
    return hashlib.sha256(asked).hexdigest()


def _kept(response: Response, shape: Any) -> str:
    headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    body = json.loads(JSONRenderer().render(response.data) or b"null")
    return json.dumps({"status": response.status_code, "headers": headers, "body": _without_secrets(body, shape)})


def _without_secrets(body: Any, shape: Any) -> Any:
    names = [name for name, field in shape().fields.items() if isinstance(field, Secret)] if shape else []
    return {**body, **dict.fromkeys(names), "note": SHOWN_ONCE} if names else body


def _replay(answer: str, shape: Any) -> Response:
    """Without secrets, even where an earlier version stored them."""
    kept = json.loads(answer)
    body, headers = _without_secrets(kept["body"], shape), {**kept["headers"], REPLAYED: "true"}
    return Response(body, status=kept["status"], headers=headers)
