"""Before go-live: which accounts do an identity provider's userNames match? Nothing is written.

The page and the command ask the same function. Its cost depends on the list, not on the
portal: a few statements for each `BATCH` of names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import prefetch_related_objects

from identity.core.keys import sought
from identity.db.lookups import any_of_parameter
from identity.models import Conflict, IdentityProvider, Role, SSOUser, Status, User

BATCH = 20_000


class Match(StrEnum):
    """How closely an account matches a userName, closest first."""

    EXACT = "exact"
    CASE = "case"
    PREFIX = "prefix"
    SAME_EMAIL = "same_email"
    LINKED = "linked"
    NONE = "none"

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def meaning(self) -> str:
        """What the identity provider's first push would do, and what to do about it (R5, R6)."""
        return _MEANINGS[self]


_LABELS = {
    Match.EXACT: "Exact match",
    Match.CASE: "Differs in case",
    Match.PREFIX: "Email prefix against full email",
    Match.SAME_EMAIL: "Same email, other username",
    Match.LINKED: "Linked, other username",
    Match.NONE: "No match",
}
_MEANINGS = {
    Match.EXACT: "The account is taken over when the email is the same too; with another email it is a conflict.",
    Match.CASE: "Upper and lower case are one: treated as an exact match. The portal keeps its own spelling.",
    Match.PREFIX: (
        "Not the same username: a second account or a conflict. Let the identity provider send the portal's form."
    ),
    Match.SAME_EMAIL: "Refused as a conflict until an administrator links it, or the username is corrected there.",
    Match.LINKED: "Linked already: renamed there later, or linked by an administrator. Nothing is refused.",
    Match.NONE: "A new account.",
}


_OBSTACLES: tuple[tuple[Callable[[User], bool], str], ...] = (
    (lambda user: user.is_break_glass, "A break-glass account, which is never linked"),
    (lambda user: user.role != Role.MEMBER, "The account has a role, so an owner decides"),
    (lambda user: user.status == Status.DISABLED, "Disabled by an administrator"),
)

_RENAMED = "The permanent username of a person who has another userName by now"


@dataclass(frozen=True, slots=True)
class Sent:
    """A person as the identity provider names them; the email is "" if unknown.

    `account`: the primary key of the account that is already linked.
    """

    user_name: str
    email: str = ""
    account: int = 0

    @property
    def key(self) -> str:
        return sought(self.user_name)

    @property
    def email_key(self) -> str:
        """The email, or a userName that looks like one."""
        return sought(self.email) or (self.key if "@" in self.key else "")

    @property
    def prefix(self) -> str:
        """The part of the userName before the @, "" if there is none."""
        before, at, _ = self.key.partition("@")
        return before if at else ""


@dataclass(frozen=True, slots=True)
class Pairing:
    """A userName with the closest account, None without one."""

    sent: Sent
    match: Match
    user: User | None

    @property
    def has_other_email(self) -> bool:
        """Whether an email was given and differs from the account's."""
        return bool(self.user and self.sent.email and sought(self.sent.email) != (self.user.email_key or ""))

    @property
    def obstacle(self) -> str:
        """Why an account of the same name is never taken over silently (R6b), "" when nothing prevents it.

        A managed account was taken over before, unless the identity provider has renamed its person since.
        """
        if self.user is None or self.sent.account or not self.is_same_name:
            return ""
        if self.user.is_managed:
            return _RENAMED if self._is_renamed else ""
        return next((words for holds, words in _OBSTACLES if holds(self.user)), "")

    @property
    def _is_renamed(self) -> bool:
        record = getattr(self.user, "sso_user", None)
        return record is not None and record.user_name_key != self.sent.key

    @property
    def is_same_name(self) -> bool:
        return self.match in {Match.EXACT, Match.CASE}

    @property
    def is_in_order(self) -> bool:
        """Whether the first push takes over exactly this account, or creates a new one."""
        if self.match is Match.NONE or self.sent.account:
            return True
        return self.is_same_name and not self.obstacle and not self.has_other_email

    @property
    def is_conflict_by_email(self) -> bool:
        """Whether only the username is the same; with another username and email a second account is created."""
        return self.is_same_name and self.has_other_email and not self.sent.account

    @property
    def meaning(self) -> str:
        """What the first push of exactly this userName would do."""
        if self.obstacle:
            return f"{self.obstacle}: a conflict."
        if self.sent.account and self.is_same_name:
            return "Linked already."
        return "The email differs: a conflict." if self.is_conflict_by_email else self.match.meaning


def find_mismatches(names: Iterable[Sent]) -> Iterator[Pairing]:
    """Each userName with its closest account, in the order given."""
    remaining = iter(names)
    while batch := list(islice(remaining, BATCH)):
        yield from _compare(batch)


def what_arrived(provider: IdentityProvider) -> Iterator[Sent]:
    """The people this identity provider has sent: those waiting in a conflict first, then its SSO users."""
    waiting = Conflict.objects.filter(identity_provider=provider).exclude(state=Conflict.State.RESOLVED)
    linked = SSOUser.objects.of(provider.pk).order_by("pk")
    for user_name, email in waiting.values_list("user_name", "email").iterator():
        yield Sent(user_name, email)
    for user_name, address, account in linked.values_list("user_name", "email", "user").iterator():
        yield Sent(user_name, address or "", account)


def _compare(batch: list[Sent]) -> Iterator[Pairing]:
    """Linked people with their account, the others with the closest one."""
    accounts = _users("pk", {sent.account for sent in batch if sent.account})
    others = iter(_closest([sent for sent in batch if sent.account not in accounts]))
    for sent in batch:
        user = accounts.get(sent.account)
        yield Pairing(sent, _match(sent, user, otherwise=Match.LINKED), user) if user else next(others)


def _match(sent: Sent, user: User, *, otherwise: Match) -> Match:
    if user.username_key != sent.key:
        return otherwise
    return Match.EXACT if user.username == sent.user_name else Match.CASE


def _closest(batch: list[Sent]) -> list[Pairing]:
    """By username first; emails are only looked up for those without an account of that name."""
    by_name = _users("username_key", {key for sent in batch for key in (sent.key, sent.prefix) if key})
    by_prefix = _users_called({sent.key for sent in batch if "@" not in sent.key and sent.key not in by_name})
    named = [by_name.get(sent.key) or by_name.get(sent.prefix) or by_prefix.get(sent.key) for sent in batch]
    by_email = _users("email_key", {sent.email_key for sent, user in zip(batch, named, strict=True) if not user} - {""})
    return [_found(sent, user, by_email) for sent, user in zip(batch, named, strict=True)]


def _found(sent: Sent, user: User | None, by_email: dict[str, User]) -> Pairing:
    if user:
        return Pairing(sent, _match(sent, user, otherwise=Match.PREFIX), user)
    user = by_email.get(sent.email_key)
    return Pairing(sent, Match.SAME_EMAIL if user else Match.NONE, user)


def _users(column: str, keys: set[Any]) -> dict[Any, User]:
    if not keys:
        return {}
    rows = User.objects.filter(**{f"{column}__any_of": sorted(keys)}).select_related("managed_by", "sso_user")
    rows = rows.defer("sso_user__attributes", "sso_user__keys")
    return {getattr(user, column): user for user in rows}


# Fixed SQL: one index lookup per name, where LIKE with a pattern from a row would read the whole table.
_CALLED = {
    "postgresql": """
        SELECT u.*, n.name AS bare FROM unnest(%s::text[]) AS n(name) CROSS JOIN LATERAL (
            SELECT * FROM identity_user
             WHERE username_key ~>=~ (n.name || '@') AND username_key ~<~ (n.name || 'A')
             ORDER BY username_key USING ~<~ LIMIT 1
        ) AS u""",
    "sqlite": """
        SELECT u.*, n.value AS bare FROM json_each(%s) AS n
          JOIN identity_user u ON u.username_key >= (n.value || '@') AND u.username_key < (n.value || 'A')
         ORDER BY u.username_key DESC""",
}


def _users_called(names: set[str]) -> dict[str, User]:
    """Accounts whose username is one of these plus an @ and a domain; the first of several."""
    if not names:
        return {}
    rows: Any = list(User.objects.raw(_CALLED[connection.vendor], [any_of_parameter(connection, sorted(names))]))
    prefetch_related_objects(rows, "managed_by")
    return {user.bare: user for user in rows}
