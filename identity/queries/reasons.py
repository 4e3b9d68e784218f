"""Why a person is in a group: for the profile and the admin UI."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, JSONField, OuterRef, Prefetch, QuerySet, Subquery, When
from django.db.models.functions import JSONObject

from identity.events import Event
from identity.models import AuditEvent, Group, GroupMapping, Membership, SSOMembership, User


@dataclass(frozen=True, slots=True)
class Reason:
    """A membership and its reason: the SSO groups that bring it, or the person who added it."""

    membership: Membership
    sso_groups: tuple[GroupMapping, ...]
    is_mapped: bool

    @property
    def sentence(self) -> str:
        if self.sso_groups:
            names = ", ".join(f"{m.sso_group} ({m.sso_group.identity_provider})" for m in self.sso_groups)
            return f"Through the SSO group {names}"
        if adder := self._adder():
            return f"Added by {adder}"
        if self.is_mapped:
            return "From a mapping that no longer brings it"
        return "From before, when a mapping brought it"

    def _adder(self) -> str:
        """The user, else what the trail recorded: a command on the server, or a deleted user."""
        if self.membership.added_by:
            return str(self.membership.added_by)
        event: dict[str, Any] = getattr(self.membership, "added_in", None) or {}
        return event.get("label") or (f"user {event['id']} (deleted)" if event.get("id") else "")


def with_adders(rows: QuerySet[Membership]) -> QuerySet[Membership]:
    """Memberships with `added_in`: the details of the event that created each, where no user is recorded."""
    events = AuditEvent.objects.filter(
        user_id=OuterRef("user_id"),
        group_id=OuterRef("group_id"),
        action=Event.MEMBERSHIP_ADDED,
        at__gte=OuterRef("created_at"),
    )
    who = events.order_by("-pk").values(said=JSONObject(id="actor_id", label="actor_label"))[:1]
    looked_up = Case(When(added_by=None, then=Subquery(who, output_field=JSONField())))
    return rows.select_related("added_by").annotate(added_in=looked_up)


def memberships_with_reasons(user: User, sso_group_ids: set[int] | None = None) -> list[Reason]:
    """All portal groups of a user, in three statements whatever their number.

    The groups carry their mappings, so that the policy needs no further query. `sso_group_ids`: the SSO
    groups that the user is in, if already known.
    """
    mappings = GroupMapping.objects.select_related("sso_group__identity_provider")
    memberships = list(
        with_adders(Membership.objects.filter(user=user))
        .select_related("group")
        .prefetch_related(Prefetch("group__mappings", queryset=mappings))
        .order_by("group__name_key")
    )
    if sso_group_ids is None:
        sso_group_ids = _sso_groups_of(user) if any(row.group.mappings.all() for row in memberships) else set()
    return [_reason(membership, sso_group_ids) for membership in memberships]


def members_with_reasons(group: Group, memberships: Iterable[Membership]) -> list[Reason]:
    """These memberships of a group, each with the mappings that bring it, in two statements."""
    rows = list(memberships)
    mappings = {row.sso_group_id: row for row in group.mappings.select_related("sso_group__identity_provider")}
    pairs = SSOMembership.objects.filter(
        sso_group__in=mappings, sso_user__user__in=[row.user_id for row in rows]
    ).values_list("sso_user__user", "sso_group")
    bringing: dict[int, list[GroupMapping]] = defaultdict(list)
    for user_id, sso_group_id in pairs:
        bringing[user_id].append(mappings[sso_group_id])
    return [Reason(row, tuple(bringing[row.user_id]), bool(mappings)) for row in rows]


def _sso_groups_of(user: User) -> set[int]:
    return set(SSOMembership.objects.filter(sso_user__user=user).values_list("sso_group_id", flat=True))


def _reason(membership: Membership, bringing: set[int]) -> Reason:
    mappings = membership.group.mappings.all()
    brought_by = tuple(mapping for mapping in mappings if mapping.sso_group_id in bringing)
    return Reason(membership, brought_by, bool(mappings))
