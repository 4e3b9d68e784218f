"""A SCIM request is tried out as an identity provider: its answer, what it would change, and nothing left of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core import mail

from identity.core.actors import Person
from identity.core.errors import InvalidValue, Refused
from identity.models import ProvisioningLog, Role, SSOUser, User
from identity.services import identity_providers, users
from portal.tryout.self_test import STEPS, self_test
from portal.tryout.trials import Trial, try_request
from tests.clients import IdP, administrators_caller, new_idp, supports_caller
from tests.factories import OPERATOR, make_administrator, make_user, set_mode
from tests.portal.admin_pages import address, text_of
from tests.portal.shell import answer, refusal, run
from tests.rows import rows_of
from tests.scim.helpers import group_body, mapped, user_body
from tests.sessions import as_administrator

pytestmark = pytest.mark.django_db


@pytest.fixture
def idp() -> IdP:
    return new_idp()


@contextmanager
def nothing_changes() -> Iterator[None]:
    before = rows_of(apps.get_models())
    yield
    assert rows_of(apps.get_models()) == before


def tried(idp: IdP, method: str, path: str, body: Any = None) -> Trial:
    with nothing_changes():
        return try_request(idp.provider, method=method, path=path, body=body, actor=OPERATOR)


def told(trial: Trial) -> list[tuple[str, str]]:
    return [(change.words, change.subject) for change in trial.consequences.changes]


def test_a_leaver_is_answered_and_told_and_stays(idp: IdP) -> None:
    ann = idp.user("ann", name={"givenName": "Ann", "familyName": "Bo"})
    mapped(idp.group("Staff", [ann]), "Everyone")
    operation = {"op": "replace", "path": "active", "value": False}
    trial = tried(idp, "PATCH", f"/Users/{ann['id']}", idp.patched(operation))
    assert (trial.status, trial.answer["active"], trial.caution) == (200, False, "")
    assert ("ann" in told(trial)[0][1], bool(told(trial)[0][0])) == (True, True)
    assert [line.summary for line in trial.consequences.log] == ["Set Ann Bo inactive."]
    assert User.objects.get(username="ann").is_active


def test_who_would_leave_which_group_is_named(idp: IdP) -> None:
    people = [idp.user(name) for name in ("ann", "ben")]
    group = idp.group("Staff", people)
    mapped(group, "Everyone")
    trial = tried(idp, "DELETE", f"/Groups/{group['id']}")
    assert trial.status == 204
    (change,) = [change for change in trial.consequences.changes if change.left]
    assert sorted(change.left) == ["ann → Everyone", "ben → Everyone"]


def test_a_conflict_is_told(idp: IdP) -> None:
    make_user("ann", email="ann@elsewhere.test")
    trial = tried(idp, "POST", "/Users", user_body("ann"))
    assert trial.status == 409
    assert [line.outcome for line in trial.consequences.log] == ["refused"]
    (conflict,) = trial.consequences.conflicts
    assert "ann" in conflict


@pytest.mark.django_db(transaction=True)
def test_what_waits_for_a_commit_never_comes(idp: IdP) -> None:
    """Administrators are mailed when a name comes back that may be somebody else's; that mail is a task."""
    make_administrator("olga", email="olga@example.test")
    idp.delete(f"/Users/{idp.user('ann', externalId='1')['id']}")
    mail.outbox.clear()
    assert tried(idp, "POST", "/Users", user_body("ann", externalId="2")).status == 201
    assert mail.outbox == []
    assert idp.post("/Users", user_body("ann", externalId="2")).status_code == 201
    assert [message.to for message in mail.outbox] == [["olga@example.test"]]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/Users?count=1", 200),
        ("GET", "/scim/v2/Users", 200),
        ("GET", "https://portal.example.com/scim/v2/Groups", 200),
        ("get", "Users", 200),
        ("DELETE", "/Users/nobody", 404),
        ("POST", "/Bulk", 400),
        ("GET", "/Nothing", 404),
        ("GET", "/../admin/", 404),
    ],
)
def test_a_path_is_read_as_it_was_pasted_and_stays_below_scim(idp: IdP, method: str, path: str, status: int) -> None:
    trial = tried(idp, method, path)
    assert (trial.status, b"<html" in trial.reply.body) == (status, False)


@pytest.mark.parametrize(("method", "path"), [("TRACE", "/Users"), ("GET", "/Users\0"), ("GET", "/" + "x" * 3_000)])
def test_what_is_no_request_is_refused(idp: IdP, method: str, path: str) -> None:
    with pytest.raises(InvalidValue), nothing_changes():
        try_request(idp.provider, method=method, path=path, actor=OPERATOR)


def test_with_scim_off_or_paused_it_says_what_would_happen(idp: IdP) -> None:
    identity_providers.pause_identity_provider(idp.provider, actor=OPERATOR)
    idp.provider.refresh_from_db()
    trial = tried(idp, "POST", "/Users", user_body("ann"))
    assert (trial.status, "paused" in trial.caution) == (201, True)
    set_mode(scim=False)
    trial = tried(idp, "POST", "/Users", user_body("ann"))
    assert (trial.status, "SCIM is off" in trial.caution) == (201, True)


def test_another_identity_providers_people_are_not_found(idp: IdP) -> None:
    theirs = new_idp().user("ben")
    assert tried(idp, "DELETE", f"/Users/{theirs['id']}").status == 404


def test_only_who_may_change_the_trust_tries(idp: IdP) -> None:
    for actor in (Person(make_user("mia")), Person(make_user("sue", role=Role.SUPPORT))):
        with pytest.raises(Refused):
            try_request(idp.provider, method="GET", path="/Users", actor=actor)
    anna = Person(make_administrator())
    try_request(idp.provider, method="GET", path="/Users", actor=anna)
    idp.user("boss")
    users.change_role(User.objects.get(username="boss"), Role.OWNER, actor=OPERATOR)
    fresh = type(idp.provider).objects.get(pk=idp.provider.pk)
    with pytest.raises(Refused):
        try_request(fresh, method="GET", path="/Users", actor=anna)


def test_sr14_no_header_makes_a_request_a_trial(idp: IdP) -> None:
    for name in ("Gatehouse.bearer_of_trial", "gatehouse.bearer-of-trial"):
        assert IdP("").client.get("/scim/v2/Users", headers={name: "x"}).status_code == 401
    assert IdP("").client.get("/scim/v2/Users", **{"gatehouse.bearer_of_trial": "x"}).status_code == 401


# --- the self-test ---


def test_the_self_test_plays_what_every_identity_provider_asks(idp: IdP) -> None:
    with nothing_changes():
        result = self_test(idp.provider, actor=OPERATOR)
    assert [step.difference for step in result.steps] == [""] * len(STEPS)
    assert (result.has_passed, result.failed, result.caution) == (True, 0, "")
    assert result.steps[5].summary == "Set Self Test inactive."


def test_a_step_that_fails_says_why_and_the_others_go_on(idp: IdP, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scim.adapters.groups.sso_groups.push_group", _refuse)
    with nothing_changes():
        result = self_test(idp.provider, actor=OPERATOR)
    failed = {step.name: step.difference for step in result.steps if not step.has_passed}
    assert "expected [201], got 403" in failed["Create a group"]
    assert "was never captured" in failed["Delete the group"]
    assert (result.failed, result.steps[-1].has_passed) == (4, True)


def _refuse(*_: Any, **__: Any) -> None:
    raise Refused("No.", code="no")


# --- the doors ---


def test_the_page_shows_answer_and_consequences(idp: IdP) -> None:
    client = as_administrator()
    where = address("identityprovider_try", idp.provider.pk)
    assert "Try a request" in text_of(client.get(address("identityprovider_change", idp.provider.pk)))
    with nothing_changes():
        page = text_of(client.post(where, {"method": "POST", "path": "/Users", "body": json.dumps(user_body("ann"))}))
    assert "201 Created" in page
    assert "Created ann" in page
    assert "This is not JSON." in text_of(client.post(where, {"method": "POST", "path": "/Users", "body": "{"}))
    assert "must be a path" in text_of(client.post(where, {"method": "GET", "path": "/Us\x07ers", "body": ""}))
    page = text_of(client.post(address("identityprovider_self_test", idp.provider.pk)))
    assert "All passed" in page


def test_a_row_of_the_log_is_tried_again(idp: IdP) -> None:
    idp.post("/Users", user_body("ann", active="maybe"))
    row = ProvisioningLog.objects.get()
    client = as_administrator()
    page = client.get(address("provisioninglog_change", row.pk))
    link = f"{address('identityprovider_try', idp.provider.pk)}?entry={row.pk}"
    assert link in page.content.decode()
    assert "curl -X POST" in text_of(page)
    form = client.get(link).context["form"]
    assert (form["method"].value(), form["path"].value()) == ("POST", "/Users")
    assert json.loads(form["body"].value())["userName"] == "ann"
    theirs = new_idp()
    assert (
        client.get(f"{address('identityprovider_try', theirs.provider.pk)}?entry={row.pk}").context["form"].initial
        == {}
    )
    assert answer("try_scim_request", idp.provider.name, "--entry", str(row.pk))["status"] == 400


def test_rest_tries_and_tests(idp: IdP) -> None:
    script = administrators_caller()
    where = f"identity-providers/{idp.provider.pk}/"
    found = script.do("POST", f"{where}try-request/", {"method": "POST", "path": "/Users", "body": user_body("ann")})
    assert (found["status"], found["answer"]["userName"], found["caution"]) == (201, "ann", "")
    assert found["consequences"]["log"][0]["outcome"] == "applied"
    assert not SSOUser.objects.exists()
    assert script.do("POST", f"{where}self-test/")["has_passed"] is True
    assert supports_caller().post(f"{where}self-test/").status_code == 403


def test_commands_try_and_test(idp: IdP, tmp_path: Path) -> None:
    file = tmp_path / "group.json"
    file.write_text(json.dumps(group_body("Staff")), encoding="utf-8")
    name = idp.provider.name
    told = run("try_scim_request", name, "POST", "/Groups", "--body", str(file))
    assert told.startswith("201 Created")
    assert "Pushed group Staff" in told
    assert refusal("try_scim_request", name, "POST")[0] == 2
    assert answer("self_test_identity_provider", name)["has_passed"] is True
