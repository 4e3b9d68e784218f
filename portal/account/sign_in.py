"""Pages for every user: sign-in, sign-out, passwords, invitations and the profile."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash, views
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django.views.generic import FormView, TemplateView

from identity import policy
from identity.core.actors import Person
from identity.core.decisions import Action, Decision
from identity.core.encryption import seal
from identity.core.errors import GatehouseError
from identity.core.webauthn import why_not_here
from identity.models import Asset, Invitation, SSOConnection, SSOIdentity, User
from identity.queries.reasons import memberships_with_reasons
from identity.safeguards.asked import Situation
from identity.safeguards.second_steps import must_have_second_step
from identity.services import background, invitations
from portal.account.forms import (
    ChangePasswordForm,
    ConfirmPasswordForm,
    FirstPasswordForm,
    NewPasswordForm,
    ResetForm,
    SignInForm,
)
from portal.account.resets import mail_reset_link
from portal.account.second_factor import wait_for_code
from portal.session.auth import may_reset_password, reset_tokens
from portal.session.fresh_sign_in import mark_fresh
from portal.session.guesses import SlowedDown
from portal.session.opening import ask_to_sign_out, is_somebody_else, landing_url, let_in
from portal.session.sessions import end_other_sessions, end_session, renew_key, sessions_of, still_listed
from portal.session.throttle import for_reset, remember_browser
from portal.sso.logout import provider_logout_url

TOO_MANY_RESETS = "Too many reset links were asked for from your network. Try again in an hour."


def home(request: HttpRequest) -> HttpResponse:
    """The portal's home page."""
    if not request.user.is_authenticated:
        return redirect("login")
    return redirect(landing_url(request, request.user))


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class SignInPage(SlowedDown, FormView):
    """The one sign-in page, for staff and members alike."""

    template_name = "portal/sign_in.html"
    form_class = SignInForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated:
            return redirect(landing_url(request, request.user))
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        target = self.request.POST.get("next") or self.request.GET.get("next") or ""
        return super().get_context_data(
            **kwargs,
            title="Sign in",
            next=target,
            mode=policy.current_mode(),
            connections=SSOConnection.objects.enabled(),
            passkeys_work=not why_not_here(),
        )

    def form_valid(self, form: Any) -> HttpResponse:
        if form.user.has_second_step or must_have_second_step(form.user, Situation()):
            target = self.request.POST.get("next") or self.request.GET.get("next") or ""
            return wait_for_code(self.request, form.user, target)
        let_in(self.request, form.user, method="password")
        response = redirect(landing_url(self.request, form.user))
        remember_browser(self.request, response, form.user)
        return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session; by POST only, so that no image or link can do it (SR-24).

    Users of an identity provider are offered to sign out there too (RP-initiated logout).
    """
    elsewhere = provider_logout_url(request)
    logout(request)
    if elsewhere is not None:
        url, provider = elsewhere
        context = {"title": "You have signed out", "url": url, "provider": provider}
        return render(request, "portal/signed_out.html", context)
    messages.success(request, "You have signed out.")
    return redirect("login")


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class ConfirmPassword(LoginRequiredMixin, SlowedDown, FormView):
    """A fresh sign-in before something that can't be undone (SR-11, SR-19)."""

    template_name = "portal/confirm_password.html"
    form_class = ConfirmPasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        return super().get_context_data(
            **kwargs,
            title="Confirm that it is you",
            has_password=may_reset_password(user),  # type: ignore[arg-type]
            has_passkey=may_reset_password(user) and user.passkeys.exists(),  # type: ignore[arg-type,union-attr]
            sso_connection=self.request.session.get("sso_connection"),
            next=self.request.POST.get("next") or self.request.GET.get("next") or "",
        )

    def form_valid(self, form: ConfirmPasswordForm) -> HttpResponse:
        renew_key(self.request)
        mark_fresh(self.request)
        return redirect(landing_url(self.request, self.request.user))  # type: ignore[arg-type]


@method_decorator(never_cache, name="dispatch")
class Profile(LoginRequiredMixin, TemplateView):
    """What people see about themselves; read only."""

    template_name = "portal/profile.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user: User = self.request.user  # type: ignore[assignment]
        return super().get_context_data(
            **kwargs,
            title="Your profile",
            memberships=memberships_with_reasons(user),
            assets=Asset.objects.owned_by(user.pk),
            sessions=sessions_of(user),
            providers=_providers_of(user),
            initials=_initials(user),
            this_session=self.request.session.session_key,
            has_app=user.has_app,
            passkey_count=user.passkeys.count(),
            **_own_ways_in(user),
            api_token_count=user.api_tokens.count(),
        )


def _own_ways_in(user: User) -> dict[str, Decision]:
    """What a user may do now about the own password and second step, by what the template calls it."""
    now, actor = Situation(), Person(user)
    asked = {
        "password": Action.CHANGE_PASSWORD,
        "set_up_app": Action.SET_UP_APP,
        "replace_app": Action.REPLACE_APP,
        "remove_app": Action.REMOVE_APP,
        "recovery_codes": Action.MAKE_RECOVERY_CODES,
    }
    return {name: policy.decide(action, actor=actor, now=now, user=user) for name, action in asked.items()}


def _providers_of(user: User) -> list[str]:
    """The identity providers this user has signed in with."""
    identities = SSOIdentity.objects.filter(user=user).select_related("identity_provider")
    return list(dict.fromkeys(str(identity.identity_provider) for identity in identities))


def _initials(user: User) -> str:
    names = [user.first_name, user.last_name] if user.first_name and user.last_name else [user.display_name]
    return "".join(name[:1] for name in names).upper()


@require_POST
@login_required
def end_own_session(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of one's own sessions, from the profile page."""
    user: User = request.user  # type: ignore[assignment]
    if end_session(user, pk, actor=Person(user)):
        messages.success(request, "That session has ended.")
    return redirect("profile")


@require_POST
@login_required
def end_own_other_sessions(request: HttpRequest) -> HttpResponse:
    """End all of one's own sessions except this one."""
    end_other_sessions(request.user, keeping=request.session.session_key)  # type: ignore[arg-type]
    messages.success(request, "Your other sessions have ended.")
    return redirect("profile")


# --- passwords ------------------------------------------------------------------------------------------


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class ChangePassword(SlowedDown, views.PasswordChangeView):
    """Change one's own password; this session continues, all others end."""

    template_name = "portal/password_change.html"
    form_class = ChangePasswordForm
    success_url = reverse_lazy("profile")
    title = "Change your password"

    def dispatch(self, *args: Any, **kwargs: Any) -> Any:
        user = self.request.user
        if user.is_authenticated and not (decision := policy.for_oneself(Action.CHANGE_PASSWORD, user)):
            messages.error(self.request, decision.reason)
            return redirect("profile")
        return super().dispatch(*args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}

    def form_valid(self, form: Any) -> HttpResponse:
        form.user.signed_in_by_sso = self.request.user.signed_in_by_sso  # type: ignore[union-attr]
        with still_listed(self.request):
            update_session_auth_hash(self.request, form.user)
        mark_fresh(self.request)
        messages.success(self.request, "Your password has been changed. Your other sessions have ended.")
        return HttpResponseRedirect(str(self.success_url))


@method_decorator(never_cache, name="dispatch")
class ResetPassword(SlowedDown, FormView):
    """Request a reset link. Response and timing are the same for every name (R22): no account is looked up here."""

    template_name = "portal/password_reset.html"
    form_class = ResetForm
    success_url = reverse_lazy("password_reset_sent")
    extra_context = {"title": "Reset your password"}

    def form_valid(self, form: ResetForm) -> HttpResponse:
        if not for_reset(self.request).take():
            form.add_error(None, ValidationError(TOO_MANY_RESETS, code="pause_an_hour"))
            return self.form_invalid(form)
        background.after_answer(mail_reset_link, sealed=seal(form.cleaned_data["name"]))
        return super().form_valid(form)


class ResetPasswordSent(TemplateView):
    """The neutral response."""

    template_name = "portal/message.html"
    extra_context = {
        "title": "Look into your mail",
        "text": "If this account exists and signs in with a password, a link to choose a new one is on its way. "
        "It works once, for one hour.",
    }


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class ChooseNewPassword(views.PasswordResetConfirmView):
    """The target of a reset link. Django keeps the token in the session, so that no Referer carries it."""

    template_name = "portal/password_new.html"
    form_class = NewPasswordForm
    token_generator = reset_tokens
    success_url = reverse_lazy("login")
    title = "Choose a new password"

    def get_user(self, uidb64: str) -> Any:
        user = super().get_user(uidb64)
        return user if may_reset_password(user) else None

    def form_valid(self, form: Any) -> HttpResponse:
        self.request.session.pop(views.INTERNAL_RESET_SESSION_TOKEN, None)
        messages.success(self.request, "Your password has been changed. Sign in with the new one.")
        return HttpResponseRedirect(str(self.success_url))


# --- invitations ----------------------------------------------------------------------------------------


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class AcceptInvitation(View):
    """The single-use link of an invitation: choose a password and sign in (SR-23)."""

    def get(self, request: HttpRequest, secret: str) -> HttpResponse:
        return self._page(request, secret, FirstPasswordForm())

    def post(self, request: HttpRequest, secret: str) -> HttpResponse:
        form = FirstPasswordForm(request.POST)
        if request.user.is_authenticated or not form.is_valid():
            return self._page(request, secret, form)
        try:
            user = invitations.accept_invitation(secret, password=form.cleaned_data["password"])
        except GatehouseError as error:
            form.add_error("password", error.sentence)
            return self._page(request, secret, form)
        let_in(request, user, method="invitation")
        messages.success(request, f"Welcome, {user.display_name}. Your account is ready.")
        response = redirect(landing_url(request, user))
        remember_browser(request, response, user)
        return response

    def _page(self, request: HttpRequest, secret: str, form: FirstPasswordForm) -> HttpResponse:
        try:
            invitation: Invitation = invitations.find_invitation(secret)
        except GatehouseError as error:
            context = {"title": "This invitation does not work", "text": error.sentence}
            return render(request, "portal/message.html", context, status=404)
        if is_somebody_else(request, invitation.user):
            why = f"This invitation is for {invitation.user.username}."
            return ask_to_sign_out(request, invitation.user, why)
        welcome = {"title": "Welcome", "form": form, "invited": invitation.user, "invitation": invitation}
        return render(request, "portal/invitation.html", welcome)
