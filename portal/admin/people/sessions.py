"""Ending other people's sessions, from a user's page."""

from __future__ import annotations

from django.forms import Form

from identity.core.decisions import Action
from identity.core.errors import NotFound
from identity.services import users
from portal.admin.frame.base import ActionPage
from portal.admin.frame.deciding import person_of
from portal.session.sessions import end_session


class EndSessions(ActionPage):
    """Sign a user out everywhere."""

    name = "end_sessions"
    label = "End sessions"
    action = Action.END_SESSIONS
    fresh = True
    icon = "logout"
    danger = True
    submit = "End all sessions"
    explanation = "Every browser of this person is signed out at its next request. They may sign in again."

    def run(self, form: Form) -> str:
        users.end_sessions(self.obj, actor=person_of(self.request))
        return f"{self.obj.username} is signed out everywhere."


class EndSession(ActionPage):
    """Sign a user out of one browser; the URL names the session."""

    name = "end_session"
    label = "End session"
    action = Action.END_SESSION
    has_button = False
    fresh = True
    icon = "logout"
    danger = True
    explanation = "That browser is signed out at its next request. The person may sign in again."

    def run(self, form: Form) -> str:
        pk = self.request.GET.get("session", "")
        if not pk.isdecimal() or not end_session(self.obj, int(pk), actor=person_of(self.request)):
            raise NotFound("That session has ended already.")
        return f"{self.obj.username} is signed out of that browser."
