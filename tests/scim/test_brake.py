"""R26: what would take something from too many people is stopped, and everything else goes on."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail

from identity.core.errors import Refused
from identity.models import AuditEvent, Membership, TurnedAway, User
from identity.services import brakes
from tests import clock
from tests.clients import IdP, new_idp
from tests.factories import OPERATOR, administrator, make_owner
from tests.loops import each
from tests.scim.helpers import Document, group_body, mapped, member, user_body
from tests.sessions import as_owner
from tests.threads import at_once

INACTIVE: Document = {"op": "replace", "path": "active", "value": False}
LIMIT = 3  # people, of whom more than a tenth


def company(number: int = 16) -> Any:
    """So many people of long ago, all in one mapped group, and a brake at LIMIT."""
    with clock.ago(days=3):
        idp: Any = new_idp()
        idp.people = [idp.user(f"user{one:02}") for one in range(number)]
        idp.team = idp.group("Engineering", idp.people)
        idp.groups = [idp.group(f"Team {one}", [person]) for one, person in enumerate(idp.people)]
        for one, group in enumerate(idp.groups):
            mapped(group, f"Portal team {one}")
        idp.portal_group = mapped(idp.team, "Builders")
    brakes.set_brake(idp.provider, people=LIMIT, actor=OPERATOR)
    return idp


@pytest.fixture
def idp_of_many(db: None) -> Any:
    return company()


def at(person: Document) -> str:
    return f"/Users/{person['id']}"


def disabled() -> int:
    return User.objects.filter(username__startswith="user", status="disabled").count()


def disabling(idp: IdP, person: Document) -> Any:
    return lambda: idp.patch(at(person), INACTIVE)


def test_what_crosses_the_limit_is_turned_away_and_all_that_follows(
    idp_of_many: Any, django_capture_on_commit_callbacks: Any
) -> None:
    idp, owner = idp_of_many, make_owner(email="olga@example.test")
    with django_capture_on_commit_callbacks(execute=True):
        answers = [idp.patch(at(person), INACTIVE) for person in idp.people[:6]]
    assert [answer.status_code for answer in answers] == [200] * LIMIT + [429] * 3
    assert int(answers[-1]["Retry-After"]) > 0
    assert disabled() == LIMIT
    assert {row.name: (row.status_wish, row.reason) for row in TurnedAway.objects.open()} == {
        f"user{one:02}": ("disable", "braked") for one in (3, 4, 5)
    }
    assert AuditEvent.objects.filter(action="identity_provider.braked").count() == 1
    assert [message.to for message in mail.outbox] == [[owner.email]]
    assert str(idp.provider) in mail.outbox[0].subject


def test_everything_else_goes_on(idp_of_many: Any) -> None:
    idp = idp_of_many
    assert idp.put(f"/Groups/{idp.team['id']}", group_body("Engineering")).status_code == 429
    person = idp.people[0]
    for answer in (
        idp.get("/Users"),
        idp.post("/Users", user_body("new")),
        idp.put(at(person), user_body("user00", title="Boss")),
        idp.post("/Groups", group_body("Design", idp.people)),
        idp.patch(f"/Groups/{idp.groups[0]['id']}", {"op": "add", "path": "members", "value": [member(idp.people[1])]}),
    ):
        assert answer.status_code < 300
    assert new_idp().post("/Users", user_body("elsewhere", emails=[])).status_code == 201
    assert idp.delete(at(person)).status_code == 429
    assert idp.get(at(person)).json()["active"] is True


def test_one_push_that_removes_many_counts_as_many(idp_of_many: Any) -> None:
    idp, team = idp_of_many, f"/Groups/{idp_of_many.team['id']}"
    before = Membership.objects.count()
    some = {"op": "remove", "path": "members", "value": [member(one) for one in idp.people[: LIMIT + 1]]}
    for answer in (idp.put(team, group_body("Engineering")), idp.patch(team, some), idp.delete(team)):
        assert answer.status_code == 429
    assert Membership.objects.count() == before
    assert idp.get(team).json()["displayName"] == "Engineering"


def test_each_operation_of_a_bulk_request_is_counted(idp_of_many: Any) -> None:
    idp = idp_of_many
    operations = [{"method": "DELETE", "path": at(person)} for person in idp.people]
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    statuses = [one["status"] for one in idp.post("/Bulk", body).json()["Operations"]]
    assert statuses == ["204"] * LIMIT + ["429"] * (16 - LIMIT)
    assert disabled() == LIMIT


def test_groups_that_are_deleted_count_by_the_people_who_leave(idp_of_many: Any) -> None:
    answers = [idp_of_many.delete(f"/Groups/{group['id']}").status_code for group in idp_of_many.groups]
    assert answers == [204] * LIMIT + [429] * (16 - LIMIT)


def test_whom_it_took_from_before_counts_once(idp_of_many: Any) -> None:
    idp = idp_of_many
    for person, group in each(zip(idp.people[:LIMIT], idp.groups[:LIMIT], strict=True), at_least=LIMIT):
        assert idp.delete(f"/Groups/{group['id']}").status_code == 204
        assert idp.patch(at(person), INACTIVE).status_code == 200
        assert idp.delete(at(person)).status_code == 204


def test_leavers_one_by_one_are_never_held(idp_of_many: Any) -> None:
    idp = idp_of_many
    for hours, person in enumerate(each(idp.people, at_least=16)):
        with clock.later(hours=hours * 0.4):
            assert idp.patch(at(person), INACTIVE).status_code == 200, hours


def test_a_small_part_of_many_is_not_held(idp_of_many: Any) -> None:
    brakes.set_brake(idp_of_many.provider, percent=50, actor=OPERATOR)
    statuses = [idp_of_many.patch(at(person), INACTIVE).status_code for person in idp_of_many.people]
    assert statuses == [200] * 8 + [429] * 8


def test_who_came_today_does_not_count(db: None) -> None:
    idp = new_idp()
    brakes.set_brake(idp.provider, people=1, actor=OPERATOR)
    for person in [idp.user(f"user{one}") for one in range(5)]:
        assert idp.delete(at(person)).status_code == 204


def test_an_owner_alone_releases_it_raises_the_limit_or_switches_it_off(idp_of_many: Any) -> None:
    idp, boss = idp_of_many, administrator()
    for deed in (
        lambda: brakes.set_brake(idp.provider, is_on=False, actor=boss),
        lambda: brakes.release_brake(idp.provider, actor=boss),
    ):
        with pytest.raises(Refused):
            deed()
    [idp.patch(at(person), INACTIVE) for person in idp.people[: LIMIT + 1]]
    page = f"/admin/identity/identityprovider/{idp.provider.pk}"
    client = as_owner()
    assert "Braked since" in client.get(f"{page}/change/").content.decode()
    client.post(f"{page}/release_brake/", {"people": "6", "hours": "2"})
    assert "Braked since" not in client.get(f"{page}/change/").content.decode()
    statuses = [idp.patch(at(person), INACTIVE).status_code for person in idp.people[LIMIT : LIMIT + 7]]
    assert statuses == [200] * 6 + [429]
    brakes.set_brake(idp.provider, is_on=False, actor=OPERATOR)
    assert {idp.patch(at(person), INACTIVE).status_code for person in idp.people} == {200}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deed", ["disable", "delete", "group"])
def test_sixteen_at_once_do_not_slip_through(deed: str) -> None:
    idp = company()
    calls = {
        "disable": [disabling(idp, person) for person in idp.people],
        "delete": [lambda person=person: idp.delete(at(person)) for person in idp.people],
        "group": [lambda group=group: idp.delete(f"/Groups/{group['id']}") for group in idp.groups],
    }[deed]
    statuses = sorted(answer.status_code for answer in at_once(*calls))
    done = {"disable": 200, "delete": 204, "group": 204}[deed]
    assert statuses == [done] * LIMIT + [429] * (16 - LIMIT)
    assert AuditEvent.objects.filter(action="identity_provider.braked").count() == 1
    assert TurnedAway.objects.open().count() == 16 - LIMIT
