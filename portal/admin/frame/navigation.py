"""The sidebar and the account menu, limited to what the user may see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property

from identity import policy
from identity.core.actors import Person
from identity.core.decisions import Action
from identity.models import Conflict


class OpenConflicts:
    """A badge: counted where the sidebar is drawn, and false when there are none."""

    @cached_property
    def number(self) -> int:
        return Conflict.objects.open().count()

    def __bool__(self) -> bool:
        return bool(self.number)

    def __str__(self) -> str:
        return str(self.number)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the sidebar. `seen_by`: shown to anyone who may see one of these areas."""

    title: str
    icon: str
    page: str
    seen_by: tuple[Action, ...]
    badge: type[OpenConflicts] | None = None


SECTIONS: dict[str, tuple[Entry, ...]] = {
    "": (
        Entry(
            "Dashboard",
            "dashboard",
            "admin:index",
            (
                Action.VIEW_DIRECTORY,
                Action.VIEW_DISABLED_USERS,
            ),
        ),
    ),
    "People": (
        Entry("Users", "person", "admin:identity_user_changelist", (Action.VIEW_DIRECTORY,)),
        Entry("Invitations", "mail", "admin:identity_invitation_changelist", (Action.VIEW_DIRECTORY,)),
        Entry("Disabled users", "person_off", "admin:disabled_users", (Action.VIEW_DISABLED_USERS,)),
    ),
    "Groups": (
        Entry("Groups", "group", "admin:identity_group_changelist", (Action.VIEW_GROUPS,)),
        Entry("SSO groups", "groups", "admin:identity_ssogroup_changelist", (Action.VIEW_GROUPS,)),
        Entry("Mappings", "conversion_path", "admin:identity_groupmapping_changelist", (Action.VIEW_GROUPS,)),
    ),
    "Provisioning": (
        Entry("Identity providers", "hub", "admin:identity_identityprovider_changelist", (Action.VIEW_PROVIDERS,)),
        Entry(
            "Conflicts",
            "merge_type",
            "admin:identity_conflict_changelist",
            (Action.VIEW_CONFLICTS,),
            badge=OpenConflicts,
        ),
        Entry("SSO users", "badge", "admin:identity_ssouser_changelist", (Action.VIEW_PROVIDERS,)),
        Entry("SCIM tokens", "key", "admin:identity_scimtoken_changelist", (Action.VIEW_PROVIDERS,)),
        Entry("SCIM trusts", "verified_user", "admin:identity_scimtrust_changelist", (Action.VIEW_PROVIDERS,)),
        Entry("Turned away", "block", "admin:identity_turnedaway_changelist", (Action.VIEW_PROVIDERS,)),
        Entry("Provisioning log", "sync_alt", "admin:identity_provisioninglog_changelist", (Action.VIEW_LOGS,)),
    ),
    "Records": (
        Entry("Audit log", "history", "admin:identity_auditevent_changelist", (Action.VIEW_LOGS,)),
        Entry("Bulk actions", "checklist", "admin:identity_bulkrun_changelist", (Action.VIEW_BULK_RUNS,)),
        Entry("Alarms", "notifications", "admin:identity_alarm_changelist", (Action.VIEW_ACCESS,)),
        Entry("Scheduled jobs", "schedule", "admin:identity_scheduledjob_changelist", (Action.VIEW_LOGS,)),
        Entry("Deletions", "delete_history", "admin:identity_deletionrecord_changelist", (Action.VIEW_DELETIONS,)),
        Entry("Assets", "inventory_2", "admin:identity_asset_changelist", (Action.VIEW_ASSETS,)),
    ),
    "Settings": (
        Entry("Access settings", "tune", "admin:identity_accesssettings_changelist", (Action.VIEW_ACCESS,)),
        Entry(
            "Notification rules",
            "notifications_active",
            "admin:identity_notificationrule_changelist",
            (Action.VIEW_ACCESS,),
        ),
        Entry("Webhooks", "webhook", "admin:identity_webhook_changelist", (Action.VIEW_ACCESS,)),
        Entry("API tokens", "vpn_key", "admin:identity_apitoken_changelist", (Action.VIEW_API_TOKENS,)),
        Entry("Break-glass accounts", "emergency", "admin:break_glass", (Action.VIEW_DIRECTORY,)),
    ),
}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Unfold's navigation, by role."""
    if not request.user.is_authenticated:
        return []
    actor = Person(request.user)
    may = {action for entries in SECTIONS.values() for entry in entries for action in entry.seen_by}
    may = {action for action in may if policy.by_role(action, actor)}
    sections = [
        {"title": title, "separator": bool(title), "items": list(_items(request, entries, may))}
        for title, entries in SECTIONS.items()
    ]
    return [section for section in sections if section["items"]]


def _items(request: HttpRequest, entries: tuple[Entry, ...], may: set[Action]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        address = _address(entry)
        if may.isdisjoint(entry.seen_by) or not address:
            continue
        item: dict[str, Any] = {"title": entry.title, "icon": entry.icon, "link": address}
        item["active"] = _is_active(request, entry, address)
        if entry.badge:
            item |= {"badge": entry.badge(), "badge_variant": "warning"}
        yield item


def _address(entry: Entry) -> str:
    try:
        return reverse(entry.page)
    except NoReverseMatch:
        return ""


def _is_active(request: HttpRequest, entry: Entry, address: str) -> bool:
    """The page or one below it."""
    if entry.page == "admin:index":
        return request.path == address
    return request.path.startswith(address)


def account_links(request: HttpRequest) -> list[dict[str, str]]:
    """The menu under the user's name."""
    links = [{"title": "Your profile", "link": reverse("profile")}]
    if request.user.is_authenticated and request.user.has_usable_password():
        links.append({"title": "Change password", "link": reverse("password_change")})
    return links
