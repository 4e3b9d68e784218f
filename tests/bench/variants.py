"""Gatehouse's settings with another connection mode, chosen by BENCH_CONNECTIONS (see scenarios/connections)."""

import os
from typing import Any

from portal.settings import *  # noqa: F403
from portal.settings import DATABASES

MODES: dict[str, dict[str, Any]] = {
    "persistent": {},
    "persistent, no health check": {"CONN_HEALTH_CHECKS": False},
    "pool": {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False, "OPTIONS": {"pool": {"min_size": 4, "max_size": 16}}},
    "persistent, nothing prepared": {"OPTIONS": {"server_side_binding": False, "prepare_threshold": None}},
    "one for each request": {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False},
}


def _apply(mode: dict[str, Any]) -> None:
    database = DATABASES["default"]
    DATABASES["default"] = {**database, **mode, "OPTIONS": database["OPTIONS"] | mode.get("OPTIONS", {})}


_apply(MODES[os.environ["BENCH_CONNECTIONS"]])
