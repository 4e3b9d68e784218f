"""How the portal calls identity providers (SR-43): https, public addresses, no redirects, 5 s, 1 MiB."""

from __future__ import annotations

import ipaddress
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidSchema, InvalidURL, RequestException
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool

TIMEOUT_SECONDS = 5
MOST_BYTES = 1024 * 1024
PIECE_BYTES = 64 * 1024
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class TooLarge(RequestException):
    """The answer is larger than anything that an identity provider has to say."""


class TooSlow(RequestException):
    """The answer comes in drops."""


class PinnedConnection(HTTPSConnection):
    """Connects to the address that was checked, so that a second DNS answer changes nothing."""

    def _new_conn(self) -> socket.socket:
        host = self._dns_host
        self._dns_host = resolve_public(host, self.port)
        try:
            return super()._new_conn()
        finally:
            self._dns_host = host  # TLS verifies the name, not the address


class PinnedPool(HTTPSConnectionPool):
    ConnectionCls = PinnedConnection


class BoundedAdapter(HTTPAdapter):
    """Reads at most a mebibyte, within five seconds: a provider that drips its answer keeps no worker."""

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        until = time.monotonic() + TIMEOUT_SECONDS
        response = super().send(request, **{**kwargs, "stream": True, "timeout": TIMEOUT_SECONDS})
        try:
            response._content = _bounded(response.raw, until)
        finally:
            response.close()
        return response


def _bounded(raw: Any, until: float) -> bytes:
    body = bytearray()
    while piece := raw.read1(PIECE_BYTES, decode_content=True):
        body += piece
        if len(body) > MOST_BYTES:
            raise TooLarge("The answer is larger than 1 MiB.")
        if time.monotonic() > until:
            raise TooSlow("The answer took longer than 5 seconds.")
    return bytes(body)


class PublicAdapter(BoundedAdapter):
    """To public addresses only."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": PinnedPool}


class RefusingAdapter(HTTPAdapter):
    """Plain http is for origins that the operator named."""

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        raise InvalidSchema("Identity providers are called over https only.")


class GuardedSession(Session):
    """What allauth and the portal fetch with."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # a proxy of the environment would resolve names itself
        self.mount("http://", RefusingAdapter())
        self.mount("https://", PublicAdapter())
        for origin in settings.SSO_INTERNAL_ORIGINS:
            self.mount(f"{origin}/", BoundedAdapter())

    def get_redirect_target(self, resp: Response) -> None:
        """Redirects are not followed: they could lead anywhere."""
        return


def is_protected(url: str) -> bool:
    """Whether people and secrets may be sent there: over https, or to an origin that the operator named."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (
        parts.scheme == "https" or f"{parts.scheme}://{parts.netloc}" in settings.SSO_INTERNAL_ORIGINS
    )


def resolve_public(host: str, port: int) -> str:
    """An address of this host. Raises InvalidURL when it leads into a private network."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(answer[4][0]) for answer in found]
    if not all(_is_public(address) for address in addresses):
        raise InvalidURL(f"{host} is not at a public address; name its origin in SSO_INTERNAL_ORIGINS.")
    return addresses[0]


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = _embedded(ip) or ip
    return inner.is_global and not inner.is_multicast


def _embedded(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to: mapped, 6to4, or through a NAT64 gateway (RFC 6052)."""
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    if ip in NAT64:
        return ipaddress.IPv4Address(ip.packed[-4:])
    return ip.ipv4_mapped or ip.sixtofour
