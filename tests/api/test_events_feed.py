"""The feed of events: in order and without gaps, moves of people one by one with their cause, ids instead of names."""

import json
from typing import Any

import pytest

from identity.core.actors import Person
from identity.models import AuditEvent
from identity.services import groups
from portal.api import events
from portal.exchange.ocsf import as_ocsf
from tests.clients import Script, administrators_caller, caller, problem
from tests.factories import (
    OPERATOR,
    adding,
    change_members,
    make_administrator,
    make_group,
    make_idp,
    make_support,
    make_user,
    map_group,
    provision,
    push_group,
    unmap,
)
from tests.statements import same_for_many_rows
from tests.threads import Unfinished

pytestmark = pytest.mark.django_db


def pulled(script: Script, after: str = "0", limit: int = 3) -> list[dict[str, Any]]:
    """Everything after this, by as many requests as it takes."""
    found: list[dict[str, Any]] = []
    while True:
        answer = script.read(f"events/?after={after}&limit={limit}")
        found, after = [*found, *answer["results"]], answer["after"]
        if not answer["has_more"]:
            return found


def moves(found: list[dict[str, Any]]) -> list[tuple[str, int, str, str | None]]:
    return [
        (event["type"], event["data"]["user_id"], event["data"]["cause"]["kind"], event["data"]["cause"]["event"])
        for event in found
        if event["type"].startswith("membership.")
    ]


@pytest.mark.parametrize("limit", [1, 2, 3, 200])
def test_every_event_and_every_move_comes_once_wherever_the_parts_end(limit: int) -> None:
    idp, group = make_idp(), make_group()
    people = [provision(idp, f"user{number}") for number in range(5)]
    map_group(push_group(idp, "Others"), group)  # the last mapping's members would stay (R17)
    unmap(map_group(push_group(idp, "Engineering", *people), group))
    script = administrators_caller()
    kept = [str(pk) for pk in AuditEvent.objects.order_by("pk").values_list("pk", flat=True)]
    found = pulled(script, limit=limit)
    ids = [event["data"]["id"] for event in found]
    assert [one for one in ids if ":" not in one] == kept
    assert len(ids) == len(set(ids))
    members = [person.user_id for person in people]
    joined = [("membership.added", user, "mapping", "group_mapping.created") for user in members]
    left = [("membership.removed", user, "mapping", "group_mapping.deleted") for user in members]
    assert moves(found) == [*joined, *left]


def test_a_membership_names_who_made_it() -> None:
    adam, mia = make_administrator(), make_user()
    groups.add_members(make_group("Readers"), [mia], actor=Person(adam))
    groups.add_members(make_group("Writers"), [mia], actor=OPERATOR)
    by_whom = moves(pulled(caller(adam)))
    assert by_whom == [
        ("membership.added", mia.pk, "person", None),
        ("membership.added", mia.pk, "operator", None),
    ]


def test_what_an_identity_provider_moves_has_it_as_its_cause() -> None:
    idp, group = make_idp(), make_group()
    ada, sso_group = provision(idp, "ada"), push_group(idp, "Engineering")
    map_group(sso_group, group)
    change_members(sso_group, adding(ada))
    assert moves(pulled(administrators_caller())) == [
        ("membership.added", ada.user_id, "identity_provider", "sso_group.updated")
    ]


def test_the_other_form_is_that_of_the_export() -> None:
    provision(make_idp(), "ada")
    script = administrators_caller()
    [first, *_] = script.read("events/?format=ocsf")["results"]
    assert first == json.loads(json.dumps(as_ocsf(AuditEvent.objects.order_by("pk")[0])))


def test_no_name_leaves() -> None:
    provision(make_idp(), "ada.lovelace", "ada@example.test")
    text = administrators_caller().get("events/?limit=200").content.decode()
    assert "user.provisioned" in text
    assert "lovelace" not in text
    assert "ada@" not in text


def test_who_may_not_see_the_logs_gets_no_event() -> None:
    assert problem(caller(make_support()).get("events/")) == (403, "role_required")
    assert problem(caller(make_user()).get("events/")) == (403, "role_required")


@pytest.mark.parametrize("after", ["x", "-1", "1:2", "1:2:3", "1:2:3:4", "1:x:3", "9" * 30, "٣"])
def test_an_id_that_is_none_is_refused(after: str) -> None:
    assert problem(administrators_caller().get("events/", after=after)) == (400, "invalid_value")


def test_nothing_new_is_an_empty_answer_to_go_on_from() -> None:
    script = administrators_caller()
    last = script.read("events/?limit=200")["after"]
    assert script.read(f"events/?after={last}") == {"results": [], "after": last, "has_more": False}
    groups.create_group(name="Builders", actor=OPERATOR)
    assert [event["type"] for event in script.read(f"events/?after={last}")["results"]] == ["group.created"]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_who_commits_late_is_in_the_feed_before_those_who_came_after(monkeypatch: pytest.MonkeyPatch) -> None:
    script = administrators_caller()
    monkeypatch.setattr(events, "PATIENCE_SECONDS", 0.05)
    groups.create_group(name="Builders", actor=OPERATOR)
    last = script.read("events/?limit=200")["after"]
    with Unfinished(lambda: groups.create_group(name="Slow", actor=OPERATOR)):
        groups.create_group(name="Quick", actor=OPERATOR)
        assert script.read(f"events/?after={last}")["results"] == []
    found = script.read(f"events/?after={last}")["results"]
    assert [event["data"]["details"]["name"] for event in found] == ["Slow", "Quick"]


def test_a_part_costs_the_same_however_much_there_is() -> None:
    script, idp = administrators_caller(), make_idp()

    def more(number: int) -> None:
        people = [provision(idp, f"user{number}-{one}") for one in range(2)]
        map_group(push_group(idp, f"Team {number}", *people), make_group(f"Group {number}"))

    same_for_many_rows(lambda: script.read("events/?limit=200"), more, most=6)
