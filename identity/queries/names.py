"""The people and objects that audit events name by id, by their current names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.functional import cached_property

from identity.models import AuditEvent, Group, IdentityProvider, SSOGroup, User
from identity.queries.trail import actor_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import Model


class Names:
    """The names in some events, in one statement per kind."""

    def __init__(self, found: Iterable[AuditEvent]) -> None:
        self.events = list(found)

    @cached_property
    def users(self) -> dict[int, Any]:
        acting = {event.actor_id for event in self.events if event.actor_kind == "user"}
        return self._by_id(User, "user_id", acting)

    @cached_property
    def groups(self) -> dict[int, Any]:
        return self._by_id(Group, "group_id")

    @cached_property
    def sso_groups(self) -> dict[int, Any]:
        return self._by_id(SSOGroup, "sso_group_id")

    @cached_property
    def providers(self) -> dict[int, Any]:
        return self._by_id(IdentityProvider, "identity_provider_id")

    def _by_id(self, model: type[Model], column: str, also: Iterable[int | None] = ()) -> dict[int, Any]:
        ids = {getattr(event, column) for event in self.events}.union(also) - {None}
        return model._default_manager.in_bulk(ids)

    def actor(self, event: AuditEvent) -> str:
        return actor_of(event, self.users, self.providers)

    def short_actor(self, event: AuditEvent) -> str:
        """Without the token's name, for a list."""
        provider = self.providers.get(event.identity_provider_id or 0)
        return str(provider) if event.actor_kind == "scim_token" and provider else self.actor(event)

    def user(self, event: AuditEvent) -> str:
        return _named(self.users, event.user_id, "user")

    def group(self, event: AuditEvent) -> str:
        """The portal group, else the SSO group; the recorded name if it is gone."""
        if event.group_id is not None:
            return _named(self.groups, event.group_id, "group", event)
        return _named(self.sso_groups, event.sso_group_id, "SSO group", event)


def _named(rows: dict[int, Any], pk: int | None, kind: str, event: AuditEvent | None = None) -> str:
    if pk is None:
        return ""
    if pk in rows:
        return str(rows[pk])
    name = event.details.get("name") if event else None
    return f"{name} (deleted)" if isinstance(name, str) else f"{kind} {pk} (deleted)"
