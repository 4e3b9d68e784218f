"""What each query answers about one of two identity providers that are alike, or about one of their people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.db.models import QuerySet

from identity.models import AuditEvent, Conflict, GroupMapping, IdentityProvider, Invitation, Membership
from identity.models.invitations import InvitationQuerySet
from identity.models.runs import Run, Skipped
from identity.queries import (
    attention,
    certificates,
    completeness,
    differences,
    external_ids,
    invitation_links,
    mismatches,
    reasons,
    received,
    record,
    rhythm,
    runs,
    trail,
    why,
)
from identity.queries import turned_away as account
from tests.identity.two_idps import Side


def _invitations(mine: Side) -> InvitationQuerySet:
    return Invitation.objects.filter(user=mine.invited)


def _last_run(mine: Side) -> Run:
    return runs.runs_of(mine.idp).runs[0].run


def _mappings(mine: Side) -> QuerySet[GroupMapping]:
    return mine.sso_group.mappings.order_by("pk")


def _sizes(mine: Side) -> list[Any]:
    return list(completeness.with_sizes(_mappings(mine), most=9))


def _counts(found: list[completeness.Completeness]) -> list[tuple[object, ...]]:
    return [(str(one.mapping.group), one.pushed, one.applied, one.leaving) for one in found]


def _events(mine: Side) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(identity_provider_id=mine.idp.pk))


def _itself(mine: Side) -> QuerySet[IdentityProvider]:
    return IdentityProvider.objects.filter(pk=mine.idp.pk)


def _matters(mine: Side) -> list[attention.Matter]:
    silent = [replace(one, is_silent=True) for one in rhythm.activities(_itself(mine), scim_enabled=True)]
    return list(attention.matters(attention.count_everything(), silent, []))


def _why(mine: Side) -> list[tuple[str, ...]]:
    return [entry.joined for entry in why.trail_of(mine.user).entries if entry.joined]


def _members(mine: Side) -> list[reasons.Reason]:
    return reasons.members_with_reasons(mine.group, Membership.objects.filter(group=mine.group))


def _reasons(mine: Side) -> list[reasons.Reason]:
    return reasons.memberships_with_reasons(mine.user)


QUESTIONS: dict[str, Callable[[Side], tuple[object, object]]] = {
    "queries.attention.matters": lambda mine: (
        [one.about for one in _matters(mine) if one.code == "silence"],
        [mine.idp],
    ),
    "queries.certificates.signing_certificates": lambda mine: (
        len(certificates.signing_certificates(mine.saml)),
        len(mine.saml.certificates),
    ),
    "queries.completeness.completeness_in_list": lambda mine: (
        _counts(completeness.completeness_in_list(_sizes(mine), most=5)),
        [(str(mine.shared), None, None, None), (str(mine.group), 2, 2, 2)],
    ),
    "queries.completeness.completeness_of": lambda mine: (
        _counts(completeness.completeness_of(_mappings(mine), most=9)),
        [(str(mine.shared), 2, 2, 2), (str(mine.group), 2, 2, 2)],
    ),
    "queries.completeness.with_sizes": lambda mine: (
        [(one.pushed_size, one.members_size) for one in _sizes(mine)],
        [(2, 4), (2, 2)],
    ),
    "queries.differences.both_sides": lambda mine: (
        [(one.sent, one.kept) for one in differences.both_sides(mine.sso_user)][:2],
        [("ada", f"ada.{mine.name}"), ("ada@example.test", f"ada.{mine.name}@example.test")],
    ),
    "queries.differences.differences": lambda mine: (
        differences.differences(differences.both_sides(mine.sso_user), mine.sso_user, Conflict.objects.all())[0],
        f"Username: {mine.name} renamed this person to ada later. A username is permanent, so the portal keeps "
        f"ada.{mine.name}; {mine.name} still finds the person under its new name.",
    ),
    "queries.differences.sides_of": lambda mine: (
        [one.sent for one in differences.sides_of(mine.user).attributes][:2],
        ["ada", "ada@example.test"],
    ),
    "queries.differences.sso_groups_of": lambda mine: (
        differences.sso_groups_of(mine.sso_user),
        [mine.sso_group],
    ),
    "queries.external_ids.sharing_external_id": lambda mine: (
        list(external_ids.sharing_external_id(mine.sso_user)),
        [],
    ),
    "queries.invitation_links.link_of": lambda mine: (
        invitation_links.link_of(_invitations(mine).get()),
        invitation_links.LinkState.MAIL_FAILED,
    ),
    "queries.invitation_links.with_link": lambda mine: (
        list(invitation_links.with_link(_invitations(mine), invitation_links.LinkState.MAIL_FAILED)),
        [mine.invited.invitation],
    ),
    "queries.mismatches.what_arrived": lambda mine: (
        sorted(sent.account for sent in mismatches.what_arrived(mine.idp)),
        sorted([0, 0, mine.user.pk, mine.colleague.user_id]),
    ),
    "queries.reasons.members_with_reasons": lambda mine: (
        [[str(one.sso_group) for one in reason.sso_groups] for reason in _members(mine)],
        [[str(mine.sso_group)], [str(mine.sso_group)]],
    ),
    "queries.reasons.memberships_with_reasons": lambda mine: (
        {reason.membership.group: [one.sso_group for one in reason.sso_groups] for reason in _reasons(mine)},
        {mine.group: [mine.sso_group], mine.shared: [mine.sso_group]},
    ),
    "queries.reasons.with_adders": lambda mine: (
        {(one.user_id, one.added_in) for one in reasons.with_adders(Membership.objects.filter(group=mine.group))},
        {(mine.user.pk, None), (mine.colleague.user_id, None)},
    ),
    "queries.runs.runs_of": lambda mine: (
        {counted.run.identity_provider_id for counted in runs.runs_of(mine.idp).runs},
        {mine.idp.pk},
    ),
    "queries.runs.find_run": lambda mine: (_last_run(mine), runs.find_run(mine.idp, _last_run(mine).last_id)),
    "queries.runs.counted": lambda mine: (
        runs.counted([_last_run(mine)])[0].requests,
        _last_run(mine).entries.count(),
    ),
    "queries.runs.story_of": lambda mine: (
        {person.managed_by_id for chapter in runs.story_of(_last_run(mine)).chapters for person in chapter.people},
        {mine.idp.pk},
    ),
    "queries.runs.named": lambda mine: (
        [(skip.user, skip.group) for skip in runs.named([Skipped(mine.user.pk, mine.group.pk, "", "")])],
        [(mine.user, mine.group)],
    ),
    "queries.turned_away.accounts": lambda mine: (
        [(one.provider, one.changes) for one in account.accounts([mine.idp.pk]).values()],
        [(mine.idp, 2)],
    ),
    "queries.turned_away.account_of": lambda mine: (
        getattr(account.account_of(mine.idp), "counts", {}).get("deleted"),
        1,
    ),
    "queries.turned_away.with_moves": lambda mine: (
        [row.identity_provider for row in account.with_moves(mine.idp.turned_away.all())],
        [mine.idp] * 2,
    ),
    "queries.turned_away.moving": lambda mine: (
        list(account.moving(mine.turned_away["Engineering"], joins=False)),
        [mine.colleague.user],
    ),
    "queries.turned_away.in_words": lambda mine: (
        [account.in_words(row) for row in account.with_moves(mine.idp.turned_away.order_by("pk"))],
        ["Would be deleted", "1 would leave"],
    ),
    "queries.received.heard_from": lambda mine: (
        [one.request.identity_provider for one in received.heard_from(mine.idp)],
        [row.identity_provider for row in mine.idp.received_requests.all()],
    ),
    "queries.record.everything_sent": lambda mine: (
        record.everything_sent(mine.sso_user)[0].values[0].text,
        mine.sso_user.user_name,
    ),
    "queries.rhythm.activities": lambda mine: (
        [(one.provider, one.of_how_many) for one in rhythm.activities(_itself(mine), scim_enabled=True)],
        [(mine.idp, "2 of 12")],
    ),
    "queries.rhythm.with_last_request": lambda mine: (
        [one.last_request_at for one in rhythm.with_last_request(_itself(mine))],
        [mine.token.last_used_at],
    ),
    "queries.rhythm.with_refusals": lambda mine: (
        [(one.judged, one.refused) for one in rhythm.with_refusals(_itself(mine))],
        [(12, 2)],
    ),
    "queries.trail.actor_of": lambda mine: (
        {trail.actor_of(event, {}, {mine.idp.pk: mine.idp}) for event in _events(mine)},
        {f"{mine.name}, token test token", "manage.py test"},
    ),
    "queries.trail.tell": lambda mine: (
        {line.actor for line in trail.tell(_events(mine))},
        {f"{mine.name}, token test token", "manage.py test"},
    ),
    "queries.why.trail_of": lambda mine: (_why(mine), [(str(mine.group),), (str(mine.shared),)]),
}
