"""What each service does for one of two identity providers that are alike, or for one of their people."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from identity.core import secrets, totp
from identity.core.actors import Operator, Person
from identity.core.decisions import Mode
from identity.core.encryption import seal
from identity.core.errors import Refused
from identity.core.origins import Origin
from identity.events import Event
from identity.log_words import What
from identity.models import (
    BulkRun,
    Group,
    Membership,
    Passkey,
    SecondFactor,
    SSOConnection,
    SSOGroup,
    SSOIdentity,
    Status,
    User,
)
from identity.safeguards.asked import Situation
from identity.services import (
    api_tokens,
    assets,
    bulk_runs,
    deletion,
    groups,
    idempotency,
    identity_providers,
    invitations,
    mappings,
    notices,
    passkeys,
    provider_contacts,
    scim_tokens,
    second_factors,
    sso_connections,
    traces,
    users,
)
from identity.services.notices import SecurityChange
from identity.services.provisioning import (
    conflicts,
    matching,
    memberships,
    people,
    retirement,
)
from identity.services.provisioning import (
    groups as sso_groups,
)
from identity.services.provisioning import (
    log as provisioning_log,
)
from identity.services.provisioning.statements import GroupRecord, Members, PersonRecord
from identity.services.sign_in import just_in_time, login
from tests.factories import OPERATOR, PASSWORD, adding, exactly, make_group, owner, person, removing
from tests.identity.two_idps import ISSUER, LEAVER, SUBJECT, Side, says
from tests.passkeys import make_passkey, use

Deed = Callable[[Side], object]


def _ada(**said: Any) -> PersonRecord:
    return person("ada", first_name="Ada", last_name="King", external_id=SUBJECT, **said)


def _leaver(user_name: str = "leaver", **said: Any) -> PersonRecord:
    return person(user_name, external_id=LEAVER, **said)


def _regroup(members: Members, name: str = "Engineering") -> Callable[[SSOGroup], GroupRecord]:
    return lambda row: GroupRecord(name, row.external_id, members)


def _knows_by_id(side: Side) -> Any:
    return replace(side.actor, identifies_by_external_id=True)


def _settings(**said: Any) -> sso_connections.ConnectionSettings:
    kept = {"issuer": ISSUER, "client_id": "gatehouse", "groups_claim": "groups", "client_secret": "s"}
    return sso_connections.ConnectionSettings(**{**kept, **said})


def _code(side: Side) -> str:
    return totp.code_at(side.totp_secret, totp.step_now() + 1)


def _new_app() -> dict[str, str]:
    secret = totp.new_secret()
    return {"secret": secret, "code": totp.code_at(secret, totp.step_now())}


def _mail() -> str:
    return seal(json.dumps(["Hello", "you", "somebody@example.test"]))


def _itself(connection: SSOConnection) -> QuerySet[SSOConnection]:
    return SSOConnection.objects.filter(pk=connection.pk)


def _map_to_a_new_group(side: Side) -> None:
    group = make_group("Fresh")
    seen = mappings.preview_mapping(side.sso_group, group).fingerprint
    mappings.apply_mapping(side.sso_group, group, fingerprint=seen, actor=OPERATOR)


def _unmap(side: Side, group: Any) -> None:
    mapping = side.sso_group.mappings.get(group=group)
    seen = mappings.preview_unmapping(mapping).fingerprint
    mappings.delete_mapping(mapping, fingerprint=seen, actor=OPERATOR)


def _forget_the_groups(side: Side) -> list[Any]:
    Membership.objects.filter(user=side.user).delete()
    return [side.group, side.shared]


def _leave_the_groups(side: Side) -> None:
    memberships.remove_from_sso_group(side.sso_group, [side.sso_user.scim_id])
    memberships.let_leave([side.group, side.shared], [side.sso_user.pk])


def _delete(side: Side, user: User) -> None:
    users.change_status(user, Status.DISABLED)
    deletion.delete_permanently(
        user, typed_username=user.username, reason="left", transferee=side.invited, actor=OPERATOR
    )


def _draft(side: Side, kind: BulkRun.Kind, user: User, **values: Any) -> BulkRun:
    return bulk_runs.create_run(kind, [bulk_runs.Wanted(user)], values=values, actor=OPERATOR)


def _work(side: Side, kind: BulkRun.Kind, user: User, **values: Any) -> None:
    bulk_runs.work_on(_draft(side, kind, user, **values), actor=OPERATOR)


def _arrive_as(side: Side, **said: Any) -> None:
    """Signing in as nobody who signed in before."""
    login.sign_in(side.oidc, says("new-subject", **said))


def _found_by_external_id(side: Side) -> None:
    SSOIdentity.objects.filter(user=side.user).delete()
    assert login.sign_in(side.oidc, says()) == side.user


def _found_by_user_name(side: Side) -> None:
    SSOIdentity.objects.filter(user=side.user).delete()
    assert login.sign_in(side.oidc, says("new-subject")) == side.user


def _signs_in(side: Side, *groups: str) -> None:
    assert login.sign_in(side.oidc, says(groups=list(groups))) == side.user


# What is done for one person: the colleague's rows stay as well.
def _is_open(group: Group) -> bool:
    """While SCIM is on, a mapped group is not."""
    with suppress(Refused):
        bulk_runs.require_open([group], actor=OPERATOR, now=Situation(Mode(scim_enabled=True, sso_enforced=False)))
        return True
    return False


OF_A_PERSON: dict[str, list[Deed]] = {
    "api_tokens.create_api_token": [
        lambda mine: api_tokens.create_api_token(label="new", scopes=["read"], actor=Person(mine.user))
    ],
    "api_tokens.note_use": [lambda mine: api_tokens.note_use(mine.api_token, address="192.0.2.1", limit=9)],
    "api_tokens.revoke_api_token": [lambda mine: api_tokens.revoke_api_token(mine.api_token, actor=OPERATOR)],
    "assets.add_owner": [lambda mine: assets.add_owner(mine.asset, mine.local, actor=OPERATOR)],
    "assets.create_asset": [lambda mine: assets.create_asset(name="New", owner=mine.user, actor=OPERATOR)],
    "assets.delete_asset": [lambda mine: assets.delete_asset(mine.asset, actor=OPERATOR)],
    "assets.edit_asset": [lambda mine: assets.edit_asset(mine.asset, name="N", kind="", link="", actor=OPERATOR)],
    "assets.give_asset": [lambda mine: assets.give_asset(mine.asset, taker=mine.local, actor=OPERATOR)],
    "assets.hand_over": [lambda mine: assets.hand_over(mine.user, mine.local, actor=OPERATOR)],
    "assets.remove_owner": [
        lambda mine: [
            assets.add_owner(mine.asset, mine.local, actor=OPERATOR),
            assets.remove_owner(mine.asset, mine.user, actor=OPERATOR),
        ]
    ],
    "assets.transfer_asset": [
        lambda mine: assets.transfer_asset(mine.asset, giver=mine.user, taker=mine.local, actor=OPERATOR)
    ],
    "bulk_runs.begin": [lambda mine: bulk_runs.begin(mine.run, actor=OPERATOR)],
    "bulk_runs.carry_out": [
        lambda mine: bulk_runs.carry_out(mine.run.rows.get(), actor=OPERATOR),
        lambda mine: bulk_runs.carry_out(mine.draft.rows.get(), actor=OPERATOR),
    ],
    "bulk_runs.begin_draft": [lambda mine: bulk_runs.begin_draft(mine.draft, actor=OPERATOR)],
    "bulk_runs.create_run": [lambda mine: _draft(mine, BulkRun.Kind.DISABLE, mine.user)],
    "bulk_runs.discard_draft": [lambda mine: bulk_runs.discard_draft(mine.draft, actor=OPERATOR)],
    "bulk_runs.finish": [lambda mine: bulk_runs.finish.func(mine.run.pk, owner().user.pk)],
    "bulk_runs.start_run": [lambda mine: bulk_runs.start_run(mine.draft, actor=OPERATOR)],
    "bulk_runs.work_on": [
        lambda mine: bulk_runs.work_on(mine.run, actor=OPERATOR),
        lambda mine: _work(mine, BulkRun.Kind.DISABLE, mine.user),
        lambda mine: _work(mine, BulkRun.Kind.REVOKE_INVITATION, mine.invited),
        lambda mine: _work(mine, BulkRun.Kind.RESEND_INVITATION, mine.invited),
        lambda mine: _work(mine, BulkRun.Kind.ADD_TO_GROUPS, mine.local, groups=[mine.group.pk]),
    ],
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
    "deletion.delete_permanently": [
        lambda mine: _delete(mine, mine.disabled),
        lambda mine: _delete(mine, mine.user),
        lambda mine: _delete(mine, mine.leaver),
    ],
    "groups.add_members": [
        lambda mine: groups.add_members(mine.group, [mine.local], actor=OPERATOR),
        lambda mine: groups.add_members(make_group("Fresh"), [mine.user], actor=OPERATOR),
    ],
    "groups.remove_members": [lambda mine: groups.remove_members(mine.group, [mine.user], actor=OPERATOR)],
    "idempotency.abandon": [lambda mine: idempotency.abandon(mine.request)],
    "idempotency.begin": [lambda mine: idempotency.begin(mine.user, "another", "digest")],
    "idempotency.finish": [lambda mine: idempotency.finish(mine.request, "answer")],
    "invitations.accept_invitation": [
        lambda mine: invitations.accept_invitation(mine.invitation_secret, password=PASSWORD)
    ],
    "invitations.invite_user": [
        lambda mine: invitations.invite_user(username="ada", email="ada@example.test", actor=OPERATOR)
    ],
    "invitations.resend_invitation": [lambda mine: invitations.resend_invitation(mine.invited, actor=OPERATOR)],
    "invitations.revoke_invitation": [lambda mine: invitations.revoke_invitation(mine.invited, actor=OPERATOR)],
    "sign_in.just_in_time.admit": [
        lambda mine: just_in_time.admit(mine.oidc, says(), mine.sign_in_actor),
        lambda mine: just_in_time.admit(mine.oidc, says("new-subject", "newcomer"), mine.sign_in_actor),
    ],
    "sign_in.just_in_time.follow_groups": [
        lambda mine: just_in_time.follow_groups(mine.user, mine.oidc, says(groups=[]), mine.sign_in_actor),
        lambda mine: [
            _forget_the_groups(mine),
            just_in_time.follow_groups(mine.user, mine.oidc, says(groups=["g1"]), mine.sign_in_actor),
        ],
    ],
    "provisioning.memberships.end_all_sso_memberships": [
        lambda mine: memberships.end_all_sso_memberships(mine.sso_user)
    ],
    "provisioning.memberships.follow_claim": [
        lambda mine: memberships.follow_claim(mine.user, {mine.group.pk, mine.shared.pk}, set()),
        lambda mine: memberships.follow_claim(mine.local, {mine.group.pk, mine.shared.pk}, {mine.shared.pk}),
    ],
    "provisioning.memberships.remove_from_all_groups": [lambda mine: memberships.remove_from_all_groups(mine.user)],
    "notices.deliver_invitation": [
        lambda mine: notices.deliver_invitation.func(_mail(), secrets.digest(mine.invitation_secret))
    ],
    "provisioning.people.deprovision_user": [
        lambda mine: people.deprovision_user(mine.sso_user.scim_id, actor=mine.actor)
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
    "provisioning.retirement.retire": [lambda mine: retirement.retire(mine.sso_user)],
    "provisioning.people.update_user": [
        lambda mine: people.update_user(mine.sso_user.scim_id, lambda row: _ada(), actor=mine.actor),
        lambda mine: people.update_user(mine.sso_user.scim_id, lambda row: _ada(active=False), actor=mine.actor),
        lambda mine: people.update_user(
            mine.sso_user.scim_id, lambda row: person("eve", "eve@example.test", external_id=LEAVER), actor=mine.actor
        ),
    ],
    "passkeys.add_passkey": [lambda mine: make_passkey(mine.local, replace(mine.device, id=b"another"))],
    "passkeys.remove_passkey": [lambda mine: passkeys.remove_passkey(mine.passkey, actor=Person(mine.local))],
    "passkeys.rename_passkey": [
        lambda mine: passkeys.rename_passkey(mine.passkey, name="Phone", actor=Person(mine.local))
    ],
    "passkeys.use_passkey": [lambda mine: use(mine.device)],
    "second_factors.after_removal": [
        lambda mine: [
            SecondFactor.objects.filter(user=mine.local).delete(),
            Passkey.objects.filter(user=mine.local).delete(),
            second_factors.after_removal(mine.local),
        ]
    ],
    "second_factors.make_recovery_codes": [
        lambda mine: second_factors.make_recovery_codes(mine.local, actor=Person(mine.local))
    ],
    "second_factors.remove_second_factor": [
        lambda mine: second_factors.remove_second_factor(mine.local, actor=Operator("reset"))
    ],
    "second_factors.replace_second_factor": [
        lambda mine: second_factors.replace_second_factor(mine.local, **_new_app(), actor=Person(mine.local))
    ],
    "second_factors.new_codes": [lambda mine: second_factors.new_codes(mine.local)],
    "second_factors.reset_second_factor": [
        lambda mine: second_factors.reset_second_factor(mine.local, actor=Operator("reset"))
    ],
    "second_factors.set_up_second_factor": [
        lambda mine: [
            second_factors.remove_second_factor(mine.local, actor=Operator("reset")),
            second_factors.set_up_second_factor(mine.local, **_new_app(), actor=Person(mine.local)),
        ]
    ],
    "second_factors.use_code": [
        lambda mine: second_factors.use_code(mine.local, _code(mine)),
        lambda mine: second_factors.use_code(mine.local, mine.recovery_code),
    ],
    "sign_in.login.record_logout": [lambda mine: login.record_logout(mine.oidc, [mine.user.pk])],
    "sign_in.login.sign_in": [
        lambda mine: _signs_in(mine, "Engineering"),
        lambda mine: _signs_in(mine),
        _found_by_external_id,
        _found_by_user_name,
        lambda mine: _arrive_as(mine, user_name="newcomer"),
        lambda mine: _arrive_as(mine, user_name="leaver"),
        lambda mine: _arrive_as(mine, user_name="mia"),
        lambda mine: login.sign_in(mine.saml, says(f"saml:{SUBJECT}")),
    ],
    "traces.note": [
        lambda mine: traces.note(Event.SIGN_IN_REFUSED, actor=mine.sign_in_actor, origin=Origin(), user_id=mine.user.pk)
    ],
    "users.change_role": [lambda mine: users.change_role(mine.user, "support", actor=OPERATOR)],
    "users.change_status": [
        lambda mine: users.change_status(mine.user, Status.DISABLED),
        lambda mine: users.change_status(mine.invited, Status.DISABLED),
    ],
    "users.disable_user": [
        lambda mine: users.disable_user(mine.local, actor=OPERATOR),
        lambda mine: users.disable_user(mine.user, actor=OPERATOR),
    ],
    "users.edit_profile": [
        lambda mine: users.edit_profile(
            mine.user, first_name="A", last_name="L", email=mine.user.email, actor=OPERATOR
        ),
        lambda mine: users.edit_profile(
            mine.local, first_name="A", last_name="L", email="ada@example.test", actor=OPERATOR
        ),
    ],
    "users.enable_user": [
        lambda mine: users.enable_user(mine.disabled, actor=OPERATOR),
        lambda mine: users.enable_user(mine.leaver, actor=OPERATOR),
    ],
    "users.end_credentials": [lambda mine: users.end_credentials(mine.user)],
    "users.end_sessions": [lambda mine: users.end_sessions(mine.user, actor=OPERATOR)],
    "users.record_login": [lambda mine: users.record_login(mine.user, method="oidc", actor=Person(mine.user))],
    "users.record_session_ended": [lambda mine: users.record_session_ended(mine.user, actor=OPERATOR)],
    "users.set_break_glass": [
        lambda mine: [
            users.change_role(mine.local, "owner", actor=OPERATOR),
            users.set_break_glass(mine.local, True, actor=OPERATOR),
        ]
    ],
    "users.set_password": [lambda mine: users.set_password(mine.local, "a wholly new one", actor=OPERATOR)],
    "users.set_status": [lambda mine: users.set_status(mine.user, Status.DISABLED, actor=OPERATOR)],
}

# What is done for the identity provider, or for all of a group of its.
OF_A_PROVIDER: dict[str, list[Deed]] = {
    "provider_contacts.note_contact": [
        lambda mine: provider_contacts.note_contact(mine.idp.pk, timezone.now() + timedelta(days=1_000))
    ],
    "provider_contacts.note_request": [
        lambda mine: provider_contacts.note_request(
            mine.idp.pk, method="GET", path="/Users", status=200, token_label="", address=""
        )
    ],
    "provider_contacts.watch": [
        lambda mine: [
            type(mine.idp).objects.filter(pk=mine.idp.pk).update(watched_until=None),
            provider_contacts.watch(mine.idp, actor=OPERATOR),
        ]
    ],
    "groups.delete_group": [lambda mine: groups.delete_group(mine.group, actor=OPERATOR)],
    "groups.edit_group": [lambda mine: groups.edit_group(mine.group, name="New", description="", actor=OPERATOR)],
    "identity_providers.delete_identity_provider": [
        lambda mine: identity_providers.delete_identity_provider(mine.idp, actor=OPERATOR)
    ],
    "identity_providers.edit_identity_provider": [
        lambda mine: identity_providers.edit_identity_provider(
            mine.idp, name="New", kind="okta", asks_before_adopting=True, actor=OPERATOR
        )
    ],
    "mappings.apply_mapping": [_map_to_a_new_group],
    "mappings.delete_mapping": [
        lambda mine: _unmap(mine, mine.group),
        lambda mine: _unmap(mine, mine.shared),
    ],
    "mappings.map_to_new_group": [
        lambda mine: mappings.map_to_new_group(
            mine.sso_group, fingerprint=mappings.preview_new_group(mine.sso_group).fingerprint, actor=OPERATOR
        )
    ],
    "provisioning.memberships.add_to_sso_group": [
        lambda mine: memberships.add_to_sso_group(mine.declared, [mine.sso_user.pk]),
    ],
    "provisioning.memberships.follow_mappings": [lambda mine: memberships.follow_mappings(_forget_the_groups(mine))],
    "provisioning.memberships.keep_only_in_sso_group": [
        lambda mine: memberships.keep_only_in_sso_group(mine.sso_group, [])
    ],
    "provisioning.memberships.let_join": [
        lambda mine: memberships.let_join(_forget_the_groups(mine), [mine.sso_user.pk]),
    ],
    "provisioning.memberships.let_leave": [_leave_the_groups],
    "provisioning.memberships.remove_from_sso_group": [
        lambda mine: memberships.remove_from_sso_group(mine.sso_group, [mine.sso_user.scim_id]),
        lambda mine: memberships.remove_from_sso_group(
            mine.sso_group, [mine.sso_user.scim_id, mine.other.sso_user.scim_id]
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
    "sso_connections.create_connection": [
        lambda mine: sso_connections.create_connection(mine.idp, protocol="oidc", said=_settings(), actor=OPERATOR)
    ],
    "sso_connections.delete_connection": [lambda mine: sso_connections.delete_connection(mine.oidc, actor=OPERATOR)],
    "sso_connections.edit_connection": [
        lambda mine: sso_connections.edit_connection(mine.oidc, said=_settings(client_id="n"), actor=OPERATOR),
        lambda mine: [
            sso_connections.delete_connection(mine.saml, actor=OPERATOR),
            sso_connections.edit_connection(
                mine.oidc, said=_settings(issuer="https://new.example"), forget_identities=True, actor=OPERATOR
            ),
        ],
    ],
    "sso_connections.set_connection_enabled": [
        lambda mine: sso_connections.set_connection_enabled(mine.oidc, False, actor=OPERATOR)
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
        lambda mine: sso_groups.update_group(mine.sso_group.scim_id, _regroup(exactly()), actor=mine.actor),
        lambda mine: sso_groups.update_group(
            mine.sso_group.scim_id, _regroup(removing(mine.sso_user, mine.other.sso_user)), actor=mine.actor
        ),
        lambda mine: sso_groups.update_group(mine.sso_group.scim_id, _regroup(Members(), "New"), actor=mine.actor),
        lambda mine: [
            _forget_the_groups(mine),
            sso_groups.update_group(
                mine.sso_group.scim_id, _regroup(exactly(mine.sso_user, mine.colleague)), actor=mine.actor
            ),
        ],
        lambda mine: [
            _forget_the_groups(mine),
            sso_groups.update_group(mine.sso_group.scim_id, _regroup(adding(mine.sso_user)), actor=mine.actor),
        ],
    ],
    "provisioning.groups.withdraw_declaration": [
        lambda mine: sso_groups.withdraw_declaration(mine.declared, actor=OPERATOR)
    ],
    "sign_in.login.record_failure": [
        lambda mine: login.record_failure(mine.oidc, code="x", sentence="No.", advice="", address="")
    ],
    "scim_tokens.create_token": [lambda mine: scim_tokens.create_token(mine.idp, label="directory", actor=OPERATOR)],
    "scim_tokens.note_use": [
        lambda mine: scim_tokens.note_use(scim_tokens.find_bearer(mine.secret), address="192.0.2.1")  # type: ignore[arg-type]
    ],
    "scim_tokens.revoke_token": [lambda mine: scim_tokens.revoke_token(mine.token, actor=OPERATOR)],
}

# What is asked, with what is found; nothing is written.
READS: dict[str, Callable[[Side], tuple[object, object]]] = {
    "api_tokens.find_api_token": lambda mine: (api_tokens.find_api_token(mine.api_secret), mine.api_token),
    "bulk_runs.finish_in_background": lambda mine: (bulk_runs.finish_in_background(mine.run, actor=OPERATOR), None),
    "provisioning.conflicts.refusal": lambda mine: (
        conflicts.refusal(mine.conflicts["mia"]),
        "userName mia exists in the portal with another email.",
    ),
    "provisioning.conflicts.sentence": lambda mine: (
        conflicts.sentence(mine.conflicts["theo"])[:12],
        "userName theo"[:12],
    ),
    "deletion.preflight": lambda mine: (
        [group.pk for group in deletion.preflight(mine.user).groups],
        [mine.group.pk, mine.shared.pk],
    ),
    "identity_providers.usage": lambda mine: (
        identity_providers.usage(mine.idp),
        {"users": 3, "sso_users": 2, "sso_groups": 2, "mappings": 2, "tokens": 1, "retired": 2},
    ),
    "invitations.find_invitation": lambda mine: (
        invitations.find_invitation(mine.invitation_secret).user,
        mine.invited,
    ),
    "invitations.mail_has_failed": lambda mine: (invitations.mail_has_failed(mine.invited), True),
    "mappings.preview_mapping": lambda mine: (mappings.preview_mapping(mine.sso_group, mine.group).join_ids, set()),
    "mappings.preview_new_group": lambda mine: (
        mappings.preview_new_group(mine.sso_group).join_ids <= {mine.user.pk, mine.colleague.user_id},
        True,
    ),
    "mappings.preview_unmapping": lambda mine: (
        mappings.preview_unmapping(mine.sso_group.mappings.get(group=mine.shared)).leave_ids
        <= {mine.user.pk, mine.colleague.user_id},
        True,
    ),
    "provisioning.matching.match": lambda mine: (
        [
            matching.match(_ada(), mine.actor),
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
    "notices.invite": lambda mine: (notices.invite(mine.invited, "secret"), None),
    "notices.reset_password": lambda mine: (notices.reset_password(mine.local, "/reset/"), None),
    "notices.tell_administrators_of_another_person": lambda mine: (
        notices.tell_administrators_of_another_person(mine.conflicts["mia"]),
        None,
    ),
    "notices.tell_administrators_of_break_glass": lambda mine: (
        notices.tell_administrators_of_break_glass(mine.user),
        None,
    ),
    "notices.tell_administrators_of_revival": lambda mine: (notices.tell_administrators_of_revival(mine.user), None),
    "notices.tell_of_security_change": lambda mine: (
        notices.tell_of_security_change(mine.user, SecurityChange.EMAIL),
        None,
    ),
    "notices.tell_owners_of_trust": lambda mine: (
        notices.tell_owners_of_trust(mine.idp, "Changed", "", actor=OPERATOR),
        None,
    ),
    "passkeys.adding": lambda mine: (
        passkeys.adding(mine.local, challenge="c", user_handle="h")["excludeCredentials"],
        [{"type": "public-key", "id": mine.passkey.credential_id}],
    ),
    "passkeys.asking": lambda mine: (
        [key["id"] for key in passkeys.asking(mine.local, challenge="c", alone=False)["allowCredentials"]],
        [mine.passkey.credential_id],
    ),
    "passkeys.find_passkey": lambda mine: (
        passkeys.find_passkey(json.dumps(mine.device.sign({"challenge": "Y2hhbGxlbmdl"}))),
        mine.passkey,
    ),
    "passkeys.handle_of": lambda mine: (passkeys.handle_of(mine.local), mine.passkey.user_handle),
    "second_factors.digest": lambda mine: (
        second_factors.digest(mine.local.pk, mine.recovery_code)
        == second_factors.digest(mine.other.local.pk, mine.recovery_code),
        False,
    ),
    "bulk_runs.rows_for": lambda mine: (
        [
            (row.user, row.outcome)
            for row in bulk_runs.rows_for(BulkRun.Kind.RESEND_INVITATION, [mine.user, mine.invited], actor=OPERATOR)
        ],
        [(mine.user, "left_alone"), (mine.invited, "pending")],
    ),
    "bulk_runs.require_open": lambda mine: (_is_open(mine.group), False),
    "bulk_runs.decide": lambda mine: (
        bulk_runs.decide(BulkRun.Kind.RESEND_INVITATION, mine.user, actor=OPERATOR).code,
        "not_invited",
    ),
    "sso_connections.identities_of": lambda mine: (
        [set(sso_connections.identities_of(one).values_list("user", flat=True)) for one in (mine.oidc, mine.saml)],
        [{mine.user.pk, mine.colleague.user_id}] * 2,
    ),
    "sign_in.login.find_connection": lambda mine: (login.find_connection(mine.oidc.slug), mine.oidc),
    "sign_in.login.lacks_something": lambda mine: (
        [login.lacks_something(mine.oidc, says(subject, email="")) for subject in (SUBJECT, "new-subject")],
        [False, True],
    ),
    "sign_in.login.rehearse": lambda mine: (login.rehearse(mine.oidc, says()).user_id, mine.user.pk),
    "scim_tokens.find_bearer": lambda mine: (
        getattr(scim_tokens.find_bearer(mine.secret), "identity_provider_id", None),
        mine.idp.pk,
    ),
    "users.check_password_strength": lambda mine: (users.check_password_strength(PASSWORD, mine.user), None),
}

# What names a row of the other side with this one's words: refused, and nothing is changed but the log.
STRANGERS: dict[str, Deed] = {
    "a user is changed": lambda mine: people.update_user(
        mine.other.sso_user.scim_id, lambda row: _ada(active=False), actor=mine.actor
    ),
    "a user is removed": lambda mine: people.deprovision_user(mine.other.sso_user.scim_id, actor=mine.actor),
    "a group is changed": lambda mine: sso_groups.update_group(
        mine.other.sso_group.scim_id, _regroup(exactly()), actor=mine.actor
    ),
    "a group is removed": lambda mine: sso_groups.delete_sso_group(mine.other.sso_group.scim_id, actor=mine.actor),
    "a member is added": lambda mine: sso_groups.update_group(
        mine.sso_group.scim_id, _regroup(adding(mine.other.sso_user)), actor=mine.actor
    ),
    "a member is pushed": lambda mine: sso_groups.update_group(
        mine.sso_group.scim_id, _regroup(exactly(mine.other.sso_user)), actor=mine.actor
    ),
    "a group with a member is pushed": lambda mine: sso_groups.push_group(
        GroupRecord("New", members=exactly(mine.other.sso_user)), actor=mine.actor
    ),
    "a group with a group is pushed": lambda mine: sso_groups.push_group(
        GroupRecord("New", members=Members.exactly(frozenset([mine.other.sso_group.scim_id]))), actor=mine.actor
    ),
    "a group with somebody gone is pushed": lambda mine: sso_groups.push_group(
        GroupRecord(
            "New",
            members=Members.exactly(frozenset([mine.other.leaver.retired_resources.get().scim_id])),
        ),
        actor=mine.actor,
    ),
}

# What takes nothing that is one side's.
NOBODYS = {
    "modes.set_mode",
    "background.after_answer",
    "background.forget_done",
    "background.forget_old_failures",
    "background.in_a_thread",
    "background.is_stuck",
    "background.is_waiting",
    "background.later",
    "background.put_back",
    "background.queue",
    "background.renew",
    "bulk_runs.has_worker",
    "bulk_runs.to_invite",
    "provider_contacts.forget_old_contacts",
    "provider_contacts.note_stranger",
    "deletion.keyed_digest",
    "deletion.records_of",
    "digest_keys.keep",
    "digest_keys.keyed_digests",
    "queries.attention.count_everything",
    "queries.drift.drifts",
    "sign_in.group_claims.is_readable",
    "sign_in.group_claims.read_groups",
    "groups.create_group",
    "headcounts.note",
    "idempotency.erase_answers",
    "idempotency.forget_old_requests",
    "identity_providers.create_identity_provider",
    "invitations.check_invitations",
    "queries.mismatches.find_mismatches",
    "notices.deliver",
    "provisioning.log.left_out_details",
    "resealing.count",
    "resealing.reseal_all",
    "retention.choose",
    "retention.erase_old_personal_values",
    "retention.let_go_of_old",
    "retention.old_bulk_runs",
    "retention.old_log_rows",
    "retention.old_personal_values",
    "retention.prune_bulk_runs",
    "retention.period_of",
    "retention.periods",
    "retention.prune_provisioning_log",
    "schedule.ask_for_run",
    "schedule.claim",
    "schedule.claim_now",
    "schedule.give_up_dead",
    "schedule.next_due",
    "schedule.perform",
    "schedule.prepare",
    "schedule.renew",
    "sso_connections.check_address",
    "sso_connections.pem",
    "sso_connections.preset",
    "sso_connections.same_issuer",
    "scim_tokens.check_expiry",
    "traces.flush",
    "users.check_email",
    "users.create_owner",
    "queries.attention.what_waits",
    "queries.certificates.ending_certificates",
    "queries.event_stream.newest_id",
    "queries.event_stream.with_moves",
    "queries.headcount.count_people",
    "queries.headcount.days_until",
    "queries.moves.as_moves",
    "queries.moves.every_move",
    "queries.moves.moved_by",
    "queries.received.in_words",
    "queries.rhythm.ago",
    "queries.rhythm.pause_in_words",
    "queries.rhythm.rhythm_of",
    "queries.rhythm.silent_among",
    "queries.what_if.changed_cells",
    "queries.what_if.effects",
    "queries.what_if.look",
    "queries.what_if.password_users",
}
