"""The conflicts inbox: people an identity provider wants to provision who already have an account (R6, R7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote

from django.contrib import admin
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.forms import CharField, Form, TextInput
from django.http import HttpRequest
from django.urls import reverse
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from identity.core.decisions import Action
from identity.core.keys import sought
from identity.models import Conflict, Status
from identity.services.provisioning import conflicts
from portal.admin.frame.base import ActionPage, PortalModelAdmin
from portal.admin.frame.deciding import person_of
from portal.admin.frame.parts import badge, moment
from portal.admin.providers.mismatches import MismatchCSV, MismatchReportPage
from portal.guides import guide_of

Reason, State = Conflict.Reason, Conflict.State

STATE_COLOURS = {State.OPEN: "amber", State.APPROVED: "blue", State.RESOLVED: "green", State.DISMISSED: ""}
STATE_LABELS = {
    State.OPEN: "Open",
    State.APPROVED: "Approved",
    State.RESOLVED: "Resolved",
    State.DISMISSED: "Dismissed",
}

# What the identity provider's administrator can do about it, while or instead of a decision here.
HINTS: dict[str, str] = {
    Reason.OTHER_EMAIL: (
        "If this is the same person, either correct the email in the identity provider, or link here. "
        "If it is a different person, give that person another username there."
    ),
    Reason.OTHER_USERNAME: (
        "If this is the same person, either send the portal's username, or link here. "
        "If it is a different person, one of the two emails is wrong."
    ),
    Reason.ASK_FIRST: "Nothing is wrong: this identity provider is set to ask before it takes over an account.",
    Reason.PRIVILEGED: "Accounts with a role are never taken over silently. An owner decides whether to link this one.",
    Reason.DISABLED_LOCAL: (
        "An administrator disabled this account. Linking lets the identity provider enable it again with its next try."
    ),
    Reason.OTHER_PROVIDER: (
        "Unassign the person in one of the two identity providers, or move the account to this one here."
    ),
    Reason.OTHER_PERSON: (
        "If it is the same person, created again at the identity provider, link the two. If the username was "
        "given to a different person, give that person a username of their own there."
    ),
    Reason.ALREADY_LINKED: (
        "If these are two people, as after a rename, give the newcomer a username of their own here. "
        "If it is one person, sent twice, remove or correct one of the two records there."
    ),
    Reason.SAME_EXTERNAL_ID: (
        "If this is one person, who was renamed there, link: the existing record goes on under the new userName. "
        "If it is another person, external IDs are given again there: let them not identify people, on the identity "
        "provider's page."
    ),
    Reason.BREAK_GLASS: (
        "This is reserved for a break-glass account. Send the person under another username and email."
    ),
}


class DecisionPage(ActionPage):
    """One of the decisions; a privileged account takes an owner (R7)."""

    template_name = "admin/identity/conflict/decide.html"
    question: ClassVar[str]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = self.question.format(
            name=self.obj.user_name, account=self.obj.user, provider=self.obj.identity_provider
        )
        return super().get_context_data(title=title, conflict=self.obj, compared=compare(self.obj), **kwargs)


class LinkConflict(DecisionPage):
    """Approve exactly this record for the existing account (R7)."""

    name = "link"
    label = "Link"
    action = Action.LINK_CONFLICT
    question = "Link {name} to the existing account {account}?"
    icon = "link"
    fresh = True
    submit = "Approve link"
    explanation = (
        "It is the same person. The identity provider's next try with exactly this username, email and external id "
        "succeeds and takes over the existing account. Its username, email and role stay as they are."
    )

    def run(self, form: Form) -> str:
        conflicts.link_conflict(self.obj, actor=person_of(self.request))
        provider = self.obj.identity_provider
        return f"Approved. {self.obj.user} is linked when {provider} sends {self.obj.user_name} again."


class MoveConflict(DecisionPage):
    """Let the account leave its other identity provider, then approve the link (R7)."""

    name = "move"
    label = "Move here"
    action = Action.MOVE_CONFLICT
    question = "Move {account} to {provider}?"
    icon = "move_item"
    fresh = True
    submit = "Move the account"
    explanation = (
        "The account leaves the identity provider that manages it now, with that provider's record and group "
        "memberships. The next try of this one then takes it over. Username, email and role stay as they are."
    )

    def run(self, form: Form) -> str:
        conflicts.move_conflict(self.obj, actor=person_of(self.request))
        return f"{self.obj.user} now waits for {self.obj.identity_provider}'s next try."


class OwnUsernameForm(Form):
    """The newcomer's username in the portal."""

    username = CharField(
        max_length=255,
        label="Username in the portal",
        help_text="Permanent: it can never be changed. The identity provider keeps its own userName.",
        widget=TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "autofocus": True}),
    )


class GiveOwnUsername(DecisionPage):
    """Another person, whose userName is another user's permanent username here: a username of their own (R7)."""

    name = "own_username"
    label = "Own username"
    action = Action.GIVE_OWN_USERNAME
    question = "Give {name} a username of their own?"
    icon = "badge"
    submit = "Approve username"
    form_class = OwnUsernameForm
    explanation = (
        "It is another person. The identity provider's next try with exactly this username, email and external ID "
        "creates a new user with the username that you choose. The existing account stays untouched."
    )

    def get_explanation(self) -> str:
        without = (
            f" The email {self.obj.email} stays with the existing account: the new user has none until the identity "
            "provider sends another."
        )
        return f"{self.explanation}{without if self.obj.email_collides else ''}"

    def run(self, form: Form) -> str:
        username = form.cleaned_data["username"]
        conflicts.give_own_username(self.obj, username=username, actor=person_of(self.request))
        return f"Approved. {username} is created when {self.obj.identity_provider} sends {self.obj.user_name} again."


class DismissConflict(DecisionPage):
    """Dismiss the conflict until the identity provider's data changes (R7)."""

    name = "dismiss"
    label = "Dismiss"
    action = Action.DISMISS_CONFLICT
    question = "Dismiss the conflict about {name}?"
    icon = "archive"
    explanation = (
        "The existing account stays untouched and the identity provider keeps being refused. "
        "The conflict opens again when the data that it sends change."
    )

    def run(self, form: Form) -> str:
        conflicts.dismiss_conflict(self.obj, actor=person_of(self.request))
        return f"The conflict about {self.obj.user_name} was dismissed."


@dataclass(frozen=True, slots=True)
class Compared:
    """One attribute of the record that was sent and of the existing account."""

    label: str
    sent: str
    here: str
    differs: bool


def compare(conflict: Conflict) -> list[Compared]:
    """Both identities side by side, compared as keys."""
    user = conflict.user
    pairs = [
        ("Username", conflict.user_name, user.username),
        ("Email", conflict.email, user.email or ""),
        ("First name", conflict.first_name, user.first_name),
        ("Last name", conflict.last_name, user.last_name),
    ]
    return [Compared(label, sent, here, sought(sent) != sought(here)) for label, sent, here in pairs]


@admin.register(Conflict)
class ConflictAdmin(PortalModelAdmin):
    """Conflicts, the open ones first."""

    seen_by = Action.VIEW_CONFLICTS
    pages = (MismatchReportPage, MismatchCSV, LinkConflict, MoveConflict, GiveOwnUsername, DismissConflict)
    list_display = (
        "user_name",
        "state_badge",
        "why",
        "account",
        "identity_provider",
        "tries",
        "first_seen",
        "last_seen",
    )
    list_filter: ClassVar = (
        ("state", ChoicesDropdownFilter),
        ("reason", ChoicesDropdownFilter),
        ("identity_provider", RelatedDropdownFilter),
    )
    list_filter_submit = True
    list_select_related = ("user", "identity_provider")
    search_fields = ("user_name",)
    search_help_text = "Username or email begins with …"
    sortable_by = ("user_name", "tries", "first_seen", "last_seen")
    change_list_template = "admin/identity/conflict/list.html"
    detail_template = "admin/identity/conflict/detail.html"

    def get_ordering(self, request: HttpRequest) -> tuple[Any, ...]:
        waiting = Case(
            When(state=State.OPEN, then=Value(0)),
            When(state=State.APPROVED, then=Value(1)),
            default=Value(2),
            output_field=IntegerField(),
        )
        return (waiting, "-last_seen_at", "-id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Conflict], search_term: str
    ) -> tuple[QuerySet[Conflict], bool]:
        key = sought(search_term)
        if key:
            by_name = queryset.filter(user_name_key__startswith=key)
            queryset = by_name | queryset.filter(email_key__startswith=key)
        return queryset, False

    @display(description="State", ordering="state")
    def state_badge(self, conflict: Conflict) -> str:
        return state_badge(conflict)

    @display(description="Why")
    def why(self, conflict: Conflict) -> str:
        return conflict.get_reason_display()

    @display(description="First seen", ordering="first_seen_at")
    def first_seen(self, conflict: Conflict) -> str:
        return moment(conflict.first_seen_at)

    @display(description="Last seen", ordering="last_seen_at")
    def last_seen(self, conflict: Conflict) -> str:
        return moment(conflict.last_seen_at)

    @display(description="Existing account")
    def account(self, conflict: Conflict) -> str:
        return conflict.user.username

    def get_detail(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        shown = [page for page in self.pages if not page.of_list and page.decide(request, obj).fits]
        log = reverse("admin:identity_provisioninglog_changelist")
        return {
            "state": state_badge(obj),
            "sentence": conflicts.sentence(obj),
            "hint": hint_for_the_idp(obj),
            "message": message_for_the_idp(obj),
            "retry": guide_of(obj.identity_provider).retry.plain,
            "log_url": f"{log}?person={quote(obj.user_name)}&idp={obj.identity_provider_id}",
            "compared": compare(obj),
            "status": Status(obj.user.status).label,
            "must_move": obj.must_move,
            "decisions": [(page.label, page.explanation) for page in shown],
            "is_approved": obj.state == State.APPROVED,
            "is_resolved": obj.state == State.RESOLVED,
        }


def hint_for_the_idp(conflict: Conflict) -> str:
    """What to do at the identity provider: while undecided, and after the decision here."""
    match conflict.state:
        case State.APPROVED:
            return f"Send the person again, unchanged. {guide_of(conflict.identity_provider).retry.plain}"
        case State.DISMISSED:
            return "The portal will go on refusing this record: correct it, or unassign the person."
    return HINTS[conflict.reason]


def message_for_the_idp(conflict: Conflict) -> str:
    """A message for the identity provider's administrator, in one paragraph."""
    who = f"{conflict.user_name} <{conflict.email}>" if conflict.email else conflict.user_name
    external_id = f", external id {conflict.external_id}" if conflict.external_id else ""
    return (
        f"{conflict.identity_provider} could not provision {who}{external_id}. The portal answered 409: "
        f"{conflicts.refusal(conflict)} {hint_for_the_idp(conflict)}"
    )


def state_badge(conflict: Conflict) -> str:
    """The state in a word."""
    state = State(conflict.state)
    return badge(STATE_LABELS[state], STATE_COLOURS[state])
