"""How much of a request body is read, and chunked bodies, which have no length (SR-32)."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.http import HttpRequest
from gunicorn.http.errors import ParseException

# Two passwords of 4,096 characters, each of them four bytes, percent-encoded.
FROM_STRANGERS = 128 * 1024
# An assertion with some thousand groups, in base64.
FROM_IDENTITY_PROVIDERS = 1024 * 1024

_CHUNK = 64 * 1024


class LengthRequired(Exception):
    """A chunked body on a server that does not decode it (Django's development server)."""


def from_callers() -> int:
    """The maximum for callers who are signed in or have a token."""
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0


def length_of(request: HttpRequest) -> int:
    """The length the request declares."""
    length = request.META.get("CONTENT_LENGTH") or ""
    return int(length) if length.isascii() and length.isdigit() else 0


def is_in_chunks(request: HttpRequest) -> bool:
    """Whether the body is chunked (RFC 9112 section 7.1). Raises LengthRequired where the server can't read it."""
    is_chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    if not is_chunked or request.META.get("CONTENT_LENGTH"):
        return False
    if not request.META.get("wsgi.input_terminated"):
        raise LengthRequired
    return True


def open_chunks(request: HttpRequest) -> None:
    """Make `request.read` read the chunks, where Django would read zero bytes for want of a length."""
    request._stream = _Chunks(request.META["wsgi.input"])  # type: ignore[assignment]  # all that Django asks is read


def take_chunks(request: HttpRequest, limit: int) -> None:
    """Read all chunks, so that later code finds a body with a length.

    Raises RequestDataTooBig after `limit` bytes, BadRequest for an invalid chunk.
    """
    stream, body = _Chunks(request.META["wsgi.input"]), BytesIO()
    try:
        while piece := stream.read(min(_CHUNK, limit + 1 - body.tell())):
            body.write(piece)
            if body.tell() > limit:
                raise RequestDataTooBig
    except OSError as error:
        raise BadRequest("The body could not be read.") from error
    request.META["CONTENT_LENGTH"] = str(body.tell())
    body.seek(0)
    request._stream = body


class _Chunks:
    """The server's stream. Any error in a chunk becomes OSError, as Django expects, whatever the server raises."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def read(self, size: int = -1) -> bytes:
        try:
            return bytes(self.stream.read(size))
        except ParseException as error:
            raise OSError("no chunk") from error
