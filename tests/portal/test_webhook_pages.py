"""The pages of webhooks: set up, tested, exchanged, switched off and on, deleted, and what became of each delivery."""

import re
from typing import Any

import pytest

from identity.core.encryption import unseal
from identity.models import AuditEvent, Webhook, WebhookDelivery
from portal.webhooks.sender import send_everything
from tests.clients import administrators_caller, caller, ok, owners_caller, problem
from tests.factories import make_administrator, make_delivery, make_owner, make_support, make_webhook
from tests.portal.admin_pages import address, text_of
from tests.portal.receiver import receiving
from tests.sessions import signed_in

pytestmark = pytest.mark.django_db


def test_an_owner_sets_one_up_tests_it_and_sees_what_was_answered(settings: Any) -> None:
    client = signed_in(make_owner())
    with receiving(settings) as receiver:
        said = {"label": "SIEM", "url": receiver.url, "families": ["group"], "single": "user.disabled, user.enabled"}
        page = text_of(client.post(address("webhook_add"), said))
        [secret] = set(re.findall(r"whsec_[\w+/=]+", page))
        webhook = Webhook.objects.get()
        assert (unseal(webhook.secret), webhook.events) == (secret, ["group", "user.disabled", "user.enabled"])
        detail = address("webhook_change", webhook.pk)
        assert secret not in text_of(client.get(detail))
        assert "Nothing has been sent yet." in text_of(client.get(detail))
        client.post(address("webhook_test", webhook.pk))
        send_everything()
        [one] = receiver.received
        assert one.is_signed_with(secret)
    page = text_of(client.get(detail))
    assert "webhook.tested" in page
    assert "Answered 204" in page
    delivery = WebhookDelivery.objects.get()
    assert "Answered 204" in text_of(client.get(address("webhookdelivery_change", delivery.pk)))
    client.post(address("webhookdelivery_redeliver", delivery.pk))
    assert WebhookDelivery.objects.get().state == "waiting"


def test_what_was_wrong_is_said_beside_the_field() -> None:
    client = signed_in(make_owner())
    page = client.post(address("webhook_add"), {"label": "SIEM", "url": "http://siem.example.com/"})
    assert page.status_code == 400
    assert "must begin with https://" in text_of(page)
    assert not Webhook.objects.exists()


def test_the_buttons_fit_the_state() -> None:
    client, webhook = signed_in(make_owner()), make_webhook()

    def offered() -> set[str]:
        page = client.get(address("webhook_change", webhook.pk)).content.decode()
        return set(re.findall(r'data-action="(\w+)"', page))

    assert offered() == {"test", "edit", "rotate_secret", "disable", "delete"}
    client.post(address("webhook_disable", webhook.pk))
    assert offered() == {"edit", "rotate_secret", "enable", "delete"}
    assert "It is sent nothing: Switched off." in text_of(client.get(address("webhook_change", webhook.pk)))
    client.post(address("webhook_enable", webhook.pk), {"skips_missed": "on"})
    assert Webhook.objects.get().is_enabled
    client.post(address("webhook_edit", webhook.pk), {"label": "Log", "url": webhook.url, "single": "user.disabled"})
    assert (Webhook.objects.get().label, Webhook.objects.get().events) == ("Log", ["user.disabled"])
    assert "whsec_" in text_of(client.post(address("webhook_rotate_secret", webhook.pk)))
    client.post(address("webhook_delete", webhook.pk))
    assert not Webhook.objects.exists()


def test_the_list_tells_what_waits_and_is_a_file() -> None:
    client, delivery = signed_in(make_owner()), make_delivery()
    for page in ("webhookdelivery_changelist", "webhookdelivery_export"):
        answer = client.get(address(page))
        text = b"".join(answer.streaming_content).decode() if answer.streaming else text_of(answer)
        assert delivery.kind in text
        assert "Waiting" in text
    assert "SIEM" in text_of(client.get(address("webhook_changelist")))


def test_administrators_look_and_others_do_not() -> None:
    webhook = make_webhook()
    adam = signed_in(make_administrator())
    page = adam.get(address("webhook_change", webhook.pk))
    assert "siem.example.com" in text_of(page)
    assert "data-action" not in page.content.decode()
    assert adam.post(address("webhook_delete", webhook.pk)).status_code == 403
    assert signed_in(make_support()).get(address("webhook_changelist")).status_code == 403


def test_rest_shows_the_secret_once_and_an_address_in_a_list_is_short() -> None:
    script = owners_caller()
    made = ok(script.post("webhooks/", {"label": "SIEM", "url": "https://siem.example.com/key", "events": ["user"]}))
    assert made["secret"].startswith("whsec_")
    path = f"webhooks/{made['id']}/"
    shown = script.read(path)
    assert "secret" not in shown
    assert (shown["state"], shown["events"], shown["has_former_secret"]) == ("delivering", ["user"], False)
    assert ok(script.post(f"{path}rotate-secret/"))["secret"] != made["secret"]
    assert script.read(path)["has_former_secret"]
    assert ok(script.patch(path, {"events": []}))["events"] == []
    assert ok(script.post(f"{path}disable/"))["disabled_because"] == "person"
    assert problem(script.post(f"{path}test/")) == (403, "webhook_disabled")
    assert ok(script.post(f"{path}enable/", {"skips_missed": True}))["is_enabled"]
    ok(script.post(f"{path}test/"))
    delivery = make_delivery(Webhook.objects.get())
    [listed] = script.read(f"webhook-deliveries/?webhook={made['id']}&state=waiting")["results"]
    assert (listed["uid"], listed["webhook"]["label"]) == (delivery.uid, "SIEM")
    ok(script.post(f"webhook-deliveries/{delivery.pk}/redeliver/"))
    administrator = administrators_caller()
    assert administrator.read(path)["label"] == "SIEM"
    assert problem(administrator.delete(path)) == (403, "role_required")
    assert problem(caller(make_support()).get("webhooks/")) == (403, "role_required")
    assert script.delete(path).status_code == 204
    told = AuditEvent.objects.filter(action__startswith="webhook.").order_by("pk").values_list("action", flat=True)
    assert [name.removeprefix("webhook.") for name in told] == [
        *("created", "secret_rotated", "edited", "disabled", "enabled", "tested", "redelivered", "deleted")
    ]
