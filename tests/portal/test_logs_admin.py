"""The provisioning log and the audit log."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from identity.models import AuditEvent, ProvisioningLog
from identity.services import deletion
from portal.admin.logs import FAMILIES, WORDS, csv_cell, first_id_since
from tests.factories import (
    administrator,
    deprovision,
    make_group,
    make_idp,
    make_support,
    make_user,
    provision,
    resend,
    support,
)
from tests.portal.admin_pages import address, as_administrator, signed_in, text_of

pytestmark = pytest.mark.django_db


def rows_of(response: object) -> list[list[str]]:
    body = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.reader(StringIO(body)))


def test_the_log_says_what_was_sent_in_words() -> None:
    provision(make_idp(), "ada", first_name="Ada", last_name="L")
    page = text_of(as_administrator().get(address("provisioninglog_changelist")))
    assert "Applied Created Ada L (ada), enabled. Okta 201" in page


def test_an_ignored_username_is_shown_with_both_values() -> None:
    ada = provision(make_idp(), "ada")
    resend(ada, "ada.new", "ada@example.test")
    entry = ProvisioningLog.objects.order_by("-pk").first()
    assert entry is not None
    page = text_of(as_administrator().get(address("provisioninglog_change", entry.pk)))
    assert "Applied in part" in page
    assert "userName ada.new ada" in page


def test_the_log_is_searched_by_the_beginning_of_a_username() -> None:
    idp = make_idp()
    provision(idp, "ada")
    provision(idp, "bob")
    page = text_of(as_administrator().get(address("provisioninglog_changelist", q="AD")))
    assert "Created ada" in page
    assert "Created bob" not in page


@pytest.mark.parametrize(("outcome", "shown"), [("applied", True), ("refused", False)])
def test_the_log_is_filtered_by_outcome(outcome: str, shown: bool) -> None:
    provision(make_idp(), "ada")
    page = text_of(as_administrator().get(address("provisioninglog_changelist", outcome__exact=outcome)))
    assert ("Created ada" in page) is shown


def test_the_log_is_filtered_by_time() -> None:
    idp = make_idp()
    for name in ("old", "new"):
        provision(idp, name)
    old = ProvisioningLog.objects.get(subject_key="old")
    ProvisioningLog.objects.filter(pk=old.pk).update(at=timezone.now() - timedelta(days=3))
    page = text_of(as_administrator().get(address("provisioninglog_changelist", since="day")))
    assert "Created new" in page
    assert "Created old" not in page


def test_the_first_row_since_a_moment_is_found_by_id() -> None:
    idp = make_idp()
    for number in range(20):
        provision(idp, f"user{number}")
    entries = list(ProvisioningLog.objects.order_by("pk"))
    moments = [timezone.now() - timedelta(hours=20 - number) for number in range(20)]
    for entry, moment in zip(entries, moments, strict=True):
        ProvisioningLog.objects.filter(pk=entry.pk).update(at=moment)
    entries[3].delete()
    assert first_id_since(ProvisioningLog, moments[7]) == entries[7].pk
    assert first_id_since(ProvisioningLog, moments[0] - timedelta(days=1)) <= entries[0].pk
    assert first_id_since(ProvisioningLog, timezone.now()) > entries[-1].pk


def test_the_log_never_counts_the_whole_table() -> None:
    provision(make_idp(), "ada")
    client = as_administrator()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(address("provisioninglog_changelist"))
    counts = [q["sql"] for q in queries if "COUNT(" in q["sql"] and "provisioninglog" in q["sql"]]
    assert all("LIMIT" in sql for sql in counts)


def test_the_export_has_what_the_list_shows_under_its_filters() -> None:
    idp = make_idp()
    provision(idp, "ada")
    provision(idp, "bob")
    answer = as_administrator().get(address("provisioninglog_export", q="ada"))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer["Content-Disposition"]
    header, *rows = rows_of(answer)
    assert header[0] == "Time (UTC)"
    assert [row[header.index("What happened")] for row in rows] == ["Created ada (ada), enabled."]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_sr28_no_cell_is_a_formula(start: str) -> None:
    assert csv_cell(f"{start}cmd") == f"'{start}cmd"
    assert csv_cell("plain=text") == "plain=text"


def test_sr28_the_export_disarms_what_an_identity_provider_sends() -> None:
    provision(make_idp(name="=cmd()"), "ada")
    rows = rows_of(as_administrator().get(address("provisioninglog_export")))
    assert rows[1][1] == "'=cmd()"


def test_the_audit_log_names_actor_user_and_group() -> None:
    actor = administrator()
    mia = make_user("mia")
    group = make_group("Builders")
    client = signed_in(actor.user)
    client.post(address("group_add_members", group.pk), {"users": [mia.pk]})
    page = text_of(client.get(address("auditevent_changelist")))
    assert "Added to a group adam mia Builders" in page


def test_the_audit_detail_shows_old_and_new_values() -> None:
    group = make_group("Builders")
    client = as_administrator()
    client.post(address("group_edit", group.pk), {"name": "Makers", "description": ""})
    event = AuditEvent.objects.filter(action="group.edited").get()
    page = text_of(client.get(address("auditevent_change", event.pk)))
    assert "Group edited" in page
    assert "Name Builders → Makers" in page


def test_the_audit_detail_has_personal_values_until_they_are_erased() -> None:
    idp = make_idp()
    ada = provision(idp, "ada", first_name="Ada", last_name="Lovelace")
    event = AuditEvent.objects.get(action="user.provisioned")
    client = as_administrator()
    assert "Lovelace" in text_of(client.get(address("auditevent_change", event.pk)))
    user = ada.user
    deprovision(ada)
    user.refresh_from_db()
    deletion.delete_permanently(user, typed_username="ada", reason="asked for", actor=support())
    page = text_of(client.get(address("auditevent_change", event.pk)))
    assert "Lovelace" not in page
    assert "are erased" in page


def test_the_audit_log_is_filtered_by_what_and_who() -> None:
    provision(make_idp(), "ada")
    make_group("Builders")
    client = as_administrator()
    groups = text_of(client.get(address("auditevent_changelist", family="group")))
    assert "Group created" in groups
    assert "Created by the identity provider" not in groups
    sent = text_of(client.get(address("auditevent_changelist", actor="scim_token")))
    assert "Created by the identity provider" in sent
    assert "Group created" not in sent


def test_the_audit_export_leaves_personal_values_out() -> None:
    provision(make_idp(), "ada", last_name="Lovelace")
    rows = rows_of(as_administrator().get(address("auditevent_export")))
    assert any(row[1] == "user.provisioned" for row in rows)
    assert "Lovelace" not in str(rows)


def test_every_action_has_a_family() -> None:
    assert {action.split(".")[0] for action in WORDS} == set(FAMILIES)


@pytest.mark.parametrize("page", ["provisioninglog", "auditevent"])
def test_only_administrators_read_the_records(page: str) -> None:
    for name in ("changelist", "export"):
        assert signed_in(make_support(f"sue-{name}")).get(address(f"{page}_{name}")).status_code == 403
        assert signed_in(make_user(f"mia-{name}")).get(address(f"{page}_{name}")).status_code == 302


@pytest.mark.parametrize("value", ["99999999999999999999999", "-1", "x", "\0", ""])
def test_nonsense_in_an_address_is_never_a_server_error(value: str) -> None:
    provision(make_idp(), "ada")
    client = as_administrator()
    parameters = ("q", "since", "family", "actor", "outcome__exact", "identity_provider__id__exact", "p", "nonsense")
    for page in ("provisioninglog", "auditevent"):
        for parameter in parameters:
            for name in ("changelist", "export"):
                assert client.get(address(f"{page}_{name}"), {parameter: value}).status_code < 500
