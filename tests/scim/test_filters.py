"""Filters by example: every operator on every kind of attribute (SR-26); `test_filter_model.py` goes further."""

from __future__ import annotations

import json

import pytest

from identity.models import SSOGroup, User
from tests.clients import IdP, new_idp, problem
from tests.factories import make_group, map_group
from tests.loops import each
from tests.scim.helpers import (
    BASE,
    CERTIFICATE,
    CORE_GROUP,
    CORE_USER,
    ENTERPRISE,
    PORTAL_GROUP,
    PORTAL_USER,
    SEARCH,
    Document,
)


@pytest.fixture
def three(idp: IdP) -> dict[str, Document]:
    """Ann has everything, Ben little, Cat nothing but a name."""
    ann = idp.user(
        "Ann@Example.com",
        externalId="E-1",
        displayName="Ann Bó",
        title="Guide 100%",
        nickName='say "hi" \\o/',
        userType="a_b",
        locale="de-CH",
        name={"givenName": "Ann", "familyName": "Boston"},
        emails=[
            {"value": "Ann@Work.test", "type": "work", "primary": True},
            {"value": "ann@home.test", "type": "home"},
        ],
        phoneNumbers=[{"value": "+41 44", "type": "mobile"}],
        addresses=[{"locality": "Bern", "country": "CH", "type": "work"}],
        roles=[{"value": "guide", "display": "Guide"}],
        photos=[{"value": "https://x.test/Ann.png"}],
        x509Certificates=[{"value": CERTIFICATE}],
        **{ENTERPRISE: {"department": "R&D", "employeeNumber": "007", "manager": {"value": "M-1"}}},
    )
    ben = idp.user(
        "ben", externalId="e-1", title="Guide 1000", userType="axb", active=False, emails=[{"value": "ben@home.test"}]
    )
    cat = idp.user("cat", nickName="say hi")
    idp.group("Staff", [ann, ben], externalId="G-1")
    idp.group("Empty")
    User.objects.filter(username_key="ann@example.com").update(last_active="2026-03-01T12:00:00Z")
    return {"Ann": ann, "ben": ben, "cat": cat}


ANN, BEN, CAT = "Ann@Example.com", "ben", "cat"

USERS: list[tuple[str, list[str]]] = [
    # userName: without case
    ('userName eq "ANN@example.COM"', [ANN]),
    ('userName ne "ben"', [ANN, CAT]),
    ('userName co "EXAMPLE"', [ANN]),
    ('userName sw "B"', [BEN]),
    ('userName ew ".COM"', [ANN]),
    ('userName gt "ben"', [CAT]),
    ('userName ge "ben"', [BEN, CAT]),
    ('userName lt "ben"', [ANN]),
    ('userName le "BEN"', [ANN, BEN]),
    ("userName pr", [ANN, BEN, CAT]),
    # externalId: caseExact, in substrings too
    ('externalId eq "E-1"', [ANN]),
    ('externalId eq "e-1"', [BEN]),
    ('externalId co "E"', [ANN]),
    ('externalId sw "e"', [BEN]),
    ('externalId ew "-1"', [ANN, BEN]),
    ('externalId ew "E-1"', [ANN]),
    ('externalId gt "E-1"', [BEN]),
    ('externalId ne "E-1"', [BEN, CAT]),
    ("externalId pr", [ANN, BEN]),
    ("not (externalId pr)", [CAT]),
    ("externalId eq null", [CAT]),
    ("externalId ne null", [ANN, BEN]),
    # text that the IdP sent
    ('title eq "guide 100%"', [ANN]),
    ('title co "GUIDE"', [ANN, BEN]),
    ('title ne "guide 100%"', [BEN, CAT]),
    ('displayName ew "bÓ"', [ANN]),
    ('displayName pr or title sw "guide"', [ANN, BEN]),
    ("displayName eq null", [BEN, CAT]),
    ('locale eq "DE-ch"', [ANN]),
    # % _ and \ mean themselves; strings have JSON's escapes
    ('title co "100%"', [ANN]),
    ('title sw "%"', []),
    ('userType eq "a_b"', [ANN]),
    ('userType co "_"', [ANN]),
    ('userType sw "a_"', [ANN]),
    (r'nickName co "\""', [ANN]),
    (r'nickName co "\\"', [ANN]),
    (r'nickName eq "say \"HI\" \\o/"', [ANN]),
    (r'userName eq "\u0062en"', [BEN]),
    ('displayName co "bo\u0301"', [ANN]),
    ('title co ""', [ANN, BEN]),
    # complex attributes
    ('name.familyName eq "boston"', [ANN]),
    ('name.givenName sw "a" and name.familyName co "ost"', [ANN]),
    ("name pr", [ANN]),
    ("name.middleName pr", []),
    ("name eq null", [BEN, CAT]),
    ("name ne null", [ANN]),
    ("addresses eq null", [BEN, CAT]),
    ("not (name.givenName pr)", [BEN, CAT]),
    # booleans and dates
    ("active eq true", [ANN, CAT]),
    ("active eq false", [BEN]),
    ("active ne true", [BEN]),
    ("active pr", [ANN, BEN, CAT]),
    ('active eq "true"', [ANN, CAT]),
    ('meta.created gt "2020-01-01T00:00:00Z"', [ANN, BEN, CAT]),
    ('meta.created lt "2020-01-01T00:00:00+02:00"', []),
    (
        'meta.lastModified ge "2020-01-01T00:00:00Z" and meta.lastModified lt "2100-01-01T00:00:00.123Z"',
        [ANN, BEN, CAT],
    ),
    ('meta.created gt "2020-01-01"', [ANN, BEN, CAT]),
    ('meta.created gt "2020-01-01T00:00:00"', [ANN, BEN, CAT]),
    ('meta.created gt "0001-01-01T00:00:00+14:00"', [ANN, BEN, CAT]),
    ('meta.created lt "9999-12-31T23:59:59-14:00"', [ANN, BEN, CAT]),
    ('meta.resourceType eq "User"', [ANN, BEN, CAT]),
    ('meta.resourceType eq "user"', []),
    ('meta.resourceType sw "Us"', [ANN, BEN, CAT]),
    *((f'meta.resourceType {op} "User"', [ANN, BEN, CAT]) for op in ("ge", "le")),
    *((f'meta.resourceType {op} "User"', []) for op in ("gt", "lt", "ne")),
    ('meta.location co "/users/"', [ANN, BEN, CAT]),
    ('meta.resourceType eq "Group"', []),
    ('meta.version eq "W/\\"1\\""', [ANN, BEN, CAT]),
    ('meta.version eq "W/\\"2\\""', []),
    ('meta.version eq "1"', []),
    ('meta.version ne "nonsense"', [ANN, BEN, CAT]),
    ('meta.version sw "W/\\"" and meta.version lt "W/\\"2"', [ANN, BEN, CAT]),
    ("meta pr", [ANN, BEN, CAT]),
    # several values
    ('emails eq "ann@work.test"', [ANN]),
    ('emails.value eq "ANN@work.test"', [ANN]),
    ('emails.value co "home"', [ANN, BEN]),
    ('emails.value ne "ben@home.test"', [ANN, CAT]),
    ('emails.type eq "work"', [ANN]),
    ("emails.primary eq true", [ANN]),
    ("emails.primary eq false", [ANN, BEN]),
    ("emails[primary eq false]", [ANN, BEN]),
    ("emails.primary ne true", [BEN, CAT]),
    ('emails[value eq ""]', []),
    ("emails pr", [ANN, BEN]),
    ("emails.type pr", [ANN]),
    ("not (emails pr)", [CAT]),
    ("emails eq null", [CAT]),
    ('phoneNumbers.value eq "+41 44"', [ANN]),
    ('addresses.locality eq "bern"', [ANN]),
    ('roles eq "GUIDE"', [ANN]),
    ('photos.value ew ".PNG"', [ANN]),
    (f'x509Certificates.value eq "{CERTIFICATE}"', [ANN]),
    (f'x509Certificates.value eq "{CERTIFICATE.swapcase()}"', []),
    ("x509Certificates pr", [ANN]),
    # value paths: all of it for one and the same value
    ('emails[type eq "work"].value eq "ANN@work.test"', [ANN]),
    ('emails[type eq "home"].value eq "ann@work.test"', []),
    ('emails[type eq "home"].value co "home" and active eq false', []),
    ('not (emails[type eq "work"].value sw "ann")', [BEN, CAT]),
    ('emails[type eq "work"]', [ANN]),
    ('emails[type eq "work" and value eq "ann@work.test"]', [ANN]),
    ('emails[type eq "home" and value eq "ann@work.test"]', []),
    ('emails[type eq "home" or value sw "ben"]', [ANN, BEN]),
    ('emails[not (type eq "work")]', [ANN, BEN]),
    ('emails[type ne "work"]', [ANN, BEN]),
    ("emails[type pr]", [ANN]),
    ("emails[type eq null]", [BEN]),
    ('emails[primary eq true and not (value ew "home.test")]', [ANN]),
    ('not (emails[type eq "work"])', [BEN, CAT]),
    ('addresses[country eq "ch" and type eq "WORK"]', [ANN]),
    # schemas
    (f'schemas eq "{CORE_USER}"', [ANN, BEN, CAT]),
    (f'schemas eq "{ENTERPRISE}"', [ANN]),
    (f'schemas ne "{ENTERPRISE}"', [BEN, CAT]),
    ('schemas co "ENTERPRISE"', [ANN]),
    (f'schemas[value eq "{ENTERPRISE}"]', [ANN]),
    # the extensions
    (f'{ENTERPRISE}:department eq "r&d"', [ANN]),
    (f'{ENTERPRISE.upper()}:DEPARTMENT eq "R&D"', [ANN]),
    (f'{ENTERPRISE}:manager.value eq "M-1"', [ANN]),
    (f'{ENTERPRISE}:manager.value eq "m-1"', []),
    (f"{ENTERPRISE}:manager pr", [ANN]),
    (f"not ({ENTERPRISE}:costCenter pr)", [ANN, BEN, CAT]),
    (f'{CORE_USER}:userName eq "ben"', [BEN]),
    (f'{CORE_USER}:emails[type eq "work"]', [ANN]),
    (f'{PORTAL_USER}:status eq "disabled"', [BEN]),
    (f'{PORTAL_USER}:username sw "ANN"', [ANN]),
    (f'{PORTAL_USER}:email eq "ann@work.test"', [ANN]),
    (f"{PORTAL_USER}:email pr", [ANN, BEN]),
    (f"{PORTAL_USER}:lastActive pr", [ANN]),
    (f'{PORTAL_USER}:lastActive ge "2026-03-01T12:00:00Z"', [ANN]),
    (f'not ({PORTAL_USER}:lastActive gt "2026-01-01T00:00:00Z")', [BEN, CAT]),
    # groups
    ('groups.display eq "staff"', [ANN, BEN]),
    ("groups pr", [ANN, BEN]),
    ("not (groups pr)", [CAT]),
    ('groups.type eq "direct"', [ANN, BEN]),
    ('groups[display sw "St"]', [ANN, BEN]),
    ('groups.value eq "nonsense"', []),
    # logic: `and` before `or`, `not` of anything
    ('userName eq "ben" or userName eq "cat" and title pr', [BEN]),
    ('(userName eq "ben" or userName eq "cat") and title pr', [BEN]),
    ('title pr and userName eq "cat" or userName eq "ben"', [BEN]),
    ('title pr and (userName eq "cat" or userName eq "ben")', [BEN]),
    ('not (userName eq "ben") and not (userName eq "cat")', [ANN]),
    ('not (userName eq "ben" or userName eq "cat")', [ANN]),
    ('not (not (userName eq "ben"))', [BEN]),
    ('((((userName eq "ben"))))', [BEN]),
    ('userName EQ "ben" OR userName Eq "cat" AND NOT (title PR)', [BEN, CAT]),
    ('not (title eq "Guide 1000")', [ANN, CAT]),
    # nothing matches, and nothing breaks
    ('password eq "x"', []),
    ("password pr", []),
    ('id eq "nonsense"', []),
    ("title eq null and title ne null", []),
]


@pytest.mark.usefixtures("three")
def test_users_that_a_filter_selects(idp: IdP) -> None:
    """All at once: making the three costs more than asking for them."""
    assert {expression: idp.found(expression) for expression, _ in USERS} == {
        expression: sorted(expected) for expression, expected in USERS
    }


def test_a_value_that_is_not_there_is_no_empty_text(idp: IdP) -> None:
    idp.user("dan", roles=[{"display": "Guide"}])
    assert [idp.found(expression) for expression in ('roles.value eq ""', 'roles[value eq ""]')] == [[], []]


@pytest.mark.usefixtures("three")
def test_a_search_selects_the_same(idp: IdP) -> None:
    for expression, expected in each(USERS[::10], at_least=5):
        found = idp.post("/Users/.search", {"schemas": [SEARCH], "filter": expression}).json()["Resources"]
        assert sorted(user["userName"] for user in found) == sorted(expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('displayName eq "STAFF"', ["Staff"]),
        ('displayName co "t"', ["Empty", "Staff"]),
        ('displayName gt "empty"', ["Staff"]),
        ('externalId eq "G-1"', ["Staff"]),
        ('externalId eq "g-1"', []),
        ("externalId pr", ["Staff"]),
        ("members pr", ["Staff"]),
        ("not (members pr)", ["Empty"]),
        ('members eq "{ann}"', ["Staff"]),
        ('members.value eq "{ann}"', ["Staff"]),
        ('members.value eq "{cat}"', []),
        ('members[value eq "{ann}"]', ["Staff"]),
        ('members[value eq "{ann}" and display eq "ben"]', []),
        ('members.display eq "ann bó"', ["Staff"]),
        ('members.display eq "ben"', ["Staff"]),
        ('members.type eq "user"', ["Staff"]),
        ('members.$ref eq "{base}/Users/{ann}"', ["Staff"]),
        ('members.$ref eq "{base}/USERS/{ann}"', []),
        ('members.$ref ew "{ann}" and members.$ref pr', ["Staff"]),
        ('members.$ref co "/users/"', []),
        ('id eq "{staff}" and members eq "{ben}"', ["Staff"]),
        ('id eq "{staff}" and members eq "{cat}"', []),
        ('meta.resourceType eq "Group"', ["Empty", "Staff"]),
        (f'schemas eq "{PORTAL_GROUP}"', ["Empty", "Staff"]),
        (f'{CORE_GROUP}:displayName sw "st"', ["Staff"]),
        (f"{PORTAL_GROUP}:portalGroups pr", ["Staff"]),
        (f'{PORTAL_GROUP}:portalGroups.display eq "PORTAL"', ["Staff"]),
        (f'{PORTAL_GROUP}:portalGroups.value eq "{{portal}}"', ["Staff"]),
        (f'{PORTAL_GROUP}:portalGroups.value eq "x"', []),
    ],
)
def test_groups_that_a_filter_selects(
    idp: IdP, three: dict[str, Document], expression: str, expected: list[str]
) -> None:
    staff = SSOGroup.objects.get(display_name="Staff")
    map_group(staff, portal := make_group("Portal"))
    known = {"ann": three["Ann"]["id"], "ben": three["ben"]["id"], "cat": three["cat"]["id"]}
    for name, value in {**known, "staff": str(staff.scim_id), "portal": str(portal.pk), "base": BASE}.items():
        expression = expression.replace(f"{{{name}}}", value)
    assert idp.found(expression, "/Groups") == expected


def test_ids_are_found_by_every_operator(idp: IdP, three: dict[str, Document]) -> None:
    wanted = three["ben"]["id"]
    others = sorted([ANN, CAT])
    assert idp.found(f'id eq "{wanted}"') == [BEN]
    assert idp.found(f'id ne "{wanted}"') == others
    assert idp.found(f'id sw "{wanted[:13]}"') == idp.found(f'id ew "{wanted[-13:]}"') == [BEN]
    assert idp.found(f'id co "{wanted[7:20]}"') == [BEN]
    assert idp.found(f'id eq "{wanted.upper()}"') == []
    assert idp.found(f'id eq "{wanted.replace("-", "")}"') == []
    assert idp.found(f'id ge "{wanted}" and id le "{wanted}"') == [BEN]
    assert idp.found(f'meta.location eq "{three["ben"]["meta"]["location"]}"') == [BEN]
    assert idp.found(f'meta.location ne "{three["ben"]["meta"]["location"]}"') == others
    staff = idp.get("/Groups", filter='displayName eq "Staff"').json()["Resources"][0]["id"]
    assert idp.found(f'groups.value eq "{staff}"') == idp.found(f'groups eq "{staff}"') == sorted([ANN, BEN])
    assert idp.found(f'groups[value eq "{staff}"] and userName eq "ben"') == [BEN]


def test_dates_are_compared_as_moments(idp: IdP, three: dict[str, Document]) -> None:
    created = three["ben"]["meta"]["created"]
    assert BEN in idp.found(f'meta.created eq "{created}"')
    assert BEN not in idp.found(f'meta.created ne "{created}"')
    assert idp.found(f'meta.created lt "{created}"') == [ANN]
    assert idp.found(f'meta.created gt "{created}"') == [CAT]


def test_a_long_value_is_found_by_all_of_it(idp: IdP) -> None:
    """The index holds the first 255 characters."""
    idp.user("long", roles=["x" * 300])
    idp.user("short", roles=["x" * 255])
    assert idp.found(f'roles eq "{"x" * 300}"') == ["long"]
    assert idp.found(f'roles eq "{"x" * 255}"') == ["short"]
    assert idp.found(f'roles eq "{"x" * 254}"') == []
    assert idp.found(f'roles ew "{"x" * 255}"') == ["long", "short"]


@pytest.mark.parametrize(
    "text", ["\u0000", "\ud800", "\U0001f600", "\u2028", "İ", "ß", "'", "''; --", "%s", "{}", "$1"]
)
def test_any_text_may_be_looked_for(idp: IdP, text: str) -> None:
    """As it is and escaped; what no database can hold is refused."""
    refused = text in "\u0000\ud800"
    for attribute in ("userName", "externalId", "title", "emails.value", "roles.display", "id"):
        for op in ("eq", "co", "gt"):
            for literal in {json.dumps(text), f'"{text}"'}:
                search = {"schemas": [SEARCH], "filter": f"{attribute} {op} {literal}"}
                answer = idp.post("/Users/.search", json.dumps(search).encode())
                assert problem(answer)[0] == 400 if refused else answer.status_code == 200


REFUSED = [
    *(
        "(",
        "userName",
        "userName eq",
        'eq "x"',
        'userName == "x"',
        'userName eq "x',
        "userName eq 'x'",
    ),
    *(
        'userName eq "x" and',
        'or userName eq "x"',
        'userName eq "x" userName eq "y"',
        '(userName eq "x"',
        'userName eq "x")',
    ),
    *(
        'not userName eq "x"',
        "userName pr 5",
        'emails[type eq "x"',
        "emails[]",
        'userName like "x"',
        'userName eq "\\x"',
    ),
    *('unknown eq "x"', "unknown pr", 'name.unknown eq "x"', 'emails.unknown eq "x"', 'emails[unknown eq "x"]'),
    *('urn:x:y:User:userName eq "x"', f'{ENTERPRISE}:unknown eq "x"', f'{CORE_GROUP}:displayName eq "x"'),
    *(
        "active gt true",
        'active co "t"',
        "active eq 5",
        'active eq "maybe"',
        'meta.created eq "yesterday"',
        "meta.created eq 5",
    ),
    *(
        'meta.created co "2026"',
        'userName[value eq "x"]',
        'name[givenName eq "x"]',
        "userName eq 5",
        "userName eq true",
    ),
    *(
        "emails.primary gt true",
        "emails[primary ge true]",
        'x509Certificates.value co "x"',
    ),
    *('emails[emails[type eq "x"]]', "userName eq 1e999", 'a.b.c eq "x"'),
]


def test_a_filter_that_makes_no_sense_is_refused(idp: IdP) -> None:
    """SR-26: never an answer that is too wide."""
    idp.user("x")
    for expression in REFUSED:
        assert (expression, *problem(idp.get("/Users", filter=expression))) == (expression, 400, "invalidFilter")


@pytest.mark.parametrize("path", ["name", "meta", "addresses", f"{ENTERPRISE}:manager"])
def test_complex_attributes_are_not_compared(idp: IdP, path: str) -> None:
    idp.user("x")
    for op in ("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"):
        assert problem(idp.get("/Users", filter=f'{path} {op} "x"')) == (400, "invalidFilter")


def test_an_empty_filter_is_none(idp: IdP) -> None:
    idp.user("x")
    assert idp.found("") == ["x"]


OVERSIZED = {
    "long": f'title eq "{"x" * 4_096}"',
    "deep": "(" * 33 + "title pr" + ")" * 33,
    "deep not": "not (" * 33 + "title pr" + ")" * 33,
    "many": " or ".join(["title pr"] * 101),
    "many and": " AND ".join(["title pr"] * 101),
}


@pytest.mark.parametrize("name", OVERSIZED)
def test_an_oversized_filter_is_refused(idp: IdP, name: str) -> None:
    """SR-32."""
    assert problem(idp.get("/Users", filter=OVERSIZED[name])) == (400, "invalidFilter")


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 32 + "title pr" + ")" * 32,
        " or ".join([f'title eq "{n}"' for n in range(100)]),
        " and ".join([f'emails[type eq "{n}"]' for n in range(60)]),
        " or ".join([f'groups.display eq "{n}"' for n in range(60)]),
        f'title eq "{"x" * 4_000}"',
        f'title eq "{"(" * 100}{" and " * 200}"',
    ],
    ids=["deep", "or", "and", "groups", "long", "in a string"],
)
def test_the_largest_filters_work(idp: IdP, expression: str) -> None:
    assert idp.found(expression) == []


def test_another_idps_resources_never_match(idp: IdP, three: dict[str, Document]) -> None:
    """SR-4: whatever the logic says."""
    other = new_idp()
    mine = other.user("mine")
    for expression, _ in USERS:
        assert set(other.found(expression)) <= {"mine"}
        assert set(other.found(f"not ({expression})")) <= {"mine"}
    assert other.found(f'id eq "{three["ben"]["id"]}" or id eq "{mine["id"]}"') == ["mine"]
    assert other.found("id pr", "/Groups") == []


# --- values without quotes ---


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("userName eq ben", ["ben"]),
        ("userName EQ BEN", ["ben"]),
        ("userName eq ann@example.com", ["Ann@Example.com"]),
        ("userName eq ben and active eq false", ["ben"]),
        ("userName eq ben or userName eq cat", ["ben", "cat"]),
        ("(userName eq ben)", ["ben"]),
        ("not (userName eq ben) and nickName pr", ["Ann@Example.com", "cat"]),
        ("userName eq nobody", []),
        ("userName sw be", ["ben"]),
        ("externalId eq e-1", ["ben"]),
        ("emails[type eq work and value eq ann@work.test]", ["Ann@Example.com"]),
        ('emails[type eq work].value eq "ann@work.test"', ["Ann@Example.com"]),
        (f"{CORE_USER}:userName eq ben", ["ben"]),
        ('nickName eq "say hi"', ["cat"]),
        ('displayName eq "userName eq ben"', []),
        ("active eq true", ["Ann@Example.com", "cat"]),
        ("active eq True", ["Ann@Example.com", "cat"]),
        ("title eq null", ["cat"]),
    ],
)
def test_a_bare_word_is_the_string_that_it_means(
    idp: IdP, three: dict[str, Document], expression: str, names: list[str]
) -> None:
    """authentik looks people up so after a conflict, and Microsoft's own test collection does."""
    assert idp.found(expression) == names
    found = idp.post("/Users/.search", {"schemas": [SEARCH], "filter": expression})
    assert sorted(each["userName"] for each in found.json()["Resources"]) == names


def test_a_bare_word_finds_ids_groups_and_members(idp: IdP, three: dict[str, Document]) -> None:
    ann = three["Ann"]["id"]
    assert idp.found(f"id eq {ann}") == ["Ann@Example.com"]
    assert idp.found("displayName eq staff", "/Groups") == ["Staff"]
    assert idp.found(f"displayName eq Staff and members.value eq {ann}", "/Groups") == ["Staff"]
    both = idp.get("/", filter="displayName eq Staff or userName eq ben").json()
    assert both["totalResults"] == 2


def test_a_bare_word_in_a_path_is_a_string_as_well(idp: IdP, three: dict[str, Document]) -> None:
    where = f"/Users/{three['Ann']['id']}"
    changed = idp.patch(where, {"op": "replace", "path": "emails[type eq work].value", "value": "new@work.test"})
    assert "new@work.test" in {email["value"] for email in changed.json()["emails"]}
    changed = idp.patch(where, {"op": "replace", "value": {"emails[type eq work].value": "newer@work.test"}})
    assert "newer@work.test" in {email["value"] for email in changed.json()["emails"]}
    group = idp.get("/Groups", filter="displayName eq Staff").json()["Resources"][0]["id"]
    idp.patch(f"/Groups/{group}", {"op": "remove", "path": f"members[value eq {three['ben']['id']}]"})
    assert [member["value"] for member in idp.get(f"/Groups/{group}").json()["members"]] == [three["Ann"]["id"]]


@pytest.mark.parametrize(
    "expression",
    [
        "userName eq John Smith",
        "userName eq 12345",
        "userName eq 12.5",
        "userName eq true",
        "userName eq 'ben'",
        "userName eq and",
        "userName eq (ben)",
        "meta.created gt 2026-01-01T00:00:00Z",
        "meta.created gt 2026-01-01",
        "userName eq ben cat and active eq true",
    ],
)
def test_anything_else_without_quotes_says_what_to_do(idp: IdP, three: dict[str, Document], expression: str) -> None:
    answer = idp.get("/Users", filter=expression)
    assert problem(answer) == (400, "invalidFilter")
    assert "Put the value in double quotes" in answer.json()["detail"]
