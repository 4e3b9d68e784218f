"""What the server and the application both know of health checks: their addresses, and whether it is leaving."""

from __future__ import annotations

import mmap

LIVE, READY, HEALTHY = "/livez", "/readyz", "/healthz"
ADDRESSES = frozenset({LIVE, READY, HEALTHY})

# One byte that the server's processes share, once it has forked.
_leaving = mmap.mmap(-1, 1)


def leave() -> None:
    """From now on no requests should come here (the server has been told to stop)."""
    _leaving[0] = 1


def is_leaving() -> bool:
    return _leaving[0] == 1


def stay() -> None:
    _leaving[0] = 0
