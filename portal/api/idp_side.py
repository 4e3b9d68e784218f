"""What identity providers sent: SSO users and SSO groups. Only their provider changes them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import OuterRef, Prefetch, QuerySet
from django.http import HttpResponseBase
from django.utils.functional import cached_property
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.core.keys import sought
from identity.db.counting import count_of
from identity.models import GroupMapping, IdentityProvider, SSOGroup, SSOMembership, SSOUser
from identity.services.provisioning import groups as sso_groups
from portal.api.fields import GroupRef, ProviderRef, Said, SSOUserRef, UserRef, key
from portal.api.filters import Flag
from portal.api.named_rows import named_in, row_of
from portal.api.operations import operation
from portal.api.views import Resources


class SSOUserInList(serializers.ModelSerializer):
    """A SCIM User, and the portal user that it became."""

    identity_provider = ProviderRef(read_only=True)
    user = UserRef(read_only=True)

    class Meta:
        model = SSOUser
        fields: tuple[str, ...] = (
            "id",
            "scim_id",
            "identity_provider",
            "user",
            "user_name",
            "external_id",
            "email",
            "active",
            "version",
            "created_at",
            "modified_at",
        )


class SSOUserAnswer(SSOUserInList):
    """Adds the whole record as the identity provider sent it, as SCIM JSON."""

    attributes = serializers.DictField(read_only=True)

    class Meta(SSOUserInList.Meta):
        fields = (*SSOUserInList.Meta.fields, "attributes")


class SSOUserFilter(filters.FilterSet):
    """Names are unique within a provider, and so are their indexes: without a provider, all are named."""

    identity_provider = filters.ModelChoiceFilter(queryset=IdentityProvider.objects.all())
    user_name = filters.CharFilter(method="named", label="Exactly this userName, whatever its case.")
    external_id = filters.CharFilter(method="known_as", label="Exactly this externalId.")
    scim_id = filters.UUIDFilter()

    def named(self, rows: QuerySet[SSOUser], name: str, text: str) -> QuerySet[SSOUser]:
        return rows.filter(identity_provider__in=_all_providers(), user_name_key=sought(text))

    def known_as(self, rows: QuerySet[SSOUser], name: str, text: str) -> QuerySet[SSOUser]:
        return rows.filter(identity_provider__in=_all_providers(), external_id=text)


def _all_providers() -> list[int]:
    return list(IdentityProvider.objects.values_list("pk", flat=True))


class SSOUsers(Resources):
    """People as identity providers see them."""

    tag = "SSO users and groups"
    seen_by = Action.VIEW_PROVIDERS
    queryset = SSOUser.objects.select_related("identity_provider", "user")
    serializer_class = SSOUserAnswer
    list_serializer_class = SSOUserInList
    filterset_class = SSOUserFilter

    @operation("list_sso_users", answer=SSOUserInList, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List SSO users."""
        return self.page()

    @operation("get_sso_user", answer=SSOUserAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show an SSO user, as the identity provider last sent it."""
        return self.answer(self.get_object())


class MappedTo(serializers.ModelSerializer):
    """A portal group that an SSO group feeds, and the mapping between them."""

    group = GroupRef(read_only=True)

    class Meta:
        model = GroupMapping
        fields = ("id", "group")


class SSOGroupAnswer(serializers.ModelSerializer):
    """A SCIM Group as pushed, or declared by name before that (`pushed_at` is empty)."""

    identity_provider = ProviderRef(read_only=True)
    member_count = serializers.IntegerField(read_only=True)
    nested_groups = serializers.IntegerField(
        source="number_of_nested_groups", read_only=True, help_text="Members that are groups: skipped."
    )
    mappings = MappedTo(many=True, read_only=True)

    class Meta:
        model = SSOGroup
        fields = (
            "id",
            "scim_id",
            "identity_provider",
            "display_name",
            "external_id",
            "member_count",
            "nested_groups",
            "mappings",
            "pushed_at",
            "version",
            "created_at",
            "modified_at",
        )


class DeclarationSaid(Said):
    identity_provider = key()
    display_name = serializers.CharField(max_length=255, required=False, help_text="As the provider will push it.")
    name = serializers.CharField(
        max_length=255,
        required=False,
        help_text="Deprecated: display_name was called so. Taken for one more release.",
    )

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        """Under one of its two names."""
        names = [said.pop(name) for name in ("display_name", "name") if name in said]
        if not names:
            raise serializers.ValidationError({"display_name": ["is required."]})
        if len(names) > 1:
            raise serializers.ValidationError({"name": ["is another word for display_name: say one of them."]})
        return {**said, "display_name": names[0]}


class SSOGroupFilter(filters.FilterSet):
    identity_provider = filters.ModelChoiceFilter(queryset=IdentityProvider.objects.all())
    display_name = filters.CharFilter(method="named", label="Exactly this displayName, whatever its case.")
    is_mapped = Flag(method="mapped")
    is_pushed = Flag(field_name="pushed_at", lookup_expr="isnull", exclude=True)

    def named(self, rows: QuerySet[SSOGroup], name: str, text: str) -> QuerySet[SSOGroup]:
        return rows.filter(display_name_key=sought(text))

    def mapped(self, rows: QuerySet[SSOGroup], name: str, value: bool) -> QuerySet[SSOGroup]:
        feeding = GroupMapping.objects.values("sso_group")
        return rows.filter(pk__in=feeding) if value else rows.exclude(pk__in=feeding)


class SSOGroups(Resources):
    """Groups as identity providers push them; administrators may declare one in advance."""

    tag = "SSO users and groups"
    seen_by = Action.VIEW_GROUPS
    queryset = (
        SSOGroup.objects.select_related("identity_provider")
        .annotate(member_count=count_of(SSOMembership.objects.filter(sso_group=OuterRef("pk"))))
        .prefetch_related(Prefetch("mappings", queryset=GroupMapping.objects.select_related("group")))
    )
    serializer_class = SSOGroupAnswer
    filterset_class = SSOGroupFilter
    orderings: ClassVar[dict[str, str]] = {"id": "pk"}

    @operation("list_sso_groups", answer=SSOGroupAnswer, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List SSO groups."""
        return self.page()

    @operation("get_sso_group", answer=SSOGroupAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show an SSO group."""
        return self.answer(self.get_object())

    @operation("declare_sso_group", body=DeclarationSaid, answer=SSOGroupAnswer, status=201)
    def create(self, request: Request) -> Response:
        """Declare an SSO group by name.

        It can be mapped before the identity provider pushes it; only that push binds to it.
        """
        provider = named_in(IdentityProvider, self.said["identity_provider"], "identity provider")
        declared = sso_groups.declare_sso_group(provider, name=self.said["display_name"], actor=self.actor)
        return self.answer_anew(declared, 201)

    @operation("withdraw_sso_group", status=204)
    def destroy(self, request: Request, pk: int) -> Response:
        """Withdraw a declared SSO group that was never pushed. A pushed one is deleted only by its provider."""
        sso_groups.withdraw_declaration(self.get_object(), actor=self.actor)
        return Response(status=204)


class SSOMemberAnswer(serializers.ModelSerializer):
    """A person the identity provider lists as a group's member."""

    sso_user = SSOUserRef(read_only=True)
    user = UserRef(read_only=True, source="sso_user.user")

    class Meta:
        model = SSOMembership
        fields = ("sso_user", "user")


class SSOMembers(Resources):
    """The members of one SSO group."""

    tag = "SSO users and groups"
    seen_by = Action.VIEW_GROUPS
    queryset = SSOMembership.objects.select_related("sso_user__user")
    serializer_class = SSOMemberAnswer

    @cached_property
    def sso_group(self) -> SSOGroup:
        return row_of(SSOGroup, self.kwargs["sso_group_id"])

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(sso_group=self.sso_group)

    @operation("list_sso_members", answer=SSOMemberAnswer, is_list=True)
    def list(self, request: Request, sso_group_id: int) -> HttpResponseBase:
        """List an SSO group's members."""
        return self.page()
