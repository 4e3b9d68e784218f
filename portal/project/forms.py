"""Forms used by several doors."""

from __future__ import annotations

from datetime import datetime, time

from django import forms
from django.utils import timezone


class TokenForm(forms.Form):
    """The token's name, and when it expires, if ever (R23)."""

    label = forms.CharField(max_length=100, help_text="Where it will be used, for example “Okta production”.")
    expires_on = forms.DateField(
        required=False,
        label="Expires on",
        widget=forms.DateInput({"type": "date"}),
        help_text="Empty: it works until it is revoked. Else: until the end of this day (UTC).",
    )

    def clean_expires_on(self) -> datetime | None:
        day = self.cleaned_data["expires_on"]
        if day is None:
            return None
        if day < timezone.now().date():
            raise forms.ValidationError("This day is over.")
        return datetime.combine(day, time.max, tzinfo=timezone.get_default_timezone())
