"""An IdP's statements in the product's terms: doors build them, provisioning stores and applies them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from identity.core.errors import InvalidValue, Taken
from identity.core.keys import email_key, fold, is_address, name_key, opaque, plain
from identity.core.refusals import Refusal
from identity.log_words import NotTaken, Why
from identity.models import SSOGroup, SSOUser


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person as the IdP currently describes them.

    `first_name`, `last_name` and `active` are None when this request did not carry them (R4).
    `email` is the one the portal would use: the primary, else type work, else the first.
    `attributes` is the whole record as canonical SCIM JSON, `keys` its comparable single values by path,
    `values` its multi-valued attributes as (attribute, comparable sub-attributes).
    `left_out` lists parts of the request the door could not read, for the log (R2).
    `no_address` is a non-address in place of the email, such as "n/a": it stays on the IdP's side (R2).
    """

    user_name: str
    external_id: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    active: bool | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)
    values: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    left_out: tuple[NotTaken, ...] = ()
    no_address: str = ""

    @property
    def user_name_key(self) -> str:
        return name_key(self.user_name, "userName")

    @property
    def email_key(self) -> str | None:
        return email_key(self.email)

    def checked(self) -> PersonRecord:
        """The storable form; InvalidValue for unacceptable values (SR-2, SR-7)."""
        _ = self.user_name_key, self.email_key
        is_email = not self.email or is_address(self.email)
        return replace(
            self,
            external_id=opaque(self.external_id, "externalId"),
            email=(self.email or None) if is_email else None,
            no_address=self.no_address if is_email else self.email or "",
            first_name=_name(self.first_name, "name.givenName"),
            last_name=_name(self.last_name, "name.familyName"),
        )

    def named(self, user_name: str) -> PersonRecord:
        """The same record under another userName (R2: a colliding one is dropped when deactivating)."""
        return replace(
            self,
            user_name=user_name,
            attributes={**self.attributes, "userName": user_name},
            keys={**self.keys, "userName": fold(user_name)},
        )

    def taken(self) -> Taken:
        """The refusal when the userName is that of another record of this IdP."""
        return Taken(Refusal.USER_NAME_TAKEN(user_name=self.user_name), subject=self.user_name_key)

    def leaving(self, sso_user: SSOUser) -> PersonRecord:
        """`checked` for a leaver: unacceptable values stay as they were, so that the person is disabled anyway (R2)."""
        record, left_out = self, list(self.left_out)
        for _ in _KEPT:
            try:
                record.checked()
            except InvalidValue as error:
                left_out.append(NotTaken(error.attribute, Why.INVALID, error.problem))
                record = _KEPT[error.attribute](record, sso_user)
        return replace(record.checked(), left_out=tuple(left_out))


def _with_external_id(record: PersonRecord, external_id: str | None) -> PersonRecord:
    said = {"externalId": external_id} if external_id else {}
    attributes = {name: value for name, value in record.attributes.items() if name != "externalId"} | said
    keys = {name: value for name, value in record.keys.items() if name != "externalId"} | said
    return replace(record, external_id=external_id, attributes=attributes, keys=keys)


_KEPT: dict[str, Callable[[PersonRecord, SSOUser], PersonRecord]] = {
    "userName": lambda record, row: record.named(row.user_name),
    "externalId": lambda record, row: _with_external_id(record, row.external_id),
    "emails.value": lambda record, row: replace(record, email=row.email),
    "name.givenName": lambda record, _: replace(record, first_name=None),
    "name.familyName": lambda record, _: replace(record, last_name=None),
}


def _name(text: str | None, attribute: str) -> str | None:
    return text if text is None else plain(text, attribute)


@dataclass(frozen=True, slots=True)
class StatedMembers:
    """A request's effect on an SSO group's members: `only` these (None: the current ones), plus, minus.

    `added` and `removed` are disjoint; the cost of applying follows their size, not the group's. `groups` are ids
    the request marks as groups, and `ungrouped` those it removes: they are not members here (R14).
    """

    only: frozenset[UUID] | None = None
    added: frozenset[UUID] = frozenset()
    removed: frozenset[UUID] = frozenset()
    groups: frozenset[str] = frozenset()
    ungrouped: frozenset[str] = frozenset()

    @classmethod
    def exactly(cls, ids: frozenset[UUID], groups: frozenset[str] = frozenset()) -> StatedMembers:
        return cls(only=ids, groups=groups)

    def adding(self, ids: frozenset[UUID], groups: frozenset[str] = frozenset()) -> StatedMembers:
        said = replace(self, groups=self.groups | groups, ungrouped=self.ungrouped - groups)
        if self.only is not None:
            return replace(said, only=self.only | ids)
        return replace(said, added=self.added | ids, removed=self.removed - ids)

    def removing(self, ids: frozenset[UUID], groups: frozenset[str] = frozenset()) -> StatedMembers:
        gone = groups | {str(one) for one in ids}
        said = replace(self, groups=self.groups - gone, ungrouped=self.ungrouped | gone)
        if self.only is not None:
            return replace(said, only=self.only - ids)
        return replace(said, added=self.added - ids, removed=self.removed | ids)

    @property
    def named(self) -> frozenset[UUID]:
        """Everyone who must exist on the IdP's side of the portal (R20)."""
        return self.added if self.only is None else self.only

    def __bool__(self) -> bool:
        return self.only is not None or bool(self.added or self.removed or self.groups or self.ungrouped)


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """An SSO group after a request; `members` holds only changes, `left_out` what was not understood."""

    display_name: str
    external_id: str | None = None
    members: StatedMembers = StatedMembers()
    left_out: tuple[NotTaken, ...] = ()


PersonChange = Callable[[SSOUser], PersonRecord]
GroupChange = Callable[[SSOGroup], GroupRecord]
