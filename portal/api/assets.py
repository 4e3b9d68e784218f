"""Assets and who owns them (R12)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.core.keys import sought
from identity.models import Asset, AssetOwner, User
from identity.services import assets
from portal.api.fields import Said, UserRef, key
from portal.api.named_rows import named_in, row_of
from portal.api.operations import operation
from portal.api.views import Resources


class AssetAnswer(serializers.ModelSerializer):
    """Something with owners."""

    owners = serializers.SerializerMethodField()

    class Meta:
        model = Asset
        fields = ("id", "name", "kind", "link", "owners", "created_at")

    @extend_schema_field(UserRef(many=True))
    def get_owners(self, asset: Asset) -> Any:
        return UserRef([ownership.user for ownership in asset.ownerships.all()], many=True).data


class AssetSaid(Said):
    name = serializers.CharField(max_length=255)
    kind = serializers.CharField(max_length=100, required=False, allow_blank=True)
    link = serializers.CharField(max_length=500, required=False, allow_blank=True, help_text="A web address.")
    owner = key(help_text="The first owner, who need not have signed in yet.")


class AssetChangesSaid(Said):
    """Omitted fields stay."""

    name = serializers.CharField(max_length=255, required=False)
    kind = serializers.CharField(max_length=100, required=False, allow_blank=True)
    link = serializers.CharField(max_length=500, required=False, allow_blank=True)


class OwnerSaid(Said):
    user = key()


class TransferSaid(Said):
    giver = key(help_text="An owner.")
    taker = key()


class AssetFilter(filters.FilterSet):
    q = filters.CharFilter(method="search", label="The name begins with this.")
    owner = filters.ModelChoiceFilter(field_name="ownerships__user", queryset=User.objects.all())

    def search(self, rows: QuerySet[Asset], name: str, text: str) -> QuerySet[Asset]:
        return rows.filter(name_key__startswith=sought(text))


_OWNERS = Prefetch("ownerships", queryset=AssetOwner.objects.select_related("user").order_by("pk"))


class Assets(Resources):
    """What people own."""

    tag = "Assets"
    seen_by = Action.VIEW_ASSETS
    queryset = Asset.objects.prefetch_related(_OWNERS)
    serializer_class = AssetAnswer
    filterset_class = AssetFilter
    orderings: ClassVar[dict[str, str]] = {"name": "name_key", "id": "pk"}
    default_ordering = "name"

    @operation("list_assets", answer=AssetAnswer, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List assets."""
        return self.page()

    @operation("get_asset", answer=AssetAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show an asset with its owners."""
        return self.answer(self.get_object())

    @operation("create_asset", body=AssetSaid, answer=AssetAnswer, status=201)
    def create(self, request: Request) -> Response:
        """Register an asset with its first owner."""
        said = {**self.said, "owner": named_in(User, self.said["owner"], "owner")}
        return self.answer_anew(assets.create_asset(**said, actor=self.actor), 201)

    @operation("edit_asset", body=AssetChangesSaid, answer=AssetAnswer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change an asset's name, kind or link."""
        asset = self.get_object()
        kept = {"name": asset.name, "kind": asset.kind, "link": asset.link}
        return self.answer_anew(assets.edit_asset(asset, **kept | self.said, actor=self.actor))

    @operation("delete_asset", status=204)
    def destroy(self, request: Request, pk: int) -> Response:
        """Delete an asset."""
        assets.delete_asset(self.get_object(), actor=self.actor)
        return Response(status=204)

    @operation("add_asset_owner", body=OwnerSaid, answer=AssetAnswer)
    @action(detail=True, methods=["post"])
    def owners(self, request: Request, pk: int) -> Response:
        """Add an owner."""
        asset = self.get_object()
        assets.add_owner(asset, named_in(User, self.said["user"], "user"), actor=self.actor)
        return self.answer_anew(asset)

    @operation("transfer_asset", body=TransferSaid, answer=AssetAnswer)
    @action(detail=True, methods=["post"])
    def transfer(self, request: Request, pk: int) -> Response:
        """Transfer one owner's part to another user, in one step."""
        asset, said = self.get_object(), self.said
        giver, taker = (named_in(User, said[name], name) for name in ("giver", "taker"))
        assets.transfer_asset(asset, giver=giver, taker=taker, actor=self.actor)
        return self.answer_anew(asset)

    @operation("remove_asset_owner", answer=AssetAnswer)
    @action(detail=True, methods=["delete"], url_path="owners/<int:user_id>")
    def remove_owner(self, request: Request, pk: int, user_id: int) -> Response:
        """Remove an owner. The last one stays until another is named."""
        asset = self.get_object()
        assets.remove_owner(asset, row_of(User, user_id), actor=self.actor)
        return self.answer_anew(asset)
