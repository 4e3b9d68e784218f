"""SCIM trusts: clients of an identity provider that come without a stored secret (R29)."""

from __future__ import annotations

from dataclasses import fields as settings_of
from typing import Any, ClassVar

from django.contrib import admin
from django.forms import BooleanField, CharField, Form, Textarea
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from identity.core.decisions import Action
from identity.models import IdentityProvider, SCIMTrust
from identity.safeguards.asked import About
from identity.services import scim_trusts
from identity.services.scim_trusts import TrustSettings
from portal.admin.frame.base import ActionPage, PortalModelAdmin
from portal.admin.frame.deciding import decide, person_of
from portal.admin.frame.parts import badge, moment
from portal.guides import guide_of
from portal.oauth.addresses import addresses_of, audiences
from portal.oauth.check import check_assertion
from portal.oauth.words import CHECKS

SETTINGS = tuple(setting.name for setting in settings_of(TrustSettings))


class TrustForm(Form):
    """What the identity provider shows of its workload identity."""

    label = CharField(max_length=100, help_text="Where it is used, for example “Entra provisioning”.")
    issuer = CharField(max_length=500, required=False, help_text="The iss of its assertions. Empty: the client ID.")
    key_set_url = CharField(
        max_length=500, required=False, label="JWKS URL", help_text="Where the issuer publishes its public keys."
    )
    key_set = CharField(
        required=False,
        label="Or its public keys",
        widget=Textarea({"rows": 5, "spellcheck": "false"}),
        help_text="A JSON Web Key Set (JWKS), if the issuer publishes none. Never paste a private key.",
    )
    subject = CharField(max_length=255, required=False, help_text="The sub of its assertions. Empty: the client ID.")
    audiences = CharField(
        required=False,
        label="Audience",
        widget=Textarea({"rows": 2, "spellcheck": "false"}),
        help_text="The aud of its assertions; one per line if there are several. Empty: this portal's token URL.",
    )
    authorized_party = CharField(
        max_length=255, required=False, help_text="If given, the azp or appid of its assertions must be the same."
    )
    requires_id = BooleanField(
        required=False,
        label="Each assertion works once",
        help_text="Assertions must have an ID (jti). Switch it off for Microsoft Entra ID, which sends none.",
    )
    networks = CharField(
        max_length=1000,
        required=False,
        widget=Textarea({"rows": 2, "spellcheck": "false"}),
        help_text="Calls are accepted from these only, for example 192.0.2.0/24. Empty: from everywhere.",
    )
    is_read_only = BooleanField(required=False, label="Reads only", help_text="Its access tokens change nothing.")


class _OfProvider(ActionPage):
    """For people above member it takes an owner, as for a token."""

    action = Action.CHANGE_TRUST
    fresh = True
    obj: SCIMTrust

    @classmethod
    def about(cls, request: HttpRequest, obj: Any) -> About:
        return {"identity_provider": obj.identity_provider}


class CreateTrust(ActionPage):
    """Trust a client of this identity provider."""

    name = "create_trust"
    label = "Trust a client without a token"
    action = Action.CHANGE_TRUST
    icon = "verified_user"
    fresh = True
    form_class = TrustForm
    submit = "Save and show the addresses"
    explanation = (
        "Instead of a token that is pasted and kept there, the identity provider signs an assertion and gets an access "
        "token for an hour. Copy these values from its page; what to enter there comes next."
    )
    obj: IdentityProvider
    made: SCIMTrust | None = None

    def get_initial(self) -> dict[str, Any]:
        return {"requires_id": scim_trusts.preset(self.obj.kind).requires_id}

    def run(self, form: TrustForm) -> str:
        said = TrustSettings(**form.cleaned_data)
        self.made = scim_trusts.create_trust(self.obj, said=said, actor=person_of(self.request))
        return f"The trust was saved. Copy its addresses to {self.obj}, then test the connection there."

    def get_success_url(self) -> str:
        if self.made is None:
            return super().get_success_url()
        return reverse("admin:identity_scimtrust_change", args=(self.made.pk,))


class EditTrust(_OfProvider):
    """Change what its assertions must be."""

    name = "edit"
    label = "Edit"
    submit = "Save"
    form_class = TrustForm
    explanation = (
        "The client ID stays. When the issuer, keys, subject, audience or authorized party changes, access tokens that "
        "were issued before end."
    )

    def get_initial(self) -> dict[str, Any]:
        return {name: getattr(self.obj, name) for name in SETTINGS}

    def run(self, form: TrustForm) -> str:
        scim_trusts.edit_trust(self.obj, said=TrustSettings(**form.cleaned_data), actor=person_of(self.request))
        return "The trust was saved."


class AssertionForm(Form):
    assertion = CharField(
        max_length=32_768,
        widget=Textarea({"rows": 8, "spellcheck": "false", "autocomplete": "off"}),
        help_text="The client_assertion that the identity provider sends: three parts with dots between them.",
    )


class CheckTrust(ActionPage):
    """See which checks an assertion passes."""

    name = "check"
    label = "Check an assertion"
    action = Action.MANAGE_PROVIDERS
    icon = "fact_check"
    form_class = AssertionForm
    submit = "Check"
    template_name = "admin/identity/scimtrust/check.html"
    explanation = "No access token is issued, and the assertion is not used up. It is not stored."

    def form_valid(self, form: Any) -> HttpResponse:
        found = check_assertion(self.obj, form.cleaned_data["assertion"])
        left_out = [title for check, title in CHECKS.items() if check not in {*(one.check for one in found), "network"}]
        return self.render_to_response(self.get_context_data(form=form, found=found, left_out=left_out))


class DeleteTrust(ActionPage):
    """Delete the trust: the next request with one of its access tokens is refused."""

    name = "delete"
    label = "Delete"
    action = Action.MANAGE_PROVIDERS
    icon = "delete"
    danger = True
    fresh = True
    submit = "Delete this trust"
    explanation = "Its client gets no more access tokens, and those that it has are refused from now on. This is final."

    def run(self, form: Form) -> str:
        self.provider_id, name = self.obj.identity_provider_id, str(self.obj)
        scim_trusts.delete_trust(self.obj, actor=person_of(self.request))
        self.obj.pk = None
        return f"The trust {name} was deleted."

    def get_success_url(self) -> str:
        if self.obj.pk is None:
            return reverse("admin:identity_identityprovider_change", args=(self.provider_id,))
        return super().get_success_url()


def state_of(trust: SCIMTrust) -> str:
    """Whether its client gets access tokens."""
    if trust.is_failing:
        return badge("Refused", "red")
    return badge("Working", "green") if trust.last_accepted_at else badge("Not used yet", "amber")


@admin.register(SCIMTrust)
class SCIMTrustAdmin(PortalModelAdmin):
    """All trusts, with what was last accepted and refused."""

    seen_by = Action.VIEW_PROVIDERS
    pages = (CheckTrust, EditTrust, DeleteTrust)
    list_display = ("label", "identity_provider", "state", "accepted", "refused", "created_by")
    list_filter: ClassVar = (("identity_provider", RelatedDropdownFilter),)
    list_filter_submit = True
    list_select_related = ("identity_provider", "created_by")
    search_fields = ("label", "client_id")
    search_help_text = "Label or client ID"
    sortable_by = ()
    change_list_template = "admin/identity/scimtrust/list.html"
    detail_template = "admin/identity/scimtrust/detail.html"

    @display(description="State")
    def state(self, trust: SCIMTrust) -> str:
        return state_of(trust)

    @display(description="Last token issued")
    def accepted(self, trust: SCIMTrust) -> str:
        return moment(trust.last_accepted_at) if trust.last_accepted_at else "–"

    @display(description="Last refused")
    def refused(self, trust: SCIMTrust) -> str:
        return moment(trust.last_refused_at) if trust.last_refused_at else "–"

    def get_detail(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return {
            "state": state_of(obj),
            "addresses": addresses_of(obj),
            "expected_audiences": audiences(obj),
            "check": CHECKS.get((obj.last_refusal or {}).get("check", ""), ""),
            "guide": guide_of(obj.identity_provider),
            "may_check": bool(decide(request, Action.MANAGE_PROVIDERS)),
        }
