"""Networks that a credential may be used from, as a line of CIDR blocks."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from identity.core.errors import InvalidValue

MOST = 30


def networks(text: str, attribute: str = "networks") -> str:
    """As it is stored: separated by spaces, each once. Raises InvalidValue."""
    named = [part for part in re.split(r"[\s,;]+", text) if part]
    if len(named) > MOST:
        raise InvalidValue(attribute, f"must be at most {MOST}")
    return " ".join(dict.fromkeys(str(_network(part, attribute)) for part in named))


def allows(named: str, address: str) -> bool:
    """Whether an address is in one of the networks; none named are all."""
    if not named:
        return True
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return any(ip in network for network in _parsed(named))


@lru_cache(maxsize=256)
def _parsed(named: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(map(ip_network, named.split()))


def _network(part: str, attribute: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(part, strict=False)
    except ValueError as error:
        raise InvalidValue(attribute, "must be networks such as 192.0.2.0/24 or 2001:db8::/32") from error
