"""An identity provider's pushes of groups (R14-R17, R19, R20)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from identity import audit, policy
from identity.core.decisions import Action
from identity.core.errors import InvalidValue, NotFound, Taken, VersionMismatch
from identity.core.keys import label_key, opaque
from identity.core.refusals import Refusal
from identity.db.compiled import CompiledQuery, ListParameter, Parameter
from identity.db.locks import again_if_raced, for_update, lock, locked
from identity.events import Event
from identity.log_words import NotTaken, What
from identity.models import GroupMapping, IdentityProvider, RetiredResource, SSOGroup, SSOUser
from identity.services.provisioning import braking, memberships, turned_away
from identity.services.provisioning.log import Outcome, left_out_details, log_write

if TYPE_CHECKING:
    from identity.core.actors import Actor, Provisioner
    from identity.models import AuditEvent
    from identity.services.provisioning.statements import GroupChange, GroupRecord, StatedMembers

VersionCheck = Callable[[int], bool]


@dataclass(slots=True)
class Movement:
    """Who moved: row ids of SSO users on the IdP's side, (group id, user id) on the portal's.

    `mapped` lists the portal groups whose mappings went, for who restores them (R27); `left_out` the parts of the
    request that were not understood, for the log.
    """

    added: list[int] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    skipped: int = 0
    nested: int = 0
    joined: list[memberships.Pair] = field(default_factory=list)
    left: list[memberships.Pair] = field(default_factory=list)
    mapped: list[int] = field(default_factory=list)
    left_out: tuple[NotTaken, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed_sso_group or self.joined or self.left)

    @property
    def is_in_part(self) -> bool:
        """Whether part of the request was ignored."""
        return bool(self.skipped or self.nested or self.left_out)

    @property
    def changed_sso_group(self) -> bool:
        """Whether the IdP would see other members than before."""
        return bool(self.added or self.removed)

    def facts(self) -> dict[str, object]:
        facts = {
            "added": len(self.added),
            "removed": len(self.removed),
            "skipped": self.skipped,
            "nested": self.nested,
            "joined": len(self.joined),
            "left": [user_id for _, user_id in self.left],
        }
        return {name: value for name, value in facts.items() if value}


def push_group(record: GroupRecord, *, actor: Provisioner) -> SSOGroup:
    """Store a group that an IdP POSTs; a declared group of this name is bound to it (R14, R19).

    Raises Taken, InvalidValue (a member that never belonged to this IdP).
    """
    taken = _name_taken(record.display_name)
    return braking.within_limits(lambda actor: again_if_raced(lambda: _push(record, actor), taken), actor)


@transaction.atomic
def _push(record: GroupRecord, actor: Provisioner) -> SSOGroup:
    key = label_key(record.display_name, "displayName")
    existing = SSOGroup.objects.filter(identity_provider_id=actor.identity_provider_id, display_name_key=key)
    sso_group = next(iter(locked(existing)), None)
    if sso_group is not None and not sso_group.is_declared_only:
        raise _name_taken(record.display_name)
    turned_away.require_open(actor, lambda: turned_away.of_new_group(record, actor))
    now = timezone.now()
    new = SSOGroup(identity_provider_id=actor.identity_provider_id, display_name_key=key, created_at=now)
    sso_group = sso_group or new
    sso_group.display_name = record.display_name
    sso_group.external_id = opaque(record.external_id, "externalId")
    sso_group.pushed_at = sso_group.modified_at = now
    sso_group.save()
    movement = _move_members(sso_group, record.members, actor)
    movement.left_out = record.left_out
    _record(Event.SSO_GROUP_PUSHED, What.GROUP_PUSHED, sso_group, movement, actor=actor, status=201)
    braking.take({user_id for _, user_id in movement.left}, actor)
    turned_away.heard_of_group(sso_group, actor, record.members)
    return sso_group


def update_group(
    scim_id: UUID, change: GroupChange, *, actor: Provisioner, version: VersionCheck | None = None, status: int = 200
) -> SSOGroup:
    """Rename a group or move members; `change` computes what to do from the locked row (R15, R16, R20).

    `status` is the response status, for the log.
    """
    taken = Taken(Refusal.SOME_DISPLAY_NAME_TAKEN())
    return braking.within_limits(
        lambda actor: again_if_raced(lambda: _update(scim_id, change, actor, version, status), taken), actor
    )


@transaction.atomic
def _update(
    scim_id: UUID, change: GroupChange, actor: Provisioner, version: VersionCheck | None, status: int
) -> SSOGroup:
    sso_group = _locked(scim_id, actor, version)
    record = change(sso_group)
    turned_away.require_open(actor, lambda: turned_away.of_group(sso_group, record))
    renamed = _store(sso_group, record)
    movement = _move_members(sso_group, record.members, actor)
    if renamed or movement.changed_sso_group:
        sso_group.version += 1
        sso_group.modified_at = timezone.now()
        sso_group.save(update_fields=[*renamed, "version", "modified_at"])
    movement.left_out = record.left_out
    what = What.GROUP_CHANGED if renamed else What.GROUP_MEMBERS_CHANGED
    _record(Event.SSO_GROUP_UPDATED, what, sso_group, movement, actor=actor, status=status, changed=bool(renamed))
    braking.take({user_id for _, user_id in movement.left}, actor)
    turned_away.heard_of_group(sso_group, actor, record.members)
    return sso_group


def _store(sso_group: SSOGroup, record: GroupRecord) -> list[str]:
    """The columns that changed. A name of another group, declared or pushed, is refused (R14, R19)."""
    new = {
        "display_name": record.display_name,
        "display_name_key": label_key(record.display_name, "displayName"),
        "external_id": opaque(record.external_id, "externalId"),
    }
    changed = [name for name, value in new.items() if getattr(sso_group, name) != value]
    for name in changed:
        setattr(sso_group, name, new[name])
    if "display_name_key" in changed:
        others = SSOGroup.objects.filter(identity_provider_id=sso_group.identity_provider_id)
        if others.filter(display_name_key=sso_group.display_name_key).exclude(pk=sso_group.pk).exists():
            raise _name_taken(record.display_name)
    return changed


def _move_members(sso_group: SSOGroup, members: StatedMembers, actor: Provisioner) -> Movement:
    """Both sides in one transaction: the IdP's members, then the portal groups they feed (SR-37).

    Named people join even if the IdP had them already, and a whole push makes the portal groups exact:
    while SCIM was off the portal may have drifted, which is kept "until the IdP sends again" (R15, R21).
    """
    movement = Movement()
    if not members:
        return movement
    groups = memberships.lock_groups_fed_by(sso_group)
    known, nested = _known(members, sso_group.identity_provider_id)
    movement.skipped = len(members.named) - len(known) - len(nested - members.groups)
    movement.nested = _skip_nested(sso_group, members, nested, actor)
    if members.only is not None:
        movement.removed = memberships.keep_only_in_sso_group(sso_group, known)
    elif members.removed:
        movement.removed = memberships.remove_from_sso_group(sso_group, members.removed)
    if known:
        movement.added = memberships.add_to_sso_group(sso_group, known)
    if members.only is not None:
        movement.joined, movement.left = memberships.follow_mappings(groups)
    else:
        movement.left = memberships.let_leave(groups, movement.removed)
        movement.joined = memberships.let_join(groups, known)
    return movement


_KNOWN_USERS = CompiledQuery(
    lambda: (
        SSOUser.objects.of(Parameter(SSOUser, "identity_provider"))
        .filter(scim_id__any_of=ListParameter(SSOUser, "scim_id"))
        .order_by()
        .values_list("scim_id", "pk")
    )
)


def _known(members: StatedMembers, provider_id: int) -> tuple[list[int], frozenset[str]]:
    """R14, R20: row ids of this IdP's users, and the ids of groups; deleted users are left out.

    An id that never belonged to this IdP is refused.
    """
    if not members.named:
        return [], members.groups
    known: dict[UUID, int] = dict(_KNOWN_USERS(identity_provider=provider_id, scim_id=members.named))
    missing = members.named - known.keys()
    groups = _groups_among(missing, provider_id) if missing else frozenset()
    return sorted(known.values()), members.groups | groups


def _groups_among(missing: frozenset[UUID], provider_id: int) -> frozenset[str]:
    """Of the ids that are not users, those of this IdP's SSO groups."""
    gone = RetiredResource.objects.filter(identity_provider=provider_id, scim_id__any_of=list(missing))
    strangers = missing - set(gone.values_list("scim_id", flat=True))
    if not strangers:
        return frozenset()
    found = SSOGroup.objects.of(provider_id).filter(scim_id__any_of=list(strangers))
    groups = set(found.values_list("scim_id", flat=True))
    if never := strangers - groups:
        raise InvalidValue("members", Refusal.MEMBER_UNKNOWN(member=min(never)))
    return frozenset(map(str, groups))


def _skip_nested(sso_group: SSOGroup, members: StatedMembers, nested: frozenset[str], actor: Provisioner) -> int:
    """R14: members that are groups are counted on the SSO group's page, or refused if the IdP is set to do so."""
    if nested and actor.refuses_nested_groups:
        raise InvalidValue("members", Refusal.MEMBER_IS_GROUP(group=min(nested)[:80]))
    before = frozenset(sso_group.nested_groups or ()) if members.only is None else frozenset()
    after = (before - members.ungrouped) | nested
    if after != frozenset(sso_group.nested_groups or ()):
        sso_group.nested_groups = sorted(after) or None
        sso_group.save(update_fields=["nested_groups"])
    return len(nested)


def delete_sso_group(scim_id: UUID, *, actor: Provisioner, version: VersionCheck | None = None) -> None:
    """R17: the mappings go, the portal groups stay, and members brought only by this SSO group leave them."""
    taken = Taken(Refusal.GROUP_BUSY())
    braking.within_limits(lambda actor: again_if_raced(lambda: _delete(scim_id, actor, version), taken), actor)


@transaction.atomic
def _delete(scim_id: UUID, actor: Provisioner, version: VersionCheck | None) -> None:
    sso_group = _locked(scim_id, actor, version)
    turned_away.require_open(actor, lambda: turned_away.of_deleted_group(sso_group))
    turned_away.heard_of_group(sso_group, actor, None)
    movement = dissolve(sso_group)
    braking.take({user_id for _, user_id in movement.left}, actor)
    _record(Event.SSO_GROUP_DELETED, What.GROUP_DELETED, sso_group, movement, actor=actor, status=204)


def dissolve(sso_group: SSOGroup) -> Movement:
    """Remove a pushed group from both sides, within a transaction: who left, and the portal groups it fed."""
    fed = memberships.lock_groups_fed_by(sso_group)
    RetiredResource.objects.create(
        scim_id=sso_group.scim_id,
        identity_provider_id=sso_group.identity_provider_id,
        resource_type=RetiredResource.ResourceType.GROUP,
    )
    pk = sso_group.pk
    GroupMapping.objects.filter(sso_group=sso_group).delete()
    sso_group.memberships.all().delete()
    sso_group.delete()
    sso_group.pk = pk
    return Movement(left=memberships.follow_mappings(fed)[1], mapped=[group.pk for group in fed])


_LOCKED_GROUP = CompiledQuery(
    lambda: for_update(
        SSOGroup.objects.of(Parameter(SSOGroup, "identity_provider")).filter(scim_id=Parameter(SSOGroup, "scim_id"))
    )
)


def _locked(scim_id: UUID, actor: Provisioner, version: VersionCheck | None) -> SSOGroup:
    rows = _LOCKED_GROUP(identity_provider=actor.identity_provider_id, scim_id=scim_id)
    if not rows:
        raise NotFound(Refusal.GROUP_NOT_FOUND(scim_id=scim_id))
    sso_group: SSOGroup = rows[0]
    if version is not None and not version(sso_group.version):
        raise VersionMismatch(Refusal.GROUP_CHANGED(scim_id=scim_id, version=sso_group.version))
    return sso_group


def record_movement(action: Event, sso_group: SSOGroup, movement: Movement, *, actor: Actor) -> AuditEvent:
    """The event, with everyone who moved."""
    mapped = {"mapped": movement.mapped} if movement.mapped else {}
    details = {"name": sso_group.display_name, **movement.facts(), **mapped}
    event = audit.record(action, actor=actor, sso_group_id=sso_group.pk, details=details)
    audit.record_moves(event, joined=movement.joined, left=movement.left)
    return event


def _record(
    action: Event,
    what: What,
    sso_group: SSOGroup,
    movement: Movement,
    *,
    actor: Provisioner,
    status: int,
    changed: bool = True,
) -> None:
    facts = movement.facts()
    if changed or movement:
        event = record_movement(action, sso_group, movement, actor=actor)
        if movement.joined or movement.left:
            facts["event"] = event.pk  # links the log row to the people who moved
    outcome = Outcome.APPLIED if changed or movement else Outcome.UNCHANGED
    log_write(
        what,
        params={"name": str(sso_group)},
        actor=actor,
        outcome=Outcome.PARTLY if movement.is_in_part else outcome,
        status=status,
        resource_type="Group",
        resource_id=sso_group.scim_id,
        subject_key=sso_group.display_name_key,
        details={**facts, **left_out_details(movement.left_out)},
    )


def _name_taken(name: str) -> Taken:
    return Taken(Refusal.DISPLAY_NAME_TAKEN(name=name))


@transaction.atomic
def declare_sso_group(identity_provider: IdentityProvider, *, name: str, actor: Actor) -> SSOGroup:
    """Declare a group by name, so that it can be mapped before the IdP pushes it (R19)."""
    policy.require(Action.MANAGE_MAPPINGS, actor=actor)
    identity_provider = lock(IdentityProvider, identity_provider.pk)
    key = label_key(name, "name")
    if identity_provider.sso_groups.filter(display_name_key=key).exists():
        raise Taken(Refusal.SSO_GROUP_TAKEN(provider=identity_provider, name=name))
    sso_group = SSOGroup.objects.create(identity_provider=identity_provider, display_name=name, display_name_key=key)
    audit.record(
        Event.SSO_GROUP_DECLARED,
        actor=actor,
        sso_group_id=sso_group.pk,
        identity_provider_id=identity_provider.pk,
        details={"name": name},
    )
    return sso_group


@transaction.atomic
def withdraw_declaration(sso_group: SSOGroup, *, actor: Actor) -> None:
    """Withdraw a declared group that was never pushed; a pushed one is deleted only by its IdP."""
    sso_group = lock(SSOGroup, sso_group.pk)
    policy.require(Action.WITHDRAW_SSO_GROUP, actor=actor, sso_group=sso_group)
    audit.record(
        Event.SSO_GROUP_DECLARATION_WITHDRAWN,
        actor=actor,
        sso_group_id=sso_group.pk,
        identity_provider_id=sso_group.identity_provider_id,
        details={"name": sso_group.display_name},
    )
    sso_group.delete()
