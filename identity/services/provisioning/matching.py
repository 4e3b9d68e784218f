"""Which account does an IdP's new record mean? (R5, R6, R9; SR-3: never by email or name alone)

One statement finds every account that could be in the way, usually none; the rest is a plain decision.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from django.db import connection

from identity.core.keys import fold
from identity.db.locks import locked
from identity.models import Conflict, RetiredResource, Role, SSOIdentity, SSOUser, Status, User
from identity.safeguards.people import last_enabled_owner
from identity.safeguards.table import under_lock

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from identity.core.actors import IdPActor
    from identity.services.provisioning.statements import PersonRecord

Reason = Conflict.Reason
SIGN_IN = "sso_sign_in"  # a sign-in has no SCIM record: an administrator may treat it as a newcomer's (R7)


@dataclass(frozen=True, slots=True)
class Found:
    """What to do with a record; `shares`: other accounts with records of this IdP that have the same externalId."""

    shares: tuple[int, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True, slots=True)
class Create(Found):
    """No account is in the way."""


@dataclass(frozen=True, slots=True)
class CreateAs(Found):
    """R7: the userName is another account's username, so an administrator gave the newcomer their own."""

    conflict: Conflict

    def called_here(self, record: PersonRecord) -> PersonRecord:
        """The record as stored in the portal: without the email if the other account has that, too."""
        email = None if self.conflict.email_collides else record.email
        return replace(record, user_name=self.conflict.own_username, email=email)


@dataclass(frozen=True, slots=True)
class Duplicate:
    """This IdP already has the record."""


@dataclass(frozen=True, slots=True)
class Adopt(Found):
    """R5: same username and email, an ordinary account without an SSO user."""

    user: User


@dataclass(frozen=True, slots=True)
class Revive(Found):
    """R9: this IdP deleted the record and sends it again; `external_id` is the one it had."""

    user: User
    external_id: str | None


@dataclass(frozen=True, slots=True)
class Link(Found):
    """R7: an administrator approved exactly this record for this account."""

    user: User
    conflict: Conflict


@dataclass(frozen=True, slots=True)
class Resume(Found):
    """R9: this IdP's own record of the same externalId: renamed there while unassigned, or linked by an approval."""

    record: SSOUser
    conflict: Conflict | None = None

    @property
    def user(self) -> User:
        return self.record.user


@dataclass(frozen=True, slots=True)
class Obstacle:
    """R6: an account in the way that must not be taken over silently."""

    user: User
    reason: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that may match or be in the way: its live record at any IdP, and its last one at this IdP."""

    user: User
    record: SSOUser | None
    last: RetiredResource | None

    def is_same_person(self, record: PersonRecord) -> bool:
        """The same username and the same email (R5, R9)."""
        return self.has_name(record) and self.user.email_key == record.email_key

    def was(self, record: PersonRecord) -> bool:
        """Whether this IdP's last record of the account had this userName and email (R9)."""
        last = self.last
        said = last and (last.user_name_key, last.email_key or None)
        return said == (record.user_name_key, record.email_key)

    def has_name(self, record: PersonRecord) -> bool:
        return self.user.username_key == record.user_name_key

    def has_email(self, record: PersonRecord) -> bool:
        return record.email_key is not None and self.user.email_key == record.email_key

    def is_identified_by(self, record: PersonRecord, provider_id: int) -> bool:
        """Whether this IdP's live record of the account, else its last one, has this externalId (R9)."""
        if record.external_id is None:
            return False
        if self.record is not None:
            said = (self.record.identity_provider_id, self.record.external_id)
            return said == (provider_id, record.external_id)
        is_its_own = self.user.managed_by_id == provider_id
        return is_its_own and self.last is not None and self.last.external_id == record.external_id

    def is_recorded_as(self, record: PersonRecord) -> bool:
        return self.record is not None and self.record.user_name_key == record.user_name_key


Arrival = Create | CreateAs | Adopt | Revive | Link
Match = Arrival | Resume


def match(record: PersonRecord, actor: IdPActor) -> Match | Duplicate | Obstacle:
    """What to do with a record that an IdP POSTs."""
    found = _candidates(record, actor.identity_provider_id)
    if not found:
        return Create()
    candidates = [candidate for candidate in found if _matters(candidate, record)]
    known = [candidate for candidate in found if candidate.is_identified_by(record, actor.identity_provider_id)]
    meant = _meant(candidates, known, record, actor)
    if isinstance(meant, Duplicate | Obstacle):
        return meant
    own = getattr(meant, "user", None)  # None yet for a new person
    return replace(meant, shares=tuple(one.user.pk for one in known if one.user != own))


def _meant(
    candidates: list[Candidate], known: list[Candidate], record: PersonRecord, actor: IdPActor
) -> Match | Duplicate | Obstacle:
    """Decide from the accounts that could be in the way, and those whose record has this externalId."""
    is_duplicate = any(_is_duplicate(candidate, record, actor) for candidate in candidates)
    if is_duplicate and actor.kind != SIGN_IN:
        return Duplicate()
    if link := _approved(candidates, record, actor):
        return link
    if actor.identifies_by_external_id and (rename := _approved_rename(known, record, actor)):
        return rename
    newcomer = _approved_newcomer(candidates, record, actor)
    if newcomer:
        candidates = [candidate for candidate in candidates if candidate.user.pk != newcomer.conflict.user_id]
    elif is_duplicate:
        return Duplicate()
    if known and actor.identifies_by_external_id:
        return _identified(known, candidates, record, actor)
    if not candidates:
        return newcomer or Create()
    if returning := _returning(candidates, record, actor):
        return _revive(returning, candidates, record, actor)
    closest = _closest(candidates, record)
    if reason := _obstacle(closest, record, actor):
        return Obstacle(closest.user, reason)
    return Adopt(closest.user)


# Fixed SQL: every POST pays for it, and one lookup per index is cheap where an OR would scan the table.
_IN_THE_WAY = """
    SELECT id FROM identity_user WHERE username_key = %s
     UNION SELECT id FROM identity_user WHERE email_key = %s
     UNION SELECT user_id FROM identity_ssouser WHERE identity_provider_id = %s AND user_name_key = %s
     UNION SELECT user_id FROM identity_retiredresource
            WHERE identity_provider_id = %s AND user_name_key = %s AND user_id IS NOT NULL
     UNION SELECT user_id FROM (
            SELECT user_id FROM identity_ssouser WHERE identity_provider_id = %s AND external_id = %s LIMIT 3) now
     UNION SELECT user_id FROM (
            SELECT user_id FROM identity_retiredresource
             WHERE identity_provider_id = %s AND external_id = %s AND user_id IS NOT NULL LIMIT 3) before
"""


def _candidates(record: PersonRecord, provider_id: int) -> list[Candidate]:
    """Accounts with this username or email, or with this userName or externalId in a record of this IdP; locked."""
    key, external = record.user_name_key, [provider_id, record.external_id]
    with connection.cursor() as cursor:
        parameters = [key, record.email_key, provider_id, key, provider_id, key, *external, *external]
        cursor.execute(_IN_THE_WAY, parameters)
        ids = [row[0] for row in cursor.fetchall()]
    if not ids:
        return []
    users = {user.pk: user for user in locked(User.objects.filter(pk__in=ids))}
    records = {found.user_id: found for found in SSOUser.objects.filter(user__in=ids)}
    for user_id, found in records.items():
        found.user = users[user_id]
    last = _last_records(ids, provider_id)
    return [Candidate(user, records.get(pk), last.get(pk)) for pk, user in users.items()]


def _last_records(user_ids: list[int], provider_id: int) -> dict[int | None, RetiredResource]:
    rows = RetiredResource.objects.users_of(provider_id).filter(user__in=user_ids)
    return {row.user_id: row for row in rows.order_by("retired_at")}


def _matters(candidate: Candidate, record: PersonRecord) -> bool:
    """Leave out accounts found only by an old userName, unless that record also had the same email (R9)."""
    if candidate.has_name(record) or candidate.has_email(record):
        return True
    if candidate.record is not None:
        return candidate.is_recorded_as(record)
    return candidate.was(record)


def _is_duplicate(candidate: Candidate, record: PersonRecord, actor: IdPActor) -> bool:
    if candidate.record is None or candidate.record.identity_provider_id != actor.identity_provider_id:
        return False
    return candidate.is_recorded_as(record)


def _approved(candidates: list[Candidate], record: PersonRecord, actor: IdPActor) -> Link | None:
    """R7. An approval holds only for what was approved: not if another IdP has taken the account since."""
    free = {
        candidate.user.pk: candidate.user
        for candidate in candidates
        if candidate.record is None
        and not candidate.user.is_break_glass
        and candidate.user.managed_by_id in {None, actor.identity_provider_id}
    }
    conflict = _approvals(record, actor).filter(user__in=free, own_username="").first()
    return Link(free[conflict.user_id], conflict) if conflict else None


def _approved_rename(known: list[Candidate], record: PersonRecord, actor: IdPActor) -> Resume | None:
    """R7, R9: an administrator confirmed that the active record of the same externalId is this person."""
    records = {one.user.pk: one.record for one in known if one.record is not None and not one.user.is_break_glass}
    approved = _approvals(record, actor).filter(user__in=records, own_username="") if records else None
    conflict = approved.first() if approved is not None else None
    row = records[conflict.user_id] if conflict else None
    return Resume(row, conflict) if row else None


def _approved_newcomer(candidates: list[Candidate], record: PersonRecord, actor: IdPActor) -> CreateAs | None:
    """R7. The approval lapses if the assigned username has been taken since."""
    named = {candidate.user.pk: candidate.user for candidate in candidates if candidate.has_name(record)}
    conflict = _approvals(record, actor).filter(user__in=named).exclude(own_username="").first() if named else None
    if conflict is None or User.objects.filter(username_key=fold(conflict.own_username)).exists():
        return None
    conflict.user = named[conflict.user_id]
    return CreateAs(conflict)


def _approvals(record: PersonRecord, actor: IdPActor) -> QuerySet[Conflict]:
    """What administrators approved for exactly this record."""
    return Conflict.objects.filter(
        identity_provider_id=actor.identity_provider_id,
        state=Conflict.State.APPROVED,
        user_name_key=record.user_name_key,
        email_key=record.email_key or "",
        external_id=record.external_id or "",
    )


def _returning(candidates: list[Candidate], record: PersonRecord, actor: IdPActor) -> Candidate | None:
    """R9: the account of a record that this IdP deleted; of several, the one with the portal's own values."""
    found = [
        candidate
        for candidate in candidates
        if candidate.record is None
        and candidate.last is not None
        and candidate.user.managed_by_id == actor.identity_provider_id
        and (candidate.is_same_person(record) or candidate.was(record))
    ]
    return max(found, key=lambda candidate: candidate.is_same_person(record), default=None)


def _identified(
    known: list[Candidate], candidates: list[Candidate], record: PersonRecord, actor: IdPActor
) -> Resume | Revive | Obstacle:
    """R9: where externalId identifies people, an inactive or removed record with it is this person, renamed since."""
    one = min(known, key=lambda candidate: candidate.record is None or not candidate.record.active)
    if len(known) > 1 or (one.record is not None and one.record.active):
        return Obstacle(one.user, Reason.SAME_EXTERNAL_ID)
    if one.record is None:
        return _revive(one, candidates, record, actor)
    holders = _holders(one.user, candidates, record, actor)
    return Obstacle(holders[0], Reason.ASK_FIRST) if holders else Resume(one.record)


def _revive(
    returning: Candidate, candidates: list[Candidate], record: PersonRecord, actor: IdPActor
) -> Revive | Obstacle:
    """The userName may belong to another account by now, or the account carry what must not be lost (R13)."""
    user, last = returning.user, returning.last
    if holders := _holders(user, candidates, record, actor):
        return Obstacle(holders[0], Reason.OTHER_EMAIL)
    if not under_lock(user, last_enabled_owner):
        return Obstacle(user, Reason.PRIVILEGED)
    return Revive(user, last.external_id if last else None)


def _holders(user: User, candidates: list[Candidate], record: PersonRecord, actor: IdPActor) -> list[User]:
    """Other accounts with this username here, unless known to be another person's."""
    return [
        found.user
        for found in candidates
        if found.user.pk != user.pk and found.has_name(record) and not _is_told_apart(found, user, record, actor)
    ]


def _is_told_apart(holder: Candidate, user: User, record: PersonRecord, actor: IdPActor) -> bool:
    """Whether the holder of this username is known as another person: to this IdP, or to an administrator (R7)."""
    if holder.record is not None and holder.record.identity_provider_id == actor.identity_provider_id:
        return True
    if actor.identifies_by_external_id and holder.last is not None and holder.last.external_id:
        return holder.last.external_id != record.external_id
    decided = Conflict.objects.filter(
        identity_provider_id=actor.identity_provider_id, user=holder.user, user_name_key=record.user_name_key
    )
    return decided.filter(state=Conflict.State.RESOLVED, own_username=user.username).exists()


def _closest(candidates: list[Candidate], record: PersonRecord) -> Candidate:
    """The account a conflict names: the owner of the username before the owner of the email."""
    return min(candidates, key=lambda candidate: not candidate.has_name(record))


def _obstacle(candidate: Candidate, record: PersonRecord, actor: IdPActor) -> str | None:
    """Why this account can't be adopted, most serious reason first (R5, R6, R6a, R6b)."""
    user = candidate.user
    reasons = {
        Reason.BREAK_GLASS: user.is_break_glass,
        Reason.OTHER_PROVIDER: _belongs_to_another(user, actor.identity_provider_id),
        Reason.ALREADY_LINKED: candidate.record is not None,
        Reason.PRIVILEGED: user.role != Role.MEMBER,
        Reason.OTHER_USERNAME: not candidate.has_name(record),
        Reason.OTHER_EMAIL: not candidate.has_email(record),
        Reason.DISABLED_LOCAL: user.status == Status.DISABLED,
        Reason.ASK_FIRST: actor.asks_before_adopting,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _belongs_to_another(user: User, provider_id: int) -> bool:
    """Managed by another IdP, reserved for one (R7), or signed in through one just in time (R6b, R5)."""
    if user.is_managed:
        return user.managed_by_id != provider_id
    promised = Conflict.objects.filter(user=user, state=Conflict.State.APPROVED, own_username="")
    if promised.exclude(identity_provider_id=provider_id).exists():
        return True
    identities = SSOIdentity.objects.filter(user=user)
    return identities.exists() and not identities.filter(identity_provider_id=provider_id).exists()
