"""Auth0, the SAML2 Web App add-on with its default mappings."""

from __future__ import annotations

from tests.sso.vendors.saml import UNSPECIFIED, URI, XMLSOAP, SAMLVendor

SITE = "https://acme.eu.auth0.com"
CLIENT = "kL9x2bQ7vPz"
AUTH0 = "http://schemas.auth0.com"
USER = "auth0|5f7c8ec7c33c6c004bbafe82"

VENDOR = SAMLVendor(
    name="Auth0",
    sources=(
        "https://auth0.com/docs/authenticate/protocols/saml/saml-configuration/customize-saml-assertions",
        "https://auth0.com/docs/authenticate/protocols/saml/saml-configuration/saml-attribute-mapping-examples",
        "https://auth0.com/docs/authenticate/protocols/saml/saml-sso-integrations/identity-provider-initiated-single-sign-on",
    ),
    entity_id="urn:acme.eu.auth0.com",
    sso_url=f"{SITE}/samlp/{CLIENT}",
    metadata=f"""<EntityDescriptor entityID="urn:acme.eu.auth0.com" xmlns="urn:oasis:names:tc:SAML:2.0:metadata">
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>
      <X509Certificate>{{certificate}}</X509Certificate>
    </X509Data></KeyInfo></KeyDescriptor>
    <SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
        Location="{SITE}/samlp/{CLIENT}/logout"/>
    <NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</NameIDFormat>
    <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat>
    <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</NameIDFormat>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
        Location="{SITE}/samlp/{CLIENT}"/>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{SITE}/samlp/{CLIENT}"/>
    <Attribute Name="{XMLSOAP}/emailaddress" NameFormat="{URI}" FriendlyName="E-Mail Address"
        xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>
  </IDPSSODescriptor>
</EntityDescriptor>""",
    name_id=USER,
    name_id_format=UNSPECIFIED,
    attributes={
        f"{XMLSOAP}/nameidentifier": USER,
        f"{XMLSOAP}/emailaddress": "ada@example.test",
        f"{XMLSOAP}/name": "ada@example.test",
        f"{XMLSOAP}/givenname": "Ada",
        f"{XMLSOAP}/surname": "King",
        f"{XMLSOAP}/upn": "ada@example.test",
        f"{AUTH0}/identities/default/provider": "auth0",
        f"{AUTH0}/identities/default/isSocial": "false",
        f"{AUTH0}/email_verified": "true",
        "http://schemas.xmlsoap.org/claims/Group": ("Engineering", "Staff"),
    },
    external_id=USER,
    settings={
        "user_name_claim": f"{XMLSOAP}/upn",
        "groups_claim": "http://schemas.xmlsoap.org/claims/Group",
    },
    person=("ada@example.test", "ada@example.test", "Ada", "King"),
    name_format=URI,
    value_type="xs:anyType",
    context="urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
)
