"""The mismatch report: before go-live, which accounts an identity provider's userNames match (R5, R6)."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.forms import CharField, FileField, Form, ModelChoiceField, Textarea, ValidationError
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from identity.core.decisions import Action
from identity.core.errors import InvalidValue
from identity.models import IdentityProvider
from identity.queries.mismatch_tally import Tally
from identity.queries.mismatches import BATCH, Match, Pairing, Sent, find_mismatches, what_arrived
from portal.admin.frame.base import ActionPage
from portal.admin.frame.deciding import mode_of
from portal.admin.frame.signed_state import signed, verified
from portal.exchange.csv_in import read_names
from portal.exchange.csv_out import csv_lines

MOST_NAMES = BATCH
LARGEST_FILE = 4 * 1024 * 1024

COLOURS = {
    Match.EXACT: "green",
    Match.CASE: "green",
    Match.PREFIX: "amber",
    Match.SAME_EMAIL: "amber",
    Match.LINKED: "green",
    Match.NONE: "gray",
}

CSV_HEADER = ("userName", "email", "match", "portal username", "portal email", "managed by", "in order", "meaning")


class NamesForm(Form):
    """A list of userNames: pasted, uploaded, or already sent by an identity provider."""

    names = CharField(
        required=False,
        strip=False,
        label="Paste userNames",
        widget=Textarea({"rows": 8, "spellcheck": "false", "autocapitalize": "none"}),
        help_text="One a line; after a comma the email, if you have it. Or CSV with headings such as userName, email.",
    )
    file = FileField(required=False, label="Or upload a file", help_text="Text or CSV in UTF-8.")
    provider = ModelChoiceField(
        IdentityProvider.objects.all(),
        required=False,
        label="Or take what arrived from",
        empty_label="Choose …",
    )

    def clean_file(self) -> str:
        """The file's text."""
        file: UploadedFile | None = self.cleaned_data["file"]
        if file is None:
            return ""
        if (file.size or 0) > LARGEST_FILE:
            raise ValidationError("The file is larger than 4 MB: use manage.py mismatch_report for it.")
        try:
            return str(file.read(), "utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValidationError("The file is not text in UTF-8.") from error

    def clean(self) -> dict[str, Any]:
        if self.errors:
            return self.cleaned_data
        given = [name for name in ("names", "file", "provider") if self.cleaned_data[name]]
        if len(given) != 1:
            raise ValidationError("Paste userNames, upload a file, or choose an identity provider: one of the three.")
        return {**self.cleaned_data, "sent": self._sent(given[0])}

    def _sent(self, source: str) -> list[Sent]:
        value = self.cleaned_data[source]
        try:
            names = what_arrived(value) if source == "provider" else read_names(value)
        except InvalidValue as error:
            raise ValidationError(f"The {error.sentence}") from error
        sent = list(islice(names, MOST_NAMES + 1))
        if not sent:
            raise ValidationError("There is no userName in it.")
        if len(sent) > MOST_NAMES:
            raise ValidationError(f"These are more than {MOST_NAMES:,} names: use manage.py mismatch_report for them.")
        return sent


class MismatchReportPage(ActionPage):
    """Compare a list of userNames with the portal. Nothing is written; the response is the page."""

    name = "mismatch_report"
    label = "Mismatch report"
    action = Action.VIEW_CONFLICTS
    icon = "fact_check"
    of_list = True
    form_class = NamesForm
    template_name = "admin/identity/conflict/mismatch_report.html"
    submit = "Compare"
    explanation = (
        "Before an identity provider goes live: compare its userNames with the accounts that are here. "
        "Nothing is changed."
    )

    def form_valid(self, form: NamesForm) -> HttpResponse:
        """The first part's report as a page, which then requests each further part."""
        sent, so_far = form.cleaned_data["sent"], self.request.POST.get("so_far")
        tally = Tally.resume(sent, verified(so_far, what="report")) if so_far else Tally(sent)
        tally.go_on()
        shown = {
            "tally": tally,
            "kinds": [(kind, COLOURS[kind.match]) for kind in tally.kinds],
            "so_far": signed(tally, what="report"),
            "to_reconcile": form.cleaned_data["provider"] if mode_of(self.request).scim_enabled else None,
        }
        if so_far:
            context = {**shown, "page": self, "csv_url": self.csv_url}
            return TemplateResponse(self.request, "admin/identity/conflict/mismatches.html", context)
        again = NamesForm(
            initial=form.cleaned_data | {"names": form.cleaned_data["names"] or form.cleaned_data["file"]}
        )
        return self.render_to_response(self.get_context_data(form=again, **shown))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(csv_url=self.csv_url, **kwargs)

    @property
    def csv_url(self) -> str:
        return MismatchCSV.button(self.model_admin, self.request).url


class MismatchCSV(MismatchReportPage):
    """The same report as a file."""

    name = "mismatch_report_csv"
    label = "Mismatch report as CSV"
    has_button = False

    def form_valid(self, form: NamesForm) -> HttpResponse:
        name = f"mismatch-report-{timezone.now():%Y-%m-%d}.csv"
        lines = csv_lines(CSV_HEADER, map(_cells, find_mismatches(form.cleaned_data["sent"])))
        return HttpResponse(
            "".join(lines),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        )


def _cells(finding: Pairing) -> tuple[object, ...]:
    sent, user = finding.sent, finding.user
    return (
        sent.user_name,
        sent.email,
        finding.match.label,
        user.username if user else "",
        user.email if user else "",
        user.managed_by if user else "",
        "yes" if finding.is_in_order else "no",
        finding.meaning,
    )
