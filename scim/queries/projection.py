"""`attributes` and `excludedAttributes` (RFC 7644 section 3.9), on the finished document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from scim2_models import SCIMException
from scim2_models.messages.response_parameters import ResponseParameters

from scim.wire.attributes import ALWAYS_RETURNED, path_of
from scim.wire.errors import refuse
from scim.wire.resources import typed
from scim.wire.words import Wire

Selection = dict[str, "Selection"]
"""The tree of requested names; an empty tree below a name means all of it."""


@dataclass(frozen=True, slots=True)
class Projection:
    """The attributes a client wants; None means unspecified."""

    included: Selection | None = None
    excluded: Selection | None = None

    def wants(self, name: str) -> bool:
        """Whether an attribute must be read from the database at all."""
        if self.included is not None:
            return name in self.included
        return not (self.excluded and self.excluded.get(name) == {})

    def __call__(self, document: dict[str, Any]) -> dict[str, Any]:
        if self.included is not None:
            return _only(document, self.included, ALWAYS_RETURNED)
        if self.excluded is not None:
            return _without(document, self.excluded, ALWAYS_RETURNED)
        return document

    @property
    def is_named(self) -> bool:
        """Whether the client asked for attributes by name."""
        return self.included is not None or self.excluded is not None


def read(parameters: dict[str, Any], resource: Any) -> Projection:
    """From the query or SearchRequest members; names unknown to the schema select nothing."""
    asked = {name: parameters.get(name) for name in ("attributes", "excludedAttributes")}
    given = {name: value for name, value in asked.items() if value is not None and value not in ("", [])}
    if not given:
        return Projection()
    try:
        parsed = typed(ResponseParameters, resource).model_validate(given)
        included, excluded = parsed.attributes, parsed.excluded_attributes
        return Projection(
            None if included is None else _tree(included),
            None if excluded is None else _tree(excluded),
        )
    except (ValidationError, SCIMException) as error:
        for name, value in given.items():
            if "[" in str(value):
                raise refuse("invalidValue", Wire.PROJECTION_FILTER(name=name)) from error
        raise refuse("invalidValue", Wire.PROJECTION_UNREADABLE()) from error


def _tree(paths: list[Any]) -> Selection:
    tree: Selection = {}
    for path in paths:
        if names := _names(path):
            _plant(tree, names)
    return tree


def _names(path: Any) -> list[str]:
    """`urn:…:User:manager.value` → [urn, manager, value]; a bare URN → [urn]; unknown → nothing."""
    if path.model is not None:
        urn = str(path.model.__schema__)
        return [urn] if path.model is not path.models[0] else []
    binding = path.resolve()
    if binding is None:
        return []
    text = path_of(binding)
    urn, colon, rest = text.rpartition(":")
    return [*([urn] if colon else []), *rest.split(".")]


def _plant(tree: Selection, names: list[str]) -> None:
    for name in names[:-1]:
        if name in tree and not tree[name]:
            return  # all of it was already requested
        tree = tree.setdefault(name, {})
    tree[names[-1]] = {}


def _only(document: dict[str, Any], selection: Selection, always: frozenset[str] = frozenset()) -> dict[str, Any]:
    kept = {}
    for name, value in document.items():
        if name in always or selection.get(name) == {}:
            kept[name] = value
        elif name in selection:
            kept[name] = _below(value, lambda item, name=name: _only(item, selection[name]))
    return {name: value for name, value in kept.items() if value not in ({}, [])}


def _without(document: dict[str, Any], selection: Selection, always: frozenset[str] = frozenset()) -> dict[str, Any]:
    kept = {}
    for name, value in document.items():
        if name in always or name not in selection:
            kept[name] = value
        elif selection[name]:
            kept[name] = _below(value, lambda item, name=name: _without(item, selection[name]))
    return {name: value for name, value in kept.items() if value not in ({}, [])}


def _below(value: Any, project: Any) -> Any:
    if isinstance(value, list):
        return [projected for item in value if (projected := project(item))]
    return project(value) if isinstance(value, dict) else value
