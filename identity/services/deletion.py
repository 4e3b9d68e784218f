"""Permanent deletion: support only, a Disabled user only (R10, SR-19)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q, QuerySet

from identity import audit, policy
from identity.core.decisions import Action
from identity.core.errors import InvalidValue, NotFound
from identity.core.keys import plain, sought
from identity.db.locks import locked
from identity.events import Event
from identity.log_words import What
from identity.models import (
    Asset,
    AuditOrigin,
    AuditPersonalData,
    BulkRow,
    Conflict,
    DeletionRecord,
    Group,
    IdentityProvider,
    ProvisioningLog,
    ReceivedRequest,
    RetiredResource,
    SSOUser,
    TurnedAway,
    User,
)
from identity.services import assets, idempotency, notification_rules, unknown_attributes
from identity.services.digest_keys import DELETIONS, keyed_digests
from identity.services.provisioning.retirement import retire

if TYPE_CHECKING:
    from identity.core.actors import Actor


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a deletion would remove and what must be transferred first."""

    groups: list[Group]
    owned_alone: list[Asset]
    owned_with_others: int
    provisioned: bool
    log_rows: int


def preflight(user: User) -> Preflight:
    """What support reviews before deciding."""
    alone, known = list(Asset.objects.owned_only_by(user.pk)), _known_by(user)
    return Preflight(
        groups=list(Group.objects.filter(memberships__user=user)),
        owned_alone=alone,
        owned_with_others=Asset.objects.owned_by(user.pk).count() - len(alone),
        provisioned=known.is_provisioned,
        log_rows=_log_of(user, known).count(),
    )


@transaction.atomic
def delete_permanently(
    user: User, *, typed_username: str, reason: str, transferee: User | None = None, actor: Actor
) -> DeletionRecord:
    """Delete a Disabled user permanently. Raises Refused, InvalidValue.

    The IdP's record goes too (its id answers 404, a later POST creates a new user). Events stay, personal
    values are erased everywhere; ids and keyed digests remain in the DeletionRecord.
    """
    user, transferee = _lock_both(user, transferee)
    policy.require(Action.DELETE_PERMANENTLY, actor=actor, user=user)
    _require_deletable(user, typed_username, reason)
    handed_over = assets.hand_over(user, transferee, actor=actor)
    known = _known_by(user)
    _retire_records(user)
    record = DeletionRecord.objects.create(
        user_id=user.pk,
        scim_ids=known.scim_ids,
        username_digest=keyed_digest(user.username_key),
        email_digest=keyed_digest(user.email_key) if user.email_key else "",
        deleted_by_id=actor.id,
        reason=plain(reason, "reason", limit=500),
    )
    audit.record(
        Event.USER_DELETED_PERMANENTLY,
        actor=actor,
        user_id=user.pk,
        details={"deletion": record.pk, "assets_handed_over": handed_over},
    )
    _erase_personal_values(user, known)
    if user.email:
        notification_rules.forget_address(user.email)
    user.delete()
    return record


def _lock_both(user: User, transferee: User | None) -> tuple[User, User | None]:
    """In id order: two deletions that transfer to each other's users never deadlock."""
    wanted = [person.pk for person in (user, transferee) if person]
    found = {person.pk: person for person in locked(User.objects.filter(pk__in=wanted))}
    if user.pk not in found:
        raise NotFound("This user no longer exists.")
    if transferee is not None and transferee.pk not in found:
        raise InvalidValue("transferee", "no longer exists")
    return found[user.pk], found[transferee.pk] if transferee else None


def keyed_digest(key: str) -> str:
    """HMAC with a key of the portal's own: answers "was it this person?" without storing who it was."""
    return keyed_digests(DELETIONS, key)[0]


def records_of(key: str) -> QuerySet[DeletionRecord]:
    """The deletion records for this username or email, under any SECRET_KEY."""
    digests = keyed_digests(DELETIONS, key)
    found: QuerySet[DeletionRecord] = DeletionRecord.objects.filter(
        Q(username_digest__in=digests) | Q(email_digest__in=digests)
    )
    return found


def _require_deletable(user: User, typed_username: str, reason: str) -> None:
    if sought(typed_username) != user.username_key:
        raise InvalidValue("username", "does not match the user that would be deleted")
    if not reason.strip():
        raise InvalidValue("reason", "is needed for the deletion record")


@dataclass(frozen=True, slots=True)
class _KnownBy:
    """The keys of all usernames and emails the portal or an IdP knew a user by; ids and IdPs of all their records."""

    names: set[str]
    scim_ids: list[str]
    providers: set[int]
    is_provisioned: bool


def _known_by(user: User) -> _KnownBy:
    columns = ("user_name_key", "email_key", "scim_id", "identity_provider")
    now = list(SSOUser.objects.filter(user=user).values_list(*columns))
    records = [*now, *RetiredResource.objects.filter(user=user).values_list(*columns)]
    names = {user.username_key, user.email_key, *(name for *pair, _, _ in records for name in pair)}
    return _KnownBy(
        names={name for name in names if name},
        scim_ids=[str(scim_id) for *_, scim_id, _ in records],
        providers={provider for *_, provider in records},
        is_provisioned=bool(now),
    )


def _retire_records(user: User) -> None:
    """Delete the IdP's record; all its ids stay retired, without the values used for matching."""
    sso_user = SSOUser.objects.filter(user=user).first()
    if sso_user is not None:
        retire(sso_user)
    RetiredResource.objects.filter(user=user).update(user=None, user_name_key="", email_key="", external_id=None)


def _log_of(user: User, known: _KnownBy) -> QuerySet[ProvisioningLog]:
    """The provisioning log's rows about a user, with or without a link to the account."""
    told = Q(user=user) | Q(subject_key__in=known.names) | Q(resource_id__in=known.scim_ids, user=None)
    rows: QuerySet[ProvisioningLog] = ProvisioningLog.objects.filter(told)
    return rows.exclude(_of_namesakes(user, known))


def _of_namesakes(user: User, known: _KnownBy) -> Q:
    """Log rows, under one of these names, about another user with the same name."""
    told = Q()
    for namesake, provider, name in _namesakes(user, known.names):
        told |= Q(user=namesake, subject_key=name)
        if provider and provider not in known.providers:
            told |= Q(user=None, identity_provider=provider, subject_key=name)
    return told


def _namesakes(user: User, names: set[str]) -> Iterator[tuple[int, int | None, str]]:
    """Others with one of these names: the user, the IdP that uses the name (or none for the portal), and the name.

    IdPs name people as they like, and the portal's usernames are a separate space (R2).
    """
    here = User.objects.exclude(pk=user.pk).filter(username_key__in=names)
    yield from ((pk, None, name) for pk, name in here.values_list("pk", "username_key"))
    every = list(IdentityProvider.objects.values_list("pk", flat=True))  # names are indexed by IdP
    for rows in (SSOUser.objects, RetiredResource.objects.exclude(user=None)):
        there = rows.exclude(user=user).filter(identity_provider__in=every, user_name_key__in=names)
        yield from there.values_list("user", "identity_provider", "user_name_key")


def _erase_personal_values(user: User, known: _KnownBy) -> None:
    """Includes data without a link to the account: refused requests, conflicts with others."""
    AuditPersonalData.objects.filter(user_id=user.pk).delete()
    AuditOrigin.objects.filter(user_id=user.pk).delete()
    idempotency.erase_answers()
    ReceivedRequest.objects.all().delete()  # they may hold a searched name, and are kept only for minutes
    told = _log_of(user, known)
    told.update(what=What.ERASED.value, params={}, text="", subject_key="", details={}, asked="", user=None)
    # Whom a refused request was about can't be known for sure: it may name this person under a name that is new.
    ProvisioningLog.objects.filter(outcome=ProvisioningLog.Outcome.REFUSED).exclude(asked="").update(asked="")
    unknown_attributes.forget_naming(known.names)
    BulkRow.objects.filter(user=None).filter(Q(subject_key__in=known.names) | Q(email_key__in=known.names)).delete()
    Conflict.objects.filter(Q(user_name_key__in=known.names) | Q(email_key__in=known.names)).delete()
    TurnedAway.objects.filter(user=None, subject_key__in=known.names).delete()
