"""A small keep-alive HTTP client, the same for every server: its own cost must not hide theirs."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

T = TypeVar("T")
R = TypeVar("R")


class Answer(NamedTuple):
    status: int
    body: bytes
    seconds: float

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """One connection, opened when first needed and again when the server has closed it."""

    def __init__(self, port: int, prefix: str, token: str) -> None:
        self.port, self.prefix, self.token = port, prefix, token
        self._socket: socket.socket | None = None
        self._rest = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._rest = None, b""

    def send(self, method: str, path: str, body: Any = None) -> Answer:
        message = self._message(method, path, body)
        started = time.perf_counter()
        try:
            status, content = self._exchange(message)
        except (ConnectionError, EOFError):
            # An idle connection that the server closed meanwhile; no request has been lost with it.
            self.close()
            started = time.perf_counter()
            status, content = self._exchange(message)
        return Answer(status, content, time.perf_counter() - started)

    def ok(self, method: str, path: str, body: Any = None) -> Answer:
        """The same, and anything but success ends the benchmark: a fast refusal would look like a fast server."""
        answer = self.send(method, path, body)
        if not 200 <= answer.status < 300:
            raise RuntimeError(f"{method} {path[:120]}: {answer.status} {answer.body[:300]!r}")
        return answer

    def find(self, resource: str, expression: str) -> Answer:
        return self.ok("GET", f"/{resource}?filter={quote(expression)}")

    def _message(self, method: str, path: str, body: Any) -> bytes:
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {self.prefix}{path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Bearer {self.token}\r\nAccept: application/scim+json\r\n"
        )
        if body is not None:
            head += f"Content-Type: application/scim+json\r\nContent-Length: {len(content)}\r\n"
        return head.encode() + b"\r\n" + content

    def _exchange(self, message: bytes) -> tuple[int, bytes]:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=600)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(message)
        return self._read_answer()

    def _read_answer(self) -> tuple[int, bytes]:
        head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        status = int(head[0].split(" ", 2)[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        content = self._read_content(status, headers)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return status, content

    def _read_content(self, status: int, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._read_chunks()
        if status in {204, 304}:
            return b""
        return self._exactly(int(headers.get("content-length", 0)))

    def _read_chunks(self) -> bytes:
        parts = []
        while size := int(self._until(b"\r\n"), 16):
            parts.append(self._exactly(size))
            self._until(b"\r\n")
        self._until(b"\r\n")
        return b"".join(parts)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._rest:
            self._receive()
        found, _, self._rest = self._rest.partition(mark)
        return found

    def _exactly(self, size: int) -> bytes:
        parts, missing = [self._rest[:size]], size - len(self._rest)
        self._rest = self._rest[size:]
        while missing > 0:
            self._receive()
            parts.append(self._rest[:missing])
            self._rest, missing = self._rest[missing:], missing - len(parts[-1])
        return b"".join(parts)

    def _receive(self) -> None:
        data = self._socket.recv(1 << 18) if self._socket else b""
        if not data:
            raise EOFError
        self._rest += data


def in_parallel(clients: list[Client], work: Callable[[Client, T], R], items: Iterable[T]) -> list[R]:
    """Share the items among the clients, one thread each; the answers in no particular order."""
    queue = iter(list(items))

    def run(client: Client) -> list[R]:
        # next() on a list's iterator is one step of the interpreter: threads can share it.
        with client:
            return [work(client, item) for item in queue]

    with ThreadPoolExecutor(len(clients)) as pool:
        return [answer for answers in pool.map(run, clients) for answer in answers]
