"""The caller's own data."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from identity.models import Asset, User
from identity.queries.reasons import memberships_with_reasons
from portal.api.api_tokens import APITokenAnswer
from portal.api.authentication import Credentials
from portal.api.fields import AssetRef
from portal.api.operations import operation
from portal.api.users import ReasonAnswer, UserInList
from portal.api.views import Singleton


class MeAnswer(serializers.Serializer):
    """The caller, the token in use, and the caller's groups and assets."""

    user = UserInList()
    token = APITokenAnswer(allow_null=True, help_text="Null for a session.")
    groups = ReasonAnswer(many=True)
    assets = AssetRef(many=True)


class Me(Singleton):
    """The caller."""

    tag = "You"
    seen_by = None
    queryset = User.objects.select_related("managed_by")

    @operation("get_me", answer=MeAnswer)
    def retrieve(self, request: Request) -> Response:
        """Show who you are here: your profile, token, groups and assets."""
        user = self.get_queryset().get(pk=request.user.pk)
        shown = {
            "user": user,
            "token": request.auth.token if isinstance(request.auth, Credentials) else None,
            "groups": memberships_with_reasons(user),
            "assets": Asset.objects.owned_by(user.pk),
        }
        return self.show(dict(MeAnswer(shown).data))
