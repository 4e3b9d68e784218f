"""People are told (R30): each alarm is raised once and resolved once, to those whom the rules name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from identity.core.alarm_kinds import AlarmFound, AlarmKind
from identity.core.errors import InvalidValue, Refused
from identity.events import Event
from identity.models import (
    Alarm,
    AlarmNotice,
    AuditEvent,
    Brake,
    IdentityProvider,
    NotificationRule,
    ProviderSilence,
    Role,
    User,
)
from identity.queries import alarm_states
from identity.services import alarms, deletion, notices, notification_rules, users
from identity.services.notification_rules import RuleSaid
from portal.webhooks.sender import send_everything
from tests import clock
from tests.clients import idp_of
from tests.factories import (
    OPERATOR,
    PASSWORD,
    administrator,
    conflict_over,
    make_administrator,
    make_break_glass,
    make_idp,
    make_owner,
    make_user,
    owner,
    provision,
    set_mode,
    support,
)
from tests.loops import each
from tests.portal.receiver import receiving
from tests.portal.telling import PORTAL, looks
from tests.scim.helpers import user_body
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_mails_are_sent")]

Kind = AlarmKind


@pytest.fixture
def olga() -> User:
    """An owner who is told of everything that cannot wait."""
    alarms.position()
    return make_owner(email="olga@example.test")


def subjects() -> list[str]:
    return [str(message.subject) for message in mail.outbox]


def silent(idp: IdentityProvider) -> None:
    ProviderSilence.objects.create(identity_provider=idp)


def ruled(**said: Any) -> NotificationRule:
    """The only rule there is."""
    notification_rules.prepare()
    NotificationRule.objects.update(is_enabled=False)
    return notification_rules.create_rule(RuleSaid(**{"label": "Mine", **said}), actor=OPERATOR)


# --- once, and once more when it is over ---


def test_an_alarm_is_sent_once_and_resolved_once(olga: User) -> None:
    idp = make_idp("Okta")
    silent(idp)
    assert looks() == 1
    assert looks() == 0
    assert subjects() == ["Okta has fallen silent"]
    assert mail.outbox[0].to == ["olga@example.test"]
    assert "Look at its page" in mail.outbox[0].body
    ProviderSilence.objects.all().delete()
    assert looks() == 1
    assert looks() == 0
    assert subjects() == ["Okta has fallen silent", "Okta is heard again"]
    silent(idp)
    looks()
    assert subjects()[2:] == ["Okta has fallen silent"]
    assert Alarm.objects.filter(kind=Kind.SILENT).count() == 2
    told = AuditEvent.objects.filter(action__startswith="alarm.").order_by("pk").values_list("action", flat=True)
    assert list(told) == ["alarm.raised", "alarm.resolved", "alarm.raised"]


@pytest.mark.django_db(transaction=True)
def test_two_hosts_that_look_at_once_tell_once(olga: User) -> None:
    silent(make_idp("Okta"))
    at_once(looks, looks)
    assert Alarm.objects.filter(kind=Kind.SILENT).count() == 1
    assert AlarmNotice.objects.count() == 1


def test_what_comes_together_is_one_mail(olga: User) -> None:
    for name in ("Okta", "Entra ID", "Google"):
        silent(make_idp(name))
    looks()
    [subject] = subjects()
    assert subject.endswith(", and 2 more")
    assert all(name in mail.outbox[0].body for name in each(["Okta", "Entra ID", "Google"], at_least=3))


def test_what_came_and_went_before_anybody_was_told_is_nothing(olga: User) -> None:
    ruled(kinds=["silent"], roles=["owner"], quiet_from=0, quiet_until=23)
    with clock.at("2028-03-01 12:00"):
        silent(make_idp("Okta"))
        assert looks() == 0
        ProviderSilence.objects.all().delete()
        looks()
    with clock.at("2028-03-01 23:30"):
        assert looks() == 0
    assert subjects() == []


# --- each kind ---


def _refuses_much() -> None:
    idp = make_idp("Okta")
    pushing = idp_of(idp)
    for number in range(12):
        make_user(f"x{number}", email=f"x{number}@elsewhere.test")
        pushing.post("/Users", user_body(f"x{number}"))


def _conflicts() -> None:
    make_user("ada", email="other@example.test")
    with clock.ago(days=2):
        conflict_over(make_idp("Okta"), "ada", "ada@example.test")


def _token_ends() -> None:
    from identity.services import scim_tokens  # noqa: PLC0415

    soon = timezone.now() + timedelta(days=3)
    scim_tokens.create_token(make_idp("Okta"), label="directory", expires_at=soon, actor=OPERATOR)


def _drill_is_due() -> None:
    with clock.ago(days=200):
        make_break_glass(proven=False)


def _is_turned_away() -> None:
    idp = make_idp("Okta")
    pushing = idp_of(idp)
    pushing.user("ada")
    set_mode(scim=False)
    pushing.post("/Users", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ben"})


STATES: dict[AlarmKind, tuple[Callable[[], object], str]] = {
    Kind.SILENT: (lambda: silent(make_idp("Okta")), "Okta has fallen silent"),
    Kind.BRAKE: (
        lambda: Brake.objects.create(identity_provider=make_idp("Okta"), braked_at=timezone.now()),
        "The brake of Okta is on: removals are held",
    ),
    Kind.TURNED_AWAY: (_is_turned_away, "Okta: changes were turned away, 1 so far"),
    Kind.REFUSED_SHARE: (_refuses_much, "Okta: 100 % of its latest changes were refused"),
    Kind.CONFLICT: (_conflicts, "Okta: a conflict has waited for more than a day"),
    Kind.TOKEN_DUE: (_token_ends, "The SCIM token directory (Okta) expires within two weeks, or has"),
    Kind.DRILL_DUE: (_drill_is_due, "The break-glass account glass has not proven for long that it can sign in"),
}


@pytest.mark.parametrize("kind", STATES)
def test_a_state_is_told(kind: AlarmKind, olga: User) -> None:
    ruled(kinds=[kind.value], roles=["owner"])
    happens, sentence = STATES[kind]
    happens()
    looks()
    assert set(subjects()) == {sentence}
    assert looks() == 0


def test_a_quiet_portal_raises_nothing(olga: User) -> None:
    provision(make_idp(), "ada")
    assert looks() == 0
    assert not Alarm.objects.exists()


EVENTS: dict[str, Callable[[], object]] = {
    "mia is an owner now": lambda: users.change_role(make_user("mia"), Role.OWNER, actor=OPERATOR),
    "otto is an owner now": lambda: users.create_owner(
        username="otto", email="otto@example.test", password=PASSWORD, actor=OPERATOR
    ),
}


@pytest.mark.parametrize("sentence", EVENTS)
def test_what_happens_is_told_and_is_over(sentence: str, olga: User) -> None:
    ruled(kinds=["owner_made"], roles=["owner"])
    EVENTS[sentence]()
    looks()
    assert sentence in subjects()
    before = len(mail.outbox)
    assert looks() == 0
    assert len(mail.outbox) == before


def test_a_permanent_deletion_is_told_without_a_name(olga: User) -> None:
    ruled(kinds=["deletion"], roles=["owner"], addresses=["gone@example.test", "log@example.test"])
    gone = make_user("gone.person", email="gone@example.test")
    users.disable_user(gone, actor=OPERATOR)
    gone.refresh_from_db()
    deletion.delete_permanently(gone, typed_username="gone.person", reason="left", actor=support())
    looks()
    assert {message.to[0] for message in mail.outbox} == {"olga@example.test", "log@example.test"}
    assert all("gone.person" not in message.subject + message.body for message in each(mail.outbox, at_least=2))
    assert NotificationRule.objects.get(label="Mine").addresses == ["log@example.test"]


def test_what_happened_before_the_portal_told_anything_is_not_told() -> None:
    make_owner(email="olga@example.test")
    make_break_glass()
    looks()
    assert subjects() == []


# --- to whom, how and when ---


def test_people_who_opted_out_are_not_told(olga: User) -> None:
    make_administrator(email="adam@example.test")
    notification_rules.opt_out(olga, ["silent"])
    silent(make_idp("Okta"))
    looks()
    assert [message.to for message in mail.outbox] == [["adam@example.test"]]
    notification_rules.opt_out(olga, [])
    looks()
    assert [message.to for message in mail.outbox[1:]] == [["olga@example.test"]]


def test_a_digest_comes_once_a_day(olga: User) -> None:
    rule = ruled(kinds=["silent"], roles=["owner"], timing="daily", digest_hour=7)
    NotificationRule.objects.filter(pk=rule.pk).update(created_at=clock_at("2028-02-01"))
    with clock.at("2028-03-01 06:00"):
        silent(make_idp("Okta"))
        assert looks() == 0
    with clock.at("2028-03-01 07:01"):
        assert looks() == 1
        silent(make_idp("Google"))
        assert looks() == 0
    with clock.at("2028-03-02 07:01"):
        assert looks() == 1
    assert subjects() == ["Okta has fallen silent", "Google has fallen silent"]


def clock_at(day: str) -> Any:
    from datetime import UTC, datetime  # noqa: PLC0415

    return datetime.fromisoformat(day).replace(tzinfo=UTC)


@pytest.mark.parametrize(("hour", "is_quiet"), [(21, False), (22, True), (3, True), (6, False), (12, False)])
def test_nothing_is_sent_in_quiet_hours_and_afterwards_it_is(hour: int, is_quiet: bool, olga: User) -> None:
    rule = ruled(kinds=["silent"], roles=["owner"], quiet_from=22, quiet_until=6)
    NotificationRule.objects.filter(pk=rule.pk).update(created_at=clock_at("2028-02-01"))
    with clock.at(f"2028-03-01 {hour:02}:30"):
        silent(make_idp("Okta"))
        assert looks() == (0 if is_quiet else 1)
    with clock.at("2028-03-02 06:30"):
        assert looks() == (1 if is_quiet else 0)


def test_a_rule_tells_by_webhook(settings: Any) -> None:
    from identity.services import webhooks  # noqa: PLC0415

    with receiving(settings) as receiver:
        webhook, secret = webhooks.create_webhook(label="Chat", url=receiver.url, events=["asset"], actor=OPERATOR)
        ruled(kinds=["silent"], webhook=webhook)
        silent(make_idp("Okta"))
        looks()
        ProviderSilence.objects.all().delete()
        looks()
        send_everything()
        assert receiver.kinds == ["alarm.raised", "alarm.resolved"]
        assert all(one.is_signed_with(secret) for one in each(receiver.received, at_least=2))
        details = receiver.received[0].message["data"]["details"]
        assert (details["kind"], details["label"]) == ("silent", "Okta")
    assert mail.outbox == []


def test_a_mail_that_can_not_be_sent_is_marked(olga: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: object) -> None:
        raise OSError("no mail server")

    def later(task: Any, **arguments: Any) -> None:
        with pytest.raises(OSError, match="no mail server"):
            task.call(**arguments)

    silent(make_idp("Okta"))
    with monkeypatch.context() as patched:
        patched.setattr(notices, "_deliver", fails)
        patched.setattr(notices.background, "later", later)
        looks()
    notice = AlarmNotice.objects.get()
    assert (notice.state, notice.sent_at) == ("failed", None)


def test_a_test_is_told_by_that_rule_alone_whatever_the_hour(olga: User) -> None:
    rule = ruled(kinds=["silent"], addresses=["log@example.test"], timing="daily", digest_hour=23)
    notification_rules.test_rule(rule, actor=OPERATOR)
    assert [(message.subject, message.to) for message in mail.outbox] == [
        ("A test of the notification rule Mine", ["log@example.test"])
    ]
    looks()
    assert len(mail.outbox) == 1
    assert AlarmNotice.objects.get().state == "sent"


# --- rules ---


def test_the_rules_of_the_first_day_name_every_kind_but_those_with_mails_of_their_own() -> None:
    looks()
    named = {kind for rule in NotificationRule.objects.all() for kind in rule.kinds}
    assert {kind.value for kind in Kind} - named == {"brake", "break_glass", "webhook", "test"}
    assert all(rule.roles for rule in NotificationRule.objects.all())
    first = NotificationRule.objects.get(code="urgent")
    said = RuleSaid(**{**notification_rules.said_of(first), "is_enabled": False})
    notification_rules.edit_rule(first, said, actor=OPERATOR)
    looks()
    assert not NotificationRule.objects.get(code="urgent").is_enabled
    with pytest.raises(Refused):
        notification_rules.delete_rule(first, actor=OPERATOR)


@pytest.mark.parametrize(
    "said",
    [
        {"label": " "},
        {"roles": []},
        {"roles": ["king"]},
        {"kinds": ["nonsense"]},
        {"kinds": ["test"]},
        {"addresses": ["no address"]},
        {"timing": "hourly"},
        {"digest_hour": 24},
        {"quiet_from": 3},
        {"quiet_from": 3, "quiet_until": 25},
    ],
)
def test_what_a_rule_may_not_say(said: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        notification_rules.create_rule(RuleSaid(**{"label": "Mine", "roles": ["owner"], **said}), actor=OPERATOR)


def test_owners_alone_change_rules() -> None:
    with pytest.raises(Refused):
        notification_rules.create_rule(RuleSaid("Mine", roles=["owner"]), actor=administrator())
    rule = notification_rules.create_rule(RuleSaid("Mine", roles=["owner"]), actor=owner())
    for deed in (notification_rules.delete_rule, notification_rules.test_rule):
        with pytest.raises(Refused):
            deed(rule, actor=administrator())
    notification_rules.delete_rule(rule, actor=OPERATOR)
    told = AuditEvent.objects.filter(action__startswith="notification_rule.").values_list("action", flat=True)
    assert set(told) == {Event.NOTIFICATION_RULE_CREATED, Event.NOTIFICATION_RULE_DELETED}


def test_every_kind_is_found_by_somebody_and_worded() -> None:
    """Drift is looked at once a day, and a test is asked for."""
    by_hand = {Kind.DRIFT, Kind.MAIL, Kind.TEST, Kind.BREAK_GLASS, Kind.OWNER_MADE, Kind.DELETION}
    assert {*alarm_states.STATES} | by_hand == set(Kind)
    for kind in each(Kind, at_least=15):
        sentence = Alarm(kind=kind.value, label="Okta", number=7).in_words()
        assert "{" not in sentence
        assert kind.told.meaning.endswith((".", "?"))


def test_alarms_of_long_ago_are_forgotten(olga: User) -> None:
    with clock.ago(days=200):
        alarms.note_events([AlarmFound(Kind.DELETION, "event:1")], after=10**9, actor=PORTAL)
        silent(make_idp("Okta"))
        alarms.note_states(alarm_states.silent(), {Kind.SILENT}, actor=PORTAL)
    assert alarms.forget_old() == 1
    assert Alarm.objects.get().kind == Kind.SILENT
