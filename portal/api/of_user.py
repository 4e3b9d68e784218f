"""What several resources below `users/{user_id}/` share."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.functional import cached_property

from identity.core.decisions import Action
from identity.models import User
from portal.api.named_rows import row_of
from portal.api.views import Singleton


class OfUser(Singleton):
    """Something about the user in the URL."""

    tag = "Users"
    seen_by = Action.VIEW_DIRECTORY
    queryset: QuerySet[User] = User.objects.all()

    @cached_property
    def user(self) -> User:
        return row_of(User, self.kwargs["user_id"], self.queryset.all())
