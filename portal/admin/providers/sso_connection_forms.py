"""The forms of an SSO connection."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.forms import (
    BooleanField,
    CharField,
    ChoiceField,
    FileField,
    Form,
    PasswordInput,
    Textarea,
    URLField,
    ValidationError,
)

from identity.services.sso_connections import Binding, ClientAuthentication, Protocol
from portal.sso.saml_metadata import MOST_BYTES, BadMetadata, fetch_metadata, read_metadata
from portal.sso.signed_tokens import MOST_KIB


class ClaimsForm(Form):
    """How users are identified, and which ones the portal may create (SR-5, R21)."""

    subject_claim = CharField(
        max_length=255,
        label="Claim with the external ID",
        help_text="At the first sign-in it must equal the externalId that this identity provider sent over SCIM.",
    )
    user_name_claim = CharField(max_length=255, label="Claim with the username")
    email_claim = CharField(
        max_length=255,
        required=False,
        label="Claim with the email",
        help_text=(
            "Empty: email, and what SAML providers call it. Named: this one and no other. "
            "OneLogin over SAML sends User.email, ADFS over OpenID Connect only upn."
        ),
    )
    first_name_claim = CharField(
        max_length=255, required=False, label="Claim with the first name", help_text="Empty: given_name, and its like."
    )
    last_name_claim = CharField(
        max_length=255, required=False, label="Claim with the last name", help_text="Empty: family_name, and its like."
    )
    matches_by_user_name = BooleanField(
        required=False,
        label="Also find people by their username",
        help_text=(
            "Only when the claim above can't carry the external ID, and only if people can't change their own "
            "username there. A person who has signed in before is never matched again."
        ),
    )
    groups_claim = CharField(
        max_length=255,
        required=False,
        label="Claim with the groups",
        help_text=(
            "Used while SCIM is off: mapped groups follow it at each sign-in. Empty: groups are left alone. "
            f"ID tokens are read up to {MOST_KIB} KiB: about a thousand groups by name."
        ),
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
    """What an OpenID Connect provider shows after registering an application."""

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
    client_authentication = ChoiceField(
        choices=ClientAuthentication.choices,
        initial=ClientAuthentication.ANNOUNCED,
        required=False,
        label="How the secret is sent",
        help_text="Change it only where the provider takes another way than it announces.",
    )
    field_order = ("issuer", "client_id", "client_secret", "client_authentication")

    def clean_client_authentication(self) -> str:
        return self.cleaned_data["client_authentication"] or ClientAuthentication.ANNOUNCED


class SAMLForm(ClaimsForm):
    """Metadata, by URL, as a file or pasted, or its three values."""

    metadata_url = URLField(max_length=500, required=False, assume_scheme="https", label="Metadata URL")
    metadata_file = FileField(required=False, label="Or metadata file")
    metadata = CharField(required=False, max_length=MOST_BYTES, label="Or metadata XML", widget=Textarea({"rows": 4}))
    entity_id = CharField(max_length=500, required=False, label="Or the identity provider's entity ID")
    sso_url = CharField(max_length=500, required=False, label="SSO URL")
    sso_binding = ChoiceField(
        choices=Binding.choices,
        initial=Binding.REDIRECT,
        required=False,
        label="Binding of the SSO URL",
        help_text="How the browser carries the request there. Metadata say it by themselves.",
    )
    certificate = CharField(
        required=False,
        max_length=20_000,
        label="Signing certificates",
        help_text="PEM. Several may follow each other, while the identity provider changes its key.",
        widget=Textarea({"rows": 4}),
    )
    field_order = ("metadata_url", "metadata_file", "metadata", "entity_id", "sso_url", "sso_binding", "certificate")

    def clean_sso_binding(self) -> str:
        return self.cleaned_data["sso_binding"] or Binding.REDIRECT

    def clean_metadata_file(self) -> UploadedFile | None:
        file: UploadedFile | None = self.cleaned_data["metadata_file"]
        if file is not None and (file.size or 0) > MOST_BYTES:
            raise ValidationError("Metadata are never as large as this file.")
        return file

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        url, file, xml = (data.pop(name, None) for name in ("metadata_url", "metadata_file", "metadata"))
        try:
            source = fetch_metadata(url) if url else file.read() if file else xml
            return {**data, **read_metadata(source, data.get("entity_id", ""))} if source else data
        except BadMetadata as error:
            raise ValidationError(str(error)) from error


def forgetting(number: int) -> BooleanField:
    """For connections already in use: how many known users would be forgotten."""
    people = "1 person" if number == 1 else f"{number} people"
    return BooleanField(
        required=False,
        label=f"Forget who {people} are" if number != 1 else "Forget who 1 person is",
        help_text=(
            f"Only for another issuer or entity ID: {people} signed in through this identity provider so far, known by "
            "what the one of now calls them. They are found anew at their next sign-in, by the external ID."
        ),
    )


FORMS: dict[str, type[ClaimsForm]] = {Protocol.OIDC: OIDCForm, Protocol.SAML: SAMLForm}
