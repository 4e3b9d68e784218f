"""Portal groups and the members that administrators give them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import transaction

from identity import audit, policy
from identity.errors import Taken
from identity.keys import label_key
from identity.models import Group, Membership, User
from identity.policy import Action
from identity.services.locks import lock

if TYPE_CHECKING:
    from identity.actors import Actor


@transaction.atomic
def create_group(*, name: str, description: str = "", actor: Actor) -> Group:
    """A new, empty, unmapped portal group. Raises Taken, InvalidValue."""
    policy.require(Action.MANAGE_GROUPS, actor=actor)
    name = name.strip()
    key = _free_key(name)
    group = Group.objects.create(name=name, name_key=key, description=description.strip())
    audit.record("group.created", actor=actor, group_id=group.pk, details={"name": name})
    return group


@transaction.atomic
def edit_group(group: Group, *, name: str, description: str, actor: Actor) -> Group:
    """Rename or describe; mappings and SCIM are unaffected (R16)."""
    policy.require(Action.MANAGE_GROUPS, actor=actor)
    group = lock(Group, group.pk)
    before = group.name
    group.name, group.description = name.strip(), description.strip()
    group.name_key = _free_key(group.name, group)
    group.save(update_fields=["name", "name_key", "description"])
    audit.record(
        "group.edited", actor=actor, group_id=group.pk, details={"name": audit.change(before, group.name)}
    )
    return group


@transaction.atomic
def delete_group(group: Group, *, actor: Actor) -> None:
    """R18: the mappings go with it; the SSO groups stay and can be mapped again."""
    policy.require(Action.MANAGE_GROUPS, actor=actor)
    group = lock(Group, group.pk)
    audit.record(
        "group.deleted",
        actor=actor,
        group_id=group.pk,
        details={
            "name": group.name,
            "members": group.memberships.count(),
            "sso_groups": list(group.mappings.values_list("sso_group_id", flat=True)),
        },
    )
    group.delete()


@transaction.atomic
def add_members(group: Group, users: Iterable[User], *, actor: Actor) -> int:
    """Add people to a group that no mapping feeds (while SCIM is on); how many were not members yet."""
    group = lock(Group, group.pk)
    policy.require(Action.CHANGE_MEMBERS, actor=actor, group=group)
    present = set(group.memberships.values_list("user_id", flat=True))
    new = [user for user in users if user.pk not in present]
    added_by = getattr(actor, "user", None)
    Membership.objects.bulk_create(
        [Membership(group=group, user=user, added_by=added_by) for user in new], ignore_conflicts=True
    )
    for user in new:
        audit.record("membership.added", actor=actor, user_id=user.pk, group_id=group.pk)
    return len(new)


@transaction.atomic
def remove_members(group: Group, users: Iterable[User], *, actor: Actor) -> int:
    """Remove people from a group that no mapping feeds (while SCIM is on); how many were members."""
    group = lock(Group, group.pk)
    policy.require(Action.CHANGE_MEMBERS, actor=actor, group=group)
    leaving = list(group.memberships.filter(user__in=[user.pk for user in users]))
    for membership in leaving:
        audit.record("membership.removed", actor=actor, user_id=membership.user_id, group_id=group.pk)
    group.memberships.filter(pk__in=[membership.pk for membership in leaving]).delete()
    return len(leaving)


def _free_key(name: str, group: Group | None = None) -> str:
    key = label_key(name, "name")
    others = Group.objects.filter(name_key=key)
    if (others.exclude(pk=group.pk) if group else others).exists():
        raise Taken(f"There is a group named {name} already.")
    return key
