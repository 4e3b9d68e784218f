"""What people are told of (R30): each kind of alarm in words, raised and resolved. The single source."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

RESOLVED_BY_ITSELF = ""


class _Told(NamedTuple):
    name: str
    title: str
    raised: str  # {label}: what it is about; {number}: how many
    resolved: str  # empty: it happened, and is over
    meaning: str  # what to do


class AlarmKind(StrEnum):
    """A kind of alarm. Its name is stable: rules name it, and so do messages to webhooks."""

    told: _Told

    def __new__(cls, *told: str) -> AlarmKind:
        member = str.__new__(cls, told[0])
        member._value_ = told[0]
        member.told = _Told(*told)
        return member

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        return [(kind.value, kind.told.title) for kind in cls]

    @property
    def is_event(self) -> bool:
        """Whether it happens at a moment; others last until they are resolved."""
        return not self.told.resolved

    def raised(self, **words: Any) -> str:
        return self.told.raised.format(**words)

    def resolved(self, **words: Any) -> str:
        return self.told.resolved.format(**words)

    SILENT = (
        "silent",
        "Identity provider silent",
        "{label} has fallen silent",
        "{label} is heard again",
        "It used to call and has stopped: people who leave keep their access. Look at its page and at its own log.",
    )
    BRAKE = (
        "brake",
        "Brake of an identity provider",
        "The brake of {label} is on: removals are held",
        "The brake of {label} is off",
        "It asked to remove more people than its limit. An owner decides on its page.",
    )
    TURNED_AWAY = (
        "turned_away",
        "Changes turned away",
        "{label}: changes were turned away, {number} so far",
        "{label}: nothing that was turned away is left to decide",
        "What it wanted is kept on its page and waits for a decision.",
    )
    REFUSED_SHARE = (
        "refused_share",
        "Many changes refused",
        "{label}: {number} % of its latest changes were refused",
        "{label}: its changes go through again",
        "The provisioning log says why, change by change. Sign-ins do not count.",
    )
    CONFLICT = (
        "conflict",
        "Conflict older than a day",
        "{label}: a conflict has waited for more than a day",
        "{label}: a conflict that waited is decided",
        "A person is refused until it is decided.",
    )
    DRIFT = (
        "drift",
        "Groups differ from the identity provider",
        "{number} groups differ from what identity providers last sent",
        "Groups are again what identity providers last sent",
        "Run doctor: it names the groups.",
    )
    TOKEN_DUE = (
        "token_due",
        "Token expires",
        "The SCIM token {label} expires within two weeks, or has",
        "The SCIM token {label} was replaced",
        "What an identity provider sends with an expired one is refused. Create a new one and enter it there.",
    )
    CERTIFICATE_DUE = (
        "certificate_due",
        "Certificate expires",
        "The SAML certificate of {label} expires within 30 days, or has",
        "The SAML certificate of {label} was replaced",
        "Without a valid one, single sign-on through it stops. Add the one that follows it.",
    )
    SECRET_DUE = (
        "secret_due",
        "Former secret of a webhook ends",
        "The former secret of the webhook {label} ends within a day",
        "The former secret of the webhook {label} has ended",
        "The receiver must know the new secret by then.",
    )
    DRILL_DUE = (
        "drill_due",
        "Break-glass drill due",
        "The break-glass account {label} has not proven for long that it can sign in",
        "The break-glass account {label} has proven that it can sign in",
        "Sign in with it once, so that it works when single sign-on fails.",
    )
    BREAK_GLASS = (
        "break_glass",
        "Break-glass account used",
        "The break-glass account {label} signed in",
        RESOLVED_BY_ITSELF,
        "These accounts are for emergencies. If you do not know why, change its password and read the audit log.",
    )
    OWNER_MADE = (
        "owner_made",
        "New owner",
        "{label} is an owner now",
        RESOLVED_BY_ITSELF,
        "Owners may do everything. If you did not expect it, change the role back and read the audit log.",
    )
    DELETION = (
        "deletion",
        "Permanent deletion",
        "{label} was deleted permanently",
        RESOLVED_BY_ITSELF,
        "The deletions list says who did it and why. It can't be undone.",
    )
    SIGN_INS = (
        "sign_ins",
        "Many failed sign-ins",
        "{number} failed sign-ins within ten minutes",
        "Failed sign-ins are back to the usual",
        "Someone may be guessing passwords. The audit log has the addresses.",
    )
    JOBS = (
        "jobs",
        "Scheduled work does not run",
        "Scheduled work fails or is overdue: {label}",
        "Scheduled work runs again: {label}",
        "Its page says what went wrong. Is a worker running?",
    )
    MAIL = (
        "mail",
        "Mail does not work",
        "Mails and other tasks wait or fail: {number}",
        "Mails and other tasks are done again",
        "Look at the worker and at the mail server. This alarm may not reach you by mail.",
    )
    WEBHOOK = (
        "webhook",
        "Webhook fails",
        "The webhook {label} fails or was switched off",
        "The webhook {label} delivers again",
        "Its page says what the receiver answered.",
    )
    TEST = (
        "test",
        "Test",
        "A test of the notification rule {label}",
        RESOLVED_BY_ITSELF,
        "It was asked for on the rule's page. Nothing is wrong.",
    )


@dataclass(frozen=True, slots=True)
class AlarmFound:
    """A matter that people are to be told of. `subject` tells it from others of its kind."""

    kind: AlarmKind
    subject: str
    label: str = ""
    number: int = 1
    user_id: int | None = None
