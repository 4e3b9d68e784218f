"""SSO connections: created, changed, switched and removed by administrators (issue: signing in)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cryptography import x509
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from identity import audit, policy
from identity.core.decisions import Action
from identity.core.encryption import seal
from identity.core.errors import InvalidValue
from identity.core.keys import fold
from identity.db.locks import lock
from identity.events import Event
from identity.models import IdentityProvider, SSOConnection, SSOIdentity
from identity.services import notices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from identity.core.actors import Actor

Kind = IdentityProvider.Kind
Protocol = SSOConnection.Protocol
Binding = SSOConnection.Binding
ClientAuthentication = SSOConnection.ClientAuthentication

NAME_ID = "NameID"
SAML_MARK = "saml:"  # prefix of SAML subjects: they never collide with those of OpenID Connect
WELL_KNOWN = "/.well-known/openid-configuration"
_ENTRA = "http://schemas.microsoft.com"
_XMLSOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"

# The claims that carry the externalId the same IdP sends over SCIM, the userName, and the groups.
_PRESETS: dict[tuple[str, str], tuple[str, str, str]] = {
    (Protocol.OIDC, Kind.OKTA): ("sub", "preferred_username", "groups"),
    (Protocol.OIDC, Kind.ENTRA): ("oid", "preferred_username", "groups"),
    (Protocol.OIDC, Kind.GOOGLE): ("sub", "email", ""),
    (Protocol.SAML, Kind.ENTRA): (
        f"{_ENTRA}/identity/claims/objectidentifier",
        f"{_XMLSOAP}/name",
        f"{_ENTRA}/ws/2008/06/identity/claims/groups",
    ),
}
_TOLD = {
    Event.SSO_CONNECTION_CREATED: "SSO connection created",
    Event.SSO_CONNECTION_EDITED: "SSO connection changed",
    Event.SSO_CONNECTION_ENABLED: "SSO connection switched on",
    Event.SSO_CONNECTION_DISABLED: "SSO connection switched off",
    Event.SSO_CONNECTION_DELETED: "SSO connection deleted",
}
_GENERAL = {Protocol.OIDC: ("sub", "preferred_username", "groups"), Protocol.SAML: (NAME_ID, NAME_ID, "groups")}


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """A connection's settings as given by an administrator; an empty `client_secret` keeps the stored one."""

    issuer: str = ""
    client_id: str = ""
    client_secret: str = ""
    client_authentication: str = ClientAuthentication.ANNOUNCED
    entity_id: str = ""
    sso_url: str = ""
    sso_binding: str = Binding.REDIRECT
    certificate: str = ""
    subject_claim: str = ""
    user_name_claim: str = ""
    email_claim: str = ""
    first_name_claim: str = ""
    last_name_claim: str = ""
    matches_by_user_name: bool = False
    groups_claim: str = ""
    creates_users: bool = False
    allowed_domains: str = ""
    allowed_tenant: str = ""


def preset(kind: str, protocol: str) -> dict[str, str]:
    """The claims that this kind of IdP is known to send."""
    names = ("subject_claim", "user_name_claim", "groups_claim")
    return dict(zip(names, _PRESETS.get((protocol, kind), _GENERAL[Protocol(protocol)]), strict=True))


@transaction.atomic
def create_connection(
    identity_provider: IdentityProvider, *, protocol: str, said: ConnectionSettings, actor: Actor
) -> SSOConnection:
    """A new connection, not yet offered on the sign-in page. Raises InvalidValue."""
    identity_provider = lock(IdentityProvider, identity_provider.pk)
    policy.require(Action.CHANGE_TRUST, actor=actor, identity_provider=identity_provider)
    slug = f"{identity_provider.kind}-{secrets.token_hex(4)}"
    connection = SSOConnection(identity_provider=identity_provider, protocol=protocol, slug=slug)
    _apply(connection, said)
    connection.save(force_insert=True)
    _record(Event.SSO_CONNECTION_CREATED, connection, actor, {"protocol": protocol})
    return connection


@transaction.atomic
def edit_connection(
    connection: SSOConnection, *, said: ConnectionSettings, forget_identities: bool = False, actor: Actor
) -> SSOConnection:
    """Change a connection's settings; its URLs stay. Raises InvalidValue.

    A client secret belongs to the issuer that created it and is never sent to another. A different issuer or entity ID
    also invalidates all known identities: the caller must agree with `forget_identities`.
    """
    connection = lock(SSOConnection, connection.pk)
    policy.require(Action.CHANGE_TRUST, actor=actor, connection=connection)
    before = _facts(connection)
    _apply(connection, said)
    is_elsewhere = not same_issuer(before["issuer"], connection.issuer)
    if is_elsewhere and not said.client_secret:
        raise InvalidValue("client secret", "must be entered again, since the issuer is another one")
    connection.save()
    after = _facts(connection)
    changed: dict[str, Any] = {**audit.changes(before, after)}
    if is_elsewhere or before["entity_id"] != connection.entity_id:
        changed["identities_forgotten"] = _forget_identities(connection, confirmed=forget_identities)
    details = {**changed, "secret_replaced": bool(said.client_secret)}
    _record(Event.SSO_CONNECTION_EDITED, connection, actor, details, names=[name for name in after if name in changed])
    return connection


def identities_of(connection: SSOConnection) -> QuerySet[SSOIdentity]:
    """The identities known by subjects of this connection's issuer."""
    known: QuerySet[SSOIdentity] = SSOIdentity.objects.filter(identity_provider=connection.identity_provider_id)
    of_saml = Q(subject__startswith=SAML_MARK)
    return known.filter(of_saml if connection.protocol == Protocol.SAML else ~of_saml)


def _forget_identities(connection: SSOConnection, *, confirmed: bool) -> int:
    """A subject is only meaningful at its issuer: at another one, every user is matched anew (SR-5)."""
    known = identities_of(connection)
    if not confirmed and (number := known.count()):
        raise InvalidValue(
            "forget identities",
            f"must be confirmed: {_identities(number)} would be forgotten, since another "
            f"{'entity ID' if connection.protocol == Protocol.SAML else 'issuer'} may mean others by the same names; "
            "these people are found anew at their next sign-in, by the external ID",
        )
    return known.delete()[0]


def _identities(number: int) -> str:
    return "1 identity" if number == 1 else f"{number} identities"


@transaction.atomic
def set_connection_enabled(connection: SSOConnection, enabled: bool, *, actor: Actor) -> SSOConnection:
    """Offer the connection on the sign-in page, or take it off: it then signs no one in.

    Every administrator may take one off, in an emergency: this grants no access.
    """
    connection = lock(SSOConnection, connection.pk)
    action = Action.ENABLE_CONNECTION if enabled else Action.DISABLE_CONNECTION
    if not policy.require(action, actor=actor, connection=connection).fits:
        return connection
    connection.is_enabled = enabled
    connection.save(update_fields=["is_enabled"])
    _record(Event.SSO_CONNECTION_ENABLED if enabled else Event.SSO_CONNECTION_DISABLED, connection, actor, {})
    return connection


@transaction.atomic
def delete_connection(connection: SSOConnection, *, actor: Actor) -> None:
    """Remove a connection. Its users are still known by (identity provider, subject)."""
    connection = lock(SSOConnection, connection.pk)
    policy.require(Action.DELETE_CONNECTION, actor=actor, connection=connection)
    _record(Event.SSO_CONNECTION_DELETED, connection, actor, _facts(connection))
    connection.delete()


def _apply(connection: SSOConnection, said: ConnectionSettings) -> None:
    for setting in fields(said):
        if setting.name != "client_secret":
            setattr(connection, setting.name, _cleaned(getattr(said, setting.name)))
    if said.client_secret:
        connection.client_secret = seal(said.client_secret.strip())
    connection.allowed_domains = _domains(said.allowed_domains)
    _fill_claims(connection)
    _check_just_in_time(connection)
    _CHECKS[Protocol(connection.protocol)](connection)


def _cleaned(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _fill_claims(connection: SSOConnection) -> None:
    known = preset(connection.identity_provider.kind, connection.protocol)
    connection.subject_claim = connection.subject_claim or known["subject_claim"]
    connection.user_name_claim = connection.user_name_claim or known["user_name_claim"]


def _domains(text: str) -> str:
    domains = [fold(domain, "allowed domains").lstrip("@") for domain in re.split(r"[\s,;]+", text) if domain]
    if any("." not in domain or "@" in domain for domain in domains):
        raise InvalidValue("allowed domains", "must be domains such as example.com")
    return " ".join(dict.fromkeys(domains))


def _check_just_in_time(connection: SSOConnection) -> None:
    """R21: creating people at sign-in is never open to everyone the IdP knows."""
    if connection.creates_users and not (connection.allowed_domains or connection.allowed_tenant):
        raise InvalidValue("allowed domains", "or a tenant must be given to create users at their first sign-in")


def _check_alone(connection: SSOConnection, attribute: str, value: str) -> None:
    """One issuer per identity provider: people are known by its subjects, and those of two could coincide."""
    others = SSOConnection.objects.filter(
        identity_provider=connection.identity_provider_id, protocol=connection.protocol
    ).exclude(pk=connection.pk)
    is_same = same_issuer if attribute == "issuer" else str.__eq__
    if not all(is_same(other, value) for other in others.values_list(attribute, flat=True)):
        raise InvalidValue(
            attribute.replace("_", " "),
            "must be that of the other connection: add another identity provider for another one",
        )


def _check_oidc(connection: SSOConnection) -> None:
    connection.issuer = connection.issuer.removesuffix(WELL_KNOWN)
    check_address(connection.issuer, "issuer")
    _check_alone(connection, "issuer", connection.issuer)
    if not connection.client_id:
        raise InvalidValue("client ID", "must not be empty")
    if not connection.client_secret:
        raise InvalidValue("client secret", "must not be empty")
    if connection.client_authentication not in ClientAuthentication.values:
        raise InvalidValue("client authentication", f"must be one of {', '.join(ClientAuthentication.values)}")


def _check_saml(connection: SSOConnection) -> None:
    if not connection.entity_id:
        raise InvalidValue("entity ID", "must not be empty")
    _check_alone(connection, "entity_id", connection.entity_id)
    check_address(connection.sso_url, "SSO URL", may_have_query=True)
    if connection.sso_binding not in Binding.values:
        raise InvalidValue("SSO binding", f"must be one of {', '.join(Binding.values)}")
    connection.certificate = pem(connection.certificate)


_CHECKS = {Protocol.OIDC: _check_oidc, Protocol.SAML: _check_saml}


def same_issuer(one: str, other: str) -> bool:
    """Whether two spellings mean one issuer: a trailing slash is often added or lost when copying."""
    return _normalised(one) == _normalised(other)


def _normalised(issuer: str) -> tuple[str, str, str]:
    """Scheme, host and path as RFC 3986 section 6.2 compares them."""
    scheme, _, rest = issuer.partition("://")
    host, _, path = rest.partition("/")
    return scheme.lower(), host.lower().removesuffix(":443" if scheme.lower() == "https" else ":80"), path.rstrip("/")


def check_address(url: str, attribute: str, *, may_have_query: bool = False) -> None:
    """SR-43: https only, unless the operator listed the origin in SSO_INTERNAL_ORIGINS.

    `may_have_query`: Google identifies its organisations by one (`https://accounts.google.com/o/saml2/idp?idpid=…`).
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for one that is no number
    except ValueError as error:
        raise InvalidValue(attribute, "is not a web address") from error
    has_query = bool(parts.query) and not may_have_query
    if not parts.hostname or parts.username or has_query or parts.fragment or re.search(r"\s", url):
        raise InvalidValue(attribute, "must be an address such as https://idp.example.com")
    if parts.scheme != "https" and f"{parts.scheme}://{parts.netloc}" not in settings.SSO_INTERNAL_ORIGINS:
        raise InvalidValue(attribute, "must begin with https://")


def pem(text: str) -> str:
    """Signing certificates as PEM, concatenated, whether they had header lines or a single one had none."""
    bodies = ["".join(body.split()) for body in re.split(r"-----[A-Z ]+-----", text)]
    certificates = [_certificate(body) for body in bodies if body]
    if not certificates:
        raise InvalidValue("certificate", "must not be empty")
    return "\n".join(certificates)


def _certificate(body: str) -> str:
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    certificate = "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----"])
    try:
        x509.load_pem_x509_certificate(certificate.encode())
    except ValueError as error:
        raise InvalidValue("certificate", "is not an X.509 certificate") from error
    return certificate


def _facts(connection: SSOConnection) -> dict[str, Any]:
    names = [setting.name for setting in fields(ConnectionSettings) if setting.name != "client_secret"]
    return {name: getattr(connection, name) for name in names}


def _record(
    action: Event, connection: SSOConnection, actor: Actor, details: dict[str, Any], *, names: Iterable[str] = ()
) -> None:
    """Record it, and mail the owners; `names`: the settings that were changed."""
    audit.record(
        action,
        actor=actor,
        identity_provider_id=connection.identity_provider_id,
        details={"connection": connection.slug, **details},
    )
    told = ", ".join([str(connection), *(name.replace("_", " ") for name in names)])
    notices.tell_owners_of_trust(connection.identity_provider, _TOLD[action], told, actor=actor)
