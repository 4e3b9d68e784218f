"""Where people are signed in, and signing them out."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.actors import Person
from identity.core.errors import NotFound
from identity.models import User
from portal.api.authentication import Credentials
from portal.api.json_bodies import of_django
from portal.api.named_rows import row_of
from portal.api.of_user import OfUser
from portal.api.operations import operation
from portal.api.views import Singleton
from portal.session.sessions import end_other_sessions, end_session, sessions_of


class SessionAnswer(serializers.Serializer):
    """A session that still works."""

    id = serializers.IntegerField(source="pk")
    browser = serializers.CharField()
    how = serializers.CharField(help_text="With a password, or through which identity provider.")
    address = serializers.CharField()
    since = serializers.DateTimeField()


class SessionsAnswer(serializers.Serializer):
    results = SessionAnswer(many=True)


class EndedAnswer(serializers.Serializer):
    ended = serializers.IntegerField(help_text="How many sessions that were.")


def _listed(user: User) -> dict[str, Any]:
    return dict(SessionsAnswer({"results": sessions_of(user)}).data)


def _end(user: User, pk: int, actor: Person) -> None:
    """Raises NotFound."""
    if not end_session(user, pk, actor=actor):
        raise NotFound("There is no such session, or it has ended already.")


class UserSessions(OfUser):
    """Where a user is signed in."""

    fresh = frozenset({"destroy"})

    @operation("list_user_sessions", answer=SessionsAnswer)
    def retrieve(self, request: Request, user_id: int) -> Response:
        """List where a user is signed in, newest session first."""
        return self.show(_listed(self.user))

    @operation("end_user_session", status=204)
    def destroy(self, request: Request, user_id: int, pk: int) -> Response:
        """Sign a user out of one browser, at its next request."""
        _end(self.user, pk, self.actor)
        return Response(status=204)


class OwnSessions(Singleton):
    """Where the caller is signed in."""

    tag = "You"
    seen_by = None
    queryset = User.objects.all()

    @operation("list_own_sessions", answer=SessionsAnswer)
    def retrieve(self, request: Request) -> Response:
        """List where you are signed in, newest session first."""
        return self.show(_listed(self._self))

    @operation("end_own_session", status=204)
    def destroy(self, request: Request, pk: int) -> Response:
        """Sign out of one browser, at its next request."""
        _end(self._self, pk, self.actor)
        return Response(status=204)

    @operation("end_own_other_sessions", answer=EndedAnswer)
    def create(self, request: Request) -> Response:
        """Sign out everywhere else: in all browsers except the one that asks."""
        key = None if isinstance(request.auth, Credentials) else of_django(request).session.session_key
        return Response({"ended": end_other_sessions(self._self, keeping=key)})

    @property
    def _self(self) -> User:
        return row_of(User, self.actor.user.pk)
