"""SCIM tokens: created, rotated without a gap, revoked (R23, SR-11, SR-12)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BooleanField, CharField, Form, Textarea
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from identity.core.decisions import Action
from identity.models import SCIMToken
from identity.queries.rhythm import ago
from identity.safeguards.asked import About
from identity.services import provider_contacts, scim_tokens
from portal.admin.frame.base import ActionPage, PortalModelAdmin
from portal.admin.frame.deciding import person_of
from portal.admin.frame.parts import badge, moment
from portal.admin.providers.set_up import scim_base_url
from portal.project.forms import TokenForm

QUIET = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A token and its provider's newer ones, for a rotation without a gap; `newer_use`: the last use of a newer one."""

    token: SCIMToken
    newer_use: datetime | None

    @property
    def is_quiet(self) -> bool:
        """Whether it was not used for a day."""
        used = self.token.last_used_at
        return used is None or used < timezone.now() - QUIET

    @property
    def is_replaced(self) -> bool:
        """Whether the identity provider has used a newer token since its last call with this one."""
        used = self.token.last_used_at
        return self.newer_use is not None and (used is None or self.newer_use > used)

    @property
    def is_safe_to_revoke(self) -> bool:
        return self.token.is_expired or (self.is_quiet and self.is_replaced)

    @property
    def colour(self) -> str:
        if self.token.is_expired:
            return "red"
        in_use_alone = not self.is_quiet and self.newer_use is None
        return "green" if self.is_safe_to_revoke or in_use_alone else "amber"

    @property
    def used(self) -> str:
        return ago(self.token.last_used_at) if self.token.last_used_at else "never"

    @property
    def state(self) -> str:
        """What this means for revoking it."""
        if self.token.is_expired:
            return "Expired"
        if not self.is_quiet:
            return "In use" if self.newer_use is None else "Still in use: not yet safe to revoke"
        if self.token.last_used_at is None:
            return "Never used: safe to revoke" if self.is_replaced else "Not used yet"
        return f"Silent for {timesince(self.token.last_used_at, depth=1)}{self._after_silence}"

    @property
    def _after_silence(self) -> str:
        if self.is_replaced:
            return ": safe to revoke"
        return ", and the newer one for longer: not safe to revoke" if self.newer_use else ""


def token_lines(rows: Iterable[SCIMToken]) -> list[TokenLine]:
    """One provider's tokens, newest first, each with what the newer ones mean for it."""
    lines, newer_uses = list[TokenLine](), list[datetime]()
    for token in sorted(rows, key=lambda token: (token.created_at, token.pk), reverse=True):
        lines.append(TokenLine(token, max(newer_uses, default=None)))
        if token.last_used_at and not token.is_expired:
            newer_uses.append(token.last_used_at)
    return lines


class LimitsForm(Form):
    """From where a token works, and what for."""

    networks = CharField(
        max_length=1000,
        required=False,
        widget=Textarea({"rows": 2, "spellcheck": "false"}),
        help_text="It works from these only, for example 192.0.2.0/24. Empty: from everywhere.",
    )
    is_read_only = BooleanField(required=False, label="Reads only", help_text="It changes nothing.")


class SCIMTokenForm(LimitsForm, TokenForm):
    field_order = ("label", "expires_on", "networks", "is_read_only")


class LabelledLimitsForm(LimitsForm):
    label = CharField(max_length=100)
    field_order = ("label", "networks", "is_read_only")


class CreateToken(ActionPage):
    """Create a SCIM token; the response is the only page that shows its secret (SR-11)."""

    name = "create_token"
    label = "Create SCIM token"
    action = Action.CHANGE_TRUST
    icon = "key"
    fresh = True
    form_class = SCIMTokenForm
    explanation = (
        "The token is shown once, on the next page. The portal keeps only a digest of it. Tokens that exist already "
        "go on working: enter the new one at the identity provider, and revoke the old one when it has been silent for "
        "24 hours."
    )

    def form_valid(self, form: SCIMTokenForm) -> HttpResponse:
        token, secret = scim_tokens.create_token(
            self.obj,
            label=form.cleaned_data["label"],
            expires_at=form.cleaned_data["expires_on"],
            networks=form.cleaned_data["networks"],
            is_read_only=form.cleaned_data["is_read_only"],
            actor=person_of(self.request),
        )
        provider_contacts.watch(self.obj, actor=person_of(self.request))
        context = {
            **self.get_context_data(form=form, title=f"Your new token for {self.obj}"),
            "token": token,
            "secret": secret,
            "base_url": scim_base_url(),
            "set_up_url": f"{reverse(self.model_admin.url_name('set_up'), args=(self.obj.pk,))}#enter",
        }
        answer = TemplateResponse(self.request, "admin/identity/identityprovider/token.html", context)
        answer["Cache-Control"] = "no-store"
        return answer


class EditToken(ActionPage):
    """Rename a token, or change where it works from and whether it only reads."""

    name = "edit"
    label = "Edit"
    action = Action.CHANGE_TRUST
    fresh = True
    submit = "Save"
    form_class = LabelledLimitsForm
    explanation = "The secret stays. Changes apply to the next request."

    @classmethod
    def about(cls, request: HttpRequest, obj: Any) -> About:
        return {"identity_provider": obj.identity_provider}

    def get_initial(self) -> dict[str, Any]:
        return {name: getattr(self.obj, name) for name in ("label", "networks", "is_read_only")}

    def run(self, form: Form) -> str:
        scim_tokens.edit_token(self.obj, **form.cleaned_data, actor=person_of(self.request))
        return "The token was saved."


class RevokeToken(ActionPage):
    """Delete a token: the next request with it is refused (SR-12)."""

    name = "revoke"
    label = "Revoke"
    action = Action.MANAGE_PROVIDERS
    icon = "key_off"
    danger = True
    fresh = True
    submit = "Revoke this token"

    def get_explanation(self) -> str:
        lines = token_lines(SCIMToken.objects.made().filter(identity_provider=self.obj.identity_provider_id))
        line = next(line for line in lines if line.token == self.obj)
        told = f"It was last used {line.used}." if self.obj.last_used_at else "It was never used."
        refused = f"The next request of {self.obj.identity_provider} that carries it is refused. This is final."
        return " ".join(filter(None, [told, self._warning(line, is_only=len(lines) == 1), refused]))

    def _warning(self, line: TokenLine, *, is_only: bool) -> str:
        if is_only:
            return "It is the only token: provisioning stops until you create another one."
        if line.is_safe_to_revoke or self.obj.last_used_at is None:
            return ""
        return f"Provisioning stops unless {self.obj.identity_provider} has another one by now."

    def run(self, form: Form) -> str:
        scim_tokens.revoke_token(self.obj, actor=person_of(self.request))
        return f"The token {self.obj} was revoked."

    def get_success_url(self) -> str:
        return reverse("admin:identity_identityprovider_change", args=(self.obj.identity_provider_id,))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(title=f"Revoke the token {self.obj.label}?", **kwargs)


@admin.register(SCIMToken)
class SCIMTokenAdmin(PortalModelAdmin):
    """All live tokens with creator, creation, last use and source address (SR-12)."""

    seen_by = Action.VIEW_PROVIDERS
    pages = (EditToken, RevokeToken)
    list_display = (
        "label",
        "hint",
        "identity_provider",
        "created_by",
        "created",
        "last_used",
        "last_used_from",
        "expires",
    )
    list_filter: ClassVar = (("identity_provider", RelatedDropdownFilter),)
    list_filter_submit = True
    list_select_related = ("identity_provider", "created_by")
    search_fields = ("label", "hint")
    search_help_text = "Label or end of the token"
    change_list_template = "admin/identity/scimtoken/list.html"
    detail_template = "admin/identity/scimtoken/detail.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[SCIMToken]:
        return super().get_queryset(request).filter(trust=None)

    @display(description="Created", ordering="created_at")
    def created(self, token: SCIMToken) -> str:
        return moment(token.created_at)

    @display(description="Last used", ordering="last_used_at")
    def last_used(self, token: SCIMToken) -> str:
        return moment(token.last_used_at) if token.last_used_at else badge("Never", "amber")

    @display(description="Expires", ordering="expires_at")
    def expires(self, token: SCIMToken) -> str:
        if token.expires_at is None:
            return "Never"
        if token.is_expired:
            return badge("Expired", "red")
        soon = badge("Soon", "amber") if token.expires_soon else ""
        return format_html("{} {}", moment(token.expires_at), soon)
