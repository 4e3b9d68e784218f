"""The forms of sign-in, passwords and tokens."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.http import HttpRequest

from identity.core.actors import Person
from identity.core.errors import GatehouseError, Refused
from identity.models import Scope, User
from identity.services import users
from portal.project.forms import TokenForm
from portal.session.guesses import SLOWED, guess_own_password, guess_password

WRONG = "This username and password do not match, or the account can't sign in with a password."
NOT_YOURS = "This is not your password."


class SignInForm(forms.Form):
    """Username or email, and password; `user` is the one to sign in."""

    username = forms.CharField(
        label="Username or email",
        max_length=255,
        widget=forms.TextInput(
            attrs={"autocomplete": "username webauthn", "autocapitalize": "none", "autofocus": True}
        ),
    )
    password = forms.CharField(
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        self.user: User | None = None
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "username" in data and "password" in data:
            self.user = self._check(data["username"], data["password"])
        return data

    def _check(self, name: str, password: str) -> User | None:
        try:
            user = guess_password(self.request, name, password)
        except Refused as error:
            raise _as_told(error, WRONG) from error
        if user is None:
            raise forms.ValidationError(WRONG, code="wrong")
        return user


def _as_told(error: Refused, wrong: str) -> forms.ValidationError:
    """The page mentions throttling, but never tells a wrong password from a correct one that is not accepted."""
    if error.code in SLOWED:
        return forms.ValidationError(error.sentence, code=error.code)
    return forms.ValidationError(wrong, code="wrong")


class ConfirmPasswordForm(forms.Form):
    """The signed-in user's password, once more."""

    password = forms.CharField(
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        return _checked(self.request, self.cleaned_data["password"])


def _checked(request: HttpRequest, password: str) -> str:
    """The signed-in user's password, after checking it."""
    try:
        is_right = guess_own_password(request, password)
    except Refused as error:
        raise _as_told(error, NOT_YOURS) from error
    if not is_right:
        raise forms.ValidationError(NOT_YOURS, code="wrong")
    return password


class ResetForm(forms.Form):
    """The account whose password was forgotten."""

    name = forms.CharField(
        label="Username or email",
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )


class _ThroughTheService:
    """Mixed into Django's password forms: the service writes, and its refusal is a form error."""

    user: Any

    def clean(self) -> Any:
        data = super().clean()  # type: ignore[misc]
        if not self.errors:  # type: ignore[attr-defined]
            self._write(data["new_password1"])
        return data

    def _write(self, password: str) -> None:
        try:
            self.user = users.set_password(self.user, password, actor=Person(self.user))
        except GatehouseError as error:
            raise forms.ValidationError(error.sentence, code=error.code) from error

    def save(self, commit: bool = True) -> Any:
        """Nothing: `clean` has already written."""
        return self.user


class NewPasswordForm(_ThroughTheService, SetPasswordForm):
    """A new password, from a reset link."""


class ChangePasswordForm(_ThroughTheService, PasswordChangeForm):
    """The old password, and a new one twice."""

    field_order = ["old_password", "new_password1", "new_password2"]

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        super().__init__(*args, **kwargs)

    def clean_old_password(self) -> str:
        """Counted like every other guess: the person at an open session may not be its owner."""
        return _checked(self.request, self.cleaned_data["old_password"])


class FirstPasswordForm(forms.Form):
    """The first password after an invitation, entered twice."""

    password = forms.CharField(
        label="Password",
        strip=False,
        max_length=4096,
        help_text=password_validation.password_validators_help_text_html(),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
    )
    repeated = forms.CharField(
        label="Password, once more",
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("password") != data.get("repeated"):
            self.add_error("repeated", "The two passwords are not the same.")
        return data


class APITokenForm(TokenForm):
    """Adds what it may be used for."""

    field_order = ["label", "scopes", "expires_on"]
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        initial=[Scope.READ],
        widget=forms.CheckboxSelectMultiple,
        label="It may",
        help_text="Never more than your own role may, which is asked at every request.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["label"].help_text = "Where it will be used, for example “nightly report”."
