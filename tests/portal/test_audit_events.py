"""Audit events for other systems: OCSF, only what has committed, no secrets, no names (docs/events.md)."""

import json
import logging
import re
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from identity import audit
from identity.core.origins import Origin
from identity.event_classes import EventClass
from identity.events import Event, words_of, words_to_person
from identity.models import AuditEvent, Group, Role, Status, User
from portal.exchange.ocsf import as_ocsf
from portal.management.commands import export_audit_events
from tests import clock, processes
from tests.clients import new_idp
from tests.factories import (
    OPERATOR,
    PASSWORD,
    change_members,
    exactly,
    make_asset,
    make_group,
    make_idp,
    make_support,
    make_token,
    make_user,
    map_group,
    provision,
    push_group,
)
from tests.portal.shell import in_a_shell, refusal, run, shell_environment
from tests.scim.helpers import user_body
from tests.threads import Unfinished

Written = dict[str, Any]

# What every event of a class must have (OCSF 1.7.0), beside what all classes need.
NEEDED = {3001: ["user"], 3002: ["user", "service"], 3004: ["entity"], 3005: ["user", "privileges"], 3006: ["group"]}
ALWAYS = ["metadata", "time", "category_uid", "class_uid", "activity_id", "type_uid", "severity_id", "actor"]


def events(*options: str) -> list[Written]:
    return [json.loads(line) for line in run("export_audit_events", *options).splitlines()]


def by_code(found: list[Written]) -> dict[str, Written]:
    return {event["metadata"]["event_code"]: event for event in found}


def assert_valid(event: Written) -> None:
    """The shape that the schema asks of the class."""
    kind = next(kind for kind in EventClass if kind.uid == event["class_uid"])
    assert [name for name in [*ALWAYS, *NEEDED[kind.uid]] if event.get(name) in (None, {}, [])] == []
    assert event["activity_name"] == kind.activities(event["activity_id"]).label
    assert event["type_uid"] == kind.uid * 100 + event["activity_id"]
    assert {"user", "app_name"} & set(event["actor"])


@pytest.fixture
def handed_on() -> Iterator[list[Written]]:
    """What a portal with AUDIT_EVENTS writes, as it writes it."""
    lines: list[Written] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(as_ocsf(vars(record)["event"]))

    collector = Collector()
    audit.logger.addHandler(collector)
    audit.logger.setLevel(logging.INFO)
    yield lines
    audit.logger.removeHandler(collector)
    audit.logger.setLevel(logging.CRITICAL)


# --- what an event looks like ---------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_disabled_user_is_an_account_change() -> None:
    user = make_user("mia")
    run("disable_user", "mia")
    [event] = events()
    row = AuditEvent.objects.get()
    assert event == {
        "metadata": {
            "version": "1.7.0",
            "product": {"name": "Gatehouse", "vendor_name": "Gatehouse"},
            "log_name": "audit",
            "uid": str(row.pk),
            "event_code": "user.disabled",
            "correlation_uid": row.request_id,
        },
        "time": round(row.at.timestamp() * 1000),
        "category_uid": 3,
        "category_name": "Identity & Access Management",
        "class_uid": 3001,
        "class_name": "Account Change",
        "activity_id": 5,
        "activity_name": "Disable",
        "type_uid": 300105,
        "type_name": "Account Change: Disable",
        "severity_id": 1,
        "severity": "Informational",
        "status_id": 1,
        "status": "Success",
        "actor": {"app_name": "manage.py disable_user"},
        "user": {"uid": str(user.pk), "type_id": 1, "type": "User"},
        "unmapped": {"details": {"status": {"from": "enabled", "to": "disabled"}}},
    }


@pytest.mark.django_db
def test_each_class_says_what_it_is_about() -> None:
    idp = make_idp()
    make_token(idp)
    ada = provision(idp, "ada")
    group = make_group("Builders", make_user("mia"))
    map_group(push_group(idp, "Engineering", ada), group)
    asset = make_asset(ada.user)
    run("set_role", "mia", "administrator")
    run("set_role", "mia", "member")
    run("set_mode", "--scim", "off")
    found = events()
    for event in found:
        assert_valid(event)
    told = by_code(found)
    assert told["user.provisioned"]["actor"]["idp"] == {"uid": str(idp.pk)}
    assert told["membership.added"]["group"] == {"uid": str(group.pk), "type": "Portal group"}
    assert told["sso_group.pushed"]["group"]["type"] == "SSO group"
    assert told["group_mapping.created"]["group"]["uid"] == str(group.pk)
    assert told["asset.created"]["entity"]["uid"] == str(asset.pk)
    assert told["scim_token.created"]["entity"]["type"] == "scim_token"
    assert told["identity_provider.created"]["entity"]["uid"] == str(idp.pk)
    assert told["access.mode_set"]["severity"] == "Medium"
    roles = [event for event in found if event["metadata"]["event_code"] == "user.role_changed"]
    assert [(role["activity_name"], role["privileges"]) for role in roles] == [
        ("Assign Privileges", ["role:administrator"]),
        ("Revoke Privileges", ["role:administrator"]),
    ]


@pytest.mark.django_db(transaction=True)
def test_whom_a_push_moves_is_told_of_each(handed_on: list[Written]) -> None:
    idp, group = make_idp(), make_group("Builders")
    ada, ben = provision(idp, "ada"), provision(idp, "ben")
    map_group(pushed := push_group(idp, "Engineering", ada), group)
    change_members(pushed, exactly(ben))
    told = [event for event in handed_on if "through" in event["unmapped"]["details"]]
    assert [
        (event["activity_name"], event["group"]["uid"], event["user"]["uid"], event["unmapped"]["details"]["through"])
        for event in told
    ] == [
        ("Add User", str(group.pk), str(ada.user_id), "group_mapping.created"),
        ("Add User", str(group.pk), str(ben.user_id), "sso_group.updated"),
        ("Remove User", str(group.pk), str(ada.user_id), "sso_group.updated"),
    ]
    assert len({event["metadata"]["uid"] for event in handed_on}) == len(handed_on)
    assert events() == handed_on


@pytest.mark.django_db
def test_what_is_long_is_cut_and_says_so() -> None:
    changed = {"certificate": audit.change("", "M" * 4000), "left": list(range(2000))}
    audit.record(Event.ACCESS_IDP_FOLLOWED, actor=OPERATOR, details=changed)
    [line] = run("export_audit_events").splitlines()
    details = json.loads(line)["unmapped"]["details"]
    assert (len(details["left"]), details["left_count"], len(details["certificate"]["to"])) == (50, 2000, 501)
    assert (json.loads(line)["metadata"]["is_truncated"], len(line) < 4096) == (True, True)


@pytest.mark.django_db
def test_neither_secrets_nor_names_leave_with_an_event() -> None:
    secret = run("create_scim_token", "--idp", "Okta").strip()
    run("create_owner", "--username", "augusta", "--email", "augusta@example.test", "--password", PASSWORD)
    run("invite_user", "zacharias", "--email", "zacharias@example.test")
    written = run("export_audit_events")
    for hidden in (secret, PASSWORD, "augusta", "zacharias", "example.test", "/invitations/"):
        assert hidden not in written


# --- every action is known ------------------------------------------------------------------------------


@pytest.mark.parametrize("action", [*Event, "of.another_version"])
def test_every_action_makes_a_valid_event(action: str) -> None:
    """Also those that no other test here causes; docs/events.md lists them (tests/generated_docs.py)."""
    event = AuditEvent(
        pk=1, action=str(action), actor_kind="user", actor_id=1, user_id=2, group_id=3, sso_group_id=4, request_id="r"
    )
    assert_valid(as_ocsf(event))


@pytest.mark.parametrize("event", Event)
def test_every_event_has_a_family_and_words(event: Event) -> None:
    """The whole list is one table: a member without a family can't be read at all."""
    assert event.family.label
    assert event.name == event.value.replace(".", "_").upper()
    assert event.told.words[:1].isupper()
    assert event.told.to_person[:1].isupper()


def test_what_only_another_version_knows_has_words_all_the_same() -> None:
    assert words_of("of.another_version") == words_to_person("of.another_version") == "Of: another version"


@pytest.mark.django_db
@pytest.mark.parametrize("kept", [{"personal": {"username": "ada"}, "user_id": 1}, {"origin": Origin("192.0.2.1")}])
def test_an_event_that_does_not_say_so_carries_nothing_personal(kept: dict[str, Any]) -> None:
    """What the list says is what a deletion erases and what docs/events.md tells."""
    with pytest.raises(ValueError, match="carries no"):
        audit.record(Event.GROUP_CREATED, actor=OPERATOR, **kept)
    assert not AuditEvent.objects.exists()


# --- handed on when it has happened ---------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_event_leaves_when_its_change_has_committed(handed_on: list[Written]) -> None:
    make_user("mia")
    with transaction.atomic():
        run("disable_user", "mia")
        assert handed_on == []
    assert [event["metadata"]["event_code"] for event in handed_on] == ["user.disabled"]
    assert handed_on == events()


@pytest.mark.django_db(transaction=True)
def test_nothing_rolled_back_is_ever_reported(handed_on: list[Written]) -> None:
    make_user("ada", role=Role.OWNER)
    make_support()
    assert refusal("set_role", "ada", "member")[0] == 5
    run("set_role", "sue", "member", "--dry-run")
    assert handed_on == []


@pytest.mark.django_db(transaction=True)
def test_what_an_identity_provider_does_is_reported_once(handed_on: list[Written]) -> None:
    okta = new_idp("Okta")
    okta.user("ada")
    okta.post("/Users", user_body("ada"))  # refused: it is there already
    codes = [event["metadata"]["event_code"] for event in handed_on]
    assert codes == ["identity_provider.created", "scim_token.created", "user.provisioned"]


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_events_go_to_a_file_that_may_be_rotated(project: Path, tmp_path: Path) -> None:
    make_user("mia")
    file = tmp_path / "events.jsonl"
    in_a_shell(project, "disable_user", "mia", AUDIT_EVENTS=str(file))
    file.rename(tmp_path / "events.1.jsonl")
    in_a_shell(project, "enable_user", "mia", AUDIT_EVENTS=str(file))
    assert json.loads(file.read_text(encoding="utf-8"))["metadata"]["event_code"] == "user.enabled"


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_a_commands_standard_output_stays_its_result(project: Path) -> None:
    done = in_a_shell(project, "create_scim_token", "--idp", "Okta", AUDIT_EVENTS="stdout")
    assert re.fullmatch(r"ghscim_\w+\n", done.stdout)
    assert '"event_code": "scim_token.created"' in done.stderr


@pytest.mark.once
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.django_db(transaction=True)
def test_where_the_disk_is_full_the_change_is_made_and_the_stream_has_its_event(project: Path) -> None:
    make_user("mia")
    in_a_shell(project, "disable_user", "mia", AUDIT_EVENTS="/dev/full")
    assert User.objects.get(username="mia").status == Status.DISABLED
    assert [event["metadata"]["event_code"] for event in events()] == ["user.disabled"]


# --- from the table -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_export_begins_where_it_is_told() -> None:
    now = timezone.now()
    for days in (9, 3, 0):
        with clock.ago(days=days):
            AuditEvent.objects.create(
                action="user.login", actor_kind="user", actor_id=1, user_id=1, request_id="r", at=timezone.now()
            )
    assert len(events()) == 3
    assert len(events("--since", "7d")) == 2
    assert len(events("--since", (now - timedelta(days=1)).date().isoformat())) == 1
    second = events()[1]["metadata"]["uid"]
    assert events("--from", second) == events("--from", f"{second}:7:4711") == events()[1:]
    for wrong in ("yesterday", "99999999d"):
        assert "neither a moment" in refusal("export_audit_events", "--since", wrong)[1]


@pytest.mark.django_db(transaction=True)
def test_following_goes_on_as_events_happen(project: Path) -> None:
    make_user("mia")
    run("disable_user", "mia")
    command = [sys.executable, "manage.py", "export_audit_events", "--follow", "--interval", "0.1"]
    with processes.started(command, cwd=project, environment=shell_environment(), reads=True) as follower:
        assert "user.disabled" in follower.read_line()
        run("enable_user", "mia")
        assert "user.enabled" in follower.read_line()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_an_export_waits_for_a_change_that_began_earlier_and_says_so_when_it_takes_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run("create_group", "Builders")
    with Unfinished(lambda: make_group("Slow")) as slow:
        run("create_group", "Quick")
        threading.Timer(0.2, slow.end).start()
        assert [event["group"]["uid"] for event in events()] == [
            str(Group.objects.get(name=name).pk) for name in ("Builders", "Slow", "Quick")
        ]
    monkeypatch.setattr(export_audit_events, "PATIENCE_SECONDS", 0.1)
    last = events()[-1]["metadata"]["uid"]
    with Unfinished(lambda: make_group("Hanging")):
        run("create_group", "Later")
        assert refusal("export_audit_events", "--from", last) == (
            1,
            export_audit_events.UNSETTLED.format(after=last),
        )
    assert len(events("--from", last)) == 3


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_follower_hears_of_a_late_commit_before_what_came_after_it(project: Path) -> None:
    run("create_group", "Builders")
    command = [sys.executable, "manage.py", "export_audit_events", "--follow", "--interval", "0.1"]
    with processes.started(command, cwd=project, environment=shell_environment(), reads=True) as follower:
        assert "group.created" in follower.read_line()
        with Unfinished(lambda: make_group("Slow")):
            run("disable_user", make_user("mia").username)
            clock.wait(0.5)  # it looks a few times
        assert "group.created" in follower.read_line()
        assert "user.disabled" in follower.read_line()
