"""Users: the list, one person with the reasons for everything, and what may be done to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.timesince import timesince
from unfold.contrib.filters.admin import DropdownFilter

from identity import policy
from identity.errors import GatehouseError, NotFound, Refused
from identity.models import (
    Asset,
    AuditEvent,
    Conflict,
    Group,
    IdentityProvider,
    Membership,
    ProvisioningLog,
    Role,
    SSOIdentity,
    SSOUser,
    Status,
    User,
)
from identity.policy import Action, Decision
from identity.services import groups as group_services
from identity.services import invitations, users
from portal.admin.base import ActionPage, Button, PortalModelAdmin, decide, mode_of, person_of
from portal.admin.events import tell
from portal.admin.sessions import EndSessions
from portal.reasons import Reason, memberships_with_reasons

if TYPE_CHECKING:
    pass

STATUS_COLOURS = {Status.ENABLED: "green", Status.DISABLED: "red", Status.INVITED: "blue"}
GROUPS_SHOWN = 3
EVENTS_SHOWN = 20
LOG_ROWS_SHOWN = 10
GROUPS_TO_CHOOSE_FROM = 25
MOST_AT_ONCE = 500


# --- the list -------------------------------------------------------------------------------------------


class StatusFilter(DropdownFilter):
    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(status.value, str(status.label)) for status in Status]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        return queryset.filter(status=self.value()) if self.value() in Status.values else queryset


class RoleFilter(DropdownFilter):
    title = "role"
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*((role.value, str(role.label)) for role in Role), ("break_glass", "Break-glass account")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() == "break_glass":
            return queryset.filter(is_break_glass=True)
        return queryset.filter(role=self.value()) if self.value() in Role.values else queryset


class SourceFilter(DropdownFilter):
    title = "source"
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("local", "Local"), *((str(idp.pk), idp.name) for idp in IdentityProvider.objects.all()[:100])]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        value = self.value() or ""
        if value == "local":
            return queryset.filter(managed_by=None)
        return queryset.filter(managed_by=int(value)) if _is_key(value) else queryset


class GroupFilter(DropdownFilter):
    """By portal group; of very many groups, the first two hundred and the one that is asked for are offered."""

    title = "group"
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        asked = request.GET.get("group", "")
        chosen = Group.objects.filter(pk=int(asked)) if _is_key(asked) else Group.objects.none()
        found = {group.pk: group for group in [*chosen, *Group.objects.all()[:200]]}
        return [(str(pk), group.name) for pk, group in found.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        value = self.value() or ""
        if not _is_key(value):
            return queryset
        return queryset.filter(pk__in=Membership.objects.filter(group=int(value)).values("user"))


class LoginFilter(DropdownFilter):
    title = "last active"
    parameter_name = "active"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("never", "Never logged in"), ("ever", "Has logged in")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() in {"never", "ever"}:
            return queryset.filter(last_active__isnull=self.value() == "never")
        return queryset


def _is_key(text: str) -> bool:
    return text.isdecimal() and len(text) < 19


# --- actions --------------------------------------------------------------------------------------------


class InviteForm(forms.Form):
    username = forms.CharField(
        max_length=255,
        help_text="Permanent: it can never be changed.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "autofocus": True}),
    )
    email = forms.CharField(
        max_length=255,
        help_text="The invitation goes to this address.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    first_name = forms.CharField(max_length=255, required=False)
    last_name = forms.CharField(max_length=255, required=False)


class InviteUser(ActionPage):
    name, label, icon = "invite", "Invite user", "person_add"
    action = Action.INVITE
    of_list = True
    form_class = InviteForm
    submit = "Send the invitation"
    explanation = (
        "The person gets a mail with a link that works once, for 72 hours, and chooses a password. "
        "Invite only people whom no identity provider will create."
    )
    invited: User | None = None

    def run(self, form: Any) -> str:
        self.invited = invitations.invite_user(**form.cleaned_data, actor=person_of(self.request))
        return f"The invitation for {self.invited.username} is on its way to {self.invited.email}."

    def get_success_url(self) -> str:
        return self.model_admin.detail_url(self.invited) if self.invited else super().get_success_url()


class EditProfileForm(forms.Form):
    first_name = forms.CharField(max_length=255, required=False)
    last_name = forms.CharField(max_length=255, required=False)
    email = forms.CharField(max_length=255, required=False, widget=forms.EmailInput)


class EditProfile(ActionPage):
    name, label, icon = "edit-profile", "Edit profile", "edit"
    action = Action.EDIT_PROFILE
    form_class = EditProfileForm
    submit = "Save"

    def get_explanation(self) -> str:
        if not self.obj.is_managed:
            return "The username is permanent."
        return (
            f"The username is permanent and the email came from {self.obj.managed_by}. "
            "Names that you change here are overwritten when the identity provider sends new ones."
        )

    def get_initial(self) -> dict[str, Any]:
        return {"first_name": self.obj.first_name, "last_name": self.obj.last_name, "email": self.obj.email or ""}

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)
        if self.obj.is_managed:
            form.fields["email"].disabled = True
        return form

    def run(self, form: Any) -> str:
        users.edit_profile(self.obj, **form.cleaned_data, actor=person_of(self.request))
        return f"The profile of {self.obj.username} has been saved."


class Enable(ActionPage):
    name, label, icon = "enable", "Enable", "check_circle"
    action = Action.SET_STATUS

    @classmethod
    def applies(cls, request: HttpRequest, obj: User) -> bool:
        return obj.status == Status.DISABLED

    def get_explanation(self) -> str:
        return f"{self.obj.display_name} can sign in again, with the groups and assets that the account still has."

    def run(self, form: Any) -> str:
        users.enable_user(self.obj, actor=person_of(self.request))
        return f"{self.obj.username} is enabled."


class Disable(ActionPage):
    name, label, icon, danger = "disable", "Disable", "block", True
    action = Action.SET_STATUS

    @classmethod
    def applies(cls, request: HttpRequest, obj: User) -> bool:
        return obj.status == Status.ENABLED

    def get_explanation(self) -> str:
        return (
            f"{self.obj.display_name} loses access at once: sessions, API tokens, reset and invitation links end. "
            "Groups and assets stay, and the account can be enabled again."
        )

    def run(self, form: Any) -> str:
        users.disable_user(self.obj, actor=person_of(self.request))
        return f"{self.obj.username} is disabled."


class RoleForm(forms.Form):
    role = forms.ChoiceField(
        choices=[
            (Role.MEMBER, "Member: the own profile"),
            (Role.SUPPORT, "Support: deletes disabled users permanently"),
            (Role.ADMINISTRATOR, "Administrator: users, groups, mappings, identity providers"),
            (Role.OWNER, "Owner: all that, and roles, access settings, break-glass accounts"),
        ],
        widget=forms.RadioSelect,
    )


class ChangeRole(ActionPage):
    name, label, icon = "change-role", "Change role", "badge"
    action = Action.CHANGE_ROLE
    form_class = RoleForm
    submit = "Save the role"

    @classmethod
    def decide(cls, request: HttpRequest, obj: Any) -> Decision:
        return _not_oneself(request, obj, super().decide(request, obj))

    def get_initial(self) -> dict[str, Any]:
        return {"role": self.obj.role}

    def run(self, form: Any) -> str:
        role = Role(form.cleaned_data["role"])
        users.change_role(self.obj, role, actor=person_of(self.request))
        return f"{self.obj.username} has the role {role.label.lower()} now."


class MarkBreakGlass(ActionPage):
    name, label, icon = "mark-break-glass", "Make break-glass account", "emergency"
    action = Action.CHANGE_ROLE
    explanation = (
        "A break-glass account opens the portal when single sign-on fails: its password works even while SSO is "
        "enforced, no identity provider ever touches it, and every use alerts the administrators."
    )

    @classmethod
    def applies(cls, request: HttpRequest, obj: User) -> bool:
        return obj.role == Role.OWNER and not obj.is_managed and not obj.is_break_glass

    @classmethod
    def decide(cls, request: HttpRequest, obj: Any) -> Decision:
        return _not_oneself(request, obj, super().decide(request, obj))

    def run(self, form: Any) -> str:
        users.set_break_glass(self.obj, True, actor=person_of(self.request))
        return f"{self.obj.username} is a break-glass account now."


class ClearBreakGlass(ActionPage):
    name, label, icon, danger = "clear-break-glass", "Clear break-glass flag", "emergency", True
    action = Action.CHANGE_ROLE
    explanation = "While SSO is enforced, the password of this account stops working."

    @classmethod
    def applies(cls, request: HttpRequest, obj: User) -> bool:
        return obj.is_break_glass

    @classmethod
    def decide(cls, request: HttpRequest, obj: Any) -> Decision:
        return _not_oneself(request, obj, super().decide(request, obj))

    def run(self, form: Any) -> str:
        users.set_break_glass(self.obj, False, actor=person_of(self.request))
        return f"{self.obj.username} is no longer a break-glass account."


def _not_oneself(request: HttpRequest, obj: Any, decision: Decision) -> Decision:
    """The service refuses to change the own role or flags; so the button is not offered either."""
    if decision and obj is not None and obj.pk == request.user.pk:
        return Decision(False, "own_account", "Nobody changes their own role or flags: ask another owner.")
    return decision


class ResendInvitation(ActionPage):
    name, label, icon = "resend-invitation", "Send invitation again", "forward_to_inbox"
    action = Action.INVITE
    submit = "Send it again"

    @classmethod
    def applies(cls, request: HttpRequest, obj: User) -> bool:
        return obj.status == Status.INVITED

    def get_explanation(self) -> str:
        return f"A new link goes to {self.obj.email}, good for 72 hours. The old one stops working."

    def run(self, form: Any) -> str:
        invitations.resend_invitation(self.obj, actor=person_of(self.request))
        return f"A new invitation is on its way to {self.obj.email}."


class RevokeInvitation(ActionPage):
    name, label, icon, danger = "revoke-invitation", "Revoke invitation", "cancel_schedule_send", True
    action = Action.INVITE

    @classmethod
    def applies(cls, request: HttpRequest, obj: User) -> bool:
        return obj.status == Status.INVITED

    def get_explanation(self) -> str:
        return f"The link stops working and {self.obj.username}, who never was in, becomes Disabled."

    def run(self, form: Any) -> str:
        invitations.revoke_invitation(self.obj, actor=person_of(self.request))
        return f"The invitation of {self.obj.username} has been revoked."


class GroupsForm(forms.Form):
    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.all(), error_messages={"required": "Choose at least one group."}
    )


class ChooseGroups(ActionPage):
    """Searches groups by name and offers those found as check boxes; works without scripts."""

    form_class = GroupsForm
    template_name = "admin/portal/choose_groups.html"

    def candidates(self) -> QuerySet[Group]:
        """Groups that may be chosen: while SCIM is on, only those that no mapping feeds."""
        rows = Group.objects.unmapped() if mode_of(self.request).scim_enabled else Group.objects.all()
        return rows.order_by("name_key")

    @cached_property
    def query(self) -> str:
        return self.request.GET.get("q", "").strip()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = self.candidates()
        if self.query:
            rows = rows.filter(name_key__contains=self.query.casefold())
        found = list(rows[: GROUPS_TO_CHOOSE_FROM + 1])
        return super().get_context_data(
            q=self.query,
            groups=found[:GROUPS_TO_CHOOSE_FROM],
            has_more=len(found) > GROUPS_TO_CHOOSE_FROM,
            scim_enabled=mode_of(self.request).scim_enabled,
            **kwargs,
        )


class AddToGroups(ChooseGroups):
    name, label, icon = "add-to-groups", "Add to groups", "group_add"
    submit = "Add to the chosen groups"

    @classmethod
    def decide(cls, request: HttpRequest, obj: Any) -> Decision:
        """By role here; which groups, their own mappings decide."""
        return decide(request, Action.VIEW_DIRECTORY)

    def candidates(self) -> QuerySet[Group]:
        return super().candidates().exclude(memberships__user=self.obj)

    def run(self, form: Any) -> str:
        for group in form.cleaned_data["groups"]:
            group_services.add_members(group, [self.obj], actor=person_of(self.request))
        return f"{self.obj.username} is now in {_names(form.cleaned_data['groups'])}."


class RemoveFromGroup(ActionPage):
    """One membership, named by `?group=`; offered beside it, not among the user's buttons."""

    name, label, icon, danger = "remove-from-group", "Remove from group", "group_remove", True

    @classmethod
    def applies(cls, request: HttpRequest, obj: Any) -> bool:
        return False

    @cached_property
    def group(self) -> Group:
        asked = self.request.GET.get("group", "")
        group = Group.objects.filter(pk=int(asked)).first() if _is_key(asked) else None
        if group is None:
            raise PermissionDenied("There is no such group.")
        return group

    @classmethod
    def decide(cls, request: HttpRequest, obj: Any) -> Decision:
        asked = request.GET.get("group", "")
        group = Group.objects.filter(pk=int(asked)).first() if _is_key(asked) else None
        return decide(request, Action.CHANGE_MEMBERS, group=group)

    def get_explanation(self) -> str:
        return f"{self.obj.display_name} leaves the group {self.group}."

    def run(self, form: Any) -> str:
        if not group_services.remove_members(self.group, [self.obj], actor=person_of(self.request)):
            raise NotFound(f"{self.obj.username} is not in {self.group}.")
        return f"{self.obj.username} has left {self.group}."


def _names(groups: Iterable[Group]) -> str:
    return ", ".join(str(group) for group in groups)


# --- the same for several people ------------------------------------------------------------------------


class BulkPage(ActionPage):
    """An action on the people who are ticked in the list; `?ids=` names them.

    Each person is a service call of their own: whoever can't be changed is named with the reason, the
    others are done.
    """

    of_list = True
    template_name = "admin/portal/bulk.html"
    done: ClassVar[str]

    @classmethod
    def applies(cls, request: HttpRequest, obj: Any) -> bool:
        return False

    @cached_property
    def people(self) -> list[User]:
        ids = [int(text) for text in self.request.GET.get("ids", "").split(",") if _is_key(text)]
        return list(User.objects.filter(pk__in=ids[:MOST_AT_ONCE]).select_related("managed_by"))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        decisions = [(user, self.decide_for(user)) for user in self.people]
        return super().get_context_data(
            people=[user for user, decision in decisions if decision],
            refused=[(user, decision.reason) for user, decision in decisions if not decision],
            **kwargs,
        )

    def decide_for(self, user: User) -> Decision:
        raise NotImplementedError

    def change(self, user: User, form: Any) -> None:
        raise NotImplementedError

    def run(self, form: Any) -> str:
        refused: list[str] = []
        for user in self.people:
            try:
                self.change(user, form)
            except GatehouseError as error:
                refused.append(f"{user.username}: {error.sentence}")
        if refused:
            raise Refused(" ".join([self._sentence(len(self.people) - len(refused)), *refused]))
        return self._sentence(len(self.people))

    def _sentence(self, number: int) -> str:
        return f"{number} {'user' if number == 1 else 'users'} {self.done}."


class BulkStatus(BulkPage):
    @classmethod
    def decide(cls, request: HttpRequest, obj: Any) -> Decision:
        """By role; each person's own decision comes with the person (some are managed, some are not)."""
        return decide(request, Action.VIEW_DIRECTORY)

    def decide_for(self, user: User) -> Decision:
        return decide(self.request, Action.SET_STATUS, user=user)


class BulkEnable(BulkStatus):
    name, label, icon, done = "bulk-enable", "Enable users", "check_circle", "enabled"

    def change(self, user: User, form: Any) -> None:
        users.enable_user(user, actor=person_of(self.request))


class BulkDisable(BulkStatus):
    name, label, icon, danger, done = "bulk-disable", "Disable users", "block", True, "disabled"
    explanation = "They lose access at once. Groups and assets stay, and the accounts can be enabled again."

    def change(self, user: User, form: Any) -> None:
        users.disable_user(user, actor=person_of(self.request))


class BulkAddToGroups(BulkPage, ChooseGroups):
    name, label, icon, done = "bulk-add-to-groups", "Add users to groups", "group_add", "added"
    template_name = "admin/portal/choose_groups.html"
    submit = "Add to the chosen groups"

    @classmethod
    def decide(cls, request: HttpRequest, obj: Any) -> Decision:
        return decide(request, Action.VIEW_DIRECTORY)

    def decide_for(self, user: User) -> Decision:
        return policy.ALLOWED

    def run(self, form: Any) -> str:
        chosen = form.cleaned_data["groups"]
        for group in chosen:
            group_services.add_members(group, self.people, actor=person_of(self.request))
        return f"{self._sentence(len(self.people)).removesuffix('.')} to {_names(chosen)}."


# --- the pages ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compared:
    """An attribute as the identity provider says it and as the portal has it."""

    label: str
    said: str
    kept: str
    note: str = ""

    @property
    def differs(self) -> bool:
        return self.said != self.kept


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group of a user, why they are in it, and whether they can be taken out here."""

    reason: Reason
    decision: Decision
    remove_url: str


@admin.register(User)
class UserAdmin(PortalModelAdmin):
    list_display = ("person", "shown_status", "shown_last_active", "source", "shown_groups", "shown_role")
    list_display_links = ("person",)
    list_filter = (StatusFilter, RoleFilter, SourceFilter, GroupFilter, LoginFilter)
    list_filter_submit = True
    search_fields = ("username_key",)
    search_help_text = "Beginning of a username, email, first or last name"
    sortable_by = ("person",)
    ordering = ("username_key",)
    actions = ("enable_chosen", "disable_chosen", "add_chosen_to_groups")
    detail_template = "admin/portal/user.html"
    change_list_template = "admin/portal/users.html"
    pages = (
        InviteUser,
        EditProfile,
        AddToGroups,
        ChangeRole,
        MarkBreakGlass,
        ClearBreakGlass,
        ResendInvitation,
        Enable,
        Disable,
        EndSessions,
        RevokeInvitation,
        RemoveFromGroup,
        BulkEnable,
        BulkDisable,
        BulkAddToGroups,
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        memberships = Membership.objects.select_related("group").order_by("group__name_key")
        return (
            super()
            .get_queryset(request)
            .select_related("managed_by")
            .prefetch_related(Prefetch("memberships", queryset=memberships))
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        if not search_term.strip() or "\0" in search_term:
            return queryset, False
        return queryset.search(search_term), False  # type: ignore[attr-defined]

    # --- columns ---

    @admin.display(description="Name", ordering="username_key")
    def person(self, obj: User) -> str:
        return format_html(
            '<span class="gh-strong">{}</span><br><span class="gh-subtle gh-small">{}</span>',
            obj.display_name,
            obj.username,
        )

    @admin.display(description="Status")
    def shown_status(self, obj: User) -> str:
        colour = STATUS_COLOURS[Status(obj.status)]
        return format_html('<span class="gh-badge gh-badge-{}">{}</span>', colour, obj.get_status_display())

    @admin.display(description="Last active")
    def shown_last_active(self, obj: User) -> str:
        if obj.last_active is None:
            return format_html('<span class="gh-subtle">{}</span>', "Never")
        return format_html(
            '<time datetime="{}" title="{:%Y-%m-%d %H:%M} UTC">{} ago</time>',
            obj.last_active.isoformat(),
            obj.last_active,
            timesince(obj.last_active, depth=1),
        )

    @admin.display(description="Source")
    def source(self, obj: User) -> str:
        return str(obj.managed_by) if obj.managed_by else "Local"

    @admin.display(description="Groups")
    def shown_groups(self, obj: User) -> str:
        memberships = list(obj.memberships.all())
        chips = format_html_join(
            " ",
            '<span class="gh-chip" title="{}">{}</span>',
            ((membership.group, membership.group) for membership in memberships[:GROUPS_SHOWN]),
        )
        more = len(memberships) - GROUPS_SHOWN
        if more > 0:
            return format_html('{} <span class="gh-subtle gh-small gh-nowrap">and {} more</span>', chips, more)
        return chips or format_html('<span class="gh-subtle">{}</span>', "None")

    @admin.display(description="Role")
    def shown_role(self, obj: User) -> str:
        if obj.is_break_glass:
            return format_html(
                '{} <span class="gh-badge gh-badge-amber">{}</span>', obj.get_role_display(), "Break-glass"
            )
        return obj.get_role_display()

    # --- ticked in the list ---

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Only what the mode lets be done to somebody at all."""
        actions: dict[str, Any] = super().get_actions(request)
        if not self.has_view_permission(request):
            return {}
        return actions

    @admin.action(description="Enable users")
    def enable_chosen(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse:
        return self._bulk(BulkEnable, queryset)

    @admin.action(description="Disable users")
    def disable_chosen(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse:
        return self._bulk(BulkDisable, queryset)

    @admin.action(description="Add users to groups")
    def add_chosen_to_groups(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse:
        return self._bulk(BulkAddToGroups, queryset)

    def _bulk(self, page: type[BulkPage], queryset: QuerySet[User]) -> HttpResponse:
        """To the page that asks first; it names the people, so the address can be shared and reloaded."""
        ids = ",".join(str(pk) for pk in queryset.order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
        return HttpResponseRedirect(f"{reverse(self.url_name(page.name))}?ids={ids}")

    # --- one person ---

    def buttons(self, request: HttpRequest, obj: Any) -> list[Button]:
        """An Invited user is neither enabled nor disabled by hand: the invitation has its own actions."""
        return super().buttons(request, obj)

    def get_detail(self, request: HttpRequest, obj: User) -> dict[str, Any]:
        sso_user = SSOUser.objects.filter(user=obj).select_related("identity_provider").first()
        log = ProvisioningLog.objects.filter(user=obj).select_related("identity_provider")
        events = AuditEvent.objects.filter(user_id=obj.pk).select_related("personal_data")
        return {
            "title": obj.display_name,
            "sso_user": sso_user,
            "compared": compare(obj, sso_user) if sso_user else [],
            "group_lines": self._group_lines(request, obj),
            "sso_groups": sso_user.sso_groups.all() if sso_user else [],
            "assets": Asset.objects.owned_by(obj.pk)[:50],
            "identities": SSOIdentity.objects.filter(user=obj).select_related("identity_provider"),
            "conflicts": Conflict.objects.open().filter(user=obj).select_related("identity_provider"),
            "log_rows": log[:LOG_ROWS_SHOWN],
            "lines": tell(events[:EVENTS_SHOWN]),
            "invitation": getattr(obj, "invitation", None),
            "status_colour": STATUS_COLOURS[Status(obj.status)],
            "is_oneself": obj.pk == request.user.pk,
        }

    def _group_lines(self, request: HttpRequest, obj: User) -> list[GroupLine]:
        url = reverse(self.url_name(RemoveFromGroup.name), args=(obj.pk,))
        return [
            GroupLine(
                reason,
                decide(request, Action.CHANGE_MEMBERS, group=reason.membership.group),
                f"{url}?group={reason.membership.group_id}",
            )
            for reason in memberships_with_reasons(obj)
        ]


R2 = "The portal keeps the {} that it took at first provisioning; later changes are stored here only."


def compare(user: User, sso_user: SSOUser) -> list[Compared]:
    """Attribute by attribute: what the identity provider says beside what the portal keeps (R2, R4)."""
    name = sso_user.attributes.get("name") or {}
    return [
        Compared("Username", sso_user.user_name, user.username, R2.format("username")),
        Compared("Email", sso_user.email or "", user.email or "", R2.format("email")),
        Compared("First name", name.get("givenName") or "", user.first_name, "Edited in the portal since."),
        Compared("Last name", name.get("familyName") or "", user.last_name, "Edited in the portal since."),
        Compared(
            "Status",
            str(Status.ENABLED.label if sso_user.active else Status.DISABLED.label),
            user.get_status_display(),
            "Changed in the portal while SCIM was off.",
        ),
    ]
