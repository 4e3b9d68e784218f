"""Ending other people's sessions, from a user's page."""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.http import HttpRequest

from identity.models import Status
from identity.policy import Action
from identity.services import users
from portal.admin.base import ActionPage, person_of


class EndSessions(ActionPage):
    """Sign somebody out everywhere."""

    name = "end_sessions"
    label = "End sessions"
    action = Action.END_SESSIONS
    icon = "logout"
    danger = True
    submit = "End all sessions"
    explanation = "Every browser of this person is signed out at its next request. They may sign in again."

    @classmethod
    def applies(cls, request: HttpRequest, obj: Any) -> bool:
        return bool(obj.status == Status.ENABLED)

    def run(self, form: Form) -> str:
        users.end_sessions(self.obj, actor=person_of(self.request))
        return f"{self.obj.username} is signed out everywhere."
