"""Trying out what an identity provider sends: one request, or those that every one makes. All of it is rolled back."""

from __future__ import annotations

import json
from typing import Any

from django.forms import CharField, ChoiceField, Form, Textarea, ValidationError
from django.http import HttpResponse
from django.urls import reverse

from identity.core.decisions import Action
from identity.core.errors import GatehouseError
from identity.models import ProvisioningLog
from identity.queries.sent_requests import sent_with
from portal.admin.frame.base import ActionPage
from portal.admin.frame.deciding import person_of
from portal.admin.frame.parts import is_key
from portal.tryout.self_test import self_test
from portal.tryout.trials import LONGEST_PATH, METHODS, caution_about, try_request

LONGEST_BODY = 100_000


class RequestForm(Form):
    """A SCIM request."""

    method = ChoiceField(choices=[(name, name) for name in METHODS], initial="PATCH")
    path = CharField(
        max_length=LONGEST_PATH, initial="/Users", help_text="Below the SCIM base URL, for example /Users/… or /Groups."
    )
    body = CharField(
        required=False,
        max_length=LONGEST_BODY,
        widget=Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "gh-code"}),
        help_text="JSON, as the identity provider sends it. Leave it empty for GET and DELETE.",
    )

    def clean_body(self) -> Any:
        text = self.cleaned_data["body"].strip()
        if not text:
            return None
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValidationError("This is not JSON.") from error


class TryRequest(ActionPage):
    """Send one request as this identity provider, see the answer and the consequences, and roll it back."""

    name = "try"
    label = "Try a request"
    action = Action.CHANGE_TRUST
    icon = "science"
    submit = "Try it"
    form_class = RequestForm
    template_name = "admin/identity/identityprovider/try.html"
    explanation = (
        "The request is answered as if this identity provider had sent it, and rolled back: nothing is changed, no "
        "mail is sent, and the logs stay as they are."
    )

    def get_initial(self) -> dict[str, Any]:
        """What a row of the provisioning log keeps, to send it again."""
        entry = self.request.GET.get("entry", "")
        row = (
            ProvisioningLog.objects.filter(identity_provider=self.obj, pk=int(entry)).first() if is_key(entry) else None
        )
        sent = sent_with(row) if row else None
        if row is None or sent is None:
            return {}
        return {"method": row.method, "path": sent.asked.path, "body": sent.body_text}

    def form_valid(self, form: RequestForm) -> HttpResponse:
        try:
            trial = try_request(self.obj, **form.cleaned_data, actor=person_of(self.request))
        except GatehouseError:
            return super().form_valid(form)
        return self.render_to_response(self.get_context_data(form=form, trial=trial))

    def run(self, form: RequestForm) -> str:
        try_request(self.obj, **form.cleaned_data, actor=person_of(self.request))
        return ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self_test_url = reverse(self.model_admin.url_name(RunSelfTest.name), args=(self.obj.pk,))
        return super().get_context_data(caution=caution_about(self.obj), self_test_url=self_test_url, **kwargs)


class RunSelfTest(ActionPage):
    """Play the requests that every identity provider makes, and roll them back."""

    name = "self_test"
    label = "Self-test"
    action = Action.CHANGE_TRUST
    icon = "checklist_rtl"
    has_button = False
    submit = "Run the self-test"
    template_name = "admin/identity/identityprovider/self_test.html"
    explanation = (
        "The portal plays the requests that every identity provider makes, as this one: look up, create, read, "
        "replace, deactivate, activate and delete a user, with a group and its member. Everything is rolled back."
    )

    def form_valid(self, form: Any) -> HttpResponse:
        result = self_test(self.obj, actor=person_of(self.request))
        return self.render_to_response(self.get_context_data(form=form, result=result))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(caution=caution_about(self.obj), **kwargs)
