"""The portal is set to what identity providers said last: when SCIM is switched on, or now (R21, R28).

For a person, the portal group of a mapping, an identity provider with its people and groups, or everything.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q

from identity import audit, policy
from identity.core.decisions import Action
from identity.core.errors import Outdated, Refused
from identity.core.refusals import Refusal
from identity.db.differing import Pair, moves_of_groups, moves_of_person
from identity.db.locks import lock, locked
from identity.events import Event
from identity.models import Group, GroupMapping, IdentityProvider, SSOGroup, Status, User
from identity.models.sso import told_otherwise
from identity.services.provisioning import memberships
from identity.services.users import set_status

if TYPE_CHECKING:
    from identity.core.actors import Actor

Subject = User | GroupMapping | IdentityProvider


@dataclass(frozen=True, slots=True)
class Differences:
    """What following the identity providers would change: ids of users, and pairs of a portal group and a user.

    `fingerprint` identifies exactly these: applying checks it and refuses when they have changed.
    """

    enables: frozenset[int]
    disables: frozenset[int]
    joins: frozenset[Pair]
    leaves: frozenset[Pair]

    def __bool__(self) -> bool:
        return any((self.enables, self.disables, self.joins, self.leaves))

    @property
    def group_ids(self) -> set[int]:
        return {group_id for group_id, _ in self.joins | self.leaves}

    @property
    def fingerprint(self) -> str:
        hasher = hashlib.sha256()
        for found in (self.enables, self.disables, self.joins, self.leaves):
            hasher.update(repr(sorted(found)).encode())
        return hasher.hexdigest()


def differences(subject: Subject | None) -> Differences:
    """Where the portal differs from what was said last; None is everything."""
    enables, disables = (_otherwise(subject, status) for status in (Status.ENABLED, Status.DISABLED))
    if isinstance(subject, User):
        joins, leaves = moves_of_person(subject.pk)
    else:
        joins, leaves = moves_of_groups(Group.objects.filter(_groups(subject)).distinct().values_list("pk", flat=True))
    return Differences(enables, disables, frozenset(joins), frozenset(leaves))


@transaction.atomic
def reconcile(subject: Subject, *, fingerprint: str, actor: Actor) -> Differences:
    """Apply exactly the differences that were shown. Outdated when they have changed; Refused when there are none."""
    row: Any = lock(type(subject), subject.pk)
    policy.require(Action.RECONCILE, actor=actor, **_about(row))
    people, groups = _held(row)
    found = differences(row)
    if not found:
        raise Refused(Refusal.NOTHING_DIFFERS(), code="nothing_differs")
    if found.fingerprint != fingerprint or not found.group_ids <= {group.pk for group in groups}:
        raise Outdated("What differs has changed since the preview: look at the new one and apply again.")
    moved = _move(row, found) if isinstance(row, User) else memberships.follow_mappings(groups)
    _apply(Event.ACCESS_RECONCILED, people, *moved, actor=actor, subject=row)
    return found


def follow_all(actor: Actor) -> None:
    """All of them, as SCIM is switched on. Within the transaction of the switch."""
    people, groups = _held(None)
    _apply(Event.ACCESS_IDP_FOLLOWED, people, *memberships.follow_mappings(groups), actor=actor, subject=None)


def _about(subject: Subject) -> dict[str, Any]:
    """The subject, for the policy; a mapping by its group."""
    match subject:
        case User():
            return {"user": subject}
        case IdentityProvider():
            return {"identity_provider": subject}
        case GroupMapping():
            return {"group": subject.group}


def _otherwise(subject: Subject | None, status: Status) -> frozenset[int]:
    people = told_otherwise(status)
    match subject:
        case User():
            people = people.filter(pk=subject.pk)
        case IdentityProvider():
            people = people.filter(sso_user__identity_provider=subject)
        case GroupMapping():
            return frozenset()
    return frozenset(people.values_list("pk", flat=True))


def _groups(subject: Subject | None) -> Q:
    """The mapped portal groups in question."""
    match subject:
        case IdentityProvider():
            return Q(mappings__sso_group__identity_provider=subject)
        case GroupMapping():
            return Q(pk=subject.group_id)
        case User():
            return Q(pk__in={group_id for side in moves_of_person(subject.pk) for group_id, _ in side})
    return Q(mappings__isnull=False)


def _held(subject: Subject | None) -> tuple[list[User], list[Group]]:
    """The people whose status differs and the groups in question, locked in the order of all (`identity.db.locks`)."""
    ids = _otherwise(subject, Status.ENABLED) | _otherwise(subject, Status.DISABLED)
    people = locked(User.objects.filter(pk__any_of=sorted(ids))) if ids else []
    group_ids = sorted(set(Group.objects.filter(_groups(subject)).values_list("pk", flat=True)))
    if not group_ids:
        return people, []
    feeding = GroupMapping.objects.filter(group__in=Group.objects.filter(pk__any_of=group_ids)).values("sso_group")
    locked(SSOGroup.objects.filter(pk__in=feeding))
    return people, locked(Group.objects.filter(pk__any_of=group_ids))


def _move(person: User, found: Differences) -> tuple[list[Pair], list[Pair]]:
    """This person alone."""
    joined, left = memberships.follow_claim(person, found.group_ids, {group_id for group_id, _ in found.joins})
    return [(group_id, person.pk) for group_id in joined], [(group_id, person.pk) for group_id in left]


def _apply(
    cause: Event,
    people: list[User],
    joined: list[Pair],
    left: list[Pair],
    *,
    actor: Actor,
    subject: Subject | None,
) -> None:
    """The statuses, each with its event, and one event for all who moved."""
    changed: dict[Status, list[int]] = {Status.ENABLED: [], Status.DISABLED: []}
    for status, ids in changed.items():
        wanted = _otherwise(subject, status)
        ids += [user.pk for user in people if user.pk in wanted and set_status(user, status, actor=actor, cause=cause)]
    event = audit.record(
        cause,
        actor=actor,
        **_concerned(subject),
        details={
            "joined": len(joined),
            "left": [user_id for _, user_id in left],
            "enabled": changed[Status.ENABLED],
            "disabled": changed[Status.DISABLED],
        },
    )
    audit.record_moves(event, joined=joined, left=left)


def _concerned(subject: Subject | None) -> dict[str, Any]:
    """The ids of an audit event."""
    match subject:
        case User():
            return {"user_id": subject.pk}
        case IdentityProvider():
            return {"identity_provider_id": subject.pk}
        case GroupMapping():
            sso_group = subject.sso_group
            return {
                "group_id": subject.group_id,
                "sso_group_id": sso_group.pk,
                "identity_provider_id": sso_group.identity_provider_id,
            }
    return {}
