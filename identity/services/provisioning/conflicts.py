"""Collisions between an IdP's people and existing accounts, and what an administrator decides (R6, R7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from identity import audit, policy
from identity.core.decisions import Action
from identity.core.errors import Taken
from identity.core.keys import fold, name_key
from identity.core.refusals import Refusal
from identity.core.words import table
from identity.db.locks import lock
from identity.events import Event
from identity.log_words import What, refusal_as_data
from identity.models import Conflict, User
from identity.services.provisioning.log import Outcome, log_write
from identity.services.provisioning.retirement import release

if TYPE_CHECKING:
    from identity.core.actors import Actor, IdPActor
    from identity.services.provisioning.statements import PersonRecord

Reason, State = Conflict.Reason, Conflict.State

# What keeps the account from being adopted, by what collided.
_BECAUSE = table(
    "because",
    {
        Reason.OTHER_EMAIL.value: " with another email",
        Reason.OTHER_USERNAME.value: "",
        Reason.ASK_FIRST.value: " and waits for an administrator's approval",
        Reason.PRIVILEGED.value: " with a privileged role",
        Reason.DISABLED_LOCAL.value: " and was disabled by an administrator",
        Reason.OTHER_PROVIDER.value: " and is managed by another identity provider",
        Reason.OTHER_PERSON.value: " as the account of another person of this IdP",
    },
)
# Where only its email did.
_BECAUSE_EMAIL = table(
    "because_email",
    {
        Reason.OTHER_EMAIL.value: "",
        Reason.OTHER_USERNAME.value: ", who has another username",
        Reason.ASK_FIRST.value: ", and waits for an administrator's approval",
        Reason.PRIVILEGED.value: ", who has a privileged role",
        Reason.DISABLED_LOCAL.value: ", who was disabled by an administrator",
        Reason.OTHER_PROVIDER.value: ", who is managed by another identity provider",
        Reason.OTHER_PERSON.value: ", who is another person of this IdP",
    },
)


def refusal(conflict: Conflict) -> str:
    """Why the record was refused: the attribute that collided, and the account that has it (R7)."""
    if conflict.reason == Reason.BREAK_GLASS:
        return Refusal.RESERVED(what=_collided(conflict))
    if conflict.reason in {Reason.ALREADY_LINKED, Reason.SAME_EXTERNAL_ID}:
        return _is_another_records(conflict)
    what = _collided(conflict)
    if conflict.email_collides and not conflict.username_collides:
        because = _BECAUSE_EMAIL[conflict.reason]
        return Refusal.BELONGS_TO(what=what, name=conflict.user.username, because=because)
    return Refusal.EXISTS(what=what, because=_BECAUSE[conflict.reason])


def _collided(conflict: Conflict) -> str:
    """The attributes as the IdP calls them, with what it sent."""
    if conflict.reason == Reason.SAME_EXTERNAL_ID:
        return Refusal.SENT_EXTERNAL_ID(external_id=conflict.external_id)
    if not conflict.email_collides:
        return Refusal.SENT_USER_NAME(user_name=conflict.user_name)
    if conflict.username_collides:
        return Refusal.SENT_BOTH(user_name=conflict.user_name, email=conflict.email)
    return Refusal.SENT_EMAIL(email=conflict.email)


def _is_another_records(conflict: Conflict) -> str:
    """As after a rename at the IdP: portal usernames are permanent (R3), so the person has another userName now."""
    record = getattr(conflict.user, "sso_user", None)
    known = Refusal.KNOWN_THERE_AS(user_name=record.user_name) if record else ""
    is_username = conflict.username_collides and conflict.reason == Reason.ALREADY_LINKED
    words = Refusal.PERMANENT_USERNAME_OF if is_username else Refusal.BELONGS_TO
    return words(what=_collided(conflict), name=conflict.user.display_name, because=known)


def sentence(conflict: Conflict) -> str:
    """The sentence of the 409, for the IdP's administrator."""
    what = refusal(conflict)
    if not conflict.can_be_linked and not conflict.is_about_another_person:
        return what
    return Refusal.CAN_BE_RESOLVED(what=what)


def record_conflict(user: User, reason: str, record: PersonRecord, *, actor: IdPActor) -> Conflict:
    """Add the conflict or count another attempt; changed data reopens one that was dismissed or approved (R7).

    The Conflict and the log row are all that a refusal leaves (R6, SR-35).
    """
    conflict, is_new = Conflict.objects.select_for_update(of=("self",)).get_or_create(
        identity_provider_id=actor.identity_provider_id,
        user=user,
        user_name_key=record.user_name_key,
        defaults={"reason": reason, **_said(record)},
    )
    conflict.user = user
    if not is_new:
        _count_try(conflict, reason, record)
    log_write(
        What.REFUSED,
        params=refusal_as_data(sentence(conflict)),
        actor=actor,
        outcome=Outcome.REFUSED,
        status=409,
        code=reason,
        resource_type="User",
        user_id=user.pk,
        subject_key=record.user_name_key,
        details={"conflict": conflict.pk},
    )
    return conflict


def _said(record: PersonRecord) -> dict[str, str]:
    return {
        "user_name": record.user_name,
        "email": record.email or "",
        "email_key": record.email_key or "",
        "external_id": record.external_id or "",
        "first_name": record.first_name or "",
        "last_name": record.last_name or "",
    }


def _count_try(conflict: Conflict, reason: str, record: PersonRecord) -> None:
    said = _said(record)
    identifying = ("email_key", "external_id")
    watched = said if conflict.state == State.DISMISSED else identifying
    changed = any(getattr(conflict, name) != said[name] for name in watched) or conflict.reason != reason
    if conflict.state == State.RESOLVED or changed or conflict.own_username:
        conflict.state, conflict.own_username = State.OPEN, ""  # what was approved is no longer possible
    conflict.reason = reason
    for name, value in said.items():
        setattr(conflict, name, value)
    conflict.tries += 1
    conflict.last_seen_at = timezone.now()
    conflict.save()


@transaction.atomic
def link_conflict(conflict: Conflict, *, actor: Actor) -> Conflict:
    """Approve exactly this IdP, userName, email and externalId: the IdP's next attempt is linked (R7)."""
    conflict = _held(conflict)
    policy.require(Action.LINK_CONFLICT, actor=actor, conflict=conflict)
    return _decide(conflict, State.APPROVED, Event.CONFLICT_LINK_APPROVED, actor)


@transaction.atomic
def move_conflict(conflict: Conflict, *, actor: Actor) -> Conflict:
    """Let the account leave its other IdP, then approve the link (R7)."""
    conflict = _held(conflict)
    policy.require(Action.MOVE_CONFLICT, actor=actor, conflict=conflict)
    release(conflict.user, actor=actor)
    return _decide(conflict, State.APPROVED, Event.CONFLICT_MOVE_APPROVED, actor)


@transaction.atomic
def give_own_username(conflict: Conflict, *, username: str, actor: Actor) -> Conflict:
    """Approve exactly this IdP, userName, email and externalId as a newcomer with another portal username (R7).

    The IdP's next attempt succeeds, and its own view keeps its userName. Raises Refused if more than the portal's
    username collides, Taken, InvalidValue.
    """
    conflict = _held(conflict)
    policy.require(Action.GIVE_OWN_USERNAME, actor=actor, conflict=conflict)
    _refuse_taken(conflict, username)
    conflict.own_username = username
    return _decide(conflict, State.APPROVED, Event.CONFLICT_OWN_USERNAME_APPROVED, actor)


def _refuse_taken(conflict: Conflict, username: str) -> None:
    """A username that a user has, or that is reserved for another newcomer."""
    key = name_key(username, "username")
    promised = Conflict.objects.filter(state=State.APPROVED).exclude(own_username="").exclude(pk=conflict.pk)
    if User.objects.filter(username_key=key).exists() or key in {fold(row.own_username) for row in promised}:
        raise Taken(Refusal.USERNAME_TAKEN(username=username))


@transaction.atomic
def dismiss_conflict(conflict: Conflict, *, actor: Actor) -> Conflict:
    """Dismiss the conflict; it reopens when the IdP's data changes (R7)."""
    conflict = lock(Conflict, conflict.pk)
    if not policy.require(Action.DISMISS_CONFLICT, actor=actor, conflict=conflict).fits:
        return conflict
    return _decide(conflict, State.DISMISSED, Event.CONFLICT_DISMISSED, actor)


def settle(conflict: Conflict) -> None:
    """Close it: what was approved has been done."""
    conflict.state = State.RESOLVED
    conflict.save(update_fields=["state"])


def _held(conflict: Conflict) -> Conflict:
    """The conflict and its account, locked in the order of `services.locks`."""
    user = lock(User, conflict.user_id)
    conflict = lock(Conflict, conflict.pk)
    conflict.user = user
    return conflict


def _decide(conflict: Conflict, state: str, action: Event, actor: Actor) -> Conflict:
    conflict.state = state
    if state == State.DISMISSED:
        conflict.own_username = ""
    conflict.decided_by = getattr(actor, "user", None)
    conflict.decided_at = timezone.now()
    conflict.save(update_fields=["state", "own_username", "decided_by", "decided_at"])
    audit.record(
        action,
        actor=actor,
        user_id=conflict.user_id,
        identity_provider_id=conflict.identity_provider_id,
        details=_facts(conflict),
    )
    return conflict


def _facts(conflict: Conflict) -> dict[str, object]:
    return {"conflict": conflict.pk, "reason": conflict.reason}
