"""What another mode would change, and for whom: every sentence of the what-if page and the people behind it (R21, R22).

The people are querysets, so that a door can count, page and export them; each uses an index.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q

from identity import policy
from identity.core.decisions import Action, Switch
from identity.db.replica import connection
from identity.models import Invitation, RetiredResource, SSOConnection, SSOIdentity, SSOUser, Status, User
from identity.models.sso import told_otherwise
from identity.policy import Cell
from identity.queries.drift import NAMED, PERSON

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from identity.core.decisions import Mode

MOST_COUNTED = 1_000
FOLLOWING = ("follow_enable", "follow_disable")


class Tone(Enum):
    """Whether people lose something, gain it, or have it done by others."""

    LOSS = "loss"
    GAIN = "gain"
    SHIFT = "shift"


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that would change. `code` is stable: it is used in URLs."""

    code: str
    title: str
    sentence: str
    tone: Tone
    people: QuerySet[User]


def effects(switch: Switch) -> list[Effect]:
    """What would change and for which people, losses first; then what following the identity providers would change."""
    found = [*_of_passwords(switch), *_of_provisioning(switch), *_of_actions(switch)]
    return [*sorted(found, key=lambda effect: list(Tone).index(effect.tone)), *_following(switch)]


@dataclass(frozen=True, slots=True)
class ChangedCell:
    """An action that the policy table answers differently."""

    action: Action
    before: Cell
    after: Cell


def changed_cells(switch: Switch) -> list[ChangedCell]:
    """The rows of the policy table that the two modes answer differently."""
    rows = (
        ChangedCell(action, policy.cell(action, switch.before), policy.cell(action, switch.after))
        for action in policy.MATRIX
    )
    return [row for row in rows if row.before is not row.after]


def _following(switch: Switch) -> list[Effect]:
    """Users whose status changes when SCIM is switched on and the portal follows what the IdPs last sent."""
    if not switch.starts_scim:
        return []
    return [
        Effect(
            "follow_enable",
            "Become enabled",
            "Disabled here, active at their identity provider.",
            Tone.GAIN,
            told_otherwise(Status.ENABLED),
        ),
        Effect(
            "follow_disable",
            "Become disabled",
            "Enabled here, inactive at their identity provider.",
            Tone.LOSS,
            told_otherwise(Status.DISABLED),
        ),
    ]


# --- the first people of each ---


@dataclass(frozen=True, slots=True)
class Touched:
    """An effect with its number, counted up to MOST_COUNTED, and the first few people by username."""

    effect: Effect
    counted: int
    named: list[User]

    @property
    def is_capped(self) -> bool:
        return self.counted > MOST_COUNTED

    @property
    def count(self) -> int:
        return min(self.counted, MOST_COUNTED)

    @property
    def more(self) -> int:
        return self.count - len(self.named)


def look(found: list[Effect]) -> list[Touched]:
    """The effects with any people affected; two statements, whatever their number and the number of people.

    The first people come first: if an effect has few, they are all of them, and need no count.
    """
    named = _first_people(found)
    many = {
        effect.code: effect.people.order_by().values("pk")[: MOST_COUNTED + 1]
        for effect in found
        if len(named[effect.code]) > NAMED
    }
    numbers = {code: len(people) for code, people in named.items()} | dict(_union("count(*)", many))
    return [Touched(effect, numbers[effect.code], named[effect.code][:NAMED]) for effect in found if named[effect.code]]


def _first_people(found: list[Effect]) -> dict[str, list[User]]:
    """The first few people of each effect by username, plus one if there are more."""
    first = {effect.code: effect.people.order_by("username_key").values(*PERSON)[: NAMED + 1] for effect in found}
    named: dict[str, list[User]] = defaultdict(list)
    for code, *columns in _union(", ".join(PERSON), first):
        named[code].append(User(**dict(zip(PERSON, columns, strict=True))))
    return named


def _union(columns: str, rows: dict[str, Any]) -> list[tuple[Any, ...]]:
    """These columns of each queryset, labelled with its name, in one statement; in none without a queryset."""
    if not rows:
        return []
    parts, parameters = [], []
    for code, queryset in rows.items():
        sql, values = queryset.query.sql_with_params()
        parts.append(f"SELECT %s AS code, {columns} FROM ({sql}) people")
        parameters += [code, *values]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), parameters)
        return list(cursor.fetchall())


# --- who can sign in ---


def password_users() -> QuerySet[User]:
    """Enabled people whose password stops working under SSO enforcement, or works again."""
    people: QuerySet[User] = User.objects.with_password().with_status(Status.ENABLED).filter(is_break_glass=False)
    return people


def _by_sso(mode: Mode) -> Q:
    """People who can sign in through SSO: those provisioned by an IdP with an enabled connection; with SCIM off also
    those who have used it before."""
    connected = SSOConnection.objects.filter(is_enabled=True).values("identity_provider")
    provisioned = Q(sso_user__identity_provider__in=connected)
    if mode.scim_enabled:
        return provisioned
    # Checked person by person: as a list, it may be too long for PostgreSQL to use an index.
    came = SSOIdentity.objects.filter(identity_provider__in=connected, user=OuterRef("pk"))
    return provisioned | Q(Exists(came))


def _of_passwords(switch: Switch) -> Iterator[Effect]:
    if switch.relaxes_sso:
        yield Effect(
            "password_again",
            "Can sign in with a password again",
            "They still have a password. No new ones are set.",
            Tone.GAIN,
            password_users(),
        )
    if not switch.enforces_sso:
        return
    yield Effect(
        "locked_out",
        "Could no longer sign in",
        "They have a password and no other way: no identity provider with single sign-on provisions them. Their "
        "sessions end at once.",
        Tone.LOSS,
        password_users().exclude(_by_sso(switch.after)),
    )
    yield Effect(
        "sso_only",
        "Sign in through SSO only",
        "Their passwords stop working and the sessions that a password opened end at once; their identity provider "
        "lets them in.",
        Tone.SHIFT,
        password_users().filter(_by_sso(switch.after)),
    )
    yield Effect(
        "invitations",
        "Have an invitation that stops working",
        "Their links are refused while SSO is enforced, and no invitations can be sent.",
        Tone.LOSS,
        User.objects.filter(pk__in=Invitation.objects.pending().values("user")),
    )


# --- people an identity provider provisions ---


def _just_in_time() -> QuerySet[User]:
    """Enabled people who signed in through SSO and are provisioned by no identity provider."""
    came = SSOIdentity.objects.values("user")
    people: QuerySet[User] = User.objects.with_status(Status.ENABLED).unmanaged()
    return people.filter(pk__in=came, is_break_glass=False)


def _left_by_idp() -> QuerySet[User]:
    """Enabled people whose record their identity provider has deleted: they were enabled again in the portal."""
    back = SSOUser.objects.filter(user=OuterRef("user"))
    left = RetiredResource.objects.exclude(user=None).exclude(Exists(back))
    people: QuerySet[User] = User.objects.with_status(Status.ENABLED).filter(managed_by__isnull=False)
    return people.filter(pk__in=left.values("user"))


def _of_provisioning(switch: Switch) -> Iterator[Effect]:
    if not (switch.starts_scim or switch.stops_scim):
        return
    if switch.starts_scim:
        title, tone = "Could no longer sign in through SSO", Tone.LOSS
        because = "While SCIM is on, only who is provisioned can."
    else:
        title, tone = "Could sign in through SSO", Tone.GAIN
        because = "While SCIM is off, who came through SSO before can come again."
    yield Effect(
        "just_in_time",
        title,
        f"No identity provider provisions them. {because}",
        tone,
        _just_in_time(),
    )
    yield Effect(
        "left_by_idp",
        f"{title}: removed by their identity provider",
        f"Their identity provider has deleted its record of them, and they were enabled here since. {because}",
        tone,
        _left_by_idp(),
    )


# --- what administrators may do, and for which people ---


def _everybody() -> QuerySet[User]:
    people: QuerySet[User] = User.objects.all()
    return people


def _managed() -> QuerySet[User]:
    people: QuerySet[User] = User.objects.filter(managed_by__isnull=False)
    return people


@dataclass(frozen=True, slots=True)
class _Right:
    """A row of the policy table from the user's point of view: lost or gained."""

    lost: tuple[str, str]
    gained: tuple[str, str]
    people: Callable[[], QuerySet[User]]


_RIGHTS: dict[Action, _Right] = {
    Action.EDIT_PROFILE: _Right(
        ("Profile becomes read-only here", "Names and emails are changed in the identity provider only."),
        ("Profile can be edited here", "Administrators can edit names, and the email of people no IdP manages."),
        _everybody,
    ),
    Action.SET_STATUS: _Right(
        (
            "Enabled and disabled by the identity provider only",
            "Exempt: people no IdP manages, what an owner restores after a run, and what was turned away.",
        ),
        ("Can be enabled and disabled here", "Until now only their identity provider could."),
        _managed,
    ),
}


def _of_actions(switch: Switch) -> Iterator[Effect]:
    for action, right in _RIGHTS.items():
        old, new = policy.cell(action, switch.before), policy.cell(action, switch.after)
        if old is new:
            continue
        is_lost = new is Cell.NO
        title, sentence = right.lost if is_lost else right.gained
        yield Effect(action.value, title, sentence, Tone.LOSS if is_lost else Tone.GAIN, right.people())
