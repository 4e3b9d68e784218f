"""SSO connections of an identity provider: set up, tested, switched on and off."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django.contrib import admin
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.decorators import display

from identity.core.decisions import Action
from identity.models import IdentityProvider, SSOConnection
from identity.queries.certificates import signing_certificates
from identity.services import sso_connections
from identity.services.sign_in.group_claims import is_readable
from identity.services.sso_connections import ConnectionSettings, Protocol, preset
from portal.admin.frame.base import ActionPage, PortalModelAdmin
from portal.admin.frame.deciding import person_of
from portal.admin.frame.parts import badge
from portal.admin.providers.sso_connection_forms import FORMS, ClaimsForm, OIDCForm, SAMLForm, forgetting
from portal.sso.addresses import addresses_of
from portal.sso.arrival import TEST_RESULT

# --- pages of an identity provider ---


class _Connect(ActionPage):
    """Set up a connection; it signs no one in before it is switched on."""

    action = Action.CHANGE_TRUST
    icon = "login"
    fresh = True
    submit = "Save and show the addresses"
    protocol: ClassVar[str]
    made: SSOConnection | None = None
    obj: IdentityProvider

    def get_initial(self) -> dict[str, Any]:
        return preset(self.obj.kind, self.protocol)

    def run(self, form: ClaimsForm) -> str:
        said = ConnectionSettings(**form.cleaned_data)
        self.made = sso_connections.create_connection(
            self.obj, protocol=self.protocol, said=said, actor=person_of(self.request)
        )
        return "The connection was saved. Copy its addresses to the identity provider, test it, then switch it on."

    def get_success_url(self) -> str:
        if self.made is None:
            return super().get_success_url()
        return reverse("admin:identity_ssoconnection_change", args=(self.made.pk,))


class ConnectOIDC(_Connect):
    name = "connect_oidc"
    label = "Set up OpenID Connect"
    protocol = Protocol.OIDC
    form_class = OIDCForm
    explanation = (
        "Register the portal as a web application at the identity provider: it then shows what is asked for here. "
        "The addresses to paste there come next. The connection is not used for sign-in until you switch it on."
    )


class ConnectSAML(_Connect):
    name = "connect_saml"
    label = "Set up SAML"
    protocol = Protocol.SAML
    form_class = SAMLForm
    explanation = (
        "The identity provider's metadata say all that is needed: give their address, upload the file or paste them. "
        "The addresses to paste there come next. The connection is not used for sign-in until you switch it on."
    )


# --- pages of a connection ---


class EditConnection(ActionPage):
    """Change the connection's settings."""

    name = "edit"
    label = "Edit"
    action = Action.CHANGE_TRUST
    fresh = True
    submit = "Save"

    def get_form_class(self) -> type[ClaimsForm]:
        return FORMS[self.obj.protocol]

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)
        if "client_secret" in form.fields:
            form.fields["client_secret"].required = False
            form.fields[
                "client_secret"
            ].help_text = "Empty: the stored one is kept. Another issuer needs another secret."
        if number := sso_connections.identities_of(self.obj).count():
            form.fields["forget_identities"] = forgetting(number)
        return form

    def get_initial(self) -> dict[str, Any]:
        names = FORMS[self.obj.protocol].base_fields
        hidden = {"client_secret", "metadata", "metadata_file", "metadata_url"}
        return {name: getattr(self.obj, name) for name in names if name not in hidden}

    def run(self, form: ClaimsForm) -> str:
        forget = form.cleaned_data.pop("forget_identities", False)
        said = ConnectionSettings(**form.cleaned_data)
        sso_connections.edit_connection(self.obj, said=said, forget_identities=forget, actor=person_of(self.request))
        return "The connection was saved. Test it."


class EnableConnection(ActionPage):
    """Offer it on the sign-in page."""

    name = "enable"
    label = "Switch on"
    action = Action.ENABLE_CONNECTION
    fresh = True
    icon = "toggle_on"
    explanation = "The sign-in page shows a button for this identity provider."

    def run(self, form: Form) -> str:
        sso_connections.set_connection_enabled(self.obj, True, actor=person_of(self.request))
        return "People can sign in through this identity provider now."


class DisableConnection(ActionPage):
    """Take it off the sign-in page."""

    name = "disable"
    label = "Switch off"
    action = Action.DISABLE_CONNECTION
    fresh = True
    icon = "toggle_off"
    danger = True
    explanation = "People can no longer sign in through this identity provider. Open sessions continue."

    def run(self, form: Form) -> str:
        sso_connections.set_connection_enabled(self.obj, False, actor=person_of(self.request))
        return "The sign-in page does not show this identity provider any more."


class DeleteConnection(ActionPage):
    """Remove it."""

    name = "delete"
    label = "Delete"
    action = Action.DELETE_CONNECTION
    icon = "delete"
    danger = True
    fresh = True
    explanation = "Its addresses stop working. People stay, and a new connection knows who they are."

    def run(self, form: Form) -> str:
        self.provider_id = self.obj.identity_provider_id
        sso_connections.delete_connection(self.obj, actor=person_of(self.request))
        self.obj.pk = None
        return "The connection was deleted."

    def get_success_url(self) -> str:
        if self.obj.pk is None:
            return reverse("admin:identity_identityprovider_change", args=(self.provider_id,))
        return super().get_success_url()


@admin.register(SSOConnection)
class SSOConnectionAdmin(PortalModelAdmin):
    """SSO connections."""

    seen_by = Action.VIEW_PROVIDERS
    pages = (EditConnection, EnableConnection, DisableConnection, DeleteConnection)
    list_display = ("identity_provider", "protocol", "state")
    list_select_related = ("identity_provider",)
    sortable_by = ()
    detail_template = "admin/identity/ssoconnection/detail.html"

    @display(description="State")
    def state(self, connection: SSOConnection) -> str:
        return badge("On", "green") if connection.is_enabled else badge("Off", "gray")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.test_result)
        name = self.url_name("test_result").removeprefix("admin:")
        return [path("<path:object_id>/test/", view, name=name), *super().get_urls()]

    def get_detail(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        test_url = reverse(self.url_name("test_result"), args=(obj.pk,))
        return {
            "addresses": addresses_of(obj),
            "certificates": signing_certificates(obj),
            "provider_url": reverse("admin:identity_identityprovider_change", args=(obj.identity_provider_id,)),
            "test_url": f"{reverse('sso_start', args=(obj.slug,))}?next={test_url}",
        }

    def test_result(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the identity provider sent at the end of a test, and what it would have meant."""
        obj = self.get_object_or_404(request, object_id)
        received = request.session.get(TEST_RESULT) or {}
        claims = received.get("claims", {})
        context = {
            **self._detail_context(request, obj),
            "title": "What was received",
            "subject": received.get("subject"),
            "rehearsal": received.get("rehearsal"),
            "claims": [(name, _shown(value)) for name, value in sorted(claims.items())],
            "meanings": _meanings(obj, claims),
        }
        return TemplateResponse(request, "admin/identity/ssoconnection/test_result.html", context)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _meanings(connection: SSOConnection, claims: dict[str, Any]) -> list[tuple[str, str, bool, bool]]:
    """The configured claims: purpose, name, whether it was received, and whether it is readable."""
    wanted = {
        "External ID": connection.subject_claim,
        "Username": connection.user_name_claim,
        "Email": connection.email_claim or "email",
        "First name": connection.first_name_claim or "given_name",
        "Last name": connection.last_name_claim or "family_name",
        "Groups": connection.groups_claim,
    }
    return [
        (what, claim, claims.get(claim) is not None, what != "Groups" or is_readable(claims.get(claim)))
        for what, claim in wanted.items()
        if claim
    ]


def connections_of(provider: IdentityProvider) -> list[SSOConnection]:
    """For the identity provider's page."""
    return list(provider.sso_connections.all())
