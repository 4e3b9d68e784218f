"""Webhooks: where events are sent as they happen, what became of each, and once more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from django.contrib import admin
from django.forms import BooleanField, CharField, CheckboxSelectMultiple, Form, MultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from identity.core.decisions import Action, Decision
from identity.events import Event, Family
from identity.models import Webhook, WebhookDelivery
from identity.services import webhooks
from portal.admin.frame.base import ActionPage, PortalModelAdmin
from portal.admin.frame.deciding import person_of
from portal.admin.frame.parts import badge, moment

SHOWN = 20
COLOURS = {Webhook.State.DELIVERING: "green", Webhook.State.FAILING: "amber", Webhook.State.DISABLED: "red"}
DELIVERY_COLOURS = {"waiting": "blue", "delivered": "green", "failed": "red"}


class WebhookForm(Form):
    """Where to, and what."""

    label = CharField(max_length=100, help_text="What receives it, for example “SIEM”.")
    url = CharField(max_length=500, label="Address", help_text="It begins with https://. Redirects are not followed.")
    families = MultipleChoiceField(
        choices=Family.choices,
        required=False,
        widget=CheckboxSelectMultiple,
        label="Events about",
        help_text="None and nothing below: all events.",
    )
    single = CharField(
        required=False,
        label="And these events",
        help_text="Names with spaces between them, for example user.disabled membership.removed.",
    )

    def said(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "label": data["label"],
            "url": data["url"],
            "events": [*data["families"], *data["single"].replace(",", " ").split()],
        }


class ShowsSecret(ActionPage):
    """The response is the only page that shows the secret."""

    fresh = True

    def make(self, form: Any) -> tuple[Webhook, str]:
        raise NotImplementedError

    def form_valid(self, form: Any) -> HttpResponse:
        self._answer: HttpResponse | None = None
        answer = super().form_valid(form)
        return self._answer or answer

    def run(self, form: Any) -> str:
        webhook, secret = self.make(form)
        context = {
            **self.get_context_data(form=form, title=f"The secret of {webhook}"),
            "webhook": webhook,
            "secret": secret,
            "detail_url": self.model_admin.detail_url(webhook),
        }
        self._answer = TemplateResponse(self.request, "admin/identity/webhook/secret.html", context)
        self._answer["Cache-Control"] = "no-store"
        return ""


class AddWebhook(ShowsSecret):
    """Send events to a receiver from now on."""

    name = "add"
    label = "Add webhook"
    action = Action.MANAGE_WEBHOOKS
    icon = "add"
    of_list = True
    form_class = WebhookForm
    explanation = (
        "The portal sends it every event that you choose as it happens, signed with a secret that is shown once, on "
        "the next page. People and groups are in it by their ids only."
    )

    def make(self, form: Any) -> tuple[Webhook, str]:
        return webhooks.create_webhook(**form.said(), actor=person_of(self.request))


class RotateSecret(ShowsSecret):
    """Exchange the secret without a gap."""

    name = "rotate_secret"
    label = "New secret"
    action = Action.MANAGE_WEBHOOKS
    icon = "key"
    explanation = "For a week both secrets sign, so that the receiver can be changed meanwhile."

    def make(self, form: Any) -> tuple[Webhook, str]:
        return webhooks.rotate_secret(self.obj, actor=person_of(self.request))


class EditWebhook(ActionPage):
    """Change where to and what."""

    name = "edit"
    label = "Edit"
    action = Action.MANAGE_WEBHOOKS
    submit = "Save"
    fresh = True
    form_class = WebhookForm

    def get_initial(self) -> dict[str, Any]:
        chosen = self.obj.events
        families = [name for name in chosen if name in Family.values]
        single = " ".join(name for name in chosen if name not in families)
        return {"label": self.obj.label, "url": self.obj.url, "families": families, "single": single}

    def run(self, form: Any) -> str:
        webhooks.edit_webhook(self.obj, **form.said(), actor=person_of(self.request))
        return "The webhook was saved."


class OfState(ActionPage):
    """What makes sense of one that is on, or off."""

    action = Action.MANAGE_WEBHOOKS
    if_enabled: ClassVar[bool] = True

    @classmethod
    def decide(cls, request: HttpRequest, obj: Any) -> Decision:
        return replace(super().decide(request, obj), fits=obj.is_enabled is cls.if_enabled)


class TestWebhook(OfState):
    """Send it an event that is for it alone."""

    name = "test"
    label = "Send a test"
    icon = "send"
    submit = "Send a test"
    explanation = (
        "An event of the name webhook.tested goes the way of all others, to this receiver alone. Its page shows within "
        "seconds what was answered."
    )

    def run(self, form: Form) -> str:
        webhooks.test_webhook(self.obj, actor=person_of(self.request))
        return "The test is on its way: look here again in a few seconds."


class EnableForm(Form):
    skips_missed = BooleanField(
        required=False, label="Leave out what happened meanwhile", help_text="Else it goes on where it stopped."
    )


class EnableWebhook(OfState):
    """Send again."""

    name = "enable"
    label = "Switch on"
    icon = "play_arrow"
    if_enabled = False
    form_class = EnableForm

    def run(self, form: Any) -> str:
        skips = form.cleaned_data["skips_missed"]
        webhooks.enable_webhook(self.obj, skips_missed=skips, actor=person_of(self.request))
        return "It is sent events again."


class DisableWebhook(OfState):
    """Send nothing until it is switched on."""

    name = "disable"
    label = "Switch off"
    icon = "pause"
    explanation = "Nothing is lost: events wait in the audit log until it is switched on again."

    def run(self, form: Form) -> str:
        webhooks.disable_webhook(self.obj, actor=person_of(self.request))
        return "It is sent nothing more."


class DeleteWebhook(ActionPage):
    """Take it off the portal, with its record."""

    name = "delete"
    label = "Delete"
    action = Action.MANAGE_WEBHOOKS
    icon = "delete"
    danger = True
    submit = "Delete this webhook"
    explanation = "It is sent nothing more, and the record of its deliveries goes. Events stay in the audit log."

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**{"title": f"Delete {self.obj}?", **kwargs})

    def run(self, form: Form) -> str:
        name = str(self.obj)
        webhooks.delete_webhook(self.obj, actor=person_of(self.request))
        self.obj = None
        return f"{name} was deleted."


@admin.register(Webhook)
class WebhookAdmin(PortalModelAdmin):
    """Receivers of events."""

    seen_by = Action.VIEW_ACCESS
    pages = (AddWebhook, TestWebhook, EditWebhook, RotateSecret, EnableWebhook, DisableWebhook, DeleteWebhook)
    list_display = ("label", "shown_state", "host", "shown_events", "since")
    sortable_by = ()
    list_filter: ClassVar = ()
    change_list_template = "admin/identity/webhook/list.html"
    detail_template = "admin/identity/webhook/detail.html"

    @display(description="State")
    def shown_state(self, webhook: Webhook) -> str:
        return state_badge(webhook)

    @display(description="Receiver")
    def host(self, webhook: Webhook) -> str:
        return webhook.host

    @display(description="Events")
    def shown_events(self, webhook: Webhook) -> str:
        return in_words(webhook)

    @display(description="Since")
    def since(self, webhook: Webhook) -> str:
        return moment(webhook.created_at)

    def get_detail(self, request: HttpRequest, obj: Webhook) -> dict[str, Any]:
        rows = obj.deliveries.order_by("-pk")[:SHOWN]
        return {
            "state": state_badge(obj),
            "chosen": in_words(obj),
            "deliveries": [(row, DELIVERY_COLOURS[row.state]) for row in rows],
            "waiting": obj.deliveries.waiting().count(),
            "all_url": f"{reverse('admin:identity_webhookdelivery_changelist')}?webhook__id__exact={obj.pk}",
        }


def state_badge(webhook: Webhook) -> str:
    return badge(webhook.state.label, COLOURS[webhook.state])


def in_words(webhook: Webhook) -> str:
    """What it is sent."""
    labels = dict(Family.choices)
    return ", ".join(labels.get(name) or Event(name).told.words for name in webhook.events) or "All"


class Redeliver(ActionPage):
    """Send it again, whatever became of it."""

    name = "redeliver"
    label = "Send again"
    action = Action.MANAGE_WEBHOOKS
    icon = "replay"
    submit = "Send again"
    explanation = "It is sent under the same webhook-id, by which the receiver can tell that it had it already."

    def run(self, form: Form) -> str:
        webhooks.redeliver(self.obj, actor=person_of(self.request))
        return "It is on its way again."


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(PortalModelAdmin):
    """What was sent, and what failed."""

    seen_by = Action.VIEW_ACCESS
    pages = (Redeliver,)
    list_display = ("kind", "webhook", "shown_state", "attempts", "outcome", "tried", "next")
    list_select_related = ("webhook",)
    sortable_by = ()
    list_filter: ClassVar = (("webhook", RelatedDropdownFilter), ("state", ChoicesDropdownFilter))
    list_filter_submit = True
    change_list_template = "admin/identity/webhookdelivery/list.html"
    detail_template = "admin/identity/webhookdelivery/detail.html"

    @display(description="State")
    def shown_state(self, row: WebhookDelivery) -> str:
        return badge(row.get_state_display(), DELIVERY_COLOURS[row.state])

    @display(description="Last answer")
    def outcome(self, row: WebhookDelivery) -> str:
        return row.what_happened or "–"

    @display(description="Last try (UTC)")
    def tried(self, row: WebhookDelivery) -> str:
        return moment(row.tried_at)

    @display(description="Next try (UTC)")
    def next(self, row: WebhookDelivery) -> str:
        return moment(row.due_at) if row.state == WebhookDelivery.State.WAITING else "–"

    def get_detail(self, request: HttpRequest, obj: WebhookDelivery) -> dict[str, Any]:
        return {
            "title": obj.kind,
            "state": self.shown_state(obj),
            "webhook_url": reverse("admin:identity_webhook_change", args=(obj.webhook_id,)),
            "event_url": reverse("admin:identity_auditevent_change", args=(obj.event_id,)),
        }
