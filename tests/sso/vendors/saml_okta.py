"""Okta, an application of the SAML wizard with the attribute statements of docs/sso.md."""

from __future__ import annotations

from tests.sso.vendors.saml import BOTH, UNSPECIFIED, UNSPECIFIED_NAME, SAMLVendor

ENTITY = "http://www.okta.com/exk1fcia6d6EMsf331d8"
SSO = "https://acme.okta.com/app/acme_gatehouse_1/exk1fcia6d6EMsf331d8/sso/saml"

VENDOR = SAMLVendor(
    name="Okta",
    kind="okta",
    sources=(
        "https://developer.okta.com/docs/guides/saml-application-setup/",
        "https://help.okta.com/en-us/content/topics/apps/aiw-saml-reference.htm",
        "https://developer.okta.com/docs/reference/okta-expression-language/",
    ),
    entity_id=ENTITY,
    sso_url=SSO,
    metadata=f"""<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor entityID="{ENTITY}" xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">
  <md:IDPSSODescriptor WantAuthnRequestsSigned="false"
      protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing">
      <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
        <ds:X509Certificate>{{certificate}}</ds:X509Certificate>
      </ds:X509Data></ds:KeyInfo>
    </md:KeyDescriptor>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</md:NameIDFormat>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{SSO}"/>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{SSO}"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>""",
    name_id="ada",
    name_id_format=UNSPECIFIED,
    attributes={
        "externalId": "00u1fcia6d6EMsf331d8",
        "email": "ada@example.test",
        "firstName": "Ada",
        "lastName": "King",
        "groups": ("Engineering", "Everyone"),
    },
    external_id="00u1fcia6d6EMsf331d8",
    settings={"subject_claim": "externalId", "user_name_claim": "NameID"},
    signs=BOTH,
    prefixes=("saml2p", "saml2"),
    name_format=UNSPECIFIED_NAME,
    ends_session=False,
)
