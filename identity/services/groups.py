"""Portal groups and the members that administrators add."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import transaction

from identity import audit, policy
from identity.core.decisions import Action
from identity.core.keys import label_key, plain
from identity.core.refusals import Refusal
from identity.db.locks import lock
from identity.db.uniqueness import taken_when
from identity.events import Event
from identity.models import Group, Membership, User

if TYPE_CHECKING:
    from identity.core.actors import Actor


@transaction.atomic
def create_group(*, name: str, description: str = "", actor: Actor) -> Group:
    """A new, empty, unmapped portal group. Raises Taken, InvalidValue."""
    policy.require(Action.MANAGE_GROUPS, actor=actor)
    name = name.strip()
    group = Group(name=name, name_key=label_key(name, "name"), description=_description(description))
    with taken_when(Refusal.GROUP_NAME_TAKEN(name=name)):
        group.save()
    audit.record(Event.GROUP_CREATED, actor=actor, group_id=group.pk, details={"name": name})
    return group


@transaction.atomic
def edit_group(group: Group, *, name: str, description: str, actor: Actor) -> Group:
    """Rename or change the description; mappings and SCIM are unaffected (R16)."""
    policy.require(Action.MANAGE_GROUPS, actor=actor)
    group = lock(Group, group.pk)
    before = group.name
    group.name, group.description = name.strip(), _description(description)
    group.name_key = label_key(group.name, "name")
    with taken_when(Refusal.GROUP_NAME_TAKEN(name=group.name)):
        group.save(update_fields=["name", "name_key", "description"])
    audit.record(Event.GROUP_EDITED, actor=actor, group_id=group.pk, details={"name": audit.change(before, group.name)})
    return group


@transaction.atomic
def delete_group(group: Group, *, actor: Actor) -> None:
    """R18: deletes its mappings too; the SSO groups stay and can be mapped again."""
    policy.require(Action.MANAGE_GROUPS, actor=actor)
    group = lock(Group, group.pk)
    left = list(group.memberships.values_list("group_id", "user_id"))
    event = audit.record(
        Event.GROUP_DELETED,
        actor=actor,
        group_id=group.pk,
        details={
            "name": group.name,
            "members": len(left),
            "sso_groups": list(group.mappings.values_list("sso_group_id", flat=True)),
        },
    )
    audit.record_moves(event, left=left)
    group.delete()


@transaction.atomic
def add_members(group: Group, users: Iterable[User], *, actor: Actor) -> int:
    """Add people to a group that no mapping feeds (while SCIM is on); how many were not members yet."""
    group = lock(Group, group.pk)
    policy.require(Action.CHANGE_MEMBERS, actor=actor, group=group)
    wanted = {user.pk for user in users}
    new = sorted(wanted.difference(_members_among(group, wanted)))
    added_by = getattr(actor, "user", None)
    Membership.objects.bulk_create(Membership(group=group, user_id=user_id, added_by=added_by) for user_id in new)
    audit.record_each(Event.MEMBERSHIP_ADDED, new, actor=actor, group_id=group.pk)
    return len(new)


@transaction.atomic
def remove_members(group: Group, users: Iterable[User], *, actor: Actor) -> int:
    """Remove people from a group that no mapping feeds (while SCIM is on); how many were members."""
    group = lock(Group, group.pk)
    policy.require(Action.CHANGE_MEMBERS, actor=actor, group=group)
    leaving = _members_among(group, {user.pk for user in users})
    group.memberships.filter(user__in=leaving).delete()
    audit.record_each(Event.MEMBERSHIP_REMOVED, leaving, actor=actor, group_id=group.pk)
    return len(leaving)


def _members_among(group: Group, user_ids: set[int]) -> list[int]:
    return sorted(group.memberships.filter(user__in=user_ids).values_list("user_id", flat=True))


def _description(text: str) -> str:
    return plain(text, "description", limit=500)
