"""What identity providers wanted while they were turned away, counted and in words (R24)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from identity.db.counting import count_up_to, up_to
from identity.models import IdentityProvider, TurnedAway, TurnedAwayMember, User

if TYPE_CHECKING:
    from identity.models.turned_away import TurnedAwayQuerySet

MOST_MOVES = 1_000
NAMED = 100

_WISH = TurnedAway.Wish
_USER, _GROUP = TurnedAway.ResourceType.USER, TurnedAway.ResourceType.GROUP


@dataclass(frozen=True, slots=True)
class TurnedAwayAccount:
    """All that one identity provider wanted and nobody has decided on."""

    provider: IdentityProvider
    changes: int
    since: datetime
    counts: dict[str, int]

    @property
    def sentence(self) -> str:
        """“37 changes were turned away since 09:12: 4 people would be disabled, 6 created, 3 groups changed.”"""
        number = "1 change was" if self.changes == 1 else f"{self.changes:,} changes were"
        told = _enumerated(_parts(self.counts))
        return f"{number} turned away since {_moment(self.since)}{f': {told}' if told else ''}."

    @property
    def takes_away(self) -> int:
        """How many of them would take something from somebody."""
        return sum(self.counts[name] for name in ("disabled", "deleted", "deleted_groups", "changed_groups"))


def accounts(providers: Iterable[int] | None = None) -> dict[int, TurnedAwayAccount]:
    """The accounts of these identity providers, or of all, by their id; two statements."""
    rows = TurnedAway.objects.open()
    if providers is not None:
        rows = rows.filter(identity_provider__in=list(providers))
    has_members = Exists(TurnedAwayMember.objects.filter(turned_away=OuterRef("pk")))
    people, groups = Q(resource_type=_USER), Q(resource_type=_GROUP)
    counted = {
        "disabled": people & Q(status_wish=_WISH.DISABLE),
        "deleted": people & Q(status_wish=_WISH.DELETE),
        "created": people & Q(status_wish=_WISH.CREATE),
        "enabled": people & Q(status_wish=_WISH.ENABLE),
        "changed": people & Q(status_wish="", changes=True),
        "created_groups": groups & Q(status_wish=_WISH.CREATE),
        "deleted_groups": groups & Q(status_wish=_WISH.DELETE),
        "changed_groups": groups & Q(status_wish="") & (Q(changes=True) | Q(has_members=True)),
    }
    found = (
        rows.annotate(has_members=has_members)
        .order_by()
        .values("identity_provider")
        .annotate(
            total=Sum("tries"), since=Min("first_at"), **{name: Count("pk", filter=q) for name, q in counted.items()}
        )
    )
    told: dict[int, dict[str, Any]] = {row["identity_provider"]: {**row} for row in found}
    known = IdentityProvider.objects.in_bulk(list(told)) if told else {}
    return {
        pk: TurnedAwayAccount(
            known[pk], row["total"] + known[pk].turned_away_beyond, row["since"], {name: row[name] for name in counted}
        )
        for pk, row in told.items()
    }


def account_of(provider: IdentityProvider) -> TurnedAwayAccount | None:
    return accounts([provider.pk]).get(provider.pk)


def _parts(counts: dict[str, int]) -> Iterator[str]:
    """The first about people names them, the first about groups as well."""
    for named, words in (
        (("person", "people"), {"disabled": "disabled", "deleted": "removed", "created": "created",
                                "enabled": "enabled", "changed": "changed"}),
        (("group", "groups"), {"created_groups": "created", "deleted_groups": "deleted",
                               "changed_groups": "changed"}),
    ):  # fmt: skip
        is_first = True
        for name, word in words.items():
            if number := counts[name]:
                subject = f" {named[number != 1]}{' would be' if named[0] == 'person' else ''}" if is_first else ""
                yield f"{number:,}{subject} {word}"
                is_first = False


def _enumerated(parts: Iterator[str]) -> str:
    return ", ".join(parts)


def _moment(moment: datetime) -> str:
    """The time alone if it was today, in UTC as everywhere."""
    here, now = moment.astimezone(timezone.get_current_timezone()), timezone.localtime()
    return f"{here:%H:%M}" if here.date() == now.date() else f"{here:%-d %B, %H:%M}"


def with_moves(rows: TurnedAwayQuerySet) -> QuerySet[TurnedAway]:
    """Adds how many would join and leave each group, counted up to MOST_MOVES."""
    moves = TurnedAwayMember.objects.filter(turned_away=OuterRef("pk"))
    return rows.select_related("identity_provider", "user", "decided_by").annotate(
        joining=count_up_to(MOST_MOVES, moves.filter(joins=True)),
        leaving=count_up_to(MOST_MOVES, moves.filter(joins=False)),
    )


def moving(row: TurnedAway, *, joins: bool) -> QuerySet[User]:
    """The people who would join or leave a group, by username; those whose record is gone are not among them."""
    members = row.members.filter(joins=joins).values("sso_user")
    people: QuerySet[User] = User.objects.filter(sso_user__in=members).order_by("username_key")[:NAMED]
    return people


def in_words(row: Any) -> str:
    """What would have been done, of a row with its moves: “Would be disabled”, “2 would join, 1 would leave”."""
    told = [_WISHED[wish] for wish in row.wishes]
    told += [f"{up_to(MOST_MOVES, row.joining)} would join"] if row.joining else []
    told += [f"{up_to(MOST_MOVES, row.leaving)} would leave"] if row.leaving else []
    return ", ".join(told).capitalize() or "Nothing any more"


_WISHED = {
    _WISH.CREATE: "would be created",
    _WISH.CHANGE: "would be changed",
    _WISH.ENABLE: "would be enabled",
    _WISH.DISABLE: "would be disabled",
    _WISH.DELETE: "would be deleted",
}
