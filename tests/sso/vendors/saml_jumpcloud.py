"""JumpCloud: metadata with HTTP-POST only, the response signed, an email as NameID in the format that was chosen."""

from __future__ import annotations

from tests.sso.vendors.saml import EMAIL, ONLY_RESPONSE, UNSPECIFIED_NAME, SAMLVendor

SSO = "https://sso.jumpcloud.com/saml2/gatehouse"

VENDOR = SAMLVendor(
    name="JumpCloud",
    kind="jumpcloud",
    sources=(
        "https://jumpcloud.com/support/sso-using-custom-saml-application-connectors",
        "https://jumpcloud.com/support/saml-configuration-notes",
        "https://github.com/sourcegraph/sourcegraph-public-snapshot (doc/admin/auth/saml/jumpcloud.md)",
    ),
    entity_id="JumpCloud",
    sso_url=SSO,
    sso_binding="post",
    metadata=f"""<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor entityID="JumpCloud" xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">
  <md:IDPSSODescriptor WantAuthnRequestsSigned="false"
      protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing">
      <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
        <ds:X509Certificate>{{certificate}}</ds:X509Certificate>
      </ds:X509Data></ds:KeyInfo>
    </md:KeyDescriptor>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</md:NameIDFormat>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{SSO}"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>""",
    name_id="ada@example.test",
    name_id_format=EMAIL,
    attributes={"firstname": "Ada", "lastname": "King", "memberOf": ("Engineering", "All Users")},
    external_id="ada@example.test",
    settings={"first_name_claim": "firstname", "last_name_claim": "lastname", "groups_claim": "memberOf"},
    person=("ada@example.test", "ada@example.test", "Ada", "King"),
    signs=ONLY_RESPONSE,
    name_format=UNSPECIFIED_NAME,
    ends_session=False,
)
