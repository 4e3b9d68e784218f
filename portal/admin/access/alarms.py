"""Alarms: what people were told of and what became of each notice; and the rules that say who is told (R30)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.forms import (
    BooleanField,
    CharField,
    CheckboxSelectMultiple,
    ChoiceField,
    Form,
    IntegerField,
    ModelChoiceField,
    MultipleChoiceField,
)
from django.http import HttpRequest
from unfold.decorators import display

from identity.core.alarm_kinds import AlarmKind
from identity.core.decisions import Action
from identity.models import Alarm, AlarmNotice, NotificationRule, Role, Webhook
from identity.services import notification_rules
from identity.services.notification_rules import RuleSaid
from portal.admin.frame.base import ActionPage, PortalModelAdmin
from portal.admin.frame.deciding import person_of
from portal.admin.frame.parts import badge, moment

NOTICES_SHOWN = 100
NOTICE_COLOURS = {"waiting": "blue", "sent": "green", "failed": "red"}
KINDS = [(kind.value, kind.told.title) for kind in AlarmKind if kind is not AlarmKind.TEST]


@admin.register(Alarm)
class AlarmAdmin(PortalModelAdmin):
    """What people were told of, newest first."""

    seen_by = Action.VIEW_ACCESS
    list_display = ("sentence", "shown_state", "raised", "resolved", "told")
    list_display_links = ("sentence",)
    list_prefetch_related = ("notices",)
    sortable_by = ()
    list_filter: ClassVar = ()
    change_list_template = "admin/identity/alarm/list.html"
    detail_template = "admin/identity/alarm/detail.html"

    @display(description="What")
    def sentence(self, alarm: Alarm) -> str:
        return alarm.in_words(name=f"User {alarm.user_id}" if alarm.user_id else "")

    @display(description="State")
    def shown_state(self, alarm: Alarm) -> str:
        return state_badge(alarm)

    @display(description="Raised (UTC)")
    def raised(self, alarm: Alarm) -> str:
        return moment(alarm.raised_at)

    @display(description="Resolved (UTC)")
    def resolved(self, alarm: Alarm) -> str:
        return moment(alarm.resolved_at)

    @display(description="Notices")
    def told(self, alarm: Alarm) -> str:
        rows = list(alarm.notices.all())
        failed = sum(row.state == AlarmNotice.State.FAILED for row in rows)
        return f"{len(rows)}, {failed} failed" if failed else str(len(rows))

    def get_detail(self, request: HttpRequest, obj: Alarm) -> dict[str, Any]:
        rows = obj.notices.select_related("rule", "user").order_by("-pk")[:NOTICES_SHOWN]
        return {
            "title": obj.in_words(name=notification_rules.names_of([obj]).get(obj.pk, "")),
            "state": state_badge(obj),
            "meaning": obj.told_kind.told.meaning,
            "notices": [(row, NOTICE_COLOURS[row.state]) for row in rows],
        }


def state_badge(alarm: Alarm) -> str:
    if not alarm.lasts:
        return badge("Happened", "blue")
    return badge("Resolved", "green") if alarm.resolved_at else badge("Standing", "red")


class RuleForm(Form):
    """Who is told of what, how and when."""

    label = CharField(max_length=100)
    kinds = MultipleChoiceField(
        choices=KINDS,
        required=False,
        widget=CheckboxSelectMultiple,
        label="Kinds of alarm",
        help_text="None: all of them.",
    )
    roles = MultipleChoiceField(choices=Role.choices, required=False, widget=CheckboxSelectMultiple, label="To roles")
    addresses = CharField(required=False, label="To addresses", help_text="With spaces between them.")
    webhook = ModelChoiceField(
        queryset=Webhook.objects.all(), required=False, help_text="By webhook instead of by mail."
    )
    timing = ChoiceField(choices=NotificationRule.Timing.choices)
    digest_hour = IntegerField(
        min_value=0, max_value=23, initial=7, label="Hour of the digest (UTC)", help_text="Of what is told once a day."
    )
    quiet_from = IntegerField(min_value=0, max_value=23, required=False, label="Quiet from (hour, UTC)")
    quiet_until = IntegerField(min_value=0, max_value=23, required=False, label="Quiet until (hour, UTC)")
    is_enabled = BooleanField(required=False, initial=True, label="Switched on")

    def said(self) -> RuleSaid:
        return RuleSaid(**{**self.cleaned_data, "addresses": self.cleaned_data["addresses"].replace(",", " ").split()})


class AddRule(ActionPage):
    """Tell more people, or by another way."""

    name = "add"
    label = "Add rule"
    action = Action.MANAGE_NOTIFICATIONS
    icon = "add"
    of_list = True
    fresh = True
    form_class = RuleForm

    def run(self, form: Any) -> str:
        rule = notification_rules.create_rule(form.said(), actor=person_of(self.request))
        return f"The rule {rule} was added."


class EditRule(ActionPage):
    """Change who is told of what."""

    name = "edit"
    label = "Edit"
    action = Action.MANAGE_NOTIFICATIONS
    submit = "Save"
    fresh = True
    form_class = RuleForm

    def get_initial(self) -> dict[str, Any]:
        said = notification_rules.said_of(self.obj)
        return {**said, "addresses": " ".join(said["addresses"])}

    def run(self, form: Any) -> str:
        notification_rules.edit_rule(self.obj, form.said(), actor=person_of(self.request))
        return "The rule was saved."


class TestRule(ActionPage):
    """Tell its recipients that this is a test."""

    name = "test"
    label = "Send a test"
    action = Action.MANAGE_NOTIFICATIONS
    icon = "send"
    submit = "Send a test"
    explanation = "The recipients of this rule are told at once that it is a test. Alarms show what became of it."

    def run(self, form: Form) -> str:
        notification_rules.test_rule(self.obj, actor=person_of(self.request))
        return "The test is on its way."


class DeleteRule(ActionPage):
    """Delete it, with the record of its notices."""

    name = "delete"
    label = "Delete"
    action = Action.MANAGE_NOTIFICATIONS
    icon = "delete"
    danger = True
    submit = "Delete this rule"
    explanation = "Its recipients are told nothing more by it, and the record of its notices goes."

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**{"title": f"Delete {self.obj}?", **kwargs})

    def run(self, form: Form) -> str:
        name = str(self.obj)
        notification_rules.delete_rule(self.obj, actor=person_of(self.request))
        self.obj = None
        return f"{name} was deleted."


@admin.register(NotificationRule)
class NotificationRuleAdmin(PortalModelAdmin):
    """Who is told of what."""

    seen_by = Action.VIEW_ACCESS
    pages = (AddRule, TestRule, EditRule, DeleteRule)
    list_display = ("label", "shown_state", "shown_kinds", "recipients", "when")
    list_select_related = ("webhook",)
    sortable_by = ()
    list_filter: ClassVar = ()
    change_list_template = "admin/identity/notificationrule/list.html"
    detail_template = "admin/identity/notificationrule/detail.html"

    @display(description="State")
    def shown_state(self, rule: NotificationRule) -> str:
        return badge("On", "green") if rule.is_enabled else badge("Off", "red")

    @display(description="Kinds")
    def shown_kinds(self, rule: NotificationRule) -> str:
        titles = dict(KINDS)
        return ", ".join(titles.get(kind, kind) for kind in rule.kinds) or "All"

    @display(description="To")
    def recipients(self, rule: NotificationRule) -> str:
        if rule.webhook:
            return f"Webhook {rule.webhook}"
        return ", ".join([*(str(Role(role).label) + "s" for role in rule.roles), *rule.addresses])

    @display(description="When")
    def when(self, rule: NotificationRule) -> str:
        if rule.timing == NotificationRule.Timing.DAILY:
            return f"Once a day, from {rule.digest_hour:02}:00 UTC"
        if rule.quiet_from is None or rule.quiet_until is None:
            return "At once"
        return f"At once, but from {rule.quiet_from:02}:00 to {rule.quiet_until:02}:00 UTC afterwards"

    def get_detail(self, request: HttpRequest, obj: NotificationRule) -> dict[str, Any]:
        return {
            "state": self.shown_state(obj),
            "kinds": self.shown_kinds(obj),
            "recipients": self.recipients(obj),
            "when": self.when(obj),
        }
