"""Google Workspace: an SSO URL with a query, the email as NameID, and only the attributes that are mapped."""

from __future__ import annotations

from tests.sso.vendors.saml import EMAIL, SAMLVendor

ENTITY = "https://accounts.google.com/o/saml2?idpid=C01abc2de"
SSO = "https://accounts.google.com/o/saml2/idp?idpid=C01abc2de"

VENDOR = SAMLVendor(
    name="Google Workspace",
    kind="google",
    sources=(
        "https://support.google.com/a/answer/6087519",
        "https://knowledge.workspace.google.com/admin/apps/about-group-membership-mapping",
    ),
    entity_id=ENTITY,
    sso_url=SSO,
    metadata=f"""<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{ENTITY}"
    validUntil="{{in_five_years}}">
  <md:IDPSSODescriptor WantAuthnRequestsSigned="false"
      protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing">
      <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
        <ds:X509Certificate>{{certificate}}</ds:X509Certificate>
      </ds:X509Data></ds:KeyInfo>
    </md:KeyDescriptor>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{SSO}"/>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{SSO}"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>""",
    name_id="ada@example.test",
    name_id_format=EMAIL,
    attributes={"firstName": "Ada", "lastName": "King", "groups": ("Engineering",)},
    external_id="ada@example.test",
    person=("ada@example.test", "ada@example.test", "Ada", "King"),
    prefixes=("saml2p", "saml2"),
    value_type="xs:anyType",
    context="urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
    ends_session=False,
)
