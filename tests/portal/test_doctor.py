"""`manage.py doctor`: content with a portal in order, and for each thing that is not, what to do."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from identity.db.permanence import install_triggers, remove_triggers
from identity.models import Asset, Membership, Status, User
from identity.services import schedule
from portal.doctor import examine
from portal.doctor.findings import counted
from portal.schedule.jobs import JOBS
from tests import clock
from tests.clients import idp_of, new_idp
from tests.factories import (
    make_break_glass,
    make_group,
    make_idp,
    make_token,
    make_user,
    map_group,
    provision,
    push_group,
    set_mode,
    use_token,
)
from tests.portal.conftest import queued
from tests.portal.shell import in_a_shell, run
from tests.portal.smtp import MailServer, listening
from tests.scim.helpers import user_body

# The databases of the tests do not sync (tests/settings.py, tests/postgres.py), which the doctor rightly finds; in a
# process of its own it has the portal's settings, and SQLite's are safe.
NOT_SYNCED = "durability"
FOUND_IN_A_SHELL = int(connection.vendor == "postgresql")


def in_order() -> None:
    """Somebody can open the portal, and its schedule has begun."""
    make_break_glass()
    schedule.prepare(JOBS)


def mends() -> dict[str, tuple[str, str]]:
    """What is not in order: by check, what is said and how to mend it."""
    found = {one.check: (one.sentence, one.mend) for one in examine() if not one.is_fine}
    assert NOT_SYNCED in found
    return {
        check: told for check, told in found.items() if not check.startswith("configuration") and check != NOT_SYNCED
    }


@pytest.mark.django_db(transaction=True)
def test_it_is_content_with_a_portal_in_order(project: Path) -> None:
    in_order()
    new_idp("Okta").get("/Users")
    with listening(MailServer()) as server:
        environment = {"PUBLIC_URL": "https://127.0.0.1:1", "EMAIL_URL": server.url}
        done = in_a_shell(project, "doctor", **environment)
        told = json.loads(in_a_shell(project, "doctor", "--json", **environment).stdout)
    assert (done.returncode, done.stdout.count("!!")) == (FOUND_IN_A_SHELL, FOUND_IN_A_SHELL), done.stdout
    assert "ok  The configuration passes all checks." in done.stdout
    assert "ok  Okta was last heard of at" in done.stdout
    assert f"ok  The mail server 127.0.0.1:{server.port} answers." in done.stdout
    assert told["attention"] == FOUND_IN_A_SHELL
    to_mend = [finding["check"] for finding in told["findings"] if finding["status"] == "attention"]
    assert to_mend == [NOT_SYNCED] * FOUND_IN_A_SHELL


@pytest.mark.django_db
def test_it_ends_with_1_and_says_how_to_mend_an_empty_portal() -> None:
    with pytest.raises(CommandError, match="lines need attention") as caught:
        run("doctor")
    assert caught.value.returncode == 1
    assert {"owners", "break_glass", "schedule"} == set(mends())
    assert "create_owner" in mends()["owners"][1]


@pytest.mark.once
def test_a_configuration_that_is_not_fit_for_production_is_named(project: Path) -> None:
    done = in_a_shell(project, "doctor", PUBLIC_URL="http://portal.example.com", DATABASE_URL="sqlite:///:memory:")
    assert done.returncode == 1
    assert "!!  PUBLIC_URL is not https.\n    → Put a TLS proxy in front." in done.stdout
    assert "migrations wait to be applied.\n    → Run `manage.py migrate`." in done.stdout


@pytest.mark.once
def test_a_database_that_is_away_is_a_finding(project: Path) -> None:
    done = in_a_shell(project, "doctor", DATABASE_URL="postgres://nobody@127.0.0.1:1/none")
    assert done.returncode == 1
    assert "!!  The database does not answer (OperationalError).\n    → Start it, or set DATABASE_URL" in done.stdout


@pytest.mark.django_db
def test_missing_triggers_are_missed_and_the_mend_mends() -> None:
    in_order()
    remove_triggers(connection)
    sentence, mend = mends()["triggers"]
    assert sentence.startswith("9 triggers are missing")
    assert "remove_triggers(connection); install_triggers(connection)" in mend
    remove_triggers(connection)
    install_triggers(connection)
    assert mends() == {}


@pytest.mark.django_db
def test_an_identity_provider_that_stopped_calling_is_silent() -> None:
    in_order()
    secret = make_token(make_idp("Okta"))
    assert "has never sent anything" in mends()["silence"][0]
    for days in range(39, 3, -1):
        with clock.ago(days=days):
            use_token(secret)
    assert "last heard of" in mends()["silence"][0]


@pytest.mark.django_db
def test_an_identity_provider_that_stopped_long_ago_is_silent() -> None:
    in_order()
    secret = make_token(make_idp("Okta"))
    with clock.ago(weeks=20):
        use_token(secret)
    assert "last heard of" in mends()["silence"][0]


@pytest.mark.django_db
def test_a_token_about_to_expire_is_told_before_it_does() -> None:
    in_order()
    run("create_scim_token", "--idp", "Okta", "--days", "10")
    assert mends()["tokens"][0].startswith("1 SCIM token has")


@pytest.mark.django_db
def test_conflicts_and_expired_invitations_wait_for_somebody() -> None:
    in_order()
    okta = new_idp("Okta")
    okta.post("/Users", user_body("glass"))
    make_user("ines", status=Status.INVITED)
    assert set(mends()) == {"conflicts", "expired_invitations"}


@pytest.mark.django_db
def test_orphans_are_found() -> None:
    in_order()
    idp = idp_of(provider := make_idp())
    idp.get("/Users")
    make_user("nobodys", managed_by=provider)
    Asset.objects.create(name="Wiki", name_key="wiki")
    assert set(mends()) == {"nobodys_users", "nobodys_assets"}


@pytest.mark.django_db
def test_drift_between_both_sides_is_found_and_the_mend_mends() -> None:
    in_order()
    provider = make_idp()
    idp_of(provider).get("/Users")
    ada, group = provision(provider), make_group("Builders")
    map_group(push_group(provider, "Engineering", ada), group)
    set_mode(scim=False)
    run("disable_user", "ada")
    Membership.objects.all().delete()
    set_mode(scim=True)
    found: Any = mends()
    assert found["drift_status"][0] == "1 user has another status than their identity provider said last: ada."
    assert found["drift_groups"][0].endswith("than its SSO groups: Builders.")
    for name in ("drift_status", "drift_groups"):
        assert "manage.py reconcile --idp Okta" in found[name][1]
    run("reconcile", "--idp", "Okta", "--yes")
    assert mends() == {}
    assert User.objects.get(username="ada").status == Status.ENABLED


@pytest.mark.django_db
def test_work_that_nobody_does_is_noticed() -> None:
    in_order()
    with queued():
        run("invite_user", "zoë", "--email", "zoe@example.test")
        assert "queue" not in mends()
        with clock.later(hours=1):
            assert "make worker" in mends()["queue"][1]
        DBTaskResult.objects.update(status="FAILED", finished_at=timezone.now())
        assert mends()["failed_tasks"][0].startswith("1 task has failed")


@pytest.mark.parametrize(("number", "told"), [(0, "0 assets have no owner."), (1, "1 asset has no owner.")])
def test_one_of_something_is_told_of_as_one(number: int, told: str) -> None:
    found = counted("x", number, "assets have no owner.", "Mend it.", one="asset has no owner.")
    assert (found.sentence, found.is_fine) == (told, not number)
