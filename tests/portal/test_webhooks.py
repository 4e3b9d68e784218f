"""Webhooks: all that has committed and nothing that was rolled back, signed, again and again until it is delivered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from identity.core.encryption import unseal
from identity.core.errors import InvalidValue, Refused, Taken
from identity.core.webhook_signatures import new_secret, signature
from identity.events import Event
from identity.models import AuditEvent, Webhook, WebhookDelivery
from identity.services import deletion, groups, users, webhook_deliveries, webhooks
from portal.webhooks import calling, sender
from portal.webhooks.sender import EventSender, send_everything
from tests import clock
from tests.factories import (
    OPERATOR,
    administrator,
    make_group,
    make_idp,
    make_owner,
    make_user,
    map_group,
    owner,
    provision,
    push_group,
    support,
)
from tests.loops import each
from tests.portal.receiver import Receiver, receiving
from tests.threads import Unfinished, at_once

pytestmark = pytest.mark.django_db

State = WebhookDelivery.State


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    with receiving(settings) as found:
        yield found


def hooked(receiver: Receiver, label: str = "SIEM", *events: str) -> tuple[Webhook, str]:
    """A webhook to it, and its secret."""
    return webhooks.create_webhook(label=label, url=receiver.url, events=events, actor=OPERATOR)


def happens(name: str = "Builders") -> int:
    return groups.create_group(name=name, actor=OPERATOR).pk


def states(webhook: Webhook) -> list[str]:
    return list(webhook.deliveries.order_by("pk").values_list("state", flat=True))


# --- what is sent ---


def test_the_reference_vector_of_standard_webhooks() -> None:
    """From the reference implementations (standard-webhooks/standard-webhooks, libraries/*/…test, "sign function")."""
    said = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        uid="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert said == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert new_secret() != new_secret()


def test_an_event_is_sent_signed_and_once(receiver: Receiver) -> None:
    webhook, secret = hooked(receiver)
    group = happens()
    assert send_everything() == 1
    assert send_everything() == 0
    [one] = receiver.received
    assert one.is_signed_with(secret)
    assert not one.is_signed_with(new_secret())
    assert one.headers["content-type"] == "application/json"
    event = AuditEvent.objects.latest("pk")
    assert one.uid == str(event.pk) == one.message["data"]["id"]
    assert (one.message["type"], one.message["data"]["group_id"]) == ("group.created", group)
    assert abs(int(one.headers["webhook-timestamp"]) - timezone.now().timestamp()) < 60
    delivery = webhook.deliveries.get()
    assert (delivery.state, delivery.answer, delivery.attempts) == (State.DELIVERED, 204, 1)


def test_who_is_moved_comes_one_by_one_with_the_cause(receiver: Receiver) -> None:
    idp, group = make_idp(), make_group()
    people = [provision(idp, f"user{number}") for number in range(3)]
    sso_group = push_group(idp, "Engineering", *people)
    hooked(receiver, "SIEM", "membership")
    map_group(sso_group, group)
    send_everything()
    assert [one.message["data"]["user_id"] for one in receiver.received] == [person.user_id for person in people]
    assert {one.message["data"]["cause"]["kind"] for one in receiver.received} == {"mapping"}
    assert len(set(receiver.uids)) == 3


def test_only_what_was_chosen_is_sent(receiver: Receiver) -> None:
    hooked(receiver, "Groups", "group", "user.disabled")
    mia = make_user()
    happens()
    users.disable_user(mia, actor=OPERATOR)
    send_everything()
    assert receiver.kinds == ["group.created", "user.disabled"]


def test_what_is_rolled_back_is_not_told(receiver: Receiver) -> None:
    hooked(receiver)
    with transaction.atomic():
        happens("Never")
        transaction.set_rollback(True)
    happens()
    send_everything()
    assert [one.message["data"]["details"]["name"] for one in receiver.received] == ["Builders"]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_who_commits_late_is_told_before_those_who_came_after(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "PATIENCE_SECONDS", 0.05)
    hooked(receiver)
    with Unfinished(lambda: happens("Slow")):
        happens("Quick")
        assert send_everything() == 0
    with Unfinished(lambda: happens("Never"), commits=False):
        pass
    send_everything()
    assert [one.message["data"]["details"]["name"] for one in receiver.received] == ["Slow", "Quick"]


def test_what_happened_before_is_not_told(receiver: Receiver) -> None:
    happens()
    hooked(receiver)
    assert send_everything() == 0


def test_no_name_leaves(receiver: Receiver) -> None:
    hooked(receiver)
    provision(make_idp(), "ada.lovelace", "ada@example.test")
    send_everything()
    assert "user.provisioned" in receiver.kinds
    assert not any(b"lovelace" in one.body or b"ada@" in one.body for one in each(receiver.received, at_least=1))


def test_a_test_is_for_the_one_that_is_tested(receiver: Receiver) -> None:
    tested, secret = hooked(receiver, "Tested", "user")
    hooked(receiver, "Other")
    webhooks.test_webhook(tested, actor=OPERATOR)
    send_everything()
    [one] = [one for one in receiver.received if one.message["type"] == "webhook.tested"]
    assert one.is_signed_with(secret)


# --- what goes wrong ---


def test_a_receiver_that_fails_is_asked_again_by_the_schedule(receiver: Receiver) -> None:
    webhook, _ = hooked(receiver)
    receiver.answers = lambda one: 500
    with clock.at("2028-03-01 12:00", stopped=True):
        happens()
        send_everything()
    delivery = webhook.deliveries.get()
    assert (delivery.state, delivery.answer, delivery.problem) == (State.WAITING, 500, "status")
    tries = 1
    for pause in each(webhook_deliveries.PAUSES, at_least=9):
        before = pause * 0.99
        delivery.refresh_from_db()
        assert delivery.due_at - delivery.tried_at >= pause
        with clock.at((delivery.tried_at + before).isoformat(), stopped=True):
            assert send_everything() == 0
        with clock.at((delivery.due_at + timedelta(minutes=6)).isoformat(), stopped=True):
            assert send_everything() == 1
        tries += 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (State.FAILED, tries)
    assert len({one.uid for one in receiver.received}) == 1
    assert timedelta(days=3) < sum(webhook_deliveries.PAUSES, timedelta()) < webhook_deliveries.GIVEN_UP_AFTER


def test_a_receiver_that_comes_back_gets_everything(settings: Any) -> None:
    with receiving(settings) as first:
        webhook, _ = hooked(first)
        port = int(first.origin.rpartition(":")[2])
    for number in range(3):
        happens(f"Group {number}")
    send_everything()
    assert webhook.deliveries.exclude(problem="").get().problem == "unreachable"
    webhook.refresh_from_db()
    assert (webhook.state, states(webhook)) == ("failing", ["waiting"] * 3)
    with receiving(settings, port) as again, clock.later(hours=1):
        send_everything()
        assert sorted(one.message["data"]["details"]["name"] for one in again.received) == [
            "Group 0",
            "Group 1",
            "Group 2",
        ]
    webhook.refresh_from_db()
    assert (webhook.state, states(webhook)) == ("delivering", ["delivered"] * 3)


def test_one_event_that_a_receiver_can_not_take_holds_no_other_up(receiver: Receiver) -> None:
    webhook, _ = hooked(receiver)
    happens("Poison")
    happens("Other")
    receiver.answers = lambda one: 500 if "Poison" in str(one.message) else 200
    send_everything()
    with clock.later(seconds=30):
        send_everything()
    by_state = dict(webhook.deliveries.values_list("state", "attempts"))
    assert by_state.keys() == {"waiting", "delivered"}
    webhook.refresh_from_db()


@pytest.mark.parametrize(("status", "seconds"), [(429, 600), (503, 600), (429, 10**6)])
def test_a_receiver_that_says_when_is_left_alone_until_then(receiver: Receiver, status: int, seconds: int) -> None:
    webhook, _ = hooked(receiver)
    receiver.answers, receiver.headers = lambda one: status, {"Retry-After": str(seconds)}
    happens()
    send_everything()
    webhook.refresh_from_db()
    assert webhook.quiet_until is not None
    quiet = webhook.quiet_until - timezone.now()
    asked = min(timedelta(seconds=seconds), webhook_deliveries.LONGEST_RETRY_AFTER)
    assert asked - timedelta(minutes=1) < quiet <= asked


def test_a_receiver_that_is_gone_is_told_nothing_more(
    receiver: Receiver, django_capture_on_commit_callbacks: Any
) -> None:
    make_owner(email="olga@example.test")
    webhook, _ = hooked(receiver)
    receiver.answers = lambda one: 410
    happens()
    with django_capture_on_commit_callbacks(execute=True):
        send_everything()
    webhook.refresh_from_db()
    assert (webhook.is_enabled, webhook.disabled_because) == (False, "gone")
    happens("More")
    with clock.later(days=1):
        assert send_everything() == 0
    [notice] = mail.outbox
    assert (notice.to, "SIEM" in notice.subject) == (["olga@example.test"], True)
    event = AuditEvent.objects.get(action=Event.WEBHOOK_DISABLED)
    assert (event.actor_kind, event.details["because"]) == ("schedule", "gone")


def test_who_fails_for_days_is_switched_off_and_goes_on_where_it_stopped(
    receiver: Receiver, django_capture_on_commit_callbacks: Any
) -> None:
    make_owner(email="olga@example.test")
    webhook, _ = hooked(receiver)
    receiver.answers = lambda one: 500
    happens("First")
    send_everything()
    with clock.later(days=6):
        happens("Second")
        with django_capture_on_commit_callbacks(execute=True):
            send_everything()
        webhook.refresh_from_db()
        assert (webhook.is_enabled, webhook.disabled_because, len(mail.outbox)) == (False, "failing", 1)
        happens("Third")
        receiver.answers, receiver.received = lambda one: 200, []
        webhooks.enable_webhook(webhook, actor=OPERATOR)
        send_everything()
        with clock.later(hours=1):
            send_everything()
    names = [one.message["data"]["details"].get("name") for one in receiver.received]
    assert {"First", "Second", "Third"} <= set(names)
    assert len(names) == len(set(receiver.uids))


def test_what_was_missed_can_be_skipped(receiver: Receiver) -> None:
    webhook, _ = hooked(receiver)
    webhooks.disable_webhook(webhook, actor=OPERATOR)
    happens("Missed")
    webhooks.enable_webhook(webhook, skips_missed=True, actor=OPERATOR)
    happens("Told")
    send_everything()
    assert [one.message["data"]["details"].get("name") for one in receiver.received] == ["Told"]


def test_redirects_are_not_followed(receiver: Receiver, settings: Any) -> None:
    with receiving(settings) as other:
        webhook, _ = hooked(receiver)
        receiver.answers, receiver.headers = lambda one: 307, {"Location": other.url}
        happens()
        send_everything()
        assert other.received == []
    assert webhook.deliveries.get().what_happened == "Answered 307"


def test_an_address_inside_the_network_is_not_called_unless_the_operator_named_it(
    receiver: Receiver, settings: Any
) -> None:
    webhook, _ = hooked(receiver)
    settings.WEBHOOK_INTERNAL_ORIGINS = []
    Webhook.objects.update(url=receiver.url.replace("http://", "https://"))
    happens()
    send_everything()
    assert (webhook.deliveries.get().problem, receiver.received) == ("not_public", [])
    Webhook.objects.update(url=receiver.url, quiet_until=None)
    WebhookDelivery.objects.update(due_at=timezone.now())
    send_everything()
    assert (webhook.deliveries.get().problem, receiver.received) == ("not_public", [])


def test_a_receiver_that_takes_too_long_is_not_waited_for(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "SECONDS", 0.3)
    webhook, _ = hooked(receiver)
    answered = threading.Event()
    receiver.waits = lambda: answered.wait(30)
    happens()
    try:
        send_everything()
    finally:
        answered.set()
    assert webhook.deliveries.get().problem == "timeout"


@pytest.mark.django_db(transaction=True)
def test_a_slow_receiver_delays_no_other(receiver: Receiver, settings: Any) -> None:
    answered = threading.Event()
    with receiving(settings) as quick:
        slow_one, _ = hooked(receiver, "Slow")
        hooked(quick, "Quick")
        receiver.waits = lambda: answered.wait(60)
        happens()
        working = EventSender(interval=0.05)
        working.start()
        try:
            assert clock.wait_until(lambda: quick.received and receiver.received)
            happens("More")
            assert clock.wait_until(lambda: len(quick.received) == 2)
        finally:
            answered.set()
            working.stop()
    assert slow_one.deliveries.exists()


@pytest.mark.django_db(transaction=True)
def test_two_hosts_send_nothing_twice(receiver: Receiver) -> None:
    webhook, _ = hooked(receiver)
    for number in range(30):
        happens(f"Group {number}")
    at_once(send_everything, send_everything)
    assert len(receiver.received) == len(set(receiver.uids)) == 30
    assert set(states(webhook)) == {"delivered"}


def test_what_a_host_that_died_was_sending_is_sent_by_another_under_the_same_id(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooked(receiver)
    happens()

    def dies(*args: object, **options: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(webhook_deliveries, "note", dies)
        patched.setattr(webhook_deliveries, "release", dies)
        with pytest.raises(SystemExit):
            send_everything()
    assert send_everything() == 0  # the lease holds
    with clock.later(seconds=61):
        assert send_everything() == 1
    assert len(receiver.received) == 2
    assert len(set(receiver.uids)) == 1


# --- its secrets, and its record ---


def test_while_a_secret_is_exchanged_both_sign(receiver: Receiver) -> None:
    webhook, former = hooked(receiver)
    webhook, latter = webhooks.rotate_secret(webhook, actor=OPERATOR)
    send_everything()
    [one] = receiver.received
    assert one.is_signed_with(former)
    assert one.is_signed_with(latter)
    assert (unseal(webhook.secret), latter in webhook.secret) == (latter, False)
    with clock.later(days=8):
        happens()
        send_everything()
    assert not receiver.received[-1].is_signed_with(former)
    assert receiver.received[-1].is_signed_with(latter)


def test_what_was_delivered_or_given_up_is_sent_again_when_asked(receiver: Receiver) -> None:
    webhook, _ = hooked(receiver, "SIEM", "group")
    happens()
    send_everything()
    webhooks.redeliver(webhook.deliveries.get(), actor=OPERATOR)
    send_everything()
    assert len(receiver.received) == 2
    assert receiver.received[0].uid == receiver.received[1].uid
    assert receiver.received[0].message == receiver.received[1].message


def test_a_permanent_deletion_leaves_nothing_in_the_record_and_nothing_to_send(receiver: Receiver) -> None:
    """What is still to be sent is made when it is sent: with what the portal knows by then."""
    ada = make_user("ada.lovelace", email="ada@example.test")
    webhook, _ = hooked(receiver)
    users.disable_user(ada, actor=OPERATOR)
    with clock.at("2028-03-01 12:00"):
        receiver.answers = lambda one: 500
        send_everything()
    ada.refresh_from_db()
    deletion.delete_permanently(ada, typed_username="ada.lovelace", reason="left", actor=support())
    kept = str([*WebhookDelivery.objects.values(), *Webhook.objects.values()])
    with clock.at("2028-03-01 13:00"):
        receiver.answers = lambda one: 200
        send_everything()
    assert "user.deleted_permanently" in receiver.kinds
    for text in (kept, *(one.body.decode() for one in receiver.received)):
        assert "lovelace" not in text
        assert "ada@" not in text
    assert set(states(webhook)) == {"delivered"}


def test_deliveries_of_long_ago_are_forgotten(receiver: Receiver) -> None:
    hooked(receiver)
    happens()
    send_everything()
    assert webhook_deliveries.forget_old() == 0
    with clock.later(days=31):
        assert webhook_deliveries.forget_old() == 1


def test_a_receiver_that_is_far_behind_fills_no_table(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_deliveries, "MOST_WAITING", 3)
    monkeypatch.setattr(sender, "READ_AT_ONCE", 2)
    webhook, _ = hooked(receiver)
    receiver.answers = lambda one: 500
    for number in range(10):
        happens(f"Group {number}")
    send_everything()
    assert webhook.deliveries.count() == 4
    receiver.answers = lambda one: 200
    for _ in range(10):
        with clock.later(hours=1):
            send_everything()
    assert len({one.message["data"]["details"]["name"] for one in receiver.received}) == 10


# --- who may ---


def test_owners_alone_manage_webhooks(receiver: Receiver) -> None:
    with pytest.raises(Refused):
        webhooks.create_webhook(label="SIEM", url=receiver.url, actor=administrator())
    webhook, _ = webhooks.create_webhook(label="SIEM", url=receiver.url, actor=owner())
    for deed in (webhooks.rotate_secret, webhooks.enable_webhook, webhooks.disable_webhook, webhooks.delete_webhook):
        with pytest.raises(Refused):
            deed(webhook, actor=administrator())
    with pytest.raises(Refused):
        webhooks.test_webhook(webhook, actor=support())


@pytest.mark.parametrize(
    "url",
    [
        "http://siem.example.com/",
        "ftp://siem.example.com/",
        "https://",
        "https://user:secret@siem.example.com/",
        "https://siem.example.com/#part",
        "https://siem.example.com/a b",
        "https://siem.example.com:x/",
        "https://siem.example.com/" + "a" * 500,
    ],
)
def test_addresses_that_are_not_called(url: str) -> None:
    with pytest.raises(InvalidValue):
        webhooks.create_webhook(label="SIEM", url=url, actor=OPERATOR)


def test_what_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "https://siem.example.com/"
    with pytest.raises(InvalidValue):
        webhooks.create_webhook(label="SIEM", url=url, events=["nonsense"], actor=OPERATOR)
    webhook, _ = webhooks.create_webhook(label="SIEM", url=url, actor=OPERATOR)
    with pytest.raises(Taken):
        webhooks.create_webhook(label="siem", url=url, actor=OPERATOR)
    monkeypatch.setattr(webhooks, "MOST", 1)
    with pytest.raises(Refused):
        webhooks.create_webhook(label="Other", url=url, actor=OPERATOR)
    webhooks.disable_webhook(webhook, actor=OPERATOR)
    with pytest.raises(Refused):
        webhooks.test_webhook(webhook, actor=OPERATOR)


def test_no_secret_is_in_an_event(receiver: Receiver) -> None:
    webhook, secret = hooked(receiver)
    webhooks.rotate_secret(webhook, actor=OPERATOR)
    webhooks.edit_webhook(webhook, label="SIEM", url=f"{receiver.url}?key=hidden", events=["user"], actor=OPERATOR)
    told = str(list(AuditEvent.objects.values("action", "details")))
    assert "webhook.edited" in told
    assert secret not in told
    assert "hidden" not in told
