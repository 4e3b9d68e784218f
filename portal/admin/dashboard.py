"""The dashboard: who is here, what the mode allows, and what needs somebody's attention first.

Its cost hardly grows with the portal: counts come from indexes, and what could be a long way to count is
counted up to a limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince

from identity import policy
from identity.models import (
    Asset,
    AssetOwner,
    Conflict,
    IdentityProvider,
    ProviderContact,
    ProvisioningLog,
    Rhythm,
    Role,
    SCIMToken,
    SSOGroup,
    Status,
    User,
)
from identity.policy import Action
from portal.admin.base import decide, mode_of
from portal.admin.providers import pause_in_words, rhythm_of, with_activity
from portal.admin.set_up import scim_base_url

LOG_ROWS = 6
PROVIDERS = 8
COUNTED_TO = 1_000
REFUSALS_SINCE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that waits for somebody: how much of it, what it means, and where to look."""

    number: int
    one: str
    many: str
    meaning: str
    url: str
    icon: str
    urgent: bool = False

    @property
    def sentence(self) -> str:
        number = f"More than {COUNTED_TO:,}" if self.number > COUNTED_TO else f"{self.number:,}"
        return self.one if self.number == 1 else f"{number} {self.many}"


def dashboard(request: HttpRequest) -> dict[str, Any]:
    """What the template shows; each role gets its own."""
    if decide(request, Action.VIEW_DIRECTORY):
        return {"subtitle": None, **_for_administrators(request)}
    return {"subtitle": None, **_for_support()}


def _for_support() -> dict[str, Any]:
    return {"is_support": True, "disabled_count": User.objects.with_status(Status.DISABLED).count()}


def _for_administrators(request: HttpRequest) -> dict[str, Any]:
    providers = list(with_activity(IdentityProvider.objects.all())[:PROVIDERS])
    tokens = list(SCIMToken.objects.values_list("identity_provider", "last_used_at"))
    rhythms = ProviderContact.objects.rhythms()
    activities = [Activity(provider, rhythm_of(provider, rhythms)) for provider in providers]
    mode = mode_of(request)
    return {
        "counts": users_by_status(),
        "mode": mode,
        "mode_in_words": policy.describe(mode).removeprefix(f"{mode}. "),
        "matters": list(matters(activities, tokens)),
        "providers": activities,
        "log": ProvisioningLog.objects.select_related("identity_provider")[:LOG_ROWS],
        "steps": _first_steps(providers, tokens),
        "base_url": scim_base_url(),
    }


def users_by_status() -> list[dict[str, Any]]:
    """All users and those of each status, by one pass over the index of statuses."""
    counted = User.objects.order_by().values("status").annotate(number=Count("pk"))
    numbers = dict(counted.values_list("status", "number"))
    url = reverse("admin:identity_user_changelist")
    by_status = [
        {"label": status.label, "number": f"{numbers.get(status.value, 0):,}", "url": f"{url}?status={status.value}"}
        for status in (Status.ENABLED, Status.INVITED, Status.DISABLED)
    ]
    return [{"label": "Users", "number": f"{sum(numbers.values()):,}", "url": url}, *by_status]


# --- identity providers ---


@dataclass(frozen=True, slots=True)
class Activity:
    """An identity provider, when it was last heard, and how it usually calls."""

    provider: Any
    rhythm: Rhythm

    @property
    def is_silent(self) -> bool:
        """Whether it used to call and has stopped."""
        return self.rhythm.is_silent

    @property
    def heard(self) -> str:
        last = self.provider.last_request_at
        return f"{timesince(last, depth=1)} ago" if last else "Never"


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
    """What is left to do until the first request arrives; nothing from then on."""
    if any(used for _, used in tokens):
        return []
    done = (bool(providers), bool(tokens), False)
    return [
        Step(*texts, url, is_done, number == done.index(False))
        for number, (texts, url, is_done) in enumerate(zip(STEPS, _step_urls(providers), done, strict=True))
    ]


def _step_urls(providers: list[Any]) -> tuple[str, str, str]:
    """Where each step is taken; the later two belong to the provider of the first."""
    page = "admin:identity_identityprovider_{}".format
    if not providers:
        return reverse(page("add")), "", ""
    of = (providers[0].pk,)
    return reverse(page("add")), reverse(page("create_token"), args=of), reverse(page("set_up"), args=of)


# --- what needs attention ---


def matters(activities: list[Activity], tokens: list[tuple[int, Any]]) -> Iterator[Matter]:
    """What waits, the most pressing first; what there is nothing of is left out."""
    found = (
        _break_glass(),
        _conflicts(),
        *_silent(activities),
        _refusals(),
        _unmapped_groups(),
        _ownerless_assets(),
        _unused_tokens(tokens),
        _newcomers(),
    )
    return (matter for matter in found if matter.number)


def _break_glass() -> Matter:
    privileged = User.objects.exclude(role=Role.MEMBER)  # has an index of its own, which the rest then needs not
    missing = not privileged.enabled_owners().break_glass().exists()
    return Matter(
        int(missing),
        "No break-glass account",
        "",
        "If single sign-on fails, nobody can open the portal. Make one of the local owners a break-glass account.",
        f"{reverse('admin:identity_user_changelist')}?role=owner",
        "emergency",
        urgent=True,
    )


def _conflicts() -> Matter:
    return Matter(
        Conflict.objects.open().count(),
        "1 open conflict",
        "open conflicts",
        "People whom an identity provider sends and who collide with an account here. They are refused until decided.",
        f"{reverse('admin:identity_conflict_changelist')}?state__exact={Conflict.State.OPEN}",
        "merge_type",
        urgent=True,
    )


def _silent(activities: list[Activity]) -> Iterator[Matter]:
    for activity in activities:
        if activity.is_silent:
            yield Matter(
                1,
                f"{activity.provider} is silent",
                "",
                f"Its last request came {activity.heard}. {pause_in_words(activity.rhythm)} Check that it still runs.",
                reverse("admin:identity_identityprovider_change", args=(activity.provider.pk,)),
                "notifications_paused",
                urgent=True,
            )


def _refusals() -> Matter:
    """Among the latest refusals: the log has an index by outcome, none by time."""
    refused = ProvisioningLog.objects.filter(outcome=ProvisioningLog.Outcome.REFUSED).order_by("-pk")
    since = timezone.now() - REFUSALS_SINCE
    return Matter(
        sum(at >= since for at in refused.values_list("at", flat=True)[: COUNTED_TO + 1]),
        "1 request refused in the last day",
        "requests refused in the last day",
        "What an identity provider sent and did not get, with the reason.",
        f"{reverse('admin:identity_provisioninglog_changelist')}?outcome__exact=refused&since=day",
        "sync_problem",
    )


def _unmapped_groups() -> Matter:
    return Matter(
        _up_to_limit(SSOGroup.objects.unmapped()),
        "1 unmapped SSO group",
        "unmapped SSO groups",
        "Pushed or declared, and feeding no portal group yet.",
        f"{reverse('admin:identity_ssogroup_changelist')}?state=unmapped",
        "conversion_path_off",
    )


def _ownerless_assets() -> Matter:
    owned = AssetOwner.objects.filter(asset=OuterRef("pk"), user__status=Status.ENABLED)
    return Matter(
        _up_to_limit(Asset.objects.filter(~Exists(owned))),
        "1 asset without an enabled owner",
        "assets without an enabled owner",
        "Nobody who can sign in looks after them.",
        f"{reverse('admin:identity_asset_changelist')}?owners=none",
        "inventory_2",
    )


def _unused_tokens(tokens: list[tuple[int, Any]]) -> Matter:
    return Matter(
        sum(used is None for _, used in tokens),
        "1 SCIM token never used",
        "SCIM tokens never used",
        "Either the set-up is not finished, or the token can be revoked.",
        reverse("admin:identity_scimtoken_changelist"),
        "key_off",
    )


def _newcomers() -> Matter:
    return Matter(
        _up_to_limit(User.objects.with_status(Status.ENABLED).filter(last_active=None)),
        "1 person never logged in",
        "people never logged in",
        "Enabled, and not seen here yet.",
        f"{reverse('admin:identity_user_changelist')}?status=enabled&active=never",
        "person_off",
    )


def _up_to_limit(rows: QuerySet[Any]) -> int:
    return rows.order_by()[: COUNTED_TO + 1].count()
