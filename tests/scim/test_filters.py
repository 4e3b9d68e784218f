"""Filters: every operator on every kind of attribute, and the library's own evaluation as the oracle (SR-26).

`FUZZ_EXAMPLES=5000 pytest tests/scim/test_filters.py` compares more filters than the suite does.
"""

from __future__ import annotations

import json
import os
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scim2_models import ScimFilter, ScimPolicy

from identity.keys import fold
from identity.models import SSOGroup, SSOUser, User
from identity.services import groups, mappings
from scim.resources import GroupResource, UserResource
from tests.scim.helpers import (
    CORE_GROUP,
    CORE_USER,
    ENTERPRISE,
    OPERATOR,
    PORTAL_GROUP,
    PORTAL_USER,
    SEARCH,
    Document,
    IdP,
    new_idp,
    problem,
)

CERTIFICATE = "MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAwTjELMAkGA1UEBhMCVVMx"


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
    ('meta.resourceType eq "user"', [ANN, BEN, CAT]),
    ('meta.resourceType eq "Group"', []),
    ('meta.version eq "W/\\"1\\""', [ANN, BEN, CAT]),
    ('meta.version eq "W/\\"2\\""', []),
    ('meta.version ne "nonsense"', [ANN, BEN, CAT]),
    ("meta pr", [ANN, BEN, CAT]),
    # several values
    ('emails eq "ann@work.test"', [ANN]),
    ('emails.value eq "ANN@work.test"', [ANN]),
    ('emails.value co "home"', [ANN, BEN]),
    ('emails.value ne "ben@home.test"', [ANN, CAT]),
    ('emails.type eq "work"', [ANN]),
    ("emails.primary eq true", [ANN]),
    ("emails.primary eq false", []),
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


@pytest.mark.usefixtures("three")
def test_a_search_selects_the_same(idp: IdP) -> None:
    for expression, expected in USERS[::10]:
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
        ('members.$ref ew "x" or members.$ref pr', None),
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
    idp: IdP, three: dict[str, Document], expression: str, expected: list[str] | None
) -> None:
    staff = SSOGroup.objects.get(display_name="Staff")
    portal = groups.create_group(name="Portal", actor=OPERATOR)
    fingerprint = mappings.preview_mapping(staff, portal).fingerprint
    mappings.apply_mapping(staff, portal, fingerprint=fingerprint, actor=OPERATOR)
    known = {"ann": three["Ann"]["id"], "ben": three["ben"]["id"], "cat": three["cat"]["id"]}
    for name, value in {**known, "staff": str(staff.scim_id), "portal": str(portal.pk)}.items():
        expression = expression.replace(f"{{{name}}}", value)
    if expected is None:
        assert problem(idp.get("/Groups", filter=expression)) == (400, "invalidFilter")
    else:
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
        "userName eq x",
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
        'x509Certificates.value co "x"',
        'meta.version gt "1"',
    ),
    *('emails[emails[type eq "x"]]', "userName eq 1e999", "userName eq NaN", 'a.b.c eq "x"', 'meta.location co "x"'),
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


# --- the oracle -------------------------------------------------------------------------------------------

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "80"))
fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)

WORDS = ["ann", "Ann", "ANNA", "bo", "b%", "b_", "a\\b", 'q"q', "é", "É", "ß", "ss", "x y", "1", "10", "true", "ﬁ"]
PERSON_TEXTS = ["title", "nickName", "displayName", "userType", "externalId"]
VALUED = ["ims", "phoneNumbers", "roles"]


def comparison_key(binding: Any, value: str) -> str:
    return value if binding.case_exact else fold(value)


POLICY = ScimPolicy(comparison_key=comparison_key)


def random_user(dice: random.Random, number: int) -> Document:
    """Any mixture of present and absent attributes, of few words, so that filters often match."""

    def word() -> str:
        return dice.choice(WORDS)

    user: Document = {"userName": f"{dice.choice(['ann', 'Bo', 'é'])}{number}", "active": dice.random() < 0.7}
    user |= {name: word() for name in PERSON_TEXTS if dice.random() < 0.6}
    if dice.random() < 0.6:
        user["name"] = {name: word() for name in ("givenName", "familyName") if dice.random() < 0.7}
    for name in VALUED:
        user[name] = [
            {
                key: value
                for key, value in {
                    "value": word(),
                    "type": dice.choice(["work", "home", "Other"]),
                    "display": word(),
                    "primary": index == 0,
                }.items()
                if key == "value" or dice.random() < 0.6
            }
            for index in range(dice.randrange(3))
        ]
    if dice.random() < 0.5:
        user[ENTERPRISE] = {"department": word(), "manager": {"value": word()}}
    return user


@pytest.fixture(params=[1, 2])
def people(idp: IdP, request: pytest.FixtureRequest) -> tuple[IdP, list[Any], list[Any]]:
    """An IdP with users and groups, and the same as the library's models."""
    dice = random.Random(request.param)
    users = []
    for number in range(14):
        document = random_user(dice, number)
        users.append(idp.user(document.pop("userName"), **document))
    for name in ("Staff", "staff 2", "É", "b%"):
        members = [user for user in users if dice.random() < 0.4]
        idp.group(name, members, **({"externalId": dice.choice(WORDS)} if dice.random() < 0.5 else {}))
    SSOUser.objects.filter(pk__in=SSOUser.objects.values("pk")[:5]).update(version=3)
    some = SSOUser.objects.order_by("pk").values("user")[3:7]
    User.objects.filter(pk__in=list(some.values_list("user", flat=True))).update(last_active="2026-03-01T12:00:00Z")
    # A stranger with the same words, whom no answer may hold.
    new_idp().user("ann stranger", title="ann", nickName="ann", externalId="ann")
    listed = [idp.get(path, count=100).json()["Resources"] for path in ("/Users", "/Groups")]
    return idp, *(
        [model.model_validate(document) for document in documents]
        for model, documents in zip((UserResource, GroupResource), listed, strict=True)
    )


def literals(value: str) -> str:
    return json.dumps(value)


def fragments(word: str) -> list[str]:
    return [word, word.upper(), word[:1], word[-1:], word[1:], word + "x", ""]


texts = st.sampled_from([*WORDS, "work", "home", "Staff"]).flatmap(lambda word: st.sampled_from(fragments(word)))
orderings = ["gt", "ge", "lt", "le"]
moments = st.sampled_from(
    ["2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00", "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"]
)


def compared(names: list[str], operators: list[str], operands: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(names), st.sampled_from(operators), operands).map(" ".join)


ALL = ["eq", "ne", "co", "sw", "ew", *orderings]
SINGLE_TEXTS = [
    *("userName", *PERSON_TEXTS, "name.givenName", "name.familyName", f"{CORE_USER}:title", "TITLE"),
    *(f"{ENTERPRISE}:department", f"{ENTERPRISE}:manager.value", f"{PORTAL_USER}:username", f"{PORTAL_USER}:email"),
    f"{PORTAL_USER}:status",
]
SUB_TEXTS = ["value", "type", "display"]
MULTIPLE_TEXTS = [*VALUED, *(f"{name}.{sub}" for name in VALUED for sub in SUB_TEXTS)]
PRESENT = [
    *(
        *SINGLE_TEXTS,
        *MULTIPLE_TEXTS,
        "name",
        "active",
        "id",
        "meta",
        "schemas",
        "groups",
        "addresses",
        "emails.primary",
    ),
    *(f"{ENTERPRISE}:manager", f"{PORTAL_USER}:lastActive", "meta.created", "password"),
]

inside = st.recursive(
    st.one_of(
        compared(SUB_TEXTS, ALL, texts.map(literals)),
        compared(["primary"], ["eq", "ne"], st.sampled_from(["true", "false", "null"])),
        compared(["type", "display"], ["eq", "ne"], st.just("null")),
        st.sampled_from([*SUB_TEXTS, "primary"]).map(lambda name: f"{name} pr"),
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map("".join),
        inner.map(lambda text: f"not ({text})"),
    ),
    max_leaves=3,
)
user_terms = st.one_of(
    compared(SINGLE_TEXTS, ALL, texts.map(literals)),
    compared(SINGLE_TEXTS, ["eq", "ne"], st.just("null")),
    compared(MULTIPLE_TEXTS, ALL, texts.map(literals)),
    compared(["active", "ims.primary"], ["eq", "ne"], st.sampled_from(["true", "false"])),
    compared([f"{PORTAL_USER}:lastActive", "meta.created"], ["eq", "ne", *orderings], moments.map(literals)),
    compared(["groups.display"], ["eq", "ne", "co", "sw"], texts.map(literals)),
    compared(["meta.version"], ["eq", "ne"], st.sampled_from(['W/"1"', 'W/"3"', "x"]).map(literals)),
    compared(
        ["schemas"], ["eq", "ne", "co"], st.sampled_from([CORE_USER, ENTERPRISE, "enterprise", "x"]).map(literals)
    ),
    st.sampled_from(PRESENT).map(lambda name: f"{name} pr"),
    st.tuples(st.sampled_from(VALUED), inside).map(lambda part: f"{part[0]}[{part[1]}]"),
)
group_terms = st.one_of(
    compared(["displayName", "externalId"], ALL, texts.map(literals)),
    compared(["externalId"], ["eq", "ne"], st.just("null")),
    compared(["members.display"], ALL, texts.map(literals)),
    compared(["members.type"], ["eq", "ne"], st.sampled_from(['"User"', '"user"', '"Group"'])),
    st.sampled_from(["members", "externalId", "displayName", "meta", "members.display"]).map(lambda name: f"{name} pr"),
    compared(["display"], ALL, texts.map(literals)).map(lambda text: f"members[{text}]"),
)


def logic(terms: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        terms,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map("".join),
            inner.map(lambda text: f"not ({text})"),
            inner.map(lambda text: f"({text})"),
        ),
        max_leaves=5,
    )


def agree(idp: IdP, endpoint: str, model: Any, resources: list[Any], expression: str) -> None:
    answer = idp.get(endpoint, filter=expression, count=100)
    assert answer.status_code == 200, (expression, answer.content)
    with POLICY:
        wanted = ScimFilter[model](expression)
        expected = {resource.id for resource in resources if wanted.match(resource, strict=True)}
    assert {resource["id"] for resource in answer.json()["Resources"]} == expected, expression


@fuzz
@given(expression=logic(user_terms))
def test_users_are_selected_as_the_library_would(people: tuple[IdP, list[Any], list[Any]], expression: str) -> None:
    idp, users, _ = people
    agree(idp, "/Users", UserResource, users, expression)


@fuzz
@given(expression=logic(group_terms))
def test_groups_are_selected_as_the_library_would(people: tuple[IdP, list[Any], list[Any]], expression: str) -> None:
    idp, _, pushed = people
    agree(idp, "/Groups", GroupResource, pushed, expression)
