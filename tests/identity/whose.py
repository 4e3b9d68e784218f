"""Whose each row is, and what of somebody's was changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import models, transaction

from identity.models import AuditEvent, Group, IdentityProvider, SSOGroup, User
from tests.rows import Row, rows_of

Table = type[models.Model]
Rows = dict[Table, dict[Any, Row]]
Keys = dict[Table, set[Any]]

# What the trail keeps as plain ids.
PLAIN: dict[str, Table] = {
    "user_id": User,
    "group_id": Group,
    "sso_group_id": SSOGroup,
    "identity_provider_id": IdentityProvider,
    "event_id": AuditEvent,
}
# Who did it: that makes nothing theirs.
DONE_BY = {"added_by_id", "created_by_id", "decided_by_id", "invited_by_id", "started_by_id", "deleted_by_id"}
OF_DJANGO = {"auth", "contenttypes"}


def all_rows() -> Rows:
    """Every row of every table, by its primary key."""
    tables = [table for table in apps.get_models() if table._meta.app_label not in OF_DJANGO]
    found = rows_of(tables)
    return {table: {row[table._meta.pk.column]: row for row in found[table._meta.label]} for table in tables}


def _references(table: Table) -> dict[str, Table]:
    """Which of its columns name a row of which table."""
    found: dict[str, Table] = {}
    for column in table._meta.concrete_fields:
        if column.attname in DONE_BY:
            continue
        if column.is_relation:
            found[column.attname] = column.related_model._meta.concrete_model  # type: ignore[assignment, union-attr]
        elif column.attname in PLAIN:
            found[column.attname] = PLAIN[column.attname]
    return found


REFERENCES = {table: _references(table) for table in apps.get_models()}


def owned_by(roots: Keys, rows: Rows) -> Keys:
    """The keys of what belongs to these: they themselves, and what names one of their rows."""
    owned: Keys = defaultdict(set, {table: set(keys) for table, keys in roots.items()})
    _take_in({table: set(found) for table, found in rows.items()}, rows, owned)
    of_sessions = {row["session_key"] for key, row in rows[UserSession].items() if key in owned[UserSession]}
    owned[Session] = of_sessions & rows[Session].keys()
    return owned


def _touched(owned: Keys, before: Rows, after: Rows) -> list[str]:
    """What was changed of it, went away, or was added to it."""
    changed = {table: _changed(before[table], after[table]) for table in before}
    theirs: Keys = defaultdict(set, {table: set(keys) for table, keys in owned.items()})
    _take_in(changed, after, theirs)
    return [
        f"{table._meta.label} {key}: {_what(before[table].get(key), after[table].get(key))}"
        for table, keys in changed.items()
        for key in sorted(keys & theirs[table])
    ]


class Bystanders:
    """Those who have no part in what is done, and what of theirs it touches."""

    def __init__(self, *roots: Keys) -> None:
        self.before = all_rows()
        self._owned = [owned_by(one, self.before) for one in roots]

    def touched(self, after: Rows | None = None) -> list[str]:
        after = all_rows() if after is None else after
        return [line for owned in self._owned for line in _touched(owned, self.before, after)]


@contextmanager
def undone() -> Iterator[None]:
    """What is written in the block is not there afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _take_in(keys: Keys, rows: Rows, owned: Keys) -> None:
    """Add to what is owned those of these that name something owned, until there are no more."""
    while new := list(_naming(keys, rows, owned)):
        for table, key in new:
            owned[table].add(key)


def _naming(keys: Keys, rows: Rows, owned: Keys) -> Iterator[tuple[Table, Any]]:
    for table, found in keys.items():
        for key in found - owned[table]:
            row = rows[table].get(key, {})
            if any(row.get(column) in owned[target] for column, target in REFERENCES[table].items()):
                yield table, key


def _changed(old: dict[Any, Row], new: dict[Any, Row]) -> set[Any]:
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def _what(old: Row | None, new: Row | None) -> Any:
    if old is None or new is None:
        return "is gone" if new is None else f"came: {new}"
    return {name: (old[name], new[name]) for name in new if old[name] != new[name]}
