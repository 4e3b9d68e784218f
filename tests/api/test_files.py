"""Every list of the REST API as a file: all rows under its filters, as CSV."""

import csv
from io import StringIO
from typing import Any

import pytest

from identity.models import BulkRun, Group, SSOGroup
from identity.services import schedule
from identity.services.bulk_runs import Wanted, create_run
from portal.api.schema import document
from portal.schedule.jobs import JOBS
from tests.clients import Script, administrators_caller, problem, supports_caller
from tests.factories import OPERATOR, make_group, make_idp, make_token, make_user, map_group, provision, push_group
from tests.statements import Most, cost

pytestmark = pytest.mark.django_db

CSV = "text/csv"


def lists() -> dict[str, str]:
    """By operationId, the address of each operation that answers pages."""
    return {
        found["operationId"]: path
        for path, methods in document()["paths"].items()
        for found in methods.values()
        if CSV in found["responses"].get("200", {}).get("content", {})
    }


def rows_of(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Cache-Control"] == "no-store"
    return list(csv.DictReader(StringIO(b"".join(answer.streaming_content).decode())))


def test_a_list_is_whatever_has_pages() -> None:
    pages = {
        found["operationId"]
        for methods in document()["paths"].values()
        for found in methods.values()
        if any(parameter["name"] == "cursor" for parameter in found.get("parameters", ()))
    }
    assert lists().keys() == pages
    assert len(pages) > 15


def test_a_file_has_all_rows_in_the_order_asked_for_whatever_a_page_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("identity.db.keyset.BATCH", 2)
    script, idp = administrators_caller(), make_idp()
    for name in ("eve", "ada", "dan", "bob", "cyd"):
        provision(idp, name)
    rows = rows_of(script.get("users/?is_managed=true&ordering=-username", {"Accept": CSV}))
    assert [row["username"] for row in rows] == ["eve", "dan", "cyd", "bob", "ada"]
    assert (rows[0]["managed_by"], rows[0]["is_break_glass"], rows[0]["last_active"]) == ("Okta", "false", "")


def test_a_file_has_the_columns_asked_for_and_no_formulas() -> None:
    make_user("mia", first_name="=1+1")
    (row,) = rows_of(administrators_caller().get("users/?username=mia&fields=username,first_name", {"Accept": CSV}))
    assert row == {"username": "mia", "first_name": "'=1+1"}


def test_what_a_row_refers_to_is_named() -> None:
    idp, builders = make_idp(), make_group("Builders")
    map_group(push_group(idp, "Engineering", provision(idp)), builders)
    script = administrators_caller()
    (group,) = rows_of(script.get("sso-groups/", {"Accept": CSV}))
    assert (group["display_name"], group["identity_provider"], group["member_count"]) == ("Engineering", "Okta", "1")
    (member,) = rows_of(script.get(f"groups/{Group.objects.get().pk}/members/", {"Accept": CSV}))
    assert (member["user"], member["sso_groups"]) == ("ada", "Engineering")


def test_a_file_of_the_audit_log_names_nobody_who_can_be_erased() -> None:
    provision(make_idp(), "grace")
    rows = rows_of(administrators_caller().get("audit-log/?action=user.provisioned", {"Accept": CSV}))
    assert len(rows) == 1
    assert "personal" not in rows[0]
    assert "grace" not in str(rows)


@pytest.mark.parametrize("name", sorted(lists()))
def test_every_list_can_be_had_as_a_file(name: str) -> None:
    idp, mia = make_idp(), make_user()
    map_group(push_group(idp, "Engineering", provision(idp)), make_group("Builders", mia))
    make_token(idp)
    schedule.prepare(JOBS)
    script = supports_caller() if "/support/" in lists()[name] else administrators_caller()
    create_run(BulkRun.Kind.ENABLE, [Wanted(mia)], is_draft=True, actor=OPERATOR)
    query = {
        "list_affected_users": "?scim_enabled=false&effect=set_status",
        "list_previewed_users": f"?sso_group={SSOGroup.objects.get().pk}&group={Group.objects.get().pk}&moves=joins",
        "list_users_of_removal": "?moves=leaves",
    }
    rows_of(script.get(address_of(script, name) + query.get(name, ""), {"Accept": CSV}))


def address_of(script: Script, name: str) -> str:
    """The list's address, of the first row where it is something's list."""
    address = lists()[name]
    while "{" in address:
        before, _, rest = address.partition("{")
        address = before + str(script.read(f"{before}?limit=1")["results"][0]["id"]) + rest.partition("}")[2]
    return address


@pytest.mark.parametrize("kind", ["csv", "json", "pdf"])
def test_the_address_has_no_format(kind: str) -> None:
    assert problem(administrators_caller().get(f"users/?format={kind}")) == (400, "invalid_value")


@pytest.mark.parametrize("parameter", ["limit=5", "cursor=x", "colour=red"])
def test_a_file_has_no_pages(parameter: str) -> None:
    answer = administrators_caller().get(f"users/?{parameter}", {"Accept": CSV})
    assert problem(answer) == (400, "invalid_value")


def test_what_is_no_list_is_no_file() -> None:
    mia = make_user()
    assert problem(administrators_caller().get(f"users/{mia.pk}/", {"Accept": CSV})) == (406, "not_acceptable")
    assert problem(Script().get("users/", {"Accept": CSV}))[0] == 401


def test_a_file_costs_no_more_for_many_rows() -> None:
    script = administrators_caller()
    ask = lambda: rows_of(script.get("users/", {"Accept": CSV}))  # noqa: E731
    few = cost(ask, Most.EXPORT)
    for number in range(10):
        make_user(f"user{number}")
    assert len(cost(ask, Most.EXPORT)) == len(few)
