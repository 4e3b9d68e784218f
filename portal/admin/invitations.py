"""Invitations that are out, and inviting many at once from a file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from io import StringIO
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.forms import ClearableFileInput, FileField, Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display
from unfold.views import ChangeList

from identity.errors import InvalidValue
from identity.models import BulkRow, BulkRun, Invitation, User
from identity.models.users import matching
from identity.policy import Action
from identity.services import bulk, invitations
from portal.admin.base import ActionPage, Button, PortalModelAdmin, person_of
from portal.admin.parts import badge, moment
from portal.admin.user_actions import InviteUser
from portal.admin.user_bulk import MOST_AT_ONCE, BulkPage, BulkResend, BulkRevoke
from portal.imports import Row, read_people

MOST_BYTES = 2 * 1024 * 1024
SOON = timedelta(hours=24)


# --- a file of people ---


class FileForm(Form):
    """A CSV file as spreadsheets write it."""

    file = FileField(
        label="CSV file",
        help_text="With the columns username, email, first_name and last_name; the last two may be left out.",
        widget=ClearableFileInput({"accept": ".csv,text/csv"}),
    )

    def clean_file(self) -> list[Row]:
        """The people in it."""
        file: UploadedFile = self.cleaned_data["file"]
        if file.size is None or file.size > MOST_BYTES:
            raise ValidationError("The file is larger than 2 MB: split it.")
        try:
            rows = read_people(StringIO(file.read().decode("utf-8-sig"), newline=""))
        except UnicodeDecodeError as error:
            raise ValidationError("The file is not UTF-8: save it as “CSV UTF-8”.") from error
        except InvalidValue as error:
            raise ValidationError(f"The {error.sentence}") from error
        if not rows:
            raise ValidationError("There is nobody in the file.")
        return rows


class ImportInvitations(ActionPage):
    """Read a file into a draft: who would be invited, who can't be and why. No mail goes before it is started."""

    name = "import"
    label = "Invite from a file"
    icon = "upload_file"
    action = Action.INVITE
    of_list = True
    form_class = FileForm
    submit = "Show the preview"
    explanation = "The next page shows everybody in the file. Nobody is invited before you start it there."
    draft: BulkRun | None = None

    def run(self, form: FileForm) -> str:
        people = form.cleaned_data["file"]
        refusals = invitations.check_invitations(people)
        wanted = [_wanted(row, refusal) for row, refusal in zip(people, refusals, strict=True)]
        self.draft = bulk.create_run(BulkRun.Kind.INVITE, wanted, is_draft=True, actor=person_of(self.request))
        return ""

    def get_success_url(self) -> str:
        if self.draft is None:
            return super().get_success_url()
        return reverse("admin:identity_bulkrun_change", args=(self.draft.pk,))


def _wanted(row: Row, refusal: str) -> bulk.Wanted:
    outcome = BulkRow.Outcome.REFUSED if refusal else BulkRow.Outcome.PENDING
    return bulk.Wanted(values=row, outcome=outcome, sentence=refusal)


# --- the list ---


class LinkFilter(DropdownFilter):
    """Whether the link still works."""

    title = "link"
    parameter_name = "link"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("works", "Works"), ("expired", "Expired")]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Invitation]:
        match self.value():
            case "works":
                return queryset.filter(expires_at__gt=timezone.now())  # type: ignore[no-any-return]
            case "expired":
                return queryset.filter(expires_at__lte=timezone.now())  # type: ignore[no-any-return]
        return queryset  # type: ignore[no-any-return]


class InvitationChangeList(ChangeList):
    """An invitation is looked at on the page of the person."""

    def url_for_result(self, result: Any) -> str:
        return reverse("admin:identity_user_change", args=(result.user_id,))


@admin.register(Invitation)
class InvitationAdmin(PortalModelAdmin):
    """Who was invited and has not come in yet."""

    pages = (ImportInvitations,)
    actions = ("resend_chosen", "revoke_chosen")
    list_display = ("person", "email", "invited_by", "sent", "link")
    list_filter: ClassVar = (LinkFilter,)
    list_filter_submit = True
    list_select_related = ("user", "invited_by")
    search_fields = ("user__username_key",)
    search_help_text = "Username, email or name begins with …"
    sortable_by = ()
    show_facets = admin.ShowFacets.NEVER
    change_list_template = "admin/identity/invitation/list.html"
    export_columns: ClassVar = {
        "username": "username",
        "email": "email",
        "first_name": "first_name",
        "last_name": "last_name",
        "invited_by": "invited_by",
        "sent_at": "sent_at",
        "expires_at": "expires_at",
    }

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return InvitationChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Invitation], search_term: str
    ) -> tuple[QuerySet[Invitation], bool]:
        return (queryset.filter(matching(search_term, "user__")) if search_term.strip() else queryset), False

    def list_buttons(self, request: HttpRequest) -> list[Button]:
        users_admin: Any = self.admin_site._registry[User]
        return [InviteUser.button(users_admin, request), *super().list_buttons(request)]

    @display(description="Person", header=True)
    def person(self, invitation: Invitation) -> tuple[str, str]:
        return invitation.user.display_name, invitation.user.username

    @display(description="Sent (UTC)")
    def sent(self, invitation: Invitation) -> str:
        return moment(invitation.created_at)

    @display(description="Link")
    def link(self, invitation: Invitation) -> str:
        left = invitation.expires_at - timezone.now()
        if left <= timedelta(0):
            return badge("Expired", "red")
        hours = int(left.total_seconds() // 3600)
        return badge(f"Works for {hours} h", "amber" if left < SOON else "green")

    @admin.action(description="Send invitations again")
    def resend_chosen(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> HttpResponse:
        return _ask(BulkResend, queryset)

    @admin.action(description="Revoke invitations")
    def revoke_chosen(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> HttpResponse:
        return _ask(BulkRevoke, queryset)

    def export_queryset(self, rows: QuerySet[Invitation]) -> QuerySet[Invitation]:
        return rows.select_related("user", "invited_by")

    def export_rows(self, batch: list[Invitation]) -> Iterable[Iterable[object]]:
        for row in batch:
            user = row.user
            said = (user.username, row.email, user.first_name, user.last_name)
            yield (*said, row.invited_by, row.created_at, row.expires_at)


def _ask(page: type[BulkPage], queryset: QuerySet[Invitation]) -> HttpResponse:
    keys = queryset.order_by("user").values_list("user", flat=True)[:MOST_AT_ONCE]
    query = urlencode({"ids": ",".join(map(str, keys))}, safe=",")
    return HttpResponseRedirect(f"{reverse(f'admin:identity_user_{page.name}')}?{query}")
