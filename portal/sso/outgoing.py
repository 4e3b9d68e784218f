"""Requests to others (SR-43): https, public addresses, no redirects; of identity providers at most 5 s and 1 MiB."""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError, InvalidSchema, InvalidURL, RequestException
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from portal.sso import patience
from portal.sso.patience import TooSlow

MOST_BYTES = 1024 * 1024
PIECE_BYTES = 64 * 1024
MOST_ADDRESSES = 4
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

# DNS lookups in progress: the system's resolver can't be interrupted, so hanging ones are limited to a few.
_LOOKUPS = BoundedSemaphore(8)
_until: ContextVar[float | None] = ContextVar("until", default=None)


class TooLarge(RequestException):
    """The response is larger than anything an identity provider should send."""


class NotPublic(Exception):
    """An address of a private network. Not an OSError, which urllib3 would treat as a broken connection."""


def time_left() -> float:
    """Seconds until the current call's deadline. Raises TimeoutError when it has passed."""
    left = (_until.get() or patience.deadline()) - time.monotonic()
    if left <= 0:
        raise TimeoutError("The answer took too long.")
    return left


class TimedReads(io.RawIOBase):
    """Reads from a socket until the deadline. Its own timeout restarts with each byte that trickles in."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(time_left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class TimedResponse(http.client.HTTPResponse):
    """Headers and body, by the same deadline."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(TimedReads(sock))


class TimedConnection(HTTPConnection):
    """Resolves, connects and reads by one deadline."""

    response_class = TimedResponse

    def _new_conn(self) -> socket.socket:
        host = self._dns_host
        try:
            return self._first_to_answer(self._addresses(host)[:MOST_ADDRESSES])
        finally:
            self._dns_host = host  # TLS verifies the name, not the address

    def _addresses(self, host: str) -> list[str]:
        return resolve(host, self.port)

    def _first_to_answer(self, addresses: list[str]) -> socket.socket:
        """Each address gets its share of the time: an unroutable one must not use up the next one's."""
        for tries_left in range(len(addresses), 1, -1):
            try:
                return self._connected(addresses[-tries_left], time_left() / tries_left)
            except (ConnectTimeoutError, NewConnectionError):
                continue
        return self._connected(addresses[-1], time_left())

    def _connected(self, address: str, seconds: float) -> socket.socket:
        self._dns_host, self.timeout = address, seconds
        connected = super()._new_conn()
        connected.settimeout(time_left())  # for TLS
        return connected


class TimedTLSConnection(TimedConnection, HTTPSConnection):
    """The same, over TLS."""


class PinnedConnection(TimedTLSConnection):
    """Connects to addresses that were checked, so that a second DNS answer changes nothing."""

    def _addresses(self, host: str) -> list[str]:
        return resolve_public(host, self.port)


class TimedPool(HTTPConnectionPool):
    ConnectionCls = TimedConnection


class TimedTLSPool(HTTPSConnectionPool):
    ConnectionCls = TimedTLSConnection


class PinnedPool(HTTPSConnectionPool):
    ConnectionCls = PinnedConnection


class BoundedAdapter(HTTPAdapter):
    """Reads at most a mebibyte, by one deadline and in turn: a slow-drip provider can't tie up a worker."""

    pools: ClassVar[dict[str, type[HTTPConnectionPool]]] = {"http": TimedPool, "https": TimedTLSPool}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self.pools

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        with self.turn(str(request.url)), _until_then(self.deadline()), _traced(request) as tell:
            response = super().send(request, **{**kwargs, "stream": True, "timeout": time_left()})
            try:
                response._content = self.body(response.raw)
            finally:
                response.close()
            tell(response.status_code)
        return response

    # --- what others than identity providers are given instead ---

    def turn(self, url: str) -> AbstractContextManager[None]:
        return patience.turn(url)

    def deadline(self) -> float:
        return patience.deadline()

    def body(self, raw: Any) -> bytes:
        return _bounded(raw)


def _traced(request: PreparedRequest) -> AbstractContextManager[Callable[[int], None]]:
    if not settings.TRACES:
        return nullcontext(lambda status: None)
    from portal.project import traces  # noqa: PLC0415 - loads OpenTelemetry

    return traces.call(str(request.method), str(request.url))


@contextmanager
def _until_then(until: float) -> Iterator[None]:
    """A call still running at the deadline raises TooSlow; other errors are translated to those of requests."""
    set_before = _until.set(until)
    try:
        yield
    except NotPublic as error:
        raise InvalidURL(str(error)) from error
    except (RequestException, HTTPError, OSError) as error:
        if time.monotonic() >= until:
            raise TooSlow("The answer took too long.") from error
        if isinstance(error, RequestException):
            raise
        raise ConnectionError(str(error)) from error
    finally:
        _until.reset(set_before)


def _bounded(raw: Any) -> bytes:
    body = bytearray()
    while piece := raw.read1(PIECE_BYTES, decode_content=True):
        body += piece
        if len(body) > MOST_BYTES:
            raise TooLarge("The answer is larger than 1 MiB.")
        time_left()
    return bytes(body)


class PublicAdapter(BoundedAdapter):
    """Public addresses only."""

    pools: ClassVar = {"https": PinnedPool}


class RefusingAdapter(HTTPAdapter):
    """Plain http is only for origins that the operator listed."""

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        raise InvalidSchema("Others are called over https only.")


class GuardedSession(Session):
    """The session for all requests of allauth and the portal to identity providers."""

    to_public: ClassVar[type[BoundedAdapter]] = PublicAdapter
    to_internal: ClassVar[type[BoundedAdapter]] = BoundedAdapter

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # an environment's proxy would resolve names itself
        self.mount("http://", RefusingAdapter())
        self.mount("https://", self.to_public())
        for origin in self.internal_origins():
            self.mount(f"{origin}/", self.to_internal())

    def internal_origins(self) -> list[str]:
        """Those that the operator listed, which may be anywhere."""
        return list(settings.SSO_INTERNAL_ORIGINS)

    def get_redirect_target(self, resp: Response) -> None:
        """Redirects are not followed: they could lead anywhere."""
        return


def is_protected(url: str) -> bool:
    """Whether people and secrets may be sent there: by https, or to an origin the operator listed."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (
        parts.scheme == "https" or f"{parts.scheme}://{parts.netloc}" in settings.SSO_INTERNAL_ORIGINS
    )


def with_query(address: str, query: str) -> str:
    """An endpoint's URL may have a query of its own, which stays (RFC 6749 section 3.1)."""
    return f"{address}{'&' if urlsplit(address).query else '?'}{query}"


def resolve_public(host: str, port: int) -> list[str]:
    """This host's addresses. Raises NotPublic if one of them is in a private network."""
    addresses = resolve(host, port)
    if not all(_is_public(address) for address in addresses):
        raise NotPublic(f"{host} is not at a public address; name its origin in SSO_INTERNAL_ORIGINS.")
    return addresses


def resolve(host: str, port: int) -> list[str]:
    """This host's addresses, by the deadline. Raises TimeoutError and gaierror (an OSError)."""
    if not _LOOKUPS.acquire(timeout=time_left()):
        raise TimeoutError("Other names are being looked up.")
    answers: SimpleQueue[list[str] | OSError] = SimpleQueue()
    Thread(target=_look_up, args=(host, port, answers), daemon=True).start()
    try:
        found = answers.get(timeout=time_left())
    except Empty:
        raise TimeoutError("The name was not found in time.") from None
    if isinstance(found, OSError):
        raise found
    return found


def _look_up(host: str, port: int, answers: SimpleQueue[list[str] | OSError]) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        answers.put(list(dict.fromkeys(str(answer[4][0]) for answer in found)))
    except OSError as error:
        answers.put(error)
    except UnicodeError as error:  # a label that is too long for IDNA
        answers.put(OSError(str(error)))
    finally:
        _LOOKUPS.release()


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = _embedded(ip) or ip
    return inner.is_global and not inner.is_multicast


def _embedded(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address behind an IPv6 one: mapped, 6to4, or through a NAT64 gateway (RFC 6052)."""
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    if ip in NAT64:
        return ipaddress.IPv4Address(ip.packed[-4:])
    return ip.ipv4_mapped or ip.sixtofour
