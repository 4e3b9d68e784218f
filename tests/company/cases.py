"""What is tried at each door, by what it is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Make = TypeVar("Make", bound=Callable[..., object])


class Cases(dict[str, Make]):
    """Decorate a function to add it: `changing_a_role` is the case "changing a role"."""

    def add(self, make: Make) -> Make:
        self[make.__name__.replace("_", " ")] = make
        return make
