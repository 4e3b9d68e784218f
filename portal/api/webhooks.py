"""Webhooks: where events are sent as they happen, and what became of each."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.models import Webhook, WebhookDelivery
from identity.services import webhooks
from portal.api.fields import Said, ShownOnce
from portal.api.operations import operation
from portal.api.views import NO_STORE, Resources


class WebhookAnswer(serializers.ModelSerializer):
    """A receiver of events, without its secret."""

    events = serializers.ListField(
        child=serializers.CharField(), help_text="Names of events and their families; empty for all."
    )
    state = serializers.ChoiceField(choices=Webhook.State.choices, read_only=True)
    has_former_secret = serializers.BooleanField(help_text="Whether the secret before signs as well.")

    class Meta:
        model = Webhook
        fields: tuple[str, ...] = (
            "id",
            "label",
            "url",
            "events",
            "state",
            "is_enabled",
            "disabled_because",
            "failing_since",
            "quiet_until",
            "has_former_secret",
            "former_until",
            "created_at",
        )


class NewWebhookAnswer(ShownOnce, WebhookAnswer):
    """The only response that contains the secret."""

    class Meta(WebhookAnswer.Meta):
        fields = (*WebhookAnswer.Meta.fields, "secret", "note")


def _events(**options: Any) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=60),
        required=False,
        max_length=200,
        help_text="Names of events (`user.disabled`) and of their families (`user`); empty for all.",
        **options,
    )


class WebhookSaid(Said):
    label = serializers.CharField(max_length=100)  # type: ignore[assignment]
    url = serializers.CharField(max_length=500)
    events = _events(default=list)


class WebhookChangesSaid(Said):
    """Omitted fields stay."""

    label = serializers.CharField(max_length=100, required=False)  # type: ignore[assignment]
    url = serializers.CharField(max_length=500, required=False)
    events = _events()


class EnableSaid(Said):
    skips_missed = serializers.BooleanField(
        required=False, default=False, help_text="Whether what happened meanwhile is left out."
    )


class Webhooks(Resources):
    """Programs that are sent events as they happen. Owners manage them."""

    tag = "Webhooks"
    seen_by = Action.VIEW_ACCESS
    queryset = Webhook.objects.all()
    serializer_class = WebhookAnswer
    orderings: ClassVar[dict[str, str]] = {"label": "label_key", "id": "pk"}
    default_ordering = "label"
    fresh: ClassVar[frozenset[str]] = frozenset({"create", "partial_update", "rotate_secret"})

    @operation("list_webhooks", answer=WebhookAnswer, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List webhooks."""
        return self.page()

    @operation("get_webhook", answer=WebhookAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show a webhook, without its secret."""
        return self.answer(self.get_object())

    @operation("create_webhook", body=WebhookSaid, answer=NewWebhookAnswer, status=201)
    def create(self, request: Request) -> Response:
        """Send events to a receiver from now on.

        `secret` is in this response and nowhere else. Requests are signed with it as Standard Webhooks says. In a
        browser this needs a fresh sign-in.
        """
        return self._with_secret(*webhooks.create_webhook(**self.said, actor=self.actor), status=201)

    @operation("edit_webhook", body=WebhookChangesSaid, answer=WebhookAnswer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change where events are sent, and which."""
        webhook = self.get_object()
        kept = {"label": webhook.label, "url": webhook.url, "events": webhook.events}
        return self.answer_anew(webhooks.edit_webhook(webhook, **kept | self.said, actor=self.actor))

    @operation("delete_webhook", status=204)
    def destroy(self, request: Request, pk: int) -> Response:
        """Delete a webhook, with the record of its deliveries."""
        webhooks.delete_webhook(self.get_object(), actor=self.actor)
        return Response(status=204)

    @operation("rotate_webhook_secret", answer=NewWebhookAnswer)
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, pk: int) -> Response:
        """Make a new secret. For a week the one before signs as well."""
        return self._with_secret(*webhooks.rotate_secret(self.get_object(), actor=self.actor), status=200)

    @operation("test_webhook", answer=WebhookAnswer)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: int) -> Response:
        """Send an event of the name `webhook.tested` to this receiver alone, the way of all others."""
        webhook = self.get_object()
        webhooks.test_webhook(webhook, actor=self.actor)
        return self.answer_anew(webhook)

    @operation("enable_webhook", body=EnableSaid, answer=WebhookAnswer)
    @action(detail=True, methods=["post"])
    def enable(self, request: Request, pk: int) -> Response:
        """Switch a webhook on: it goes on where it stopped."""
        return self.answer_anew(webhooks.enable_webhook(self.get_object(), **self.said, actor=self.actor))

    @operation("disable_webhook", answer=WebhookAnswer)
    @action(detail=True, methods=["post"])
    def disable(self, request: Request, pk: int) -> Response:
        """Switch a webhook off. Events wait in the audit log."""
        return self.answer_anew(webhooks.disable_webhook(self.get_object(), actor=self.actor))

    def _with_secret(self, webhook: Webhook, secret: str, *, status: int) -> Response:
        shown: dict[str, Any] = {**self.represent(webhook), "secret": secret, "note": None}
        return Response(shown, status=status, headers=NO_STORE)


class WebhookRef(serializers.ModelSerializer):
    class Meta:
        model = Webhook
        fields = ("id", "label")


class DeliveryAnswer(serializers.ModelSerializer):
    """An event on its way to a receiver. No copy of the event is kept: it is made when it is sent."""

    webhook = WebhookRef(read_only=True)
    uid = serializers.CharField(help_text="The event's id, sent as `webhook-id`.")
    kind = serializers.CharField(help_text="The event's name.")
    answer = serializers.IntegerField(allow_null=True, help_text="The last HTTP status, if there was one.")
    due_at = serializers.DateTimeField(help_text="Of one that waits: when it is tried next.")

    class Meta:
        model = WebhookDelivery
        fields = (
            "id",
            "webhook",
            "uid",
            "kind",
            "state",
            "attempts",
            "created_at",
            "tried_at",
            "answer",
            "problem",
            "duration_ms",
            "due_at",
        )


class DeliveryFilter(filters.FilterSet):
    webhook = filters.ModelChoiceFilter(queryset=Webhook.objects.all())
    state = filters.ChoiceFilter(choices=WebhookDelivery.State.choices)


class WebhookDeliveries(Resources):
    """What was sent to webhooks and what failed, newest first, kept for a month."""

    tag = "Webhooks"
    seen_by = Action.VIEW_ACCESS
    queryset = WebhookDelivery.objects.select_related("webhook")
    serializer_class = DeliveryAnswer
    filterset_class = DeliveryFilter
    default_ordering = "-id"

    @operation("list_webhook_deliveries", answer=DeliveryAnswer, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List what was sent, and what was answered."""
        return self.page()

    @operation("get_webhook_delivery", answer=DeliveryAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show one delivery."""
        return self.answer(self.get_object())

    @operation("redeliver_webhook", answer=DeliveryAnswer)
    @action(detail=True, methods=["post"])
    def redeliver(self, request: Request, pk: int) -> Response:
        """Send it again under the same `webhook-id`, whatever became of it."""
        return self.answer_anew(webhooks.redeliver(self.get_object(), actor=self.actor))
