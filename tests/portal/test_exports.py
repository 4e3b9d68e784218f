"""Every list as a file: what its filters leave, safe to open."""

import csv
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin import site
from django.test import Client
from django.urls import reverse

from identity.models import AccessSettings, Status, User
from identity.services import schedule
from portal.schedule.jobs import JOBS
from tests.factories import make_asset, make_group, make_support, make_user
from tests.portal.admin_pages import address
from tests.portal.rows import fill
from tests.sessions import as_administrator, as_owner, signed_in
from tests.statements import MANY, Most, same_for_many_rows

pytestmark = pytest.mark.django_db

LISTS = sorted(admin.opts.model_name for model, admin in site._registry.items() if model is not AccessSettings)


def saved(client: Client, page: str, **query: Any) -> list[dict[str, str]]:
    answer = client.get(address(f"{page}_export"), query)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    body = b"".join(answer.streaming_content).decode()
    assert "<" not in body.replace("<script>", "")
    return list(csv.DictReader(StringIO(body)))


@pytest.mark.parametrize("page", LISTS)
def test_every_list_is_saved_as_csv_with_all_its_rows(page: str) -> None:
    fill(range(3))
    schedule.prepare(JOBS)
    client = as_owner()
    changelist = client.get(address(f"{page}_changelist")).context["cl"]
    rows = saved(client, page)
    assert len(rows) == len(changelist.result_list) > 0
    assert all(any(row.values()) for row in rows)
    assert f'href="{address(f"{page}_export")}?' in client.get(address(f"{page}_changelist")).content.decode()


@pytest.mark.parametrize("page", LISTS)
def test_who_does_not_see_a_list_does_not_save_it(page: str) -> None:
    admin = next(admin for admin in site._registry.values() if admin.opts.model_name == page)
    client = signed_in(make_support())
    expected = client.get(reverse(f"admin:identity_{page}_changelist")).status_code
    assert client.get(address(f"{page}_export")).status_code == expected, admin
    assert signed_in(make_user("mia")).get(address(f"{page}_export")).status_code == 302


def test_sr28_names_that_a_spreadsheet_would_run_are_disarmed() -> None:
    mia = make_user("=mia", first_name="@cmd", last_name="<script>")
    make_asset(mia, "+asset")
    make_group("-group", mia)
    client = as_administrator()
    [row] = saved(client, "user", q="=mia")
    assert (row["username"], row["first_name"], row["groups"]) == ("'=mia", "'@cmd", "'-group")
    assert saved(client, "asset")[0]["Name"] == "'+asset"
    assert saved(client, "group")[0]["Name"] == "'-group"


def test_users_are_saved_as_they_are_filtered() -> None:
    make_user("dan", status=Status.DISABLED)
    make_user("mia")
    assert [row["username"] for row in saved(as_administrator(), "user", status="disabled")] == ["dan"]


def test_saving_users_costs_the_same_statements_whatever_their_groups() -> None:
    client = as_administrator()
    same_for_many_rows(
        lambda: saved(client, "user"),
        lambda number: make_group(f"Group {number}", make_user(f"user{number}")),
        Most.EXPORT,
    )
    assert len(saved(client, "user")) == User.objects.count() > MANY


def test_support_saves_the_disabled_users_and_nobody_else_does() -> None:
    make_user("dan", status=Status.DISABLED)
    make_user("max", status=Status.DISABLED)
    make_user("mia")
    url = reverse("admin:disabled_users_export")
    answer = signed_in(make_support()).get(url, {"q": "da"})
    body = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert [row["username"] for row in csv.DictReader(StringIO(body))] == ["dan"]
    assert as_administrator().get(url).status_code == 403
