"""Why somebody is in a group: for the profile and the admin UI."""

from __future__ import annotations

from dataclasses import dataclass

from identity.models import GroupMapping, Membership, User


@dataclass(frozen=True, slots=True)
class Reason:
    """A membership and what keeps it: the SSO groups that bring it, or the person who gave it."""

    membership: Membership
    sso_groups: tuple[GroupMapping, ...]
    is_mapped: bool

    @property
    def sentence(self) -> str:
        if self.sso_groups:
            names = ", ".join(f"{m.sso_group} ({m.sso_group.identity_provider})" for m in self.sso_groups)
            return f"Through the SSO group {names}"
        if self.membership.added_by:
            return f"Added by {self.membership.added_by}"
        if self.is_mapped:
            return "From a mapping that no longer brings it"
        return "From before, when a mapping brought it"


def memberships_with_reasons(user: User) -> list[Reason]:
    """All portal groups of a user, in three statements however many there are."""
    memberships = list(
        Membership.objects.filter(user=user).select_related("group", "added_by").order_by("group__name_key")
    )
    groups = [membership.group_id for membership in memberships]
    mappings = GroupMapping.objects.filter(group__in=groups).select_related("sso_group__identity_provider")
    bringing = set(
        mappings.filter(sso_group__memberships__sso_user__user=user).values_list("pk", flat=True)
    )
    by_group: dict[int, list[GroupMapping]] = {}
    for mapping in mappings:
        by_group.setdefault(mapping.group_id, []).append(mapping)
    return [
        Reason(
            membership,
            tuple(m for m in by_group.get(membership.group_id, []) if m.pk in bringing),
            membership.group_id in by_group,
        )
        for membership in memberships
    ]
