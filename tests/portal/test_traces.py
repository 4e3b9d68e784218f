"""What an attack leaves in the audit trail (ASVS 5.0, 16.3.1 to 16.3.3), and that a flood leaves no flood."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from identity.core import secrets
from identity.core.actors import Person, Visitor
from identity.core.origins import Origin
from identity.events import Event
from identity.models import AuditEvent, AuditOrigin, Status, User
from identity.services import deletion, retention, traces
from tests.clients import Caller, IdP, Script
from tests.factories import (
    OPERATOR,
    PASSWORD,
    make_administrator,
    make_support,
    make_user,
    set_mode,
)
from tests.portal.admin_pages import text_of
from tests.portal.second_steps import set_up
from tests.portal.shell import run
from tests.sessions import sign_in, signed_in
from tests.statements import no_statements

pytestmark = pytest.mark.django_db

ADDRESS, BROWSER = "203.0.113.7", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
FROM_THERE = {"REMOTE_ADDR": ADDRESS, "HTTP_USER_AGENT": BROWSER}


def guess(name: str = "mia", password: str = "wrong", **there: str) -> Any:  # noqa: S107
    return sign_in(name, password, client=Client(**(FROM_THERE | there)))


def told() -> list[tuple[Any, ...]]:
    """Each event that has an origin: what, about whom, with which details, from where, how often."""
    rows = AuditEvent.objects.exclude(origin=None).select_related("origin").order_by("pk")
    return [(row.action, row.user_id, row.details, row.origin.address, row.origin.times) for row in rows]


@pytest.fixture(autouse=True)
def _one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test falls upon the end of one."""
    monkeypatch.setattr(traces, "WINDOW", timedelta(days=365_000))


# --- what leaves a trace ---


def test_a_sign_in_says_from_which_address_and_browser(mia: User) -> None:
    guess(password=PASSWORD)
    assert told() == [("user.login", mia.pk, {"method": "password"}, ADDRESS, 1)]
    assert AuditOrigin.objects.get().browser == BROWSER


def test_wrong_passwords_unknown_names_and_pauses_are_counted(mia: User) -> None:
    for _ in range(7):
        guess()
    for name in ("nobody", "hunter2 typed into the wrong field"):
        guess(name)
    assert told() == [
        ("sign_in.wrong_password", mia.pk, {}, ADDRESS, 5),
        ("sign_in.paused", mia.pk, {"code": "pause"}, ADDRESS, 2),
        ("sign_in.unknown_name", None, {}, ADDRESS, 2),
    ]
    assert "hunter2" not in str([*AuditEvent.objects.values(), *AuditOrigin.objects.values()])


def test_a_wrong_code_and_a_wrong_confirmation_are_counted(mia: User) -> None:
    client = Client(**FROM_THERE)
    sign_in(client=client)
    set_up(client)
    client.post("/confirm-password/", {"password": "wrong"})
    client.post("/logout/")
    sign_in(client=client)
    client.post("/login/code/", {"code": "000000"})
    assert told()[1:] == [
        ("sign_in.wrong_password", mia.pk, {"at": "confirmation"}, ADDRESS, 1),
        ("sign_in.wrong_code", mia.pk, {}, ADDRESS, 1),
    ]


def test_the_right_password_of_a_closed_account_is_a_refused_sign_in(mia: User) -> None:
    User.objects.filter(pk=mia.pk).update(status=Status.DISABLED)
    guess(password=PASSWORD)
    User.objects.filter(pk=mia.pk).update(status=Status.ENABLED)
    set_mode(sso=True)
    guess(password=PASSWORD)
    assert told() == [
        ("sign_in.refused", mia.pk, {"code": "disabled"}, ADDRESS, 1),
        ("sign_in.refused", mia.pk, {"code": "sso_enforced"}, ADDRESS, 1),
    ]


TOKENS: dict[str, tuple[type[Caller], str, str]] = {
    "scim_token.unknown": (IdP, "/Users", secrets.SCIM_PREFIX),
    "api_token.unknown": (Script, "users/", secrets.API_PREFIX),
}


@pytest.mark.parametrize(("action", "times"), [("scim_token.unknown", 500), ("api_token.unknown", 50)])
def test_hundreds_of_unknown_tokens_are_one_event(action: str, times: int) -> None:
    door, path, prefix = TOKENS[action]
    for number in range(times):
        secret = secrets.new_token(prefix) if number % 2 else f"guess {number}"
        assert door(secret, Client(**FROM_THERE)).get(path).status_code == 401
    assert told() == [(action, None, {}, ADDRESS, times)]


def test_a_request_without_a_token_is_no_attack() -> None:
    assert Client().get("/scim/v2/Users").status_code == 401
    assert Client().get("/api/v1/users/").status_code in {401, 403}
    assert told() == []


# Every page and resource that a role keeps to itself, asked for by another one.
REFUSED: list[tuple[str, Callable[..., User], str]] = [
    ("member", make_user, "/admin/identity/user/"),
    ("member", make_user, "/api/v1/users/"),
    ("support", make_support, "/admin/identity/scimtoken/"),
    ("support", make_support, "/admin/identity/auditevent/"),
    ("support", make_support, "/api/v1/audit-log/"),
    ("administrator", make_administrator, "/admin/disabled-users/"),
]


@pytest.mark.parametrize(("role", "make", "url"), REFUSED)
def test_what_a_role_is_refused_leaves_a_trace(role: str, make: Callable[..., User], url: str) -> None:
    person = make(username=role)
    client = signed_in(person)
    for _ in range(3):
        client.get(f"{url}?q=somebody@example.test", follow=True, **FROM_THERE)
    [event] = AuditEvent.objects.filter(action="access.refused").select_related("origin")
    assert (event.actor_kind, event.actor_id, event.origin.times) == ("user", person.pk, 3)
    assert (event.origin.address, event.details["method"]) == (ADDRESS, "GET")
    assert event.details["route"]
    assert "somebody" not in str(event.details)


# --- a flood ---


def test_a_flood_from_everywhere_leaves_a_bounded_number_of_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "EVENTS_A_WINDOW", 20)
    for number in range(60):
        guess(f"name{number}", REMOTE_ADDR=f"198.51.100.{number}")
    rows = told()
    assert len(rows) == 21
    assert rows[-1] == ("sign_in.unknown_name", None, {"from": {"say": "counted.many_addresses"}}, "", 40)
    assert sum(times for *_, times in rows) == 60


def test_addresses_of_one_ipv6_network_are_one_event() -> None:
    for number in range(20):
        guess("nobody", REMOTE_ADDR=f"2001:db8::{number:x}")
    assert [times for *_, times in told() if _[0] == "sign_in.unknown_name"] == [5]


def test_a_flood_is_not_written_statement_by_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "FLUSH_SECONDS", 3600)
    traces.flush()
    origin, actor = Origin(ADDRESS), Visitor("SCIM")
    with no_statements():
        for _ in range(500):
            traces.note(Event.SCIM_TOKEN_UNKNOWN, actor=actor, origin=origin)
    traces.flush()
    assert told() == [("scim_token.unknown", None, {}, ADDRESS, 500)]


def test_another_window_is_another_event(mia: User, monkeypatch: pytest.MonkeyPatch) -> None:
    guess()
    monkeypatch.setattr(traces, "WINDOW", timedelta(seconds=7))
    guess()
    assert [row[0] for row in told()] == ["sign_in.wrong_password"] * 2


# --- where it shows ---


def test_events_are_found_by_their_address(mia: User) -> None:
    adam = make_administrator()
    guess()
    guess(REMOTE_ADDR="198.51.100.1")
    client = signed_in(adam)
    listed = text_of(client.get("/admin/identity/auditevent/", {"address": ADDRESS}))
    assert listed.count("Wrong password") == 1
    for nothing in ("192.0.2.1", "no address", "a\0b"):
        assert "Wrong password" not in text_of(client.get("/admin/identity/auditevent/", {"address": nothing}))
    event = AuditEvent.objects.get(origin__address=ADDRESS)
    detail = text_of(client.get(f"/admin/identity/auditevent/{event.pk}/change/"))
    for shown in (ADDRESS, BROWSER, "Not signed in", "Wrong password"):
        assert shown.lower() in detail.lower()
    found = client.get("/api/v1/audit-log/", {"address": ADDRESS}).json()["results"]
    assert [(row["id"], row["origin"]["address"], row["origin"]["times"]) for row in found] == [(event.pk, ADDRESS, 1)]
    assert client.get("/api/v1/audit-log/", {"address": "no address"}).status_code == 400


def test_a_siem_is_told_that_it_failed_from_where_and_how_often(mia: User) -> None:
    for _ in range(3):
        guess()
    [event] = [json.loads(line) for line in run("export_audit_events").splitlines()]
    assert (event["class_uid"], event["activity_id"], event["status"]) == (3002, 1, "Failure")
    assert (event["src_endpoint"], event["http_request"]) == ({"ip": ADDRESS}, {"user_agent": BROWSER})
    assert (event["count"], event["user"]["uid"]) == (3, str(mia.pk))
    assert event["start_time"] <= event["end_time"]


def test_the_trail_of_a_person_is_not_drowned_in_failures(mia: User) -> None:
    guess()
    page = text_of(signed_in(make_administrator()).get(f"/admin/identity/user/{mia.pk}/change/"))
    assert "wrong_password" not in page
    assert "Wrong password" not in page


# --- erased ---


def test_r10_addresses_go_with_the_person(mia: User) -> None:
    guess()
    guess(password=PASSWORD)
    guess("nobody")
    User.objects.filter(pk=mia.pk).update(status=Status.DISABLED)
    deletion.delete_permanently(mia, typed_username="mia", reason="asked", actor=Person(make_support()))
    assert [row[:2] for row in told()] == [("sign_in.unknown_name", None)]
    assert AuditEvent.objects.filter(user_id=mia.pk, action="user.login").exists()


def test_old_addresses_are_erased(mia: User, monkeypatch: pytest.MonkeyPatch) -> None:
    guess()
    guess("nobody")
    monkeypatch.setattr(retention, "_first_event_since", lambda older_than: AuditEvent.objects.latest("pk").pk + 1)
    assert retention.old_personal_values(timedelta(days=30)) == 2
    assert retention.erase_old_personal_values(timedelta(days=30), actor=OPERATOR) == 2
    assert told() == []


def test_odd_browsers_and_addresses_do_no_harm(mia: User) -> None:
    guess(HTTP_USER_AGENT="x\0y\r\nz" * 500, REMOTE_ADDR="unix:" + "a" * 500)
    [row] = AuditOrigin.objects.all()
    assert (len(row.browser), len(row.address), "\0" in row.browser) == (200, 64, False)
