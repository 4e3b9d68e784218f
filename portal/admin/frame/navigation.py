"""The sidebar and the account menu: what this person may see, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from identity import policy
from identity.core.actors import Person
from identity.core.decisions import Action
from identity.models import Conflict

DIRECTORY, SUPPORT = Action.VIEW_DIRECTORY, Action.DELETE_PERMANENTLY


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the sidebar. `seen_by`: who may do one of these sees it."""

    title: str
    icon: str
    page: str
    seen_by: tuple[Action, ...] = (DIRECTORY,)
    badge: str = ""


SECTIONS: dict[str, tuple[Entry, ...]] = {
    "": (Entry("Dashboard", "dashboard", "admin:index", seen_by=(DIRECTORY, SUPPORT)),),
    "People": (
        Entry("Users", "person", "admin:identity_user_changelist"),
        Entry("Invitations", "mail", "admin:identity_invitation_changelist"),
        Entry("Disabled users", "person_off", "admin:disabled_users", seen_by=(SUPPORT,)),
    ),
    "Groups": (
        Entry("Groups", "group", "admin:identity_group_changelist"),
        Entry("SSO groups", "groups", "admin:identity_ssogroup_changelist"),
        Entry("Mappings", "conversion_path", "admin:identity_groupmapping_changelist"),
    ),
    "Provisioning": (
        Entry("Identity providers", "hub", "admin:identity_identityprovider_changelist"),
        Entry(
            "Conflicts",
            "merge_type",
            "admin:identity_conflict_changelist",
            badge="portal.admin.frame.navigation.open_conflicts",
        ),
        Entry("SSO users", "badge", "admin:identity_ssouser_changelist"),
        Entry("SCIM tokens", "key", "admin:identity_scimtoken_changelist"),
        Entry("Provisioning log", "sync_alt", "admin:identity_provisioninglog_changelist"),
    ),
    "Records": (
        Entry("Audit log", "history", "admin:identity_auditevent_changelist"),
        Entry("Bulk actions", "checklist", "admin:identity_bulkrun_changelist"),
        Entry("Deletions", "delete_history", "admin:identity_deletionrecord_changelist", seen_by=(DIRECTORY, SUPPORT)),
        Entry("Assets", "inventory_2", "admin:identity_asset_changelist"),
    ),
    "Settings": (
        Entry("Access settings", "tune", "admin:identity_accesssettings_changelist"),
        Entry("API tokens", "vpn_key", "admin:identity_apitoken_changelist"),
        Entry("Break-glass accounts", "emergency", "admin:break_glass"),
    ),
}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Unfold's navigation, by role."""
    if not request.user.is_authenticated:
        return []
    actor = Person(request.user)
    may = {action for action in (DIRECTORY, SUPPORT) if actor.role in policy.ROLES[action]}
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
            item |= {"badge": entry.badge, "badge_variant": "warning"}
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


def open_conflicts(request: HttpRequest) -> int | None:
    """The badge: nothing when nothing waits."""
    return Conflict.objects.open().count() or None


def account_links(request: HttpRequest) -> list[dict[str, str]]:
    """The menu under the own name."""
    links = [{"title": "Your profile", "link": reverse("profile")}]
    if request.user.is_authenticated and request.user.has_usable_password():
        links.append({"title": "Change password", "link": reverse("password_change")})
    return links
