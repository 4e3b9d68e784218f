"""Filters and sorting once more, on plain JSON: RFC 7644 section 3.4.2 as it reads, over what /Schemas publishes.

Written without a look at the portal's compiler or at scim2-models' evaluation, so that a disagreement is a finding.
Where the RFC leaves it open: `ne` of several values means that none equals, and null stands for absence.
"""

from __future__ import annotations

import operator
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

Document = dict[str, Any]

# The core schemas do not publish what all resources have (RFC 7643 section 3.1).
_COMMON = (
    {"name": "schemas", "type": "string", "multiValued": True},
    {"name": "id", "type": "string", "caseExact": True},
    {"name": "externalId", "type": "string", "caseExact": True},
    {
        "name": "meta",
        "type": "complex",
        "subAttributes": [
            {"name": "resourceType", "type": "string", "caseExact": True},
            {"name": "created", "type": "dateTime"},
            {"name": "lastModified", "type": "dateTime"},
            {"name": "location", "type": "string"},
            {"name": "version", "type": "string", "caseExact": True},
        ],
    },
)


# --- attributes -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class Attribute:
    """What a filter can name: an attribute, or a sub-attribute of one."""

    urn: str  # of its schema; empty for what all resources have
    is_extension: bool
    name: str
    sub: str
    kind: str
    is_multiple: bool
    case_exact: bool

    @property
    def path(self) -> str:
        """As a filter names it: an extension's attribute by its URN."""
        name = f"{self.name}.{self.sub}" if self.sub else self.name
        return f"{self.urn}:{name}" if self.is_extension else name

    def __repr__(self) -> str:
        return self.path

    def values(self, document: Document) -> list[Any]:
        """All its values in a resource."""
        return [value for value in self.places(document) if value is not None]

    def places(self, document: Document) -> list[Any]:
        """The same with None wherever a value could be and is not."""
        holder = _member(document, self.urn) or {} if self.is_extension else document
        found = _listed(_member(holder, self.name)) or ([] if self.is_multiple else [None])
        return [one and _member(one, self.sub) for one in found] if self.sub else found


def attributes_of(core: Document, *extensions: Document) -> list[Attribute]:
    """Everything that a filter on this resource type can name, from its documents of /Schemas."""
    found = [one for definition in _COMMON for one in _attributes("", definition, is_extension=False)]
    for schema in (core, *extensions):
        for definition in schema["attributes"]:
            if definition["returned"] == "never":  # a password: nothing can be asked about it
                continue
            found += _attributes(schema["id"], definition, is_extension=schema is not core)
    return found


def _attributes(urn: str, definition: Document, *, is_extension: bool) -> Iterator[Attribute]:
    subs = definition.get("subAttributes", [])
    for sub, one in [("", definition), *((each["name"], each) for each in subs)]:
        yield Attribute(
            urn=urn,
            is_extension=is_extension,
            name=definition["name"],
            sub=sub,
            kind=one["type"],
            is_multiple=bool(definition.get("multiValued")),
            case_exact=bool(one.get("caseExact")),
        )


def _member(holder: Document, name: str) -> Any:
    return next((value for key, value in holder.items() if key.lower() == name.lower()), None)


def _listed(value: Any) -> list[Any]:
    """Unassigned, null and an empty list are the same (RFC 7643 section 2.5)."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


# --- filters ----------------------------------------------------------------------------------------------------------


class Filter:
    """`matches` a resource, or the one value between brackets."""

    def matches(self, document: Document) -> bool:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Compare(Filter):
    attribute: Attribute
    op: str
    operand: Any

    def matches(self, document: Document) -> bool:
        if self.operand is None:
            return bool(self.attribute.values(document)) == (self.op == "ne")
        if self.op == "ne":
            return not any(map(self._is_equal, self._compared(document)))
        return any(map(self._holds, self._compared(document)))

    def _compared(self, document: Document) -> list[Any]:
        """A value that does not say whether it is primary is not (RFC 7643 section 2.4)."""
        if self.attribute.kind == "boolean":
            return [bool(value) for value in self.attribute.places(document)]
        return self.attribute.values(document)

    def _is_equal(self, value: Any) -> bool:
        return bool(comparable(self.attribute, value) == comparable(self.attribute, self.operand))

    def _holds(self, value: Any) -> bool:
        return bool(_OPERATORS[self.op](comparable(self.attribute, value), comparable(self.attribute, self.operand)))


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "co": operator.contains,
    "sw": str.startswith,
    "ew": str.endswith,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


def comparable(attribute: Attribute, value: Any) -> Any:
    match attribute.kind:
        case "boolean":
            return value
        case "dateTime":
            return datetime.fromisoformat(value)
    return value if attribute.case_exact else _without_case(value)


def _without_case(text: str) -> str:
    """Equal for what people read as the same text (SR-6)."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded)


@dataclass(frozen=True, slots=True)
class Present(Filter):
    attribute: Attribute

    def matches(self, document: Document) -> bool:
        return any(value not in ("", {}) for value in self.attribute.values(document))


@dataclass(frozen=True, slots=True)
class Selects(Filter):
    """`emails[…]`: one value for which all of it holds."""

    attribute: Attribute
    inner: Filter

    def matches(self, document: Document) -> bool:
        return any(self.inner.matches(value) for value in self.attribute.values(document))


@dataclass(frozen=True, slots=True)
class Joined(Filter):
    word: str  # "and" or "or"
    left: Filter
    right: Filter

    def matches(self, document: Document) -> bool:
        both = (self.left.matches(document), self.right.matches(document))
        return all(both) if self.word == "and" else any(both)


@dataclass(frozen=True, slots=True)
class Negated(Filter):
    inner: Filter

    def matches(self, document: Document) -> bool:
        return not self.inner.matches(document)


# --- order ------------------------------------------------------------------------------------------------------------


def in_order(documents: list[Document], attribute: Attribute) -> list[Document]:
    """Ascending (RFC 7644 section 3.4.2.3): of several values by the primary one, else the first; without one last."""
    with_value = [(one, _leading(attribute, one)) for one in documents]
    known = [(one, value) for one, value in with_value if value is not None]
    unknown = [one for one, value in with_value if value is None]
    return [*(one for one, _ in sorted(known, key=lambda pair: comparable(attribute, pair[1]))), *unknown]


def _leading(attribute: Attribute, document: Document) -> Any:
    places = attribute.places(document)
    if not attribute.is_multiple:
        return places[0]
    primary = replace(attribute, sub="primary", kind="boolean").places(document)
    return next((value for value, leads in zip(places, primary, strict=True) if leads), places[0] if places else None)
