"""The brake of an identity provider: its limits, and letting it go (R26)."""

from __future__ import annotations

from typing import Any

from django.forms import BooleanField, Form, IntegerField

from identity.core.decisions import Action
from identity.services import brakes
from portal.admin.frame.base import ActionPage
from portal.admin.frame.deciding import person_of


class BrakeForm(Form):
    """The limits."""

    is_on = BooleanField(required=False, label="Brake on")
    people = IntegerField(min_value=1, max_value=brakes.MOST_PEOPLE, help_text="More people than this within an hour …")
    percent = IntegerField(
        min_value=1, max_value=100, help_text="… and more than this part of those it manages, in percent."
    )


class SetBrake(ActionPage):
    """Choose the limits."""

    name = "brake"
    label = "Set the brake"
    action = Action.MANAGE_BRAKES
    icon = "speed"
    fresh = True
    submit = "Save"
    form_class = BrakeForm
    explanation = (
        "An identity provider that would disable more people than this within an hour, or take them out of mapped "
        "groups, is stopped: what crosses both limits is turned away, owners are told at once, and nothing more of the "
        "kind passes until an owner decides. Everything else goes on. People provisioned less than a day ago don't "
        "count."
    )

    def get_initial(self) -> dict[str, Any]:
        brake = brakes.brake_of(self.obj)
        return {"is_on": brake.is_on, "people": brake.people, "percent": brake.percent}

    def run(self, form: Form) -> str:
        brakes.set_brake(self.obj, **form.cleaned_data, actor=person_of(self.request))
        return "The brake was saved."


class ReleaseForm(Form):
    """For how long how many may pass."""

    people = IntegerField(
        required=False, min_value=1, max_value=brakes.MOST_PEOPLE, help_text="Let so many people pass …"
    )
    hours = IntegerField(
        required=False, min_value=1, max_value=brakes.MOST_HOURS, help_text="… for so many hours. Empty: as usual."
    )


class ReleaseBrake(ActionPage):
    """Let it pass again."""

    name = "release_brake"
    label = "Release the brake"
    action = Action.MANAGE_BRAKES
    icon = "lock_open"
    fresh = True
    submit = "Release"
    form_class = ReleaseForm
    explanation = (
        "What takes something away from people passes again, counted from now. To let a planned removal through, raise "
        "the limit for some hours. What was turned away is decided by itself, on the page of what was turned away."
    )

    def run(self, form: Form) -> str:
        brakes.release_brake(self.obj, **form.cleaned_data, actor=person_of(self.request))
        return f"The brake of {self.obj} was released."
