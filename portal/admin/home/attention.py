"""What needs an administrator's attention, with links to the pages that show it."""

from __future__ import annotations

from django.urls import reverse

from identity.models import Conflict, TurnedAway
from identity.queries.attention import Matter

# By the matter's code: its icon, the page, and the rows to show there.
_PLACES: dict[str, tuple[str, str, str]] = {
    "no_break_glass": ("emergency", "user_changelist", "role=owner"),
    "braked": ("front_hand", "identityprovider_changelist", ""),
    "turned_away": ("block", "turnedaway_changelist", f"state__exact={TurnedAway.State.OPEN}"),
    "unheard": ("schedule_send", "turnedaway_changelist", f"state__exact={TurnedAway.State.AWAITED}"),
    "paused": ("pause_circle", "identityprovider_changelist", ""),
    "conflicts": ("merge_type", "conflict_changelist", f"state__exact={Conflict.State.OPEN}"),
    "certificate": ("badge", "ssoconnection_change", ""),
    "silence": ("notifications_paused", "identityprovider_change", ""),
    "expiring_tokens": ("key_off", "scimtoken_changelist", ""),
    "failed_jobs": ("schedule", "scheduledjob_changelist", ""),
    "overdue_jobs": ("schedule", "scheduledjob_changelist", ""),
    "refusals": ("sync_problem", "provisioninglog_changelist", "outcome__exact=refused&since=day"),
    "unmapped": ("conversion_path_off", "ssogroup_changelist", "state=unmapped"),
    "ownerless": ("inventory_2", "asset_changelist", "owners=none"),
    "unused_tokens": ("key_off", "scimtoken_changelist", ""),
    "newcomers": ("person_off", "user_changelist", "status=enabled&active=never"),
}


def placed(matter: Matter) -> dict[str, object]:
    """The matter as the dashboard shows it."""
    icon, page, query = _PLACES[matter.code]
    url = reverse(f"admin:identity_{page}", args=(matter.about.pk,) if matter.about else ())
    return {
        "sentence": matter.sentence,
        "meaning": matter.meaning,
        "urgent": matter.urgent,
        "icon": icon,
        "url": f"{url}?{query}" if query else url,
    }
