"""Alarms, the rules that say who is told of them, and what a person does not want to be told of (R30)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.alarm_kinds import AlarmKind
from identity.core.decisions import Action
from identity.models import Alarm, AlarmNotice, NotificationRule, User, Webhook
from identity.services import notification_rules
from identity.services.notification_rules import RuleSaid
from portal.api.fields import Said, UserRef, key
from portal.api.named_rows import named_in
from portal.api.operations import operation
from portal.api.views import Resources, Singleton
from portal.api.webhooks import WebhookRef

KINDS = ", ".join(f"`{kind}`" for kind in AlarmKind if kind is not AlarmKind.TEST)


class AlarmAnswer(serializers.ModelSerializer):
    """A matter that people were told of. People are named by id."""

    kind = serializers.CharField(help_text=f"One of {KINDS}, `test`.")
    sentence = serializers.SerializerMethodField()

    class Meta:
        model = Alarm
        fields: tuple[str, ...] = (
            "id",
            "kind",
            "subject",
            "sentence",
            "number",
            "user_id",
            "lasts",
            "raised_at",
            "resolved_at",
        )

    def get_sentence(self, alarm: Alarm) -> str:
        return alarm.in_words(name=f"User {alarm.user_id}" if alarm.user_id else "")


class NoticeAnswer(serializers.ModelSerializer):
    """What was sent to one recipient."""

    user = UserRef(allow_null=True)

    class Meta:
        model = AlarmNotice
        fields = ("id", "rule", "user", "recipient", "resolves", "state", "created_at", "sent_at")


class AlarmWithNoticesAnswer(AlarmAnswer):
    """The same, with its notices."""

    notices = NoticeAnswer(many=True, read_only=True)

    class Meta(AlarmAnswer.Meta):
        fields = (*AlarmAnswer.Meta.fields, "notices")


class AlarmFilter(filters.FilterSet):
    kind = filters.CharFilter(label="Exactly this kind.")
    standing = filters.BooleanFilter(method="by_state", label="Whether it lasts and is not resolved.")

    def by_state(self, rows: Any, name: str, wanted: bool) -> Any:
        return rows.standing() if wanted else rows.exclude(lasts=True, resolved_at=None)


class Alarms(Resources):
    """What people were told of, newest first."""

    tag = "Alarms"
    seen_by = Action.VIEW_ACCESS
    queryset = Alarm.objects.all()
    serializer_class = AlarmWithNoticesAnswer
    list_serializer_class = AlarmAnswer
    filterset_class = AlarmFilter
    default_ordering = "-id"

    @operation("list_alarms", answer=AlarmAnswer, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List alarms."""
        return self.page()

    @operation("get_alarm", answer=AlarmWithNoticesAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show an alarm, and who was told of it."""
        return self.answer(self.get_object())


class RuleAnswer(serializers.ModelSerializer):
    """Who is told of what. `code` names a rule that the portal comes with."""

    kinds = serializers.ListField(child=serializers.CharField(), help_text=f"Of {KINDS}; empty for all.")
    roles = serializers.ListField(child=serializers.CharField())
    addresses = serializers.ListField(child=serializers.CharField())
    webhook = WebhookRef(allow_null=True)

    class Meta:
        model = NotificationRule
        fields = (
            "id",
            "code",
            "label",
            "kinds",
            "channel",
            "roles",
            "addresses",
            "webhook",
            "timing",
            "digest_hour",
            "quiet_from",
            "quiet_until",
            "is_enabled",
            "told_at",
        )


def _hour(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, max_value=23, required=False, **options)


class RuleChangesSaid(Said):
    """Omitted fields stay. With a `webhook` the rule tells by it, and to no role and no address."""

    label = serializers.CharField(max_length=100, required=False)  # type: ignore[assignment]
    kinds = serializers.ListField(
        child=serializers.CharField(max_length=20), required=False, help_text=f"Of {KINDS}; empty for all."
    )
    roles = serializers.ListField(child=serializers.CharField(max_length=20), required=False)
    addresses = serializers.ListField(child=serializers.CharField(max_length=254), required=False)
    webhook = key(required=False, allow_null=True)
    timing = serializers.ChoiceField(choices=NotificationRule.Timing.choices, required=False)
    digest_hour = _hour(help_text="UTC; of what is told once a day.")
    quiet_from = _hour(allow_null=True, help_text="UTC; from this hour on nothing is sent.")
    quiet_until = _hour(allow_null=True, help_text="UTC; until this hour.")
    is_enabled = serializers.BooleanField(required=False)


class RuleWishSaid(RuleChangesSaid):
    """A new rule."""

    label = serializers.CharField(max_length=100)


class NotificationRules(Resources):
    """Rules that say who is told of which alarms, how and when. Owners change them."""

    tag = "Alarms"
    seen_by = Action.VIEW_ACCESS
    queryset = NotificationRule.objects.select_related("webhook")
    serializer_class = RuleAnswer
    fresh: ClassVar[frozenset[str]] = frozenset({"create", "partial_update"})

    @operation("list_notification_rules", answer=RuleAnswer, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List notification rules."""
        return self.page()

    @operation("get_notification_rule", answer=RuleAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show a rule."""
        return self.answer(self.get_object())

    @operation("create_notification_rule", body=RuleWishSaid, answer=RuleAnswer, status=201)
    def create(self, request: Request) -> Response:
        """Add a rule."""
        return self.answer_anew(notification_rules.create_rule(RuleSaid(**self._wish()), actor=self.actor), 201)

    @operation("edit_notification_rule", body=RuleChangesSaid, answer=RuleAnswer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change a rule, or switch it off."""
        rule = self.get_object()
        said = RuleSaid(**notification_rules.said_of(rule) | self._wish())
        return self.answer_anew(notification_rules.edit_rule(rule, said, actor=self.actor))

    @operation("delete_notification_rule", status=204)
    def destroy(self, request: Request, pk: int) -> Response:
        """Delete a rule. One that the portal comes with can be switched off instead."""
        notification_rules.delete_rule(self.get_object(), actor=self.actor)
        return Response(status=204)

    @operation("test_notification_rule", answer=RuleAnswer)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: int) -> Response:
        """Tell the recipients of a rule, at once, that this is a test."""
        rule = self.get_object()
        notification_rules.test_rule(rule, actor=self.actor)
        return self.answer_anew(rule)

    def _wish(self) -> dict[str, Any]:
        said = dict(self.said)
        if said.get("webhook"):
            said["webhook"] = named_in(Webhook, said["webhook"], "webhook")
        return said


class OptOutAnswer(serializers.Serializer):
    """What a person does not want to be told of by mail."""

    opted_out = serializers.ListField(child=serializers.CharField(), help_text=f"Of {KINDS}.")


class OptOutSaid(Said):
    opted_out = serializers.ListField(child=serializers.CharField(max_length=20), max_length=50)


class OwnOptOuts(Singleton):
    """What one is told of oneself."""

    tag = "You"
    seen_by = None
    queryset = User.objects.all()

    @operation("get_own_notifications", answer=OptOutAnswer)
    def retrieve(self, request: Request) -> Response:
        """Show what you do not want to be told of by mail."""
        return self.show(self._opted_out())

    @operation("set_own_notifications", body=OptOutSaid, answer=OptOutAnswer)
    def update(self, request: Request) -> Response:
        """Say what you do not want to be told of by mail: these kinds of alarm and no others."""
        notification_rules.opt_out(self.actor.user, self.said["opted_out"])  # type: ignore[arg-type]
        return self.show(self._opted_out())

    def _opted_out(self) -> dict[str, Any]:
        kinds = sorted(row.kind for row in self.actor.user.opt_outs.all())  # type: ignore[attr-defined]
        return dict(OptOutAnswer({"opted_out": kinds}).data)
