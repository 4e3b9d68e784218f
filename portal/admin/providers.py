"""Identity providers: set-up guides, SCIM tokens and the last requests received."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.forms import (
    BooleanField,
    CharField,
    ChoiceField,
    Form,
    RadioSelect,
    ValidationError,
)
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from identity.models import Conflict, IdentityProvider, ProvisioningLog, SCIMToken, User
from identity.policy import Action
from identity.services import identity_providers, tokens
from portal.admin.base import ActionPage, PortalModelAdmin, decide, mode_of, person_of
from portal.admin.connections import ConnectOIDC, ConnectSAML, connections_of
from portal.admin.guides import guide_of
from portal.admin.parts import badge, count_of, moment
from portal.forms import TokenForm

LAST_REQUESTS = 8
SILENT_AFTER = timedelta(days=2)


def scim_base_url() -> str:
    """What an identity provider is given as SCIM base URL (SR-31: never from a request's headers)."""
    return f"{settings.PUBLIC_URL}/scim/v2"


# --- identity providers ---


class ProviderForm(Form):
    """An identity provider's name, kind, and whether it asks before it adopts (R5)."""

    name = CharField(max_length=255, help_text="As administrators call it, for example “Okta” or “Entra, Berlin”.")
    kind = ChoiceField(choices=IdentityProvider.Kind.choices, widget=RadioSelect, initial=IdentityProvider.Kind.OKTA)
    asks_before_adopting = BooleanField(
        required=False,
        label="Ask before adopting existing users",
        help_text=(
            "Same username and same email as an existing user: record a conflict for an administrator instead of "
            "linking at once."
        ),
    )


class AddProvider(ActionPage):
    """Set up a new identity provider."""

    name = "add"
    label = "Add identity provider"
    action = Action.MANAGE_PROVIDERS
    icon = "add"
    of_list = True
    submit = "Add and show the set-up guide"
    form_class = ProviderForm
    made: IdentityProvider | None = None

    def run(self, form: ProviderForm) -> str:
        self.made = identity_providers.create_identity_provider(**form.cleaned_data, actor=person_of(self.request))
        return f"{self.made} was added. Create a token next."

    def get_success_url(self) -> str:
        return self.model_admin.detail_url(self.made) if self.made else self.model_admin.list_url()


class EditProvider(ActionPage):
    """Rename an identity provider or change its settings."""

    name = "edit"
    label = "Edit"
    action = Action.MANAGE_PROVIDERS
    submit = "Save"
    form_class = ProviderForm

    def get_initial(self) -> dict[str, Any]:
        return {name: getattr(self.obj, name) for name in ProviderForm.base_fields}

    def run(self, form: ProviderForm) -> str:
        identity_providers.edit_identity_provider(self.obj, **form.cleaned_data, actor=person_of(self.request))
        return "The identity provider was saved."


class ConfirmNameForm(Form):
    """The provider's name, typed, so that nobody deletes one by a slip."""

    name = CharField(label="Type the name to confirm")

    def __init__(self, *args: Any, expected: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected
        self.fields["name"].widget.attrs["autocomplete"] = "off"

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name != self.expected:
            raise ValidationError(f"This is not the name: type {self.expected}")
        return name


class DeleteProvider(ActionPage):
    """Take an identity provider off the portal, after saying what hangs on it."""

    name = "delete"
    label = "Delete"
    action = Action.MANAGE_PROVIDERS
    icon = "delete"
    danger = True
    fresh = True
    submit = "Delete this identity provider"
    form_class = ConfirmNameForm
    template_name = "admin/identity/identityprovider/delete.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "expected": self.obj.name}

    def run(self, form: Form) -> str:
        name = self.obj.name
        identity_providers.delete_identity_provider(self.obj, actor=person_of(self.request))
        self.obj.pk = None
        return f"{name} was deleted. Its people stay and are no longer managed by an identity provider."

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        usage = identity_providers.usage(self.obj) if self.obj.pk else {}
        return super().get_context_data(title=f"Delete {self.obj.name}?", usage=usage, **kwargs)


class CreateToken(ActionPage):
    """Create a SCIM token; the answer is the only page that ever shows its secret (SR-11)."""

    name = "create_token"
    label = "Create SCIM token"
    action = Action.MANAGE_PROVIDERS
    icon = "key"
    fresh = True
    form_class = TokenForm
    explanation = "The token is shown once, on the next page. The portal keeps only a digest of it."

    def form_valid(self, form: TokenForm) -> HttpResponse:
        token, secret = tokens.create_token(
            self.obj,
            label=form.cleaned_data["label"],
            expires_at=form.cleaned_data["expires_on"],
            actor=person_of(self.request),
        )
        context = {
            **self.get_context_data(form=form, title=f"Your new token for {self.obj}"),
            "token": token,
            "secret": secret,
            "base_url": scim_base_url(),
        }
        answer = TemplateResponse(self.request, "admin/identity/identityprovider/token.html", context)
        answer["Cache-Control"] = "no-store"
        return answer


def with_activity(rows: QuerySet[IdentityProvider]) -> QuerySet[IdentityProvider]:
    """Identity providers with how many people they manage, open conflicts and their last request."""
    people = User.objects.filter(managed_by=OuterRef("pk"))
    waiting = Conflict.objects.open().filter(identity_provider=OuterRef("pk"))
    used = SCIMToken.objects.filter(identity_provider=OuterRef("pk"), last_used_at__isnull=False)
    return rows.annotate(
        user_count=count_of(people),
        open_conflicts=count_of(waiting),
        last_request_at=Subquery(used.order_by("-last_used_at").values("last_used_at")[:1]),
    )


@admin.register(IdentityProvider)
class IdentityProviderAdmin(PortalModelAdmin):
    """Identity providers."""

    view_actions = (Action.MANAGE_PROVIDERS,)
    pages = (AddProvider, CreateToken, ConnectOIDC, ConnectSAML, EditProvider, DeleteProvider)
    list_display = ("name", "kind", "users", "last_request", "conflicts")
    search_fields = ("name",)
    sortable_by = ()
    change_list_template = "admin/identity/identityprovider/list.html"
    detail_template = "admin/identity/identityprovider/detail.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[IdentityProvider]:
        return with_activity(super().get_queryset(request))

    @display(description="Users")
    def users(self, provider: Any) -> int:
        return provider.user_count  # type: ignore[no-any-return]

    @display(description="Last request received")
    def last_request(self, provider: Any) -> str:
        if provider.last_request_at is None:
            return badge("Never", "amber")
        return moment(provider.last_request_at)

    @display(description="Open conflicts")
    def conflicts(self, provider: Any) -> str:
        return badge(provider.open_conflicts, "amber") if provider.open_conflicts else "–"

    def get_detail(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return {
            "base_url": scim_base_url(),
            "guide": guide_of(obj),
            "tokens": obj.scim_tokens.select_related("created_by"),
            "connections": connections_of(obj),
            "sso_group_count": obj.sso_groups.count(),
            "may_revoke": bool(decide(request, Action.MANAGE_PROVIDERS)),
            "requests": ProvisioningLog.objects.filter(identity_provider=obj)[:LAST_REQUESTS],
            "log_url": f"{reverse('admin:identity_provisioninglog_changelist')}?identity_provider__id__exact={obj.pk}",
            "conflicts_url": f"{reverse('admin:identity_conflict_changelist')}?identity_provider__id__exact={obj.pk}",
            "scim_enabled": mode_of(request).scim_enabled,
            "is_silent": _is_silent(obj),
            "last_request_ago": timesince(obj.last_request_at, depth=1) if obj.last_request_at else "",
        }


def _is_silent(provider: Any) -> bool:
    """Whether an identity provider that used to call has stopped."""
    last: datetime | None = provider.last_request_at
    return last is not None and last < timezone.now() - SILENT_AFTER


# --- SCIM tokens ---


class RevokeToken(ActionPage):
    """Delete a token: the next request that carries it is refused (SR-12)."""

    name = "revoke"
    label = "Revoke"
    action = Action.MANAGE_PROVIDERS
    icon = "key_off"
    danger = True
    fresh = True
    submit = "Revoke this token"

    def get_explanation(self) -> str:
        used = "It was never used. " if self.obj.last_used_at is None else ""
        return f"{used}The next request of {self.obj.identity_provider} that carries it is refused. This is final."

    def run(self, form: Form) -> str:
        tokens.revoke_token(self.obj, actor=person_of(self.request))
        return f"The token {self.obj} was revoked."

    def get_success_url(self) -> str:
        return reverse("admin:identity_identityprovider_change", args=(self.obj.identity_provider_id,))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(title=f"Revoke the token {self.obj.label}?", **kwargs)


@admin.register(SCIMToken)
class SCIMTokenAdmin(PortalModelAdmin):
    """All live tokens with creator, creation, last use and source address (SR-12)."""

    view_actions = (Action.MANAGE_PROVIDERS,)
    pages = (RevokeToken,)
    list_display = (
        "label",
        "hint",
        "identity_provider",
        "created_by",
        "created",
        "last_used",
        "last_used_from",
        "expires",
    )
    list_filter: ClassVar = (("identity_provider", RelatedDropdownFilter),)
    list_filter_submit = True
    list_select_related = ("identity_provider", "created_by")
    search_fields = ("label", "hint")
    empty_value_display = "–"
    change_list_template = "admin/identity/scimtoken/list.html"
    detail_template = "admin/identity/scimtoken/detail.html"

    @display(description="Created", ordering="created_at")
    def created(self, token: SCIMToken) -> str:
        return moment(token.created_at)

    @display(description="Last used", ordering="last_used_at")
    def last_used(self, token: SCIMToken) -> str:
        return moment(token.last_used_at) if token.last_used_at else badge("Never", "amber")

    @display(description="Expires", ordering="expires_at")
    def expires(self, token: SCIMToken) -> str:
        if token.expires_at is None:
            return "Never"
        return badge("Expired", "red") if token.is_expired else moment(token.expires_at)
