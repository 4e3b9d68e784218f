"""Users: their data, and the actions allowed on each, with reasons."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.core.keys import sought
from identity.models import IdentityProvider, Role, Status, User
from identity.policy import ACTIONS_ON
from identity.queries.reasons import memberships_with_reasons
from identity.services import users
from portal.api.fields import DecisionAnswer, GroupRef, ProviderRef, Said, SSOGroupRef, SSOUserRef, UserRef, answers
from portal.api.filters import Flag, PersonFilter
from portal.api.operations import operation
from portal.api.permissions import require_fresh
from portal.api.views import Resources
from portal.session.fresh_sign_in import is_sensitive


class UserInList(serializers.ModelSerializer):
    """A user, as shown in lists."""

    managed_by = ProviderRef(read_only=True, allow_null=True)

    class Meta:
        model = User
        fields: tuple[str, ...] = (
            "id",
            "username",
            "email",
            "first_name",
            "last_name",
            "display_name",
            "status",
            "role",
            "is_break_glass",
            "managed_by",
            "last_active",
            "created_at",
        )


class UserAnswer(UserInList):
    """A user, and what the caller may do with them now."""

    sso_user = serializers.SerializerMethodField(help_text="The identity provider's record of them.")
    actions = serializers.SerializerMethodField()

    class Meta(UserInList.Meta):
        fields = (*UserInList.Meta.fields, "sso_user", "actions")

    @extend_schema_field(SSOUserRef(allow_null=True))
    def get_sso_user(self, user: User) -> Any:
        sso_user = getattr(user, "sso_user", None)
        return SSOUserRef(sso_user).data if sso_user else None

    @extend_schema_field(serializers.DictField(child=DecisionAnswer()))
    def get_actions(self, user: User) -> dict[str, Any]:
        decide = self.context["view"].decide
        return answers({action: decide(action, user=user) for action in ACTIONS_ON["user"]})


class ProfileSaid(Said):
    """Names, and the email where no identity provider manages it. Omitted fields stay."""

    first_name = serializers.CharField(max_length=255, required=False, allow_blank=True)
    last_name = serializers.CharField(max_length=255, required=False, allow_blank=True)
    email = serializers.CharField(max_length=255, required=False, allow_null=True)


class RoleSaid(Said):
    role = serializers.ChoiceField(choices=Role.choices)


class BreakGlassSaid(Said):
    is_break_glass = serializers.BooleanField()


@extend_schema_field(SSOGroupRef(many=True))
class BringingSSOGroups(serializers.Field):
    """The SSO groups behind a reason."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, **options)

    def to_representation(self, mappings: Any) -> Any:
        return SSOGroupRef([mapping.sso_group for mapping in mappings], many=True).data


class ReasonAnswer(serializers.Serializer):
    """A portal group of a user, and the reason for the membership."""

    group = GroupRef(source="membership.group")
    since = serializers.DateTimeField(source="membership.created_at")
    added_by = UserRef(source="membership.added_by", allow_null=True)
    sso_groups = BringingSSOGroups(help_text="The SSO groups whose mappings bring it.")
    reason = serializers.CharField(source="sentence")


class ReasonsAnswer(serializers.Serializer):
    results = ReasonAnswer(many=True)


class UserFilter(PersonFilter):
    """Each is served by an index, or narrows what one serves."""

    username = filters.CharFilter(method="named", label="Exactly this username, whatever its case.")
    status = filters.ChoiceFilter(choices=Status.choices)
    role = filters.ChoiceFilter(choices=Role.choices)
    managed_by = filters.ModelChoiceFilter(queryset=IdentityProvider.objects.all())
    is_managed = Flag(field_name="managed_by", lookup_expr="isnull", exclude=True)

    def named(self, rows: QuerySet[User], name: str, text: str) -> QuerySet[User]:
        return rows.filter(username_key=sought(text))


class Users(Resources):
    """People in the portal. They are created by invitations and by identity providers, never here."""

    tag = "Users"
    seen_by = Action.VIEW_DIRECTORY
    queryset = User.objects.select_related("managed_by", "sso_user")
    serializer_class = UserAnswer
    list_serializer_class = UserInList
    filterset_class = UserFilter
    orderings: ClassVar[dict[str, str]] = {"username": "username_key", "id": "pk"}
    default_ordering = "username"
    fresh = frozenset({"role", "break_glass", "end_sessions"})

    @operation("list_users", answer=UserInList, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List users."""
        return self.page()

    @operation("get_user", answer=UserAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show a user.

        `actions` says for each action whether you may do it to this user now, and why not.
        """
        return self.answer(self.get_object())

    @operation("edit_user", body=ProfileSaid, answer=UserAnswer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Edit a profile.

        Names, and the email of users no identity provider manages; for users above member, only owners change it. The
        old and the new address are notified by mail. The username is permanent. In a browser, your own profile and that
        of a user above member need a fresh sign-in.
        """
        user = self.get_object()
        if is_sensitive(user, self.actor):
            require_fresh(request)
        kept = {"first_name": user.first_name, "last_name": user.last_name, "email": user.email}
        return self.answer_anew(users.edit_profile(user, **kept | self.said, actor=self.actor))

    @operation("enable_user", answer=UserAnswer)
    @action(detail=True, methods=["post"])
    def enable(self, request: Request, pk: int) -> Response:
        """Restore a disabled user's access."""
        return self.answer_anew(users.enable_user(self.get_object(), actor=self.actor))

    @operation("disable_user", answer=UserAnswer)
    @action(detail=True, methods=["post"])
    def disable(self, request: Request, pk: int) -> Response:
        """Disable a user.

        Sessions, API tokens, reset and invitation links end at once; groups and assets stay.
        """
        return self.answer_anew(users.disable_user(self.get_object(), actor=self.actor))

    @operation("end_user_sessions", answer=UserAnswer)
    @action(detail=True, methods=["post"], url_path="end-sessions")
    def end_sessions(self, request: Request, pk: int) -> Response:
        """Sign a user out everywhere."""
        user = self.get_object()
        users.end_sessions(user, actor=self.actor)
        return self.answer_anew(user)

    @operation("set_user_role", body=RoleSaid, answer=UserAnswer)
    @action(detail=True, methods=["put"])
    def role(self, request: Request, pk: int) -> Response:
        """Set a user's role. Owners only, and never one's own."""
        return self.answer_anew(users.change_role(self.get_object(), Role(self.said["role"]), actor=self.actor))

    @operation("set_user_break_glass", body=BreakGlassSaid, answer=UserAnswer)
    @action(detail=True, methods=["put"], url_path="break-glass")
    def break_glass(self, request: Request, pk: int) -> Response:
        """Mark or unmark a break-glass account.

        It can sign in when single sign-on fails. Owners only, and never one's own.
        """
        flag = self.said["is_break_glass"]
        return self.answer_anew(users.set_break_glass(self.get_object(), flag, actor=self.actor))

    @operation("list_user_groups", answer=ReasonsAnswer)
    @action(detail=True, methods=["get"])
    def groups(self, request: Request, pk: int) -> Response:
        """List a user's groups, and why they are in each."""
        reasons = memberships_with_reasons(self.get_object())
        return self.show(dict(ReasonsAnswer({"results": reasons}).data))
