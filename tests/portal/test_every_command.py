"""What all commands promise: a dry run that changes nothing, `--json`, and refusals that scripts can read."""

import csv
import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest

from identity.events import Event
from identity.models import AuditEvent, BulkRun, Conflict, ProvisioningLog, Status
from identity.services import unknown_attributes
from identity.services.bulk_runs import Wanted, create_run
from portal.management.operator_command import ChangingCommand, DestroyingCommand
from portal.session.sessions import sessions_of
from tests import clock
from tests.clients import idp_of
from tests.factories import (
    OPERATOR,
    PASSWORD,
    deprovision,
    everything,
    make_alarm,
    make_asset,
    make_break_glass,
    make_delivery,
    make_group,
    make_idp,
    make_owner,
    make_rule,
    make_support,
    make_user,
    make_webhook,
    map_group,
    provision,
    push_group,
    set_mode,
)
from tests.interruptions import failing
from tests.kept import kept_for_the_module
from tests.oauth.workloads import trust_of
from tests.portal.commands import ACTS, ELSEWHERE, LISTS, OF, commands_of
from tests.portal.shell import answer, refusal, run
from tests.scim.helpers import user_body
from tests.sessions import sign_in


@pytest.fixture(scope="module")
def _company(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, str]]:
    with kept_for_the_module(django_db_blocker):
        yield one_of_everything()


@pytest.fixture
def company(_company: dict[str, str], db: None) -> dict[str, str]:
    """One of everything; the ids that arguments stand for."""
    return _company


def one_of_everything() -> dict[str, str]:
    with clock.ago(days=1):  # first: ids follow the time
        okta, other = make_idp("Okta"), make_idp("Google")
        eve = provision(okta, "eve")
    owner = make_owner(password=PASSWORD)
    make_support()
    make_break_glass()
    mia = make_user("mia", password="a long enough password")
    make_user("noa")
    lea = make_user("lea")
    make_user("gone", status=Status.DISABLED)
    make_user("left", status=Status.DISABLED)
    run("delete_user", "left", "--as", "sue", "--reason", "left in April", "--yes")
    run("invite_user", "ines", "--email", "ines@example.test")
    ada, ben = provision(okta), provision(other, "ben")
    deprovision(eve)
    map_group(push_group(okta, "Engineering", ada), make_group("Builders"))
    run("set_mode", "--scim", "off")
    run("remove_members", "Builders", "ada")
    run("set_mode", "--scim", "on", "--keep")
    push_group(okta, "Design", ada)
    make_group("Crafts", lea)
    run("declare_sso_group", "Announced", "--idp", "Okta")
    make_asset(mia)
    make_asset(mia, "Shared")
    run("transfer_asset", "Shared", "--to", "noa", "--share")
    run("watch_identity_provider", "Google")
    unknown_attributes.note(other.pk, {("User", "costCode")})
    run("run_scheduled_job", "headcount")
    idp_of(other).get("/Users")
    idp_of(other).post("/Users", user_body("uma", shoeSize=42))
    pushed = idp_of(okta)
    pushed.post("/Users", user_body("mia", emails=[{"value": "mia@elsewhere.test"}]))
    pushed.post("/Users", user_body("ben", emails=[{"value": str(ben.email)}]))
    set_mode(scim=False)
    pushed.delete(f"/Users/{ada.scim_id}")
    set_mode()
    run("pause_identity_provider", "Google")
    run("create_api_token", "olga", "--scope", "read")
    connection, unused = (answer(*arguments_of("create_sso_connection", {}))["slug"] for _ in range(2))
    run("enable_sso_connection", connection)
    make_alarm()
    make_webhook("Old SIEM")
    run("disable_webhook", "Old SIEM")
    sign_in("mia", "a long enough password")
    return {
        "TOKEN": str(okta.scim_tokens.get().pk),
        "TRUST": str(trust_of(okta).pk),
        "API_TOKEN": str(owner.api_tokens.get().pk),
        "CONNECTION": connection,
        "UNUSED": unused,
        "CONFLICT": str(Conflict.objects.get(user=mia).pk),
        "RUN": str(create_run(BulkRun.Kind.DISABLE, [Wanted(mia)], is_draft=True, actor=OPERATOR).pk),
        "RULE": str(make_rule().pk),
        "DELIVERY": str(make_delivery(make_webhook()).pk),
        "SESSION": str(sessions_of(mia)[0].pk),
        "EVENT": str(AuditEvent.objects.get(action=Event.GROUP_MAPPING_CREATED).pk),
        "WRITE": str(ProvisioningLog.objects.get(what="removed").pk),
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
    assert everything() != before, done


def without_secrets(name: str, printed: str) -> str:
    """A token, and the name of a connection or a client, is another one each time."""
    if name == "create_scim_trust":
        return re.sub(r"[0-9a-f-]{36}", "…", printed)
    if name == "create_sso_connection":
        return re.sub(r"other-[0-9a-f]{8}", "other-…", printed)
    shows_secret = {"create_scim_token", "create_api_token", "create_webhook", "rotate_webhook_secret"}
    return printed[:6] if name in shows_secret else printed


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


@pytest.mark.django_db
@pytest.mark.parametrize("name", [*ACTS, *LISTS])
def test_a_database_that_does_not_answer_is_said_in_a_sentence(name: str, company: dict[str, str]) -> None:
    destroys = name in commands_of(DestroyingCommand)
    with failing(""):
        code, sentence = refusal(*arguments_of(name, company), *(["--yes"] if destroys else []))
    assert code == 69
    assert sentence.startswith("The database does not answer (")
    assert sentence.endswith("Start it, or set DATABASE_URL to where it is.")


def test_a_list_is_json_or_csv() -> None:
    assert refusal("list_users", "--json", "--csv") == (2, "Say --json or --csv, not both.")
