"""What an identity provider writes, and how it is set up to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.utils import timezone

from identity.core.refusals import Refusal
from identity.core.ways import Way
from identity.events import Event
from identity.log_words import What
from identity.services import (
    brakes,
    identity_providers,
    provider_contacts,
    scim_tokens,
    scim_trusts,
    turned_away_decisions,
    unknown_attributes,
)
from identity.services.provisioning import (
    braking,
    conflicts,
    following,
    matching,
    memberships,
    people,
    retirement,
    turned_away,
)
from identity.services.provisioning import (
    groups as sso_groups,
)
from identity.services.provisioning import (
    log as provisioning_log,
)
from identity.services.provisioning.statements import GroupRecord, PersonRecord, StatedMembers
from identity.services.scim_trusts import TrustSettings
from identity.services.turned_away_decisions import TurnedAwayDecision
from tests import clock
from tests.factories import OPERATOR, adding, exactly, person, removing
from tests.identity.two_idps import LEAVER, SUBJECT, Side
from tests.identity.two_idps_cases.deeds import Asked, Deed, ada, forget_the_groups, regroup

USED = "used"
KEYS = "https://issuer.example/keys"


def _leaver(user_name: str = "leaver", **said: Any) -> PersonRecord:
    return person(user_name, external_id=LEAVER, **said)


def _knows_by_id(side: Side) -> Any:
    return replace(side.actor, identifies_by_external_id=True)


def _all_leave(side: Side) -> turned_away.WantedChange:
    return turned_away.of_group(side.sso_group, GroupRecord("Engineering", external_id="g1", members=exactly()))


def _take_long_after(side: Side) -> None:
    with clock.later(days=2):
        braking.take([side.user.pk, side.colleague.user_id, side.other.user.pk], side.actor)


def _leave_the_groups(side: Side) -> None:
    memberships.remove_from_sso_group(side.sso_group, [side.sso_user.scim_id])
    memberships.let_leave([side.group, side.shared], [side.sso_user.pk])


OF_A_PERSON: dict[str, list[Deed]] = {
    "provisioning.conflicts.dismiss_conflict": [
        lambda mine: conflicts.dismiss_conflict(mine.conflicts["mia"], actor=OPERATOR)
    ],
    "provisioning.conflicts.give_own_username": [
        lambda mine: conflicts.give_own_username(mine.conflicts["mia"], username="newcomer", actor=OPERATOR)
    ],
    "provisioning.conflicts.link_conflict": [
        lambda mine: conflicts.link_conflict(mine.conflicts["mia"], actor=OPERATOR)
    ],
    "provisioning.conflicts.move_conflict": [
        lambda mine: conflicts.move_conflict(mine.conflicts["theo"], actor=OPERATOR)
    ],
    "provisioning.conflicts.record_conflict": [
        lambda mine: conflicts.record_conflict(
            mine.conflicts["mia"].user, "other_email", person("mia", "again@example.test"), actor=mine.actor
        ),
        lambda mine: conflicts.record_conflict(mine.user, "already_linked", person("new"), actor=mine.actor),
    ],
    "provisioning.conflicts.settle": [lambda mine: conflicts.settle(mine.conflicts["mia"])],
    "provisioning.memberships.end_all_sso_memberships": [
        lambda mine: memberships.end_all_sso_memberships(mine.sso_user)
    ],
    "provisioning.memberships.follow_claim": [
        lambda mine: memberships.follow_claim(mine.user, {mine.group.pk, mine.shared.pk}, set()),
        lambda mine: memberships.follow_claim(mine.local, {mine.group.pk, mine.shared.pk}, {mine.shared.pk}),
    ],
    "provisioning.memberships.remove_from_all_groups": [lambda mine: memberships.remove_from_all_groups(mine.user)],
    "provisioning.people.deprovision_user": [
        lambda mine: people.deprovision_user(mine.sso_user.scim_id, actor=mine.actor)
    ],
    "provisioning.following.follow": [
        lambda mine: following.follow(mine.sso_user, ada(active=False), mine.actor),
        lambda mine: following.follow(mine.sso_user, person("eve", external_id=LEAVER), mine.actor),
    ],
    "provisioning.following.store_values": [
        lambda mine: following.store_values(mine.sso_user, replace(ada(), values=[("emails", {"value": "a@b.test"})]))
    ],
    "provisioning.people.provision_user": [
        lambda mine: people.provision_user(person("new", external_id=SUBJECT), actor=mine.actor),
        lambda mine: people.provision_user(person("new", external_id=SUBJECT), actor=_knows_by_id(mine)),
        lambda mine: people.provision_user(_leaver(), actor=mine.actor),
        lambda mine: people.provision_user(person("leaver", external_id="another"), actor=mine.actor),
        lambda mine: people.provision_user(_leaver("renamed"), actor=_knows_by_id(mine)),
        lambda mine: people.provision_user(_leaver(), actor=_knows_by_id(mine)),
        lambda mine: people.provision_user(person("mia", "elsewhere@example.test"), actor=mine.actor),
    ],
    "provisioning.retirement.release": [lambda mine: retirement.release(mine.user, actor=OPERATOR)],
    "provisioning.retirement.deprovision": [lambda mine: retirement.deprovision(mine.sso_user, actor=mine.actor)],
    "provisioning.retirement.retire": [lambda mine: retirement.retire(mine.sso_user)],
    "provisioning.people.update_user": [
        lambda mine: people.update_user(mine.sso_user.scim_id, lambda row: ada(), actor=mine.actor),
        lambda mine: people.update_user(mine.sso_user.scim_id, lambda row: ada(active=False), actor=mine.actor),
        lambda mine: people.update_user(
            mine.sso_user.scim_id, lambda row: person("eve", "eve@example.test", external_id=LEAVER), actor=mine.actor
        ),
    ],
}

OF_A_PROVIDER: dict[str, list[Deed]] = {
    "provider_contacts.note_contact": [
        lambda mine: provider_contacts.note_contact(mine.idp.pk, timezone.now() + timedelta(days=1_000))
    ],
    "provider_contacts.note_request": [
        lambda mine: provider_contacts.note_request(
            mine.idp.pk, method="GET", path="/Users", status=200, token_label="", address=""
        )
    ],
    "unknown_attributes.note": [
        lambda mine: unknown_attributes.note(mine.idp.pk, {("User", "costCode"), ("Group", "owner")})
    ],
    "provider_contacts.watch": [
        lambda mine: [
            type(mine.idp).objects.filter(pk=mine.idp.pk).update(watched_until=None),
            provider_contacts.watch(mine.idp, actor=OPERATOR),
        ]
    ],
    "turned_away_decisions.decide": [
        lambda mine: [
            turned_away_decisions.decide(row, TurnedAwayDecision.APPLY, actor=OPERATOR)
            for row in mine.idp.turned_away.all()
        ]
    ],
    "turned_away_decisions.decide_all": [
        lambda mine: turned_away_decisions.decide_all(mine.idp, TurnedAwayDecision.APPLY, actor=OPERATOR)
    ],
    "provisioning.groups.dissolve": [lambda mine: sso_groups.dissolve(mine.sso_group)],
    "provisioning.groups.record_movement": [
        lambda mine: sso_groups.record_movement(
            Event.SSO_GROUP_UPDATED, mine.sso_group, sso_groups.Movement(), actor=mine.actor
        )
    ],
    "brakes.set_brake": [lambda mine: brakes.set_brake(mine.idp, people=40, is_on=False, actor=OPERATOR)],
    "brakes.release_brake": [lambda mine: brakes.release_brake(mine.idp, people=40, hours=1, actor=OPERATOR)],
    "provisioning.braking.brake": [lambda mine: braking.brake(mine.actor)],
    "provisioning.braking.take": [lambda mine: _take_long_after(mine)],
    "provisioning.braking.within_limits": [
        lambda mine: braking.within_limits(
            lambda actor: people.deprovision_user(mine.sso_user.scim_id, actor=actor), mine.actor
        )
    ],
    "identity_providers.pause_identity_provider": [
        lambda mine: identity_providers.pause_identity_provider(mine.idp, actor=OPERATOR)
    ],
    "identity_providers.resume_identity_provider": [
        lambda mine: identity_providers.resume_identity_provider(
            identity_providers.pause_identity_provider(mine.idp, actor=OPERATOR), actor=OPERATOR
        )
    ],
    "identity_providers.delete_identity_provider": [
        lambda mine: identity_providers.delete_identity_provider(mine.idp, actor=OPERATOR)
    ],
    "identity_providers.edit_identity_provider": [
        lambda mine: identity_providers.edit_identity_provider(
            mine.idp, name="New", kind="okta", asks_before_adopting=True, actor=OPERATOR
        )
    ],
    "provisioning.memberships.add_to_sso_group": [
        lambda mine: memberships.add_to_sso_group(mine.declared, [mine.sso_user.pk]),
    ],
    "provisioning.memberships.follow_mappings": [lambda mine: memberships.follow_mappings(forget_the_groups(mine))],
    "provisioning.memberships.keep_only_in_sso_group": [
        lambda mine: memberships.keep_only_in_sso_group(mine.sso_group, [])
    ],
    "provisioning.memberships.let_join": [
        lambda mine: memberships.let_join(forget_the_groups(mine), [mine.sso_user.pk]),
    ],
    "provisioning.memberships.let_leave": [_leave_the_groups],
    "provisioning.memberships.remove_from_sso_group": [
        lambda mine: memberships.remove_from_sso_group(mine.sso_group, [mine.sso_user.scim_id]),
        lambda mine: memberships.remove_from_sso_group(
            mine.sso_group, [mine.sso_user.scim_id, mine.other.sso_user.scim_id]
        ),
    ],
    "provisioning.turned_away.remember": [
        lambda mine: turned_away.remember(turned_away.of_person(mine.sso_user, ada()), Way.PAUSED, actor=mine.actor),
        lambda mine: turned_away.remember(_all_leave(mine), Way.SCIM_OFF, actor=mine.actor),
    ],
    "provisioning.turned_away.heard_of_person": [
        lambda mine: turned_away.heard_of_person(mine.sso_user, replace(mine.actor, is_awaited=True))
    ],
    "provisioning.turned_away.heard_of_group": [
        lambda mine: turned_away.heard_of_group(mine.sso_group, replace(mine.actor, is_awaited=True), None),
        lambda mine: turned_away.heard_of_group(
            mine.sso_group, replace(mine.actor, is_awaited=True), removing(mine.colleague)
        ),
    ],
    "provisioning.log.log_refusal": [
        lambda mine: provisioning_log.log_refusal(
            "No.", actor=mine.actor, status=400, code="x", resource_type="User", subject_key="ada"
        )
    ],
    "provisioning.log.log_write": [
        lambda mine: provisioning_log.log_write(
            What.UPDATED, actor=mine.actor, outcome="applied", status=200, resource_type="User", user_id=mine.user.pk
        )
    ],
    "provisioning.groups.declare_sso_group": [
        lambda mine: sso_groups.declare_sso_group(mine.idp, name="Another", actor=OPERATOR)
    ],
    "provisioning.groups.delete_sso_group": [
        lambda mine: sso_groups.delete_sso_group(mine.sso_group.scim_id, actor=mine.actor)
    ],
    "provisioning.groups.push_group": [
        lambda mine: sso_groups.push_group(GroupRecord("New", members=exactly(mine.sso_user)), actor=mine.actor),
        lambda mine: sso_groups.push_group(GroupRecord("Declared", external_id="g2"), actor=mine.actor),
        lambda mine: sso_groups.push_group(GroupRecord("Former"), actor=mine.actor),
    ],
    "provisioning.groups.update_group": [
        lambda mine: sso_groups.update_group(mine.sso_group.scim_id, regroup(exactly()), actor=mine.actor),
        lambda mine: sso_groups.update_group(
            mine.sso_group.scim_id, regroup(removing(mine.sso_user, mine.other.sso_user)), actor=mine.actor
        ),
        lambda mine: sso_groups.update_group(mine.sso_group.scim_id, regroup(StatedMembers(), "New"), actor=mine.actor),
        lambda mine: [
            forget_the_groups(mine),
            sso_groups.update_group(
                mine.sso_group.scim_id, regroup(exactly(mine.sso_user, mine.colleague)), actor=mine.actor
            ),
        ],
        lambda mine: [
            forget_the_groups(mine),
            sso_groups.update_group(mine.sso_group.scim_id, regroup(adding(mine.sso_user)), actor=mine.actor),
        ],
    ],
    "provisioning.groups.withdraw_declaration": [
        lambda mine: sso_groups.withdraw_declaration(mine.declared, actor=OPERATOR)
    ],
    "scim_tokens.create_token": [lambda mine: scim_tokens.create_token(mine.idp, label="directory", actor=OPERATOR)],
    "scim_tokens.edit_token": [
        lambda mine: scim_tokens.edit_token(
            mine.token, label="new", networks="192.0.2.0/24", is_read_only=True, actor=OPERATOR
        )
    ],
    "scim_tokens.note_use": [
        lambda mine: scim_tokens.note_use(scim_tokens.find_bearer(mine.secret), address="192.0.2.1")  # type: ignore[arg-type]
    ],
    "scim_tokens.revoke_token": [lambda mine: scim_tokens.revoke_token(mine.token, actor=OPERATOR)],
    "scim_trusts.create_trust": [
        lambda mine: scim_trusts.create_trust(mine.idp, said=TrustSettings(key_set_url=KEYS), actor=OPERATOR)
    ],
    "scim_trusts.delete_trust": [lambda mine: scim_trusts.delete_trust(mine.trust, actor=OPERATOR)],
    "scim_trusts.edit_trust": [
        lambda mine: scim_trusts.edit_trust(mine.trust, said=TrustSettings(key_set_url=KEYS), actor=OPERATOR)
    ],
    "scim_trusts.issue_token": [
        lambda mine: scim_trusts.issue_token(mine.trust, assertion_id="", good_until=timezone.now())
    ],
    "scim_trusts.note_refusal": [lambda mine: scim_trusts.note_refusal(mine.trust, check="key", fact=Refusal.EMPTY())],
}

READS: dict[str, Asked] = {
    "turned_away_decisions.in_words": lambda mine: (
        turned_away_decisions.in_words(mine.idp.turned_away.all()),
        "2 not decided",
    ),
    "brakes.brake_of": lambda mine: (brakes.brake_of(mine.idp).identity_provider, mine.idp),
    "provisioning.turned_away.of_new_person": lambda mine: (
        turned_away.of_new_person(ada(), mine.actor).user_id,
        mine.user.pk,
    ),
    "provisioning.turned_away.of_person": lambda mine: (
        turned_away.of_person(mine.sso_user, ada()).user_id,
        mine.user.pk,
    ),
    "provisioning.turned_away.of_deleted_person": lambda mine: (
        turned_away.of_deleted_person(mine.sso_user).user_id,
        mine.user.pk,
    ),
    "provisioning.turned_away.of_new_group": lambda mine: (
        turned_away.of_new_group(
            GroupRecord("New", members=exactly(mine.sso_user, mine.other.sso_user)), mine.actor
        ).members.joining,  # type: ignore[union-attr]
        {mine.sso_user.pk},
    ),
    "provisioning.turned_away.of_group": lambda mine: (
        _all_leave(mine).members.leaving,  # type: ignore[union-attr]
        {mine.sso_user.pk, mine.colleague.pk},
    ),
    "provisioning.turned_away.of_deleted_group": lambda mine: (
        turned_away.of_deleted_group(mine.sso_group).sso_group_id,
        mine.sso_group.pk,
    ),
    "provisioning.turned_away.require_open": lambda mine: (
        turned_away.require_open(mine.actor, lambda: turned_away.of_deleted_group(mine.sso_group)),  # type: ignore[func-returns-value]
        None,
    ),
    "provisioning.following.follow_names": lambda mine: (
        {*following.follow_names(mine.user, person("ada", first_name="Zoe"))},
        {"first_name"},
    ),
    "provisioning.conflicts.refusal": lambda mine: (
        conflicts.refusal(mine.conflicts["mia"]),
        "userName mia exists in the portal with another email.",
    ),
    "provisioning.conflicts.sentence": lambda mine: (
        conflicts.sentence(mine.conflicts["theo"])[:12],
        "userName theo"[:12],
    ),
    "identity_providers.usage": lambda mine: (
        identity_providers.usage(mine.idp),
        {"users": 3, "sso_users": 2, "sso_groups": 2, "mappings": 2, "tokens": 1, "trusts": 1, "retired": 2},
    ),
    "provisioning.matching.match": lambda mine: (
        [
            matching.match(ada(), mine.actor),
            getattr(matching.match(_leaver(), mine.actor), "user", None),
            getattr(matching.match(_leaver("renamed"), _knows_by_id(mine)), "user", None),
            matching.match(person("new", external_id=SUBJECT), mine.actor).shares,  # type: ignore[union-attr]
        ],
        [matching.Duplicate(), mine.leaver, mine.leaver, (mine.user.pk,)],
    ),
    "provisioning.memberships.lock_groups_fed_by": lambda mine: (
        memberships.lock_groups_fed_by(mine.sso_group),
        sorted([mine.group, mine.shared], key=lambda group: group.pk),
    ),
    "scim_trusts.was_used": lambda mine: (
        [scim_trusts.was_used(mine.trust, USED), scim_trusts.was_used(mine.other.trust, USED)],
        [True, True],
    ),
    "scim_tokens.bearer_of_trial": lambda mine: (
        scim_tokens.bearer_of_trial(mine.idp).identity_provider_id,
        mine.idp.pk,
    ),
    "scim_tokens.find_bearer": lambda mine: (
        getattr(scim_tokens.find_bearer(mine.secret), "identity_provider_id", None),
        mine.idp.pk,
    ),
}
