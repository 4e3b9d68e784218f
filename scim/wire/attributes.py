"""Each published attribute by its path, and how its values are compared and stored.

Derived from the resource models. A single-valued attribute is stored under its path in `SSOUser.keys`, a multi-valued
one as rows of `SSOUserValue`; both hold comparable values, so filters never read the IdP's JSON.
Paths look like `name.familyName`, `emails` or `urn:…:enterprise:2.0:User:manager.value`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from scim2_models import BaseModel, Mutability, Path, Returned
from scim2_models.path import AttributeBinding

from identity.core.errors import InvalidValue
from identity.core.keys import NO_KEY, fold
from scim.wire.resources import CORE_GROUP, CORE_USER, GroupResource, UserResource, padded, wire_name

Comparable = dict[str, Any]


def _annotated(annotation: Any) -> Iterator[str]:
    """Attributes of Users and Groups with the annotation, and extensions all of whose attributes have it."""
    for resource in (UserResource, GroupResource):
        for field in resource.model_fields:
            if resource.get_field_annotation(field, type(annotation)) is annotation:
                yield wire_name(resource, field)
        for urn, extension in resource.get_extension_models().items():
            own = set(extension.model_fields) - {"schemas"}
            if all(extension.get_field_annotation(field, type(annotation)) is annotation for field in own):
                yield urn


def _lowered(names: Iterator[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


# Names in lower case, as they are compared (RFC 7643 section 2.1).
READ_ONLY = _lowered(_annotated(Mutability.read_only))
UNKEPT = READ_ONLY | _lowered(_annotated(Mutability.write_only)) | {"schemas"}
"""Attributes whose values from clients are ignored: the service provider's own, and passwords."""

ALWAYS_RETURNED = frozenset(_annotated(Returned.always)) | {"schemas"}

MULTIPLE = {
    wire_name(UserResource, field).lower(): wire_name(UserResource, field)
    for field in UserResource.model_fields
    if UserResource.get_field_multiplicity(field) and wire_name(UserResource, field).lower() not in UNKEPT
}
"""The multi-valued attributes of the IdP's record of a User, by their name in lower case."""


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
    """Whether values of this User attribute are compared as is (RFC 7643 section 2.2, caseExact)."""
    binding = Path[UserResource](path).resolve()
    return binding is not None and (binding.case_exact or binding.target_type is bytes)


@cache
def _is_binary(path: str) -> bool:
    binding = Path[UserResource](path).resolve()
    return binding is not None and binding.target_type is bytes


def comparable(value: Any, *, case_exact: bool) -> str:
    """A value in comparable form: text is folded unless the attribute is caseExact.

    Raises InvalidValue for text that is too long to fold.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if case_exact else fold(str(value))


def _kept(value: Any, path: str) -> str:
    """A stored value in comparable form: what can't be folded becomes a key that matches no search."""
    if _is_binary(path):
        return padded(value)
    try:
        return comparable(value, case_exact=is_case_exact(path))
    except InvalidValue:
        return NO_KEY


def single_values(attributes: dict[str, Any]) -> Comparable:
    """The comparable values of all single-valued attributes of a User's record, by path."""
    found: Comparable = {}
    for name, value in attributes.items():
        if isinstance(value, dict):
            separator = ":" if name in UserResource.get_extension_models() else "."
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
            found[path] = _kept(value, path)


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
    return {sub: _kept(item, f"{name}.{sub}") for sub, item in value.items() if item not in (None, "")}


@cache
def sub_paths(model: type[BaseModel], path: str) -> tuple[str, ...]:
    """The paths below a complex single attribute: `name` → `name.familyName`, …"""
    binding = Path[model](path).resolve()  # type: ignore[valid-type]
    if binding is None or binding.sub_field_name or not _is_complex(binding.field_type):
        return ()
    below: type[BaseModel] = binding.field_type  # type: ignore[assignment]
    return tuple(f"{path}.{wire_name(below, field)}" for field in below.model_fields)


def _is_complex(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
