"""What an IdP asked, made fit to be kept: no secrets, no values of unknown attributes, not too much (SR-15, R10)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.http import HttpRequest

from identity.core.asked import HIDDEN, LONGEST_NAME, KeptRequest
from identity.core.secrets import ACCESS_PREFIX, API_PREFIX, SCIM_PREFIX
from scim.wire.attributes import UNKEPT
from scim.wire.errors import RequestRefused
from scim.wire.resources import CORE_GROUP, CORE_USER, PORTAL_GROUP, PORTAL_USER
from scim.wire.shapes import GROUP, USER, Place, Schema, Shape, parsed

MOST_KEPT = 8 * 1024
"""Characters of a body, roughly; a group with more members is cut."""

_LONGEST_TEXT = 500
_LONGEST_PATH = 300
_UNKNOWN_NAMED = 20
_KEPT_PARAMETERS = {"attributes", "excludedattributes"}
_NAMES_PEOPLE = {"display", "$ref"}
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_BY_NAME = re.compile(r"\bdisplay", re.IGNORECASE)
_TOKEN = re.compile(rf"(?:{SCIM_PREFIX}|{ACCESS_PREFIX}|{API_PREFIX})\w+")
_SCHEMAS = {"User": USER, "Group": GROUP}
_OWN_URNS = {urn.lower() for urn in (CORE_USER, CORE_GROUP, PORTAL_USER, PORTAL_GROUP)}
_MESSAGES = "urn:ietf:params:scim:api:messages:"


def without_body(request: HttpRequest) -> KeptRequest:
    """The address alone: until a body was read, and where there is none."""
    return KeptRequest(
        path=_path(request),
        if_match=request.headers.get("If-Match", "")[:80],
        size=_size(request),
    )


def with_body(asked: KeptRequest, body: Any, resource_type: str) -> KeptRequest:
    """The same with a body that was read."""
    keeper = _Keeper(_SCHEMAS[resource_type], resource_type)
    asked.body, asked.cut = keeper.body(body), keeper.cut
    asked.unknown |= keeper.unknown
    return asked


def _path(request: HttpRequest) -> str:
    """Below the SCIM base URL; of the parameters those that choose what is answered."""
    path = request.path_info.partition("/scim/v2")[2][:_LONGEST_PATH]
    kept = [(name, value) for name, value in _parameters(request) if name.lower() in _KEPT_PARAMETERS]
    return f"{path}?{urlencode(kept, safe=',:')[:_LONGEST_PATH]}" if kept else path


def _parameters(request: HttpRequest) -> list[tuple[str, str]]:
    try:
        return parse_qsl(request.META.get("QUERY_STRING", ""), max_num_fields=50)
    except ValueError:
        return []


def _size(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or ""
    return int(length) if length.isdecimal() and len(length) < 12 else 0


class _Keeper:
    """Walks through one body, until `MOST_KEPT` is reached.

    Names are kept everywhere; values only of attributes that the schema knows, as the portal keeps those as well.
    """

    def __init__(self, schema: Schema, resource_type: str) -> None:
        self.schema = schema
        self.resource_type = resource_type
        self.is_group = schema is GROUP
        self.room = MOST_KEPT
        self.cut = False
        self.unknown: set[tuple[str, str]] = set()
        self.places: dict[str, Place | None] = {}

    def body(self, body: Any) -> Any:
        if not isinstance(body, dict):
            return HIDDEN
        operations = next((name for name in body if name.lower() == "operations"), None)
        if operations is None:
            return self._members_of(body)
        kept = {name: self._schemas(value) for name, value in body.items() if name.lower() == "schemas"}
        kept[operations] = self._list(body[operations], self._operation)
        return kept

    def _operation(self, operation: Any) -> Any:
        if not isinstance(operation, dict):
            return HIDDEN
        said = {name.lower(): value for name, value in operation.items()}
        path = said.get("path")
        place = self._place(path, self.schema.place) if isinstance(path, str) and path.strip() else Place("")
        kept: dict[str, Any] = {}
        for name, value in operation.items():
            match name.lower():
                case "op":
                    kept[name] = self._text(value)
                case "path":
                    kept[name] = self._text(self._shown_path(path))
                case "value" if place is not None and not place.steps:
                    kept[name] = self._members_of(_parsed(value))
                case "value":
                    kept[name] = self._at(place, value)
        return kept

    def _members_of(self, value: Any) -> Any:
        """A resource, or the value of an operation without path."""
        if not isinstance(value, dict):
            return HIDDEN
        return {self._name(name): self._member(name, item) for name, item in self._items(value)}

    def _member(self, name: str, value: Any) -> Any:
        if name.lower() == "schemas":
            return self._schemas(value)
        place = self._place(name, self.schema.place_of_name)
        if place is not None and not place.steps:
            return self._members_of(_parsed(value))
        return self._at(place, value)

    def _place(self, name: str, find: Any) -> Place | None:
        """Where a name or a path points; None, and noted, if the portal doesn't know it."""
        if (plain := self.schema.shapes.get(name.lower())) is not None:
            return Place(name, (plain.name,), plain)
        if name in self.places:
            return self.places[name]
        found = self.places[name] = self._found(name, find)
        return found

    def _found(self, name: str, find: Any) -> Place | None:
        try:
            found: Place | None = find(name)
        except RequestRefused:
            return None
        if found is None:
            self._note(name)
        return found

    def _at(self, place: Place | None, value: Any) -> Any:
        if place is None or place.head == "password":
            return HIDDEN
        if self.is_group and place.head == "members":
            return self._listed(value, self._group_member)
        if place.head not in UNKEPT:
            return self._shaped(place.shape, value, place.path)
        noted = set(self.unknown)  # what is in the portal's own attributes is ignored anyway
        kept = self._shaped(place.shape, value, place.path)
        self.unknown = noted
        return kept

    def _shaped(self, shape: Shape, value: Any, where: str) -> Any:
        if not shape.is_complex:
            return self._listed(value, self._text) if shape.multiple else self._text(value)
        return self._listed(_parsed(value), lambda one: self._complex(shape, one, where))

    def _complex(self, shape: Shape, value: Any, where: str) -> Any:
        value = _parsed(value)
        if not isinstance(value, dict):
            return self._text(value)
        kept: dict[str, Any] = {}
        for name, item in self._items(value):
            sub = shape.subs.get(name.lower())
            if sub is None:
                self._note(f"{where}{':' if shape.is_schema else '.'}{name}")
            kept[self._name(name)] = HIDDEN if sub is None else self._shaped(sub, item, f"{where}.{sub.name}")
        return kept

    def _group_member(self, value: Any) -> Any:
        """The id alone: a row about a group doesn't go with the people in it."""
        value = _parsed(value)
        if not isinstance(value, dict):
            return self._text(value)
        if [name.lower() for name in value] == ["members"]:  # as Ping wraps them
            return {name: self._listed(inner, self._group_member) for name, inner in value.items()}
        return {
            self._name(name): HIDDEN if name.lower() not in {"value", "type"} else self._text(item)
            for name, item in self._items(value)
            if name.lower() not in _NAMES_PEOPLE
        }

    def _schemas(self, value: Any) -> Any:
        for urn in value if isinstance(value, list) else [value]:
            if isinstance(urn, str) and not self._knows(urn):
                self._note(urn)
        return self._listed(value, self._text)

    def _knows(self, urn: str) -> bool:
        lowered = urn.lower()
        return lowered in self.schema.urns or lowered in _OWN_URNS or lowered.startswith(_MESSAGES) or not urn.strip()

    def _shown_path(self, path: Any) -> Any:
        """In a group's, who is named by name is left out."""
        if self.is_group and isinstance(path, str) and _BY_NAME.search(path):
            return _TEXT.sub(f'"{HIDDEN}"', path)
        return path

    def _note(self, name: str) -> None:
        """Without the values that a path selects by."""
        before, bracket, rest = name.strip().partition("[")
        shown = f"{before}[]{rest.rpartition(']')[2]}" if bracket else before
        shown = "".join(char for char in shown[:LONGEST_NAME] if char.isprintable())
        if shown and len(self.unknown) < _UNKNOWN_NAMED:
            self.unknown.add((self.resource_type, shown))

    # --- how much is kept ---

    def _items(self, value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, item in value.items():
            if self.room <= 0:
                self.cut = True
                return
            yield name, item

    def _list(self, value: Any, keep: Any) -> Any:
        if not isinstance(value, list):
            return keep(value)
        kept: list[Any] = []
        for number, one in enumerate(value):
            if self.room <= 0:
                self.cut = True
                return [*kept, f"{HIDDEN} {len(value) - number:,} more"]
            kept.append(keep(one))
        return kept

    def _listed(self, value: Any, keep: Any) -> Any:
        value = _parsed(value)
        return value if value is None else self._list(value, keep)

    def _name(self, name: str) -> str:
        self.room -= len(name) + 4
        return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}{HIDDEN}"

    def _text(self, value: Any) -> Any:
        """A plain value; anything else stands where none belongs."""
        self.room -= 8
        if not isinstance(value, str):
            return value if value is None or isinstance(value, bool | int | float) else HIDDEN
        if value.lstrip().startswith(("{", "[")):  # JSON in a text: what is in it has no name here
            return HIDDEN
        self.room -= len(value[:_LONGEST_TEXT])
        if len(value) > _LONGEST_TEXT:
            self.cut = True
            value = f"{value[:_LONGEST_TEXT]}{HIDDEN}"
        return _TOKEN.sub(HIDDEN, value) if "gh" in value else value


def _parsed(value: Any) -> Any:
    """JSON in a text may hold what is never kept: it is read, or hidden."""
    try:
        return parsed(value, "")
    except RequestRefused:
        return HIDDEN
