"""PATCH on groups, as sets: the cost depends on the operations, not the group (RFC 7644 section 3.5.2, R20)."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from scim2_models import Path
from scim2_models.exceptions import InvalidPathException
from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator

from identity.models import SSOGroup, SSOMembership, SSOUser
from identity.services.provisioning.statements import GroupRecord, StatedMembers
from scim.queries.filters import member_condition
from scim.wire import bodies, limits
from scim.wire.attributes import UNKEPT
from scim.wire.dialects import get, named
from scim.wire.errors import RequestRefused, refuse
from scim.wire.resources import CORE_GROUP, GroupMember, GroupResource
from scim.wire.shapes import GROUP, LeftOut, Place, parsed
from scim.wire.words import Wire

Document = dict[str, Any]

LONGEST_ID = 255
_UNCHANGEABLE = refuse("mutability", Wire.MEMBER_UNCHANGEABLE())


def member_ids(value: Any, *, strict: bool) -> frozenset[UUID]:
    """The ids in a `members` value: a list of objects or strings, or a single one; null and an empty list mean none.

    Unreadable values are 400 `invalidValue`. Strict (adding): so is an id that can't be a user's, while one
    marked as a group's is left out (R14); else (removing): such an id matches no member (R20).
    """
    value = _inner(parsed(value, "members"))
    entries = value if isinstance(value, list) else [value]
    if len(entries) > limits.MEMBERS:
        raise refuse("tooMany", Wire.TOO_MANY_MEMBERS(most=limits.MEMBERS))
    if value is None:
        return frozenset()
    found = (_member_id(entry, strict=strict) for entry in entries)
    return frozenset(member for member in found if member is not None)


def _inner(value: Any) -> Any:
    """Ping repeats the attribute's name: `{"members": [{"value": "…"}]}` as the value of `members`."""
    if isinstance(value, dict) and [name.lower() for name in value] == ["members"]:
        return parsed(next(iter(value.values())), "members")
    return value


def _member_id(entry: Any, *, strict: bool) -> UUID | None:
    said = parsed(entry, "members")
    if strict and _is_group(said):
        return None
    if isinstance(said, dict):
        if strict:
            _require_user(said)
        said = get(said, "value")
    if not isinstance(said, str):
        raise refuse("invalidValue", Wire.MEMBER_UNREADABLE(entry=_shown(entry)))
    try:
        return UUID(said)
    except ValueError:
        pass
    if strict:
        raise refuse("invalidValue", Wire.MEMBER_UNKNOWN(member=said[:80]))
    return None


def _require_user(entry: Document) -> None:
    kind = get(entry, "type")
    if kind is not None and not isinstance(kind, str):
        raise refuse("invalidValue", Wire.MEMBER_TYPE())
    if kind and kind.lower() != "user":
        raise refuse("invalidValue", Wire.MEMBERS_ARE_USERS())


def _shown(value: Any) -> str:
    return json.dumps(value)[:80]


def group_ids(value: Any) -> frozenset[str]:
    """The ids in a `members` value that are marked as groups', by their type or reference (R14)."""
    value = _inner(parsed(value, "members"))
    said = [parsed(entry, "members") for entry in (value if isinstance(value, list) else [value])]
    return frozenset(_canonical(get(entry, "value")) for entry in said if _is_group(entry))


def _is_group(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(get(entry, "value"), str):
        return False
    kind, reference = get(entry, "type"), get(entry, "$ref")
    if isinstance(kind, str) and kind:
        return kind.lower() == "group"
    return isinstance(reference, str) and "/groups/" in reference.lower()


def _canonical(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return text[:LONGEST_ID]


class GroupPatch:
    """The operations of one request, applied to the locked row: a GroupChange."""

    def __init__(self, operations: list[Document]) -> None:
        left_out = LeftOut()
        self.operations = [single for operation in operations for single in _single(operation, left_out)]
        self.left_out = left_out.told()

    def apply(self, sso_group: SSOGroup) -> GroupRecord:
        state = _State(sso_group)
        for op, path, operation in self.operations:
            state.apply(op, path, operation)
        return GroupRecord(state.display_name, state.external_id, state.members, self.left_out)


def _single(operation: Document, left_out: LeftOut) -> list[tuple[str, Any, Document]]:
    """One operation for each attribute: a value without path is an object of attributes."""
    op = operation["op"]
    place = GROUP.place(operation["path"]) if "path" in operation else Place(CORE_GROUP)
    if place is None:
        left_out.unknown(operation["path"])
        return []
    if place.steps or op == "remove":
        return [] if _adds_nothing(place, operation) else [(op, _path(place.path), operation)]
    return [each for name, item in named(operation, GROUP) for each in _of_value(op, name, item, left_out)]


def _of_value(op: str, name: str, item: Any, left_out: LeftOut) -> list[tuple[str, Any, Document]]:
    operation = {"op": op, "value": item}
    place = GROUP.place_of_name(name)
    if place is None:
        left_out.unknown(name)
        return []
    if place.head in UNKEPT or _adds_nothing(place, operation) or (item is None and not place.steps):
        return []
    if not place.steps:
        raise refuse("invalidValue", Wire.NOT_AN_OBJECT(where=name[:80]))
    return [(op, _path(place.path), operation)]


def _adds_nothing(place: Place, operation: Document) -> bool:
    """Adding null to a writable attribute has no effect."""
    is_null = "value" in operation and operation["value"] is None
    return operation["op"] == "add" and is_null and place.head not in UNKEPT


def _path(text: str) -> Any:
    bodies.check_text(text)
    try:
        return Path[GroupResource](text)
    except InvalidPathException as error:
        raise refuse("invalidPath", Wire.NO_PATH(path=text[:80], resource="Group")) from error
    except RecursionError as error:
        raise refuse("invalidPath", Wire.PATH_TOO_DEEP()) from error


class _State:
    """A group while operations are applied to it one by one."""

    def __init__(self, sso_group: SSOGroup) -> None:
        self.sso_group = sso_group
        self.display_name = sso_group.display_name
        self.external_id = sso_group.external_id
        self.members = StatedMembers()

    def apply(self, op: str, path: Any, operation: Document) -> None:
        binding = path.resolve()
        if path.model is not None:
            raise refuse("mutability", Wire.NOT_AS_A_WHOLE(path=str(path)[:80]))
        if binding is None:
            raise refuse("invalidPath", Wire.NO_ATTRIBUTE(path=str(path)[:80], resource="Group"))
        if path.value_filter is not None and not binding.is_multivalued:
            raise refuse("invalidFilter", Wire.ONLY_ONE_VALUE(path=str(path)[:80]))
        match binding.field_name, binding.model.__schema__:
            case "members", _:
                self._apply_to_members(op, path, operation, binding)
            case "display_name", _:
                self._apply_to_display_name(op, operation)
            case "external_id", _:
                self.external_id = None if op == "remove" else _text(operation, "externalId")
            case _:
                raise refuse("mutability", Wire.READ_ONLY(path=str(path)[:80]))

    def _apply_to_display_name(self, op: str, operation: Document) -> None:
        name = None if op == "remove" else _text(operation, "displayName")
        if name is None:
            raise refuse("mutability", Wire.DISPLAY_NAME_REQUIRED())
        self.display_name = name

    def _apply_to_members(self, op: str, path: Any, operation: Document, binding: Any) -> None:
        value_filter = path.value_filter
        if binding.sub_field_name:
            raise self._unchangeable(op, value_filter)
        value = operation.get("value")
        match op:
            case "add" if value_filter is not None:
                self.members = self.members.adding(_told(value_filter))
            case "replace" if value_filter is not None:
                raise self._unchangeable(op, value_filter)
            case "add":
                self.members = self.members.adding(member_ids(value, strict=True), group_ids(value))
            case "replace":
                self.members = StatedMembers.exactly(member_ids(value, strict=True), group_ids(value))
            case "remove" if value_filter is not None:
                self.members = self.members.removing(self._selected(value_filter))
            case "remove" if value is not None:
                self.members = self.members.removing(member_ids(value, strict=False), group_ids(value))
            case "remove":
                self.members = StatedMembers.exactly(frozenset())

    def _unchangeable(self, op: str, value_filter: FilterNode | None) -> RequestRefused:
        """A missing member can't be changed either, and this is reported first (RFC 7644 section 3.5.2.3)."""
        if op == "replace" and value_filter is not None and not self._has(self._selected(value_filter)):
            return refuse("noTarget", Wire.SELECTS_NO_MEMBER(filter=str(value_filter)[:80]))
        return _UNCHANGEABLE

    def _has(self, ids: frozenset[UUID]) -> bool:
        """Whether one of these is a member after the operations so far."""
        if self.members.only is not None:
            return bool(ids & (self.members.only | self.members.added) - self.members.removed)
        kept = SSOMembership.objects.filter(
            sso_group=self.sso_group, sso_user__scim_id__any_of=list(ids - self.members.removed)
        )
        return bool(ids & self.members.added) or kept.exists()

    def _selected(self, value_filter: FilterNode) -> frozenset[UUID]:
        """The members `members[…]` selects: ids compared by equality need no query, anything else asks the database."""
        named = _named(value_filter)
        if named is not None:
            return member_ids(named, strict=False)
        condition = member_condition(str(value_filter))
        stored = SSOMembership.objects.filter(condition, sso_group=self.sso_group)
        return frozenset(stored.values_list("sso_user__scim_id", flat=True)) | self._selected_of_new(value_filter)

    def _selected_of_new(self, value_filter: FilterNode) -> frozenset[UUID]:
        """The same among members added earlier in this request: they are not in the database yet."""
        users = SSOUser.objects.of(self.sso_group.identity_provider_id).filter(scim_id__in=self.members.named)
        new = [GroupMember(value=str(user.scim_id), ref=None, display=display_of(user), type="User") for user in users]
        found = Path[GroupResource](f"members[{value_filter}]").get(GroupResource(members=new))
        return frozenset(UUID(member.value) for member in found or [])


def _told(value_filter: FilterNode) -> frozenset[UUID]:
    """Some clients add by `members[value eq "…"]`; any other filter names no member to add."""
    named = _named(value_filter)
    if named is None:
        raise _UNCHANGEABLE
    return member_ids(named, strict=True)


def display_of(sso_user: SSOUser) -> str:
    """A member's display: displayName, else userName."""
    return str(sso_user.attributes.get("displayName") or sso_user.user_name)


def _named(node: FilterNode) -> list[str] | None:
    """The ids in `value eq "a" or value eq "b"`, None for any other filter."""
    if isinstance(node, LogicalExpr) and node.op == LogicalOperator.or_:
        parts = [_named(term) for term in node.terms]
        return None if None in parts else [name for part in parts for name in part or []]
    if isinstance(node, Comparison) and node.op == CompareOperator.eq and node.attr_path.attr.lower() == "value":
        return [str(node.value)]
    return None


def _text(operation: Document, attribute: str) -> str | None:
    value = operation.get("value")
    if isinstance(value, str):
        return value
    if value is None:
        return None
    raise refuse("invalidValue", Wire.NOT_A_STRING(where=attribute))
