"""How much of a request's body is read, and bodies that come in chunks, without a length (SR-32)."""

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
    """A body in chunks, on a server that does not put them together (Django's development server)."""


def from_callers() -> int:
    """The most that those may send who have signed in, or have a token."""
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0


def length_of(request: HttpRequest) -> int:
    """What the request says of its own length."""
    length = request.META.get("CONTENT_LENGTH") or ""
    return int(length) if length.isascii() and length.isdigit() else 0


def is_in_chunks(request: HttpRequest) -> bool:
    """Whether the body has no length (RFC 9112 section 7.1). Raises LengthRequired where nobody can read such."""
    is_chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    if not is_chunked or request.META.get("CONTENT_LENGTH"):
        return False
    if not request.META.get("wsgi.input_terminated"):
        raise LengthRequired
    return True


def open_chunks(request: HttpRequest) -> None:
    """`request.read` reads the chunks, where Django would read the zero bytes that have no length."""
    request._stream = _Chunks(request.META["wsgi.input"])  # type: ignore[assignment]  # all that Django asks is read


def take_chunks(request: HttpRequest, limit: int) -> None:
    """Read all chunks, so that whatever comes next finds a body with a length.

    Raises RequestDataTooBig after `limit` bytes, BadRequest for what is no chunk.
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
    """The server's stream. What is no chunk is unreadable (OSError, as Django expects it), whatever the server says."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def read(self, size: int = -1) -> bytes:
        try:
            return bytes(self.stream.read(size))
        except ParseException as error:
            raise OSError("no chunk") from error
