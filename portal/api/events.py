"""The feed of events: what happened after the last one that a program has, in order and without gaps."""

from __future__ import annotations

from typing import Any

from django.db.models import TextChoices
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.models import AuditEvent
from identity.queries.event_feed import FeedPosition, entries
from identity.queries.event_stream import Horizon
from portal.api.fields import Said
from portal.api.logs import PATIENCE_SECONDS
from portal.api.operations import operation
from portal.api.paging import LIMIT, MOST
from portal.api.views import Singleton
from portal.exchange.messages import as_message
from portal.exchange.ocsf import as_ocsf, uid_of


class Form(TextChoices):
    """How an event is written."""

    MESSAGE = "message", "As webhooks send it"
    OCSF = "ocsf", "As in docs/events.md"


_FORMS = {Form.MESSAGE: as_message, Form.OCSF: as_ocsf}


class FeedAsked(Said):
    """Where to go on, and how much."""

    after = serializers.CharField(
        required=False,
        default="0",
        max_length=60,
        help_text="The id of the last event that you have, as `after` of the last answer; none: from the first on.",
    )
    limit = serializers.IntegerField(required=False, default=LIMIT, min_value=1, max_value=MOST)
    format = serializers.ChoiceField(choices=Form.choices, required=False, default=Form.MESSAGE)


class FeedAnswer(serializers.Serializer):
    """The next events, the oldest first."""

    results = serializers.ListField(
        child=serializers.DictField(),
        help_text="`type`, `timestamp` and `data` of each; with `format=ocsf` events of that schema.",
    )
    after = serializers.CharField(help_text="Ask for what comes after this.")
    has_more = serializers.BooleanField(help_text="Whether there may be more already; if not, ask again later.")


class Events(Singleton):
    """What happens in the portal, for programs."""

    tag = "Logs"
    seen_by = Action.VIEW_LOGS
    queryset = AuditEvent.objects.all()

    @operation("list_events", query=FeedAsked, answer=FeedAnswer)
    def retrieve(self, request: Request) -> Response:
        """List what happened after an event, in order and without gaps.

        An event shows once no earlier one can come any more. One that moved many people between groups is followed by
        one for each of them, which names the cause. People and groups appear by id only.
        """
        asked: dict[str, Any] = self.asked
        try:
            after = FeedPosition.after(asked["after"])
        except ValueError as error:
            raise ValidationError({"after": "is no id of an event."}) from error
        limit = asked["limit"]
        found = entries(after, until=Horizon(after.event).settle(PATIENCE_SECONDS), limit=limit)
        form = _FORMS[Form(asked["format"])]
        shown = {
            "results": [form(entry.event) for entry in found],
            "after": uid_of(found[-1].event) if found else asked["after"],
            "has_more": len(found) == limit,
        }
        return self.show(dict(FeedAnswer(shown).data))
