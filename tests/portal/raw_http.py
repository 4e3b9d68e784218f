"""Requests as bytes, for what no client would send, and the answers as they came."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.conformance.portal_process import Portal


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    head: str
    body: str


def say(portal: Portal, *head: str, body: bytes = b"") -> Answer:
    """Send these lines as they are, and read to the end."""
    address = urlsplit(portal.base_url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=30) as connection:
        connection.sendall("\r\n".join((*head, "Connection: close", "", "")).encode("latin-1") + body)
        said = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, rest = said.partition(b"\r\n\r\n")
    told = head.decode()
    text = out_of_chunks(rest) if "Transfer-Encoding: chunked" in told else rest
    return Answer(int(told.split(" ")[1]), told, text.decode())


def out_of_chunks(body: bytes) -> bytes:
    size, _, rest = body.partition(b"\r\n")
    length = int(size, 16)
    return rest[:length] + out_of_chunks(rest[length + 2 :]) if length else b""
