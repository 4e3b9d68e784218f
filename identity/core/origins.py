"""Where a request came from: an address and a browser."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

LONGEST_ADDRESS = 64
LONGEST_BROWSER = 200


@dataclass(frozen=True, slots=True)
class Origin:
    """`browser` is the User-Agent header as sent, truncated; both are personal data and can be erased (R10)."""

    address: str = ""
    browser: str = ""

    @classmethod
    def of(cls, meta: dict[str, object]) -> Origin:
        """From a request's environment. Control characters are removed: databases reject NUL, logs are line-based."""
        address, browser = (_plain(str(meta.get(name, ""))) for name in ("REMOTE_ADDR", "HTTP_USER_AGENT"))
        return cls(address[:LONGEST_ADDRESS], browser[:LONGEST_BROWSER])

    @property
    def network(self) -> str:
        return network_of(self.address)


def network_of(text: str) -> str:
    """The network an address counts as: itself, or for IPv6 its /64, which belongs to one customer."""
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if address.version == 4:
        return str(address)
    return str(address.ipv4_mapped or ip_network((int(address), 64), strict=False))


def _plain(text: str) -> str:
    return "".join(char for char in text if char.isprintable())
