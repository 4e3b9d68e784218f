"""The provisioning log and the audit log."""

import csv
import json
import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin import site
from django.test import Client
from django.utils import timezone

from identity.core.errors import Conflicted
from identity.models import AuditEvent, IdentityProvider, ProvisioningLog, trail
from identity.services import assets, deletion
from portal.exchange.csv_out import csv_cell
from tests import clock
from tests.factories import (
    OPERATOR,
    administrator,
    deprovision,
    make_asset,
    make_group,
    make_idp,
    make_support,
    make_user,
    provision,
    resend,
    support,
)
from tests.portal.admin_pages import address, text_of
from tests.sessions import as_administrator, signed_in
from tests.statements import statements

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


@pytest.mark.parametrize("few", [0, 1, 1_000])
def test_the_log_is_searched_by_the_beginning_of_a_username(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rows, whether they are few or many, and together with any filter."""
    monkeypatch.setattr(trail, "FEW", few)
    idp, other = make_idp(), make_idp("Other")
    for provider, name in (idp, "ada"), (idp, "bob"), (other, "adele"):
        provision(provider, name)
    client = as_administrator()
    for of, found in ({}, {"Created ada", "Created adele"}), ({"idp": other.pk}, {"Created adele"}):
        page = text_of(client.get(address("provisioninglog_changelist", q="AD", **of)))
        assert set(re.findall(r"Created (?:ada|adele|bob)\b", page)) == found


@pytest.mark.parametrize(("outcome", "shown"), [("applied", True), ("refused", False)])
def test_the_log_is_filtered_by_outcome(outcome: str, shown: bool) -> None:
    provision(make_idp(), "ada")
    page = text_of(as_administrator().get(address("provisioninglog_changelist", outcome__exact=outcome)))
    assert ("Created ada" in page) is shown


def test_the_log_is_filtered_by_time() -> None:
    idp = make_idp()
    with clock.ago(days=3):
        provision(idp, "old")
    provision(idp, "new")
    page = text_of(as_administrator().get(address("provisioninglog_changelist", since="day")))
    assert "Created new" in page
    assert "Created old" not in page


def test_the_first_row_since_a_moment_is_found_by_id() -> None:
    idp = make_idp()
    for hours in range(20, 0, -1):
        with clock.ago(hours=hours):
            provision(idp, f"user{hours}")
    entries = list(ProvisioningLog.objects.order_by("pk"))
    moments = [entry.at for entry in entries]
    entries[3].delete()
    assert ProvisioningLog.objects.first_id_since(moments[7]) == entries[7].pk
    assert ProvisioningLog.objects.first_id_since(moments[0] - timedelta(days=1)) <= entries[0].pk
    assert ProvisioningLog.objects.first_id_since(timezone.now()) > entries[-1].pk


def test_a_point_in_time_of_an_empty_table_is_no_row() -> None:
    assert list(ProvisioningLog.objects.since(timezone.now() - timedelta(days=1))) == []


def log_entries(number: int) -> list[int]:
    """That many entries; their ids, the newest first."""
    idp = make_idp()
    for one in range(number):
        provision(idp, f"user{one:03}")
    return list(ProvisioningLog.objects.values_list("pk", flat=True))


def listed(client: Client, page: str = "provisioninglog", **query: Any) -> Any:
    return client.get(address(f"{page}_changelist"), query).context["cl"]


def keys(changelist: Any) -> list[int]:
    return [row.pk for row in changelist.result_list]


def test_pages_follow_the_entries_and_not_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site._registry[ProvisioningLog], "list_per_page", 2)
    ids = log_entries(5)
    client = as_administrator()
    first = listed(client)
    assert (keys(first), first.newer, first.older) == (ids[:2], None, ids[1])
    provision(IdentityProvider.objects.get(), "newcomer")
    second = listed(client, before=first.older)
    assert (keys(second), second.newer, second.older) == (ids[2:4], ids[2], ids[3])
    last = listed(client, before=second.older)
    assert (keys(last), last.older) == (ids[4:], None)
    back = listed(client, after=last.newer)
    assert (keys(back), back.newer, back.older) == (ids[2:4], ids[2], ids[3])
    assert listed(client, before=ids[4]).result_list == []


def test_a_page_links_to_its_neighbours_under_the_same_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site._registry[ProvisioningLog], "list_per_page", 2)
    ids = log_entries(3)
    html = as_administrator().get(address("provisioninglog_changelist", q="user")).content.decode()
    assert f"?q=user&amp;before={ids[1]}" in html


@pytest.mark.parametrize("page", ["provisioninglog", "auditevent"])
def test_no_record_is_ever_counted(page: str) -> None:
    provision(make_idp(), "ada")
    client = as_administrator()
    with statements() as seen:
        client.get(address(f"{page}_changelist"))
    assert any(page in sql for sql in seen)
    assert [sql for sql in seen if "COUNT(" in sql and page in sql] == []


def test_the_log_is_filtered_by_person_also_before_there_was_an_account() -> None:
    idp, mia = make_idp(), make_user("mia")
    provision(idp, "ada")
    with pytest.raises(Conflicted):
        provision(idp, "mia", "other@example.test")
    client = as_administrator()
    refused = listed(client, person="MIA")
    assert [row.outcome for row in refused.result_list] == ["refused"]
    assert keys(refused) == keys(listed(client, person=mia.email))
    assert listed(client, person="nobody").result_list == []


def test_the_log_is_filtered_by_identity_provider() -> None:
    okta, entra = make_idp("Okta"), make_idp("Entra")
    provision(okta, "ada")
    provision(entra, "bob")
    assert [row.subject_key for row in listed(as_administrator(), idp=entra.pk).result_list] == ["bob"]


@pytest.mark.parametrize("page", ["provisioninglog", "auditevent"])
def test_the_records_are_filtered_from_a_moment_until_another(page: str) -> None:
    provision(make_idp(), "ada")
    client = as_administrator()
    tomorrow = f"{timezone.now() + timedelta(days=1):%Y-%m-%dT%H:%M}"
    assert listed(client, page, until=tomorrow).result_list != []
    assert listed(client, page, **{"from": tomorrow}).result_list == []
    assert listed(client, page, until="2020-02-01").result_list == []
    assert client.get(address(f"{page}_changelist"), {"until": "yesterday"}).status_code == 302


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


def test_the_audit_log_is_searched_by_whom_it_is_about_and_filtered_by_who_did_it() -> None:
    actor = administrator()
    mia = make_user("mia")
    make_group("Builders", make_user("max"))
    client = signed_in(actor.user)
    client.post(address("user_disable", mia.pk))
    about = [event.action for event in listed(client, "auditevent", q="mi").result_list]
    assert about == ["user.disabled"]
    by_adam = keys(listed(client, "auditevent", by="adam"))
    assert keys(listed(client, "auditevent", person="mia@example.test")) == by_adam
    assert listed(client, "auditevent", person="nobody").result_list == []


def test_the_records_are_saved_as_json_lines() -> None:
    provision(make_idp("=Okta"), "ada")
    answer = as_administrator().get(address("provisioninglog_export_jsonl"))
    assert answer["Content-Type"] == "application/jsonl; charset=utf-8"
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]  # type: ignore[attr-defined]
    entry = ProvisioningLog.objects.get()
    assert [(line["identity_provider"], line["status"], line["at"]) for line in lines] == [
        ("=Okta", 201, entry.at.isoformat()),
    ]


def test_the_audit_export_leaves_personal_values_out() -> None:
    provision(make_idp(), "ada", last_name="Lovelace")
    rows = rows_of(as_administrator().get(address("auditevent_export")))
    assert any(row[1] == "user.provisioned" for row in rows)
    assert "Lovelace" not in str(rows)


@pytest.mark.parametrize("page", ["provisioninglog", "auditevent"])
def test_only_administrators_read_the_records(page: str) -> None:
    for name in ("changelist", "export", "export_jsonl"):
        assert signed_in(make_support(f"sue-{name}")).get(address(f"{page}_{name}")).status_code == 403
        assert signed_in(make_user(f"mia-{name}")).get(address(f"{page}_{name}")).status_code == 302


@pytest.mark.parametrize("value", ["99999999999999999999999", "-1", "x", "\0", ""])
def test_nonsense_in_an_address_is_never_a_server_error(value: str) -> None:
    provision(make_idp(), "ada")
    client = as_administrator()
    ours = ("since", "from", "until", "family", "actor", "outcome__exact", "idp", "person", "by", "before", "after")
    parameters = (*ours, "q", "p", "nonsense")
    for page in ("provisioninglog", "auditevent"):
        for parameter in parameters:
            for name in ("changelist", "export", "export_jsonl"):
                assert client.get(address(f"{page}_{name}"), {parameter: value}).status_code < 500


def test_the_logs_say_how_long_they_are_kept(settings: Any) -> None:
    client = as_administrator()
    assert "change or refusal, kept for good." in text_of(client.get(address("provisioninglog_changelist")))
    assert "can be changed or deleted." in text_of(client.get(address("auditevent_changelist")))
    settings.PROVISIONING_LOG_DAYS, settings.AUDIT_PERSONAL_DATA_DAYS = 90, 1
    assert "kept for 90 days." in text_of(client.get(address("provisioninglog_changelist")))
    assert "names, emails and addresses are erased after 1 day." in text_of(
        client.get(address("auditevent_changelist"))
    )


def test_an_event_about_an_asset_leads_to_it() -> None:
    asset = make_asset(make_user("mia"), "Wiki")
    event = AuditEvent.objects.get(action="asset.created")
    client = as_administrator()
    page = client.get(address("auditevent_change", event.pk))
    assert f'<a href="{address("asset_change", asset.pk)}">Wiki</a>' in page.content.decode()
    assets.delete_asset(asset, actor=OPERATOR)
    assert f"Asset {event.details['asset']} (deleted)" in text_of(client.get(address("auditevent_change", event.pk)))
