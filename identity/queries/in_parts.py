"""Long answers in parts: each part fits into a request, and what was found so far is carried to the next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

Part = TypeVar("Part")


class InParts(ABC, Generic[Part]):
    """What is compared part by part. A page carries `so_far`, JSON, and continues with `resume`; a command waits."""

    __slots__ = ()

    @property
    @abstractmethod
    def is_done(self) -> bool: ...

    @abstractmethod
    def go_on(self) -> Part:
        """The next part; what is new in it."""

    @property
    @abstractmethod
    def so_far(self) -> Any:
        """What was found, as JSON data."""

    def rest(self) -> Iterator[Part]:
        """All parts that remain."""
        while not self.is_done:
            yield self.go_on()
