"""Group mappings: preview, then apply exactly what was previewed (R15-R18)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.db.locks import lock
from identity.models import Group, GroupMapping, SSOGroup, User
from identity.services import mappings
from portal.api.fields import GroupRef, PeopleAnswer, Said, SSOGroupRef, UserRef, key, people
from portal.api.named_rows import named_in, row_of
from portal.api.operations import operation
from portal.api.users import UserInList
from portal.api.views import Resources


class MappingAnswer(serializers.ModelSerializer):
    """An SSO group that feeds a portal group."""

    sso_group = SSOGroupRef(read_only=True)
    group = GroupRef(read_only=True)
    created_by = UserRef(read_only=True, allow_null=True)

    class Meta:
        model = GroupMapping
        fields = ("id", "sso_group", "group", "created_by", "created_at")


class PreviewAnswer(serializers.Serializer):
    """Who would join and leave the portal group. `fingerprint` identifies exactly these people."""

    joins = PeopleAnswer()
    leaves = PeopleAnswer()
    stays = serializers.IntegerField(help_text="How many are members before and after.")
    fingerprint = serializers.CharField()


class PairSaid(Said):
    sso_group = key()
    group = key()


class MappingSaid(PairSaid):
    fingerprint = serializers.CharField(max_length=64, help_text="That of the preview which you looked at.")


class FingerprintSaid(Said):
    fingerprint = serializers.CharField(max_length=64, help_text="That of the preview which you looked at.")


class MappingFilter(filters.FilterSet):
    sso_group = filters.ModelChoiceFilter(queryset=SSOGroup.objects.all())
    group = filters.ModelChoiceFilter(queryset=Group.objects.all())


def shown(preview: mappings.Preview) -> dict[str, Any]:
    """A preview as `PreviewAnswer`."""
    return {
        "joins": people(preview.joins),
        "leaves": people(preview.leaves),
        "stays": preview.stays,
        "fingerprint": preview.fingerprint,
    }


class Mappings(Resources):
    """The bridge between SSO groups and portal groups."""

    tag = "Mappings"
    seen_by = Action.VIEW_GROUPS
    queryset = GroupMapping.objects.select_related("sso_group__identity_provider", "group", "created_by")
    serializer_class = MappingAnswer
    filterset_class = MappingFilter

    def hold(self, row: GroupMapping) -> None:
        lock(SSOGroup, row.sso_group_id)
        lock(Group, row.group_id)
        lock(GroupMapping, row.pk)

    @operation("list_mappings", answer=MappingAnswer, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List mappings."""
        return self.page()

    @operation("get_mapping", answer=MappingAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show a mapping."""
        return self.answer(self.get_object())

    @operation("preview_mapping", query=PairSaid, answer=PreviewAnswer)
    @action(detail=False, methods=["get"])
    def preview(self, request: Request) -> Response:
        """Preview a mapping: who would join and who would leave.

        With SCIM off no one moves until it is switched on.
        """
        sso_group, group = self._pair(self.asked)
        return self._shown(mappings.preview_mapping(sso_group, group))

    @operation("create_mapping", body=MappingSaid, answer=MappingAnswer, status=201)
    def create(self, request: Request) -> Response:
        """Map an SSO group to a portal group.

        Exactly the people of the preview move; 409 `outdated` when they have changed since.
        """
        sso_group, group = self._pair(self.said)
        fingerprint = self.said["fingerprint"]
        made = mappings.apply_mapping(sso_group, group, fingerprint=fingerprint, actor=self.actor)
        return self.answer_anew(made, 201)

    @operation("preview_mapping_removal", answer=PreviewAnswer)
    @action(detail=True, methods=["get"], url_path="preview-removal")
    def preview_removal(self, request: Request, pk: int) -> Response:
        """Preview the removal of a mapping: who would leave.

        The last mapping of a group keeps all members; any other removes those that only it brought.
        """
        return self._shown(mappings.preview_unmapping(self.get_object()))

    @operation("delete_mapping", query=FingerprintSaid, status=204)
    def destroy(self, request: Request, pk: int) -> Response:
        """Delete a mapping, moving exactly the people of the preview."""
        mappings.delete_mapping(self.get_object(), fingerprint=self.asked["fingerprint"], actor=self.actor)
        return Response(status=204)

    def _pair(self, said: dict[str, Any]) -> tuple[SSOGroup, Group]:
        return named_in(SSOGroup, said["sso_group"], "sso group"), named_in(Group, said["group"], "group")

    def _shown(self, preview: mappings.Preview) -> Response:
        return self.show(dict(PreviewAnswer(shown(preview)).data))


class MovesSaid(Said):
    moves = serializers.ChoiceField(choices=["joins", "leaves"], help_text="Which of the two sides of the preview.")


class PairMovesSaid(PairSaid, MovesSaid):
    pass


class _Previewed(Resources):
    """Everyone on one side of a preview."""

    tag = "Mappings"
    seen_by = Action.VIEW_GROUPS
    queryset = User.objects.select_related("managed_by")
    serializer_class = UserInList
    filter_backends = ()
    orderings: ClassVar[dict[str, str]] = {"username": "username_key"}
    default_ordering = "username"

    def preview(self) -> mappings.Preview:
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[User]:
        rows: QuerySet[User] = getattr(self.preview(), self.asked["moves"])
        return rows.select_related("managed_by")


class PreviewedUsers(_Previewed):
    """Everyone a mapping would move."""

    @operation("list_previewed_users", query=PairMovesSaid, answer=UserInList, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List everyone who would join, or leave, by a mapping."""
        return self.page()

    def preview(self) -> mappings.Preview:
        sso_group = named_in(SSOGroup, self.asked["sso_group"], "sso group")
        return mappings.preview_mapping(sso_group, named_in(Group, self.asked["group"], "group"))


class LeavingUsers(_Previewed):
    """Everyone the removal of a mapping would move."""

    @operation("list_users_of_removal", query=MovesSaid, answer=UserInList, is_list=True)
    def list(self, request: Request, mapping_id: int) -> HttpResponseBase:
        """List everyone who would leave by the removal of a mapping; it makes no one join."""
        return self.page()

    def preview(self) -> mappings.Preview:
        return mappings.preview_unmapping(row_of(GroupMapping, self.kwargs["mapping_id"]))
