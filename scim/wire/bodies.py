"""Reading request bodies: anything but one plain JSON object is refused before it is examined (SR-32, SR-33)."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any, NoReturn

from django.http import HttpRequest
from django.http.request import RawPostDataException, UnreadablePostError

from scim.wire import limits
from scim.wire.errors import Problem, RequestRefused, refuse
from scim.wire.words import Wire

_JSON_TYPES = {"", "application/scim+json", "application/json"}
_CHUNK = 64 * 1024
_SUSPICIOUS = re.compile(r"\\u0000|\\u[dD][89a-fA-F]|\x00")


def read(request: HttpRequest) -> dict[str, Any]:
    """The body as a dict. Raises 413, 415 or 400 `invalidSyntax`."""
    try:
        _check_headers(request)
        raw = _raw(request)
    except (UnreadablePostError, RawPostDataException) as error:
        raise refuse("invalidSyntax", Wire.BODY_UNREADABLE()) from error
    return parse(raw)


def parse(raw: bytes) -> dict[str, Any]:
    """Bytes of one JSON object: valid UTF-8, no duplicate names (case ignored), no NUL, no lone surrogates."""
    try:
        text = raw.removeprefix(codecs.BOM_UTF8).decode("utf-8")  # RFC 8259 section 8.1
        body = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:  # JSON, UTF-8 and integers of more than 4,300 digits
        raise refuse("invalidSyntax", Wire.BODY_NOT_JSON()) from error
    if not isinstance(body, dict):
        raise refuse("invalidSyntax", Wire.BODY_NOT_AN_OBJECT())
    _check_depth(body)
    if _SUSPICIOUS.search(text):
        check_text(body)
    return body


def parse_text(text: str) -> Any:
    """JSON that a client put into a string, by the same rules."""
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise refuse("invalidSyntax", Wire.TEXT_NOT_JSON()) from error
    _check_depth([value])
    check_text(value)
    return value


def is_storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def check_text(value: Any) -> None:
    """Refuse NUL and lone surrogates in any string: no database column can hold them."""
    if isinstance(value, str):
        if not is_storable(value):
            raise refuse("invalidValue", Wire.BAD_CHARACTER())
    elif isinstance(value, dict):
        for key, item in value.items():
            check_text(key)
            check_text(item)
    elif isinstance(value, list):
        for item in value:
            check_text(item)


def require_schema(body: dict[str, Any], urn: str) -> None:
    """A message names its schema (RFC 7644 section 3.1); names and URNs are compared without case."""
    named = next((value for name, value in body.items() if name.lower() == "schemas"), None)
    if not isinstance(named, list) or urn.lower() not in [str(each).lower() for each in named]:
        raise refuse("invalidSyntax", Wire.SCHEMA_MISSING(urn=urn))


def _check_headers(request: HttpRequest) -> None:
    if request.content_type not in _JSON_TYPES:
        raise RequestRefused(Problem(415, "Send application/scim+json."))
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RequestRefused(Problem(415, "Send the body without Content-Encoding."))
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        length = 0
    if length > limits.BODY_BYTES:
        _discard(request)
        raise _too_large()


def _discard(request: HttpRequest) -> None:
    """Keep reading for a while: a client that is cut off while sending never sees the answer."""
    for _ in range(limits.DISCARDED_BYTES // _CHUNK):
        if not request.read(_CHUNK):
            return


def _too_large() -> RequestRefused:
    return RequestRefused(Problem(413, f"The body is larger than {limits.BODY_BYTES} bytes."))


def _raw(request: HttpRequest) -> bytes:
    """The body; read once, since a deadlock may restart the whole request."""
    if not hasattr(request, "_body"):
        request._body = _limited(request)
    return request.body


def _limited(request: HttpRequest) -> bytes:
    raw = request.read(limits.BODY_BYTES + 1)
    if len(raw) > limits.BODY_BYTES:
        _discard(request)
        raise _too_large()
    return raw


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len({name.strip().lower() for name in members}) != len(pairs):  # `"active "` would be read as active
        raise refuse("invalidSyntax", Wire.BODY_NAMES_TWICE())
    return members


def _no_constant(name: str) -> NoReturn:
    raise refuse("invalidSyntax", Wire.NOT_JSON(name=name))


def _check_depth(body: Any) -> None:
    level, depth = [body], 0
    while level:
        depth += 1
        if depth > limits.JSON_DEPTH:
            raise _too_deep()
        level = [
            item
            for container in level
            for item in (container.values() if isinstance(container, dict) else container)
            if isinstance(item, (dict, list))
        ]


def _too_deep() -> RequestRefused:
    return refuse("invalidSyntax", Wire.BODY_TOO_DEEP(most=limits.JSON_DEPTH))
