"""The members of a portal group."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils.functional import cached_property
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.core.errors import NotFound
from identity.models import Group, Membership, User
from identity.queries.reasons import members_with_reasons, with_adders
from identity.services import groups
from portal.api.fields import Said, UserRef, key
from portal.api.filters import PersonFilter
from portal.api.named_rows import row_of, rows_of
from portal.api.operations import operation
from portal.api.users import BringingSSOGroups
from portal.api.views import Resources

MOST_AT_ONCE = 1000


class MemberAnswer(serializers.Serializer):
    """A member of a group, and the reason; `added_by` is empty for members added by a mapping."""

    user = UserRef(source="membership.user")
    added_by = UserRef(source="membership.added_by", allow_null=True)
    created_at = serializers.DateTimeField(source="membership.created_at")
    sso_groups = BringingSSOGroups(help_text="The SSO groups whose mappings bring it.")
    reason = serializers.CharField(source="sentence")


class UsersSaid(Said):
    users = serializers.ListField(child=key(), min_length=1, max_length=MOST_AT_ONCE)


class AddedAnswer(serializers.Serializer):
    added = serializers.IntegerField(help_text="How many were not members yet.")


class RemovedAnswer(serializers.Serializer):
    removed = serializers.IntegerField(help_text="How many were members.")


class MemberFilter(PersonFilter):
    person = "user__"


class Members(Resources):
    """The members of one group. A mapped group's follow its SSO groups while SCIM is on."""

    tag = "Groups"
    seen_by = Action.VIEW_GROUPS
    queryset = with_adders(Membership.objects.select_related("user"))
    serializer_class = MemberAnswer
    filterset_class = MemberFilter
    lookup_field = "user_id"
    lookup_url_kwarg = "user_id"

    @cached_property
    def group(self) -> Group:
        return row_of(Group, self.kwargs["group_id"])

    def get_queryset(self) -> QuerySet[Membership]:
        return super().get_queryset().filter(group=self.group)

    def prepared(self, rows: list[Membership]) -> list[Any]:
        return members_with_reasons(self.group, rows)

    @operation("list_members", answer=MemberAnswer, is_list=True)
    def list(self, request: Request, group_id: int) -> HttpResponseBase:
        """List a group's members, and why each is in it."""
        return self.page()

    @operation("add_members", body=UsersSaid, answer=AddedAnswer)
    def create(self, request: Request, group_id: int) -> Response:
        """Add users to a group.

        All or none. Existing members stay members.
        """
        people = rows_of(User, self.said["users"], "users")
        return Response({"added": groups.add_members(self.group, people, actor=self.actor)})

    @operation("remove_members", body=UsersSaid, answer=RemovedAnswer)
    @action(detail=False, methods=["post"])
    def remove(self, request: Request, group_id: int) -> Response:
        """Remove users from a group. Users who are not members are ignored."""
        people = rows_of(User, self.said["users"], "users")
        return Response({"removed": groups.remove_members(self.group, people, actor=self.actor)})

    @operation("remove_member", status=204)
    def destroy(self, request: Request, group_id: int, user_id: int) -> Response:
        """Remove one user from a group."""
        user = row_of(User, user_id)
        if not groups.remove_members(self.group, [user], actor=self.actor):
            raise NotFound(f"{user.username} is not in {self.group}.")
        return Response(status=204)
