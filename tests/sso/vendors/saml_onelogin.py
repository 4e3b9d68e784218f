"""OneLogin: attributes of its connector by their own names, roles in one text."""

from __future__ import annotations

from tests.sso.vendors.saml import BASIC, EMAIL, SAMLVendor

ENTITY = "https://app.onelogin.com/saml/metadata/1f2e3d4c-5b6a-4788-9a0b-c1d2e3f40516"
SSO = "https://acme.onelogin.com/trust/saml2/http-redirect/sso/1f2e3d4c-5b6a-4788-9a0b-c1d2e3f40516"
POST = "https://acme.onelogin.com/trust/saml2/http-post/sso/1f2e3d4c-5b6a-4788-9a0b-c1d2e3f40516"

VENDOR = SAMLVendor(
    name="OneLogin",
    kind="onelogin",
    sources=(
        "https://developers.onelogin.com/saml",
        "https://onelogin.service-now.com/kb_view_customer.do?sysparm_article=KB0010344",
    ),
    entity_id=ENTITY,
    sso_url=SSO,
    metadata=f"""<?xml version="1.0"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{ENTITY}">
  <IDPSSODescriptor xmlns:ds="http://www.w3.org/2000/09/xmldsig#"
      protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
      <ds:X509Certificate>{{certificate}}</ds:X509Certificate>
    </ds:X509Data></ds:KeyInfo></KeyDescriptor>
    <SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
        Location="https://acme.onelogin.com/trust/saml2/http-redirect/slo/2001"/>
    <NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</NameIDFormat>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{SSO}"/>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{POST}"/>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP"
        Location="https://acme.onelogin.com/trust/saml2/soap/sso/2001"/>
  </IDPSSODescriptor>
</EntityDescriptor>""",
    name_id="ada@example.test",
    name_id_format=EMAIL,
    attributes={
        "User.email": "ada@example.test",
        "memberOf": "Engineering;Staff",
        "User.LastName": "King",
        "PersonImmutableID": "30260373",
        "User.FirstName": "Ada",
    },
    external_id="30260373",
    settings={"subject_claim": "PersonImmutableID", "groups_claim": "memberOf"},
    person=("ada@example.test", "ada@example.test", "Ada", "King"),
    name_format=BASIC,
)
