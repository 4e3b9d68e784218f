"""PingOne: the subject is the user ID, attributes are those that were mapped."""

from __future__ import annotations

from tests.sso.vendors.saml import BASIC, UNSPECIFIED, SAMLVendor

ENVIRONMENT = "9ad15e9e-3ac6-43f7-a053-d46b87d6c4a7"
ENTITY = f"https://auth.pingone.com/{ENVIRONMENT}"
SSO = f"https://auth.pingone.com/{ENVIRONMENT}/saml20/idp/sso"
USER = "6ce4e4b5-6b4e-4f3e-9c1c-1f3a2b7a0d55"

VENDOR = SAMLVendor(
    name="PingOne",
    kind="pingone",
    sources=(
        "https://developer.pingidentity.com/pingone-api/auth/saml-2.0.html",
        "https://developer.pingidentity.com/pingone-api/auth/saml-2.0/read-saml-metadata.html",
        "https://developer.pingidentity.com/pingone-api/platform/applications/application-attribute-mapping.html",
    ),
    entity_id=ENTITY,
    sso_url=SSO,
    metadata=f"""<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor entityID="{ENTITY}" ID="_m1" xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"
      WantAuthnRequestsSigned="false">
    <md:KeyDescriptor use="signing">
      <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
        <ds:X509Certificate>{{certificate}}</ds:X509Certificate>
      </ds:X509Data></ds:KeyInfo>
    </md:KeyDescriptor>
    <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
        Location="https://auth.pingone.com/{ENVIRONMENT}/saml20/idp/slo"/>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{SSO}"/>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{SSO}"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>""",
    name_id=USER,
    name_id_format=UNSPECIFIED,
    attributes={
        "username": "ada",
        "email": "ada@example.test",
        "given_name": "Ada",
        "family_name": "King",
        "groups": ("Engineering", "Staff"),
    },
    external_id=USER,
    settings={"user_name_claim": "username"},
    name_format=BASIC,
    context="urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
)
