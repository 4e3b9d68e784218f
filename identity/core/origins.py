"""Where a request came from: an address and a browser."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

LONGEST_ADDRESS = 64
LONGEST_BROWSER = 200


@dataclass(frozen=True, slots=True)
class Origin:
    """`browser` is the User-Agent header as it came, cut; both are somebody's, and can be erased (R10)."""

    address: str = ""
    browser: str = ""

    @classmethod
    def of(cls, meta: dict[str, object]) -> Origin:
        """Of a request's environment. Control characters go: a database takes no NUL, and a log no second line."""
        address, browser = (_plain(str(meta.get(name, ""))) for name in ("REMOTE_ADDR", "HTTP_USER_AGENT"))
        return cls(address[:LONGEST_ADDRESS], browser[:LONGEST_BROWSER])

    @property
    def network(self) -> str:
        return network_of(self.address)


def network_of(text: str) -> str:
    """What an address is counted as: itself, or of IPv6 the /64, which one customer has."""
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if address.version == 4:
        return str(address)
    return str(address.ipv4_mapped or ip_network((int(address), 64), strict=False))


def _plain(text: str) -> str:
    return "".join(char for char in text if char.isprintable())
