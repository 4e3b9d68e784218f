"""The page where people say what they do not want to be told of by mail (R30)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import FormView

from identity.core.alarm_kinds import AlarmKind
from identity.services import notification_rules


class OwnNotificationsForm(forms.Form):
    """The kinds of alarm that a person is told of."""

    kinds = forms.MultipleChoiceField(
        choices=[(kind.value, kind.told.title) for kind in AlarmKind if kind is not AlarmKind.TEST],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Do not tell me of",
    )


@method_decorator(never_cache, name="dispatch")
class OwnNotifications(LoginRequiredMixin, FormView):
    """Which kinds of alarm one does not want to be told of."""

    template_name = "portal/own_notifications.html"
    form_class = OwnNotificationsForm
    extra_context = {"title": "Your notifications"}

    def get_initial(self) -> dict[str, Any]:
        rows = self.request.user.opt_outs.all()  # type: ignore[union-attr]
        return {"kinds": [row.kind for row in rows]}

    def form_valid(self, form: OwnNotificationsForm) -> HttpResponse:
        notification_rules.opt_out(self.request.user, form.cleaned_data["kinds"])  # type: ignore[arg-type]
        messages.success(self.request, "Your choice was saved.")
        return redirect("own_notifications")
