"""Deciding what becomes of that which was turned away (R24)."""

from __future__ import annotations

from typing import Any

from django.forms import ChoiceField, Form, RadioSelect
from django.http import HttpRequest

from identity.core.decisions import Action
from identity.queries.turned_away import account_of, in_words
from identity.safeguards.asked import About
from identity.services import turned_away_decisions
from identity.services.turned_away_decisions import TurnedAwayDecision
from portal.admin.frame.base import ActionPage
from portal.admin.frame.deciding import person_of
from portal.guides import guide_of

Decision = TurnedAwayDecision


class DecisionForm(Form):
    """What becomes of it; nothing is chosen beforehand."""

    decision = ChoiceField(
        widget=RadioSelect,
        choices=[
            (Decision.APPLY.value, "Apply: who was to go is disabled, who was to leave leaves; the rest is asked for"),
            (Decision.AWAIT.value, "Have it sent again by the identity provider"),
            (Decision.FORGET.value, "Forget it"),
        ],
    )


class DecidePage(ActionPage):
    """One form, for one row or for all of a provider."""

    name = "decide"
    label = "Decide"
    action = Action.DECIDE_TURNED_AWAY
    icon = "rule"
    submit = "Decide"
    form_class = DecisionForm

    def steps(self, provider: Any) -> str:
        """How that vendor sends again."""
        return f"To have it sent again: {guide_of(provider).retry.plain}"


class DecideOne(DecidePage):
    """About one person or group."""

    @classmethod
    def about(cls, request: HttpRequest, obj: Any) -> About:
        return {"identity_provider": obj.identity_provider}

    def get_explanation(self) -> str:
        return f"{self.obj}: {in_words(self.obj).lower()}. {self.steps(self.obj.identity_provider)}"

    def run(self, form: Form) -> str:
        decision = Decision(form.cleaned_data["decision"])
        row = turned_away_decisions.decide(self.obj, decision, actor=person_of(self.request))
        return f"{row}: {row.get_state_display().lower()}."


class DecideAll(DecidePage):
    """All that a provider wanted and nobody has decided on."""

    name = "decide_turned_away"
    label = "Decide what was turned away"

    def get_explanation(self) -> str:
        account = account_of(self.obj)
        return f"{account.sentence if account else 'Nothing waits for a decision.'} {self.steps(self.obj)}"

    def run(self, form: Form) -> str:
        decision = Decision(form.cleaned_data["decision"])
        decided = turned_away_decisions.decide_all(self.obj, decision, actor=person_of(self.request))
        return f"Decided: {turned_away_decisions.in_words(decided)}."
