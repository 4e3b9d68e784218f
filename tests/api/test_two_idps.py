"""REST with two identity providers that are alike: every operation on what is one's leaves and hides the other's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from allauth.usersessions.models import UserSession
from django.conf import settings

from identity.models import BulkRun, Membership
from identity.services.bulk_runs import Wanted, create_run
from tests.clients import Script, caller
from tests.factories import OPERATOR, make_group, make_owner, make_support, set_mode
from tests.identity.two_idps import Side, both, one_of_two
from tests.identity.whose import Bystanders, all_rows, undone
from tests.loops import each
from tests.sessions import signed_in

pytestmark = pytest.mark.django_db

Body = dict[str, Any] | None
Request = tuple[str, str, Body]

# Of the portal as a whole, or about what is nobody's yet.
NOBODYS = {
    "list_received_requests",
    *("get_access_settings", "edit_access_settings", "preview_access_settings"),
    *("list_differing_groups", "list_affected_users"),
    *("create_group", "create_identity_provider", "invite_user", "create_api_token"),
    *("get_audit_event", "get_me", "get_deletion", "list_deletions", "list_audit_log", "get_provisioning_log_entry"),
    "list_events",
    *("list_alarms", "get_alarm", "list_notification_rules", "get_notification_rule", "create_notification_rule"),
    *("edit_notification_rule", "delete_notification_rule", "test_notification_rule"),
    *("get_own_notifications", "set_own_notifications"),
    *("try_scim_request", "self_test_identity_provider"),  # rolled back; tests/portal/test_tryout.py has two sides
    *("list_webhooks", "get_webhook", "create_webhook", "edit_webhook", "delete_webhook", "rotate_webhook_secret"),
    *("test_webhook", "enable_webhook", "disable_webhook"),
    *("list_webhook_deliveries", "get_webhook_delivery", "redeliver_webhook"),
    *("list_bulk_runs", "get_attention", "get_headcounts"),
    *("list_scheduled_jobs", "get_scheduled_job", "list_scheduled_runs", "run_scheduled_job"),
    *("get_retention", "edit_retention"),
    *(
        "list_received_requests",
        "remove_own_second_step",
        "list_own_sessions",
        "end_own_session",
        "end_own_other_sessions",
        "list_moves",
    ),
    *("list_assets", "list_groups", "list_identity_providers", "list_invitations"),
    *("list_disabled_users", "list_transferees", "list_users"),
}


def writes(mine: Side) -> dict[str, Request]:
    """By operationId: what is done to something of this side."""
    ada, local, group, idp = mine.user.pk, mine.local.pk, mine.group.pk, mine.idp.pk
    mia, theo = (f"conflicts/{mine.conflicts[name].pk}/" for name in ("mia", "theo"))
    asset, connection = f"assets/{mine.asset.pk}/", f"sso-connections/{mine.oidc.pk}/"
    oidc = {"issuer": mine.oidc.issuer, "client_id": "new", "client_secret": "s"}
    deletion = {"username": mine.disabled.username, "reason": "left"}
    return {
        "watch_identity_provider": ("POST", f"identity-providers/{idp}/requests/", None),
        "compare_user_names": ("POST", "mismatch-report/", {"identity_provider": idp}),
        "create_bulk_run": ("POST", "bulk-runs/", {"kind": "enable", "users": [mine.disabled.pk]}),
        "start_bulk_run": ("POST", f"bulk-runs/{run_of(mine)}/start/", None),
        "continue_bulk_run": ("POST", f"bulk-runs/{run_of(mine, is_draft=False)}/continue/", None),
        "discard_bulk_run": ("DELETE", f"bulk-runs/{run_of(mine)}/", None),
        "revoke_api_token": ("DELETE", f"api-tokens/{mine.api_token.pk}/", None),
        "create_asset": ("POST", "assets/", {"name": "New", "owner": ada}),
        "edit_asset": ("PATCH", asset, {"name": "New"}),
        "delete_asset": ("DELETE", asset, None),
        "add_asset_owner": ("POST", f"{asset}owners/", {"user": local}),
        "remove_asset_owner": ("DELETE", f"{asset}owners/{local}/", None),
        "transfer_asset": ("POST", f"{asset}transfer/", {"giver": ada, "taker": local}),
        "dismiss_conflict": ("POST", f"{mia}dismiss/", None),
        "link_conflict": ("POST", f"{mia}link/", None),
        "move_conflict": ("POST", f"{theo}move/", None),
        "give_own_username": ("POST", f"{mia}own-username/", {"username": "newcomer"}),
        "add_members": ("POST", f"groups/{group}/members/", {"users": [local]}),
        "remove_member": ("DELETE", f"groups/{group}/members/{ada}/", None),
        "remove_members": ("POST", f"groups/{group}/members/remove/", {"users": [ada, mine.colleague.user_id]}),
        "edit_group": ("PATCH", f"groups/{group}/", {"name": "New"}),
        "delete_group": ("DELETE", f"groups/{group}/", None),
        "edit_identity_provider": ("PATCH", f"identity-providers/{idp}/", {"asks_before_adopting": True}),
        "delete_identity_provider": ("DELETE", f"identity-providers/{idp}/", None),
        "revoke_invitation": ("DELETE", f"invitations/{mine.invited.pk}/", None),
        "resend_invitation": ("POST", f"invitations/{mine.invited.pk}/resend/", None),
        "restore_run": ("POST", f"{log_run(mine)}restore/", None),
        "create_mapping": ("POST", "mappings/", {"sso_group": mine.declared.pk, "group": mine.shared.pk}),
        "delete_mapping": ("DELETE", f"mappings/{mine.sso_group.mappings.get(group=mine.shared).pk}/", None),
        "reconcile": ("POST", "reconciliation/", {"identity_provider": idp}),
        "create_scim_token": ("POST", "scim-tokens/", {"identity_provider": idp, "label": "directory"}),
        "revoke_scim_token": ("DELETE", f"scim-tokens/{mine.token.pk}/", None),
        "edit_scim_token": ("PATCH", f"scim-tokens/{mine.token.pk}/", {"is_read_only": True}),
        "create_scim_trust": (
            "POST",
            "scim-trusts/",
            {"identity_provider": idp, "key_set_url": "https://issuer.example/keys"},
        ),
        "check_scim_trust": ("POST", f"scim-trusts/{mine.trust.pk}/check/", {"assertion": "eyJ"}),
        "edit_scim_trust": ("PATCH", f"scim-trusts/{mine.trust.pk}/", {"subject": "new"}),
        "delete_scim_trust": ("DELETE", f"scim-trusts/{mine.trust.pk}/", None),
        "create_sso_connection": (
            "POST",
            "sso-connections/",
            {"identity_provider": idp, "protocol": "oidc", **oidc},
        ),
        "check_sso_connection": ("POST", f"sso-connections/{mine.saml.pk}/check/", None),
        "edit_sso_connection": ("PATCH", connection, {"client_id": "new"}),
        "delete_sso_connection": ("DELETE", connection, None),
        "disable_sso_connection": ("POST", f"{connection}disable/", None),
        "enable_sso_connection": ("POST", f"{connection}enable/", None),
        "declare_sso_group": ("POST", "sso-groups/", {"identity_provider": idp, "display_name": "Another"}),
        "withdraw_sso_group": ("DELETE", f"sso-groups/{mine.declared.pk}/", None),
        "delete_user_permanently": (
            "POST",
            f"support/disabled-users/{mine.disabled.pk}/delete-permanently/",
            deletion,
        ),
        "edit_user": ("PATCH", f"users/{local}/", {"first_name": "Ada", "email": "ada@example.test"}),
        "set_user_break_glass": ("PUT", f"users/{local}/break-glass/", {"is_break_glass": True}),
        "disable_user": ("POST", f"users/{ada}/disable/", None),
        "enable_user": ("POST", f"users/{mine.disabled.pk}/enable/", None),
        "end_user_sessions": ("POST", f"users/{ada}/end-sessions/", None),
        "end_user_session": ("DELETE", f"users/{ada}/sessions/{session_of(mine)}/", None),
        "decide_turned_away": ("POST", f"turned-away/{mine.turned_away['ada'].pk}/decide/", {"decision": "apply"}),
        "decide_all_turned_away": (
            "POST",
            f"identity-providers/{mine.idp.pk}/turned-away/decide/",
            {"decision": "apply"},
        ),
        "edit_brake": ("PATCH", f"identity-providers/{mine.idp.pk}/brake/", {"people": 50}),
        "release_brake": ("POST", f"identity-providers/{mine.idp.pk}/brake/release/", {}),
        "pause_identity_provider": ("POST", f"identity-providers/{mine.idp.pk}/pause/", None),
        "resume_identity_provider": ("POST", f"identity-providers/{mine.idp.pk}/resume/", None),
        "set_user_role": ("PUT", f"users/{ada}/role/", {"role": "support"}),
    }


def run_of(mine: Side, *, is_draft: bool = True) -> int:
    """A bulk action about this side's person."""
    return create_run(BulkRun.Kind.ENABLE, [Wanted(mine.disabled)], is_draft=is_draft, actor=OPERATOR).pk


def session_of(mine: Side) -> int:
    """Where this side's person is signed in."""
    key = signed_in(mine.user).session.session_key
    session: UserSession = UserSession.objects.create(user=mine.user, session_key=key, ip="192.0.2.1", user_agent="")
    return int(session.pk)


def log_run(mine: Side) -> str:
    """The address of the run of its last write."""
    entry = mine.idp.log.exclude(method="SIGN-IN").latest("pk")
    return f"identity-providers/{mine.idp.pk}/runs/{entry.pk}/"


def reads(mine: Side) -> dict[str, str]:
    """By operationId: what is asked of this side, its name given wherever a list can be told."""
    ada, group, idp = mine.user.pk, mine.group.pk, mine.idp.pk
    pair = f"sso_group={mine.sso_group.pk}&group={group}"
    elsewhere = f"sso_group={mine.sso_group.pk}&group={make_group('Elsewhere').pk}"
    shared = mine.sso_group.mappings.get(group=mine.shared).pk
    return {
        "list_api_tokens": f"api-tokens/?user={ada}",
        "get_api_token": f"api-tokens/{mine.api_token.pk}/",
        "list_bulk_rows": f"bulk-runs/{run_of(mine)}/rows/",
        "get_bulk_run": f"bulk-runs/{run_of(mine)}/",
        "get_asset": f"assets/{mine.asset.pk}/",
        "list_conflicts": f"conflicts/?identity_provider={idp}&user_name=mia",
        "get_conflict": f"conflicts/{mine.conflicts['mia'].pk}/",
        "list_members": f"groups/{group}/members/",
        "get_group": f"groups/{group}/",
        "get_identity_provider": f"identity-providers/{idp}/",
        "get_identity_provider_activity": f"identity-providers/{idp}/activity/",
        "list_completeness": f"identity-providers/{idp}/completeness/",
        "list_unknown_attributes": f"identity-providers/{idp}/unknown-attributes/",
        "get_invitation": f"invitations/{mine.invited.pk}/",
        "list_runs": f"identity-providers/{idp}/runs/?limit=1",
        "get_run": log_run(mine),
        "preview_restoring": f"{log_run(mine)}restore/",
        "list_mappings": f"mappings/?sso_group={mine.sso_group.pk}",
        "get_mapping": f"mappings/{mine.mapping.pk}/",
        "preview_mapping_removal": f"mappings/{shared}/preview-removal/",
        "list_previewed_users": f"mappings/preview/users/?{elsewhere}&moves=joins",
        "list_users_of_removal": f"mappings/{shared}/preview-removal/users/?moves=leaves",
        "preview_mapping": f"mappings/preview/?{pair}",
        "preview_reconciliation": f"reconciliation/?identity_provider={idp}",
        "get_policy": f"policy/?user={ada}",
        "list_provisioning_log": f"provisioning-log/?identity_provider={idp}",
        "list_scim_tokens": f"scim-tokens/?identity_provider={idp}",
        "get_scim_token": f"scim-tokens/{mine.token.pk}/",
        "list_scim_trusts": f"scim-trusts/?identity_provider={idp}",
        "get_scim_trust": f"scim-trusts/{mine.trust.pk}/",
        "list_sso_connections": f"sso-connections/?identity_provider={idp}",
        "get_sso_connection": f"sso-connections/{mine.oidc.pk}/",
        "list_sso_groups": f"sso-groups/?identity_provider={idp}&display_name=engineering",
        "get_sso_group": f"sso-groups/{mine.sso_group.pk}/",
        "list_sso_members": f"sso-groups/{mine.sso_group.pk}/members/",
        "list_sso_users": f"sso-users/?identity_provider={idp}&user_name=ada&external_id=00u1",
        "get_sso_user": f"sso-users/{mine.sso_user.pk}/",
        "preview_deletion": f"support/disabled-users/{mine.disabled.pk}/",
        "get_brake": f"identity-providers/{idp}/brake/",
        "list_turned_away": f"turned-away/?identity_provider={idp}&user={ada}",
        "get_turned_away": f"turned-away/{mine.turned_away['ada'].pk}/",
        "get_user": f"users/{ada}/",
        "list_user_groups": f"users/{ada}/groups/",
        "list_user_sessions": f"users/{ada}/sessions/",
        "get_user_differences": f"users/{ada}/differences/",
        "get_user_trail": f"users/{ada}/trail/",
    }


def operations() -> set[str]:
    document = yaml.load((settings.BASE_DIR / "docs/openapi.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    return {operation["operationId"] for methods in document["paths"].values() for operation in methods.values()}


def scripts() -> dict[str, Script]:
    """Of an owner, and of support for what it alone may do."""
    return {"owner": caller(make_owner()), "support": caller(make_support())}


def who(callers: dict[str, Script], path: str) -> Script:
    return callers["support" if path.startswith("support/") else "owner"]


def test_every_operation_has_a_case() -> None:
    mine = one_of_two(is_first=True)
    cases = [*writes(mine), *reads(mine), *NOBODYS]
    assert sorted(cases) == sorted(operations())


def prepared(mine: Side, name: str, request: Request, script: Script) -> Request:
    """With what it takes beforehand: another owner, a preview, a connection that is off."""
    method, path, body = request
    match name:
        case "remove_asset_owner":
            script.do("POST", f"assets/{mine.asset.pk}/owners/", {"user": mine.local.pk})
        case "enable_sso_connection":
            script.do("POST", f"sso-connections/{mine.oidc.pk}/disable/")
        case "set_user_break_glass":
            script.do("PUT", f"users/{mine.local.pk}/role/", {"role": "owner"})
        case "restore_run":
            body = {"fingerprint": script.read(path)["fingerprint"]}
        case "create_mapping":
            pair = f"sso_group={mine.declared.pk}&group={mine.shared.pk}"
            body = {**(body or {}), "fingerprint": script.read(f"mappings/preview/?{pair}")["fingerprint"]}
        case "reconcile":
            Membership.objects.filter(group=mine.group, user=mine.user).delete()
            seen = script.read(f"reconciliation/?identity_provider={mine.idp.pk}")["fingerprint"]
            body = {**(body or {}), "fingerprint": seen}
        case "delete_mapping":
            path = f"{path}?fingerprint={script.read(f'{path}preview-removal/')['fingerprint']}"
    return method, path, body


def refused(mine: Side, callers: dict[str, Script], *, others: Bystanders) -> Iterator[str]:
    """What was refused in this mode; nothing of the other side is touched by any."""
    for name, request in writes(mine).items():
        script = who(callers, request[1])
        with undone():
            answer = script.send(*prepared(mine, name, request, script))
            found = others.touched(all_rows())
        assert [line for line in found if not is_emptied(name, line)] == [], name
        assert answer.status_code in {200, 201, 204, 403}, (name, answer.content)
        if answer.status_code == 403:
            yield name


def is_emptied(name: str, line: str) -> bool:
    """A permanent deletion empties what is kept for minutes only, of everybody (R10)."""
    return name == "delete_user_permanently" and line.startswith("identity.ReceivedRequest")


@both
def test_what_is_done_to_one_sides_touches_nothing_of_the_others(is_first: bool) -> None:
    mine, callers, found = one_of_two(is_first=is_first), scripts(), {}
    for scim in (True, False):
        set_mode(scim=scim)
        found[scim] = set(refused(mine, callers, others=Bystanders(mine.other.roots)))
    # Mapped groups, and whom an identity provider manages, are changed there while SCIM is on; while it is off, both
    # sides are meant to differ.
    assert found == {True: {"add_members", "remove_member", "remove_members", "disable_user"}, False: {"reconcile"}}


@both
def test_what_is_asked_of_one_side_tells_nothing_of_the_other(is_first: bool) -> None:
    mine, callers = one_of_two(is_first=is_first), scripts()
    other, _ = mine.other, session_of(mine)
    words = [f".{other.name}", f"of {other.name}", f'"{other.name}"', str(other.sso_user.scim_id)]
    others = Bystanders(other.roots)
    for name, path in each(reads(mine).items(), at_least=20):
        answer = who(callers, path).get(path)
        assert answer.status_code == 200, (name, answer.content)
        told = answer.content.decode()
        assert [word for word in words if word in told] == [], name
        assert '"results":[]' not in told, name
        assert others.touched() == []
