"""The settings of a SCIM trust as options of a command."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from identity.models import SCIMTrust
from identity.services.scim_trusts import TrustSettings

FLAGS = {"on": True, "off": False}

HELP = {
    "label": "what it is listed as",
    "issuer": "iss of its assertions; left out, the client ID",
    "subject": "sub of its assertions; left out, the client ID",
    "audiences": "aud of its assertions, several separated by spaces; left out, the portal's token URL",
    "authorized_party": "azp or appid that its assertions must have",
    "key_set_url": "where the issuer publishes its keys (JWKS)",
    "key_set": "a file with its public keys (JWKS) instead",
    "requires_id": "each assertion must have an ID (jti); Microsoft Entra ID sends none",
    "networks": "issues tokens to these networks only, and they work from there: CIDR, separated by commas",
    "is_read_only": "its access tokens change nothing",
}


def add_settings(parser: CommandParser) -> None:
    for setting in fields(TrustSettings):
        choices = FLAGS if isinstance(setting.default, bool) else None
        name = setting.name.removeprefix("is_").replace("_", "-")
        parser.add_argument(f"--{name}", dest=setting.name, choices=choices, help=HELP[setting.name])


def settings_of(trust: SCIMTrust) -> TrustSettings:
    return TrustSettings(**{setting.name: getattr(trust, setting.name) for setting in fields(TrustSettings)})


def changed(settings: TrustSettings, options: dict[str, Any]) -> TrustSettings:
    """These settings with the options applied; other keys take the place of those there were."""
    given = {setting.name: options[setting.name] for setting in fields(settings)}
    said = {name: _value(name, text) for name, text in given.items() if text is not None}
    for name, other in (("key_set", "key_set_url"), ("key_set_url", "key_set")):
        if said.get(name) and other not in said:
            said[other] = ""
    return replace(settings, **said)


def _value(name: str, text: str) -> Any:
    match name:
        case "key_set":
            return contents(Path(text))
        case "audiences":
            return "\n".join(text.split())
        case "requires_id" | "is_read_only":
            return FLAGS[text]
    return text


def contents(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} can't be read: {error}") from error
