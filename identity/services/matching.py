"""Whom does a new record of an IdP mean? (R5, R6, R9; SR-3: never by email or name alone)

One statement gathers every account that could be in the way, locked; the rest is a plain decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from identity.models import Conflict, RetiredResource, Role, SSOIdentity, SSOUser, Status, User

if TYPE_CHECKING:
    from identity.actors import Provisioner
    from identity.services.records import PersonRecord

Reason = Conflict.Reason


@dataclass(frozen=True, slots=True)
class Create:
    """Nobody is in the way."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """This IdP has the record already."""


@dataclass(frozen=True, slots=True)
class Adopt:
    """R5: same username and email, an ordinary account without an SSO user."""

    user: User


@dataclass(frozen=True, slots=True)
class Revive:
    """R9: this IdP deleted the record and sends it again; `external_id` is the one it had."""

    user: User
    external_id: str | None


@dataclass(frozen=True, slots=True)
class Link:
    """R7: an administrator approved exactly this record for this account."""

    user: User
    conflict: Conflict


@dataclass(frozen=True, slots=True)
class Obstacle:
    """R6: an account in the way that nobody may take over silently."""

    user: User
    reason: str


Match = Create | Adopt | Revive | Link


def match(record: PersonRecord, actor: Provisioner) -> Match | Duplicate | Obstacle:
    """What to do with a record that an IdP POSTs."""
    candidates = _candidates(record, actor.identity_provider_id)
    if not candidates:
        return Create()
    if any(_is_record_of(user, record, actor) for user in candidates):
        return Duplicate()
    if link := _approved(candidates, record, actor):
        return link
    for user in candidates:
        if revival := _revival(user, record, actor):
            return _unless_others_are_in_the_way(revival, candidates, record)
    user = _closest(candidates, record)
    if reason := _obstacle(user, record, actor):
        return Obstacle(user, reason)
    return _unless_others_are_in_the_way(Adopt(user), candidates, record)


def _candidates(record: PersonRecord, provider_id: int) -> list[User]:
    """Accounts with this username or email, and those whose live or last record of this IdP had this userName."""
    key, email = record.user_name_key, record.email_key
    live = SSOUser.objects.of(provider_id).filter(user_name_key=key).values("user")
    last = RetiredResource.objects.users_of(provider_id).filter(user_name_key=key, user__isnull=False)
    wanted = Q(username_key=key) | Q(pk__in=live) | Q(pk__in=last.values("user"))
    if email:
        wanted |= Q(email_key=email)
    rows = User.objects.filter(wanted).select_related("sso_user").select_for_update(of=("self",))
    return [user for user in rows.order_by("pk") if _matters(user, record, provider_id)]


def _matters(user: User, record: PersonRecord, provider_id: int) -> bool:
    """Leave out whom only an old userName led here, unless that record was of the same username and email (R9)."""
    if user.username_key == record.user_name_key:
        return True
    if record.email_key is not None and user.email_key == record.email_key:
        return True
    if _has_record(user):
        return user.sso_user.user_name_key == record.user_name_key
    last = _last_record(user, provider_id)
    return last is not None and _says(last, record)


def _last_record(user: User, provider_id: int) -> RetiredResource | None:
    return user.retired_resources.filter(identity_provider=provider_id).order_by("-retired_at").first()


def _says(last: RetiredResource, record: PersonRecord) -> bool:
    return (last.user_name_key, last.email_key or None) == (record.user_name_key, record.email_key)


def _has_record(user: User) -> bool:
    return getattr(user, "sso_user", None) is not None


def _is_record_of(user: User, record: PersonRecord, actor: Provisioner) -> bool:
    return (
        _has_record(user)
        and user.sso_user.identity_provider_id == actor.identity_provider_id
        and user.sso_user.user_name_key == record.user_name_key
    )


def _same_person(user: User, record: PersonRecord) -> bool:
    return user.username_key == record.user_name_key and user.email_key == record.email_key


def _approved(candidates: list[User], record: PersonRecord, actor: Provisioner) -> Link | None:
    free = {user.pk: user for user in candidates if not _has_record(user)}
    conflict = Conflict.objects.filter(
        identity_provider_id=actor.identity_provider_id,
        state=Conflict.State.APPROVED,
        user_name_key=record.user_name_key,
        email_key=record.email_key or "",
        external_id=record.external_id or "",
        user__in=free,
    ).first()
    return Link(free[conflict.user_id], conflict) if conflict else None


def _revival(user: User, record: PersonRecord, actor: Provisioner) -> Revive | None:
    if _has_record(user) or user.managed_by_id != actor.identity_provider_id:
        return None
    last = _last_record(user, actor.identity_provider_id)
    if last is None or not (_says(last, record) or _same_person(user, record)):
        return None
    return Revive(user, last.external_id)


def _unless_others_are_in_the_way(
    found: Adopt | Revive, candidates: list[User], record: PersonRecord
) -> Adopt | Revive | Obstacle:
    """The username or the email may belong to somebody else than the account that was found."""
    others = [user for user in candidates if user.pk != found.user.pk]
    for user in others:
        if user.username_key == record.user_name_key:
            return Obstacle(user, Reason.OTHER_EMAIL)
        if record.email_key and user.email_key == record.email_key and isinstance(found, Adopt):
            return Obstacle(user, Reason.OTHER_USERNAME)
    return found


def _closest(candidates: list[User], record: PersonRecord) -> User:
    """Whom a conflict names: the owner of the username before the owner of the email."""
    return min(candidates, key=lambda user: user.username_key != record.user_name_key)


def _obstacle(user: User, record: PersonRecord, actor: Provisioner) -> str | None:
    """The reason why this account can't be adopted, the gravest first (R5, R6, R6a, R6b)."""
    reasons = {
        Reason.BREAK_GLASS: user.is_break_glass,
        Reason.OTHER_PROVIDER: _belongs_to_another(user, actor.identity_provider_id),
        Reason.ALREADY_LINKED: _has_record(user),
        Reason.PRIVILEGED: user.role != Role.MEMBER,
        Reason.OTHER_USERNAME: user.username_key != record.user_name_key,
        Reason.OTHER_EMAIL: user.email_key != record.email_key or record.email_key is None,
        Reason.DISABLED_LOCAL: user.status == Status.DISABLED,
        Reason.ASK_FIRST: actor.asks_before_adopting,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _belongs_to_another(user: User, provider_id: int) -> bool:
    """Managed by another IdP, or signed in through one just in time (R6b, R5)."""
    if user.is_managed:
        return user.managed_by_id != provider_id
    identities = SSOIdentity.objects.filter(user=user)
    return identities.exists() and not identities.filter(identity_provider_id=provider_id).exists()
