"""Support: disabled users, and their permanent deletion (R10, SR-19)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, include, path
from django.utils.functional import cached_property
from unfold.decorators import display

from identity.core.decisions import Action, Decision
from identity.core.keys import sought
from identity.db import replica
from identity.db.keyset import batches
from identity.models import DeletionRecord, SSOUser, Status, User
from identity.models.users import matching
from identity.services import deletion
from portal.admin.frame.base import ActionPage, PortalModelAdmin
from portal.admin.frame.buttons import allowed_buttons
from portal.admin.frame.deciding import decide, person_of
from portal.admin.frame.parts import Search, is_key, moment, page_of, searched
from portal.admin.frame.site import site
from portal.exchange.csv_out import USER_COLUMNS, csv_lines, download, user_cells
from portal.project.replicas import read_by

TRANSFEREES = 10
GROUPS_NAMED = 10


# --- permanent deletion ---


class DeletionForm(forms.Form):
    """The transferee, the reason, and the username as proof that this person is meant."""

    transferee = forms.ModelChoiceField(
        queryset=User.objects.all(),
        required=False,
        error_messages={"invalid_choice": "Choose one of the people found."},
    )
    reason = forms.CharField(max_length=500, help_text="It stays in the deletion record: name no personal data.")
    username = forms.CharField(
        label="Type the username to confirm",
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, user: User, may_take: Callable[[User | None], Decision], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.may_take = may_take

    def clean_username(self) -> str:
        """Compared as the service does; repeated here so that the error appears at the field."""
        typed: str = self.cleaned_data["username"]
        if sought(typed) != self.user.username_key:
            raise forms.ValidationError(f"This is not the username: type {self.user.username}")
        return typed

    def clean_transferee(self) -> User | None:
        chosen: User | None = self.cleaned_data["transferee"]
        decision = self.may_take(chosen)
        if not decision:
            raise forms.ValidationError(decision.reason)
        return chosen


class DeletePermanently(Search, ActionPage):
    """Permanently delete a disabled user, after showing what goes, what stays and what needs a new owner."""

    name = "delete"
    label = "Delete permanently"
    action = Action.DELETE_PERMANENTLY
    icon = "delete_forever"
    danger = True
    fresh = True
    form_class = DeletionForm
    template_name = "admin/support/delete.html"

    @cached_property
    def preflight(self) -> deletion.Preflight:
        return deletion.preflight(self.obj)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.obj, "may_take": self.may_take}

    def may_take(self, taker: User | None) -> Decision:
        return decide(self.request, Action.HAND_OVER, user=self.obj, taker=taker)

    def run(self, form: DeletionForm) -> str:
        said = form.cleaned_data
        alone = self.preflight.owned_alone
        deletion.delete_permanently(
            self.obj,
            typed_username=said["username"],
            reason=said["reason"],
            transferee=said["transferee"] if alone else None,
            actor=person_of(self.request),
        )
        name, self.obj = self.obj.username, None
        if not alone:
            return f"{name} was deleted permanently."
        assets = "1 asset" if len(alone) == 1 else f"{len(alone)} assets"
        return f"{name} was deleted permanently. {said['transferee'].display_name} owns {assets} now."

    @cached_property
    def found(self) -> list[User]:
        """The search results among possible transferees."""
        people: QuerySet[User] = User.objects.able_to_own().order_by("username_key")
        if self.query:
            people = people.filter(matching(self.query))
        return list(people[: TRANSFEREES + 1])

    def candidates(self) -> list[User]:
        """The people found, preceded by those chosen before another search or a form error."""
        before = list(User.objects.able_to_own().filter(pk__in=self.ticked("transferee")))
        return list(dict.fromkeys([*before, *self.found[:TRANSFEREES]]))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if context.get("refusal"):
            return context
        found = self.preflight
        return {
            **context,
            "opts": None,  # else the page's header says "Users", whose pages support may not see
            "leads_to": "Disabled users",  # support has no page about a single user
            "title": f"Delete {self.obj.display_name} permanently?",
            "submit": "Delete permanently",
            "preflight": found,
            "sso_user": SSOUser.objects.filter(user=self.obj).select_related("identity_provider").first(),
            "groups": found.groups[:GROUPS_NAMED],
            "more_groups": max(0, len(found.groups) - GROUPS_NAMED),
            **self.search_context(),
            "candidates": self.candidates() if found.owned_alone else [],
            "has_more": bool(found.owned_alone) and len(self.found) > TRANSFEREES,
            "chosen": self.ticked("transferee"),
        }


class DisabledUserAdmin(PortalModelAdmin):
    """The list of disabled users: separate pages about users, which only support sees."""

    seen_by = Action.VIEW_DISABLED_USERS
    pages = (DeletePermanently,)

    def url_name(self, page: str) -> str:
        return "admin:disabled_users" if page == "changelist" else f"admin:disabled_users_{page}"

    def get_urls(self) -> list[URLPattern]:
        listed = path("", self.admin_site.admin_view(self.list_view), name="disabled_users")
        saved = path("export.csv", self.admin_site.admin_view(self.file_view), name="disabled_users_export")
        return [listed, saved, *(self._page_url(page) for page in self.pages)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        rows: QuerySet[User] = User.objects.with_status(Status.DISABLED).select_related("managed_by")
        return rows

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> User | None:
        return self.get_queryset(request).filter(pk=object_id).first() if is_key(object_id) else None

    def detail_url(self, obj: Any) -> str:
        """Support has no page about a user, since it may not see the directory."""
        return self.list_url()

    def _asked_for(self, request: HttpRequest) -> QuerySet[User]:
        """The search results, or everyone without a search. Raises PermissionDenied."""
        self.require_view(request)
        rows = self.get_queryset(request)
        query = searched(request)
        return rows.filter(matching(query)) if query else rows

    def file_view(self, request: HttpRequest) -> HttpResponseBase:
        """The same as CSV."""
        return read_by(request, replica.EXPORTS, lambda: self._file(request))

    def _file(self, request: HttpRequest) -> HttpResponseBase:
        rows = self._asked_for(request).prefetch_related("portal_groups")
        cells = (user_cells(user) for batch in batches(rows) for user in batch)
        return download(csv_lines(USER_COLUMNS, cells), name="disabled-users", kind="csv")

    def list_view(self, request: HttpRequest) -> HttpResponse:
        return read_by(request, self.area, lambda: self._page(request))

    def _page(self, request: HttpRequest) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Disabled users",
            "q": searched(request),
            "slice": (found := page_of(request, self._asked_for(request).order_by("username_key"))),
            "people": [(user, allowed_buttons(self.buttons(request, user))) for user in found.rows],
        }
        return TemplateResponse(request, "admin/support/disabled_users.html", context)


# Not registered: the site has the administrators' pages for users.
site.add_urls(lambda site: [path("disabled-users/", include(DisabledUserAdmin(User, site).get_urls()))])


# --- past deletions ---


@admin.register(DeletionRecord)
class DeletionRecordAdmin(PortalModelAdmin):
    """Deletion records (when, who deleted, why): ids and keyed digests, no personal data."""

    seen_by = Action.VIEW_DELETIONS
    list_display = ("shown_id", "at", "deleted_by", "reason")
    search_fields = ("username_digest",)
    search_help_text = "Was it this person? The whole username or email"
    sortable_by = ()
    change_list_template = "admin/support/deletions.html"
    detail_template = "admin/support/deletion.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeletionRecord]:
        who = User.objects.filter(pk=OuterRef("deleted_by_id")).values("username")[:1]
        rows: QuerySet[DeletionRecord] = super().get_queryset(request).annotate(deleted_by_name=Subquery(who))
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[DeletionRecord], search_term: str
    ) -> tuple[QuerySet[DeletionRecord], bool]:
        """By the digest of the name entered: the record says whether it was this person, not who it was."""
        key = sought(search_term)
        if key:
            queryset = queryset.filter(pk__in=deletion.records_of(key).values("pk"))
        return queryset, False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"title": "Deletions"})

    @display(description="User id")
    def shown_id(self, record: DeletionRecord) -> str:
        return f"user {record.user_id}"

    @display(description="Deleted (UTC)")
    def at(self, record: DeletionRecord) -> str:
        return moment(record.deleted_at)

    @display(description="Deleted by")
    def deleted_by(self, record: Any) -> str:
        return deleted_by(record)

    def get_detail(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return {"title": f"Deletion of user {obj.user_id}", "deleted_by": deleted_by(obj)}


def deleted_by(record: Any) -> str:
    if record.deleted_by_id is None:
        return "Command line"
    return record.deleted_by_name or f"user {record.deleted_by_id}, deleted since"
