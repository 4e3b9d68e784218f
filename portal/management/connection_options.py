"""The settings of an SSO connection as options of a command, derived from the settings themselves."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from identity.models import SSOConnection
from identity.services.sso_connections import ConnectionSettings
from portal.management.operator_command import given_secret

FLAGS = {"on": True, "off": False}
CHOICES = {
    "sso_binding": SSOConnection.Binding.values,
    "client_authentication": SSOConnection.ClientAuthentication.values,
}

HELP = {
    "issuer": "OpenID Connect: as in its discovery document",
    "client_id": "OpenID Connect",
    "client_secret": "OpenID Connect; '-' reads it from standard input. Left out, it stays as it is",
    "client_authentication": "OpenID Connect: how the secret is sent (default: as the provider announces, else Basic)",
    "entity_id": "SAML: the identity provider's",
    "sso_url": "SAML: where people are sent to sign in",
    "sso_binding": "SAML: how the browser carries the request there (default: redirect)",
    "certificate": "SAML: a file with the signing certificates in PEM",
    "subject_claim": "what carries the externalId that SCIM sends (default: what this kind of identity provider uses)",
    "user_name_claim": "what carries the userName (default: what this kind of identity provider uses)",
    "email_claim": "what carries the email (default: the protocol's standard names)",
    "first_name_claim": "what carries the first name (default: the protocol's standard names)",
    "last_name_claim": "what carries the last name (default: the protocol's standard names)",
    "matches_by_user_name": "recognise people by userName when no externalId equals the subject",
    "groups_claim": "what carries the groups, while SCIM is off",
    "creates_users": "create missing people at their first sign-in, while SCIM is off",
    "allowed_domains": "email domains whose people may be created so",
    "allowed_tenant": "tenant whose people may be created so",
}


def add_settings(parser: CommandParser) -> None:
    for setting in fields(ConnectionSettings):
        choices = CHOICES.get(setting.name) or (FLAGS if setting.default is False else None)
        option = f"--{setting.name.replace('_', '-')}"
        parser.add_argument(option, choices=choices, help=HELP[setting.name])


def settings_of(connection: SSOConnection) -> ConnectionSettings:
    """The stored settings; the secret stays unless a new one is given."""
    names = [setting.name for setting in fields(ConnectionSettings) if setting.name != "client_secret"]
    return ConnectionSettings(**{name: getattr(connection, name) for name in names})


def changed(settings: ConnectionSettings, options: dict[str, Any]) -> ConnectionSettings:
    """These settings with the options applied."""
    given = {setting.name: options[setting.name] for setting in fields(settings)}
    return replace(settings, **{name: _value(name, text) for name, text in given.items() if text is not None})


def _value(name: str, text: str) -> Any:
    match name:
        case "client_secret":
            return given_secret(text)
        case "certificate":
            return _contents(Path(text))
        case "matches_by_user_name" | "creates_users":
            return FLAGS[text]
    return text


def _contents(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} can't be read: {error}") from error
