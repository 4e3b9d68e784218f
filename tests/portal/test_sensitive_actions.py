"""SR-11, SR-19: what gives power away, or can't be undone, asks for a fresh sign-in, on every door with a session.

All pages that change something, and all operations of the REST API that do, stand in one of two lists: whoever adds
one decides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from identity.core import totp
from identity.core.actors import Person
from identity.core.encryption import seal
from identity.models import (
    APIToken,
    BulkRun,
    Conflict,
    GroupMapping,
    Invitation,
    Role,
    ScheduledJob,
    SCIMToken,
    SecondFactor,
    SSOConnection,
    SSOGroup,
    Status,
    TurnedAway,
    User,
)
from identity.services import api_tokens, bulk_runs, invitations
from tests.clients import Script
from tests.factories import (
    OPERATOR,
    PASSWORD,
    everything,
    make_asset,
    make_delivery,
    make_group,
    make_idp,
    make_owner,
    make_rule,
    make_support,
    make_token,
    make_user,
    map_group,
    provision,
    push_group,
    sign_in_by_sso,
)
from tests.oauth.workloads import trust_of
from tests.passkeys import make_passkey, portal_at
from tests.sessions import check_that_it_renews, sign_in, signed_in

pytestmark = pytest.mark.django_db

SENSITIVE_PAGES = {
    *("user_change_role", "user_mark_break_glass", "user_clear_break_glass"),
    *("user_end_sessions", "user_end_session"),
    *("accesssettings_switch", "accesssettings_retention"),
    *("identityprovider_create_token", "identityprovider_delete", "scimtoken_revoke"),
    *("identityprovider_create_trust", "scimtoken_edit", "scimtrust_edit", "scimtrust_delete"),
    *("identityprovider_connect_oidc", "identityprovider_connect_saml"),
    *("ssoconnection_edit", "ssoconnection_enable", "ssoconnection_disable", "ssoconnection_delete"),
    *("conflict_link", "conflict_move", "identityprovider_restore_run"),
    *("identityprovider_brake", "identityprovider_release_brake"),
    *("webhook_add", "webhook_edit", "webhook_rotate_secret"),
    *("notificationrule_add", "notificationrule_edit"),
}
BY_ROW = {"user_edit_profile"}  # of oneself, and of whoever is above member
ORDINARY_PAGES = {
    *("user_invite", "user_resend_invitation", "user_revoke_invitation", "user_enable", "user_disable"),
    *("user_add_to_groups", "user_remove_from_group", "user_bulk_enable", "user_bulk_disable"),
    *("user_bulk_add_to_groups", "bulkrun_start", "bulkrun_continue", "bulkrun_discard"),
    *("invitation_import", "invitation_bulk_resend", "invitation_bulk_revoke", "apitoken_revoke"),
    *("asset_add", "asset_add_owner", "asset_edit", "asset_delete", "asset_remove_owner", "asset_transfer"),
    *("asset_bulk_transfer", "conflict_mismatch_report", "conflict_mismatch_report_csv"),
    *("conflict_dismiss", "conflict_own_username"),
    *("group_add", "group_add_members", "group_map_from", "group_edit", "group_delete", "group_remove_member"),
    *("groupmapping_unmap", "groupmapping_unmap_csv", "ssogroup_declare", "ssogroup_map", "ssogroup_withdraw"),
    *("ssogroup_apply_mapping", "ssogroup_apply_mapping_csv"),
    *("user_reconcile", "groupmapping_reconcile", "identityprovider_reconcile"),
    *("identityprovider_add", "identityprovider_set_up", "identityprovider_watch", "identityprovider_edit"),
    *("identityprovider_try", "identityprovider_self_test"),
    *("identityprovider_pause", "identityprovider_resume"),
    *("scheduledjob_run", "scimtrust_check", "identityprovider_runs", "identityprovider_run"),
    *("notificationrule_test", "notificationrule_delete"),
    *("turnedaway_decide", "identityprovider_decide_turned_away"),
    *("webhook_test", "webhook_enable", "webhook_disable", "webhook_delete", "webhookdelivery_redeliver"),
}

SENSITIVE_OPERATIONS = {
    *(
        "set_user_role",
        "set_user_break_glass",
        "end_user_sessions",
        "edit_access_settings",
        "create_api_token",
    ),
    *("end_user_session", "remove_own_second_step", "edit_retention"),
    *("edit_scim_token", "create_scim_trust", "edit_scim_trust", "delete_scim_trust"),
    *("create_scim_token", "revoke_scim_token", "delete_identity_provider", "delete_user_permanently"),
    *("create_sso_connection", "edit_sso_connection", "enable_sso_connection", "disable_sso_connection"),
    *("delete_sso_connection", "link_conflict", "move_conflict"),
    *("edit_brake", "release_brake"),
    *("create_webhook", "edit_webhook", "rotate_webhook_secret", "restore_run"),
    *("create_notification_rule", "edit_notification_rule"),
}
BY_ROW_OPERATIONS = {"edit_user"}
ORDINARY_OPERATIONS = {
    *("enable_user", "disable_user", "invite_user", "resend_invitation", "revoke_invitation", "revoke_api_token"),
    *("create_asset", "edit_asset", "delete_asset", "add_asset_owner", "transfer_asset", "remove_asset_owner"),
    *("create_group", "edit_group", "delete_group", "add_members", "remove_members", "remove_member"),
    *("create_mapping", "delete_mapping", "declare_sso_group", "withdraw_sso_group", "dismiss_conflict"),
    *("create_bulk_run", "start_bulk_run", "continue_bulk_run", "discard_bulk_run", "check_sso_connection"),
    *("check_scim_trust", "compare_user_names", "watch_identity_provider", "run_scheduled_job"),
    *("try_scim_request", "self_test_identity_provider"),
    *("give_own_username", "end_own_session", "end_own_other_sessions"),
    *("test_notification_rule", "delete_notification_rule", "set_own_notifications"),
    *("test_webhook", "enable_webhook", "disable_webhook", "delete_webhook", "redeliver_webhook"),
    *("decide_turned_away", "decide_all_turned_away"),
    *("create_identity_provider", "edit_identity_provider", "pause_identity_provider", "resume_identity_provider"),
    "reconcile",
}

TRACES = {"identity.AuditEvent", "identity.AuditOrigin", "identity.AuditPersonalData", "identity.Headcount"}

OWN_PAGES = ("/profile/second-step/", "/profile/api-tokens/new/", "/profile/passkeys/new/")
OWN_PAGES_WITH_A_SECOND_STEP = (
    "/profile/second-step/replace/",
    "/profile/second-step/codes/",
    "/profile/second-step/remove/",
    "/profile/passkeys/{passkey}/rename/",
    "/profile/passkeys/{passkey}/remove/",
)


@pytest.fixture
def world() -> dict[str, Any]:
    """One row of each kind, those that only some pages are for, and an owner who sees them all."""
    olga, mia = make_owner(), make_user("mia", password=PASSWORD)
    okta = make_idp("Okta", kind="okta")
    sign_in_by_sso(make_user("ada"), okta)
    make_token(okta)
    api_tokens.create_api_token(label="script", scopes=["read"], actor=Person(mia))
    invitations.invite_user(username="ivy", email="ivy@example.test", actor=OPERATOR)
    group = make_group("Builders", mia)
    bob = provision(okta, "bob")
    map_group(push_group(okta, "Engineering", bob), group)
    bulk_runs.create_run(BulkRun.Kind.DISABLE, [bulk_runs.Wanted(mia)], actor=Person(olga))
    said = {"user_name": "x", "user_name_key": "x"}
    delivery = make_delivery()
    rows = {
        "user": mia,
        "user_mark_break_glass": make_owner("otto", password=PASSWORD),
        "apitoken": APIToken.objects.get(),
        "asset": make_asset(mia),
        "bulkrun": BulkRun.objects.get(),
        "conflict": Conflict.objects.create(identity_provider=okta, user=mia, reason="other_email", **said),
        "conflict_move": Conflict.objects.create(
            identity_provider=make_idp("Entra"), user=bob.user, reason="other_provider", **said
        ),
        "group": group,
        "groupmapping": GroupMapping.objects.get(),
        "identityprovider": okta,
        "turnedaway": TurnedAway.objects.create(identity_provider=okta, resource_type="User", key="x", name="x"),
        "invitation": Invitation.objects.get(),
        "scimtoken": SCIMToken.objects.get(),
        "scimtrust": trust_of(okta),
        "ssoconnection": SSOConnection.objects.get(),
        "ssogroup": SSOGroup.objects.get(),
        "scheduledjob": ScheduledJob.objects.create(name="headcount", due_at=timezone.now()),
        "webhook": delivery.webhook,
        "notificationrule": make_rule(),
        "webhookdelivery": delivery,
    }
    return {"olga": olga, **rows}


# --- pages ---


def pages() -> dict[str, Any]:
    """By the name of their address: what changes something at the admin site."""
    get_resolver().url_patterns  # noqa: B018 - the site's pages are registered by then
    return {
        f"{model._meta.model_name}_{page.name}": page
        for model, model_admin in admin.site._registry.items()
        for page in getattr(model_admin, "pages", ())
    }


def test_every_page_is_sensitive_or_not() -> None:
    assert set(pages()) == SENSITIVE_PAGES | BY_ROW | ORDINARY_PAGES
    assert len(pages()) == len(SENSITIVE_PAGES) + len(BY_ROW) + len(ORDINARY_PAGES)


def page_address(name: str, world: dict[str, Any]) -> str:
    row = world.get(name) or world.get(name.partition("_")[0])
    args = () if pages()[name].of_list or row is None else (row.pk,)
    return reverse(f"admin:identity_{name}", args=args)


def asks_for_confirmation(answer: Any) -> bool:
    return bool(answer.status_code == 302 and answer["Location"].startswith("/confirm-password/"))


def test_exactly_the_sensitive_pages_ask_for_a_fresh_sign_in_and_do_nothing_before(world: dict[str, Any]) -> None:
    stale, fresh = signed_in(world["olga"], fresh=False), signed_in(world["olga"])
    before = everything()
    asking = {name for name in SENSITIVE_PAGES if asks_for_confirmation(stale.post(page_address(name, world), {}))}
    assert (asking, everything()) == (SENSITIVE_PAGES, before)
    there = {name: fresh.get(page_address(name, world)) for name in SENSITIVE_PAGES}
    assert not {name for name, page in there.items() if asks_for_confirmation(page)}
    assert {page.status_code for page in there.values()} <= {200, 302}  # a confirmation leads back by GET
    assert not {name for name in ORDINARY_PAGES if asks_for_confirmation(stale.get(page_address(name, world)))}


def test_the_access_settings_can_be_looked_at_without() -> None:
    """On paper for everybody who sees them: only the switch itself asks."""
    assert (
        signed_in(make_owner(), fresh=False).get("/admin/identity/accesssettings/switch/?scim=off").status_code == 200
    )


@pytest.mark.parametrize("role", Role.values)
def test_the_own_profile_and_those_above_member_are_edited_after_a_fresh_sign_in(role: str) -> None:
    olga, other = make_owner(), make_user("zoe", role=Role(role))
    stale = signed_in(olga, fresh=False)
    for user, asked in ((olga, True), (other, role != Role.MEMBER)):
        said = {"first_name": "", "last_name": "", "email": f"new-{user.pk}@example.test"}
        answer = stale.post(f"/admin/identity/user/{user.pk}/edit_profile/", said)
        assert asks_for_confirmation(answer) is asked
        assert User.objects.filter(email=said["email"]).exists() is not asked


def test_support_deletes_after_a_fresh_sign_in() -> None:
    dan = make_user("dan", status=Status.DISABLED)
    stale = signed_in(make_support(), fresh=False)
    assert asks_for_confirmation(stale.post(f"/admin/disabled-users/{dan.pk}/delete/", {}))


def test_ones_own_second_step_passkeys_and_tokens_ask_too() -> None:
    mia = make_user("mia", password=PASSWORD)
    stale = signed_in(mia, fresh=False)
    assert [where for where in OWN_PAGES if not asks_for_confirmation(stale.post(where, {}))] == []
    SecondFactor.objects.create(user=mia, secret=seal(totp.new_secret()))
    with portal_at():
        passkey = make_passkey(mia)
    fresh, before, back = signed_in(mia), everything(), []
    for where in OWN_PAGES_WITH_A_SECOND_STEP:
        address = where.format(passkey=passkey.pk)
        asked = stale.post(address, {"name": "Other"})
        assert asks_for_confirmation(asked), address
        back += parse_qs(urlsplit(asked["Location"]).query)["next"]
    assert everything() == before
    assert [page for page in back if fresh.get(page).status_code != 200] == []  # a confirmation leads back by GET


# --- REST, with a session ---


def operations() -> Iterator[tuple[str, str, str]]:
    """Each operation that changes something: its id, its method, its address as a pattern."""
    for prefix, pattern in _below(get_resolver().url_patterns):
        cls = getattr(pattern.callback, "cls", None)
        for method, action in getattr(pattern.callback, "actions", {}).items():
            declared = getattr(getattr(cls, action, None), "operation", None)
            if declared is not None and method not in {"get", "head"}:
                yield declared.id, method, f"/{prefix}{pattern.pattern}"


def _below(patterns: Any, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _below(pattern.url_patterns, f"{prefix}{pattern.pattern}")
        else:
            yield prefix, pattern


OPERATIONS = {id: (method, address) for id, method, address in operations()}


def call(browser: Client, id: str, pk: int = 1) -> Any:
    method, address = OPERATIONS[id]
    address = re.sub(r"<int:\w+>", str(pk), address)
    assert "<" not in address
    return Script(client=browser).send(method.upper(), address, {})


def asks_for_fresh(answer: Any) -> bool:
    return bool(answer.status_code == 403 and json.loads(answer.content)["code"] == "fresh_sign_in_required")


def test_every_operation_is_sensitive_or_not() -> None:
    assert set(OPERATIONS) == SENSITIVE_OPERATIONS | BY_ROW_OPERATIONS | ORDINARY_OPERATIONS
    assert len(OPERATIONS) == len(SENSITIVE_OPERATIONS) + len(BY_ROW_OPERATIONS) + len(ORDINARY_OPERATIONS)


def test_exactly_the_sensitive_operations_ask_for_a_fresh_sign_in_at_a_browser() -> None:
    stale, support = signed_in(make_owner(), fresh=False), signed_in(make_support(), fresh=False)
    browsers = dict.fromkeys(OPERATIONS, stale) | {"delete_user_permanently": support}
    before = everything_but_traces()
    asking = {id for id in SENSITIVE_OPERATIONS if asks_for_fresh(call(browsers[id], id))}
    assert (asking, everything_but_traces()) == (SENSITIVE_OPERATIONS, before)
    assert not {id for id in ORDINARY_OPERATIONS if asks_for_fresh(call(stale, id))}


def everything_but_traces() -> dict[str, Any]:
    """All rows but the trail, which tells of refusals as well."""
    return {label: rows for label, rows in everything().items() if label not in TRACES}


@pytest.mark.parametrize("role", Role.values)
def test_rest_edits_the_same_profiles_after_a_fresh_sign_in(role: str) -> None:
    olga, other = make_owner(), make_user("zoe", role=Role(role))
    stale = Script(client=signed_in(olga, fresh=False))
    for user, asked in ((olga, True), (other, role != Role.MEMBER)):
        answer = stale.patch(f"users/{user.pk}/", {"first_name": "New"})
        assert asks_for_fresh(answer) is asked
        assert User.objects.filter(pk=user.pk, first_name="New").exists() is not asked


# --- a confirmation renews the session's key ---


def by_password(client: Client) -> None:
    client.post("/confirm-password/", {"password": PASSWORD})


def by_a_new_password(client: Client) -> None:
    new = "seven purple lanterns"
    client.post("/password/change/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})


@pytest.mark.parametrize("confirm", [by_password, by_a_new_password])
def test_a_confirmation_renews_the_key_and_the_session_stays_listed(confirm: Callable[[Client], None]) -> None:
    mia, client = make_user("mia", password=PASSWORD), Client()
    sign_in(client=client)
    check_that_it_renews(client, mia, confirm)
