"""Keycloak: the document is signed, X.500 attributes by its built-in mappers, roles beside groups."""

from __future__ import annotations

from tests.sso.vendors.saml import ONLY_RESPONSE, PERSISTENT, URI, SAMLVendor

REALM = "https://sso.example/realms/acme"
SUBJECT = "G-6fd0f6a4-49b5-4a4c-9d3a-0c5f3c8d2b11"

VENDOR = SAMLVendor(
    name="Keycloak",
    sources=(
        "https://www.keycloak.org/docs/latest/server_admin/#_saml-clients",
        "https://www.keycloak.org/securing-apps/saml-galleon-layers",
        "https://registry.terraform.io/providers/keycloak/keycloak/latest/docs/resources/saml_user_property_protocol_mapper",
    ),
    entity_id=REALM,
    sso_url=f"{REALM}/protocol/saml",
    metadata=f"""<md:EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"
    xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"
    xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{REALM}">
  <md:IDPSSODescriptor WantAuthnRequestsSigned="true"
      protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing"><ds:KeyInfo>
      <ds:KeyName>FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE</ds:KeyName>
      <ds:X509Data><ds:X509Certificate>{{certificate}}</ds:X509Certificate></ds:X509Data>
    </ds:KeyInfo></md:KeyDescriptor>
    <md:ArtifactResolutionService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP"
        Location="{REALM}/protocol/saml/resolve" index="0"/>
    <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{REALM}/protocol/saml"/>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{REALM}/protocol/saml"/>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
        Location="{REALM}/protocol/saml"/>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
        Location="{REALM}/protocol/saml"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>""",
    name_id=SUBJECT,
    name_id_format=PERSISTENT,
    attributes={
        "urn:oid:1.2.840.113549.1.9.1": "ada@example.test",
        "urn:oid:2.5.4.42": "Ada",
        "urn:oid:2.5.4.4": "King",
        "username": "ada",
        "groups": ("Engineering", "Staff"),
        "Role": ("offline_access", "uma_authorization", "default-roles-acme"),
    },
    external_id=SUBJECT,
    settings={"user_name_claim": "username"},
    signs=ONLY_RESPONSE,
    name_format=URI,
    context="urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
)
