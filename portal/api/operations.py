"""An operation of the API, declared once: its name, inputs and responses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from rest_framework import serializers

H = TypeVar("H", bound=Callable[..., Any])
Shape = type[serializers.BaseSerializer] | serializers.BaseSerializer | None


@dataclass(frozen=True, slots=True)
class Operation:
    """The handler's docstring is the description: its first line the summary."""

    id: str
    body: Shape = None
    query: Shape = None
    answer: Shape = None
    status: int = 200
    is_list: bool = False


def operation(id: str, **shapes: Any) -> Callable[[H], H]:
    """Declare a handler. The view parses by it, and the OpenAPI document is generated from it."""

    def declare(handler: H) -> H:
        handler.operation = Operation(id, **shapes)  # type: ignore[attr-defined]
        return handler

    return declare


def operation_of(view: Any) -> Operation | None:
    """The declaration of the view's current or documented operation; None for OPTIONS and 405."""
    handler = getattr(view, getattr(view, "action", None) or "", None)
    return getattr(handler, "operation", None)
