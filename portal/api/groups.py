"""Portal groups."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import OuterRef, Prefetch, QuerySet
from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.core.keys import sought
from identity.db.counting import count_of
from identity.models import Group, GroupMapping, Membership
from identity.policy import ACTIONS_ON
from identity.services import groups
from portal.api.fields import DecisionAnswer, Said, SSOGroupRef, answers
from portal.api.filters import Flag
from portal.api.operations import operation
from portal.api.views import Resources


class MappedFrom(serializers.ModelSerializer):
    """An SSO group that feeds a portal group, and the mapping between them."""

    sso_group = SSOGroupRef(read_only=True)

    class Meta:
        model = GroupMapping
        fields = ("id", "sso_group")


class GroupInList(serializers.ModelSerializer):
    """A group, as shown in lists."""

    member_count = serializers.IntegerField(read_only=True)
    mappings = MappedFrom(many=True, read_only=True)

    class Meta:
        model = Group
        fields: tuple[str, ...] = ("id", "name", "description", "member_count", "mappings", "created_at")


class GroupAnswer(GroupInList):
    """A group, and what the caller may do with it now."""

    actions = serializers.SerializerMethodField()

    class Meta(GroupInList.Meta):
        fields = (*GroupInList.Meta.fields, "actions")

    @extend_schema_field(serializers.DictField(child=DecisionAnswer()))
    def get_actions(self, group: Group) -> dict[str, Any]:
        decide = self.context["view"].decide
        return answers({action: decide(action, group=group) for action in ACTIONS_ON["group"]})


class GroupSaid(Said):
    name = serializers.CharField(max_length=255)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)


class GroupChangesSaid(Said):
    """Omitted fields stay."""

    name = serializers.CharField(max_length=255, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)


class GroupFilter(filters.FilterSet):
    q = filters.CharFilter(method="search", label="The name begins with this.")
    name = filters.CharFilter(method="named", label="Exactly this name, whatever its case.")
    is_mapped = Flag(method="mapped")

    def search(self, rows: QuerySet[Group], name: str, text: str) -> QuerySet[Group]:
        return rows.filter(name_key__startswith=sought(text))

    def named(self, rows: QuerySet[Group], name: str, text: str) -> QuerySet[Group]:
        return rows.filter(name_key=sought(text))

    def mapped(self, rows: QuerySet[Group], name: str, value: bool) -> QuerySet[Group]:
        feeding = GroupMapping.objects.values("group")
        return rows.filter(pk__in=feeding) if value else rows.exclude(pk__in=feeding)


_MAPPINGS = Prefetch("mappings", queryset=GroupMapping.objects.select_related("sso_group__identity_provider"))


class Groups(Resources):
    """Portal groups; their members are a resource of their own."""

    tag = "Groups"
    seen_by = Action.VIEW_GROUPS
    queryset = Group.objects.annotate(member_count=count_of(Membership.objects.filter(group=OuterRef("pk"))))
    serializer_class = GroupAnswer
    list_serializer_class = GroupInList
    filterset_class = GroupFilter
    orderings: ClassVar[dict[str, str]] = {"name": "name_key", "id": "pk"}
    default_ordering = "name"

    def get_queryset(self) -> QuerySet[Group]:
        return super().get_queryset().prefetch_related(_MAPPINGS)

    @operation("list_groups", answer=GroupInList, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List groups."""
        return self.page()

    @operation("get_group", answer=GroupAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show a group.

        `mappings` are the SSO groups that feed it; `actions` says what you may do with it now, and why not.
        """
        return self.answer(self.get_object())

    @operation("create_group", body=GroupSaid, answer=GroupAnswer, status=201)
    def create(self, request: Request) -> Response:
        """Create a group, empty and unmapped."""
        return self.answer_anew(groups.create_group(**self.said, actor=self.actor), 201)

    @operation("edit_group", body=GroupChangesSaid, answer=GroupAnswer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Rename or describe a group. Mappings and SCIM are unaffected."""
        group = self.get_object()
        kept = {"name": group.name, "description": group.description}
        return self.answer_anew(groups.edit_group(group, **kept | self.said, actor=self.actor))

    @operation("delete_group", status=204)
    def destroy(self, request: Request, pk: int) -> Response:
        """Delete a group.

        Its mappings go with it; the SSO groups stay and can be mapped again.
        """
        groups.delete_group(self.get_object(), actor=self.actor)
        return Response(status=204)
