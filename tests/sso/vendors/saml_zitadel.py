"""Zitadel: response and assertion signed, attributes by names of its own."""

from __future__ import annotations

from tests.sso.vendors.saml import BASIC, BOTH, PERSISTENT, SAMLVendor

SITE = "https://acme.zitadel.cloud/saml/v2"

VENDOR = SAMLVendor(
    name="Zitadel",
    sources=(
        "https://zitadel.com/docs/apis/saml/endpoints",
        "https://zitadel.com/docs/guides/integrate/login/saml",
        "https://github.com/zitadel/saml (pkg/provider/models and attributes)",
    ),
    entity_id=f"{SITE}/metadata",
    sso_url=f"{SITE}/SSO",
    metadata=f"""<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" ID="_z1" entityID="{SITE}/metadata"
    validUntil="2099-01-01T00:00:00Z" cacheDuration="PT5M">
  <IDPSSODescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" ID="_z2" WantAuthnRequestsSigned="1"
      protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <KeyDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" use="signing">
      <KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>
        <X509Certificate>{{certificate}}</X509Certificate>
      </X509Data></KeyInfo>
    </KeyDescriptor>
    <SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{SITE}/SLO"/>
    <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{SITE}/SSO"/>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{SITE}/SSO"/>
  </IDPSSODescriptor>
</EntityDescriptor>""",
    name_id="ada",
    name_id_format=PERSISTENT,
    attributes={
        "Email": "ada@example.test",
        "SurName": "King",
        "FirstName": "Ada",
        "FullName": "Ada King",
        "UserName": "ada",
        "UserID": "163840776835432705",
        "groups": '["Engineering", "Staff"]',
    },
    external_id="163840776835432705",
    settings={"subject_claim": "UserID", "user_name_claim": "UserName"},
    signs=BOTH,
    name_format=BASIC,
    value_type="",
)
