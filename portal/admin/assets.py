"""Assets and who owns them (R10, R12)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.forms import CharField, Form, URLField, ValidationError
from django.http import HttpRequest
from django.urls import reverse
from unfold.contrib.filters.admin import RadioFilter
from unfold.decorators import display

from identity.keys import fold
from identity.models import Asset, AssetOwner, Status, User
from identity.policy import Action
from identity.services import assets
from portal.admin.base import ActionPage, PortalModelAdmin, decide, person_of
from portal.admin.parts import AboutPerson, ChoosePeople, badge, moment


class AssetForm(Form):
    """What an asset is called, what it is, and where."""

    name = CharField(max_length=255)
    kind = CharField(max_length=100, required=False, help_text="For example repository, dashboard or licence.")
    link = URLField(max_length=500, required=False, assume_scheme="https")


class NewAssetForm(AssetForm):
    """An asset with its first owner."""

    owner = CharField(help_text="Username or email of the first owner, who need not have signed in yet.")

    def clean_owner(self) -> User:
        key = fold(self.cleaned_data["owner"]).strip()
        owner: User | None = User.objects.filter(Q(username_key=key) | Q(email_key=key)).first()
        if owner is None:
            raise ValidationError("Nobody has this username or email.")
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


class AddOwner(ChoosePeople):
    """Give an asset further owners."""

    name = "add_owner"
    label = "Add owners"
    action = Action.MANAGE_ASSETS
    submit = "Make owners"

    def candidates(self) -> QuerySet[User]:
        people: QuerySet[User] = User.objects.exclude(pk__in=self.obj.ownerships.values("user"))
        return people

    def run(self, form: Any) -> str:
        people = list(form.cleaned_data["users"])
        for user in people:
            assets.add_owner(self.obj, user, actor=person_of(self.request))
        names = ", ".join(user.display_name for user in people)
        return f"{names} {'owns' if len(people) == 1 else 'own'} {self.obj} now."


class RemoveOwner(AboutPerson):
    """Take an owner off an asset; the last one stays."""

    name = "remove_owner"
    label = "Remove owner"
    action = Action.MANAGE_ASSETS
    icon = "person_remove"
    danger = True

    def run(self, form: Form) -> str:
        assets.remove_owner(self.obj, self.person, actor=person_of(self.request))
        return f"{self.person.display_name} no longer owns {self.obj}."

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = f"Take {self.obj} from {self.person.display_name}?"
        return super().get_context_data(title=title, **kwargs)


class DeleteAsset(ActionPage):
    """Take an asset off the register."""

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
    """Assets that nobody can look after."""

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


@admin.register(Asset)
class AssetAdmin(PortalModelAdmin):
    """Assets."""

    pages = (AddAsset, AddOwner, EditAsset, DeleteAsset, RemoveOwner)
    list_display = ("name", "kind", "shown_owners", "since")
    list_filter: ClassVar = (OwnersFilter,)
    list_filter_submit = True
    search_fields = ("name",)
    search_help_text = "Name or kind of the asset"
    ordering = ("name_key",)
    change_list_template = "admin/identity/asset/list.html"
    detail_template = "admin/identity/asset/detail.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Asset]:
        rows: QuerySet[Asset] = super().get_queryset(request)
        return rows.prefetch_related("ownerships__user")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Asset], search_term: str
    ) -> tuple[QuerySet[Asset], bool]:
        key = fold(search_term).strip()
        if key:
            queryset = queryset.filter(Q(name_key__contains=key) | Q(kind__icontains=search_term.strip()))
        return queryset, False

    @display(description="Since", ordering="created_at")
    def since(self, asset: Asset) -> str:
        return moment(asset.created_at)

    @display(description="Owners")
    def shown_owners(self, asset: Asset) -> str:
        owners = [ownership.user for ownership in asset.ownerships.all()]
        if not any(owner.is_active for owner in owners):
            return badge(f"No enabled owner ({', '.join(map(str, owners)) or 'nobody'})", "amber")
        return ", ".join(map(str, owners))

    def get_detail(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return {
            "ownerships": obj.ownerships.select_related("user").order_by("user__username_key"),
            "may_remove": bool(decide(request, Action.MANAGE_ASSETS)),
            "remove_url": reverse(self.url_name(RemoveOwner.name), args=(obj.pk,)),
        }
