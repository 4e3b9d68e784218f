"""Pending invitations, and inviting many people from a file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from math import ceil
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.forms import ClearableFileInput, FileField, Form
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from identity.core.decisions import Action, Decision
from identity.core.errors import InvalidValue
from identity.models import BulkRun, Invitation, User
from identity.models.users import matching
from identity.queries.invitation_links import OF_ITSELF, LinkState, link_of, with_link
from identity.services import bulk_runs as bulk
from identity.services import invitations
from portal.admin.frame.base import ActionPage, PortalModelAdmin
from portal.admin.frame.buttons import Button
from portal.admin.frame.deciding import decide, mode_of, person_of
from portal.admin.frame.lists import PortalChangeList
from portal.admin.frame.parts import badge, moment
from portal.admin.people.user_actions import InviteUser
from portal.admin.people.user_bulk import MOST_AT_ONCE, BulkPage, BulkStatus, ask
from portal.exchange.csv_in import Line, read_people

MOST_BYTES = 2 * 1024 * 1024
SOON = timedelta(hours=24)


# --- a file of people ---


class FileForm(Form):
    """A CSV file as spreadsheets write it."""

    file = FileField(
        label="CSV file",
        help_text="With the columns username, email, first_name and last_name; the last two may be left out. Cells "
        "stand apart by commas, semicolons or tabs.",
        widget=ClearableFileInput({"accept": ".csv,text/csv"}),
    )

    def clean_file(self) -> list[Line]:
        """The people in it."""
        file: UploadedFile = self.cleaned_data["file"]
        if file.size is None or file.size > MOST_BYTES:
            raise ValidationError("The file is larger than 2 MB: split it.")
        try:
            lines = read_people(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise ValidationError("The file is not UTF-8: save it as “CSV UTF-8”.") from error
        except InvalidValue as error:
            raise ValidationError(f"The {error.sentence}") from error
        if not lines:
            raise ValidationError("The file lists no people.")
        if len(lines) > bulk.MOST_ROWS:
            raise ValidationError(f"There are more than {bulk.MOST_ROWS:,} people in the file: split it.")
        return lines


class ImportInvitations(ActionPage):
    """Read a file into a draft: who would be invited, who can't be and why. No mail is sent before it is started."""

    name = "import"
    label = "Invite from a file"
    icon = "upload_file"
    action = Action.INVITE
    of_list = True
    form_class = FileForm
    submit = "Show the preview"
    explanation = "The next page lists everyone in the file. No invitation is sent until you start it there."
    draft: BulkRun | None = None

    def run(self, form: FileForm) -> str:
        lines = form.cleaned_data["file"]
        refusals = iter(invitations.check_invitations(line.said for line in lines if not line.problem))
        wanted = [bulk.to_invite(line.said, line.problem or next(refusals), position=line.number) for line in lines]
        self.draft = bulk.create_run(BulkRun.Kind.INVITE, wanted, is_draft=True, actor=person_of(self.request))
        return ""

    def get_success_url(self) -> str:
        if self.draft is None:
            return super().get_success_url()
        return reverse("admin:identity_bulkrun_change", args=(self.draft.pk,))


# --- several of them ---


class _Invitations(BulkStatus):
    """For people who have not accepted yet."""

    def people_in(self, rows: QuerySet[Any]) -> QuerySet[User]:
        people: QuerySet[User] = User.objects.filter(pk__in=rows.order_by().values("user"))
        return people


class BulkResend(_Invitations):
    """New links replace the old ones."""

    name = "bulk_resend"
    label = "Send invitations again"
    icon = "forward_to_inbox"
    kind = BulkRun.Kind.RESEND_INVITATION
    done = "invited again"
    explanation = "Each gets a mail with a new link, good for 72 hours. The old links stop working."

    @classmethod
    def decide(cls, request: HttpRequest, obj: Any) -> Decision:
        """The mode refuses it for all of them, or for none."""
        return decide(request, Action.RESEND_INVITATION)


class BulkRevoke(_Invitations):
    """The links stop working; the accounts stay, Disabled."""

    name = "bulk_revoke"
    label = "Revoke invitations"
    icon = "cancel_schedule_send"
    danger = True
    kind = BulkRun.Kind.REVOKE_INVITATION
    done = "revoked"
    explanation = (
        "The links stop working, and the accounts of these people, who never were in, are disabled. "
        "To invite one of them anew, let support delete the account first."
    )


# --- the list ---


class LinkFilter(DropdownFilter):
    """Whether the link still works."""

    title = "link"
    parameter_name = "link"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(link.value, link.label) for link in OF_ITSELF]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Invitation]:
        if self.value() not in OF_ITSELF:
            return queryset  # type: ignore[no-any-return]
        return with_link(queryset, LinkState(str(self.value())))


class InvitationChangeList(PortalChangeList):
    """An invitation's page is the user's page."""

    def url_for_result(self, result: Any) -> str:
        return reverse("admin:identity_user_change", args=(result.user_id,))


@admin.register(Invitation)
class InvitationAdmin(PortalModelAdmin):
    """People who were invited and have not signed in yet."""

    pages = (ImportInvitations, BulkResend, BulkRevoke)
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
        "mail_failed_at": "mail_failed_at",
    }

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return InvitationChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Invitation], search_term: str
    ) -> tuple[QuerySet[Invitation], bool]:
        return (queryset.filter(matching(search_term, "user__")) if search_term.strip() else queryset), False

    def list_buttons(self, request: HttpRequest) -> list[Button]:
        users_admin: Any = self.admin_site.get_model_admin(User)
        return [InviteUser.button(users_admin, request), *super().list_buttons(request)]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"links_are_closed": mode_of(request).sso_enforced})

    @display(description="Person", header=True)
    def person(self, invitation: Invitation) -> tuple[str, str]:
        return invitation.user.display_name, invitation.user.username

    @display(description="Sent (UTC)")
    def sent(self, invitation: Invitation) -> str:
        return moment(invitation.created_at)

    @display(description="Link")
    def link(self, invitation: Invitation) -> str:
        found = link_of(invitation)
        if found is not LinkState.WORKS:
            return badge(found.label, "red")
        left = invitation.expires_at - timezone.now()
        return badge(f"Works for {_rounded(left)}", "amber" if left < SOON else "green")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without actions that would be refused for all: the list says so above."""
        found: dict[str, Any] = super().get_actions(request)
        if not BulkResend.decide(request, None):
            found.pop("resend_chosen", None)
        return found

    @admin.action(description="Send invitations again")
    def resend_chosen(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> HttpResponse:
        return self._ask(request, BulkResend, queryset)

    @admin.action(description="Revoke invitations")
    def revoke_chosen(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> HttpResponse:
        return self._ask(request, BulkRevoke, queryset)

    def _ask(self, request: HttpRequest, page: type[BulkPage], queryset: QuerySet[Invitation]) -> HttpResponse:
        keys = queryset.order_by("user").values_list("user", flat=True)[:MOST_AT_ONCE]
        return ask(request, self.url_name(page.name), keys)

    def export_queryset(self, rows: QuerySet[Invitation]) -> QuerySet[Invitation]:
        return rows.select_related("user", "invited_by")

    def export_rows(self, batch: list[Invitation]) -> Iterable[Iterable[object]]:
        for row in batch:
            user = row.user
            said = (user.username, row.email, user.first_name, user.last_name)
            yield (*said, row.invited_by, row.created_at, row.expires_at, row.mail_failed_at)


def _rounded(left: timedelta) -> str:
    """In hours, the last one in minutes; rounded up."""
    hours, minutes = (ceil(left.total_seconds() / seconds) for seconds in (3600, 60))
    return f"{hours} h" if minutes > 60 else f"{minutes} min"
