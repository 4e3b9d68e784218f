"""The commands about people, groups, mappings and conflicts: what they show, find and refuse."""

from pathlib import Path

import pytest

from identity.core.encryption import unseal
from identity.models import AuditEvent, Conflict, Role, SSOConnection, SSOUser, Status
from identity.services import api_tokens
from tests.clients import new_idp
from tests.factories import (
    make_asset,
    make_break_glass,
    make_group,
    make_idp,
    make_user,
    map_group,
    members_of,
    provision,
    push_group,
    resend,
    set_mode,
)
from tests.portal.shell import answer, refusal, run
from tests.scim.helpers import PORTAL_USER, user_body

pytestmark = pytest.mark.django_db

NOT_FOUND, TAKEN, REFUSED, INVALID, OUTDATED = 3, 4, 5, 6, 7


def usernames(*options: str) -> list[str]:
    return [row["username"] for row in answer("list_users", *options)]


def test_list_users_narrows_by_everything_at_once() -> None:
    idp = make_idp()
    ada, _ben = provision(idp, "ada"), provision(idp, "ben", active=False)
    mia = make_user("mia", role=Role.SUPPORT)
    make_group("Builders", ada.user, mia)
    assert usernames() == ["ada", "ben", "mia"]
    assert usernames("--status", "disabled") == ["ben"]
    assert usernames("--role", "support") == ["mia"]
    assert usernames("--idp", "okta") == ["ada", "ben"]
    assert usernames("--idp", "none") == ["mia"]
    assert usernames("--group", "Builders", "--idp", "Okta") == ["ada"]
    assert usernames("--search", "MI") == ["mia"]
    assert refusal("list_users", "--group", "Nobody's") == (NOT_FOUND, "There is no group named Nobody's.")


def test_show_user_tells_why_everything_is_as_it_is() -> None:
    okta = new_idp("Okta")
    ada = okta.user("ada", emails=[{"value": "ada@example.test"}])
    okta.put(f"/Users/{ada['id']}", user_body("ada.king", emails=[{"value": "ada@example.test"}]))
    sso_user = SSOUser.objects.get()
    map_group(push_group(okta.provider, "Engineering", sso_user), make_group("Builders"))
    make_asset(sso_user.user, "Engine")
    shown = answer("show_user", "ada")
    assert [(group["name"], group["why"]) for group in shown["groups"]] == [
        ("Builders", "Through the SSO group Engineering (Okta)")
    ]
    assert shown["assets"] == ["Engine"]
    assert shown["identity_provider_says"][0] == {
        "attribute": "Username", "sent": "ada.king", "portal": "ada", "differs": True,
    }  # fmt: skip
    assert [line["action"] for line in shown["trail"]] == [
        *("asset.created", "group_mapping.created", "user.updated", "user.provisioned"),
    ]
    assert [line["joined"] for line in shown["trail"]] == [[], ["Builders"], [], []]
    assert shown["differences"][0].startswith("Username: Okta renamed this person to ada.king later.")
    assert [(line["method"], line["outcome"]) for line in shown["requests"]] == [("PUT", "partly"), ("POST", "applied")]
    assert "Created by the identity provider" in run("show_user", "ada")


def test_create_mapping_applies_exactly_what_was_looked_at() -> None:
    idp, group = make_idp(), make_group("Builders", make_user("lea"))
    push_group(idp, "Engineering", provision(idp))
    seen = answer("create_mapping", "Engineering", "Builders")
    assert (seen["joining"], seen["leaving"], seen["stays"]) == (["ada"], ["lea"], 0)
    run("add_members", "Builders", "ada")
    words = ("create_mapping", "Engineering", "Builders", "--yes", "--fingerprint")
    assert refusal(*words, seen["fingerprint"])[0] == OUTDATED
    assert members_of(group) == {"ada", "lea"}
    run(*words, answer("create_mapping", "Engineering", "Builders")["fingerprint"])
    assert members_of(group) == {"ada"}


def test_delete_mapping_of_the_last_one_keeps_everybody() -> None:
    idp, group = make_idp(), make_group()
    map_group(push_group(idp, "Engineering", provision(idp)), group)
    run("delete_mapping", "Engineering", "Builders", "--yes")
    assert members_of(group) == {"ada"}
    assert refusal("delete_mapping", "Engineering", "Builders")[0] == NOT_FOUND


def test_an_sso_group_of_two_providers_wants_to_be_named_in_full() -> None:
    okta, other = make_idp("Okta"), make_idp("Google")
    push_group(okta, "Sales")
    at_google = push_group(other, "Sales")
    make_group("Sales")
    code, sentence = refusal("create_mapping", "sales", "Sales")
    assert (code, "--idp" in sentence) == (INVALID, True)
    assert answer("create_mapping", "sales", "Sales", "--idp", "google")["sso_group"] == "Sales"
    assert answer("create_mapping", str(at_google.scim_id), "Sales")["sso_group"] == "Sales"


def test_members_of_a_mapped_group_are_the_identity_providers_matter() -> None:
    idp = make_idp()
    map_group(push_group(idp, "Engineering", provision(idp)), make_group())
    make_user("mia")
    assert refusal("add_members", "Builders", "mia")[0] == REFUSED
    assert refusal("remove_members", "Builders", "ada")[0] == REFUSED


def test_conflicts_are_listed_shown_and_decided() -> None:
    okta = new_idp("Okta")
    make_user("mia", email="mia@example.test")
    okta.post("/Users", user_body("mia", emails=[{"value": "mia@elsewhere.test"}]))
    [row] = answer("list_conflicts")
    assert (row["user_name"], row["reason"], row["state"]) == ("mia", "other_email", "open")
    ways = ["link_conflict", "give_own_username", "dismiss_conflict"]
    assert answer("show_conflict", str(row["id"]))["ways_out"] == ways
    assert refusal("move_conflict", str(row["id"]))[0] == REFUSED
    run("link_conflict", str(row["id"]))
    assert (answer("list_conflicts"), len(answer("list_conflicts", "--state", "approved"))) == ([], 1)
    assert okta.post("/Users", user_body("mia", emails=[{"value": "mia@elsewhere.test"}])).status_code == 201
    assert Conflict.objects.get().state == "resolved"


def test_whether_external_ids_identify_people_is_set() -> None:
    run("create_identity_provider", "Okta", "--kind", "okta")
    run("create_identity_provider", "Entra", "--kind", "entra", "--external-ids-identify", "on")
    run("edit_identity_provider", "Okta", "--external-ids-identify", "off")
    run("edit_identity_provider", "Entra", "--ask-first", "on")
    shown = {row["name"]: row["identifies_by_external_id"] for row in answer("list_identity_providers")}
    assert shown == {"Okta": False, "Entra": True}


def test_whether_nested_groups_are_refused_is_set() -> None:
    run("create_identity_provider", "Okta", "--refuse-nested-groups")
    assert answer("show_identity_provider", "Okta")["refuses_nested_groups"]
    run("edit_identity_provider", "Okta", "--ask-first", "on")
    assert answer("show_identity_provider", "Okta")["refuses_nested_groups"]
    run("edit_identity_provider", "Okta", "--refuse-nested-groups", "off")
    assert not answer("show_identity_provider", "Okta")["refuses_nested_groups"]


def test_a_newcomer_is_given_a_username() -> None:
    okta = new_idp("Okta")
    make_user("mia")
    newcomer = user_body("mia", emails=[{"value": "mia@elsewhere.test"}])
    okta.post("/Users", newcomer)
    [row] = answer("list_conflicts")
    assert refusal("give_own_username", str(row["id"]), "MIA")[0] == TAKEN
    run("give_own_username", str(row["id"]), "mia.two")
    assert answer("show_conflict", str(row["id"]))["own_username"] == "mia.two"
    assert okta.post("/Users", newcomer).json()[PORTAL_USER]["username"] == "mia.two"


def test_a_conflict_with_a_break_glass_account_can_only_be_dismissed() -> None:
    make_break_glass("glass")
    new_idp().post("/Users", user_body("glass"))
    [row] = answer("list_conflicts")
    assert answer("show_conflict", str(row["id"]))["ways_out"] == ["dismiss_conflict"]
    assert refusal("link_conflict", str(row["id"]))[0] == REFUSED


def test_set_mode_what_if_names_whom_it_would_touch_and_changes_nothing() -> None:
    idp = make_idp()
    ada = provision(idp)
    make_user("mia", password="a long enough password")
    set_mode(scim=False)
    run("disable_user", "ada")
    events = AuditEvent.objects.count()
    told = answer("set_mode", "--scim", "on", "--sso", "enforced", "--what-if")
    effects = {effect["effect"]: (effect["count"], effect["first"]) for effect in told["effects"]}
    assert (effects["follow_enable"], effects["locked_out"]) == ((1, ["ada"]), (1, ["mia"]))
    assert not {"follow_disable", "invitations"} & effects.keys()
    assert {"action": "set_status", "now": "yes", "then": "no"} in told["policy"]
    ada.user.refresh_from_db()
    assert (ada.user.status, AuditEvent.objects.count()) == (Status.DISABLED, events)


def test_edit_user_leaves_what_is_not_named() -> None:
    make_user("grace", first_name="Grace", last_name="Hopper")
    shown = answer("edit_user", "grace", "--last-name", "Murray", "--email", "")
    assert (shown["first_name"], shown["last_name"], shown["email"]) == ("Grace", "Murray", None)


def test_edit_user_refuses_the_email_of_whom_an_idp_manages() -> None:
    resend(provision(make_idp()))
    assert refusal("edit_user", "ada", "--email", "other@example.test")[0] == REFUSED


def test_transfer_asset_needs_its_owner() -> None:
    make_asset(make_user("mia"))
    make_user("lea")
    assert refusal("transfer_asset", "Wiki", "--from", "lea", "--to", "lea")[0] == REFUSED
    assert run("transfer_asset", "Wiki", "--from", "mia", "--to", "lea") == "Wiki is owned by lea.\n"
    assert run("transfer_asset", "Wiki", "--to", "mia", "--share") == "Wiki is owned by lea, mia.\n"
    assert run("transfer_asset", "Wiki", "--to", "mia") == "Wiki is owned by mia.\n"


def test_nobody_disabled_becomes_an_owner() -> None:
    make_asset(make_user("mia"))
    make_user("dan", status=Status.DISABLED)
    refused = (REFUSED, "dan is disabled: choose an active user.")
    assert refusal("create_asset", "Forge", "--owner", "dan") == refused
    for whose in ((), ("--share",), ("--from", "mia")):
        assert refusal("transfer_asset", "Wiki", "--to", "dan", *whose) == refused
    assert [row["owners"] for row in answer("list_assets")] == [["mia"]]


def test_show_identity_provider_tells_what_to_enter_there() -> None:
    new_idp("Okta").user("ada")
    shown = answer("show_identity_provider", "okta")
    assert shown["scim_base_url"].endswith("/scim/v2")
    assert (shown["users"], len(shown["tokens"]), "secret" in shown["tokens"][0]) == (1, 1, False)


def test_a_token_can_be_made_for_some_days() -> None:
    expires = answer("create_scim_token", "--idp", "Okta", "--days", "30")["expires_at"]
    assert expires is not None
    assert refusal("create_scim_token", "--idp", "Okta", "--days", "0")[0] == INVALID


def test_a_mismatch_report_lists_what_is_not_in_order(tmp_path: Path) -> None:
    make_user("ada", email="ada@example.test")
    make_user("ben", email="ben@example.test")
    make_user("cleo@example.test", email="cleo@example.test")
    file = tmp_path / "names.txt"
    file.write_text("ADA,ada@example.test\nbenjamin,ben@example.test\ncleo\nnew\n", encoding="utf-8")
    rows = answer("mismatch_report", str(file))
    assert [(row["user_name"], row["match"], row["username"]) for row in rows] == [
        ("benjamin", "same_email", "ben"),
        ("cleo", "prefix", "cleo@example.test"),
    ]
    assert [row["match"] for row in answer("mismatch_report", str(file), "--all")] == [
        "case", "same_email", "prefix", "none",
    ]  # fmt: skip


def test_a_mismatch_report_can_be_about_what_arrived() -> None:
    okta = new_idp("Okta")
    make_user("ada", email="ada@example.test")
    okta.post("/Users", user_body("ada.king", emails=[{"value": "ada@example.test"}]))
    [row] = answer("mismatch_report", "--idp", "Okta")
    assert (row["user_name"], row["match"], row["username"]) == ("ada.king", "same_email", "ada")
    assert "can't be read" in refusal("mismatch_report", "missing.txt")[1]


def test_api_tokens_are_made_listed_and_revoked() -> None:
    make_user("grace", role=Role.ADMINISTRATOR)
    secret = run("create_api_token", "grace", "--scope", "read", "--label", "report", "--days", "90").strip()
    token = api_tokens.find_api_token(secret)
    assert token is not None
    [row] = answer("list_api_tokens", "--user", "grace")
    assert (row["label"], row["scopes"], secret in str(row)) == ("report", ["read"], False)
    run("revoke_api_token", str(row["id"]))
    assert api_tokens.find_api_token(secret) is None
    assert refusal("revoke_api_token", str(row["id"]))[0] == NOT_FOUND


def test_an_sso_connection_is_set_up_offered_and_taken_away() -> None:
    make_idp("Okta", kind="okta")
    words = ("--issuer", "https://example.okta.com", "--client-id", "0oa", "--client-secret", "the client's secret")
    made = answer("create_sso_connection", "Okta", "oidc", *words)
    assert (made["is_enabled"], made["subject_claim"], made["groups_claim"]) == (False, "sub", "groups")
    assert made["addresses"]["Redirect URI"].endswith(f"/sso/{made['slug']}/callback/")
    assert "the client's secret" not in run("list_sso_connections", "--json")
    run("enable_sso_connection", made["slug"])
    edited = answer("edit_sso_connection", made["slug"], "--groups-claim", "roles")
    assert (edited["groups_claim"], edited["signs_in_at"]) == ("roles", "https://example.okta.com")
    assert unseal(SSOConnection.objects.get().client_secret) == "the client's secret"
    set_mode(sso=True)
    assert refusal("disable_sso_connection", made["slug"])[0] == REFUSED
    assert refusal("delete_sso_connection", made["slug"])[0] == REFUSED
    set_mode(sso=False)
    run("delete_sso_connection", made["slug"], "--yes")
    assert refusal("enable_sso_connection", made["slug"])[0] == NOT_FOUND


def test_creating_people_at_sign_in_wants_a_restriction() -> None:
    make_idp("Okta")
    words = ("--issuer", "https://example.okta.com", "--client-id", "0oa", "--client-secret", "s")
    assert refusal("create_sso_connection", "Okta", "oidc", *words, "--creates-users", "on")[0] == INVALID


def test_the_provisioning_log_is_listed_the_newest_first() -> None:
    okta, other = new_idp("Okta"), new_idp("Google")
    okta.user("ada")
    okta.post("/Users", user_body("ada"))
    other.user("ben")
    assert [row["outcome"] for row in answer("list_provisioning_log")] == ["applied", "refused", "applied"]
    assert [row["status"] for row in answer("list_provisioning_log", "--idp", "Okta")] == [409, 201]
    assert [row["code"] for row in answer("list_provisioning_log", "--outcome", "refused", "--since", "1h")] == [
        "taken"
    ]
    assert [row["method"] for row in answer("list_provisioning_log", "--user", "ben")] == ["POST"]


def test_the_policy_is_shown_with_the_mode() -> None:
    shown = answer("show_policy")
    assert shown["mode"] == "scim_on_sso_optional"
    rows = {row["action"]: row for row in shown["table"]}
    assert (rows["invite"]["scim_on_sso_enforced"], rows["invite"]["scim_on_sso_optional"]) == ("no", "yes")
    assert rows["delete_permanently"]["roles"] == ["support"]
