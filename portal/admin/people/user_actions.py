"""An administrator's actions on one user: invite, edit, enable, disable, change the role."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.forms import CharField, ChoiceField, EmailInput, Form, RadioSelect, TextInput
from django.http import HttpRequest

from identity.core.decisions import Action
from identity.models import Role, SSOUser, User
from identity.queries.invitation_links import LinkState
from identity.services import invitations, users
from portal.admin.frame.base import ActionPage
from portal.admin.frame.deciding import decide, person_of
from portal.session.fresh_sign_in import is_sensitive

ROLES = [
    (Role.MEMBER, "Member: sees their own profile"),
    (Role.SUPPORT, "Support: deletes disabled users permanently"),
    (Role.ADMINISTRATOR, "Administrator: users, groups, mappings, identity providers"),
    (Role.OWNER, "Owner: all of that, and roles, access settings, break-glass accounts"),
]


# --- invitations ---

AGAIN_AFTER_REVOKING = "To invite the person anew, let support delete the account first."


def told(request: HttpRequest, user: User, sentence: str) -> str:
    """The success message, unless the mail has already failed: then that instead."""
    if not invitations.mail_has_failed(user):
        return sentence
    messages.warning(request, LinkState.MAIL_FAILED.problem)
    return ""


class InviteForm(Form):
    """The person to invite."""

    username = CharField(
        max_length=255,
        help_text="Permanent: it can never be changed.",
        widget=TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "autofocus": True}),
    )
    email = CharField(
        max_length=255,
        help_text="The invitation goes to this address.",
        widget=EmailInput(attrs={"autocomplete": "off"}),
    )
    first_name = CharField(max_length=255, required=False)
    last_name = CharField(max_length=255, required=False)


class InviteUser(ActionPage):
    """Create an Invited user and mail the link (SR-23)."""

    name = "invite"
    label = "Invite user"
    icon = "person_add"
    action = Action.INVITE
    of_list = True
    form_class = InviteForm
    submit = "Send the invitation"
    explanation = (
        "The person gets a mail with a link that works once, for 72 hours, and chooses a password. "
        "Invite only people who will not be provisioned by an identity provider."
    )
    invited: User | None = None

    def run(self, form: Any) -> str:
        self.invited = invitations.invite_user(**form.cleaned_data, actor=person_of(self.request))
        sentence = f"The invitation for {self.invited.username} is on its way to {self.invited.email}."
        return told(self.request, self.invited, sentence)

    def get_success_url(self) -> str:
        return self.model_admin.detail_url(self.invited) if self.invited else super().get_success_url()


class ResendInvitation(ActionPage):
    """A new link replaces the old one."""

    name = "resend_invitation"
    label = "Send invitation again"
    action = Action.RESEND_INVITATION
    icon = "forward_to_inbox"
    submit = "Send it again"

    def get_explanation(self) -> str:
        return f"A new link goes to {self.obj.email}, good for 72 hours. The old one stops working."

    def run(self, form: Form) -> str:
        invitations.resend_invitation(self.obj, actor=person_of(self.request))
        return told(self.request, self.obj, f"A new invitation is on its way to {self.obj.email}.")


class RevokeInvitation(ActionPage):
    """Revoke the invitation: the account stays, Disabled."""

    name = "revoke_invitation"
    label = "Revoke invitation"
    action = Action.REVOKE_INVITATION
    icon = "cancel_schedule_send"
    danger = True

    def get_explanation(self) -> str:
        return (
            f"The link stops working, and the account of {self.obj.display_name}, who never was in, is disabled. "
            f"{AGAIN_AFTER_REVOKING}"
        )

    def run(self, form: Form) -> str:
        invitations.revoke_invitation(self.obj, actor=person_of(self.request))
        return f"The invitation of {self.obj.username} was revoked."


# --- profile and status ---


class ProfileForm(Form):
    """Names, and the email where no identity provider manages it."""

    first_name = CharField(max_length=255, required=False)
    last_name = CharField(max_length=255, required=False)
    email = CharField(max_length=255, required=False, widget=EmailInput)


class EditProfile(ActionPage):
    """Change names, and the email of users no identity provider manages (R3, R4).

    Changing the email of a user above member takes an owner.
    """

    name = "edit_profile"
    label = "Edit profile"
    action = Action.EDIT_PROFILE
    form_class = ProfileForm
    submit = "Save"

    @classmethod
    def needs_fresh(cls, request: HttpRequest, obj: User) -> bool:
        """Reset links go to the email: one's own, or that of a user above member, is sensitive."""
        return is_sensitive(obj, person_of(request))

    def get_explanation(self) -> str:
        if not self.obj.is_managed:
            return "The username is permanent."
        return (
            f"The username is permanent, and the email came from {self.obj.managed_by}. "
            "Names that you change here are overwritten when the identity provider sends new ones."
        )

    def get_initial(self) -> dict[str, Any]:
        return {"first_name": self.obj.first_name, "last_name": self.obj.last_name, "email": self.obj.email or ""}

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)
        decision = decide(self.request, Action.CHANGE_EMAIL, user=self.obj)
        if not decision:
            form.fields["email"].disabled = True
            form.fields["email"].help_text = decision.reason
        return form

    def run(self, form: Any) -> str:
        users.edit_profile(self.obj, **form.cleaned_data, actor=person_of(self.request))
        return f"The profile of {self.obj.username} was saved."


def _said_otherwise(user: User, *, active: bool) -> str:
    """What happens to a change that contradicts the identity provider's record, "" if it does not."""
    sso_user: SSOUser | None = getattr(user, "sso_user", None)
    if sso_user is None or sso_user.active == active:
        return ""
    idp, word = sso_user.identity_provider, "active" if sso_user.active else "inactive"
    return f" {idp} says that this person is {word}, and makes it so again when it is followed or sends the status."


class Enable(ActionPage):
    """Restore a disabled user's access."""

    name = "enable"
    label = "Enable"
    icon = "check_circle"
    action = Action.ENABLE

    def get_explanation(self) -> str:
        name = self.obj.display_name
        told = f"{name} can sign in again, with the groups and assets that the account still has."
        if self.obj.can_not_come_in:
            told = (
                f"{name} has never signed in and has no password: signing in takes an identity provider. "
                f"{AGAIN_AFTER_REVOKING}"
            )
        return f"{told}{_said_otherwise(self.obj, active=True)}"

    def run(self, form: Form) -> str:
        users.enable_user(self.obj, actor=person_of(self.request))
        return f"{self.obj.username} is enabled."


class Disable(ActionPage):
    """End a user's access at once (R13)."""

    name = "disable"
    label = "Disable"
    icon = "block"
    danger = True
    action = Action.DISABLE

    def get_explanation(self) -> str:
        who = "You lose" if self.obj.pk == self.request.user.pk else f"{self.obj.display_name} loses"
        return (
            f"{who} access at once: sessions, API tokens and reset links end. "
            f"Groups and assets stay, and the account can be enabled again.{_said_otherwise(self.obj, active=False)}"
        )

    def run(self, form: Form) -> str:
        users.disable_user(self.obj, actor=person_of(self.request))
        return f"{self.obj.username} is disabled."


# --- role and break-glass flag, by owners ---


class _OfOwners(ActionPage):
    """An owner's action, never on themselves (the policy checks this)."""

    action = Action.CHANGE_ROLE
    fresh = True


class RoleForm(Form):
    """One of the four roles."""

    role = ChoiceField(choices=ROLES, widget=RadioSelect)


def _speaks_for(user: User) -> str:
    """Who could act as a member who gets a role: tokens and connections made before keep working."""
    provider = user.managed_by
    if provider is None or user.is_privileged:
        return ""
    tokens = provider.scim_tokens.made().count() + provider.scim_trusts.count()
    return (
        f" {provider} manages this account. Above member, only owners create its SCIM tokens and change its "
        f"connections; what exists goes on working ({tokens} token{'' if tokens == 1 else 's'}): look who has it first."
    )


class ChangeRole(_OfOwners):
    """Change a user's role to member, support, administrator or owner."""

    name = "change_role"
    label = "Change role"
    icon = "badge"
    form_class = RoleForm
    submit = "Save the role"

    def get_explanation(self) -> str:
        return f"{self.obj.display_name} has the role {self.obj.get_role_display().lower()} now.{_speaks_for(self.obj)}"

    def get_initial(self) -> dict[str, Any]:
        return {"role": self.obj.role}

    def run(self, form: Any) -> str:
        role = Role(form.cleaned_data["role"])
        users.change_role(self.obj, role, actor=person_of(self.request))
        return f"{self.obj.username} has the role {str(role.label).lower()} now."


class MarkBreakGlass(_OfOwners):
    """Mark a local owner as the account that can sign in when SSO fails (R22)."""

    name = "mark_break_glass"
    label = "Make break-glass account"
    action = Action.MARK_BREAK_GLASS
    icon = "emergency"
    explanation = (
        "A break-glass account opens the portal when single sign-on fails: its password works even while SSO is "
        "enforced, no identity provider ever touches it, and every use alerts the administrators."
    )

    def run(self, form: Form) -> str:
        users.set_break_glass(self.obj, True, actor=person_of(self.request))
        return f"{self.obj.username} is a break-glass account now."


class ClearBreakGlass(_OfOwners):
    """Clear that flag."""

    name = "clear_break_glass"
    label = "Clear break-glass flag"
    action = Action.CLEAR_BREAK_GLASS
    icon = "emergency"
    danger = True
    explanation = "While SSO is enforced, the password of this account stops working."

    def run(self, form: Form) -> str:
        users.set_break_glass(self.obj, False, actor=person_of(self.request))
        return f"{self.obj.username} is no longer a break-glass account."
