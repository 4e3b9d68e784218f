"""R24: what an identity provider wanted while it was not let in is kept, and the last word on each thing counts."""

from __future__ import annotations

from typing import Any

import pytest

from identity.core.errors import Refused
from identity.events import Event
from identity.models import AccessSettings, AuditEvent, ProvisioningLog, SSOUser, TurnedAway, User
from identity.queries.turned_away import account_of, in_words, with_moves
from identity.services import turned_away_decisions
from identity.services.provisioning import turned_away
from identity.services.turned_away_decisions import TurnedAwayDecision
from tests.clients import IdP, problem
from tests.factories import OPERATOR, administrator, members_of, owner, set_mode
from tests.loops import each
from tests.scim.helpers import Document, group_body, mapped, member, unchanged_database, user_body
from tests.sessions import as_owner

INACTIVE: Document = {"op": "replace", "path": "active", "value": False}
ACTIVE: Document = {"op": "replace", "path": "active", "value": True}


def adding(*users: Document) -> Document:
    return {"op": "add", "path": "members", "value": [member(user) for user in users]}


def removing(*users: Document) -> Document:
    return {"op": "remove", "path": "members", "value": [member(user) for user in users]}


def kept() -> dict[str, str]:
    """What is not decided, in words, by the name of whom or what it is about."""
    return {row.name: in_words(row) for row in with_moves(TurnedAway.objects.unheard())}


@pytest.fixture
def shut(idp: IdP) -> IdP:
    """Ann and Bob, both in Engineering, which feeds Builders, and Cy; then SCIM is switched off."""
    idp.people = {name: idp.user(name) for name in ("ann", "bob", "cy")}  # type: ignore[attr-defined]
    idp.team = idp.group("Engineering", [idp.people["ann"], idp.people["bob"]])  # type: ignore[attr-defined]
    idp.builders = mapped(idp.team, "Builders")  # type: ignore[attr-defined]
    set_mode(scim=False)
    return idp


def path_of(idp: Any, name: str = "") -> str:
    return f"/Users/{idp.people[name]['id']}" if name else f"/Groups/{idp.team['id']}"


def test_each_kind_of_wish_is_kept_in_words(shut: Any) -> None:
    people = shut.people
    with unchanged_database():
        for answer in (
            shut.patch(path_of(shut, "ann"), INACTIVE),
            shut.delete(path_of(shut, "bob")),
            shut.put(path_of(shut, "cy"), user_body("cy", title="Boss")),
            shut.post("/Users", user_body("new")),
            shut.post("/Groups", group_body("Design", [people["cy"]])),
            shut.patch(path_of(shut), adding(people["cy"]), removing(people["ann"])),
        ):
            assert problem(answer) == (403, None)
    assert kept() == {
        "ann": "Would be disabled",
        "bob": "Would be deleted",
        "cy": "Would be changed",
        "new": "Would be created",
        "Design": "Would be created, 1 would join",
        "Engineering": "1 would join, 1 would leave",
    }
    account = account_of(shut.provider)
    assert account is not None
    assert account.sentence.partition(": ")[2] == (
        "1 person would be disabled, 1 removed, 1 created, 1 changed, 1 group created, 1 changed."
    )
    assert account.sentence.startswith("6 changes were turned away since ")
    assert not ProvisioningLog.objects.filter(outcome="refused").exists()


def test_the_last_word_counts(shut: Any) -> None:
    ann, cy = path_of(shut, "ann"), shut.people["cy"]
    shut.patch(ann, INACTIVE)
    shut.patch(path_of(shut), adding(cy))
    assert set(kept()) == {"ann", "Engineering"}
    shut.patch(ann, ACTIVE)
    shut.patch(path_of(shut), removing(cy))
    assert kept() == {}
    shut.delete(ann)
    shut.post("/Users", user_body("ann"))
    assert kept() == {}
    for _ in range(3):
        shut.patch(ann, INACTIVE)
    assert TurnedAway.objects.get().tries == 3


def test_a_whole_group_is_compared_with_who_is_in_it(shut: Any) -> None:
    people = shut.people
    shut.patch(path_of(shut), removing(people["ann"]))
    shut.put(path_of(shut), group_body("Engineering", [people["ann"], people["cy"]]))
    assert kept() == {"Engineering": "1 would join, 1 would leave"}
    assert set(TurnedAway.objects.get().members.values_list("sso_user__user_name", "joins")) == {
        ("cy", True),
        ("bob", False),
    }
    shut.delete(path_of(shut))
    assert kept() == {"Engineering": "Would be deleted, 1 would join, 1 would leave"}


def test_what_would_have_been_refused_anyway_is_no_wish(shut: Any) -> None:
    nobody = "/Users/5d0ad8c6-4a3f-4b0e-9c3e-2f1c8a7b6d59"
    for answer in each(
        (
            shut.post("/Users", {"title": "without a name"}),
            shut.post("/Users", user_body("x" * 300)),
            shut.patch(path_of(shut, "ann"), {"op": "replace", "path": "active", "value": "maybe"}),
            shut.delete(nobody),
            shut.post("/Nowhere", user_body("new")),
            shut.send("DELETE", path_of(shut, "ann"), If_Match='W/"99"'),
        ),
        at_least=6,
    ):
        assert problem(answer) == (403, None)
    assert shut.client.post("/scim/v2/Users", user_body("new"), content_type="application/json").status_code == 401
    assert kept() == {}


def test_each_operation_of_a_bulk_request_is_kept(shut: Any) -> None:
    operations = [
        {"method": "DELETE", "path": path_of(shut, "ann")},
        {"method": "POST", "path": "/Users", "bulkId": "n", "data": user_body("new")},
        {"method": "POST", "path": "/Groups", "bulkId": "g", "data": group_body("Design", [{"id": "bulkId:n"}])},
        {"method": "POST", "path": "/Users", "bulkId": "bad", "data": {"title": "x"}},
    ]
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    assert problem(shut.post("/Bulk", body)) == (403, None)
    assert set(kept()) == {"ann", "new", "Design"}
    assert not ProvisioningLog.objects.filter(outcome="refused").exists()


def test_what_is_sent_again_is_settled_and_only_that(shut: Any) -> None:
    people, ann = shut.people, path_of(shut, "ann")
    shut.patch(ann, INACTIVE)
    shut.post("/Users", user_body("new"))
    shut.patch(path_of(shut), removing(people["ann"], people["bob"]))
    AccessSettings.objects.update(scim_enabled=True)
    shut.patch(ann, {"op": "replace", "path": "title", "value": "Boss"})
    shut.patch(path_of(shut), removing(people["ann"]))
    assert kept() == {"ann": "Would be disabled", "new": "Would be created", "Engineering": "1 would leave"}
    shut.patch(ann, INACTIVE)
    shut.patch(path_of(shut), removing(people["bob"]))
    shut.post("/Users", user_body("new"))
    assert kept() == {}
    assert set(TurnedAway.objects.values_list("state", flat=True)) == {TurnedAway.State.HEARD}


def test_a_loop_fills_no_disk(shut: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turned_away, "MOST_ROWS", 2)
    monkeypatch.setattr(turned_away, "MOST_MEMBERS", 1)
    shut.patch(path_of(shut), removing(shut.people["ann"], shut.people["bob"]))
    for name in ("one", "two", "three"):
        shut.post("/Users", user_body(name))
    assert kept() == {"Engineering": "1 would leave", "one": "Would be created"}
    account = account_of(shut.provider)
    assert account is not None
    assert account.changes == 5  # three of them beyond what is kept


def test_what_cannot_be_kept_is_turned_away_all_the_same(shut: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError  # noqa: PLC0415

    def fails(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("the disk is full")

    monkeypatch.setattr("scim.attempts.remember", fails)
    assert problem(shut.delete(path_of(shut, "ann"))) == (403, None)


def test_the_page_of_the_provider_and_the_list_tell_it(shut: Any) -> None:
    shut.patch(path_of(shut, "ann"), INACTIVE)
    client = as_owner()
    page = client.get(f"/admin/identity/identityprovider/{shut.provider.pk}/change/").content.decode()
    assert "1 change was turned away since" in page
    assert "1 person would be disabled." in page
    row = TurnedAway.objects.get()
    for address in ("", f"{row.pk}/change/"):
        told = client.get(f"/admin/identity/turnedaway/{address}").content.decode()
        assert "Would be disabled" in told
        assert "SCIM was off" in told
    found = client.get(f"/api/v1/turned-away/?state=open&identity_provider={shut.provider.pk}").json()["results"]
    assert [(one["name"], one["sentence"], one["reason"]) for one in found] == [
        ("ann", "Would be disabled", "scim_off")
    ]


# --- the decision ---


def decided(shut: Any, decision: str) -> None:
    turned_away_decisions.decide_all(shut.provider, TurnedAwayDecision(decision), actor=owner())


def test_to_apply_takes_away_what_was_asked_and_asks_for_the_rest(shut: Any) -> None:
    people, team = shut.people, shut.builders
    shut.patch(path_of(shut, "ann"), INACTIVE)
    shut.delete(path_of(shut, "bob"))
    shut.post("/Users", user_body("new"))
    shut.patch(path_of(shut), adding(people["cy"]), removing(people["ann"]))
    set_mode()
    assert members_of(team) == {"ann", "bob"}
    decided(shut, "apply")
    assert {user.username: user.status for user in User.objects.filter(username__in=("ann", "bob", "cy"))} == {
        "ann": "disabled",
        "bob": "disabled",
        "cy": "enabled",
    }
    assert members_of(team) == set()
    assert kept() == {"new": "Would be created", "Engineering": "1 would join"}
    assert shut.get(path_of(shut, "ann")).json()["active"] is False
    assert shut.get(path_of(shut, "bob")).status_code == 404
    assert not SSOUser.objects.filter(overruled=True).exists()
    shut.post("/Users", user_body("new"))
    shut.patch(path_of(shut), adding(people["cy"]))
    assert kept() == {}


def test_a_deleted_group_goes_when_it_is_applied(shut: Any) -> None:
    team = shut.builders
    assert members_of(team) == {"ann", "bob"}
    shut.delete(path_of(shut))
    set_mode()
    decided(shut, "apply")
    assert (members_of(team), kept()) == (set(), {})
    assert shut.get(path_of(shut)).status_code == 404
    event = AuditEvent.objects.get(action=Event.SSO_GROUP_DELETED)
    assert event.details["mapped"] == [team.pk]  # for who restores it, as where the provider deletes it itself


def test_what_is_forgotten_or_awaited_changes_nothing(shut: Any) -> None:
    shut.patch(path_of(shut, "ann"), INACTIVE)
    set_mode()
    decided(shut, "await")
    assert kept() == {"ann": "Would be disabled"}
    row = TurnedAway.objects.get()
    turned_away_decisions.decide(row, TurnedAwayDecision.FORGET, actor=owner())
    assert kept() == {}
    with pytest.raises(Refused, match="settled"):
        turned_away_decisions.decide(row, TurnedAwayDecision.APPLY, actor=owner())


def test_an_owner_alone_decides_and_the_last_owner_stays(shut: Any) -> None:
    shut.patch(path_of(shut, "ann"), INACTIVE)
    row = TurnedAway.objects.get()
    with pytest.raises(Refused):
        turned_away_decisions.decide(row, TurnedAwayDecision.APPLY, actor=administrator())
    User.objects.filter(username="ann").update(role="owner")
    with pytest.raises(Refused, match="last enabled owner"):
        turned_away_decisions.decide(row, TurnedAwayDecision.APPLY, actor=OPERATOR)
    assert kept() == {"ann": "Would be disabled"}


def test_the_pages_and_rest_decide(shut: Any) -> None:
    for name in ("ann", "bob"):
        shut.patch(path_of(shut, name), INACTIVE)
    client = as_owner()
    ann, bob = (TurnedAway.objects.get(name=name) for name in ("ann", "bob"))
    page = f"/admin/identity/turnedaway/{ann.pk}/decide/"
    assert "ann: would be disabled." in client.get(page).content.decode()
    client.post(page, {"decision": "apply"})
    assert User.objects.get(username="ann").status == "disabled"
    page = f"/admin/identity/identityprovider/{shut.provider.pk}/decide_turned_away/"
    assert "1 change was turned away" in client.get(page).content.decode()
    assert "Decided: 1 forgotten." in client.post(page, {"decision": "forget"}, follow=True).content.decode()
    bob.refresh_from_db()
    assert (bob.state, User.objects.get(username="bob").status) == ("forgotten", "enabled")
