"""An identity provider's pushes of people (R1-R9, R11, R13).

Every function is one transaction. A refusal that leaves something behind (a Conflict) commits it and is
raised afterwards; every other error rolls everything back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import QuerySet

from identity import audit
from identity.core.errors import Conflicted, NotFound, Taken, VersionMismatch
from identity.core.refusals import Refusal
from identity.db.compiled import CompiledQuery, Parameter, insert
from identity.db.locks import again_if_raced, for_update
from identity.events import Event
from identity.log_words import What
from identity.models import (
    Conflict,
    Role,
    SSOUser,
    Status,
    User,
)
from identity.services import notices
from identity.services.provisioning import braking, conflicts, memberships, turned_away
from identity.services.provisioning.following import Update, follow, follow_names, store_values
from identity.services.provisioning.log import Outcome, left_out_details, log_write
from identity.services.provisioning.matching import (
    Adopt,
    Arrival,
    Create,
    CreateAs,
    Duplicate,
    Link,
    Match,
    Obstacle,
    Resume,
    Revive,
    match,
)
from identity.services.provisioning.retirement import deprovision
from identity.services.users import change_status, set_status

if TYPE_CHECKING:
    from identity.core.actors import Provisioner
    from identity.services.provisioning.statements import PersonChange, PersonRecord

VersionCheck = Callable[[int], bool]


def provision_user(record: PersonRecord, *, actor: Provisioner) -> SSOUser:
    """R1, R5-R7, R9: create the SSO user and the portal user, link an existing one, or record a conflict.

    Raises InvalidValue, Taken (this IdP already has the record), Conflicted (the Conflict is committed).
    """
    record = record.checked()
    turned_away.require_open(actor, lambda: turned_away.of_new_person(record, actor))
    result = again_if_raced(lambda: _provision(record, actor), record.taken())
    if isinstance(result, Conflict):
        raise Conflicted(conflicts.sentence(result), code=result.reason)
    return result


@transaction.atomic
def _provision(record: PersonRecord, actor: Provisioner) -> SSOUser | Conflict:
    match match(record, actor):
        case Duplicate():
            raise record.taken()
        case Obstacle(user, reason):
            return conflicts.record_conflict(user, reason, record, actor=actor)
        case Resume() as found:
            sso_user = _resume(found, record, actor)
        case found:
            sso_user = _link(_portal_user(found, record, actor), found, record, actor)
    turned_away.heard_of_person(sso_user, actor)
    return sso_user


def _resume(found: Resume, record: PersonRecord, actor: Provisioner) -> SSOUser:
    """R9: the same person under another userName: the record the IdP lost track of continues, Enabled."""
    sso_user = found.record
    if found.conflict is not None:
        conflicts.settle(found.conflict)
    update = follow(sso_user, replace(record, active=record.active is not False), actor)
    user = sso_user.user
    audit.record(
        Event.USER_REVIVED,
        actor=actor,
        user_id=user.pk,
        details={"scim_id": str(sso_user.scim_id), "status": user.status, "by_external_id": True},
        personal=_personal(found, record),
    )
    _log_arrival(What.REVIVED_BY_EXTERNAL_ID, sso_user, record, update.ignored, found, actor)
    return sso_user


def _portal_user(found: Arrival, record: PersonRecord, actor: Provisioner) -> User:
    match found:
        case Create():
            return _create_user(record, actor)
        case CreateAs(conflict):
            conflicts.settle(conflict)
            return _create_user(found.called_here(record), actor)
    return _take_over(found, record, actor)


def _create_user(record: PersonRecord, actor: Provisioner) -> User:
    return insert(
        User(
            username=record.user_name,
            username_key=record.user_name_key,
            email=record.email,
            email_key=record.email_key,
            first_name=record.first_name or "",
            last_name=record.last_name or "",
            status=Status.DISABLED if record.active is False else Status.ENABLED,
            password=make_password(None),
            managed_by_id=actor.identity_provider_id,
        )
    )


def _take_over(found: Adopt | Link | Revive, record: PersonRecord, actor: Provisioner) -> User:
    """The existing account follows the IdP from now on; username and email stay (R2, R5, R7, R9)."""
    user = found.user
    change_status(user, Status.DISABLED if record.active is False else Status.ENABLED)
    follow_names(user, record)
    user.managed_by_id = actor.identity_provider_id
    if not isinstance(found, Link):
        user.role = Role.MEMBER
    user.save(update_fields=["first_name", "last_name", "managed_by", "role"])
    if _is_perhaps_somebody_else(found, record):
        _start_afresh(user, actor)
    if isinstance(found, Link):
        conflicts.settle(found.conflict)
    return user


def _is_perhaps_somebody_else(found: Match, record: PersonRecord) -> bool:
    """R9: the name returned under another externalId: the IdP may have given it to a new colleague."""
    return isinstance(found, Revive) and found.external_id != record.external_id


def _start_afresh(user: User, actor: Provisioner) -> None:
    """Nothing the previous person was given, or can sign in with, passes to a namesake."""
    for group_id, user_id in memberships.remove_from_all_groups(user):
        audit.record(Event.MEMBERSHIP_REMOVED, actor=actor, user_id=user_id, group_id=group_id)
    user.sso_identities.all().delete()
    user.password = make_password(None)
    user.credential_epoch += 1
    user.save(update_fields=["password", "credential_epoch"])
    notices.tell_administrators_of_revival(user)


_EVENTS: dict[type, tuple[Event, What]] = {
    Create: (Event.USER_PROVISIONED, What.CREATED),
    CreateAs: (Event.USER_PROVISIONED, What.CREATED),
    Adopt: (Event.USER_ADOPTED, What.ADOPTED),
    Link: (Event.USER_LINKED, What.LINKED),
    Revive: (Event.USER_REVIVED, What.REVIVED),
}


def _link(user: User, found: Arrival, record: PersonRecord, actor: Provisioner) -> SSOUser:
    sso_user = insert(
        SSOUser(
            identity_provider_id=actor.identity_provider_id,
            user=user,
            user_name=record.user_name,
            user_name_key=record.user_name_key,
            external_id=record.external_id,
            email=record.email,
            email_key=record.email_key,
            active=record.active is not False,
            attributes=record.attributes,
            keys=record.keys,
        )
    )
    store_values(sso_user, record)
    action, what = _EVENTS[type(found)]
    audit.record(
        action,
        actor=actor,
        user_id=user.pk,
        details={"scim_id": str(sso_user.scim_id), "status": user.status, **_revival_details(found, record)},
        personal=_personal(found, record),
    )
    _log_arrival(what, sso_user, record, _ignored_at_first(user, found, record), found, actor)
    return sso_user


def _log_arrival(
    what: What,
    sso_user: SSOUser,
    record: PersonRecord,
    ignored: dict[str, dict[str, Any]],
    found: Match,
    actor: Provisioner,
) -> None:
    user = sso_user.user
    log_write(
        what,
        params={"name": user.display_name, "username": user.username, "status": user.status},
        actor=actor,
        outcome=Outcome.PARTLY if ignored or record.left_out else Outcome.APPLIED,
        status=201,
        resource_type="User",
        resource_id=sso_user.scim_id,
        user_id=user.pk,
        subject_key=sso_user.user_name_key,
        details=_told_of(ignored, found.shares, record),
    )


def _told_of(ignored: dict[str, dict[str, Any]], shares: Sequence[int], record: PersonRecord) -> dict[str, Any]:
    return {
        **({"ignored": ignored} if ignored else {}),
        **({"external_id_of": list(shares)} if shares else {}),
        **left_out_details(record.left_out),
    }


def _ignored_at_first(user: User, found: Match, record: PersonRecord) -> dict[str, dict[str, Any]]:
    """An invalid email address (R2), and parts of a newcomer's record overridden by an administrator (R7)."""
    ignored = {}
    decided_otherwise = isinstance(found, CreateAs)
    if decided_otherwise:
        ignored["userName"] = audit.change(user.username, record.user_name)
    if record.no_address or (decided_otherwise and user.email != record.email):
        ignored["email"] = audit.change(user.email, record.no_address or record.email)
    return ignored


def _revival_details(found: Match, record: PersonRecord) -> dict[str, Any]:
    return {"other_external_id": True} if _is_perhaps_somebody_else(found, record) else {}


def _personal(found: Match, record: PersonRecord) -> dict[str, Any]:
    """The IdP's values, except that a newcomer has the portal's username."""
    record = found.called_here(record) if isinstance(found, CreateAs) else record
    values = {
        "username": record.user_name,
        "email": record.email,
        "first_name": record.first_name,
        "last_name": record.last_name,
    }
    return {name: value for name, value in values.items() if value}


def update_user(
    scim_id: UUID, change: PersonChange, *, actor: Provisioner, version: VersionCheck | None = None
) -> SSOUser:
    """R2, R4, R8: store the IdP's current values and let the portal follow where the rules say so.

    `change` computes the record from the locked row. Raises NotFound, InvalidValue, Taken, VersionMismatch.
    """
    taken = Taken(Refusal.SOME_USER_NAME_TAKEN())
    return braking.within_limits(
        lambda actor: again_if_raced(lambda: _update(scim_id, change, actor, version), taken), actor
    )


@transaction.atomic
def _update(scim_id: UUID, change: PersonChange, actor: Provisioner, version: VersionCheck | None) -> SSOUser:
    sso_user = _locked_sso_user(scim_id, actor, version)
    record = _what_can_be_taken(change(sso_user), sso_user)
    turned_away.require_open(actor, lambda: turned_away.of_person(sso_user, record))
    update = follow(sso_user, record, actor)
    _log_update(sso_user, record, update, actor)
    if update.status_changed and sso_user.user.status == Status.DISABLED:
        braking.take([sso_user.user_id], actor, of=sso_user)
    turned_away.heard_of_person(sso_user, actor, says_status=record.active is not None)
    return sso_user


def _what_can_be_taken(record: PersonRecord, sso_user: SSOUser) -> PersonRecord:
    """R2: invalid values never keep a leaver enabled; otherwise they are refused (SR-2, SR-7)."""
    return record.leaving(sso_user) if record.active is False else record.checked()


def _addressed() -> QuerySet[SSOUser]:
    rows = SSOUser.objects.of(Parameter(SSOUser, "identity_provider"))
    return rows.filter(scim_id=Parameter(SSOUser, "scim_id"))


_RECORD = CompiledQuery(_addressed)
_LOCKED_USER = CompiledQuery(lambda: for_update(User.objects.filter(pk__in=_addressed().values("user"))))


def _locked_sso_user(scim_id: UUID, actor: Provisioner, version: VersionCheck | None) -> SSOUser:
    """The record, under the lock of the user it belongs to: one lock for both, from every door."""
    address = {"identity_provider": actor.identity_provider_id, "scim_id": scim_id}
    users = _LOCKED_USER(**address)
    records = _RECORD(**address) if users else []
    if not records:
        raise NotFound(Refusal.USER_NOT_FOUND(scim_id=scim_id))
    sso_user: SSOUser = records[0]
    sso_user.user = users[0]
    if version is not None and not version(sso_user.version):
        raise VersionMismatch(Refusal.USER_CHANGED(scim_id=scim_id, version=sso_user.version))
    return sso_user


def _log_update(sso_user: SSOUser, record: PersonRecord, update: Update, actor: Provisioner) -> None:
    user = sso_user.user
    applied = Outcome.APPLIED if update.is_any else Outcome.UNCHANGED
    log_write(
        _what_an_update_did(record, update),
        params={"name": user.display_name},
        actor=actor,
        outcome=Outcome.PARTLY if update.ignored or record.left_out else applied,
        status=200,
        resource_type="User",
        resource_id=sso_user.scim_id,
        user_id=user.pk,
        subject_key=sso_user.user_name_key,
        details=_told_of(update.ignored, update.shares, record),
    )


def _what_an_update_did(record: PersonRecord, update: Update) -> What:
    if record.active is not None:
        return What.SET_ACTIVE if record.active else What.SET_INACTIVE
    return What.UPDATED if update.is_any else What.NOTHING_TO_CHANGE


def deprovision_user(scim_id: UUID, *, actor: Provisioner, version: VersionCheck | None = None) -> None:
    """R8: the record goes, its id is never reused; the portal user stays, Disabled, with everything else.

    Raises NotFound, VersionMismatch, Refused (the last enabled owner).
    """
    taken = Taken(Refusal.USER_BUSY())
    braking.within_limits(lambda actor: again_if_raced(lambda: _deprovision(scim_id, actor, version), taken), actor)


@transaction.atomic
def _deprovision(scim_id: UUID, actor: Provisioner, version: VersionCheck | None) -> None:
    sso_user = _locked_sso_user(scim_id, actor, version)
    turned_away.require_open(actor, lambda: turned_away.of_deleted_person(sso_user))
    turned_away.heard_of_person(sso_user, actor)
    user = sso_user.user
    is_disabled = set_status(user, Status.DISABLED, actor=actor)
    left = deprovision(sso_user, actor=actor)
    if is_disabled or left:
        braking.take([user.pk], actor, of=sso_user)
    log_write(
        What.REMOVED,
        params={"name": user.display_name, "username": user.username},
        actor=actor,
        outcome=Outcome.APPLIED,
        status=204,
        resource_type="User",
        resource_id=scim_id,
        user_id=user.pk,
        subject_key=sso_user.user_name_key,
    )
