"""SR-34: a text has a length before anything is done with it, at every door that takes one.

Putting n combining marks in order takes n² steps: 80,001 characters took the processor for seconds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from identity.core import keys
from identity.core.errors import InvalidValue, Refused
from identity.models import AuditEvent, BulkRun
from identity.services.bulk_runs import Wanted, create_run
from identity.services.sign_in import login
from portal.api.urls import RESOURCES
from scim import config
from tests.clients import caller, new_idp, problem
from tests.factories import (
    OPERATOR,
    connect,
    make_asset,
    make_group,
    make_owner,
    make_user,
    map_group,
    provision,
    push_group,
)
from tests.identity.assertions import just_in_time, says
from tests.loops import each
from tests.scim.helpers import CORE_USER, PORTAL_USER, SEARCH, user_body
from tests.sessions import sign_in

pytestmark = pytest.mark.django_db

SIZE = 20_000
PILE = "a" + "\u0301\u0316" * SIZE
LONG = ("x" * SIZE, "é" * SIZE, PILE, "\u0f73" * SIZE)


@pytest.fixture(autouse=True)
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The lengths of what is normalised: never one of these texts."""
    lengths: list[int] = []

    def normalize(form: str, text: str) -> str:
        lengths.append(len(text))
        return unicodedata.normalize(form, text)

    spied = SimpleNamespace(normalize=normalize, combining=unicodedata.combining, category=unicodedata.category)
    monkeypatch.setattr(keys, "unicodedata", spied)
    yield lengths
    assert max(lengths, default=0) <= keys.LONGEST


@pytest.fixture
def company() -> dict[str, Any]:
    """One of each, so that every search has something to leave out."""
    idp = new_idp().provider
    sso_user = provision(idp, "ada")
    sso_group = push_group(idp, "Engineering", sso_user)
    group = make_group("Builders")
    map_group(sso_group, group)
    make_asset(make_user("mia"))
    return {
        "group": group,
        "sso_group": sso_group,
        "user": sso_user.user,
        "provider": idp,
        "event": AuditEvent.objects.latest("pk"),
        "run": create_run(BulkRun.Kind.ENABLE, [Wanted(sso_user.user)], is_draft=True, actor=OPERATOR),
    }


@pytest.mark.parametrize("text", LONG)
def test_a_text_that_is_too_long_is_not_folded(text: str, watched: list[int]) -> None:
    with pytest.raises(InvalidValue):
        keys.fold(text)
    assert keys.sought(text) == keys.NO_KEY
    assert watched == []


@pytest.mark.parametrize("pile", ["\u0301\u0316", "\u0f73", "\uff9e\u0316", "\u0344"])
def test_marks_pile_up_to_thirty_and_no_further(pile: str) -> None:
    assert keys.fold(("o" + pile * (keys.LONGEST_PILE // len(pile))) * 3)
    with pytest.raises(InvalidValue, match="marks upon one letter"):
        keys.fold("o" + pile * (keys.LONGEST_PILE // len(pile) + 1))
    with pytest.raises(InvalidValue):
        keys.name_key("o" + pile * 40, "userName")


def test_what_nobody_is_called_can_be_nobodys_name() -> None:
    for key in (keys.name_key, keys.label_key):
        with pytest.raises(InvalidValue):
            key(keys.NO_KEY, "name")


FILTERS = {
    name: found.base_filters for name, view in RESOURCES.items() if (found := getattr(view, "filterset_class", None))
}


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_every_filter_of_the_rest_api(name: str, company: dict[str, Any]) -> None:
    owners = caller(make_owner("olga"))
    path = re.sub(r"<int:(\w+)_id>", lambda match: str(company[match[1]].pk), name)
    for parameter in each(FILTERS[name], at_least=1):
        for text in LONG:
            answer = owners.get(f"{path}/", **{parameter: text})
            assert answer.status_code in {200, 400, 403}, (parameter, answer.content[:300])
            if answer.status_code == 200:
                assert answer.json()["results"] == [], parameter


def test_every_list_of_the_admin_ui(company: dict[str, Any]) -> None:
    client = Client()
    client.force_login(make_owner("olga"))
    for model, page in each(admin.site._registry.items(), at_least=15):
        address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        names = [getattr(each, "parameter_name", "") for each in page.list_filter]
        for name in ("q", *filter(None, names)):
            for text in (PILE, PILE[: keys.LONGEST]):
                assert client.get(address, {name: text}).status_code < 500, (address, name)


@pytest.mark.parametrize(
    "address",
    [
        "group/{group.pk}/change/",
        "group/{group.pk}/add_members/",
        "user/{user.pk}/change/",
        "user/{user.pk}/add_to_group/",
        "ssogroup/{sso_group.pk}/change/",
        "ssogroup/{sso_group.pk}/map/",
    ],
)
def test_every_search_inside_a_page(address: str, company: dict[str, Any]) -> None:
    client = Client()
    client.force_login(make_owner("olga"))
    for text in LONG:
        assert client.get("/admin/identity/" + address.format(**company), {"q": text}).status_code < 500


def test_the_forms_of_sign_in(company: dict[str, Any]) -> None:
    for text in LONG:
        short = text[:10_000]  # what a stranger may send
        assert sign_in(short, "x").status_code == 200
        assert Client().post("/password/reset/", {"name": short}).status_code == 200


def test_the_files_of_the_admin_ui() -> None:
    client = Client()
    client.force_login(make_owner("olga"))
    for text in LONG:
        names = SimpleUploadedFile("names.csv", f"{text},{text}\nada,{text}@x.test\n".encode())
        assert client.post("/admin/identity/conflict/mismatch_report/", {"file": names}).status_code < 400
        people = SimpleUploadedFile("people.csv", f"username,email,{text}\n{text},{text}@x.test,\n".encode())
        assert client.post("/admin/identity/invitation/import/", {"file": people}).status_code < 400


@pytest.mark.parametrize(
    "command",
    [
        ("disable_user", "{}"),
        ("delete_group", "{}"),
        ("delete_asset", "{}"),
        ("delete_identity_provider", "{}"),
        ("declare_sso_group", "{}", "--idp", "{}"),
    ],
)
def test_what_commands_are_told_to_find(command: tuple[str, ...]) -> None:
    for text in LONG:
        with pytest.raises((CommandError, InvalidValue)):
            call_command(*[word.format(text) for word in command])


def long_values(attributes: list[dict[str, Any]], text: str) -> Iterator[tuple[str, Any]]:
    """Each attribute that a client may set, by name, with this text wherever it takes one."""
    for attribute in attributes:
        if attribute["mutability"] == "readOnly":
            continue
        value: Any = text
        if attribute["type"] == "complex":
            value = dict(long_values(attribute["subAttributes"], text))
        elif attribute["type"] in {"boolean", "dateTime", "binary", "integer"}:
            continue
        yield attribute["name"], [value] if attribute["multiValued"] else value


@pytest.mark.parametrize("text", [PILE, LONG[1]])
# The portal's own extension is read-only.
@pytest.mark.parametrize("urn", [urn for urn in config.schemas() if urn.endswith("User") and urn != PORTAL_USER])
def test_every_attribute_of_a_scim_user(urn: str, text: str) -> None:
    idp = new_idp()
    ada = idp.user("ada")
    for name, value in each(long_values(config.schemas()[urn]["attributes"], text), at_least=2):
        said = {name: value} if urn == CORE_USER else {urn: {name: value}}
        path = name if urn == CORE_USER else f"{urn}:{name}"
        for answer in (
            idp.post("/Users", {**user_body(), **said}),
            idp.put(f"/Users/{ada['id']}", {**user_body("ada"), **said}),
            idp.patch(f"/Users/{ada['id']}", {"op": "replace", "path": path, "value": value}),
        ):
            assert answer.status_code in {200, 201, 400}, (name, answer.content[:300])


def test_an_attribute_that_is_too_long_to_be_compared_is_kept_as_it_is_and_found_by_nothing() -> None:
    idp = new_idp()
    ada = idp.user("ada", title=PILE)
    assert idp.get(f"/Users/{ada['id']}").json()["title"] == PILE
    assert idp.found("title pr") == ["ada"]
    assert idp.found(f'title eq "{PILE[:20]}"') == []


def test_a_leaver_leaves_whatever_else_the_request_says() -> None:
    idp = new_idp()
    ada = idp.user("ada")
    answer = idp.put(f"/Users/{ada['id']}", {**user_body(PILE), "active": False, "title": PILE, "displayName": PILE})
    assert (answer.status_code, answer.json()["active"], answer.json()["userName"]) == (200, False, "ada")


def test_filters_of_scim() -> None:
    idp = new_idp()
    idp.user("ada")
    pile = PILE[:800]
    for path in ("userName", "displayName", "title", "emails.value", 'emails[type eq "work"].value'):
        for op in ("eq", "co", "sw", "gt"):
            search = {"schemas": [SEARCH], "filter": f'{path} {op} "{pile}"'}
            assert problem(idp.post("/Users/.search", search)) == (400, "invalidFilter"), (path, op)
    assert problem(idp.post("/Groups/.search", {"schemas": [SEARCH], "filter": f'displayName eq "{pile}"'})) == (
        400,
        "invalidFilter",
    )


@pytest.mark.parametrize("text", LONG)
def test_claims_of_a_sign_in(text: str) -> None:
    connection = just_in_time()
    for claims in ({"user_name": text}, {"email": f"x@{text}"}):
        with pytest.raises((Refused, InvalidValue)):
            login.sign_in(connection, says("00u9", **claims))


@pytest.mark.parametrize("text", LONG)
def test_a_claim_by_which_people_are_matched(text: str) -> None:
    connection = connect(matches_by_user_name=True)
    provision(connection.identity_provider, "ada")
    with pytest.raises(Refused):
        login.sign_in(connection, says("00u9", text))
