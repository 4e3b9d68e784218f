"""`manage.py check --deploy`: what an operator should know before users get access (SR-44)."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

import django
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.http.request import validate_host

from portal.project.proxies import is_address

# Below it, django-scim2 does not work and security releases are missing.
OLDEST_DJANGO = (5, 2, 8)

SHORTEST_KEY = 32
FEWEST_CHARACTERS = 8  # different ones
MAKE_A_KEY = '`python3 -c "import secrets; print(secrets.token_urlsafe(50))"`'


@register(Tags.compatibility)
def check_django_is_patched(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a Django older than the oldest version known to be safe here."""
    if django.VERSION[:3] >= OLDEST_DJANGO:
        return []
    return [Error(f"Django {django.__version__} is too old.", hint="Run `make install`.", id="gatehouse.E001")]


@register(Tags.security, deploy=True)
def check_keys_are_hard_to_guess(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """An attacker who guesses a key, an earlier one included, can sign in as anyone and read every secret."""
    keys = {"SECRET_KEY": [settings.SECRET_KEY], "SECRET_KEY_FALLBACKS": settings.SECRET_KEY_FALLBACKS}
    weak = [name for name, values in keys.items() if any(map(_is_weak, values))]
    hint = f"Make one: {MAKE_A_KEY}. See docs/administrators-guide.md, Rotating SECRET_KEY."
    return [Error(f"{name} is easy to guess.", hint=hint, id="gatehouse.E003") for name in weak]


def _is_weak(key: str) -> bool:
    return len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_CHARACTERS


@register(Tags.security, deploy=True)
def check_no_internals_are_shown(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """DEBUG answers every fault with settings and variables."""
    if not settings.DEBUG or _is_at_home():
        return []
    return [Error("DEBUG is on at a public address.", hint="Start it with `make serve`.", id="gatehouse.E004")]


@register(Tags.security, deploy=True)
def check_people_come_over_https(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Without https, passwords and SCIM tokens cross the network in the clear."""
    if settings.IS_HTTPS:
        return []
    kind, number = (Warning, "W001") if _is_at_home() else (Error, "E005")
    return [kind("PUBLIC_URL is not https.", hint="Put a TLS proxy in front.", id=f"gatehouse.{number}")]


def _is_at_home() -> bool:
    """Whether PUBLIC_URL is this machine's own name for itself."""
    host = settings.PUBLIC.hostname or ""
    return host == "localhost" or (is_address(host) and ip_address(host).is_loopback)


@register(Tags.security, deploy=True)
def check_hosts_are_named(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A wildcard in ALLOWED_HOSTS switches the host check off; without PUBLIC_URL's host, no link works."""
    if "*" in settings.ALLOWED_HOSTS:
        return [Error("ALLOWED_HOSTS contains '*'.", hint="Name the hosts.", id="gatehouse.E006")]
    if not validate_host(settings.PUBLIC_HOST, settings.ALLOWED_HOSTS):
        hint = f"Add {settings.PUBLIC_HOST}: all links lead there."
        return [Error("ALLOWED_HOSTS lacks the host of PUBLIC_URL.", hint=hint, id="gatehouse.E007")]
    return []


@register(Tags.security, deploy=True)
def check_proxies_are_named(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """With "*", any client that reaches the server directly can claim that a request came over HTTPS."""
    if "*" not in settings.FORWARDED_ALLOW_IPS:
        return []
    hint = "Name the proxies by address or network."
    return [Warning("FORWARDED_ALLOW_IPS contains '*'.", hint=hint, id="gatehouse.W004")]


@register(Tags.security, deploy=True)
def check_mails_leave(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Invitations and alerts that are only printed to the log reach no one; unencrypted, they reach too many."""
    if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        return [Warning("Mails are only printed.", hint="Set EMAIL_URL, e.g. smtp+tls://….", id="gatehouse.W003")]
    is_plain = settings.EMAIL_BACKEND.endswith("smtp.EmailBackend") and not (
        settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
    )
    if is_plain and settings.EMAIL_HOST not in {"localhost", "127.0.0.1", "::1"}:
        hint = "Links in mails open accounts: use smtp+tls:// or smtp+ssl://."
        return [Warning("Mails leave unencrypted.", hint=hint, id="gatehouse.W005")]
    return []


@register(Tags.database, Tags.security, deploy=True)
def check_statements_end(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A statement without a limit holds a thread and its locks for good; only migrations need that."""
    if settings.STATEMENT_TIMEOUT:
        return []
    hint = "Leave it out; `make serve` sets it for migrations only."
    return [Warning("STATEMENT_TIMEOUT is 0.", hint=hint, id="gatehouse.W006")]
