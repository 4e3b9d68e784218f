"""SSO connections of an identity provider: set up, tested, switched on and off."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.forms import BooleanField, CharField, Form, PasswordInput, Textarea, URLField, ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from requests import RequestException
from unfold.decorators import display

from identity.models import IdentityProvider, SSOConnection
from identity.policy import Action
from identity.services import sso_connections
from identity.services.sso_connections import ConnectionSettings, Protocol, preset
from portal.admin.base import ActionPage, PortalModelAdmin, person_of
from portal.admin.parts import badge
from portal.sso.arrival import TEST_RESULT
from portal.sso.outgoing import GuardedSession


def public_address(name: str, connection: SSOConnection) -> str:
    """What an identity provider is given (SR-31: never from a request's headers)."""
    return f"{settings.PUBLIC_URL}{reverse(name, args=(connection.slug,))}"


def addresses(connection: SSOConnection) -> dict[str, str]:
    """The addresses to copy into the identity provider, as its pages call them."""
    if connection.protocol == Protocol.SAML:
        return {
            "ACS URL (single sign-on URL)": public_address("saml_acs", connection),
            "Entity ID (audience) and metadata": public_address("saml_metadata", connection),
            "Sign-in URL": public_address("sso_start", connection),
        }
    return {
        "Redirect URI": public_address("openid_connect_callback", connection),
        "Back-channel logout URI": public_address("sso_backchannel_logout", connection),
        "Post-logout redirect URI": f"{settings.PUBLIC_URL}{reverse('login')}",
        "Initiate login URI": public_address("sso_start", connection),
    }


# --- forms ---


class ClaimsForm(Form):
    """Who is this? and whom may the portal create? (SR-5, R21)"""

    subject_claim = CharField(
        max_length=255,
        label="Claim with the external ID",
        help_text="At the first sign-in it must equal the externalId that this identity provider sent over SCIM.",
    )
    user_name_claim = CharField(max_length=255, label="Claim with the username")
    matches_by_user_name = BooleanField(
        required=False,
        label="Also find people by their username",
        help_text=(
            "Only when the claim above can't carry the external ID, and only if people can't change their own "
            "username there. Somebody who has signed in before is never matched again."
        ),
    )
    groups_claim = CharField(
        max_length=255,
        required=False,
        label="Claim with the groups",
        help_text="Used while SCIM is off: mapped groups follow it at each sign-in. Empty: groups are left alone.",
    )
    creates_users = BooleanField(
        required=False,
        label="Create users at their first sign-in while SCIM is off",
        help_text="Just-in-time provisioning. It needs a domain or tenant below.",
    )
    allowed_domains = CharField(
        max_length=1000, required=False, label="Email domains", help_text="For example: example.com, example.org"
    )
    allowed_tenant = CharField(
        max_length=255, required=False, label="Tenant", help_text="Entra's tenant ID, or Google's hosted domain."
    )


class OIDCForm(ClaimsForm):
    """What an OpenID Connect provider shows after an application was registered."""

    issuer = URLField(
        max_length=500,
        assume_scheme="https",
        label="Issuer or discovery URL",
        help_text="For example https://example.okta.com or https://login.microsoftonline.com/TENANT-ID/v2.0",
    )
    client_id = CharField(max_length=255, label="Client ID")
    client_secret = CharField(
        max_length=1000, label="Client secret", widget=PasswordInput(attrs={"autocomplete": "off"})
    )
    field_order = ("issuer", "client_id", "client_secret")


class SAMLForm(ClaimsForm):
    """Metadata, by address or pasted, or the three values in it."""

    metadata_url = URLField(max_length=500, required=False, assume_scheme="https", label="Metadata URL")
    metadata = CharField(required=False, max_length=500_000, label="or metadata XML", widget=Textarea({"rows": 4}))
    entity_id = CharField(max_length=500, required=False, label="or: entity ID of the identity provider")
    sso_url = CharField(max_length=500, required=False, label="SSO URL")
    certificate = CharField(required=False, max_length=20_000, widget=Textarea({"rows": 4}))
    field_order = ("metadata_url", "metadata", "entity_id", "sso_url", "certificate")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        url, xml = data.pop("metadata_url", ""), data.pop("metadata", "")
        if url:
            xml = fetch_metadata(url)
        return {**data, **read_metadata(xml)} if xml else data


def fetch_metadata(url: str) -> bytes:
    """SAML metadata from its address (SR-43)."""
    try:
        with GuardedSession() as session:
            response = session.get(url)
            response.raise_for_status()
            return response.content
    except (RequestException, OSError) as error:
        raise ValidationError("The metadata could not be fetched from this address. Paste the XML instead.") from error


def read_metadata(xml: str | bytes) -> dict[str, str]:
    """Entity ID, SSO URL and certificate of an identity provider's metadata."""
    try:
        idp = OneLogin_Saml2_IdPMetadataParser.parse(xml)["idp"]
        certificate = idp.get("x509cert") or idp["x509certMulti"]["signing"][0]
        return {
            "entity_id": idp["entityId"],
            "sso_url": idp["singleSignOnService"]["url"],
            "certificate": certificate,
        }
    except Exception as error:
        raise ValidationError("This is not the SAML metadata of an identity provider.") from error


FORMS: dict[str, type[ClaimsForm]] = {Protocol.OIDC: OIDCForm, Protocol.SAML: SAMLForm}


# --- pages of an identity provider ---


class _Connect(ActionPage):
    """Set up a connection; nobody signs in through it before it is switched on."""

    action = Action.MANAGE_PROVIDERS
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


class ConnectSAML(_Connect):
    name = "connect_saml"
    label = "Set up SAML"
    protocol = Protocol.SAML
    form_class = SAMLForm


# --- pages of a connection ---


class EditConnection(ActionPage):
    """Change what was said of the connection."""

    name = "edit"
    label = "Edit"
    action = Action.MANAGE_PROVIDERS
    fresh = True
    submit = "Save"

    def get_form_class(self) -> type[ClaimsForm]:
        return FORMS[self.obj.protocol]

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)
        if "client_secret" in form.fields:
            form.fields["client_secret"].required = False
            form.fields["client_secret"].help_text = "Empty: the stored one is kept."
        return form

    def get_initial(self) -> dict[str, Any]:
        names = FORMS[self.obj.protocol].base_fields
        hidden = {"client_secret", "metadata", "metadata_url"}
        return {name: getattr(self.obj, name) for name in names if name not in hidden}

    def run(self, form: ClaimsForm) -> str:
        said = ConnectionSettings(**form.cleaned_data)
        sso_connections.edit_connection(self.obj, said=said, actor=person_of(self.request))
        return "The connection was saved. Test it."


class EnableConnection(ActionPage):
    """Offer it on the sign-in page."""

    name = "enable"
    label = "Switch on"
    action = Action.MANAGE_PROVIDERS
    icon = "toggle_on"
    explanation = "The sign-in page shows a button for this identity provider."

    @classmethod
    def applies(cls, request: HttpRequest, obj: Any) -> bool:
        return not obj.is_enabled

    def run(self, form: Form) -> str:
        sso_connections.set_connection_enabled(self.obj, True, actor=person_of(self.request))
        return "People can sign in through this identity provider now."


class DisableConnection(ActionPage):
    """Take it off the sign-in page."""

    name = "disable"
    label = "Switch off"
    action = Action.MANAGE_PROVIDERS
    icon = "toggle_off"
    danger = True
    explanation = "Nobody signs in through this identity provider then. Open sessions go on."

    @classmethod
    def applies(cls, request: HttpRequest, obj: Any) -> bool:
        return bool(obj.is_enabled)

    def run(self, form: Form) -> str:
        sso_connections.set_connection_enabled(self.obj, False, actor=person_of(self.request))
        return "The sign-in page does not show this identity provider any more."


class DeleteConnection(ActionPage):
    """Remove it."""

    name = "delete"
    label = "Delete"
    action = Action.MANAGE_PROVIDERS
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

    view_actions = (Action.MANAGE_PROVIDERS,)
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
            "addresses": addresses(obj),
            "provider_url": reverse("admin:identity_identityprovider_change", args=(obj.identity_provider_id,)),
            "test_url": f"{reverse('sso_start', args=(obj.slug,))}?next={test_url}",
        }

    def test_result(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the identity provider said at the end of a test, and what it would have meant."""
        obj = self.get_object_or_404(request, object_id)
        received = request.session.get(TEST_RESULT) or {}
        claims = received.get("claims", {})
        context = {
            **self._detail_context(request, obj),
            "title": "What was received",
            "subject": received.get("subject"),
            "claims": [(name, _shown(value)) for name, value in sorted(claims.items())],
            "meanings": _meanings(obj, claims),
        }
        return TemplateResponse(request, "admin/identity/ssoconnection/test_result.html", context)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _meanings(connection: SSOConnection, claims: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """The configured claims: what each is for, its name, and whether it came."""
    wanted = {
        "External ID": connection.subject_claim,
        "Username": connection.user_name_claim,
        "Groups": connection.groups_claim,
    }
    return [(what, claim, claim in claims) for what, claim in wanted.items() if claim]


def connections_of(provider: IdentityProvider) -> list[SSOConnection]:
    """For the identity provider's page."""
    return list(provider.sso_connections.all())
