"""Pausing an identity provider, and letting it in again (R25)."""

from __future__ import annotations

from django.forms import Form

from identity.core.decisions import Action
from identity.services import identity_providers
from portal.admin.frame.base import ActionPage
from portal.admin.frame.deciding import person_of


class PauseProvider(ActionPage):
    """Turn away what it writes."""

    name = "pause"
    label = "Pause"
    action = Action.PAUSE_PROVIDER
    icon = "pause"
    danger = True
    submit = "Pause provisioning"
    explanation = (
        "What this identity provider writes is turned away until you resume: no one is created, changed, disabled or "
        "moved by it. It is told to try again later, what it reads is answered, and what it wanted is kept account of. "
        "People go on signing in through it; that is switched off with its connections."
    )

    def run(self, form: Form) -> str:
        identity_providers.pause_identity_provider(self.obj, actor=person_of(self.request))
        return f"Provisioning by {self.obj} is paused."


class ResumeProvider(ActionPage):
    """Let it in again."""

    name = "resume"
    label = "Resume"
    action = Action.RESUME_PROVIDER
    icon = "play_arrow"
    submit = "Resume provisioning"
    explanation = "What it writes from now on is let in. What was turned away is listed on its page."

    def run(self, form: Form) -> str:
        identity_providers.resume_identity_provider(self.obj, actor=person_of(self.request))
        return f"Provisioning by {self.obj} goes on."
