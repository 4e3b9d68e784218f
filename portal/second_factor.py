"""TOTP and recovery codes for people with a password, on allauth.mfa; break-glass accounts need them (SR-21)."""

from __future__ import annotations

import base64
import time
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, validate_totp_code
from django import forms
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from identity import policy
from identity.actors import Person
from identity.errors import Refused
from identity.models import User
from identity.services import traces, users
from portal.auth import has_second_factor, is_kept_out, may_reset_password, must_have_second_factor
from portal.entrance import ask_to_sign_out, is_somebody_else, landing_url, let_in
from portal.fresh import is_fresh, redirect_to_confirmation
from portal.guesses import SlowedDown, note_sign_in
from portal.shared_cache import cache
from portal.throttle import for_code, remember_browser

PENDING = "pending_sign_in"
PENDING_SECONDS = 10 * 60
CODE_SECONDS = 5 * 60  # longer than any code is good for
SECRET = "totp_secret"  # noqa: S105 - the session's key for it
WRONG = "This code is not right. Codes change every 30 seconds, and each works once."
PAUSE = "Too many wrong codes. Wait a minute, then try again."


def check_code(user: User, code: str) -> str:
    """`totp` or `recovery_code`, whichever this code is; empty when it is neither."""
    found = {row.type: row for row in Authenticator.objects.filter(user=user)}
    totp = found.get(Authenticator.Type.TOTP)
    if totp is not None and TOTP(totp).validate_code(code) and _is_first_use(user, code):
        return "totp"
    codes = found.get(Authenticator.Type.RECOVERY_CODES)
    return "recovery_code" if codes is not None and RecoveryCodes(codes).validate_code(code) else ""


def _is_first_use(user: User, code: str) -> bool:
    """A code works once, whichever worker sees it first (RFC 6238, 5.2)."""
    return bool(cache.add(f"totp:{user.pk}:{code}", 1, CODE_SECONDS))


@transaction.atomic
def activate(user: User, secret: str) -> list[str]:
    """Make the app somebody's second factor; the recovery codes, to be shown once."""
    TOTP.activate(user, secret)
    codes: list[str] = RecoveryCodes.activate(user).generate_codes()
    users.record_second_factor(user, present=True, actor=Person(user))
    return codes


# --- between the password and the session ---


def wait_for_code(request: HttpRequest, user: User, target: str) -> HttpResponse:
    """The password was right: no session is opened before the code is."""
    request.session[PENDING] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "next": target,
        "at": time.time(),
    }
    return redirect("second_factor" if has_second_factor(user) else "second_factor_first")


def pending(request: HttpRequest) -> tuple[User, str] | None:
    """Who has typed the right password a moment ago, and where they were going."""
    found: dict[str, Any] = request.session.get(PENDING) or {}
    if not found or time.time() - found["at"] > PENDING_SECONDS:
        return None
    user = User.objects.filter(pk=found["user"]).first()
    if user is None or not user.is_active or user.get_session_auth_hash() != found["hash"]:
        return None
    if not policy.may_use_password(user, policy.current_mode()):
        return None
    return user, found["next"]


class CodeForm(forms.Form):
    """Six digits, or a recovery code."""

    code = forms.CharField(
        max_length=32,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "inputmode": "numeric", "spellcheck": "false"}
        ),
    )


class _Pending(FormView):
    """A page for somebody whose password was right."""

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
        """Open the session; where to go."""
        del self.request.session[PENDING]
        let_in(self.request, self.user, method=f"password and {method}", second_step=True)
        return landing_url(self.request, self.user, self.target)


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class SecondFactor(SlowedDown, _Pending):
    """The code, after the password."""

    form_class = CodeForm
    template_name = "portal/second_factor.html"
    extra_context = {"title": "One more step"}

    def form_valid(self, form: CodeForm) -> HttpResponse:
        tries = for_code(self.request, self.user)
        if not tries.take():
            note_sign_in(self.request, traces.PAUSED, self.user, code="pause", step="code")
            form.add_error("code", forms.ValidationError(PAUSE, code="pause"))
            return self.form_invalid(form)
        method = check_code(self.user, form.cleaned_data["code"])
        if not method:
            note_sign_in(self.request, traces.WRONG_CODE, self.user)
            form.add_error("code", WRONG)
            return self.form_invalid(form)
        tries.forget()
        response = redirect(self.enter(method))
        remember_browser(self.request, response, self.user)
        return response


# --- setting it up ---


class SetUpForm(CodeForm):
    """The first code proves that the app has the secret."""

    def __init__(self, secret: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.secret = secret

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if not validate_totp_code(self.secret, code):
            raise forms.ValidationError(WRONG)
        return code


class _SetUp(FormView):
    """Show the secret, take the first code, show the recovery codes."""

    template_name = "portal/second_factor_set_up.html"
    form_class = SetUpForm
    extra_context = {"title": "Set up a second step"}
    user: User

    def secret(self) -> str:
        """Kept in the session between the picture and the first code."""
        return str(self.request.session.setdefault(self._secret_key(), generate_totp_secret()))

    def _secret_key(self) -> str:
        """Of this person: whoever used the browser before may have seen another one."""
        return f"{SECRET}:{self.user.pk}"

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "secret": self.secret()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        adapter = get_adapter()
        svg: str = adapter.build_totp_svg(adapter.build_totp_url(self.user, self.secret()))
        picture = base64.b64encode(svg.encode()).decode()
        return super().get_context_data(**kwargs, secret=self.secret(), picture=picture)

    def show_codes(self, codes: list[str], onwards: str) -> HttpResponse:
        self.request.session.pop(self._secret_key(), None)
        context = {"title": "Keep these recovery codes", "codes": codes, "onwards": onwards}
        answer = render(self.request, "portal/recovery_codes.html", context)
        answer["Cache-Control"] = "no-store"
        return answer


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class FirstSecondFactor(_SetUp, _Pending):
    """A break-glass account without one, while SSO is enforced: nothing opens before it is set up."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        found = pending(request)
        if found is not None and has_second_factor(found[0]):
            return redirect("second_factor")
        if found is not None and is_kept_out(found[0]):
            return redirect("login")
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: SetUpForm) -> HttpResponse:
        codes = activate(self.user, self.secret())
        response = self.show_codes(codes, self.enter("totp"))
        remember_browser(self.request, response, self.user)
        return response


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class SetUpSecondFactor(LoginRequiredMixin, _SetUp):
    """For everyone whom a password lets in, from the profile page."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        self.user = request.user
        if has_second_factor(self.user) or not may_reset_password(self.user):
            return redirect("profile")
        if not is_fresh(request):
            return redirect_to_confirmation(request)
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: SetUpForm) -> HttpResponse:
        return self.show_codes(activate(self.user, self.secret()), "/profile/")


@method_decorator(never_cache, name="dispatch")
class RemoveSecondFactor(LoginRequiredMixin, View):
    """Take the second step away, after a fresh sign-in; a break-glass account keeps it while SSO is enforced."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        user: User = request.user  # type: ignore[assignment]
        if not is_fresh(request):
            return redirect_to_confirmation(request)
        try:
            remove(user)
        except Refused as error:
            messages.error(request, error.sentence)
        else:
            messages.success(request, "Signing in asks for your password only.")
        return redirect("profile")


@transaction.atomic
def remove(user: User, actor: Any = None) -> None:
    """Forget somebody's app and recovery codes. Raises Refused for a break-glass account that needs them."""
    if actor is None and must_have_second_factor(user):
        raise Refused("A break-glass account keeps its second step while SSO is enforced.", code="needed")
    rows = Authenticator.objects.filter(user=user)
    rows.delete()
    users.record_second_factor(user, present=False, actor=actor or Person(user))
