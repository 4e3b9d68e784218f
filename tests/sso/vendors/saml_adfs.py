"""AD FS: an entity ID that begins with http, federation metadata of every role, claims by their URIs."""

from __future__ import annotations

from tests.sso.vendors.saml import PERSISTENT, XMLSOAP, SAMLVendor

ENTITY = "http://fs.corp.example/adfs/services/trust"
SSO = "https://fs.corp.example/adfs/ls/"
GUID = "h1Rk2mQ5a0aZb8mW0j9d8A=="

VENDOR = SAMLVendor(
    name="AD FS",
    sources=(
        "https://learn.microsoft.com/en-us/windows-server/identity/ad-fs/technical-reference/the-role-of-claims",
        "https://learn.microsoft.com/en-us/windows-server/identity/ad-fs/operations/create-a-rule-to-send-ldap-attributes-as-claims",
        "https://learn.microsoft.com/en-us/powershell/module/adfs/set-adfsrelyingpartytrust",
    ),
    entity_id=ENTITY,
    sso_url=SSO,
    metadata=f"""<?xml version="1.0" encoding="utf-8"?>
<EntityDescriptor ID="_0f1e" entityID="{ENTITY}" xmlns="urn:oasis:names:tc:SAML:2.0:metadata">
  <RoleDescriptor xsi:type="fed:SecurityTokenServiceType" ServiceDisplayName="Corp"
      protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706"
      xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
      xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706"/>
  <SPSSODescriptor WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{SSO}" index="0"/>
  </SPSSODescriptor>
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <KeyDescriptor use="encryption"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>
      <X509Certificate>bm90IGEga2V5IHRvIHNpZ24gd2l0aA==</X509Certificate>
    </X509Data></KeyInfo></KeyDescriptor>
    <KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>
      <X509Certificate>{{certificate}}</X509Certificate>
    </X509Data></KeyInfo></KeyDescriptor>
    <SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{SSO}"/>
    <NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</NameIDFormat>
    <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{SSO}"/>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{SSO}"/>
    <Attribute Name="{XMLSOAP}/upn" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri" FriendlyName="UPN"
        xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>
  </IDPSSODescriptor>
</EntityDescriptor>""",
    name_id=GUID,
    name_id_format=PERSISTENT,
    attributes={
        f"{XMLSOAP}/upn": "ada@corp.example",
        f"{XMLSOAP}/emailaddress": "ada@example.test",
        f"{XMLSOAP}/givenname": "Ada",
        f"{XMLSOAP}/surname": "King",
        "http://schemas.xmlsoap.org/claims/Group": ("Domain Users", "Engineering"),
    },
    external_id=GUID,
    settings={"user_name_claim": f"{XMLSOAP}/upn", "groups_claim": "http://schemas.xmlsoap.org/claims/Group"},
    person=("ada@corp.example", "ada@example.test", "Ada", "King"),
    prefixes=("samlp", ""),
    value_type="",
    ends_session=False,
)
