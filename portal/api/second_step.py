"""The caller's own second step. It is set up in a browser, where its secret can be shown and tried."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from identity.models import User
from identity.services import second_factors
from portal.api.named_rows import row_of
from portal.api.operations import operation
from portal.api.permissions import AtBrowser
from portal.api.views import Singleton


class OwnSecondStep(Singleton):
    """The caller's authenticator app."""

    tag = "You"
    seen_by = None
    queryset = User.objects.all()
    fresh = frozenset({"destroy"})

    def get_permissions(self) -> list[Any]:
        return [*super().get_permissions(), AtBrowser()]

    @operation("remove_own_second_step", status=204)
    def destroy(self, request: Request) -> Response:
        """Remove your authenticator app.

        Only in a browser and after a fresh sign-in. A break-glass account keeps a second step while SSO is enforced.
        If you have lost yours, ask an operator: `manage.py reset_second_factor`.
        """
        second_factors.remove_second_factor(row_of(User, self.actor.user.pk), actor=self.actor)
        return Response(status=204)
