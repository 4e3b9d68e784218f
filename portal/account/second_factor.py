"""The pages of the second step, for people with a password; break-glass accounts need one (SR-21)."""

from __future__ import annotations

import base64
import time
from typing import Any
from urllib.parse import quote, urlencode

import qrcode
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView, TemplateView
from qrcode.image.svg import SvgPathImage

from identity import policy
from identity.core import totp
from identity.core.actors import Person
from identity.core.decisions import Action
from identity.core.errors import GatehouseError, InvalidValue, Refused
from identity.core.webauthn import why_not_here
from identity.events import Event
from identity.models import User
from identity.services import second_factors
from portal.session.fresh_sign_in import is_fresh, redirect_to_confirmation
from portal.session.guesses import SlowedDown, note_sign_in
from portal.session.opening import ask_to_sign_out, is_somebody_else, landing_url, let_in
from portal.session.throttle import for_code, remember_browser

PENDING = "pending_sign_in"
PENDING_SECONDS = 10 * 60
SECRET = "totp_secret"  # noqa: S105 - the session's key for it
WRONG = "This code is not right. Codes change every 30 seconds, and each works once."
UNREADABLE = (
    "Your second step can't be checked: the portal's SECRET_KEY has changed. Ask the operator of the server to set "
    "SECRET_KEY_FALLBACKS to the former key, or to reset your second step (manage.py reset_second_factor)."
)
PAUSE = "Too many wrong codes. Wait a minute, then try again."


# --- between the password and the session ---


def wait_for_code(request: HttpRequest, user: User, target: str) -> HttpResponse:
    """The password was correct: no session is opened before the code is, too."""
    request.session[PENDING] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "next": target,
        "at": time.time(),
    }
    return redirect("second_factor" if user.has_second_step else "second_factor_first")


def pending(request: HttpRequest) -> tuple[User, str] | None:
    """The user who just entered the correct password, and where they were going."""
    found: dict[str, Any] = request.session.get(PENDING) or {}
    if not found or time.time() - found["at"] > PENDING_SECONDS:
        return None
    user = User.objects.filter(pk=found["user"]).first()
    if user is None or user.get_session_auth_hash() != found["hash"]:
        return None
    return (user, found["next"]) if policy.for_oneself(Action.SIGN_IN_BY_PASSWORD, user) else None


class CodeForm(forms.Form):
    """Six digits, or a recovery code."""

    code = forms.CharField(
        max_length=32,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "inputmode": "numeric", "spellcheck": "false"}
        ),
    )


class _Pending(FormView):
    """A page for a user whose password was correct."""

    user: User
    target: str

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        found = pending(request)
        if found is None:
            return redirect("login")
        self.user, self.target = found
        if is_somebody_else(request, self.user):
            return ask_to_sign_out(request, self.user, f"The code would sign in {self.user.username}.")
        return super().dispatch(request, *args, **kwargs)

    def enter(self, method: str) -> str:
        """Open the session; returns where to go."""
        del self.request.session[PENDING]
        let_in(self.request, self.user, method=f"password and {method}", second_step=True)
        return landing_url(self.request, self.user, self.target)


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class SecondFactorPage(SlowedDown, _Pending):
    """The code, after the password."""

    form_class = CodeForm
    template_name = "portal/second_factor.html"
    extra_context = {"title": "One more step"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, has_app=self.user.has_app, has_passkey=self.user.passkeys.exists())

    def form_valid(self, form: CodeForm) -> HttpResponse:
        tries = for_code(self.request, self.user)
        if not tries.take():
            note_sign_in(self.request, Event.SIGN_IN_PAUSED, self.user, code="pause", step="code")
            form.add_error("code", forms.ValidationError(PAUSE, code="pause"))
            return self.form_invalid(form)
        try:
            method = second_factors.use_code(self.user, form.cleaned_data["code"])
        except Refused:
            form.add_error("code", UNREADABLE)
            return self.form_invalid(form)
        if not method:
            note_sign_in(self.request, Event.SIGN_IN_WRONG_CODE, self.user)
            form.add_error("code", WRONG)
            return self.form_invalid(form)
        tries.forget()
        response = redirect(self.enter(method))
        remember_browser(self.request, response, self.user)
        return response


# --- setting it up ---


class _SetUp(FormView):
    """Show the secret, take the first code, show the recovery codes."""

    template_name = "portal/second_factor_set_up.html"
    form_class = CodeForm
    extra_context = {"title": "Set up a second step", "submit": "Set up"}
    service = staticmethod(second_factors.set_up_second_factor)
    user: User

    def secret(self) -> str:
        """Kept in the session between the QR code and the first code."""
        return str(self.request.session.setdefault(self._secret_key(), totp.new_secret()))

    def _secret_key(self) -> str:
        """Per user: another one may have used the browser before."""
        return f"{SECRET}:{self.user.pk}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        picture = base64.b64encode(_picture(_address_of(self.user, self.secret()))).decode()
        return super().get_context_data(**kwargs, secret=self.secret(), picture=picture)

    def form_valid(self, form: CodeForm) -> HttpResponse:
        try:
            codes = self.service(
                self.user, secret=self.secret(), code=form.cleaned_data["code"], actor=Person(self.user)
            )
        except GatehouseError as error:
            form.add_error("code", WRONG if isinstance(error, InvalidValue) else error.sentence)
            return self.form_invalid(form)
        self.request.session.pop(self._secret_key(), None)
        return self.done(codes)

    def done(self, codes: list[str]) -> HttpResponse:
        """The app has the secret, and the codes are to be shown."""
        return show_codes(self.request, codes, "/profile/")


def _address_of(user: User, secret: str) -> str:
    """What an authenticator app reads (the Key URI format that all of them support)."""
    label = quote(user.email or user.username)
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': settings.TOTP_ISSUER})}"


def _picture(address: str) -> bytes:
    """As a QR code."""
    image: bytes = qrcode.make(address, image_factory=SvgPathImage).to_string()
    return image


def show_codes(request: HttpRequest, codes: list[str], onwards: str) -> HttpResponse:
    """The only page that ever shows them."""
    context = {"title": "Keep these recovery codes", "codes": codes, "onwards": onwards}
    answer = render(request, "portal/recovery_codes.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class BeforeAnythingOpens(_Pending):
    """A break-glass account without a second step, while SSO is enforced: must set one up first to sign in."""

    method: str

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        found = pending(request)
        if found is not None and found[0].has_second_step:
            return redirect("second_factor")
        return super().dispatch(request, *args, **kwargs)

    def done(self, codes: list[str]) -> HttpResponse:
        response = show_codes(self.request, codes, self.enter(self.method))
        remember_browser(self.request, response, self.user)
        return response


class FirstSecondFactor(BeforeAnythingOpens, _SetUp):
    """The first second step is an app."""

    method = "totp"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, may_add_passkey=not why_not_here())


def why_elsewhere(request: HttpRequest, action: Action, back: str) -> HttpResponse | None:
    """The redirect for a user who can't do this now: back with the reason, or to a fresh sign-in."""
    decision = policy.for_oneself(action, request.user)  # type: ignore[arg-type]
    if not (decision and decision.fits):
        (messages.info if decision else messages.error)(request, decision.reason)
        return redirect(back)
    return None if is_fresh(request) else redirect_to_confirmation(request)


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class SetUpSecondFactor(LoginRequiredMixin, _SetUp):
    """For everyone who signs in by password, from the profile page."""

    action = Action.SET_UP_APP

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        self.user = request.user
        if (elsewhere := why_elsewhere(request, self.action, "profile")) is not None:
            return elsewhere
        return super().dispatch(request, *args, **kwargs)


class ReplaceSecondFactor(SetUpSecondFactor):
    """Another app, in an emergency too: a user who signed in with a recovery code has lost the old one."""

    action = Action.REPLACE_APP
    extra_context = {"title": "Replace your authenticator app", "submit": "Replace"}
    service = staticmethod(second_factors.replace_second_factor)


@method_decorator(never_cache, name="dispatch")
class _Change(LoginRequiredMixin, TemplateView):
    """A button of the profile page, after a fresh sign-in; a confirmation returns to this page."""

    template_name = "portal/change.html"
    action: Action

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        if (elsewhere := why_elsewhere(request, self.action, "profile")) is not None:
            return elsewhere
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.change(request.user)  # type: ignore[arg-type]
        except GatehouseError as error:
            messages.error(request, error.sentence)
            return redirect("profile")

    def change(self, user: User) -> HttpResponse:
        raise NotImplementedError


class NewRecoveryCodes(_Change):
    """New recovery codes in place of the old ones."""

    action = Action.MAKE_RECOVERY_CODES
    extra_context = {
        "title": "New recovery codes",
        "lead": "The codes that you have now stop working.",
        "submit": "Create recovery codes",
    }

    def change(self, user: User) -> HttpResponse:
        codes = second_factors.make_recovery_codes(user, actor=Person(user))
        return show_codes(self.request, codes, "/profile/")


class RemoveSecondFactor(_Change):
    """Remove the app; a break-glass account keeps a second step while SSO is enforced."""

    action = Action.REMOVE_APP
    extra_context = {
        "title": "Remove your authenticator app",
        "lead": "Its codes stop working. Without a passkey, your password alone will sign you in.",
        "submit": "Remove app",
    }

    def change(self, user: User) -> HttpResponse:
        second_factors.remove_second_factor(user, actor=Person(user))
        messages.success(self.request, "Your authenticator app was removed.")
        return redirect("profile")
