"""Identity providers: their settings and state, and the latest requests received."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet
from django.forms import BooleanField, CharField, ChoiceField, Form, RadioSelect, ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from unfold.decorators import display

from identity import policy
from identity.core.decisions import Action, Mode
from identity.db.counting import MOST, count_up_to, up_to
from identity.models import Conflict, IdentityProvider, ProviderContact, ProvisioningLog, User
from identity.queries.rhythm import JUDGED, pause_in_words, with_last_request, with_refusals
from identity.queries.turned_away import account_of
from identity.services import identity_providers
from identity.services.brakes import brake_of
from portal.admin.access.reconciling import Reconcile
from portal.admin.frame.base import ActionPage, PortalModelAdmin
from portal.admin.frame.deciding import decide, mode_of, person_of
from portal.admin.frame.lists import PortalChangeList
from portal.admin.frame.parts import badge, moment, row_or_404
from portal.admin.providers.activity import ShownActivity
from portal.admin.providers.brakes import ReleaseBrake, SetBrake
from portal.admin.providers.pauses import PauseProvider, ResumeProvider
from portal.admin.providers.received import live_fragment
from portal.admin.providers.runs import RestoreRun, RunPage, RunsPage, runs_on_the_page
from portal.admin.providers.scim_tokens import CreateToken, token_lines
from portal.admin.providers.scim_trusts import CreateTrust, state_of
from portal.admin.providers.set_up import SetUp, Watch
from portal.admin.providers.sso_connections import ConnectOIDC, ConnectSAML, connections_of
from portal.admin.providers.try_request import RunSelfTest, TryRequest
from portal.admin.providers.turned_away_decisions import DecideAll

LAST_REQUESTS = 8
UNKNOWN_SHOWN = 100


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
    refuses_nested_groups = BooleanField(
        required=False,
        label="Refuse nested groups",
        help_text=(
            "A group among the members of a pushed group is skipped and counted on the SSO group's page. Tick it to "
            "refuse such a push with 400 instead: some identity providers stop a whole sync then."
        ),
    )


class ProviderChangesForm(ProviderForm):
    """Adds whether external IDs identify people, which a new provider takes from its kind (R9), and what is kept."""

    identifies_by_external_id = BooleanField(
        required=False,
        label="External IDs identify people",
        help_text=(
            "A person who comes back under another userName is known by the external ID. Switch it on only if the "
            "identity provider sends an ID that is never given to another person: Okta and Rauthy do so by default; "
            "Microsoft Entra ID when externalId is mapped from objectId; others by their attribute mapping."
        ),
    )
    keeps_requests = BooleanField(
        required=False,
        label="Keep requests in the provisioning log",
        help_text=(
            "What it sent is shown with each row, for as long as the access settings say: attributes that the portal "
            "knows, never passwords. Rows that have a request keep it when you switch this off."
        ),
    )
    refuses_static_tokens = BooleanField(
        required=False,
        label="Accept access tokens only",
        help_text=(
            "SCIM tokens that were created here and pasted are refused. It needs a SCIM trust that has issued an "
            "access token."
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
        if self.made is None:
            return self.model_admin.list_url()
        return reverse(self.model_admin.url_name(SetUp.name), args=(self.made.pk,))


class EditProvider(ActionPage):
    """Rename an identity provider or change its settings."""

    name = "edit"
    label = "Edit"
    action = Action.MANAGE_PROVIDERS
    submit = "Save"
    form_class = ProviderChangesForm

    def get_initial(self) -> dict[str, Any]:
        return {name: getattr(self.obj, name) for name in ProviderChangesForm.base_fields}

    def run(self, form: ProviderForm) -> str:
        identity_providers.edit_identity_provider(self.obj, **form.cleaned_data, actor=person_of(self.request))
        return "The identity provider was saved."


class ConfirmNameForm(Form):
    """The provider's name, typed, so that none is deleted by accident."""

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
    """Remove an identity provider from the portal, after showing what depends on it."""

    name = "delete"
    label = "Delete"
    action = Action.DELETE_PROVIDER
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
        usage = identity_providers.usage(self.obj, most=MOST) if self.obj.pk else {}
        in_words = {name: up_to(MOST, number) for name, number in usage.items()}
        return super().get_context_data(title=f"Delete {self.obj.name}?", usage=in_words, **kwargs)


def with_activity(rows: QuerySet[IdentityProvider]) -> QuerySet[IdentityProvider]:
    """Adds how many people they manage, and open conflicts, neither counted further than a page can wait for."""
    people = User.objects.filter(managed_by=OuterRef("pk"))
    waiting = Conflict.objects.open().filter(identity_provider=OuterRef("pk"))
    return with_refusals(with_last_request(rows)).annotate(
        user_count=count_up_to(MOST, people), open_conflicts=count_up_to(MOST, waiting)
    )


class ProviderChangeList(PortalChangeList):
    """A page of identity providers, each with its behaviour."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = _with_behaviour(self.result_list, mode_of(request))


def _with_behaviour(providers: Iterable[Any], mode: Mode) -> list[Any]:
    """Adds each one's behaviour, by its rhythm."""
    rhythms, found = ProviderContact.objects.rhythms(), list(providers)
    for provider in found:
        provider.activity = ShownActivity.of(provider, rhythms, scim_enabled=mode.scim_enabled)
    return found


@admin.register(IdentityProvider)
class IdentityProviderAdmin(PortalModelAdmin):
    """Identity providers."""

    seen_by = Action.VIEW_PROVIDERS
    pages = (
        AddProvider,
        SetUp,
        CreateToken,
        CreateTrust,
        Watch,
        TryRequest,
        RunSelfTest,
        ConnectOIDC,
        ConnectSAML,
        EditProvider,
        Reconcile,
        PauseProvider,
        ResumeProvider,
        DecideAll,
        SetBrake,
        ReleaseBrake,
        RunsPage,
        RunPage,
        RestoreRun,
        DeleteProvider,
    )
    list_display = ("name", "kind", "users", "last_request", "refused", "conflicts")
    search_fields = ("name",)
    search_help_text = "Name of the identity provider"
    sortable_by = ()
    change_list_template = "admin/identity/identityprovider/list.html"
    detail_template = "admin/identity/identityprovider/detail.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[IdentityProvider]:
        return with_activity(super().get_queryset(request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return ProviderChangeList

    def export_rows(self, batch: list[Any]) -> Iterable[Iterable[object]]:
        return super().export_rows(_with_behaviour(batch, policy.current_mode()))

    @display(description="Users")
    def users(self, provider: Any) -> str:
        return up_to(MOST, provider.user_count)

    @display(description="Last request received")
    def last_request(self, provider: Any) -> str:
        if provider.last_request_at is None:
            return badge("Never", "amber")
        silent = badge("Silent", "amber") if provider.activity.is_silent else ""
        return format_html("<span>{} {}</span>", moment(provider.last_request_at), silent)

    @display(description=f"Refused of the last {JUDGED} changes")
    def refused(self, provider: Any) -> str:
        activity = provider.activity
        if not provider.refused:
            return activity.error_rate or "–"
        return format_html('<a href="{}">{}</a>', activity.refusals_url, activity.error_rate)

    @display(description="Open conflicts")
    def conflicts(self, provider: Any) -> str:
        return badge(up_to(MOST, provider.open_conflicts), "amber") if provider.open_conflicts else "–"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.live)
        return [path("<int:pk>/live/", view, name="identity_identityprovider_live"), *super().get_urls()]

    def live(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The fragment that the set-up page polls while it is open."""
        self.require_view(request)
        return live_fragment(request, row_or_404(IdentityProvider.objects.all(), pk))

    def get_detail(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        scim_enabled = mode_of(request).scim_enabled
        activity = ShownActivity.of(obj, ProviderContact.objects.rhythms(), scim_enabled=scim_enabled)
        return {
            "managed": up_to(MOST, obj.user_count),
            "waiting": up_to(MOST, obj.open_conflicts),
            "tokens": token_lines(obj.scim_tokens.made().select_related("created_by")),
            "trusts": [(trust, state_of(trust)) for trust in obj.scim_trusts.all()],
            "connections": connections_of(obj),
            "sso_group_count": obj.sso_groups.count(),
            "may_revoke": bool(decide(request, Action.MANAGE_PROVIDERS)),
            "requests": ProvisioningLog.objects.filter(identity_provider=obj)[:LAST_REQUESTS],
            "log_url": f"{reverse('admin:identity_provisioninglog_changelist')}?idp={obj.pk}",
            "conflicts_url": f"{reverse('admin:identity_conflict_changelist')}?identity_provider__id__exact={obj.pk}",
            "unknown": obj.unknown_attributes.exclude(name="")[:UNKNOWN_SHOWN],
            "unknown_beyond": obj.unknown_attributes.filter(name="").first(),
            "scim_enabled": scim_enabled,
            "account": account_of(obj),
            "brake": brake_of(obj),
            "turned_away_url": f"{reverse('admin:identity_turnedaway_changelist')}?idp={obj.pk}&state__exact=open",
            "activity": activity,
            "usual_pause": pause_in_words(activity.rhythm),
            **runs_on_the_page(obj),
        }
