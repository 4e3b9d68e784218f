"""The OpenAPI document without what has tests of its own."""

from copy import deepcopy
from typing import Any

# Credentials, and what makes other answers right than the body and the row do.
LEFT_OUT = {"fields", "If-Match", "If-None-Match"}


def simplified(document: dict[str, Any]) -> dict[str, Any]:
    """The document without `LEFT_OUT`."""
    found = deepcopy(document)
    del found["components"]["securitySchemes"]
    for operation in operations(found).values():
        del operation["security"]
        operation["parameters"] = _parameters(operation)
    return found


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By method and path, as schemathesis calls them."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def takes_anything(operation: dict[str, Any]) -> bool:
    return bool(_parameters(operation) or "requestBody" in operation)


def _parameters(operation: dict[str, Any]) -> list[dict[str, Any]]:
    return [parameter for parameter in operation.get("parameters", []) if parameter["name"] not in LEFT_OUT]
