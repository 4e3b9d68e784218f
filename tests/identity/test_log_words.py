"""The provisioning log keeps data: words are made when it is shown, and what was kept as words is read into data."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from identity.core.errors import Conflicted, InvalidValue
from identity.log_words import What, Why, in_words
from identity.models import ProvisioningLog
from identity.services.sign_in import login
from tests.factories import (
    change_members,
    delete_sso_group,
    deprovision,
    exactly,
    idp_actor,
    make_group,
    make_idp,
    make_user,
    map_group,
    provision,
    push_group,
    resend,
)
from tests.identity.assertions import just_in_time

pytestmark = pytest.mark.django_db

moved: Any = import_module("identity.migrations.0036_log_read_from_its_words")
refusals: Any = import_module("identity.migrations.0042_refusals_as_data")
EDITOR = SimpleNamespace(connection=connection)
COLUMNS = ("pk", "what", "params", "text", "details")

NAMES = ["Ada", "Ada (ada), enabled.", "Ada {name}", "Ada: 1 added", "active. Set x", "O'Neil\nNext", "", "Updated x."]
DETAILS: list[dict[str, Any]] = [
    {},
    {"added": 2, "removed": 1, "joined": 3, "left": [4, 5], "skipped": 1, "nested": 1},
    {"ignored": {"email": {"from": "", "to": "n/a"}, "userName": {"from": "ada", "to": "ada. Left out: x."}}},
    {
        "left_out": [
            "a.b is no attribute that the portal knows",
            "x can't be taken (it (this) is none)",
            "x is odd",
        ]
    },
    {"left_out": ["one"], "external_id_of": [1, 2]},
]


def rows() -> list[Any]:
    return list(ProvisioningLog.objects.order_by("pk").values_list(*COLUMNS))


def down() -> None:
    refusals.backwards(apps, EDITOR)
    moved.backwards(apps, EDITOR)


def up() -> None:
    moved.forwards(apps, EDITOR)
    refusals.forwards(apps, EDITOR)


def much_happens() -> None:
    """A row of every kind that a person, a group and a sign-in leave."""
    idp = make_idp()
    ada, bob = provision(idp, "ada", first_name="Ada"), provision(idp, "bob", external_id="00U1")
    provision(idp, "eve", external_id="00U1")
    resend(ada, "ada.new", "ada@example.test", first_name="Augusta")
    resend(ada, "ada.new", "ada@example.test", first_name="Augusta")
    resend(ada, "ada.new", "ada@example.test", active=False)
    resend(ada, "ada.new", "a b", active=False)
    provision(idp, make_user("adopted").username)
    with pytest.raises(Conflicted):
        provision(make_idp("Entra"), "ada")
    map_group(engineering := push_group(idp, "Engineering: all", ada, bob), make_group("Builders"))
    change_members(engineering, exactly(bob))
    delete_sso_group(engineering)
    deprovision(bob)
    provision(idp, "bob")
    login.record_failure(just_in_time("Another"), code="refused_there", sentence="No.", advice="", address="")


def test_what_is_kept_holds_no_sentence_of_the_portals_own() -> None:
    much_happens()
    kept = ProvisioningLog.objects.exclude(outcome="refused").values_list("what", "params", "text")
    assert {what for what, _, _ in kept} >= {"created", "updated", "set_inactive", "removed", "group_members_changed"}
    assert {name for _, params, _ in kept for name in params} <= {"name", "username", "status"}
    assert {text for _, _, text in kept} == {""}


def test_a_log_goes_back_to_words_and_comes_again_as_it_was() -> None:
    """Down and up the migration: what was shown is shown, and what was kept is kept."""
    much_happens()
    before, shown = rows(), [row.summary for row in ProvisioningLog.objects.order_by("pk")]
    down()
    of_old = rows()
    assert {what for _, what, *_ in of_old} == {""}
    assert [row.summary for row in ProvisioningLog.objects.order_by("pk")] == [text for *_, text, _ in of_old] == shown
    up()
    assert [row.summary for row in ProvisioningLog.objects.order_by("pk")] == shown
    assert rows() == before


@pytest.mark.parametrize("text", ["Pushed something else", "", "Created Ada (ada), asleep.", "Updated Ada. And more"])
def test_words_that_cannot_be_read_stay_as_they_are(text: str) -> None:
    actor = idp_actor(make_idp())
    row = ProvisioningLog.objects.create(
        identity_provider_id=actor.identity_provider_id,
        request_id="r",
        method="POST",
        resource_type="User",
        outcome="applied",
        status=200,
        text=text,
        details={"ignored": {"email": {"from": "a", "to": "b"}}},
    )
    moved.forwards(apps, EDITOR)
    row.refresh_from_db()
    assert (row.what, row.text, row.summary) == ("", text, text)


@pytest.mark.once
@pytest.mark.parametrize("details", DETAILS, ids=lambda details: "-".join(details) or "none")
@pytest.mark.parametrize("what", What)
def test_words_of_before_are_read_and_shown_as_they_were(what: What, details: dict[str, Any]) -> None:
    """Whatever people and groups are called: what was read makes the same words."""
    for name in NAMES:
        params = {"name": name, "username": name.lower(), "status": "enabled", "sentence": f"No {name}."}
        text = moved.written(what.value, params, details)
        found = moved.read(text, "refused" if what.value in moved.REFUSED else "applied", details)
        assert found is not None
        now = {**details, "left_out": [moved.left_out_read(entry) for entry in details.get("left_out", [])]}
        assert in_words(*found, now) == text


@pytest.mark.once
def test_every_reason_for_leaving_out_has_its_words() -> None:
    told = [moved.left_out_read(entry) for entry in DETAILS[3]["left_out"]]
    assert [entry["why"] for entry in told] == list(Why)
    assert told[1] == {"attribute": "x", "why": "refused", "said": "it (this) is none"}


@pytest.mark.once
def test_what_only_another_version_knows_is_shown_all_the_same() -> None:
    details = {"left_out": [{"attribute": "x", "why": "later"}]}
    assert in_words("sent_away", {"name": "Ada"}, details).startswith("Sent away. Left out: ")


def test_an_old_row_leaves_what_it_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moved, "BATCH", 2)
    ada = provision(make_idp(), "ada")
    with pytest.raises(InvalidValue):
        resend(ada, "x" * 300, "ada@example.test")
    for number in range(5):
        resend(ada, f"ada{number}", "ada@example.test")
    down()
    assert not ProvisioningLog.objects.exclude(what="").exists()
    up()
    assert not ProvisioningLog.objects.filter(what="").exists()
