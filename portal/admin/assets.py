"""Assets and who owns them (R10, R12)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.forms import CharField, Form, URLField, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from unfold.contrib.filters.admin import RadioFilter
from unfold.decorators import display

from identity.core.decisions import Action, Decision
from identity.core.errors import GatehouseError, Refused
from identity.core.keys import sought
from identity.models import Asset, AssetOwner, Status, User
from identity.safeguards.asked import About
from identity.services import assets
from portal.admin.frame.base import ActionPage, PortalModelAdmin
from portal.admin.frame.deciding import decide, person_of
from portal.admin.frame.parts import (
    AboutPerson,
    ChoosePeople,
    PeopleForm,
    badge,
    is_key,
    moment,
    named,
    person_named_by,
    row_or_404,
)
from portal.admin.logs.pages import LoggedPersonFilter
from portal.admin.people.user_bulk import MOST_AT_ONCE


class AssetForm(Form):
    """An asset's name, kind and link."""

    name = CharField(max_length=255)
    kind = CharField(max_length=100, required=False, help_text="For example repository, dashboard or licence.")
    link = URLField(max_length=500, required=False, assume_scheme="https")


class NewAssetForm(AssetForm):
    """An asset with its first owner."""

    owner = CharField(help_text="Username or email of the first owner, who need not have signed in yet.")

    def clean_owner(self) -> User:
        owner: User | None = User.objects.named(self.cleaned_data["owner"])
        if owner is None:
            raise ValidationError("No user has this username or email.")
        return owner


class AddAsset(ActionPage):
    """Register an asset with its first owner."""

    name = "add"
    label = "Add asset"
    action = Action.MANAGE_ASSETS
    icon = "add"
    of_list = True
    form_class = NewAssetForm
    made: Asset | None = None

    def run(self, form: NewAssetForm) -> str:
        self.made = assets.create_asset(**form.cleaned_data, actor=person_of(self.request))
        return f"{self.made} was added."

    def get_success_url(self) -> str:
        return self.model_admin.detail_url(self.made) if self.made else self.model_admin.list_url()


class EditAsset(ActionPage):
    """Change an asset's name, kind or link."""

    name = "edit"
    label = "Edit"
    action = Action.MANAGE_ASSETS
    submit = "Save"
    form_class = AssetForm

    def get_initial(self) -> dict[str, Any]:
        return {name: getattr(self.obj, name) for name in AssetForm.base_fields}

    def run(self, form: AssetForm) -> str:
        assets.edit_asset(self.obj, **form.cleaned_data, actor=person_of(self.request))
        return "The asset was saved."


class OwnersForm(PeopleForm):
    """People who can own an asset."""

    def __init__(self, *args: Any, may_own: Callable[[User], Decision], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.may_own = may_own

    def clean_users(self) -> list[User]:
        chosen = list(self.cleaned_data["users"])
        for person in chosen:
            decision = self.may_own(person)
            if not decision:
                raise ValidationError(decision.reason)
        return chosen


class ChooseOwners(ChoosePeople):
    """Everyone who isn't disabled, including people who have not signed in yet (R12)."""

    action = Action.MANAGE_ASSETS
    form_class = OwnersForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "may_own": self.may_own}

    def may_own(self, person: User) -> Decision:
        return decide(self.request, Action.ADD_ASSET_OWNER, taker=person)

    def candidates(self) -> QuerySet[User]:
        people: QuerySet[User] = User.objects.able_to_own()
        return people


class AddOwner(ChooseOwners):
    """Add further owners to an asset."""

    name = "add_owner"
    label = "Add owners"
    submit = "Make owners"

    def candidates(self) -> QuerySet[User]:
        return super().candidates().exclude(pk__in=self.obj.ownerships.values("user"))

    def run(self, form: Any) -> str:
        people = list(form.cleaned_data["users"])
        for user in people:
            assets.add_owner(self.obj, user, actor=person_of(self.request))
        names = ", ".join(user.display_name for user in people)
        return f"{names} {'owns' if len(people) == 1 else 'own'} {self.obj} now."


class RemoveOwner(AboutPerson):
    """Remove an owner from an asset; the last one stays."""

    name = "remove_owner"
    label = "Remove owner"
    action = Action.REMOVE_ASSET_OWNER
    icon = "person_remove"
    danger = True

    @classmethod
    def about(cls, request: HttpRequest, obj: Any) -> About:
        return {"asset": obj, "giver": person_named_by(request)}

    def run(self, form: Form) -> str:
        assets.remove_owner(self.obj, self.person, actor=person_of(self.request))
        return f"{self.person.display_name} no longer owns {self.obj}."

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = f"Take {self.obj} from {self.person.display_name}?"
        return super().get_context_data(title=title, **kwargs)


class OwnerForm(OwnersForm):
    """Exactly one person."""

    def clean_users(self) -> list[User]:
        chosen = super().clean_users()
        if len(chosen) != 1:
            raise ValidationError("Choose one person.")
        return chosen


class TransferTo(ChooseOwners):
    """One person becomes the owner instead of others."""

    form_class = OwnerForm
    one_only = True
    icon = "swap_horiz"
    submit = "Transfer"


class Transfer(TransferTo):
    """Transfer an asset from one owner, named by `?user=`, to another."""

    name = "transfer"
    label = "Transfer"
    action = Action.TRANSFER_ASSET
    has_button = False  # offered beside the owner

    @cached_property
    def owner(self) -> User:
        people: QuerySet[User] = User.objects.filter(ownerships__asset=self.obj)
        return row_or_404(people, self.request.GET.get("user", ""))

    def candidates(self) -> QuerySet[User]:
        return super().candidates().exclude(pk=self.owner.pk)

    def run(self, form: Any) -> str:
        [to] = form.cleaned_data["users"]
        assets.transfer_asset(self.obj, giver=self.owner, taker=to, actor=person_of(self.request))
        return f"{to.display_name} owns {self.obj} in place of {self.owner.display_name}."

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = f"Who takes over {self.obj} from {self.owner.display_name}?"
        return super().get_context_data(title=title, **kwargs)


class BulkTransfer(TransferTo):
    """Make one person the only owner of the assets named by `?ids=`."""

    name = "bulk_transfer"
    label = "Transfer to a new owner"
    has_button = False  # in the list's menu of actions
    of_list = True

    @cached_property
    def chosen(self) -> list[Asset]:
        ids = [int(text) for text in self.request.GET.get("ids", "").split(",") if is_key(text)]
        return list(Asset.objects.filter(pk__in=ids[:MOST_AT_ONCE]).order_by("name_key"))

    def get_explanation(self) -> str:
        return f"They become the only owner of {', '.join(map(str, self.chosen)) or 'nothing: tick assets first'}."

    def run(self, form: Any) -> str:
        [to] = form.cleaned_data["users"]
        if not self.chosen:
            raise Refused("Tick assets in the list first.")
        refused = [error for asset in self.chosen if (error := self._try(asset, to))]
        for sentence in refused:
            messages.error(self.request, sentence)
        done = len(self.chosen) - len(refused)
        return f"{to.display_name} owns {done} {'asset' if done == 1 else 'assets'} now." if done else ""

    def _try(self, asset: Asset, to: User) -> str:
        """Each asset is a separate service call; returns the reason for a refusal."""
        try:
            assets.give_asset(asset, taker=to, actor=person_of(self.request))
        except GatehouseError as error:
            return f"{asset}: {error.sentence}"
        return ""


class DeleteAsset(ActionPage):
    """Delete an asset."""

    name = "delete"
    label = "Delete"
    action = Action.MANAGE_ASSETS
    icon = "delete"
    danger = True
    submit = "Delete this asset"
    explanation = "The asset and its ownerships go from this portal. The thing itself is not touched."

    def run(self, form: Form) -> str:
        name = str(self.obj)
        assets.delete_asset(self.obj, actor=person_of(self.request))
        self.obj.pk = None
        return f"{name} was deleted."

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(title=f"Delete {self.obj}?", **kwargs)


class OwnersFilter(RadioFilter):
    """Assets without an owner who can sign in."""

    title = "owners"
    parameter_name = "owners"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("enabled", "Has an enabled owner"), ("none", "No enabled owner")]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Asset]:
        owned = AssetOwner.objects.filter(user__status=Status.ENABLED).values("asset")
        match self.value():
            case "enabled":
                return queryset.filter(pk__in=owned)  # type: ignore[no-any-return]
            case "none":
                return queryset.exclude(pk__in=owned)  # type: ignore[no-any-return]
        return queryset  # type: ignore[no-any-return]


class OwnerFilter(LoggedPersonFilter):
    """One person's assets."""

    title = "owner (whole username or email)"
    parameter_name = "owner"

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Asset]:
        return queryset.owned_by(self.person_id() or 0) if self.key else queryset  # type: ignore[no-any-return]


@admin.register(Asset)
class AssetAdmin(PortalModelAdmin):
    """Assets."""

    seen_by = Action.VIEW_ASSETS
    pages = (AddAsset, AddOwner, EditAsset, DeleteAsset, RemoveOwner, Transfer, BulkTransfer)
    actions = ("transfer_chosen",)
    list_display = ("name", "kind", "shown_owners", "since")
    list_filter: ClassVar = (OwnersFilter, OwnerFilter)
    list_filter_submit = True
    search_fields = ("name",)
    search_help_text = "Name or kind of the asset"
    ordering = ("name_key",)
    change_list_template = "admin/identity/asset/list.html"
    export_columns: ClassVar = {
        "name": "Name",
        "kind": "Kind",
        "link": "Link",
        "owners": "Owners",
        "enabled_owners": "Enabled owners",
        "created_at": "Since",
    }
    detail_template = "admin/identity/asset/detail.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Asset]:
        rows: QuerySet[Asset] = super().get_queryset(request)
        return rows.prefetch_related("ownerships__user")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Asset], search_term: str
    ) -> tuple[QuerySet[Asset], bool]:
        key = sought(search_term)
        if key:
            queryset = queryset.filter(Q(name_key__contains=key) | Q(kind__icontains=search_term.strip()))
        return queryset, False

    @admin.action(description="Transfer to a new owner")
    def transfer_chosen(self, request: HttpRequest, queryset: QuerySet[Asset]) -> HttpResponse:
        keys = queryset.order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE]
        query = urlencode({"ids": ",".join(map(str, keys))}, safe=",")
        return HttpResponseRedirect(f"{reverse(self.url_name(BulkTransfer.name))}?{query}")

    def export_rows(self, batch: list[Asset]) -> Iterable[Iterable[object]]:
        for asset in batch:
            owners = [ownership.user for ownership in asset.ownerships.all()]
            enabled = [owner for owner in owners if owner.is_active]
            names = ("; ".join(map(str, people)) for people in (owners, enabled))
            yield (asset.name, asset.kind, asset.link, *names, asset.created_at)

    @display(description="Since", ordering="created_at")
    def since(self, asset: Asset) -> str:
        return moment(asset.created_at)

    @display(description="Owners")
    def shown_owners(self, asset: Asset) -> str:
        owners = [ownership.user for ownership in asset.ownerships.all()]
        if not any(owner.is_active for owner in owners):
            return format_html("{} {}", badge("No enabled owner", "amber"), named(owners))
        return named(owners)

    def _removal(self, request: HttpRequest, asset: Asset, ownerships: Iterable[AssetOwner]) -> Decision | None:
        """Whether owners can be removed: the last one can't, of several each can."""
        owner = next((ownership.user for ownership in ownerships), None)
        return decide(request, Action.REMOVE_ASSET_OWNER, asset=asset, giver=owner) if owner else None

    def get_detail(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return {
            "ownerships": (ownerships := obj.ownerships.select_related("user").order_by("user__username_key")),
            "may_transfer": bool(decide(request, Action.TRANSFER_ASSET)),
            "removal": self._removal(request, obj, ownerships),
            "remove_url": reverse(self.url_name(RemoveOwner.name), args=(obj.pk,)),
            "transfer_url": reverse(self.url_name(Transfer.name), args=(obj.pk,)),
        }
