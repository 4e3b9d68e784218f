"""Group mappings: preview first, then apply exactly what was previewed (R15-R18)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import QuerySet

from identity import audit, policy
from identity.core.decisions import Action
from identity.core.errors import Outdated, Taken
from identity.db.locks import lock
from identity.events import Event
from identity.models import Group, GroupMapping, SSOGroup, SSOMembership, User
from identity.services import groups
from identity.services.provisioning import memberships

if TYPE_CHECKING:
    from identity.core.actors import Actor


@dataclass(frozen=True, slots=True)
class Preview:
    """Who would join, leave and stay in the portal group: ids of users.

    `fingerprint` identifies exactly these people: applying checks it and refuses when they have changed.
    """

    join_ids: frozenset[int]
    leave_ids: frozenset[int]
    stay_ids: frozenset[int]

    @property
    def joins(self) -> QuerySet[User]:
        return _these(self.join_ids)

    @property
    def leaves(self) -> QuerySet[User]:
        return _these(self.leave_ids)

    @property
    def stays(self) -> int:
        return len(self.stay_ids)

    @property
    def fingerprint(self) -> str:
        hasher = hashlib.sha256()
        for ids in (self.join_ids, self.leave_ids):
            hasher.update(repr(sorted(ids)).encode())
        return hasher.hexdigest()


def _these(ids: frozenset[int]) -> QuerySet[User]:
    people: QuerySet[User] = User.objects.filter(pk__any_of=sorted(ids)) if ids else User.objects.none()
    return people


def preview_mapping(sso_group: SSOGroup, group: Group) -> Preview:
    """What mapping `sso_group` to `group` would do. With SCIM off no one moves until it is switched on."""
    sso_group_ids = [*group.mappings.values_list("sso_group_id", flat=True), sso_group.pk]
    return _preview(_members_of(group), sso_group_ids, empties=True)


def preview_new_group(sso_group: SSOGroup) -> Preview:
    """What mapping it to a new group, created for it, would do."""
    return _preview(frozenset(), [sso_group.pk], empties=True)


def preview_unmapping(mapping: GroupMapping) -> Preview:
    """What deleting it would do: the last mapping keeps all members, any other removes those only it brought (R17)."""
    others = mapping.group.mappings.exclude(pk=mapping.pk).values_list("sso_group_id", flat=True)
    return _preview(_members_of(mapping.group), list(others), empties=False)


def _members_of(group: Group) -> frozenset[int]:
    return frozenset(group.memberships.order_by().values_list("user", flat=True))


def _preview(current: frozenset[int], sso_group_ids: list[int], *, empties: bool) -> Preview:
    moves = policy.current_mode().scim_enabled and (empties or bool(sso_group_ids))
    if not moves:
        return Preview(frozenset(), frozenset(), current)
    memberships_there = SSOMembership.objects.filter(sso_group__in=sso_group_ids).order_by()
    brought = frozenset(memberships_there.values_list("sso_user__user", flat=True))
    return Preview(brought - current, current - brought, current & brought)


@transaction.atomic
def apply_mapping(sso_group: SSOGroup, group: Group, *, fingerprint: str, actor: Actor) -> GroupMapping:
    """Map, and move exactly the people who were previewed; Outdated when they have changed. Taken, NotFound."""
    policy.require(Action.MANAGE_MAPPINGS, actor=actor)
    sso_group, group = lock(SSOGroup, sso_group.pk), lock(Group, group.pk)
    if group.mappings.filter(sso_group=sso_group).exists():
        raise Taken(f"{sso_group} is mapped to {group} already.")
    _require_same(preview_mapping(sso_group, group), fingerprint)
    mapping = GroupMapping.objects.create(sso_group=sso_group, group=group, created_by=getattr(actor, "user", None))
    _follow_if_scim_is_on(Event.GROUP_MAPPING_CREATED, mapping, actor)
    return mapping


@transaction.atomic
def map_to_new_group(sso_group: SSOGroup, *, fingerprint: str, actor: Actor) -> GroupMapping:
    """Create a portal group with the SSO group's name and map to it, all or nothing. Outdated, Taken, NotFound."""
    sso_group = lock(SSOGroup, sso_group.pk)
    group = groups.create_group(name=sso_group.display_name, actor=actor)
    return apply_mapping(sso_group, group, fingerprint=fingerprint, actor=actor)


@transaction.atomic
def delete_mapping(mapping: GroupMapping, *, fingerprint: str, actor: Actor) -> None:
    """Unmap: deleting a group's last mapping keeps its members (R17)."""
    policy.require(Action.MANAGE_MAPPINGS, actor=actor)
    sso_group = lock(SSOGroup, mapping.sso_group_id)
    group = lock(Group, mapping.group_id)
    mapping = lock(GroupMapping, mapping.pk)
    _require_same(preview_unmapping(mapping), fingerprint)
    mapping.sso_group, mapping.group = sso_group, group
    pk = mapping.pk
    mapping.delete()
    mapping.pk = pk
    _follow_if_scim_is_on(Event.GROUP_MAPPING_DELETED, mapping, actor)


def _follow_if_scim_is_on(action: Event, mapping: GroupMapping, actor: Actor) -> None:
    joined, left = list[memberships.Pair](), list[memberships.Pair]()
    if policy.current_mode().scim_enabled and mapping.group.mappings.exists():
        joined, left = memberships.follow_mappings([mapping.group])
    event = audit.record(
        action,
        actor=actor,
        group_id=mapping.group_id,
        sso_group_id=mapping.sso_group_id,
        identity_provider_id=mapping.sso_group.identity_provider_id,
        details={
            "mapping": mapping.pk,
            "sso_group": mapping.sso_group.display_name,
            "joined": len(joined),
            "left": [user_id for _, user_id in left],
        },
    )
    audit.record_moves(event, joined=joined, left=left)


def _require_same(preview: Preview, fingerprint: str) -> None:
    if preview.fingerprint != fingerprint:
        raise Outdated("Who would join or leave has changed since the preview: look at the new one and apply again.")
