"""A SAML provider's metadata, and its response about Ada King, in the shape that its documentation shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from identity.models import SSOConnection
from portal.sso.addresses import public_address
from tests.sso.saml_answers import SAMLProvider, utc

PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
UNSPECIFIED_NAME = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
XMLSOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TYPES = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
ADA = ("ada", "ada@example.test", "Ada", "King")

# What is signed, where the administrator changes nothing.
ONLY_ASSERTION, ONLY_RESPONSE, BOTH = ("assertion",), ("response",), ("assertion", "response")


@dataclass(frozen=True)
class SAMLVendor:
    """`settings` is what an administrator enters beside the metadata, which hold `{certificate}`.

    `attributes` are names with one value or several; `name_format` and `value_type` stand beside all of them.
    `person` is what becomes of it (username, email, first and last name), `groups` whom she is with.
    """

    name: str
    sources: tuple[str, ...]
    metadata: str
    entity_id: str
    sso_url: str
    name_id: str
    name_id_format: str
    attributes: dict[str, str | tuple[str, ...]]
    external_id: str
    sso_binding: str = "redirect"
    kind: str = "other"
    settings: dict[str, Any] = field(default_factory=dict)
    person: tuple[str, str, str, str] = ADA
    groups: tuple[str, ...] = ("Engineering",)
    signs: tuple[str, ...] = ONLY_ASSERTION
    prefixes: tuple[str, str] = ("samlp", "saml")  # of protocol and assertion; an empty one is the default namespace
    name_format: str = ""
    value_type: str = "xs:string"
    context: str = PASSWORD
    ends_session: bool = True
    name_id_extra: str = ""

    def response(self, connection: SSOConnection, asked: str, provider: SAMLProvider) -> str:
        """Signed as the vendor does it, but with a key of ours."""
        assertion = "".join(self._assertion(connection, asked))
        assertion = provider.signed(assertion) if "assertion" in self.signs else assertion
        whole = "".join(self._response(connection, asked, assertion))
        return provider.signed(whole) if "response" in self.signs else whole

    def _response(self, connection: SSOConnection, asked: str, assertion: str) -> Iterator[str]:
        prefix = self.prefixes[0]
        yield (
            f'<{prefix}:Response xmlns:{prefix}="{PROTOCOL}" ID="_response" Version="2.0" IssueInstant="{utc(0)}" '
            f'Destination="{public_address("saml_acs", connection)}" InResponseTo="{asked}">'
        )
        yield self._in_assertion("Issuer", self.entity_id, declared=True)
        status = "urn:oasis:names:tc:SAML:2.0:status:Success"
        yield f'<{prefix}:Status><{prefix}:StatusCode Value="{status}"/></{prefix}:Status>{assertion}'
        yield f"</{prefix}:Response>"

    def _assertion(self, connection: SSOConnection, asked: str) -> Iterator[str]:
        tag, until = self._in_assertion, utc(3600)
        data = {"InResponseTo": asked, "NotOnOrAfter": until, "Recipient": public_address("saml_acs", connection)}
        bearer = {"Method": "urn:oasis:names:tc:SAML:2.0:cm:bearer"}
        confirmation = tag("SubjectConfirmation", tag("SubjectConfirmationData", "", data, raw=True), bearer, raw=True)
        name_id = tag("NameID", self.name_id, {"Format": self.name_id_format}, extra=self.name_id_extra)
        audience = tag("Audience", public_address("saml_metadata", connection))
        restriction = tag("AudienceRestriction", audience, raw=True)
        at = {"AuthnInstant": utc(-2), "SessionIndex": "_session"}
        at |= {"SessionNotOnOrAfter": utc(36000)} if self.ends_session else {}
        context = tag("AuthnContext", tag("AuthnContextClassRef", self.context), raw=True)
        inside = [
            tag("Issuer", self.entity_id),
            tag("Subject", name_id + confirmation, raw=True),
            tag("Conditions", restriction, {"NotBefore": utc(-300), "NotOnOrAfter": until}, raw=True),
            tag("AuthnStatement", context, at, raw=True),
            self._statement(),
        ]
        about = {"ID": "_assertion", "Version": "2.0", "IssueInstant": utc(0)}
        yield tag("Assertion", "".join(inside), about, declared=True, raw=True)

    def _statement(self) -> str:
        tag = self._in_assertion
        written = [
            tag("Attribute", self._values(values), {"Name": name, **self._format()}, raw=True)
            for name, values in self.attributes.items()
        ]
        return tag("AttributeStatement", "".join(written), raw=True) if written else ""

    def _format(self) -> dict[str, str]:
        return {"NameFormat": self.name_format} if self.name_format else {}

    def _values(self, values: str | tuple[str, ...]) -> str:
        extra = f'{TYPES} xsi:type="{self.value_type}"' if self.value_type else ""
        several = (values,) if isinstance(values, str) else values
        return "".join(self._in_assertion("AttributeValue", value, extra=extra) for value in several)

    def _in_assertion(
        self,
        name: str,
        content: str,
        attributes: dict[str, str] | None = None,
        *,
        raw: bool = False,
        declared: bool = False,
        extra: str = "",
    ) -> str:
        """An element of the assertion's namespace, which is `declared` where it begins."""
        prefix = self.prefixes[1]
        colon, declaration = (f"{prefix}:", f"xmlns:{prefix}") if prefix else ("", "xmlns")
        said = [f"{key}={quoteattr(value)}" for key, value in (attributes or {}).items()]
        said += [f'{declaration}="{ASSERTION}"'] if declared else []
        opening = " ".join([f"<{colon}{name}", *said, *([extra] if extra else [])])
        return f"{opening}>{content if raw else escape(content)}</{colon}{name}>"
