"""Which release this is: pyproject.toml says it, and an installed package has it from there."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PROJECT = CHECKOUT / "pyproject.toml"


def is_checkout() -> bool:
    """Whether the code runs where it was checked out, and not where it was installed."""
    return PROJECT.is_file()


@cache
def version() -> str:
    if is_checkout():
        return str(tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"])
    return metadata.version("gatehouse")
