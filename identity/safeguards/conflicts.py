"""Safeguards of conflicts (R7)."""

from __future__ import annotations

from identity.core.decisions import ALLOWED, Decision
from identity.core.refusals import Refusal
from identity.models import Conflict, SSOUser, User
from identity.safeguards.asked import Asked, out_of_place, refused, so_already


def already_decided(asked: Asked) -> Decision:
    if asked.conflict is None or asked.conflict.is_undecided:
        return ALLOWED
    return out_of_place("already_decided", Refusal.CONFLICT_DECIDED())


def already_resolved(asked: Asked) -> Decision:
    if asked.conflict is None or asked.conflict.state != Conflict.State.RESOLVED:
        return ALLOWED
    return out_of_place("already_decided", Refusal.CONFLICT_RESOLVED())


def already_dismissed(asked: Asked) -> Decision:
    if asked.conflict is None or asked.conflict.state != Conflict.State.DISMISSED:
        return ALLOWED
    return so_already("already_dismissed", Refusal.CONFLICT_DISMISSED())


def must_move(asked: Asked) -> Decision:
    """The account must leave its other identity provider first."""
    if asked.conflict is None or not asked.conflict.must_move:
        return ALLOWED
    user = asked.conflict.user
    return out_of_place("needs_move", Refusal.NEEDS_MOVE(username=user.username, provider=user.managed_by))


def nothing_to_move(asked: Asked) -> Decision:
    if asked.conflict is None or asked.conflict.must_move:
        return ALLOWED
    return out_of_place("nothing_to_move", Refusal.NOTHING_TO_MOVE())


def break_glass_is_not_linked(asked: Asked) -> Decision:
    conflict = asked.conflict
    if conflict is None or not (conflict.user.is_break_glass or conflict.reason == Conflict.Reason.BREAK_GLASS):
        return ALLOWED
    return out_of_place("break_glass", Refusal.BREAK_GLASS_NOT_LINKED())


ALREADY_LINKED = ("already_linked", Refusal.LINKED_ALREADY())


def follows_another_record(asked: Asked) -> Decision:
    if asked.conflict is None or asked.conflict.can_be_linked:
        return ALLOWED
    return out_of_place(*ALREADY_LINKED)


def already_linked(asked: Asked) -> Decision:
    """The account is free, or its record is this IdP's own with the same externalId (R9)."""
    conflict = asked.conflict
    if conflict is None:
        return ALLOWED
    record = SSOUser.objects.filter(user=conflict.user_id).first()
    if record is None:
        return ALLOWED
    said = (record.identity_provider_id, record.external_id)
    is_same_record = said == (conflict.identity_provider_id, conflict.external_id)
    if is_same_record and conflict.reason == Conflict.Reason.SAME_EXTERNAL_ID:
        return ALLOWED
    return refused(*ALREADY_LINKED)


def no_newcomer(asked: Asked) -> Decision:
    if asked.conflict is None or asked.conflict.is_about_another_person:
        return ALLOWED
    return out_of_place("no_newcomer", Refusal.NO_NEWCOMER())


def email_taken(asked: Asked) -> Decision:
    conflict = asked.conflict
    if conflict is None or not conflict.email_key:
        return ALLOWED
    if not User.objects.filter(email_key=conflict.email_key).exclude(pk=conflict.user_id).exists():
        return ALLOWED
    return refused("email_taken", Refusal.EMAIL_TAKEN_TOO(email=conflict.email))
