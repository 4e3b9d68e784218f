"""The dashboard: the users, what the mode allows, and first what needs attention.

Its cost hardly grows with the portal: counts come from indexes, or stop at a limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from identity import policy
from identity.core.decisions import Action
from identity.db.counting import MOST, up_to
from identity.models import IdentityProvider, ProviderContact, ProvisioningLog, SCIMToken, Status, User
from identity.queries.attention import count_everything, matters
from identity.queries.headcount import People, count_people
from identity.queries.rhythm import JUDGED, silent_among, with_last_request, with_refusals
from portal.admin.frame.deciding import decide
from portal.admin.frame.site import site
from portal.admin.home.attention import placed
from portal.admin.home.headcount import chart_of
from portal.admin.providers.activity import ShownActivity
from portal.admin.providers.set_up import scim_base_url

LOG_ROWS = 6
PROVIDERS = 8


def dashboard(request: HttpRequest) -> dict[str, Any]:
    """The template's context, by role."""
    if decide(request, Action.VIEW_DIRECTORY):
        return {"subtitle": None, **_for_administrators(request)}
    return {"subtitle": None, **_for_support()}


def _for_support() -> dict[str, Any]:
    number = User.objects.with_status(Status.DISABLED).order_by().values("pk")[: MOST + 1].count()
    return {"is_support": True, "disabled_count": up_to(MOST, number)}


def _for_administrators(request: HttpRequest) -> dict[str, Any]:
    counts = count_everything()
    tokens = list(SCIMToken.objects.only("identity_provider", "trust", "last_used_at", "expires_at"))
    made = [token for token in tokens if token.trust_id is None]
    uses = [(token.identity_provider_id, token.last_used_at) for token in tokens]
    rhythms = ProviderContact.objects.rhythms()
    scim_enabled = counts.mode.scim_enabled
    providers = _providers(silent_among(uses, rhythms) if scim_enabled else [])
    activities = [ShownActivity.of(provider, rhythms, scim_enabled=scim_enabled) for provider in providers]
    users = count_people()
    return {
        "counts": users_by_status(users),
        "counted": "" if users.when == "now" else users.when,
        "chart": chart_of(request, users),
        "mode": counts.mode,
        "mode_in_words": policy.describe(counts.mode).removeprefix(f"{counts.mode}. "),
        "matters": [placed(matter) for matter in matters(counts, activities, made)],
        "providers": activities,
        "judged": JUDGED,
        "log": ProvisioningLog.objects.select_related("identity_provider")[:LOG_ROWS],
        "steps": _first_steps(providers, uses),
        "base_url": scim_base_url(),
    }


def users_by_status(people: People) -> list[dict[str, Any]]:
    """The number of all users and of each status, with links to the lists."""
    url = reverse("admin:identity_user_changelist")
    by_status = [
        {"label": status.label, "number": capfirst(people.of(status)), "url": f"{url}?status={status.value}"}
        for status in (Status.ENABLED, Status.INVITED, Status.DISABLED)
    ]
    return [{"label": "Users", "number": capfirst(people.total), "url": url}, *by_status]


# --- identity providers ---


def _providers(silent: list[int]) -> list[Any]:
    """The first few: silent ones first, then those that never called."""
    place = Case(When(pk__in=silent, then=0), When(last_request_at=None, then=2), default=1)
    rows = with_refusals(with_last_request(IdentityProvider.objects.all()))
    return list(rows.order_by(place, "name_key")[:PROVIDERS])


@dataclass(frozen=True, slots=True)
class Step:
    """One of the three steps to a connected identity provider."""

    title: str
    text: str
    button: str
    url: str
    is_done: bool
    is_next: bool


STEPS = (
    (
        "Add your identity provider",
        "Okta, Microsoft Entra ID, or any other that speaks SCIM 2.0.",
        "Add identity provider",
    ),
    (
        "Create a SCIM token",
        "It is what your identity provider signs in with here. It is shown once.",
        "Create SCIM token",
    ),
    (
        "Connect and test",
        "Enter the SCIM base URL and the token there, and test the connection. The first request ends this guide.",
        "Open the set-up guide",
    ),
)


def _first_steps(providers: list[Any], tokens: list[tuple[int, Any]]) -> list[Step]:
    """The steps left until the first request arrives; none after that."""
    if any(used for _, used in tokens):
        return []
    done = (bool(providers), bool(tokens), False)
    return [
        Step(*texts, url, is_done, number == done.index(False))
        for number, (texts, url, is_done) in enumerate(zip(STEPS, _step_urls(providers), done, strict=True))
    ]


def _step_urls(providers: list[Any]) -> tuple[str, str, str]:
    """The page of each step; the later two belong to the provider from the first."""
    page = "admin:identity_identityprovider_{}".format
    if not providers:
        return reverse(page("add")), "", ""
    of = (providers[0].pk,)
    return reverse(page("add")), reverse(page("create_token"), args=of), reverse(page("set_up"), args=of)


site.add_dashboard(dashboard)
