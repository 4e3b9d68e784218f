"""What an identity provider asked, in the form in which the provisioning log keeps it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

HIDDEN = "…"
"""Stands for a value that is never kept."""

LONGEST_NAME = 120

_ENCODER = json.JSONEncoder(separators=(",", ":"))


@dataclass(slots=True)
class KeptRequest:
    """One write. `body` has no secrets left in it, and None says that there is none that could be read.

    `size`: of the body as it came, in bytes. `cut`: not all of it is kept. `unknown`: names of attributes and
    extensions that the portal doesn't know, by resource type.
    """

    path: str
    body: Any = None
    if_match: str = ""
    size: int = 0
    cut: bool = False
    unknown: set[tuple[str, str]] = field(default_factory=set)

    def as_text(self) -> str:
        """As it is stored."""
        said = {
            "path": self.path,
            "body": self.body,
            "if_match": self.if_match,
            "size": self.size,
            "cut": self.cut,
        }
        return _ENCODER.encode({name: value for name, value in said.items() if value})

    @classmethod
    def of_text(cls, text: str) -> KeptRequest | None:
        """What was stored; None where nothing was kept."""
        return cls(**json.loads(text)) if text else None
