"""Webhooks: set up, changed, tested, switched on and off (docs/events.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from identity import audit, policy
from identity.core.decisions import Action
from identity.core.encryption import seal
from identity.core.errors import InvalidValue, Refused
from identity.core.keys import label_key, plain
from identity.core.webhook_signatures import new_secret
from identity.db.locks import lock
from identity.db.uniqueness import taken_when
from identity.events import Event, Family
from identity.models import AuditEvent, Webhook, WebhookDelivery
from identity.services import notices

if TYPE_CHECKING:
    from identity.core.actors import Actor

MOST = 20
BOTH_SIGN = timedelta(days=7)

Disabled = Webhook.Disabled


@transaction.atomic
def create_webhook(*, label: str, url: str, events: Iterable[str] = (), actor: Actor) -> tuple[Webhook, str]:
    """A new one, told of what happens from now on, and its secret, which only the caller ever holds."""
    policy.require(Action.MANAGE_WEBHOOKS, actor=actor)
    if Webhook.objects.count() >= MOST:
        raise Refused(f"There are {MOST} webhooks already: delete one that is not needed.", code="too_many_webhooks")
    secret = new_secret()
    webhook = Webhook(secret=seal(secret))
    _save(webhook, label, url, events)
    event = _record(Event.WEBHOOK_CREATED, webhook, actor, events=webhook.events)
    Webhook.objects.filter(pk=webhook.pk).update(after_event=event.pk)
    webhook.after_event = event.pk
    return webhook, secret


@transaction.atomic
def edit_webhook(webhook: Webhook, *, label: str, url: str, events: Iterable[str], actor: Actor) -> Webhook:
    policy.require(Action.MANAGE_WEBHOOKS, actor=actor)
    webhook = lock(Webhook, webhook.pk)
    before = (webhook.label, webhook.url, webhook.events)
    _save(webhook, label, url, events)
    if (webhook.label, webhook.url, webhook.events) != before:
        _record(Event.WEBHOOK_EDITED, webhook, actor, events=webhook.events, url_changed=webhook.url != before[1])
    return webhook


@transaction.atomic
def delete_webhook(webhook: Webhook, *, actor: Actor) -> None:
    """With its deliveries."""
    policy.require(Action.MANAGE_WEBHOOKS, actor=actor)
    webhook = lock(Webhook, webhook.pk)
    _record(Event.WEBHOOK_DELETED, webhook, actor)
    webhook.delete()


@transaction.atomic
def rotate_secret(webhook: Webhook, *, actor: Actor) -> tuple[Webhook, str]:
    """A new secret; the one before signs as well for a week, so that the receiver can be changed meanwhile."""
    policy.require(Action.MANAGE_WEBHOOKS, actor=actor)
    webhook = lock(Webhook, webhook.pk)
    secret = new_secret()
    webhook.former_secret, webhook.secret = webhook.secret, seal(secret)
    webhook.former_until = timezone.now() + BOTH_SIGN
    webhook.save(update_fields=["secret", "former_secret", "former_until"])
    _record(Event.WEBHOOK_SECRET_ROTATED, webhook, actor)
    return webhook, secret


@transaction.atomic
def enable_webhook(webhook: Webhook, *, skips_missed: bool = False, actor: Actor) -> Webhook:
    """Send again: from where it stopped, or only what happens from now on."""
    policy.require(Action.MANAGE_WEBHOOKS, actor=actor)
    webhook = lock(Webhook, webhook.pk)
    if webhook.is_enabled:
        return webhook
    webhook.is_enabled, webhook.disabled_because = True, ""
    webhook.failing_since, webhook.failures, webhook.quiet_until = None, 0, None
    if skips_missed:
        webhook.deliveries.waiting().update(state=WebhookDelivery.State.FAILED)
        webhook.after_move = 0
    webhook.save()
    event = _record(Event.WEBHOOK_ENABLED, webhook, actor, skips_missed=skips_missed)
    if skips_missed:
        webhook.after_event = event.pk
        webhook.save(update_fields=["after_event"])
    return webhook


@transaction.atomic
def disable_webhook(webhook: Webhook, *, because: Disabled = Disabled.BY_PERSON, actor: Actor) -> Webhook:
    """Send nothing until it is enabled. The portal does it itself, and tells the owners, when the receiver is gone."""
    if because is Disabled.BY_PERSON:
        policy.require(Action.MANAGE_WEBHOOKS, actor=actor)
    webhook = lock(Webhook, webhook.pk)
    if not webhook.is_enabled:
        return webhook
    webhook.is_enabled, webhook.disabled_because = False, because
    webhook.save(update_fields=["is_enabled", "disabled_because"])
    _record(Event.WEBHOOK_DISABLED, webhook, actor, because=because.value)
    if because is not Disabled.BY_PERSON:
        notices.tell_owners_of_webhook(webhook)
    return webhook


@transaction.atomic
def test_webhook(webhook: Webhook, *, actor: Actor) -> AuditEvent:
    """An event for this one alone: it goes the way of all others."""
    policy.require(Action.MANAGE_WEBHOOKS, actor=actor)
    webhook = lock(Webhook, webhook.pk)
    if not webhook.is_enabled:
        raise Refused("It is switched off: enable it first.", code="webhook_disabled")
    webhook.quiet_until = None
    webhook.save(update_fields=["quiet_until"])
    return _record(Event.WEBHOOK_TESTED, webhook, actor)


test_webhook.__test__ = False  # type: ignore[attr-defined]


@transaction.atomic
def redeliver(delivery: WebhookDelivery, *, actor: Actor) -> WebhookDelivery:
    """Send it again under the same id, whatever became of it."""
    policy.require(Action.MANAGE_WEBHOOKS, actor=actor)
    webhook, delivery = lock(Webhook, delivery.webhook_id), lock(WebhookDelivery, delivery.pk)
    delivery.state, delivery.due_at = WebhookDelivery.State.WAITING, timezone.now()
    delivery.save(update_fields=["state", "due_at"])
    Webhook.objects.filter(pk=webhook.pk).update(quiet_until=None)
    _record(Event.WEBHOOK_REDELIVERED, webhook, actor, uid=delivery.uid)
    return delivery


def _save(webhook: Webhook, label: str, url: str, events: Iterable[str]) -> None:
    webhook.label, webhook.label_key = plain(label, "label", limit=100).strip(), label_key(label, "label")
    webhook.url, webhook.events = _checked_url(url), _checked_events(events)
    with taken_when(f"There is a webhook named {webhook.label} already."):
        webhook.save()


def _checked_url(url: str) -> str:
    """https only, unless the operator listed the origin in WEBHOOK_INTERNAL_ORIGINS."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for one that is no number
    except ValueError as error:
        raise InvalidValue("url", "is not a web address") from error
    if not parts.hostname or parts.username or parts.fragment or re.search(r"[^\x21-\x7e]", url) or len(url) > 500:
        raise InvalidValue("url", "must be an address such as https://siem.example.com/events")
    if parts.scheme != "https" and f"{parts.scheme}://{parts.netloc}" not in settings.WEBHOOK_INTERNAL_ORIGINS:
        raise InvalidValue("url", "must begin with https://")
    return url


def _checked_events(events: Iterable[str]) -> list[str]:
    known = {*(event.value for event in Event), *(family.value for family in Family)}
    chosen = sorted(set(events))
    if unknown := [name for name in chosen if name not in known]:
        raise InvalidValue("events", f"has no event or family named {unknown[0][:60]}: docs/events.md lists them")
    return chosen


def _record(action: Event, webhook: Webhook, actor: Actor, **details: Any) -> AuditEvent:
    told = {"webhook": webhook.pk, "label": webhook.label, "host": webhook.host}
    return audit.record(action, actor=actor, details={**told, **details})
