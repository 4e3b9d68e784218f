"""Access settings: the two flags, the policy table, and a what-if page before anything changes (R21, R22)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import admin
from django.forms import CharField, ChoiceField, Form, HiddenInput, RadioSelect
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst

from identity import policy
from identity.core.decisions import Action, Mode, Switch
from identity.core.errors import Outdated
from identity.db import replica
from identity.models import AccessSettings
from identity.policy import MATRIX, MODES, Cell
from identity.queries import what_if
from identity.queries.drift import Comparison
from identity.queries.what_if import Tone
from identity.safeguards.asked import Asked
from identity.safeguards.ways_in import break_glass_not_proven, sso_login_not_proven
from identity.services import modes
from portal.admin.access import retention
from portal.admin.access.comparison import compared, moves_file, next_part
from portal.admin.access.what_if import asked_switch, people_file, people_page
from portal.admin.frame.base import ActionPage, PortalModelAdmin
from portal.admin.frame.deciding import decide, mode_of, person_of, situation_of
from portal.project.replicas import read_by

COLOURS = {Tone.LOSS: "red", Tone.GAIN: "green", Tone.SHIFT: "amber"}

QUESTIONS: dict[Action, str] = {
    Action.INVITE: "Invite a user",
    Action.EDIT_PROFILE: "Edit a user's profile",
    Action.CHANGE_MEMBERS: "Add users to a group, or remove them",
    Action.SET_STATUS: "Enable or disable a user",
}
NOTES: dict[Action, str] = {
    Action.EDIT_PROFILE: "Names; the email only of users not managed by an identity provider.",
}
ANSWERS: dict[Cell, tuple[str, str]] = {
    Cell.YES: ("Yes", "gh-yes"),
    Cell.NO: ("No", "gh-no"),
    Cell.UNMAPPED: ("Unmapped groups only", "gh-partly"),
}


# --- the policy table ---


@dataclass(frozen=True, slots=True)
class ShownCell:
    """A cell of the table as shown; `under`: the mode, for screens too narrow for columns."""

    text: str
    style: str
    under: str = ""
    is_now: bool = False


def table_of(now: Mode) -> list[tuple[str, str, list[ShownCell]]]:
    """`policy.MATRIX` as rows: the action, a note, and the answer in each mode."""
    return [
        (
            QUESTIONS[action],
            NOTES.get(action, ""),
            [
                ShownCell(*ANSWERS[cell], ", ".join(flags_of(mode)), mode == now)
                for mode, cell in zip(MODES, cells, strict=True)
            ],
        )
        for action, cells in MATRIX.items()
    ]


def columns_of(now: Mode) -> list[tuple[str, str, bool]]:
    return [(*flags_of(mode), mode == now) for mode in MODES]


def flags_of(mode: Mode) -> tuple[str, str]:
    return (
        "SCIM on" if mode.scim_enabled else "SCIM off",
        "SSO enforced" if mode.sso_enforced else "SSO not enforced",
    )


@dataclass(frozen=True, slots=True)
class Change:
    """A row of the table whose answer differs in another mode."""

    question: str
    before: ShownCell
    after: ShownCell


def changes(switch: Switch) -> list[Change]:
    """Which cells of the table differ."""
    return [
        Change(QUESTIONS[row.action], ShownCell(*ANSWERS[row.before]), ShownCell(*ANSWERS[row.after]))
        for row in what_if.changed_cells(switch)
    ]


# --- switching ---


class SwitchForm(Form):
    """The mode that was previewed, so that no one confirms what has changed since."""

    seen = CharField(widget=HiddenInput)


class SwitchToSCIMForm(SwitchForm):
    """Adds what to do where both sides differ (R21). Nothing is preselected."""

    follow = ChoiceField(
        label="Where both sides differ",
        widget=RadioSelect,
        choices=[
            ("follow", "Follow the identity provider: apply all of this now"),
            ("keep", "Keep what is here until the identity provider sends a person or group again"),
        ],
        error_messages={"required": "Choose what becomes of the differences."},
    )


class SwitchMode(ActionPage):
    """What would change, and for whom; then the switch. The URL names the requested mode."""

    name = "switch"
    label = "Change access settings"
    action = Action.CHANGE_ACCESS_SETTINGS
    icon = "tune"
    of_list = True
    template_name = "admin/identity/accesssettings/switch.html"

    @classmethod
    def needs_fresh(cls, request: HttpRequest, obj: Any) -> bool:
        """To switch; the preview is open to everyone who may see the settings."""
        return request.method == "POST"

    @cached_property
    def switch(self) -> Switch:
        return asked_switch(self.request)

    @cached_property
    def comparison(self) -> Comparison:
        """The first part of comparing the mapped groups, if relevant; the page requests the others."""
        comparison = Comparison()
        if self.switch.starts_scim:
            comparison.go_on()
        return comparison

    @cached_property
    def touched(self) -> list[what_if.Touched]:
        """Everyone affected, effect by effect."""
        return what_if.look(what_if.effects(self.switch))

    @cached_property
    def following(self) -> list[what_if.Touched]:
        return [one for one in self.touched if one.effect.code in what_if.FOLLOWING]

    def get_form_class(self) -> type[Form]:
        """The choice is required where both sides differ, or may differ: in a part not yet compared."""
        differs = self.following or self.comparison.met or not self.comparison.is_done
        return SwitchToSCIMForm if self.switch.starts_scim and differs else SwitchForm

    def get_initial(self) -> dict[str, Any]:
        return {"seen": self.switch.before.code}

    def get_explanation(self) -> str:
        return "" if not self.switch else f"Now: {self.switch.before}. Nothing changes before you confirm."

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The preview, for everyone who may see the settings: viewing changes nothing."""
        if not self.switch:
            return self.refused("This is how it is already. Choose something else to see what would change.", 200)
        decision = self.decide(request, None)
        if not decision:
            return self.refused(f"{decision.reason} An owner can switch at the address of this page.", 200)
        missing = missing_to_enforce(request) if self.switch.enforces_sso else ""
        return self.refused(missing, 200) if missing else super().get(request, *args, **kwargs)

    def run(self, form: Form) -> str:
        if form.cleaned_data["seen"] != self.switch.before.code:
            raise Outdated("The settings have been changed in the meantime. Review again what would change.")
        mode = modes.set_mode(
            scim_enabled=self.switch.after.scim_enabled,
            sso_enforced=self.switch.after.sso_enforced,
            follow_idp={"follow": True, "keep": False}.get(form.cleaned_data.get("follow", "")),
            actor=person_of(self.request),
        )
        return f"{mode} from now on."

    def _submit(self) -> str:
        """The button names its action."""
        steps = (
            (self.switch.starts_scim, "switch SCIM on"),
            (self.switch.stops_scim, "switch SCIM off"),
            (self.switch.enforces_sso, "enforce SSO"),
            (self.switch.relaxes_sso, "stop enforcing SSO"),
        )
        return capfirst(" and ".join(text for applies, text in steps if applies))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        is_same = not self.switch
        return super().get_context_data(
            title="Nothing to change" if is_same else f"Switch to “{self.switch.after}”?",
            submit=self._submit(),
            is_same=is_same,
            before=self.switch.before,
            after=self.switch.after,
            changes=changes(self.switch),
            touched=[(one, COLOURS[one.effect.tone]) for one in self.touched if one not in self.following],
            following=[(one, COLOURS[one.effect.tone]) for one in self.following],
            **(compared(self.comparison) if self.switch.starts_scim else {}),
            people_url=reverse(self.model_admin.url_name("people")),
            **kwargs,
        )


def missing_to_enforce(request: HttpRequest) -> str:
    """R22: the sentence that says what must be proven first; empty when everything is."""
    decision = decide(request, Action.ENFORCE_SSO)
    return "" if decision else decision.reason


@dataclass(frozen=True, slots=True)
class Proof:
    """A precondition for enforcing SSO (R22)."""

    text: str
    is_given: bool


def proofs(request: HttpRequest) -> list[Proof]:
    asked = Asked(Action.ENFORCE_SSO, situation_of(request), person_of(request))
    return [
        Proof("A break-glass account has signed in with its second step.", bool(break_glass_not_proven(asked))),
        Proof("You have signed in through SSO yourself.", bool(sso_login_not_proven(asked))),
    ]


# --- the page ---


@admin.register(AccessSettings)
class AccessSettingsAdmin(PortalModelAdmin):
    """One row, so one page: no list and no details."""

    seen_by = Action.VIEW_ACCESS
    pages: ClassVar = (SwitchMode, retention.ChangeRetention)

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        kept = {f"{name}_{page}" for page in ("changelist", SwitchMode.name, retention.ChangeRetention.name)}
        own = [
            path("switch/people/", self._seen_by_readers(self.people), name=f"{name}_people"),
            path("switch/groups/", self._seen_by_readers(next_part), name=f"{name}_groups"),
            path("switch/groups.csv", self._seen_by_readers(moves_file), name=f"{name}_groups_csv"),
            path("switch/people.csv", self._seen_by_readers(people_file), name=f"{name}_people_csv"),
        ]
        return own + [url for url in super().get_urls() if url.name in kept]

    def _seen_by_readers(self, view: Callable[[HttpRequest], HttpResponseBase]) -> Any:
        """The view, only for those who may see the access settings; all are reports about what would be."""

        def seen(request: HttpRequest) -> HttpResponseBase:
            self.require_view(request)
            return read_by(request, replica.REPORTS, lambda: view(request))

        return self.admin_site.admin_view(seen)

    def people(self, request: HttpRequest) -> HttpResponseBase:
        """Everyone affected by one effect."""
        return people_page(request, {**self.admin_site.each_context(request), "opts": self.opts})

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        self.require_view(request)
        mode = mode_of(request)
        decision = decide(request, Action.CHANGE_ACCESS_SETTINGS)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Access settings",
            "mode": mode,
            "mode_in_words": policy.describe(mode).removeprefix(f"{mode}. "),
            "decision": decision,
            "proofs": proofs(request) if decision and not mode.sso_enforced else [],
            "switch_url": reverse(self.url_name(SwitchMode.name)),
            "columns": columns_of(mode),
            "rows": table_of(mode),
            **retention.card(request),
        }
        return TemplateResponse(request, "admin/identity/accesssettings/page.html", context)
