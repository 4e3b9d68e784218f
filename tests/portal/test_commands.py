"""The command line: the contract that scripts rely on (docs/design/rules.md), and how refusals end."""

import csv
import json
import os
import pty
import sys
import termios
from io import StringIO
from pathlib import Path

import pytest
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command, get_commands, load_command_class

from identity.core.decisions import Mode
from identity.models import (
    AccessSettings,
    AuditEvent,
    Conflict,
    DeletionRecord,
    Group,
    IdentityProvider,
    Invitation,
    ProvisioningLog,
    Role,
    SCIMToken,
    SSOGroup,
    SSOUser,
    Status,
    User,
)
from identity.services import scim_tokens
from tests import processes
from tests.clients import new_idp
from tests.factories import PASSWORD, make_user
from tests.loops import each
from tests.portal.shell import in_a_shell, refusal, run, shell_environment

NOT_FOUND, TAKEN, REFUSED, INVALID = 3, 4, 5, 6


# --- create_owner -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_create_owner_makes_a_break_glass_account_that_can_sign_in() -> None:
    run("create_owner", "--username", "ada", "--email", "ada@example.com", "--password", PASSWORD)
    owner = User.objects.get()
    assert (owner.username, owner.email, owner.role, owner.is_break_glass, owner.status) == (
        "ada", "ada@example.com", Role.OWNER, True, Status.ENABLED,
    )  # fmt: skip
    assert owner.check_password(PASSWORD)
    assert AuditEvent.objects.get().actor_label == "manage.py create_owner"


@pytest.mark.django_db
def test_create_owner_says_that_the_owner_exists_and_changes_nothing() -> None:
    owner = make_user("ada", role=Role.OWNER, password=PASSWORD)
    again = refusal("create_owner", "--username", "ADA", "--email", "", "--password", "another long password")
    assert again == (TAKEN, "ada exists already, with the role owner: nothing was changed.")
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)


@pytest.mark.django_db
def test_create_owner_refuses_a_weak_password() -> None:
    code, sentence = refusal("create_owner", "--username", "ada", "--email", "", "--password", "short")
    assert (code, sentence.startswith("Use at least 12 characters.")) == (INVALID, True)
    assert not User.objects.exists()


@pytest.mark.django_db
def test_create_owner_reads_the_password_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(f"{PASSWORD}\n"))
    run("create_owner", "--username", "ada", "--email", "", "--password", "-")
    assert User.objects.get().check_password(PASSWORD)


# --- SCIM tokens --------------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_create_scim_token_prints_only_the_token_on_standard_output(project: Path) -> None:
    done = in_a_shell(project, "create_scim_token", "--idp", "Okta", "--kind", "okta", "--label", "first")
    bearer = scim_tokens.find_bearer(done.stdout.removesuffix("\n"))
    assert (done.returncode, bearer is not None and bearer.token_id) == (0, SCIMToken.objects.get().pk)
    assert done.stderr.splitlines() == [
        "Created the identity provider Okta (Okta).",
        "Created the token “first” of Okta. It is shown only now:",
    ]


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "command",
    [
        ("create_scim_token", "--idp", "Okta"),
        ("edit_user", "olga", "--email", "olga@new.test"),
        ("invite_user", "ines", "--email", "ines@example.test"),
        ("create_api_token", "olga", "--scope", "read"),
    ],
    ids=lambda command: command[0],
)
def test_a_mail_that_is_printed_for_want_of_a_server_is_no_part_of_the_result(
    project: Path, command: tuple[str, ...]
) -> None:
    """Owners are told of a new token: a script that reads the token must not read the mail."""
    make_user("olga", role=Role.OWNER)
    done = in_a_shell(project, *command, EMAIL_URL="consolemail://")
    assert done.returncode == 0, done.stderr
    assert "Subject:" in done.stderr
    assert "Subject:" not in done.stdout
    assert len(done.stdout.splitlines()) <= 1


@pytest.mark.django_db
def test_create_scim_token_takes_the_identity_provider_of_that_name() -> None:
    first = run("create_scim_token", "--idp", "Okta", "--kind", "okta")
    second = run("create_scim_token", "--idp", "OKTA")
    assert first != second
    assert IdentityProvider.objects.get().kind == IdentityProvider.Kind.OKTA
    assert SCIMToken.objects.count() == 2


@pytest.mark.django_db
def test_list_scim_tokens_shows_whose_they_are_and_never_the_secret() -> None:
    secret = run("create_scim_token", "--idp", "Okta", "--label", "for production").strip()
    run("create_scim_token", "--idp", "Entra ID", "--label", "other")
    listed = run("list_scim_tokens", "--idp", "okta")
    assert "for production" in listed
    assert "other" not in listed
    assert secret not in listed


@pytest.mark.django_db
def test_revoke_scim_token_ends_it() -> None:
    secret = run("create_scim_token", "--idp", "Okta").strip()
    run("revoke_scim_token", str(SCIMToken.objects.get().pk))
    assert scim_tokens.find_bearer(secret) is None
    assert refusal("revoke_scim_token", "12345")[0] == NOT_FOUND


# --- roles and modes ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_set_role_changes_a_role() -> None:
    user = make_user("grace")
    assert run("set_role", "Grace", "administrator") == "grace has the role administrator.\n"
    user.refresh_from_db()
    assert user.role == Role.ADMINISTRATOR


@pytest.mark.django_db
def test_set_role_refuses_to_demote_the_last_owner() -> None:
    make_user("ada", role=Role.OWNER)
    assert refusal("set_role", "ada", "member")[0] == REFUSED
    assert refusal("set_role", "nobody", "member") == (NOT_FOUND, "There is no user named nobody.")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "mode", "printed"),
    [
        (["--scim", "off"], Mode(False, False), "SCIM is off and SSO is not enforced.\n"),
        (["--sso", "optional"], Mode(True, False), "SCIM is on and SSO is not enforced.\n"),
        (["--sso", "enforced", "--force"], Mode(True, True), "SCIM is on and SSO is enforced.\n"),
        (["--scim", "off", "--sso", "enforced", "--force"], Mode(False, True), "SCIM is off and SSO is enforced.\n"),
    ],
)  # fmt: skip
def test_set_mode_sets_what_is_given_and_prints_the_mode(options: list[str], mode: Mode, printed: str) -> None:
    assert run("set_mode", *options) == printed
    assert AccessSettings.objects.mode() == mode


@pytest.mark.django_db
def test_set_mode_can_always_open_the_passwords_again() -> None:
    run("set_mode", "--sso", "enforced", "--force")
    assert run("set_mode", "--sso", "optional") == "SCIM is on and SSO is not enforced.\n"


@pytest.mark.django_db
def test_set_mode_enforces_sso_without_proof_only_by_force() -> None:
    make_user("ada", role=Role.OWNER, is_break_glass=True)
    code, sentence = refusal("set_mode", "--sso", "enforced")
    assert (code, "--force" in sentence) == (REFUSED, True)
    assert AccessSettings.objects.mode() == Mode(True, False)


@pytest.mark.django_db
def test_set_mode_wants_to_be_told_something() -> None:
    assert refusal("set_mode")[0] == 2


# --- people -------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_disable_user_and_enable_user_follow_the_policy() -> None:
    make_user("mina")
    assert run("disable_user", "mina") == "mina is disabled.\n"
    assert run("enable_user", "mina") == "mina is enabled.\n"
    make_user("teller", managed_by=new_idp().provider)
    code, sentence = refusal("disable_user", "teller")
    assert (code, "identity provider" in sentence) == (REFUSED, True)


@pytest.mark.django_db
def test_delete_user_only_shows_what_would_happen_until_told() -> None:
    user, support = make_user("grace", status=Status.DISABLED), make_user("tobias", role=Role.SUPPORT)
    words = ("delete_user", "grace", "--as", "tobias", "--reason", "left")
    assert run(*words).endswith("Dry run, nothing was changed: Deleted grace for good.\n")
    assert User.objects.filter(pk=user.pk).exists()
    assert run(*words, "--yes").endswith("\nDeleted grace for good.\n")
    assert not User.objects.filter(pk=user.pk).exists()
    assert DeletionRecord.objects.get().deleted_by_id == support.pk


@pytest.mark.django_db
def test_delete_user_is_for_support_and_for_disabled_users() -> None:
    make_user("grace", status=Status.DISABLED)
    make_user("mia")
    make_user("tobias", role=Role.SUPPORT)
    assert refusal("delete_user", "grace", "--as", "mia", "--reason", "left", "--yes")[0] == REFUSED
    assert refusal("delete_user", "mia", "--as", "tobias", "--reason", "left", "--yes")[0] == REFUSED
    assert User.objects.count() == 3


@pytest.mark.django_db
def test_export_users_writes_csv_that_no_spreadsheet_runs() -> None:
    make_user("ada", email="ada@example.com", first_name='=HYPERLINK("x")', last_name="Lovelace")
    assert list(csv.DictReader(StringIO(run("export_users")))) == [
        {
            "username": "ada",
            "email": "ada@example.com",
            "first_name": '\'=HYPERLINK("x")',
            "last_name": "Lovelace",
            "status": "enabled",
            "role": "member",
            "managed_by": "",
            "last_active": "",
            "groups": "",
        }
    ]


@pytest.mark.django_db(transaction=True)
def test_import_users_invites_only_when_told(tmp_path: Path, mailoutbox: list[EmailMessage]) -> None:
    file = tmp_path / "people.csv"
    file.write_text("username,email,first_name\nzoë,zoe@example.com,Zoë\nmia,mia@example.com,\n", encoding="utf-8")
    assert run("import_users", str(file)) == "Dry run, nothing was changed: Invited 2 of 2 people.\n"
    assert (User.objects.count(), len(mailoutbox)) == (0, 0)
    assert run("import_users", str(file), "--yes") == "Invited 2 of 2 people.\n"
    assert (User.objects.with_status(Status.INVITED).count(), len(mailoutbox)) == (2, 2)


@pytest.mark.django_db
def test_import_users_names_the_lines_that_are_refused(tmp_path: Path) -> None:
    make_user("mia")
    file = tmp_path / "people.csv"
    file.write_text("username,email\nmia,other@example.com\nnew,new@example.com\n", encoding="utf-8")
    told = StringIO()
    with pytest.raises(CommandError, match="1 line was refused"):
        call_command("import_users", str(file), "--yes", stdout=StringIO(), stderr=told)
    assert told.getvalue().startswith("line 2, mia: ")
    assert User.objects.with_status(Status.INVITED).get().username == "new"


@pytest.mark.django_db
def test_import_users_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    assert "can't be read" in refusal("import_users", str(file))[1]
    file.write_text("name\nmia\n", encoding="utf-8")
    assert "has no column email and no column username" in refusal("import_users", str(file))[1]


def test_every_command_explains_itself_with_an_example() -> None:
    ours = [name for name, app in get_commands().items() if app == "portal" and name not in {"first_start", "migrate"}]
    for name in each(ours, at_least=30):
        page = load_command_class("portal", name).create_parser("manage.py", name).format_help()
        assert f"examples:\n  manage.py {name}" in page or f"manage.py {name} " in page.partition("examples:")[2]


# --- the demo company ---------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_demo_fills_an_empty_portal_with_a_company() -> None:
    make_user("owner", role=Role.OWNER, is_break_glass=True)
    printed = run("demo")
    administrator = User.objects.get(role=Role.ADMINISTRATOR, managed_by=None)
    assert administrator.username in printed
    assert SSOUser.objects.count() == 117
    assert SSOGroup.objects.exclude(mappings=None).distinct().count() == 4
    assert set(Group.objects.mapped().values_list("name", flat=True)) == {"Engineers", "Sales", "Payment approvers"}
    assert set(Conflict.objects.open().values_list("user_name", flat=True)) == {
        "olivia.chen", "idan.peretz", "samuel.adjei",
    }  # fmt: skip
    assert {*User.objects.values_list("status", flat=True)} == {*Status.values}
    assert Invitation.objects.pending().count() == 3
    assert {*ProvisioningLog.objects.values_list("outcome", flat=True)} >= {"applied", "partly", "refused"}
    assert_time_has_passed()


def assert_time_has_passed() -> None:
    """Rows lie where the story put them: five weeks of days, in order, none in the future."""
    moments = list(AuditEvent.objects.order_by("pk").values_list("at", flat=True))
    assert moments == sorted(moments)
    assert (moments[-1] - moments[0]).days >= 35
    managed = User.objects.exclude(managed_by=None)
    assert managed.filter(last_active=None).exists()
    assert managed.exclude(last_active=None).exists()


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_demo_leaves_a_portal_alone_that_is_in_use(project: Path) -> None:
    make_user("mia")
    done = in_a_shell(project, "demo")
    assert (done.returncode, done.stdout) == (0, "")
    assert "in use already" in done.stderr
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_demo_wants_scim_switched_on() -> None:
    run("set_mode", "--scim", "off")
    assert "needs SCIM on" in refusal("demo")[1]


@pytest.mark.django_db
def test_export_users_as_json_says_the_same() -> None:
    make_user("ada", first_name="=Ada")
    [row] = json.loads(run("export_users", "--json"))
    assert (row["username"], row["first_name"], row["status"]) == ("ada", "=Ada", "enabled")


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_progress_is_shown_on_a_terminal_and_never_in_the_result(project: Path) -> None:
    make_user("ada")
    mine, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    command = [sys.executable, "manage.py", "export_users"]
    export = processes.run(command, cwd=project, environment=shell_environment(), stderr=theirs, check=True)
    shown = os.read(mine, 10_000).decode()
    for end in (mine, theirs):
        os.close(end)
    assert [line["username"] for line in csv.DictReader(StringIO(export.stdout))] == ["ada"]
    assert "0/1" in shown
    assert in_a_shell(project, "export_users").stderr == ""


@pytest.mark.django_db(transaction=True)
def test_a_list_that_nobody_reads_to_the_end_ends_quietly(project: Path) -> None:
    for number in range(2000):
        make_user(f"user{number:04}")
    command = [sys.executable, "manage.py", "list_users", "--json"]
    with processes.started(command, cwd=project, environment=shell_environment(), reads=True) as listing:
        assert "user0000" in listing.read_line()
        listing.hang_up()
        assert (listing.exit_code(), listing.log) == (0, "")
