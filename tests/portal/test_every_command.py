"""What all commands promise: a dry run that changes nothing, `--json`, and refusals that scripts can read."""

import csv
import json
import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command, get_commands, load_command_class

from identity.events import Event
from identity.models import AuditEvent, BulkRun, Conflict, Role, Status
from identity.services.bulk_runs import Wanted, create_run
from portal.management.operator_command import ChangingCommand, DestroyingCommand, ListCommand
from portal.session.sessions import sessions_of
from tests.clients import idp_of
from tests.factories import (
    OPERATOR,
    everything,
    make_asset,
    make_break_glass,
    make_group,
    make_idp,
    make_owner,
    make_support,
    make_user,
    map_group,
    provision,
    push_group,
)
from tests.portal.shell import answer, refusal, run
from tests.scim.helpers import user_body
from tests.sessions import sign_in

# Each changing command with arguments that succeed in the company below.
ACTS: dict[str, tuple[str, ...]] = {
    "add_members": ("Crafts", "mia", "noa"),
    "create_api_token": ("olga", "--scope", "read"),
    "create_asset": ("Billing dashboard", "--owner", "ada"),
    "continue_bulk_run": ("RUN",),
    "create_bulk_run": ("disable", "mia", "noa"),
    "create_group": ("Painters",),
    "create_identity_provider": ("Entra ID", "--kind", "entra"),
    "create_mapping": ("Design", "Crafts"),
    "create_owner": ("--username", "olaf", "--email", "", "--password", "correct horse battery staple"),
    "create_scim_token": ("--idp", "Okta"),
    "create_sso_connection": (
        "Okta",
        "oidc",
        "--issuer",
        "https://example.okta.com",
        "--client-id",
        "0oa",
        "--client-secret",
        "hidden",
    ),
    "declare_sso_group": ("Sales", "--idp", "Okta"),
    "delete_asset": ("Wiki",),
    "delete_group": ("Builders",),
    "delete_identity_provider": ("Okta",),
    "delete_mapping": ("Engineering", "Builders"),
    "delete_sso_connection": ("CONNECTION",),
    "delete_user": ("gone", "--as", "sue", "--reason", "left in May"),
    "discard_bulk_run": ("RUN",),
    "disable_sso_connection": ("CONNECTION",),
    "disable_user": ("mia",),
    "dismiss_conflict": ("CONFLICT",),
    "edit_asset": ("Wiki", "--kind", "site"),
    "edit_group": ("Crafts", "--name", "Arts"),
    "edit_identity_provider": ("Okta", "--ask-first", "on"),
    "edit_sso_connection": ("CONNECTION", "--groups-claim", "roles"),
    "edit_user": ("mia", "--first-name", "Mia", "--email", "mia@elsewhere.test"),
    "enable_sso_connection": ("UNUSED",),
    "enable_user": ("gone",),
    "end_session": ("mia", "SESSION"),
    "end_sessions": ("mia",),
    "give_own_username": ("CONFLICT", "mia.new"),
    "invite_user": ("zoë", "--email", "zoe@example.test"),
    "link_conflict": ("CONFLICT",),
    "move_conflict": ("MOVE",),
    "remove_asset_owner": ("Shared", "mia"),
    "remove_members": ("Crafts", "lea"),
    "resend_invitation": ("ines",),
    "reseal_secrets": (),
    "reset_second_factor": ("mia",),
    "revoke_api_token": ("API_TOKEN",),
    "revoke_invitation": ("ines",),
    "revoke_scim_token": ("TOKEN",),
    "set_break_glass": ("olga", "on"),
    "set_mode": ("--scim", "off"),
    "set_role": ("mia", "support"),
    "transfer_asset": ("Wiki", "--from", "mia", "--to", "lea"),
    "watch_identity_provider": ("Okta",),
    "withdraw_sso_group": ("Announced",),
}

# Lists of something that is named.
OF: dict[str, tuple[str, ...]] = {
    "list_bulk_rows": ("RUN",),
    "preview_mapping": ("Design", "Crafts"),
    "list_members": ("Crafts",),
    "list_moves": ("EVENT",),
    "list_received_requests": ("Google",),
    "list_sessions": ("mia",),
}

NEVER_EMPTY = {"list_attention", "list_headcounts"}

# Told apart: they have tests of their own, since they need a file or an empty portal.
ELSEWHERE = {"import_users", "replay"}


def commands_of(kind: type) -> list[str]:
    names = [name for name, app in get_commands().items() if app == "portal"]
    return sorted(name for name in names if isinstance(load_command_class("portal", name), kind))


LISTS = [name for name in commands_of(ListCommand) if name != "mismatch_report"]


@pytest.fixture
def company() -> dict[str, str]:
    """One of everything; the ids that arguments stand for."""
    owner = make_owner()
    make_support()
    make_break_glass()
    mia = make_user("mia", password="a long enough password")
    make_user("noa")
    lea = make_user("lea")
    make_user("gone", status=Status.DISABLED)
    make_user("left", status=Status.DISABLED)
    run("delete_user", "left", "--as", "sue", "--reason", "left in April", "--yes")
    run("invite_user", "ines", "--email", "ines@example.test")
    okta, other = make_idp("Okta"), make_idp("Google")
    ada, ben = provision(okta), provision(other, "ben")
    map_group(push_group(okta, "Engineering", ada), make_group("Builders"))
    push_group(okta, "Design", ada)
    make_group("Crafts", lea)
    run("declare_sso_group", "Announced", "--idp", "Okta")
    make_asset(mia)
    make_asset(mia, "Shared")
    run("transfer_asset", "Shared", "--to", "noa", "--share")
    run("watch_identity_provider", "Google")
    idp_of(other).get("/Users")
    pushed = idp_of(okta)
    pushed.post("/Users", user_body("mia", emails=[{"value": "mia@elsewhere.test"}]))
    pushed.post("/Users", user_body("ben", emails=[{"value": str(ben.email)}]))
    run("create_api_token", "olga", "--scope", "read")
    connection, unused = (answer(*arguments_of("create_sso_connection", {}))["slug"] for _ in range(2))
    run("enable_sso_connection", connection)
    sign_in("mia", "a long enough password")
    return {
        "TOKEN": str(okta.scim_tokens.get().pk),
        "API_TOKEN": str(owner.api_tokens.get().pk),
        "CONNECTION": connection,
        "UNUSED": unused,
        "CONFLICT": str(Conflict.objects.get(user=mia).pk),
        "RUN": str(create_run(BulkRun.Kind.DISABLE, [Wanted(mia)], is_draft=True, actor=OPERATOR).pk),
        "SESSION": str(sessions_of(mia)[0].pk),
        "EVENT": str(AuditEvent.objects.get(action=Event.GROUP_MAPPING_CREATED).pk),
        "MOVE": str(Conflict.objects.get(user=ben.user).pk),
    }


def arguments_of(name: str, company: dict[str, str]) -> list[str]:
    return [name, *(company.get(argument, argument) for argument in (ACTS | OF).get(name, ()))]


def test_the_table_names_every_changing_command() -> None:
    assert set(commands_of(ChangingCommand)) == {*ACTS, *ELSEWHERE}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ACTS)
def test_a_dry_run_says_what_the_real_one_says_and_changes_nothing(name: str, company: dict[str, str]) -> None:
    arguments = arguments_of(name, company)
    destroys = name in commands_of(DestroyingCommand)
    before = everything()
    told = run(*arguments) if destroys else run(*arguments, "--dry-run")
    assert everything() == before
    done = run(*arguments, "--yes") if destroys else run(*arguments)
    assert without_secrets(name, told.replace("Dry run, nothing was changed: ", "")) == without_secrets(name, done)
    assert "Dry run" in told
    assert everything() != before


def without_secrets(name: str, printed: str) -> str:
    """A token, and the name of a connection, is another one each time."""
    if name == "create_sso_connection":
        return re.sub(r"other-[0-9a-f]{8}", "other-…", printed)
    return printed[:6] if name in {"create_scim_token", "create_api_token"} else printed


@pytest.mark.django_db
@pytest.mark.parametrize("name", ACTS)
def test_json_is_one_document_and_marks_a_dry_run(name: str, company: dict[str, str]) -> None:
    destroys = name in commands_of(DestroyingCommand)
    arguments = arguments_of(name, company)
    assert answer(*arguments, *([] if destroys else ["--dry-run"]))["dry_run"] is True
    assert "dry_run" not in answer(*arguments, *(["--yes"] if destroys else []))


@pytest.mark.django_db
@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_a_table_for_people_and_an_array_for_machines(name: str, company: dict[str, str]) -> None:
    rows: list[dict[str, Any]] = answer(*arguments_of(name, company))
    heading, *lines = run(*arguments_of(name, company)).splitlines()
    assert len(rows) == len(lines) > 0
    assert heading.split() == " ".join(rows[0]).replace("_", " ").upper().split()


@pytest.mark.django_db
@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_a_file_for_spreadsheets(name: str, company: dict[str, str]) -> None:
    rows: list[dict[str, Any]] = answer(*arguments_of(name, company))
    heading, *lines = csv.reader(StringIO(run(*arguments_of(name, company), "--csv")))
    assert (heading, len(lines)) == ([*rows[0]], len(rows))


def test_a_list_is_json_or_csv() -> None:
    assert refusal("list_users", "--json", "--csv") == (2, "Say --json or --csv, not both.")


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted({*LISTS} - {*OF, *NEVER_EMPTY}))
def test_a_list_of_nothing_is_an_empty_array(name: str) -> None:
    assert answer(name) == []
    assert run(name) == ""


@pytest.mark.django_db
def test_a_refusal_in_json_names_its_code_and_keeps_the_exit_code() -> None:
    make_user("ada", role=Role.OWNER)
    told = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("set_role", "ada", "member", "--json", stdout=StringIO(), stderr=told)
    error = json.loads(told.getvalue())["error"]
    assert (ended.value.code, error["code"]) == (5, "last_enabled_owner")
    assert error["sentence"].startswith("This is the last enabled owner")


@pytest.mark.django_db
def test_a_dry_run_is_refused_as_the_real_run_would_be() -> None:
    make_user("grace")
    make_support()
    assert refusal("delete_user", "grace", "--as", "sue", "--reason", "left")[0] == 5


@pytest.mark.django_db
def test_what_an_idp_sends_can_not_steer_the_terminal() -> None:
    """A right-to-left mark or an escape in a name is shown as a question mark (SR-28)."""
    provision(make_idp(), "ada", first_name="A\u202eda")
    assert "A?da" in run("show_user", "ada")
