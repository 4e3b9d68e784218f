"""Proxies between the caller and the portal, and what they report of the caller (README: FORWARDED_ALLOW_IPS)."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def trusted_networks(names: list[str]) -> list[Network]:
    """The addresses and networks of FORWARDED_ALLOW_IPS.

    "*" is gunicorn's word for any client, which does not say who wrote the header.
    """
    return [network_of(name) for name in names if name != "*"]


def network_of(name: str) -> Network:
    """Raises ValueError for anything else, such as a name: its addresses may change."""
    return ip_network(name)


def address_in(hop: str) -> str:
    """The address in an entry of X-Forwarded-For, without the port that some proxies add; empty if invalid.

    `203.0.113.7:51234` (Azure Application Gateway), `[2001:db8::1]:443`, `2001:db8::1`.
    """
    hop = hop.strip().strip('"')
    host = hop[1:].partition("]")[0] if hop.startswith("[") else hop
    if host.count(":") == 1:
        host = host.partition(":")[0]
    return host if is_address(host) else ""


def is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
