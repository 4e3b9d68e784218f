"""R21: the groups claim in every shape, through a whole sign-in: it is read, or changes nothing and warns."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from django.test import Client

from identity.models import AuditEvent, Group, SSOConnection, User
from identity.services.provisioning import groups as sso_groups
from identity.services.sign_in.group_claims import MOST_GROUPS, UnreadableClaim, read_groups
from tests.factories import OPERATOR, connect, make_group, make_idp, make_owner, map_group, set_mode
from tests.sso.conftest import OIDCProvider

pytestmark = pytest.mark.django_db

EVE = {"sub": "00u9", "preferred_username": "eve", "email": "eve@example.test"}
KNOWN = {"Engineering": "", "Sales, EMEA": "", "Ops": "101"}  # by name, with the externalId of one

# How several groups are told; each takes the texts that name them.
CARRIERS: dict[str, Any] = {
    "texts": list,
    "objects by value": lambda names: [{"value": name, "display": "shown"} for name in names],
    "objects by id": lambda names: [{"id": name, "name": "shown"} for name in names],
    "objects by name": lambda names: [{"id": "unknown", "name": name} for name in names],
    "objects by displayName": lambda names: [{"displayName": name} for name in names],
    "JSON": json.dumps,
    "JSON in a list": lambda names: [json.dumps(names)],
    "JSON of objects": lambda names: json.dumps([{"value": name} for name in names]),
    "an object of roles": lambda names: {"roles": list(names)},
    "an object of groups": lambda names: {"groups": list(names), "other": 1},
}
# These can't say "none", and commas in a name end it.
SOME: dict[str, Any] = {
    "commas": ", ".join,
    "commas without blanks": ",".join,
    "commas in a list": lambda names: [",".join(names)],
    "semicolons": ";".join,
    "semicolons in a list": lambda names: ["; ".join(names)],
    "semicolons after each": lambda names: "".join(f"{name};" for name in names),
    "an object of objects": lambda names: {name: {"165832394": "zitadel.example"} for name in names},
}
UNREADABLE: list[Any] = [
    "",
    " ",
    ",",
    [""],
    ["Engineering", ""],
    ["Engineering", None],
    ["Engineering", ["Ops"]],
    ["Engineering", {"size": 3}],
    [{"value": ""}],
    [True],
    [1.5],
    {},
    {"a": 1},
    True,
    False,
    0.5,
    '[""]',
    '[{"size": 3}]',
    "{}",
    {"groups": [1], "roles": [2]},
    [["Engineering"]],
]


@pytest.fixture
def connection(provider: OIDCProvider) -> SSOConnection:
    """Each known group is mapped to one of its own name."""
    set_mode(scim=False)
    said = {"creates_users": True, "allowed_domains": "example.test", "groups_claim": "groups"}
    connection = connect(make_idp("Okta", kind="okta"), **said)
    for name, external_id in KNOWN.items():
        declared = sso_groups.declare_sso_group(connection.identity_provider, name=name, actor=OPERATOR)
        declared.external_id = external_id or None
        declared.save()
        map_group(declared, make_group(name))
    return connection


def groups_of_eve(connection: SSOConnection, provider: OIDCProvider, groups: Any) -> set[str]:
    """The groups of Eve afterwards."""
    assert provider.sign_in(Client(), connection, **EVE, groups=groups).status_code == 302
    user = User.objects.get(username_key="eve")
    return set(Group.objects.filter(memberships__user=user).values_list("name", flat=True))


def warnings() -> list[str]:
    return list(AuditEvent.objects.filter(action__startswith="user.groups_claim").values_list("action", flat=True))


@pytest.mark.parametrize("carrier", CARRIERS)
def test_groups_are_read_in_whatever_they_come(connection: SSOConnection, provider: OIDCProvider, carrier: str) -> None:
    told = CARRIERS[carrier]
    for names in (["Engineering"], ["engineering", "Sales, EMEA"], ["101"], ["Engineering", "unknown"], []):
        expected = (
            {"Ops"} if names == ["101"] else {name for name in KNOWN if name.casefold() in map(str.casefold, names)}
        )
        assert groups_of_eve(connection, provider, told(names)) == expected, names
    assert warnings() == []


@pytest.mark.parametrize("carrier", SOME)
def test_groups_are_read_where_commas_or_keys_name_them(
    connection: SSOConnection, provider: OIDCProvider, carrier: str
) -> None:
    told = SOME[carrier]
    for names, expected in (
        (["Engineering"], {"Engineering"}),
        (["Engineering", "101"], {"Engineering", "Ops"}),
        (["unknown", "other"], set()),
    ):
        assert groups_of_eve(connection, provider, told(names)) == expected
    assert warnings() == []


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ("Engineering", {"Engineering"}),
        ("Sales, EMEA", {"Sales, EMEA"}),
        (["Sales, EMEA"], {"Sales, EMEA"}),
        (101, {"Ops"}),
        ([101], {"Ops"}),
        ([{"value": 101}], {"Ops"}),
        ("[Brackets]", set()),
        ("CN=Engineering,OU=Groups,DC=example", set()),
    ],
    ids=str,
)
def test_one_group_is_one_group(
    connection: SSOConnection, provider: OIDCProvider, groups: Any, expected: set[str]
) -> None:
    assert groups_of_eve(connection, provider, groups) == expected


@pytest.mark.parametrize("groups", UNREADABLE, ids=repr)
def test_what_cannot_be_read_changes_nothing_and_warns(
    connection: SSOConnection, provider: OIDCProvider, groups: Any
) -> None:
    assert groups_of_eve(connection, provider, ["Engineering", "101"]) == {"Engineering", "Ops"}
    assert groups_of_eve(connection, provider, groups) == {"Engineering", "Ops"}
    assert warnings() == ["user.groups_claim_unreadable"]


def test_what_is_absent_changes_nothing_and_warns(connection: SSOConnection, provider: OIDCProvider) -> None:
    assert groups_of_eve(connection, provider, ["Engineering"]) == {"Engineering"}
    assert groups_of_eve(connection, provider, None) == {"Engineering"}
    assert warnings() == ["user.groups_claim_missing"]


def anything(dice: random.Random, depth: int = 3) -> Any:
    """Some JSON."""
    texts = ["", "Engineering", "a,b", ",", "[]", "{", '["x"]', "CN=a,DC=b", "\u200b", "101"]
    plain = [None, True, False, 0, -1, 7.5, *texts]
    match dice.randrange(4 if depth else 1):
        case 1:
            return [anything(dice, depth - 1) for _ in range(dice.randrange(4))]
        case 2:
            keys = ["value", "name", "groups", "roles", "id", "x"]
            return {dice.choice(keys): anything(dice, depth - 1) for _ in range(dice.randrange(4))}
        case 3:
            return json.dumps(anything(dice, depth - 1))
    return dice.choice(plain)


def says_none(claim: Any) -> bool:
    """An empty list, as it is, as text, or as the one list of an object."""
    if isinstance(claim, str):
        try:
            return says_none(json.loads(claim)) if claim[:1] in "[{" else False
        except ValueError:
            return False
    if isinstance(claim, dict):
        lists = [claim[name] for name in ("groups", "roles", "values") if isinstance(claim.get(name), list)]
        return len(lists) == 1 and says_none(lists[0])
    return claim == [] or (
        isinstance(claim, list) and len(claim) == 1 and isinstance(claim[0], str) and says_none(claim[0])
    )


def test_only_an_empty_list_says_that_there_are_no_groups() -> None:
    """Three thousand claims of any JSON: read as groups that have names, or refused."""
    dice = random.Random(25)
    refused = 0
    for _ in range(3000):
        claim = anything(dice)
        try:
            groups = read_groups(claim, lambda text: False)
        except UnreadableClaim:
            refused += 1
            continue
        assert groups or says_none(claim), claim
        assert all(names and all(name.strip() for name in names) for names in groups), claim
    assert 500 < refused < 2900


def test_there_is_an_end_to_groups() -> None:
    with pytest.raises(UnreadableClaim):
        read_groups(["g"] * (MOST_GROUPS + 1), lambda text: False)


def test_a_test_of_the_connection_says_what_cannot_be_read(
    client: Client, connection: SSOConnection, provider: OIDCProvider
) -> None:
    client.force_login(make_owner())
    page = f"/admin/identity/ssoconnection/{connection.pk}/test/"
    for groups, words in ((["a"], "Received"), ([{"size": 3}], "be read: groups would be left alone")):
        provider.sign_in(client, connection, f"?next={page}", **EVE, groups=groups)
        assert words in client.get(page).content.decode().partition("<dt>Groups</dt>")[2].partition("</dd>")[0]
