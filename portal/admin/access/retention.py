"""How long old records are kept: shown and set next to the access settings."""

from __future__ import annotations

from typing import Any

from django.forms import Form, IntegerField
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst

from identity.core.decisions import Action
from identity.core.periods import MOST_DAYS
from identity.db.counting import so_many
from identity.services import retention
from identity.services.retention import Period, Source
from portal.admin.frame.base import ActionPage
from portal.admin.frame.deciding import decide, person_of

SAID_BY = {
    Source.ENVIRONMENT: "Set by {variable} in the environment",
    Source.CHOSEN: "Chosen here",
    Source.DEFAULT: "Not chosen yet",
}


class ChangeRetention(ActionPage):
    """A number of days for each kind of record that the environment leaves open."""

    name = "retention"
    label = "Change how long records are kept"
    action = Action.CHANGE_ACCESS_SETTINGS
    icon = "auto_delete"
    of_list = True
    has_button = False
    fresh = True
    submit = "Save"
    explanation = (
        "What is older goes by itself, every night at three o'clock (UTC), and can't be brought back. "
        "Audit events stay; only the names, emails and addresses in them go."
    )

    @cached_property
    def periods(self) -> list[Period]:
        return retention.periods()

    @cached_property
    def open_periods(self) -> list[Period]:
        return [period for period in self.periods if period.source is not Source.ENVIRONMENT]

    def get_form(self, form_class: Any = None) -> Form:
        form: Form = super().get_form(form_class)
        for period in self.open_periods:
            form.fields[period.record.name] = IntegerField(
                label=f"{period.record.title}: days",
                min_value=0,
                max_value=MOST_DAYS,
                initial=period.days,
                help_text="0 keeps it for good.",
            )
        return form

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if self.open_periods:
            return super().get(request, *args, **kwargs)
        return self.refused("The environment says how long all of it is kept: change it there.", 200)

    def run(self, form: Form) -> str:
        days = {name: form.cleaned_data[name] for name in form.fields}
        going = [
            so_many(number, period.record.rows)
            for period in retention.choose(days, actor=person_of(self.request))
            if period.record.name in days and (number := period.number_older())
        ]
        return f"Saved. The next run lets go of {' and '.join(going)}." if going else "Saved. Nothing is that old yet."


def card(request: HttpRequest) -> dict[str, Any]:
    """What the page of the access settings shows of it."""
    return {
        "periods": [
            (
                period.record.title,
                capfirst(period.in_words),
                SAID_BY[period.source].format(variable=period.record.variable),
            )
            for period in retention.periods()
        ],
        "retention_decision": decide(request, Action.CHANGE_ACCESS_SETTINGS),
        "retention_url": reverse("admin:identity_accesssettings_retention"),
    }
