"""The pages of alarms and notification rules, and what one does not want to be told of."""

import re
from typing import Any

import pytest

from identity.models import Alarm, AlarmNotice, NotificationRule, ProviderSilence
from tests.clients import administrators_caller, caller, ok, owners_caller, problem
from tests.factories import make_administrator, make_idp, make_owner, make_rule, make_support, make_user, make_webhook
from tests.portal.admin_pages import address, text_of
from tests.portal.telling import looks
from tests.sessions import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_mails_are_sent")]


SAID = {"label": "On call", "kinds": ["silent"], "addresses": "a@example.test, b@example.test", "timing": "at_once"}
SAID |= {"digest_hour": "7", "quiet_from": "22", "quiet_until": "6", "is_enabled": "on"}


def test_an_owner_adds_a_rule_tests_it_and_sees_what_was_sent() -> None:
    client = signed_in(make_owner())
    client.post(address("notificationrule_add"), SAID)
    rule = NotificationRule.objects.get()
    assert (rule.kinds, rule.addresses, rule.quiet_from) == (["silent"], ["a@example.test", "b@example.test"], 22)
    page = text_of(client.get(address("notificationrule_change", rule.pk)))
    assert "At once, but from 22:00 to 06:00 UTC afterwards" in page
    client.post(address("notificationrule_test", rule.pk))
    alarm = Alarm.objects.get()
    page = text_of(client.get(address("alarm_change", alarm.pk)))
    assert "A test of the notification rule On call" in page
    assert re.findall(r"[ab]@example\.test Sent", page) == ["b@example.test Sent", "a@example.test Sent"]
    client.post(address("notificationrule_edit", rule.pk), SAID | {"roles": ["owner"], "is_enabled": ""})
    rule.refresh_from_db()
    assert (rule.roles, rule.is_enabled) == (["owner"], False)
    assert "The rule is switched off" in text_of(client.post(address("notificationrule_test", rule.pk)))
    client.post(address("notificationrule_delete", rule.pk))
    assert not NotificationRule.objects.exists()


def test_what_was_wrong_is_said() -> None:
    client = signed_in(make_owner())
    said: dict[str, Any] = {**SAID, "addresses": ""}
    page = client.post(address("notificationrule_add"), said)
    assert page.status_code == 400
    assert "must name a role" in text_of(page)


def test_administrators_look_and_others_do_not() -> None:
    make_owner(email="olga@example.test")
    looks()
    ProviderSilence.objects.create(identity_provider=make_idp("Okta"))
    looks()
    client = signed_in(make_administrator())
    page = text_of(client.get(address("alarm_changelist")))
    assert "Okta has fallen silent" in page
    assert "Standing" in page
    assert "What can't wait" in text_of(client.get(address("notificationrule_changelist")))
    rule = NotificationRule.objects.get(code="urgent")
    assert client.post(address("notificationrule_delete", rule.pk)).status_code == 403
    assert signed_in(make_support()).get(address("alarm_changelist")).status_code == 403


def test_a_person_says_on_their_profile_what_they_do_not_want_to_be_told_of() -> None:
    mia = make_user()
    client = signed_in(mia)
    assert "Your notifications" in text_of(client.get("/profile/"))
    client.post("/profile/notifications/", {"kinds": ["silent", "drift"]})
    assert sorted(mia.opt_outs.values_list("kind", flat=True)) == ["drift", "silent"]
    assert "checked" in client.get("/profile/notifications/").content.decode()
    script = caller(mia)
    assert script.read("me/notifications/") == {"opted_out": ["drift", "silent"]}
    assert ok(script.put("me/notifications/", {"opted_out": ["silent"]})) == {"opted_out": ["silent"]}
    assert problem(script.put("me/notifications/", {"opted_out": ["nonsense"]})) == (400, "invalid_value")


def test_rest_changes_rules_and_shows_alarms() -> None:
    script, webhook = owners_caller(), make_webhook("Chat")
    made = ok(script.post("notification-rules/", {"label": "Chat", "kinds": ["silent"], "webhook": webhook.pk}))
    assert (made["channel"], made["webhook"]["label"], made["addresses"]) == ("webhook", "Chat", [])
    path = f"notification-rules/{made['id']}/"
    changed = ok(script.patch(path, {"webhook": None, "addresses": ["a@example.test"], "timing": "daily"}))
    assert (changed["channel"], changed["kinds"], changed["timing"]) == ("mail", ["silent"], "daily")
    assert problem(script.patch(path, {"kinds": ["nonsense"]})) == (400, "invalid_value")
    ok(script.post(f"{path}test/"))
    [listed] = script.read("alarms/?kind=test")["results"]
    assert "notices" not in listed
    shown = script.read(f"alarms/{listed['id']}/")
    assert [(notice["recipient"], notice["state"]) for notice in shown["notices"]] == [("a@example.test", "sent")]
    assert script.read("alarms/?standing=true")["results"] == []
    administrator = administrators_caller()
    assert administrator.read(path)["label"] == "Chat"
    assert problem(administrator.patch(path, {"label": "x"})) == (403, "role_required")
    assert script.delete(path).status_code == 204
    assert not AlarmNotice.objects.exists()


def test_a_rule_that_is_gone_leaves_others_alone() -> None:
    kept = make_rule("Kept")
    make_rule("Gone", addresses=["gone@example.test"])
    client = signed_in(make_owner())
    client.post(address("notificationrule_delete", NotificationRule.objects.get(label="Gone").pk))
    assert list(NotificationRule.objects.all()) == [kept]
