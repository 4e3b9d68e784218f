"""Reading values by the schema: each is understood, empty, or refused (docs/design/scim.md).

Absent, null, empty and invalid are four things. The caller handles absent and null; the rest is read
here: invalid values raise 400 `invalidValue`, and names unknown to any schema are left out and logged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import Base64Bytes
from scim2_models import BaseModel

from identity.log_words import NotTaken, Why
from scim.wire import bare_words, bodies
from scim.wire.attributes import UNKEPT
from scim.wire.errors import RequestRefused, problem_of, refuse
from scim.wire.resources import CORE_GROUP, CORE_USER, ENTERPRISE_USER, GroupResource, UserResource, decoded, wire_name
from scim.wire.words import Wire

Document = dict[str, Any]

_BOOLEANS = {"true": True, "false": False}
_NOTED = 20
"""At most this many are logged; more would add nothing."""


class LeftOut:
    """Parts of a request that were ignored, for the log."""

    def __init__(self) -> None:
        self._noted: dict[str, NotTaken] = {}

    def unknown(self, name: str) -> None:
        self._note(name, Why.UNKNOWN)

    def refused(self, name: str, error: Exception) -> None:
        self._note(name, Why.REFUSED, problem_of(error).detail)

    def _note(self, name: str, why: Why, said: str = "") -> None:
        if len(self._noted) < _NOTED:
            self._noted.setdefault(shown := _told(name), NotTaken(shown, why, said))

    def told(self) -> tuple[NotTaken, ...]:
        return tuple(self._noted.values())


def _told(name: str) -> str:
    """A client-chosen name, made safe for one line."""
    return "".join(char for char in name[:80] if char.isprintable())


@dataclass(frozen=True, slots=True)
class Shape:
    """How an attribute's value looks on the wire.

    `bare` is the sub-attribute that a plain string stands for. `is_schema` marks an extension as a whole.
    """

    name: str
    read: Callable[[Any, str], Any] | None = None
    subs: Mapping[str, Shape] = field(default_factory=dict)
    multiple: bool = False
    bare: str = ""
    is_schema: bool = False

    @property
    def is_complex(self) -> bool:
        return self.read is None


def shape_of(model: type[BaseModel], field_name: str) -> Shape:
    """The shape of one attribute of a resource, an extension or a complex attribute."""
    name = wire_name(model, field_name)
    kind = model.get_field_root_type(field_name)
    multiple = bool(model.get_field_multiplicity(field_name))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        subs = {sub.name.lower(): sub for sub in (shape_of(kind, each) for each in kind.model_fields)}
        bare = "value" if "value" in subs and (multiple or name == "manager") else ""
        return Shape(name, subs=subs, multiple=multiple, bare=bare)
    readers: dict[Any, Callable[[Any, str], Any]] = {bool: boolean, Base64Bytes: _binary}
    return Shape(name, readers.get(kind, _text), multiple=multiple)


@cache
def shapes_of(resource: type[BaseModel]) -> dict[str, Shape]:
    """The attributes and extensions of a resource type, by their names in lower case."""
    own = [shape_of(resource, each) for each in resource.model_fields]
    extensions: dict[str, Any] = resource.get_extension_models()  # type: ignore[attr-defined]
    found = {shape.name.lower(): shape for shape in own if shape.name not in extensions}
    for urn, model in extensions.items():
        subs = [shape_of(model, each) for each in model.model_fields if each != "schemas"]
        found[urn.lower()] = Shape(urn, subs={sub.name.lower(): sub for sub in subs}, is_schema=True)
    return found


def read(shape: Shape, value: Any, where: str, left_out: LeftOut) -> Any:
    """The value in the schema's form; None for no value. Raises `invalidValue` with the place."""
    if value is None:
        return None
    if shape.multiple:
        return _many(shape, value, where, left_out)
    return read_one(shape, value, where, left_out)


def read_one(shape: Shape, value: Any, where: str, left_out: LeftOut) -> Any:
    """One value, possibly of a multi-valued attribute."""
    if shape.read is not None:
        return value if value is None else shape.read(value, where)
    value = parsed(value, where)
    if isinstance(value, list) and len(value) == 1 and value != [{}] and not shape.multiple:
        value = parsed(value[0], where)  # as Entra ID sends a manager
    if isinstance(value, str) and shape.bare:
        return _bare(shape, value, where)
    if not isinstance(value, dict):
        raise refuse("invalidValue", Wire.NOT_AN_OBJECT(where=where))
    return _members(shape, value, where, left_out)


def _many(shape: Shape, value: Any, where: str, left_out: LeftOut) -> list[Any]:
    """A single value may stand for a list of one (OneLogin); a null in a list is no value."""
    value = parsed(value, where)
    if not isinstance(value, list):
        return [_entry(shape, value, where, left_out)]
    entries = [
        _entry(shape, each, f"{where}[{number}]", left_out) for number, each in enumerate(value) if each is not None
    ]
    return [entry for entry in entries if not _says_nothing(entry)]


def _entry(shape: Shape, value: Any, where: str, left_out: LeftOut) -> Any:
    if value == {}:
        raise refuse("invalidValue", Wire.EMPTY_OBJECT(where=where))
    return read_one(shape, value, where, left_out)


def _says_nothing(entry: Any) -> bool:
    return isinstance(entry, dict) and all(item is None for item in entry.values())


def _bare(shape: Shape, value: str, where: str) -> Document | None:
    """Entra ID and Okta send a manager's id as a plain string, and an empty one to clear it."""
    if value:
        return {shape.bare: value}
    if shape.multiple:
        raise refuse("invalidValue", Wire.EMPTY(where=where))
    return None


def _members(shape: Shape, value: Document, where: str, left_out: LeftOut) -> Document:
    """Sub-attributes in the schema's spelling. An object with only unknown names is invalid."""
    joint = ":" if shape.is_schema else "."
    known = [(shape.subs[name.lower()], item) for name, item in value.items() if name.lower() in shape.subs]
    if value and not known and not shape.is_schema:
        raise refuse("invalidValue", Wire.HAS_NONE_OF(where=where, names=[sub.name for sub in shape.subs.values()]))
    for name in value:
        if name.lower() not in shape.subs:
            left_out.unknown(f"{where}{joint}{name}")
    return {sub.name: read(sub, item, f"{where}{joint}{sub.name}", left_out) for sub, item in known}


def parsed(value: Any, where: str) -> Any:
    """Some connectors send an object or a list as JSON text: text of that form is parsed, or refused."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return bodies.parse_text(value)
    except RequestRefused as error:
        raise refuse("invalidValue", Wire.TEXT_LIKE_JSON(where=where)) from error


def boolean(value: Any, where: str) -> bool:
    """Booleans and the strings true and false in any case (Entra ID)."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _BOOLEANS:
        return _BOOLEANS[value.lower()]
    raise refuse("invalidValue", Wire.NOT_A_BOOLEAN(where=where))


def _text(value: Any, where: str) -> str:
    if isinstance(value, str):
        return value
    raise refuse("invalidValue", Wire.NOT_TEXT(where=where))


def _binary(value: Any, where: str) -> str:
    """Base64, possibly without padding (RFC 7643 section 2.3.6); stored as sent."""
    text = _text(value, where)
    try:
        decoded(text)
    except ValueError as error:
        raise refuse("invalidValue", Wire.NOT_BASE64(where=where)) from error
    return text


# --- paths --------------------------------------------------------------------------------------------------

_PATH = re.compile(
    r"(?P<head>[A-Za-z$_][\w$-]*)\s*(?P<filter>\[.*\])?(?:\.(?P<sub>[A-Za-z$_][\w$-]*))?", re.DOTALL | re.ASCII
)
_NAME = re.compile(r"[\w$-]+")
_SEPARATOR = re.compile(r"[.:\[/]")
_GENERIC = {"value", "type", "primary", "display", "$ref"}
"""Sub-attributes that any complex attribute may have: they don't identify one of ours."""


@dataclass(frozen=True, slots=True)
class Place:
    """The target of a path: `path` in the library's form, the shape there, and the names leading to it.

    No `steps`: the core schema as a whole. `selects`: a filter selects among the values.
    """

    path: str
    steps: tuple[str, ...] = ()
    shape: Shape = Shape("")
    selects: bool = False

    @property
    def head(self) -> str:
        """The attribute's or the extension's name, in lower case."""
        return self.steps[0].lower() if self.steps else ""

    def read(self, value: Any, left_out: LeftOut) -> Any:
        if not self.selects or len(self.steps) > 1:
            return read(self.shape, value, self.path[:80], left_out)
        one = value[0] if isinstance(value, list) and len(value) == 1 else value
        return None if one is None else _entry(self.shape, one, self.path[:80], left_out)


@dataclass(frozen=True, slots=True)
class Schema:
    """The attributes of one resource type, and how clients write their paths."""

    resource: str
    core: str
    shapes: Mapping[str, Shape]
    urns: Mapping[str, str]
    homes: Mapping[str, str]

    def place(self, path: str) -> Place | None:
        """The target of a path; None if it is not one of ours. Raises `invalidPath`.

        A URN may be followed by a colon (RFC 7644 section 3.10) or by a dot, as real connectors send it.
        """
        path = bare_words.quoted(path.strip())
        urn, rest = self._split(path)
        if urn is None:
            return self._nowhere(path)
        if not rest:
            return Place(self.core) if urn == self.core else Place(urn, (urn,), self.shapes[urn.lower()])
        found = _PATH.fullmatch(rest)
        if found is None:
            raise refuse("invalidPath", Wire.NO_PATH(path=path[:80], resource=self.resource))
        return self._found(path, urn, rest, found)

    def place_of_name(self, name: str) -> Place | None:
        """The same for a name in a value: one that is not a path is ignored, unless it comes close."""
        if not _SEPARATOR.search(name) and not self._home_of(self.core, name.strip().lower()):
            return None
        urn, rest = self._split(name.strip())
        is_no_path = urn is not None and rest and not _PATH.fullmatch(rest)
        if is_no_path and "[" not in name and not self._is_close(name):
            return None
        return self.place(name)

    def named(self, value: Document) -> Iterator[tuple[str, Any]]:
        """The members of a value, with those under one of our schemas' URNs as paths."""
        for name, item in value.items():
            urn, inner = self._inside(name.strip(), item)
            if isinstance(inner, dict):
                yield from ((_within(urn, key), each) for key, each in inner.items())
            else:
                yield name, item

    def _inside(self, name: str, item: Any) -> tuple[str | None, Any]:
        """The members under a schema's URN; unreadable content stays as it is, to be refused under its name."""
        urn, rest = self._split(name)
        if urn is None or rest:
            return None, None
        try:
            return urn, parsed(item, name)
        except RequestRefused:
            return urn, None

    def _split(self, path: str) -> tuple[str | None, str]:
        """The URN at the start of a path, the core's if none, and the rest; no URN if it is another's."""
        lowered = path.lower()
        if not lowered.startswith("urn:"):
            return self.core, path
        for spelling, urn in self.urns.items():
            if lowered == spelling:
                return urn, ""
            if lowered.startswith((f"{spelling}:", f"{spelling}.")):
                return urn, path[len(spelling) + 1 :] or " "
        return None, path

    def _home_of(self, urn: str, name: str) -> str:
        """The schema that has an attribute; one of an extension may be named without its URN (Entra ID: `manager`)."""
        if urn == self.core:
            return self.homes.get(name, "")
        return urn if name in self._attributes(urn) else ""

    def _attributes(self, urn: str) -> Mapping[str, Shape]:
        return self.shapes if urn == self.core else self.shapes[urn.lower()].subs

    def _found(self, path: str, urn: str, rest: str, found: re.Match[str]) -> Place | None:
        name = found["head"].lower()
        urn = self._home_of(urn, name)
        if not urn:
            return self._nowhere(path)
        shape = self._attributes(urn)[name]
        is_core = urn == self.core
        steps = (shape.name,) if is_core else (urn, shape.name)
        text = rest if is_core else f"{urn}:{rest}"
        if found["filter"] and not shape.multiple:
            raise refuse("invalidFilter", Wire.ONLY_ONE_VALUE(path=path[:80]))
        if found["sub"] is None:
            return Place(text, steps, shape, bool(found["filter"]))
        if not shape.is_complex and found["sub"].lower() in _GENERIC:
            raise refuse("invalidPath", Wire.NO_SUB_ATTRIBUTES(path=path[:80], name=shape.name))
        sub = shape.subs.get(found["sub"].lower())
        return Place(text, (*steps, sub.name), sub, bool(found["filter"])) if sub else self._nowhere(path)

    def _nowhere(self, path: str) -> Place | None:
        """None. A path that ends like one of ours is never ignored: it was meant to have an effect."""
        if self._is_close(path):
            raise refuse("invalidPath", Wire.ENDS_LIKE_AN_ATTRIBUTE(path=path[:80], resource=self.resource))
        return None

    def _is_close(self, path: str) -> bool:
        """Split at a filter's brackets, without a regular expression: a name in a value may be as long as the body."""
        before, bracket, rest = path.partition("[")
        names = _NAME.findall((before + rest.rpartition("]")[2] if bracket else path).lower())
        return bool(names) and names[-1] in _names_in(self.core)


def _within(urn: str | None, name: str) -> str:
    return name if name.lower().startswith("urn:") else f"{urn}:{name}"


@cache
def _names_in(core: str) -> frozenset[str]:
    """The last names of a resource type's writable paths."""
    schema = {CORE_USER: USER, CORE_GROUP: GROUP}[core]
    found: set[str] = set()
    for name, shape in schema.shapes.items():
        if name not in UNKEPT:
            found |= {*(() if shape.is_schema else (name,)), *_names_below(shape)}
    return frozenset(found - _GENERIC)


def _names_below(shape: Shape) -> Iterator[str]:
    for name, sub in shape.subs.items():
        yield name
        yield from _names_below(sub)


def _schema(resource: Any, core: str, **older: str) -> Schema:
    shapes = shapes_of(resource)
    extensions = {name: shape.name for name, shape in shapes.items() if shape.is_schema}
    without_urn = {
        name: urn for key, urn in extensions.items() if key not in UNKEPT for name in shapes[key].subs
    } | dict.fromkeys(shapes, core)
    return Schema(core.rpartition(":")[2], core, shapes, {core.lower(): core, **extensions, **older}, without_urn)


USER = _schema(
    UserResource,
    CORE_USER,
    **{
        "urn:scim:schemas:extension:enterprise:1.0": ENTERPRISE_USER,  # SCIM 1.1 connectors migrated to 2.0
        "urn:ietf:params:scim:schemas:extension:enterprise:1.0:user": ENTERPRISE_USER,
    },
)
GROUP = _schema(GroupResource, CORE_GROUP)
