"""Restoring what a run of an identity provider took: preview first, then apply exactly that (R27).

Given back is what the run ended, is still ended, and nobody has touched since. Memberships of mapped groups stay until
the identity provider sends again, as when SCIM is switched on without following (R21).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from identity import audit, policy
from identity.core.decisions import Action
from identity.core.errors import Outdated
from identity.core.keys import label_key
from identity.core.refusals import Refusal
from identity.db.locks import lock, locked
from identity.events import Event
from identity.models import (
    AuditEvent,
    Group,
    GroupMapping,
    IdentityProvider,
    Membership,
    MembershipChange,
    SSOGroup,
    Status,
    User,
)
from identity.models.runs import Run, Skipped
from identity.safeguards.asked import Situation
from identity.services import users
from identity.services.provisioning import memberships

if TYPE_CHECKING:
    from identity.core.actors import Actor

MOST_PEOPLE = 5_000  # restored at once, and so many memberships for each; the rest by restoring again
MOST_MEMBERSHIPS = 4 * MOST_PEOPLE

# What sets a status, and so what has to be the run's own for it to be restored.
_OF_STATUS = (
    Event.USER_ENABLED,
    Event.USER_DISABLED,
    Event.USER_REVIVED,
    Event.USER_ADOPTED,
    Event.USER_LINKED,
    Event.USER_PROVISIONED,
    Event.USER_INVITED,
    Event.USER_INVITATION_REVOKED,
)
_OF_MEMBERSHIP = (Event.MEMBERSHIP_ADDED, Event.MEMBERSHIP_REMOVED)


@dataclass(slots=True)
class Restoring:
    """What restoring would do now. `fingerprint` identifies exactly this: applying refuses when it has changed."""

    enable_ids: list[int] = field(default_factory=list)
    pairs: list[memberships.Pair] = field(default_factory=list)  # who joins what
    mappings: list[tuple[str, int]] = field(default_factory=list)  # an SSO group's name, the portal group it feeds
    skipped: list[Skipped] = field(default_factory=list)
    has_more: bool = False  # than is done at once

    def __bool__(self) -> bool:
        return bool(self.enable_ids or self.pairs or self.mappings)

    @property
    def enables(self) -> QuerySet[User]:
        people: QuerySet[User] = User.objects.filter(pk__any_of=self.enable_ids)
        return people

    @property
    def joins(self) -> QuerySet[User]:
        people: QuerySet[User] = User.objects.filter(pk__any_of=sorted({user_id for _, user_id in self.pairs}))
        return people

    @property
    def fingerprint(self) -> str:
        hasher = hashlib.sha256()
        for part in (self.enable_ids, self.pairs, self.mappings):
            hasher.update(repr(part).encode())
        return hasher.hexdigest()


def preview_restoring(run: Run, *, actor: Actor) -> Restoring:
    """What would be given back, and what not, and why; a fixed number of statements."""
    policy.require(Action.RESTORE_RUN, actor=actor)
    found = Restoring()
    events = run.events
    _add_people(found, run, events, actor)
    _add_mappings(found, run, events)
    _add_memberships(found, run, events, actor)
    found.enable_ids.sort()
    found.pairs.sort()
    found.mappings.sort()
    found.skipped.sort()
    return found


def name_of(run: Run, provider: IdentityProvider) -> str:
    """As events and pages call it."""
    return f"{provider}'s run of {run.began_at:%-d %B %Y, %H:%M} UTC"


@transaction.atomic
def restore_run(run: Run, *, fingerprint: str, actor: Actor) -> Restoring:
    """Give back exactly what was previewed. Raises Outdated when that has changed, Refused, NotFound."""
    policy.require(Action.RESTORE_RUN, actor=actor)
    draft = preview_restoring(run, actor=actor)
    locked(draft.enables)
    provider = lock(IdentityProvider, run.identity_provider_id)
    groups = {group_id for group_id, _ in draft.pairs} | {group_id for _, group_id in draft.mappings}
    locked(Group.objects.filter(pk__in=groups))
    found = preview_restoring(run, actor=actor)
    if found.fingerprint != fingerprint:
        raise Outdated(Refusal.RUN_CHANGED_SINCE())
    if not found:
        return found
    name = name_of(run, provider)
    event = audit.record(
        Event.IDENTITY_PROVIDER_RUN_RESTORED,
        actor=actor,
        identity_provider_id=provider.pk,
        details={
            "name": name,
            "run": run.first_id,
            "enabled": len(found.enable_ids),
            "joined": len(found.pairs),
            "mapped": len(found.mappings),
            "skipped": len(found.skipped),
        },
    )
    users.restore_status(found.enable_ids, actor=actor, details={"restored_run": name})
    _map(found.mappings, provider, name, actor)
    now = timezone.now()
    Membership.objects.bulk_create(
        (Membership(group_id=group_id, user_id=user_id, created_at=now) for group_id, user_id in found.pairs),
        batch_size=1000,
        ignore_conflicts=True,
    )
    audit.record_moves(event, joined=found.pairs)
    return found


def _map(wanted: list[tuple[str, int]], provider: IdentityProvider, name: str, actor: Actor) -> None:
    """R19: each SSO group that is gone is declared anew; nobody moves until the identity provider sends again."""
    sso_groups = {row.display_name_key: row for row in _named(provider.pk, {sso_group for sso_group, _ in wanted})}
    for sso_group_name, group_id in wanted:
        key = label_key(sso_group_name, "name")
        sso_group = sso_groups.get(key)
        if sso_group is None:
            sso_group = sso_groups[key] = SSOGroup.objects.create(
                identity_provider=provider, display_name=sso_group_name, display_name_key=key
            )
            audit.record(
                Event.SSO_GROUP_DECLARED,
                actor=actor,
                sso_group_id=sso_group.pk,
                identity_provider_id=provider.pk,
                details={"name": sso_group_name, "restored_run": name},
            )
        mapping = GroupMapping.objects.create(
            sso_group=sso_group, group_id=group_id, created_by=getattr(actor, "user", None)
        )
        audit.record(
            Event.GROUP_MAPPING_CREATED,
            actor=actor,
            group_id=group_id,
            sso_group_id=sso_group.pk,
            identity_provider_id=provider.pk,
            details={"mapping": mapping.pk, "sso_group": sso_group_name, "joined": 0, "left": [], "restored_run": name},
        )


def _named(provider_id: int, names: Iterable[str]) -> QuerySet[SSOGroup]:
    rows: QuerySet[SSOGroup] = SSOGroup.objects.filter(identity_provider=provider_id)
    return rows.filter(display_name_key__in=[label_key(name, "name") for name in names])


# --- what the run took and is still away ---


def _add_people(found: Restoring, run: Run, events: QuerySet[AuditEvent], actor: Actor) -> None:
    elsewhere = User.objects.filter(pk=OuterRef("user_id")).exclude(status=Status.DISABLED)
    rows = events.filter(~Exists(elsewhere), action=Event.USER_DISABLED).order_by("pk")
    disabled = list(rows.values_list("user_id", flat=True)[: MOST_PEOPLE + 1])
    found.has_more = len(disabled) > MOST_PEOPLE
    ids = sorted({user_id for user_id in disabled[:MOST_PEOPLE] if user_id is not None})
    people = User.objects.select_related("managed_by").in_bulk(ids)
    history = defaultdict(list)
    of_status = AuditEvent.objects.filter(
        user_id__any_of=ids, action__in=_OF_STATUS, pk__gte=AuditEvent.objects.first_id_since(run.since)
    )
    for user_id, pk, action, details in of_status.order_by("pk").values_list("user_id", "pk", "action", "details"):
        history[user_id].append((pk, action, details))
    own = set(events.filter(user_id__any_of=ids, action__in=_OF_STATUS).values_list("pk", flat=True))
    now = Situation(policy.current_mode())
    for user_id in ids:
        reason = _why_not_enabled(run, people.get(user_id), history[user_id], own)
        if reason is None:
            continue
        if not reason:
            decision = policy.decide(Action.ENABLE, actor=actor, now=now, user=people[user_id], restores=True)
            reason = "" if decision else decision.reason
        if reason:
            found.skipped.append(Skipped(user_id, 0, "", reason))
        else:
            found.enable_ids.append(user_id)


def _why_not_enabled(run: Run, user: User | None, history: list[Any], own: set[int]) -> str | None:
    """Why this user stays disabled; "" when they need not, None when they were no enabled user before the run."""
    _, action, details = next(entry for entry in history if entry[0] in own)
    if action != Event.USER_DISABLED or details["status"]["from"] != Status.ENABLED:
        return None
    if user is None:
        return Refusal.RESTORED_USER_GONE()
    if history[-1][0] not in own:
        return Refusal.RESTORED_STATUS_SET_SINCE()
    if user.managed_by_id != run.identity_provider_id:
        return Refusal.RESTORED_MANAGED_ELSEWHERE()
    return ""


def _add_mappings(found: Restoring, run: Run, events: QuerySet[AuditEvent]) -> None:
    deleted = list(events.filter(action=Event.SSO_GROUP_DELETED).order_by("pk").values_list("pk", "details"))
    lost = {(details["name"], group_id) for _, details in deleted for group_id in details.get("mapped", ())}
    if not lost:
        return
    groups = Group.objects.in_bulk({group_id for _, group_id in lost})
    here = {
        (key, group_id)
        for key, group_id in GroupMapping.objects.filter(
            sso_group__in=_named(run.identity_provider_id, {name for name, _ in lost})
        ).values_list("sso_group__display_name_key", "group")
    }
    for name, group_id in sorted(lost):
        if (label_key(name, "name"), group_id) in here:
            continue
        if group_id in groups:
            found.mappings.append((name, group_id))
        else:
            found.skipped.append(Skipped(0, group_id, name, Refusal.RESTORED_GROUP_GONE()))


def _add_memberships(found: Restoring, run: Run, events: QuerySet[AuditEvent], actor: Actor) -> None:
    here = Membership.objects.filter(user=OuterRef("user_id"), group=OuterRef("group_id"))
    rows = MembershipChange.objects.filter(~Exists(here), joined=False, event_id__in=events.values("pk"))
    left = list(rows.order_by("pk").values_list("group_id", "user_id")[: MOST_MEMBERSHIPS + 1])
    found.has_more = found.has_more or len(left) > MOST_MEMBERSHIPS
    pairs = sorted(set(left[:MOST_MEMBERSHIPS]))
    user_ids = sorted({user_id for _, user_id in pairs})
    people = set(User.objects.filter(pk__any_of=user_ids).values_list("pk", flat=True))
    groups = Group.objects.prefetch_related("mappings").in_bulk({group_id for group_id, _ in pairs})
    history = _moves_since(run, user_ids)
    own = set(events.filter(pk__in={pk for moves in history.values() for pk, _ in moves}).values_list("pk", flat=True))
    may = partial(policy.decide, Action.CHANGE_MEMBERS, actor=actor, now=Situation(policy.current_mode()))
    for group_id, user_id in pairs:
        moves = history[group_id, user_id]
        if next((joined for pk, joined in moves if pk in own), True):
            continue  # joined by the run: no member before
        if user_id not in people:
            reason: str = Refusal.RESTORED_USER_GONE()
        elif group_id not in groups:
            reason = Refusal.RESTORED_GROUP_GONE()
        elif moves[-1][0] not in own:
            reason = Refusal.RESTORED_MEMBER_MOVED_SINCE()
        else:
            decision = may(group=groups[group_id], restores=True)
            reason = "" if decision else decision.reason
        if reason:
            found.skipped.append(Skipped(user_id, group_id, "", reason))
        else:
            found.pairs.append((group_id, user_id))


def _moves_since(run: Run, user_ids: list[int]) -> dict[memberships.Pair, list[tuple[int, bool]]]:
    """Every time one of these joined or left a group since the run began: the event, and whether they joined."""
    history = defaultdict(list)
    first = AuditEvent.objects.first_id_since(run.since)
    moves = MembershipChange.objects.filter(user_id__any_of=user_ids, event_id__gte=first)
    for pk, group_id, user_id, joined in moves.values_list("event_id", "group_id", "user_id", "joined"):
        history[group_id, user_id].append((pk, joined))
    alone = AuditEvent.objects.filter(user_id__any_of=user_ids, action__in=_OF_MEMBERSHIP, pk__gte=first)
    for event in alone.only("pk", "group_id", "user_id", "action"):
        history[event.group_id or 0, event.user_id or 0].append((event.pk, event.action == Event.MEMBERSHIP_ADDED))
    for found in history.values():
        found.sort()
    return history
