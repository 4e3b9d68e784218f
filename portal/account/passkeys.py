"""The pages for passkeys: signing in with one, and managing one's own (SR-21, R22).

A page's form carries the browser's answer; the challenge is fetched from a second URL, by POST.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django.views.generic import FormView, TemplateView

from identity import policy
from identity.core.actors import Person
from identity.core.decisions import Action
from identity.core.errors import GatehouseError, Refused
from identity.core.webauthn import why_not_here
from identity.models import Passkey, User
from identity.services import passkeys
from portal.account.second_factor import BeforeAnythingOpens, SecondFactorPage, pending, show_codes, why_elsewhere
from portal.account.sign_in import ConfirmPassword, SignInPage
from portal.session.auth import may_reset_password
from portal.session.fresh_sign_in import is_fresh, mark_fresh
from portal.session.guesses import SLOWED
from portal.session.opening import landing_url, let_in
from portal.session.passkeys import Purpose, answered, ask_to_sign, ask_visitor, prove
from portal.session.passkeys import ask_to_add as asked_to_add
from portal.session.sessions import renew_key
from portal.session.throttle import remember_browser
from portal.session.user_agents import describe_browser

# --- what browsers are asked ---


@require_POST
@never_cache
def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Any passkey registered here may sign. The sign-in page asks on load, for the browser's autofill."""
    try:
        return ask_visitor(request)
    except Refused as error:
        refused = JsonResponse({"problem": error.sentence}, status=429)
        refused["Retry-After"] = str(SLOWED[error.code])
        return refused


@require_POST
@never_cache
def ask_for_second_step(request: HttpRequest) -> HttpResponse:
    """A passkey of the user whose password was just verified."""
    found = pending(request)
    return JsonResponse(ask_to_sign(request, Purpose.SECOND_STEP, found[0])) if found else _not_now()


@require_POST
@never_cache
def ask_to_confirm(request: HttpRequest) -> HttpResponse:
    """A passkey of the signed-in user."""
    user = _owner(request)
    return JsonResponse(ask_to_sign(request, Purpose.CONFIRM, user)) if user else _not_now()


@require_POST
@never_cache
def ask_to_add(request: HttpRequest) -> HttpResponse:
    """A new passkey, after a fresh sign-in."""
    user = _owner(request)
    if user is None or not is_fresh(request):
        return _not_now()
    decision = policy.for_oneself(Action.ADD_PASSKEY, user)
    return JsonResponse(asked_to_add(request, user)) if decision else _not_now(decision.reason)


@require_POST
@never_cache
def ask_to_add_first(request: HttpRequest) -> HttpResponse:
    """A first second step, after the password."""
    found = pending(request)
    return JsonResponse(asked_to_add(request, found[0])) if found and not found[0].has_second_step else _not_now()


def _owner(request: HttpRequest) -> User | None:
    """The signed-in user, if they may use passkeys."""
    user = request.user
    return user if user.is_authenticated and may_reset_password(user) else None


def _not_now(problem: str = "Sign in first.") -> HttpResponse:
    return JsonResponse({"problem": problem}, status=403)


# --- signing in ---


class _ByPasskey:
    """A page that accepts a passkey's answer beside the form it normally shows."""

    request: HttpRequest
    page: str

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect(self.page)

    def get_form_kwargs(self) -> dict[str, Any]:
        """The form beside it was not filled in."""
        given = super().get_form_kwargs()  # type: ignore[misc]
        return {name: value for name, value in given.items() if name not in {"data", "files"}}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return self.signed(request.POST.get("answer", ""))
        except GatehouseError as error:
            context = self.get_context_data(passkey_problem=error.sentence)  # type: ignore[attr-defined]
            page: HttpResponse = self.render_to_response(context, status=400)  # type: ignore[attr-defined]
            if error.code in SLOWED:
                page.status_code = 429
                page["Retry-After"] = str(SLOWED[error.code])
            return page

    def signed(self, answer: str) -> HttpResponse:
        raise NotImplementedError


class SignInByPasskey(_ByPasskey, SignInPage):
    """A passkey alone: its device has checked a PIN, fingerprint or face, so nothing else is required."""

    page = "login"

    def signed(self, answer: str) -> HttpResponse:
        user = prove(self.request, answer, Purpose.SIGN_IN)
        let_in(self.request, user, method="passkey", second_step=True)
        response = redirect(landing_url(self.request, user))
        remember_browser(self.request, response, user)
        return response


class SecondStepByPasskey(_ByPasskey, SecondFactorPage):
    """A passkey after the password, instead of a code."""

    page = "second_factor"

    def signed(self, answer: str) -> HttpResponse:
        prove(self.request, answer, Purpose.SECOND_STEP, self.user)
        response = redirect(self.enter("passkey"))
        remember_browser(self.request, response, self.user)
        return response


class ConfirmByPasskey(_ByPasskey, ConfirmPassword):
    """A passkey instead of the password, before a sensitive action."""

    page = "confirm_password"

    def signed(self, answer: str) -> HttpResponse:
        user: User = self.request.user  # type: ignore[assignment]
        prove(self.request, answer, Purpose.CONFIRM, user)
        renew_key(self.request)
        mark_fresh(self.request)
        return redirect(landing_url(self.request, user))


# --- managing one's own ---


class PasskeyForm(forms.Form):
    """A passkey's label."""

    name = forms.CharField(
        max_length=passkeys.LONGEST_NAME,
        widget=forms.TextInput(attrs={"autofocus": True}),
        help_text="So that you know it again, for example “work laptop”.",
    )


@method_decorator(never_cache, name="dispatch")
class _Own(LoginRequiredMixin):
    """A page for people who may sign in with a passkey."""

    request: HttpRequest
    user: User
    action: Action | None = None  # that needs a fresh sign-in; none: a page that only shows

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        self.user = request.user
        if "pk" in kwargs:
            self.passkey()
        door = policy.for_oneself(Action.CHANGE_PASSWORD, self.user)
        back = "passkeys" if door else "profile"
        if self.action and (elsewhere := why_elsewhere(request, self.action, back)) is not None:
            return elsewhere
        if not door:
            messages.error(request, door.reason)
            return redirect("profile")
        return super().dispatch(request, *args, **kwargs)

    def passkey(self) -> Passkey:
        """The one in the URL. Raises Http404."""
        found = self.user.passkeys.filter(pk=self.kwargs["pk"]).first()  # type: ignore[attr-defined]
        if found is None:
            raise Http404("You have no such passkey.")
        return found


class OwnPasskeys(_Own, TemplateView):
    """The user's passkeys, and when each was last used."""

    template_name = "portal/passkeys.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            **kwargs,
            title="Your passkeys",
            passkeys=self.user.passkeys.all(),
            why_not_here=why_not_here(),
            addition=policy.for_oneself(Action.ADD_PASSKEY, self.user),
            removal=policy.for_oneself(Action.REMOVE_PASSKEY, self.user),
        )


class _Adding(FormView):
    """A page that creates a passkey; the first second step comes with recovery codes."""

    template_name = "portal/passkey_new.html"
    form_class = PasskeyForm
    extra_context = {"title": "Add a passkey"}
    user: User
    question: str  # the name of the URL for the browser's challenge

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, question=reverse(self.question))

    def get_initial(self) -> dict[str, Any]:
        return {"name": describe_browser(self.request.headers.get("User-Agent", ""))}

    def form_valid(self, form: PasskeyForm) -> HttpResponse:
        try:
            passkey, codes = self._add(form.cleaned_data["name"])
        except GatehouseError as error:
            form.add_error(None, error.sentence)
            return self.render_to_response(self.get_context_data(form=form), status=400)
        messages.success(self.request, f"The passkey “{passkey}” was added.")
        return self.done(codes)

    def _add(self, name: str) -> tuple[Passkey, list[str]]:
        asked = answered(self.request, Purpose.ADD, self.user)
        return passkeys.add_passkey(
            self.user,
            name=name,
            answer=self.request.POST.get("answer", ""),
            challenge=asked["challenge"],
            user_handle=asked["handle"],
            actor=Person(self.user),
        )

    def done(self, codes: list[str]) -> HttpResponse:
        raise NotImplementedError


class AddPasskey(_Own, _Adding):
    """Another one, from the profile page."""

    action = Action.ADD_PASSKEY
    question = "passkey_add_question"

    def done(self, codes: list[str]) -> HttpResponse:
        return show_codes(self.request, codes, reverse("passkeys")) if codes else redirect("passkeys")


class FirstPasskey(BeforeAnythingOpens, _Adding):
    """The first second step is a passkey instead of an app."""

    question = "passkey_first_question"
    method = "passkey"


class RenamePasskey(_Own, FormView):
    """Change its label."""

    action = Action.RENAME_PASSKEY
    template_name = "portal/passkey_rename.html"
    form_class = PasskeyForm
    extra_context = {"title": "Rename your passkey"}

    def get_initial(self) -> dict[str, Any]:
        return {"name": self.passkey().name}

    def form_valid(self, form: PasskeyForm) -> HttpResponse:
        try:
            passkeys.rename_passkey(self.passkey(), name=form.cleaned_data["name"], actor=Person(self.user))
        except GatehouseError as error:
            form.add_error("name", error.sentence)
            return self.form_invalid(form)
        return redirect("passkeys")


class RemovePasskey(_Own, TemplateView):
    """Confirm, then remove it."""

    action = Action.REMOVE_PASSKEY
    template_name = "portal/change.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            **kwargs,
            title=f"Remove the passkey “{self.passkey()}”",
            lead="It no longer signs you in. Delete it on your device as well: the portal can't.",
            submit="Remove passkey",
            back="passkeys",
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        passkey = self.passkey()
        try:
            passkeys.remove_passkey(passkey, actor=Person(self.user))
        except Refused as error:
            messages.error(request, error.sentence)
        else:
            messages.success(request, f"The passkey “{passkey}” was removed.")
        return redirect("passkeys")
