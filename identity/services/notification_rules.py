"""Notification rules (R30): who is told of which alarms, how and when; what the portal comes with, and telling."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from identity import audit, policy
from identity.core.alarm_kinds import AlarmFound, AlarmKind
from identity.core.decisions import Action
from identity.core.errors import InvalidValue, Refused
from identity.core.keys import email_key, is_address, plain, shows_nothing
from identity.db.locks import lock
from identity.events import Event
from identity.models import (
    Alarm,
    AlarmNotice,
    NotificationOptOut,
    NotificationRule,
    Role,
    Status,
    User,
    Webhook,
    WebhookDelivery,
)
from identity.services import alarms, notices

if TYPE_CHECKING:
    from identity.core.actors import Actor

LOOKED_BACK = timedelta(days=7)
EVENTS_LOOKED_BACK = timedelta(days=2)  # beyond the longest wait for a digest
MOST_ALARMS = 500
MOST_RULES = 50
MOST_ADDRESSES = 20

Kind = AlarmKind
Channel = NotificationRule.Channel
Timing = NotificationRule.Timing

# What a portal comes with. Brakes, break-glass sign-ins and webhooks that were switched off have mails of their own, at
# once.
DEFAULTS: tuple[dict[str, Any], ...] = (
    {
        "code": "urgent",
        "label": "What can't wait",
        "kinds": [
            *(Kind.SILENT, Kind.TURNED_AWAY, Kind.TOKEN_DUE, Kind.CERTIFICATE_DUE, Kind.JOBS, Kind.MAIL),
        ],
        "roles": [Role.OWNER, Role.ADMINISTRATOR],
        "timing": Timing.AT_ONCE,
    },
    {
        "code": "security",
        "label": "Security",
        "kinds": [Kind.OWNER_MADE, Kind.DELETION, Kind.SIGN_INS],
        "roles": [Role.OWNER],
        "timing": Timing.AT_ONCE,
    },
    {
        "code": "daily",
        "label": "Once a day",
        "kinds": [Kind.REFUSED_SHARE, Kind.CONFLICT, Kind.DRIFT, Kind.SECRET_DUE, Kind.DRILL_DUE],
        "roles": [Role.OWNER, Role.ADMINISTRATOR],
        "timing": Timing.DAILY,
    },
)


def prepare() -> None:
    """Make the rules that the portal comes with. They can be changed and switched off."""
    known = set(NotificationRule.objects.exclude(code=None).values_list("code", flat=True))
    missing = [_default(one) for one in DEFAULTS if one["code"] not in known]
    if missing:
        NotificationRule.objects.bulk_create(missing, ignore_conflicts=True)


def _default(one: dict[str, Any]) -> NotificationRule:
    plainly = {name: [str(value) for value in one[name]] for name in ("kinds", "roles")}
    return NotificationRule(**{**one, **plainly})


@dataclass(frozen=True, slots=True)
class RuleSaid:
    """A rule as it is asked for."""

    label: str
    kinds: Sequence[str] = ()
    roles: Sequence[str] = ()
    addresses: Sequence[str] = ()
    webhook: Webhook | None = None
    timing: str = Timing.AT_ONCE
    digest_hour: int = 7
    quiet_from: int | None = None
    quiet_until: int | None = None
    is_enabled: bool = True


def said_of(rule: NotificationRule) -> dict[str, Any]:
    """What `edit_rule` takes, as it is."""
    return {name: getattr(rule, name) for name in RuleSaid.__dataclass_fields__}


@transaction.atomic
def create_rule(said: RuleSaid, *, actor: Actor) -> NotificationRule:
    policy.require(Action.MANAGE_NOTIFICATIONS, actor=actor)
    if NotificationRule.objects.count() >= MOST_RULES:
        raise Refused(f"There are {MOST_RULES} rules already: delete one that is not needed.", code="too_many_rules")
    rule = NotificationRule()
    _save(rule, said)
    _record(Event.NOTIFICATION_RULE_CREATED, rule, actor)
    return rule


@transaction.atomic
def edit_rule(rule: NotificationRule, said: RuleSaid, *, actor: Actor) -> NotificationRule:
    policy.require(Action.MANAGE_NOTIFICATIONS, actor=actor)
    rule = lock(NotificationRule, rule.pk)
    before = said_of(rule)
    _save(rule, said)
    if said_of(rule) != before:
        _record(Event.NOTIFICATION_RULE_EDITED, rule, actor)
    return rule


@transaction.atomic
def delete_rule(rule: NotificationRule, *, actor: Actor) -> None:
    policy.require(Action.MANAGE_NOTIFICATIONS, actor=actor)
    rule = lock(NotificationRule, rule.pk)
    if rule.code:
        raise Refused("The portal comes with this rule: switch it off instead.", code="built_in_rule")
    _record(Event.NOTIFICATION_RULE_DELETED, rule, actor)
    rule.delete()


@transaction.atomic
def test_rule(rule: NotificationRule, *, actor: Actor) -> Alarm:
    """An alarm for this rule alone, told now, whatever the hour."""
    policy.require(Action.MANAGE_NOTIFICATIONS, actor=actor)
    rule = lock(NotificationRule, rule.pk)
    if not rule.is_enabled:
        raise Refused("The rule is switched off: switch it on first.", code="rule_disabled")
    event = _record(Event.NOTIFICATION_RULE_TESTED, rule, actor)
    alarms.held_reader()
    found = AlarmFound(Kind.TEST, f"rule:{rule.pk}:{event}", rule.label)
    alarm = alarms.raise_alarm(found, actor=actor)
    _tell(rule, [alarm], set())
    return alarm


test_rule.__test__ = False  # type: ignore[attr-defined]


@transaction.atomic
def opt_out(user: User, kinds: Iterable[str]) -> None:
    """What this person does not want to be told of by mail: these kinds and no others."""
    wanted = set(_checked(kinds, {kind.value for kind in AlarmKind}, "kinds"))
    NotificationOptOut.objects.filter(user=user).exclude(kind__in=wanted).delete()
    rows = [NotificationOptOut(user=user, kind=kind) for kind in sorted(wanted)]
    NotificationOptOut.objects.bulk_create(rows, ignore_conflicts=True)


def forget_address(address: str) -> None:
    """Of a person who is deleted permanently (R10), within that transaction."""
    key = email_key(address)
    for rule in NotificationRule.objects.filter(channel=Channel.MAIL).exclude(addresses=[]):
        kept = [one for one in rule.addresses if email_key(one) != key]
        if kept != rule.addresses:
            NotificationRule.objects.filter(pk=rule.pk).update(addresses=kept)
    AlarmNotice.objects.filter(recipient__iexact=address).delete()


# --- telling ---


@dataclass(frozen=True, slots=True)
class _Recipient:
    key: str
    address: str = ""
    user: User | None = None
    skips: frozenset[str] = frozenset()


@transaction.atomic
def tell() -> int:
    """Tell what the rules say is to be told now; how many notices were made."""
    alarms.held_reader()
    now = timezone.now()
    rules = [rule for rule in NotificationRule.objects.filter(is_enabled=True) if rule.may_tell(now)]
    recent = list(_recent(now)) if rules else []
    known = AlarmNotice.objects.filter(alarm__in=recent).values_list("alarm", "rule", "recipient", "resolves")
    told, number = set(known), 0
    for rule in rules:
        number += _tell(rule, [alarm for alarm in recent if alarm.raised_at >= rule.created_at], told)
        if rule.timing == Timing.DAILY:
            NotificationRule.objects.filter(pk=rule.pk).update(told_at=now)
    return number


def _recent(now: datetime) -> Iterator[Alarm]:
    since = now - LOOKED_BACK
    happened = Q(lasts=False, raised_at__gte=now - EVENTS_LOOKED_BACK)
    lasting = Q(lasts=True) & (Q(resolved_at=None) | Q(resolved_at__gte=since))
    yield from Alarm.objects.filter(happened | lasting).order_by("-pk")[:MOST_ALARMS]


def _tell(rule: NotificationRule, found: Sequence[Alarm], told: set[tuple[int, int, str, bool]]) -> int:
    about, number = [alarm for alarm in found if rule.is_about(alarm)], 0
    if not about:
        return 0
    for recipient in list(_recipients(rule)):
        news = list(_news(rule, about, recipient, told))
        if news:
            number += _send(rule, recipient, news)
    return number


def _news(
    rule: NotificationRule, about: Sequence[Alarm], recipient: _Recipient, told: set[tuple[int, int, str, bool]]
) -> Iterator[tuple[Alarm, bool]]:
    """What this recipient was not told yet; what came and went before anything was told is nothing."""
    for alarm in about:
        if alarm.kind in recipient.skips:
            continue
        if (alarm.pk, rule.pk, recipient.key, False) not in told:
            if alarm.resolved_at is None:
                yield alarm, False
        elif alarm.resolved_at is not None and (alarm.pk, rule.pk, recipient.key, True) not in told:
            yield alarm, True


def _recipients(rule: NotificationRule) -> Iterator[_Recipient]:
    if rule.channel == Channel.WEBHOOK:
        yield _Recipient(f"webhook:{rule.webhook_id}")
        return
    people = User.objects.filter(role__in=rule.roles, status=Status.ENABLED).exclude(email=None)
    for user in people.prefetch_related("opt_outs").order_by("pk"):
        skips = frozenset(one.kind for one in user.opt_outs.all())
        yield _Recipient(f"user:{user.pk}", user.email or "", user, skips)
    for address in rule.addresses:
        yield _Recipient(address, address)


def _send(rule: NotificationRule, recipient: _Recipient, news: Sequence[tuple[Alarm, bool]]) -> int:
    is_mail = rule.channel == Channel.MAIL
    state = AlarmNotice.State.WAITING if is_mail else AlarmNotice.State.SENT
    made = [
        AlarmNotice.objects.create(
            alarm=alarm, rule=rule, user=recipient.user, recipient=recipient.key, resolves=resolves, state=state
        )
        for alarm, resolves in news
    ]
    if is_mail:
        names = names_of(alarm for alarm, _ in news)
        lines = [
            (alarm.in_words(resolved=resolves, name=names.get(alarm.pk, "")), _meaning(alarm, resolves))
            for alarm, resolves in news
        ]
        notices.tell_of_alarms(recipient.address, lines, [notice.pk for notice in made])
    elif rule.webhook:
        _by_webhook(rule.webhook, news)
    return len(made)


def _meaning(alarm: Alarm, resolves: bool) -> str:
    return "Nothing is left to do." if resolves else alarm.told_kind.told.meaning


def _by_webhook(webhook: Webhook, news: Sequence[tuple[Alarm, bool]]) -> None:
    """The alarm's audit event, whatever else the webhook was set up for."""
    events = [
        (alarm.resolved_in, Event.ALARM_RESOLVED) if resolves else (alarm.raised_in, Event.ALARM_RAISED)
        for alarm, resolves in news
    ]
    WebhookDelivery.objects.bulk_create(
        (
            WebhookDelivery(webhook=webhook, event_id=pk, uid=str(pk), kind=kind.value)
            for pk, kind in events
            if pk is not None
        ),
        ignore_conflicts=True,
    )


def names_of(found: Iterable[Alarm]) -> dict[int, str]:
    """Of the people whom alarms are about, as they are called now; a person who was deleted is a number."""
    about = {alarm.pk: alarm.user_id for alarm in found if alarm.user_id is not None}
    known = dict(User.objects.filter(pk__in=about.values()).values_list("pk", "username"))
    return {pk: known.get(user_id, f"User {user_id}") for pk, user_id in about.items()}


# --- what is checked ---


def _save(rule: NotificationRule, said: RuleSaid) -> None:
    if shows_nothing(said.label):
        raise InvalidValue("label", "must not be empty")
    rule.label = plain(said.label, "label", limit=100)
    rule.kinds = _checked(said.kinds, {kind.value for kind in AlarmKind if kind is not Kind.TEST}, "kinds")
    rule.channel = Channel.WEBHOOK if said.webhook else Channel.MAIL
    rule.webhook = said.webhook
    rule.roles = [] if said.webhook else _checked(said.roles, set(Role.values), "roles")
    rule.addresses = [] if said.webhook else _addresses(said.addresses)
    if not (rule.webhook or rule.roles or rule.addresses):
        raise InvalidValue("roles", "must name a role, or give an address or a webhook")
    rule.timing = _checked([said.timing], set(Timing.values), "timing")[0]
    for name in ("digest_hour", "quiet_from", "quiet_until"):
        setattr(rule, name, _hour(getattr(said, name), name.replace("_", " "), may_be_none=name != "digest_hour"))
    if (rule.quiet_from is None) is not (rule.quiet_until is None):
        raise InvalidValue("quiet until", "and quiet from belong together")
    rule.is_enabled = said.is_enabled
    rule.save()


def _addresses(given: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(one.strip() for one in given if one.strip()))
    if wrong := [one for one in found if not is_address(one) or len(one) > 254]:
        raise InvalidValue("addresses", f"has one that is no email address: {wrong[0][:60]}")
    if len(found) > MOST_ADDRESSES:
        raise InvalidValue("addresses", f"may be {MOST_ADDRESSES} at most")
    return found


def _checked(given: Iterable[str], known: set[str], attribute: str) -> list[str]:
    found = sorted(set(given))
    if unknown := [one for one in found if one not in known]:
        raise InvalidValue(attribute, f"has nothing named {unknown[0][:60]}; there are {', '.join(sorted(known))}")
    return found


def _hour(value: int | None, attribute: str, *, may_be_none: bool) -> int | None:
    if value is None and may_be_none:
        return None
    if value is None or not 0 <= value <= 23:
        raise InvalidValue(attribute, "must be an hour from 0 to 23 (UTC)")
    return value


def _record(action: Event, rule: NotificationRule, actor: Actor) -> int:
    details = {"rule": rule.pk, "label": rule.label, "kinds": rule.kinds, "roles": rule.roles, "timing": rule.timing}
    return audit.record(action, actor=actor, details={**details, "is_enabled": rule.is_enabled}).pk
