"""`manage.py check --deploy`: what an operator should know before users get access (SR-44)."""

from collections.abc import Sequence
from typing import Any

import django
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

# Below it, django-scim2 does not work and security releases are missing.
OLDEST_DJANGO = (5, 2, 8)


@register(Tags.compatibility)
def check_django_is_patched(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a Django older than the oldest version known to be safe here."""
    if django.VERSION[:3] >= OLDEST_DJANGO:
        return []
    return [Error(f"Django {django.__version__} is too old.", hint="Run `make install`.", id="gatehouse.E001")]


@register(Tags.compatibility)
def check_public_url_is_an_origin(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """PUBLIC_URL is a scheme and a host: the portal can't run under a path."""
    public = settings.PUBLIC
    if public.scheme in {"http", "https"} and public.netloc and not (public.path or public.query or public.fragment):
        return []
    return [
        Error(
            f"PUBLIC_URL is {settings.PUBLIC_URL!r}.",
            hint="Give it as https://portal.example.com, without a path.",
            id="gatehouse.E002",
        )
    ]


@register(Tags.security, deploy=True)
def check_people_come_over_https(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Without https, passwords and SCIM tokens cross the network in the clear."""
    if settings.IS_HTTPS:
        return []
    return [Warning("PUBLIC_URL is not https.", hint="Put a TLS proxy in front.", id="gatehouse.W001")]


@register(Tags.security, deploy=True)
def check_hosts_are_named(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A wildcard in ALLOWED_HOSTS switches the host check off."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [Warning("ALLOWED_HOSTS contains '*'.", hint="Name the hosts.", id="gatehouse.W002")]


@register(Tags.security, deploy=True)
def check_mails_leave(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Invitations and alerts that are only printed to the log reach no one."""
    if not settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        return []
    return [Warning("Mails are only printed.", hint="Set EMAIL_URL, e.g. smtp+tls://….", id="gatehouse.W003")]
