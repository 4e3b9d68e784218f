"""SR-4 with two identity providers that are alike: whatever one asks for, it meets its own people and groups only."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse

from tests.clients import IdP, problem
from tests.factories import set_mode
from tests.identity.two_idps import LEAVER, SUBJECT, Side
from tests.identity.whose import Bystanders
from tests.scim.helpers import (
    ENTERPRISE,
    PORTAL_GROUP,
    PORTAL_USER,
    SEARCH,
    Document,
    group_body,
    user_body,
)

pytestmark = pytest.mark.django_db

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


class Other(Bystanders):
    """The other side, looked at after each request; its `words` tell it from its twin."""

    def __init__(self, side: Side) -> None:
        super().__init__(side.roots)
        ids = [row.scim_id for row in (side.sso_user, side.colleague, side.sso_group, side.declared)]
        self.words = [
            *map(str, ids),
            *gone_at(side),
            f".{side.name}@",
            f"of {side.name}",
        ]

    def assert_untouched(self) -> None:
        assert self.touched() == []

    def assert_left_alone(self, answer: HttpResponse) -> None:
        """Nothing of it was changed, or told."""
        self.assert_untouched()
        told = answer.content.decode()
        assert [word for word in self.words if word in told] == []


def client_of(side: Side) -> IdP:
    return IdP(side.secret, provider=side.idp)


def values(*ids: Any) -> list[Document]:
    return [{"value": str(one)} for one in ids]


def gone_at(side: Side) -> list[str]:
    return [str(one) for one in side.idp.retired_resources.values_list("scim_id", flat=True)]


# --- the other one's ids ---


def named_by_address(idp: IdP, theirs: Side) -> list[HttpResponse]:
    active = {"op": "replace", "path": "active", "value": False}
    renamed = {"op": "replace", "path": "displayName", "value": "Stolen"}
    found = []
    for kind, ids, body, operation in (
        ("Users", [theirs.sso_user.scim_id, theirs.colleague.scim_id, *gone_at(theirs)], user_body("ada"), active),
        ("Groups", [theirs.sso_group.scim_id, theirs.declared.scim_id], group_body("Engineering"), renamed),
    ):
        for one in ids:
            path = f"/{kind}/{one}"
            found += [idp.get(path), idp.put(path, body), idp.patch(path, operation), idp.delete(path)]
            found += [idp.put(path, body, If_Match="*"), idp.delete(path, If_Match='W/"1"')]
    return found


def test_what_is_the_others_is_not_found_by_address(mine: Side) -> None:
    theirs = Other(mine.other)
    answers = named_by_address(client_of(mine), mine.other)
    assert len(answers) == 36
    for answer in answers:
        assert problem(answer) == (404, None)
        theirs.assert_untouched()


def test_what_is_the_others_is_not_found_in_bulk(mine: Side) -> None:
    theirs = Other(mine.other)
    user, group = f"/Users/{mine.other.sso_user.scim_id}", f"/Groups/{mine.other.sso_group.scim_id}"
    active = {"Operations": [{"op": "replace", "path": "active", "value": False}]}
    operations: list[Document] = [
        {"method": "PUT", "path": user, "data": user_body("ada")},
        {"method": "PATCH", "path": user, "data": active},
        {"method": "DELETE", "path": user},
        {"method": "PUT", "path": group, "data": group_body("Engineering")},
        {"method": "DELETE", "path": group},
    ]
    answer = client_of(mine).post("/Bulk", {"schemas": [BULK], "Operations": operations})
    assert [result["status"] for result in answer.json()["Operations"]] == ["404"] * len(operations)
    theirs.assert_untouched()


def test_the_others_people_and_groups_are_never_members(mine: Side) -> None:
    theirs, idp = Other(mine.other), client_of(mine)
    path, other = f"/Groups/{mine.sso_group.scim_id}", mine.other
    before = idp.get(path).json()["members"]
    for one in (other.sso_user.scim_id, other.sso_group.scim_id, other.declared.scim_id, *gone_at(other)):
        entries = values(one, mine.sso_user.scim_id)
        for answer in (
            idp.patch(path, {"op": "add", "path": "members", "value": entries}),
            idp.patch(path, {"op": "replace", "path": "members", "value": entries}),
            idp.patch(path, {"op": "add", "value": {"members": entries}}),
            idp.put(path, {**group_body("Engineering"), "members": entries}),
            idp.post("/Groups", {**group_body("New"), "members": entries}),
        ):
            assert problem(answer) == (400, "invalidValue"), one
            theirs.assert_untouched()
        for removal in (
            {"op": "remove", "path": f'members[value eq "{one}"]'},
            {"op": "remove", "path": "members", "value": values(one)},
        ):
            answer = idp.patch(path, removal)
            assert answer.status_code in {200, 204}
            theirs.assert_left_alone(answer)
    assert idp.get(path).json()["members"] == before


# --- the own ones, whose words are the other's too ---


def test_lists_and_filters_show_the_own_ones(mine: Side) -> None:
    theirs, idp, other = Other(mine.other), client_of(mine), mine.other
    for expression, found in {
        'userName eq "ada"': ["ada"],
        f'externalId eq "{SUBJECT}"': ["ada"],
        f'externalId eq "{LEAVER}"': [],
        'emails.value eq "ada@example.test"': ["ada"],
        'emails[value sw "ada"]': ["ada"],
        "id pr": ["ada", "bob"],
        'not (userName eq "ada")': ["bob"],
        'meta.created gt "2000-01-01T00:00:00Z"': ["ada", "bob"],
        f'id eq "{other.sso_user.scim_id}"': [],
        f'id eq "{mine.sso_user.scim_id}"': ["ada"],
        f'groups.value eq "{other.sso_group.scim_id}"': [],
        f'groups.value eq "{mine.sso_group.scim_id}"': ["ada", "bob"],
        f'{PORTAL_USER}:username eq "{other.user.username}"': [],
        f'{PORTAL_USER}:username eq "{mine.user.username}"': ["ada"],
        f'{PORTAL_USER}:status eq "Enabled"': ["ada", "bob"],
    }.items():
        assert idp.found(expression) == found, expression
        theirs.assert_left_alone(idp.get("/Users", filter=expression, count=0))
    for expression, found in {
        'displayName eq "Engineering"': ["Engineering"],
        'displayName eq "Declared"': [],
        'externalId eq "g1"': ["Engineering"],
        f'members.value eq "{other.sso_user.scim_id}"': [],
        f'members[value eq "{mine.sso_user.scim_id}"]': ["Engineering"],
        f'{PORTAL_GROUP}:portalGroups.display eq "{other.group.name}"': [],
        f'{PORTAL_GROUP}:portalGroups.display eq "{mine.group.name}"': ["Engineering"],
    }.items():
        assert idp.found(expression, "/Groups") == found, expression


def test_every_page_holds_the_own_ones(mine: Side) -> None:
    theirs, idp = Other(mine.other), client_of(mine)
    search = {"schemas": [SEARCH], "filter": "id pr", "sortBy": "id"}
    for answer in (
        idp.get("/Users"),
        idp.get("/Groups"),
        idp.get("/Users", sortBy="userName", sortOrder="descending"),
        idp.get("/Users", startIndex=1, count=1),
        idp.get("/Users", cursor="", count=10),
        idp.post("/Users/.search", search),
        idp.post("/Groups/.search", search),
        idp.post("/.search", search),
        *(idp.get(f"/Users/{one.scim_id}") for one in (mine.sso_user, mine.colleague)),
        idp.get(f"/Groups/{mine.sso_group.scim_id}"),
    ):
        assert answer.status_code == 200
        theirs.assert_left_alone(answer)


def test_a_cursor_of_the_other_one_opens_nothing(mine: Side) -> None:
    cursor = client_of(mine.other).get("/Users", cursor="", count=1).json()["nextCursor"]
    assert problem(client_of(mine).get("/Users", cursor=cursor, count=1)) == (400, "invalidCursor")


def test_what_is_written_is_written_to_the_own_ones(mine: Side) -> None:
    theirs, idp = Other(mine.other), client_of(mine)
    user, group = f"/Users/{mine.sso_user.scim_id}", f"/Groups/{mine.sso_group.scim_id}"
    ada = {**user_body("ada"), "externalId": SUBJECT}
    for expected, answer in (
        (409, lambda: idp.post("/Users", ada)),
        (201, lambda: idp.post("/Users", {**user_body("newcomer"), "externalId": SUBJECT})),
        (201, lambda: idp.post("/Users", {**user_body("leaver"), "emails": values("leaver@example.test")})),
        (200, lambda: idp.put(user, {**ada, "name": {"familyName": "King"}, ENTERPRISE: {"department": "R&D"}})),
        (409, lambda: idp.put(user, user_body("bob"))),
        (200, lambda: idp.patch(user, {"op": "replace", "path": "active", "value": "False"})),
        (200, lambda: idp.patch(user, {"op": "replace", "path": "active", "value": True})),
        (409, lambda: idp.post("/Groups", group_body("Engineering"))),
        (201, lambda: idp.post("/Groups", {**group_body("Declared"), "externalId": "g2"})),
        (409, lambda: idp.put(group, group_body("Declared"))),
        (200, lambda: idp.put(group, {**group_body("Builders"), "externalId": "g1", "members": []})),
        (204, lambda: idp.patch(group, {"op": "add", "path": "members", "value": values(mine.sso_user.scim_id)})),
        (204, lambda: idp.delete(group)),
        (204, lambda: idp.delete(user)),
        (404, lambda: idp.delete(user)),
    ):
        found = answer()
        assert found.status_code == expected, found.content
        theirs.assert_left_alone(found)


def test_with_scim_off_nothing_is_anybodys(mine: Side) -> None:
    set_mode(scim=False)
    theirs, idp = Other(mine.other), client_of(mine)
    own = [idp.get("/Users"), idp.delete(f"/Users/{mine.sso_user.scim_id}"), idp.post("/Groups", group_body("New"))]
    for answer in (*named_by_address(idp, mine.other), *own):
        assert problem(answer)[0] == 403
        theirs.assert_untouched()
