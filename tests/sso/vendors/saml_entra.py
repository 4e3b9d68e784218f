"""Microsoft Entra ID: claims by their URIs, the assertion in the default namespace, values without a type."""

from __future__ import annotations

from tests.sso.vendors.saml import EMAIL, XMLSOAP, SAMLVendor

TENANT = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
ENTITY = f"https://sts.windows.net/{TENANT}/"
SSO = f"https://login.microsoftonline.com/{TENANT}/saml2"
CLAIMS = "http://schemas.microsoft.com/identity/claims"
GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
OBJECT_ID = "0ee1cf01-8a8c-4b18-9e9b-9d8f2a2f4a11"

VENDOR = SAMLVendor(
    name="Entra ID",
    kind="entra",
    sources=(
        "https://learn.microsoft.com/en-us/entra/identity-platform/single-sign-on-saml-protocol",
        "https://learn.microsoft.com/en-us/entra/identity-platform/reference-saml-tokens",
        "https://learn.microsoft.com/en-us/entra/identity-platform/federation-metadata",
    ),
    entity_id=ENTITY,
    sso_url=SSO,
    metadata=f"""<?xml version="1.0" encoding="utf-8"?>
<EntityDescriptor ID="_c2dE3fH4" entityID="{ENTITY}" xmlns="urn:oasis:names:tc:SAML:2.0:metadata">
  <RoleDescriptor xsi:type="fed:SecurityTokenServiceType"
      protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706"
      xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
      xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706">
    <KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>
      <X509Certificate>{{certificate}}</X509Certificate>
    </X509Data></KeyInfo></KeyDescriptor>
  </RoleDescriptor>
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>
      <X509Certificate>{{certificate}}</X509Certificate>
    </X509Data></KeyInfo></KeyDescriptor>
    <SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{SSO}"/>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{SSO}"/>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{SSO}"/>
  </IDPSSODescriptor>
</EntityDescriptor>""",
    name_id="ada@example.test",
    name_id_format=EMAIL,
    attributes={
        f"{CLAIMS}/tenantid": TENANT,
        f"{CLAIMS}/objectidentifier": OBJECT_ID,
        f"{CLAIMS}/displayname": "Ada King",
        GROUPS: ("11111111-aaaa-4bbb-8ccc-dddddddddddd", "22222222-aaaa-4bbb-8ccc-dddddddddddd"),
        f"{CLAIMS}/identityprovider": ENTITY,
        "http://schemas.microsoft.com/claims/authnmethodsreferences": "http://schemas.microsoft.com/claims/multipleauthn",
        f"{XMLSOAP}/givenname": "Ada",
        f"{XMLSOAP}/surname": "King",
        f"{XMLSOAP}/emailaddress": "ada@example.test",
        f"{XMLSOAP}/name": "ada@example.test",
    },
    external_id=OBJECT_ID,
    person=("ada@example.test", "ada@example.test", "Ada", "King"),
    groups=("11111111-aaaa-4bbb-8ccc-dddddddddddd",),
    prefixes=("samlp", ""),
    value_type="",
    context="urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
    ends_session=False,
)
