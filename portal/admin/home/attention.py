"""What waits for an administrator, in sentences, the most pressing first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils.text import capfirst

from identity.db.counting import up_to
from identity.models import Conflict, SCIMToken
from identity.queries.attention import COUNTED_TO, Counts


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
        return self.one if self.number == 1 else capfirst(f"{up_to(COUNTED_TO, self.number)} {self.many}")


def matters(counts: Counts, providers: list[Matter], tokens: list[SCIMToken]) -> Iterator[Matter]:
    """What waits, the most pressing first; what there is nothing of is left out."""
    unused = sum(token.last_used_at is None for token in tokens)
    found = (_no_break_glass(counts), _conflicts(counts), *providers, _expiring(tokens), *_the_rest(counts, unused))
    return (matter for matter in found if matter.number)


def _no_break_glass(counts: Counts) -> Matter:
    return Matter(
        int(not counts.break_glass),
        "No break-glass account",
        "",
        "If single sign-on fails, nobody can open the portal. Make one of the local owners a break-glass account.",
        f"{reverse('admin:identity_user_changelist')}?role=owner",
        "emergency",
        urgent=True,
    )


def _conflicts(counts: Counts) -> Matter:
    return Matter(
        counts.conflicts,
        "1 open conflict",
        "open conflicts",
        "People whom an identity provider sends and who collide with an account here. They are refused until decided.",
        f"{reverse('admin:identity_conflict_changelist')}?state__exact={Conflict.State.OPEN}",
        "merge_type",
        urgent=True,
    )


def _expiring(tokens: list[SCIMToken]) -> Matter:
    return Matter(
        sum(token.expires_soon for token in tokens),
        "1 SCIM token expires within two weeks, or has",
        "SCIM tokens expire within two weeks, or have",
        "What an identity provider sends with an expired one is refused. Create a new one and enter it there.",
        reverse("admin:identity_scimtoken_changelist"),
        "key_off",
        urgent=True,
    )


def _the_rest(counts: Counts, unused_tokens: int) -> Iterator[Matter]:
    yield Matter(
        counts.refusals,
        "1 request refused in the last day",
        "requests refused in the last day",
        "What an identity provider sent and did not get, with the reason.",
        f"{reverse('admin:identity_provisioninglog_changelist')}?outcome__exact=refused&since=day",
        "sync_problem",
    )
    yield Matter(
        counts.unmapped,
        "1 unmapped SSO group",
        "unmapped SSO groups",
        "Pushed or declared, and feeding no portal group yet.",
        f"{reverse('admin:identity_ssogroup_changelist')}?state=unmapped",
        "conversion_path_off",
    )
    yield Matter(
        counts.ownerless,
        "1 asset without an enabled owner",
        "assets without an enabled owner",
        "Nobody who can sign in looks after them.",
        f"{reverse('admin:identity_asset_changelist')}?owners=none",
        "inventory_2",
    )
    yield Matter(
        unused_tokens,
        "1 SCIM token never used",
        "SCIM tokens never used",
        "Either the set-up is not finished, or the token can be revoked.",
        reverse("admin:identity_scimtoken_changelist"),
        "key_off",
    )
    yield Matter(
        counts.newcomers,
        "1 person never logged in",
        "people never logged in",
        "Enabled, and not seen here yet.",
        f"{reverse('admin:identity_user_changelist')}?status=enabled&active=never",
        "person_off",
    )
