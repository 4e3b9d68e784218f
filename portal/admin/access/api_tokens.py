"""All API tokens, for administrators to see and revoke. People create their own on their profile."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.forms import Form
from django.http import HttpRequest
from unfold.decorators import display

from identity.core.decisions import Action
from identity.models import APIToken
from identity.services import api_tokens
from portal.admin.frame.base import ActionPage, PortalModelAdmin
from portal.admin.frame.deciding import person_of
from portal.admin.frame.parts import badge, moment


class RevokeAPIToken(ActionPage):
    """Delete a user's token: the next request with it is refused."""

    name = "revoke"
    label = "Revoke"
    action = Action.REVOKE_API_TOKEN
    icon = "key_off"
    danger = True
    submit = "Revoke this token"

    def get_explanation(self) -> str:
        return f"The next request of {self.obj.user} that carries it is refused. This is final."

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(title=f"Revoke the token {self.obj.label}?", **kwargs)

    def run(self, form: Form) -> str:
        name = str(self.obj)
        api_tokens.revoke_api_token(self.obj, actor=person_of(self.request))
        self.obj = None
        return f"The token {name} was revoked."


@admin.register(APIToken)
class APITokenAdmin(PortalModelAdmin):
    """Which programs may call the REST API, as which user, and when each token was last used."""

    seen_by = Action.VIEW_API_TOKENS
    pages = (RevokeAPIToken,)
    list_display = ("label", "hint", "user", "scopes", "created", "last_used", "last_used_from", "expires")
    list_select_related = ("user",)
    search_fields = ("label", "hint", "user__username_key")
    search_help_text = "Label, end of the token, or username"
    sortable_by = ()
    change_list_template = "admin/identity/apitoken/list.html"
    detail_template = "admin/identity/apitoken/detail.html"
    list_filter: ClassVar = ()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"is_empty_state": not APIToken.objects.exists()})

    @display(description="Created")
    def created(self, token: APIToken) -> str:
        return moment(token.created_at)

    @display(description="Last used")
    def last_used(self, token: APIToken) -> str:
        return moment(token.last_used_at) if token.last_used_at else badge("Never", "amber")

    @display(description="Expires")
    def expires(self, token: APIToken) -> str:
        if token.expires_at is None:
            return "Never"
        return badge("Expired", "red") if token.is_expired else moment(token.expires_at)
