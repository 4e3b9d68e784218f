"""authentik: the persistent NameID is the hashed user ID, and there is one name only."""

from __future__ import annotations

from tests.sso.vendors.saml import PERSISTENT, URI, XMLSOAP, SAMLVendor

SITE = "https://authentik.example/application/saml/gatehouse"
OWN = "http://schemas.goauthentik.io/2021/02/saml"
HASHED = "8f1b4b8e5a0cdd2bb5d2c0b0f2b9e2c6a3f7f0c7a3d3a8f1e9b1d7c2a4e6f801"

VENDOR = SAMLVendor(
    name="authentik",
    sources=(
        "https://docs.goauthentik.io/docs/providers/saml",
        "https://github.com/goauthentik/authentik (blueprints/system/providers-saml.yaml)",
    ),
    entity_id="authentik",
    sso_url=f"{SITE}/sso/binding/redirect/",
    metadata=f"""<?xml version="1.0"?>
<md:EntityDescriptor xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"
    ID="_425272d5" entityID="authentik">
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"
      WantAuthnRequestsSigned="false">
    <md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data>
      <ds:X509Certificate>{{certificate}}</ds:X509Certificate>
    </ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</md:NameIDFormat>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
        Location="{SITE}/sso/binding/redirect/"/>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
        Location="{SITE}/sso/binding/post/"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>""",
    name_id=HASHED,
    name_id_format=PERSISTENT,
    attributes={
        f"{XMLSOAP}/upn": "ada@example.test",
        f"{XMLSOAP}/name": "Ada King",
        f"{XMLSOAP}/emailaddress": "ada@example.test",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname": "ada",
        f"{OWN}/username": "ada",
        f"{OWN}/uid": HASHED,
        "http://schemas.xmlsoap.org/claims/Group": ("Engineering", "authentik Admins"),
    },
    external_id=HASHED,
    settings={"user_name_claim": f"{OWN}/username", "groups_claim": "http://schemas.xmlsoap.org/claims/Group"},
    person=("ada", "ada@example.test", "", ""),
    name_format=URI,
    value_type="",
)
