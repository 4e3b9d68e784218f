"""What an identity provider wanted while it was turned away is kept, all attempts together, and settled later (R24).

A service says what a write would have done, and raises; its transaction is rolled back. The door then has it kept, in
a transaction of its own. The last word on each thing counts: who is removed and added again is not turned away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from identity.core.errors import Taken, TurnedAwayError
from identity.core.keys import label_key
from identity.core.refusals import Refusal
from identity.core.ways import Way
from identity.db.locks import again_if_raced, for_update
from identity.models import IdentityProvider, SSOGroup, SSOMembership, SSOUser, Status, TurnedAway, TurnedAwayMember

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from identity.core.actors import Provisioner
    from identity.services.provisioning.statements import GroupRecord, PersonRecord, StatedMembers

MOST_ROWS = 10_000  # of an identity provider; further ones are counted only
MOST_MEMBERS = 20_000

_USER, _GROUP = TurnedAway.ResourceType.USER, TurnedAway.ResourceType.GROUP
_WISH, _STATE = TurnedAway.Wish, TurnedAway.State


@dataclass(frozen=True, slots=True)
class WantedMembers:
    """Row ids of SSO users who would join or leave a group, and those for whom nothing would change.

    `is_whole`: the request named all members, so that earlier wishes count no more.
    """

    joining: frozenset[int] = frozenset()
    leaving: frozenset[int] = frozenset()
    staying: frozenset[int] = frozenset()
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class WantedChange:
    """What one request wanted of one person or group.

    `status_wish`: None if the request says nothing of it, "" if it is as the request wants.
    """

    resource_type: str
    key: str
    name: str
    scim_id: UUID | None = None
    subject_key: str = ""
    user_id: int | None = None
    sso_group_id: int | None = None
    status_wish: str | None = None
    changes: bool = False
    members: WantedMembers | None = None


def require_open(actor: Provisioner, wanted: Callable[[], WantedChange]) -> None:
    """Raise TurnedAwayError, with what the write would have done, if none is let in now."""
    if actor.way.is_shut:
        raise TurnedAwayError(actor.way, wanted())


# --- what a write wants ---


def of_new_person(record: PersonRecord, actor: Provisioner) -> WantedChange:
    """A POST. Of a person whom the IdP has already sent, it withdraws an earlier wish that this one goes."""
    known = SSOUser.objects.of(actor.identity_provider_id).filter(user_name_key=record.user_name_key)
    sso_user = known.select_related("user").first()
    if sso_user is not None:
        return of_person(sso_user, replace(record, active=record.active is not False))
    return WantedChange(
        _USER,
        _key_of_new(record.user_name_key),
        record.user_name,
        subject_key=record.user_name_key,
        status_wish=_WISH.CREATE,
    )


def of_person(sso_user: SSOUser, record: PersonRecord) -> WantedChange:
    """A PUT or PATCH."""
    user = sso_user.user
    status_wish = None if record.active is None else ""
    if record.active is False and user.status != Status.DISABLED:
        status_wish = _WISH.DISABLE
    elif record.active and user.status == Status.DISABLED:
        status_wish = _WISH.ENABLE
    named = ((record.first_name, user.first_name), (record.last_name, user.last_name))
    changes = record.attributes != sso_user.attributes or any(new not in {None, old} for new, old in named)
    return _about_person(sso_user, status_wish=status_wish, changes=changes)


def of_deleted_person(sso_user: SSOUser) -> WantedChange:
    return _about_person(sso_user, status_wish=_WISH.DELETE)


def _about_person(sso_user: SSOUser, *, status_wish: str | None, changes: bool = False) -> WantedChange:
    return WantedChange(
        _USER,
        str(sso_user.scim_id),
        sso_user.user_name,
        scim_id=sso_user.scim_id,
        subject_key=sso_user.user_name_key,
        user_id=sso_user.user_id,
        status_wish=status_wish,
        changes=changes,
    )


def of_new_group(record: GroupRecord, actor: Provisioner) -> WantedChange:
    """A POST of a group that the IdP has not pushed."""
    known = _known(record.members.named, actor.identity_provider_id)
    return WantedChange(
        _GROUP,
        _key_of_new(label_key(record.display_name, "displayName")),
        record.display_name,
        status_wish=_WISH.CREATE,
        members=WantedMembers(joining=known, is_whole=True),
    )


def of_group(sso_group: SSOGroup, record: GroupRecord) -> WantedChange:
    """A PUT or PATCH."""
    new = (record.display_name, record.external_id or None)
    return _about_group(
        sso_group,
        changes=new != (sso_group.display_name, sso_group.external_id),
        members=_members(sso_group, record.members) if record.members else None,
    )


def of_deleted_group(sso_group: SSOGroup) -> WantedChange:
    return _about_group(sso_group, status_wish=_WISH.DELETE)


def _about_group(
    sso_group: SSOGroup,
    *,
    status_wish: str | None = None,
    changes: bool = False,
    members: WantedMembers | None = None,
) -> WantedChange:
    return WantedChange(
        _GROUP,
        str(sso_group.scim_id),
        sso_group.display_name,
        scim_id=sso_group.scim_id,
        sso_group_id=sso_group.pk,
        status_wish=status_wish,
        changes=changes,
        members=members,
    )


def _key_of_new(name_key: str) -> str:
    return f"name {name_key}"


def _known(ids: frozenset[UUID], provider_id: int) -> frozenset[int]:
    rows = SSOUser.objects.of(provider_id).filter(scim_id__any_of=list(ids))
    return frozenset(rows.order_by().values_list("pk", flat=True)) if ids else frozenset()


def _records(pks: frozenset[int]) -> QuerySet[SSOUser]:
    return SSOUser.objects.filter(pk__any_of=list(pks))


def _members(sso_group: SSOGroup, stated: StatedMembers) -> WantedMembers:
    provider_id = sso_group.identity_provider_id
    rows = SSOMembership.objects.filter(sso_group=sso_group)
    if stated.only is not None:
        wanted, now = _known(stated.only, provider_id), frozenset(rows.values_list("sso_user", flat=True))
        return WantedMembers(wanted - now, now - wanted, is_whole=True)
    added, removed = _known(stated.added, provider_id), _known(stated.removed, provider_id)
    now = frozenset(rows.filter(sso_user__in=_records(added | removed)).values_list("sso_user", flat=True))
    return WantedMembers(added - now, removed & now, (added & now) | (removed - now))


# --- kept ---


def remember(wanted: WantedChange, way: Way, *, actor: Provisioner) -> None:
    """Keep what was wanted, together with what was wanted of the same resource before."""
    again_if_raced(lambda: _remember(wanted, way, actor), Taken(Refusal.VALUE_TAKEN()))


@transaction.atomic
def _remember(wanted: WantedChange, way: Way, actor: Provisioner) -> None:
    about = {
        "identity_provider_id": actor.identity_provider_id,
        "resource_type": wanted.resource_type,
        "key": wanted.key,
    }
    row = for_update(TurnedAway.objects.filter(**about)).first()
    if row is None:
        if _is_nothing(wanted):
            return
        if _is_full(TurnedAway.objects.filter(identity_provider=actor.identity_provider_id), MOST_ROWS):
            _count_beyond(actor, 1)
            return
        row = TurnedAway(**about, scim_id=wanted.scim_id, user_id=wanted.user_id, sso_group_id=wanted.sso_group_id)
    elif row.state in {_STATE.OPEN, _STATE.AWAITED}:
        row.tries += 1
    else:
        row.members.all().delete()
        row.tries, row.first_at, row.status_wish, row.changes = 1, timezone.now(), "", False
    row.name, row.subject_key, row.reason = wanted.name, wanted.subject_key, way.value
    row.state, row.last_at, row.decided_by, row.decided_at = _STATE.OPEN, timezone.now(), None, None
    row.status_wish = row.status_wish if wanted.status_wish is None else wanted.status_wish
    row.changes = row.changes or wanted.changes
    row.save()
    if wanted.members is not None:
        _remember_members(row, wanted.members, actor)
    if not row.wishes and not row.members.exists():
        row.delete()


def _is_nothing(wanted: WantedChange) -> bool:
    members = wanted.members
    return not (wanted.status_wish or wanted.changes or (members and (members.joining or members.leaving)))


def _remember_members(row: TurnedAway, members: WantedMembers, actor: Provisioner) -> None:
    named = members.joining | members.leaving | members.staying
    rows = row.members.all()
    (rows if members.is_whole else rows.filter(sso_user__in=_records(named))).delete()
    wanted = [(pk, True) for pk in sorted(members.joining)] + [(pk, False) for pk in sorted(members.leaving)]
    every = TurnedAwayMember.objects.filter(turned_away__identity_provider=actor.identity_provider_id)
    room = max(0, MOST_MEMBERS - every.order_by().values("pk")[:MOST_MEMBERS].count())
    TurnedAwayMember.objects.bulk_create(
        TurnedAwayMember(turned_away=row, sso_user_id=pk, joins=joins) for pk, joins in wanted[:room]
    )
    if len(wanted) > room:
        _count_beyond(actor, len(wanted) - room)


def _is_full(rows: object, most: int) -> bool:
    return rows.order_by().values("pk")[:most].count() >= most  # type: ignore[attr-defined, no-any-return]


def _count_beyond(actor: Provisioner, number: int) -> None:
    provider = IdentityProvider.objects.filter(pk=actor.identity_provider_id)
    provider.update(turned_away_beyond=F("turned_away_beyond") + number)


# --- heard again ---


def heard_of_person(sso_user: SSOUser, actor: Provisioner, *, says_status: bool = True) -> None:
    """A write of this person went through: what it says again is no longer missed."""
    if not actor.is_awaited:
        return
    for row in _unheard(actor, _USER, sso_user.scim_id, sso_user.user_name_key):
        row.changes = False
        if says_status or row.status_wish == _WISH.CREATE:
            row.status_wish = ""
        _settle(row)


def heard_of_group(sso_group: SSOGroup, actor: Provisioner, members: StatedMembers | None) -> None:
    """The same of a group. `members`: those that the write named; None: it is gone."""
    if not actor.is_awaited:
        return
    for row in _unheard(actor, _GROUP, sso_group.scim_id, sso_group.display_name_key):
        row.changes, row.status_wish = False, ""
        if members is None or members.only is not None:
            row.members.all().delete()
        elif members:
            row.members.filter(sso_user__scim_id__any_of=list(members.added | members.removed)).delete()
        _settle(row)


def _unheard(actor: Provisioner, resource_type: str, scim_id: UUID, name_key: str) -> list[TurnedAway]:
    rows = TurnedAway.objects.unheard().filter(
        identity_provider=actor.identity_provider_id, resource_type=resource_type
    )
    return list(for_update(rows.filter(Q(key=str(scim_id)) | Q(key=_key_of_new(name_key)))))


def _settle(row: TurnedAway) -> None:
    if not row.status_wish and not row.changes and not row.members.exists():
        row.state = _STATE.HEARD
    row.save(update_fields=["state", "status_wish", "changes"])
