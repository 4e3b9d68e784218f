"""The one registry of attributes: each published attribute, and how its values are compared and kept.

Derived from the resource models. A single attribute is kept under its path in `SSOUser.keys`, a multi-valued
one as rows of `SSOUserValue`; both hold comparable values, so filters never look into the IdP's JSON.
Paths are as `name.familyName`, `emails` or `urn:…:enterprise:2.0:User:manager.value`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from scim2_models import BaseModel, Path
from scim2_models.path import AttributeBinding

from identity.keys import fold
from scim.resources import CORE_GROUP, CORE_USER, ENTERPRISE_USER, UserResource

Comparable = dict[str, Any]


def path_of(binding: AttributeBinding) -> str:
    """The path of a bound attribute, without the URN of the core schemas."""
    for core in (CORE_USER, CORE_GROUP):
        if binding.urn.startswith(f"{core}:"):
            return binding.urn.removeprefix(f"{core}:")
    return binding.urn


def split_path(binding: AttributeBinding) -> tuple[str, str]:
    """The path of a multi-valued attribute and the name of its sub-attribute: `emails.type` → (`emails`, `type`)."""
    path = path_of(binding)
    if binding.sub_field_name is None:
        return path, ""
    attribute, _, sub = path.rpartition(".")
    return attribute, sub


@cache
def is_case_exact(path: str) -> bool:
    """Whether values of this attribute of a User are compared as they are (RFC 7643 section 2.2, caseExact)."""
    binding = Path[UserResource](path).resolve()
    return binding is not None and (binding.case_exact or binding.target_type is bytes)


def comparable(value: Any, *, case_exact: bool) -> str:
    """A value as it is compared: text is folded unless the attribute is caseExact."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if case_exact else fold(str(value))


def single_values(attributes: dict[str, Any]) -> Comparable:
    """The comparable values of all single-valued attributes of a User's record, by path."""
    found: Comparable = {}
    for name, value in attributes.items():
        if isinstance(value, dict):
            separator = ":" if name == ENTERPRISE_USER else "."
            _collect(found, f"{name}{separator}", value)
        elif not isinstance(value, list):
            _collect(found, "", {name: value})
    return found


def _collect(found: Comparable, prefix: str, values: dict[str, Any]) -> None:
    for name, value in values.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict):
            _collect(found, f"{path}.", value)
        elif value not in (None, ""):
            found[path] = comparable(value, case_exact=is_case_exact(path))


def multiple_values(attributes: dict[str, Any]) -> list[tuple[str, Comparable]]:
    """One (attribute, comparable sub-attributes) for each value of a User's multi-valued attributes."""
    return [
        (name, _comparable_value(name, value))
        for name, values in attributes.items()
        if isinstance(values, list)
        for value in values
        if isinstance(value, dict)
    ]


def _comparable_value(name: str, value: dict[str, Any]) -> Comparable:
    return {
        sub: comparable(item, case_exact=is_case_exact(f"{name}.{sub}"))
        for sub, item in value.items()
        if item not in (None, "")
    }


@cache
def sub_paths(model: type[BaseModel], path: str) -> tuple[str, ...]:
    """The paths below a complex single attribute: `name` → `name.familyName`, …"""
    binding = Path[model](path).resolve()  # type: ignore[valid-type]
    if binding is None or binding.sub_field_name or not _is_complex(binding.field_type):
        return ()
    below = binding.field_type
    return tuple(f"{path}.{below._scim_name(field)}" for field in below.model_fields)  # type: ignore[union-attr]


def _is_complex(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
