"""What a process keeps between tests."""

from __future__ import annotations

import gc
import sys
import threading
from functools import _lru_cache_wrapper
from typing import Any

from identity.db.compiled import CompiledQuery

OURS = ("identity", "scim", "portal")
_kept: list[Any] = []
_modules = 0


def forget() -> None:
    """Empty all that is made once in a process: `@cache` of the portal's own functions, and compiled queries."""
    global _modules
    if _modules != len(sys.modules):
        _modules = len(sys.modules)
        _kept[:] = [found for found in everything() if _is_kept(found)]
    for found in _kept:
        if isinstance(found, CompiledQuery):
            found._plans = threading.local()
        else:
            found.cache_clear()


def everything() -> list[Any]:
    """All objects of this process, what the suite has frozen as well."""
    gc.unfreeze()
    return gc.get_objects()


def _is_kept(found: Any) -> bool:
    if type(found) is CompiledQuery:
        return True
    return type(found) is _lru_cache_wrapper and str(found.__module__).split(".")[0] in OURS
