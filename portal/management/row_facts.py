"""The facts that commands print about rows: named as in the models, so that all doors agree."""

from __future__ import annotations

from typing import Any

from django.db.models import Count

from identity.core.decisions import Mode
from identity.models import (
    Alarm,
    AlarmNotice,
    APIToken,
    Asset,
    Brake,
    BulkRow,
    BulkRun,
    Conflict,
    Group,
    GroupMapping,
    IdentityProvider,
    Invitation,
    NotificationRule,
    SCIMToken,
    SCIMTrust,
    SSOConnection,
    SSOGroup,
    SSOUser,
    User,
    Webhook,
    WebhookDelivery,
)
from identity.queries.invitation_links import link_of
from identity.queries.rhythm import Activity
from identity.queries.runs import CountedRun, RunStory, named
from identity.queries.turned_away import in_words
from identity.services.mappings import Preview
from identity.services.runs import Restoring
from portal.management.answers import Facts, name_of
from portal.oauth.addresses import addresses_of as trust_addresses
from portal.oauth.addresses import audiences
from portal.session.sessions import SignedIn
from portal.sso.addresses import addresses_of

NAMED = 100


def user_facts(user: User) -> Facts:
    return {
        "id": user.pk,
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "status": user.status,
        "role": user.role,
        "is_break_glass": user.is_break_glass,
        "managed_by": name_of(user.managed_by),
        "last_active": user.last_active,
    }


def provider_facts(provider: IdentityProvider) -> Facts:
    return {
        "id": provider.pk,
        "name": provider.name,
        "kind": provider.kind,
        "asks_before_adopting": provider.asks_before_adopting,
        "refuses_nested_groups": provider.refuses_nested_groups,
        "identifies_by_external_id": provider.identifies_by_external_id,
        "paused_at": provider.paused_at,
        "keeps_requests": provider.keeps_requests,
        "refuses_static_tokens": provider.refuses_static_tokens,
        "created_at": provider.created_at,
    }


def brake_facts(brake: Brake) -> Facts:
    return {
        "identity_provider": brake.identity_provider.name,
        "is_on": brake.is_on,
        "people": brake.people,
        "percent": brake.percent,
        "braked_at": brake.braked_at,
        "raised_to": brake.raised_to,
        "raised_until": brake.raised_until,
    }


def activity_facts(activity: Activity) -> Facts:
    return {
        "last_heard_at": activity.last_heard,
        "is_silent": activity.is_silent,
        "usual_pause": activity.usual_pause,
        "refused": activity.of_how_many,
    }


def token_facts(token: SCIMToken) -> Facts:
    return {
        "id": token.pk,
        "identity_provider": token.identity_provider.name,
        "label": token.label,
        "hint": token.hint,
        "created_at": token.created_at,
        "last_used_at": token.last_used_at,
        "last_used_from": token.last_used_from,
        "expires_at": token.expires_at,
        "networks": token.networks,
        "is_read_only": token.is_read_only,
    }


def trust_facts(trust: SCIMTrust) -> Facts:
    return {
        "id": trust.pk,
        "identity_provider": trust.identity_provider.name,
        "label": trust.label,
        "client_id": trust.client_id,
        "issuer": trust.expected_issuer,
        "subject": trust.expected_subject,
        "audiences": audiences(trust),
        "authorized_party": trust.authorized_party,
        "key_set_url": trust.key_set_url,
        "requires_id": trust.requires_id,
        "networks": trust.networks,
        "is_read_only": trust.is_read_only,
        "created_at": trust.created_at,
        "last_accepted_at": trust.last_accepted_at,
        "last_refused_at": trust.last_refused_at,
        "last_refusal": trust.refusal_in_words,
        "addresses": trust_addresses(trust),
    }


def api_token_facts(token: APIToken) -> Facts:
    return {
        "id": token.pk,
        "username": token.user.username,
        "label": token.label,
        "hint": token.hint,
        "scopes": sorted(token.scope_set),
        "created_at": token.created_at,
        "last_used_at": token.last_used_at,
        "last_used_from": token.last_used_from,
        "expires_at": token.expires_at,
    }


def alarm_facts(alarm: Alarm) -> Facts:
    states = [notice.state for notice in alarm.notices.all()]
    return {
        "id": alarm.pk,
        "kind": alarm.kind,
        "sentence": alarm.in_words(name=f"User {alarm.user_id}" if alarm.user_id else ""),
        "raised_at": alarm.raised_at,
        "resolved_at": alarm.resolved_at,
        "sent": states.count(AlarmNotice.State.SENT),
        "failed": states.count(AlarmNotice.State.FAILED),
    }


def rule_facts(rule: NotificationRule) -> Facts:
    return {
        "id": rule.pk,
        "label": rule.label,
        "kinds": rule.kinds,
        "roles": rule.roles,
        "addresses": rule.addresses,
        "webhook": name_of(rule.webhook),
        "timing": rule.timing,
        "digest_hour": rule.digest_hour,
        "quiet_from": rule.quiet_from,
        "quiet_until": rule.quiet_until,
        "is_enabled": rule.is_enabled,
    }


def webhook_facts(webhook: Webhook) -> Facts:
    """Without the secret."""
    return {
        "id": webhook.pk,
        "label": webhook.label,
        "url": webhook.url,
        "events": webhook.events,
        "state": webhook.state.value,
        "disabled_because": webhook.disabled_because,
        "failing_since": webhook.failing_since,
        "created_at": webhook.created_at,
    }


def delivery_facts(delivery: WebhookDelivery) -> Facts:
    return {
        "id": delivery.pk,
        "webhook": delivery.webhook.label,
        "kind": delivery.kind,
        "uid": delivery.uid,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "last_answer": delivery.what_happened,
        "tried_at": delivery.tried_at,
        "due_at": delivery.due_at if delivery.state == WebhookDelivery.State.WAITING else None,
    }


def connection_facts(connection: SSOConnection) -> Facts:
    """Without the secret."""
    return {
        "slug": connection.slug,
        "identity_provider": connection.identity_provider.name,
        "protocol": connection.protocol,
        "is_enabled": connection.is_enabled,
        "signs_in_at": connection.issuer or connection.sso_url,
        "sso_binding": connection.sso_binding,
        "client_authentication": connection.client_authentication,
        "subject_claim": connection.subject_claim,
        "user_name_claim": connection.user_name_claim,
        "email_claim": connection.email_claim,
        "first_name_claim": connection.first_name_claim,
        "last_name_claim": connection.last_name_claim,
        "groups_claim": connection.groups_claim,
        "creates_users": connection.creates_users,
        "addresses": addresses_of(connection),
    }


def run_facts(run: BulkRun) -> Facts:
    """With the number of its people by result."""
    numbers = dict(run.rows.order_by().values_list("outcome").annotate(number=Count("pk")))
    return {
        "id": run.pk,
        "kind": run.kind,
        "is_draft": run.is_draft,
        "started_by": name_of(run.started_by),
        "created_at": run.created_at,
        **{outcome: numbers.get(outcome, 0) for outcome in BulkRow.Outcome.values},
    }


def session_facts(session: SignedIn) -> Facts:
    return {
        "id": session.pk,
        "browser": session.browser,
        "how": session.how,
        "address": session.address,
        "since": session.since,
    }


def group_facts(group: Group) -> Facts:
    """Needs `mappings__sso_group` prefetched and `number_of_members` annotated."""
    return {
        "id": group.pk,
        "name": group.name,
        "description": group.description,
        "members": group.number_of_members,  # type: ignore[attr-defined]
        "sso_groups": [str(mapping.sso_group) for mapping in group.mappings.all()],
    }


def sso_group_facts(sso_group: SSOGroup) -> Facts:
    """Needs `mappings__group` prefetched and `number_of_members` annotated."""
    return {
        "id": sso_group.pk,
        "scim_id": sso_group.scim_id,
        "display_name": sso_group.display_name,
        "identity_provider": sso_group.identity_provider.name,
        "external_id": sso_group.external_id,
        "pushed_at": sso_group.pushed_at,
        "members": sso_group.number_of_members,  # type: ignore[attr-defined]
        "nested_groups": sso_group.number_of_nested_groups,
        "groups": [str(mapping.group) for mapping in sso_group.mappings.all()],
    }


def sso_user_facts(sso_user: SSOUser) -> Facts:
    return {
        "id": sso_user.pk,
        "scim_id": sso_user.scim_id,
        "identity_provider": sso_user.identity_provider.name,
        "user_name": sso_user.user_name,
        "external_id": sso_user.external_id,
        "active": sso_user.active,
        "username": sso_user.user.username,
        "status": sso_user.user.status,
        "modified_at": sso_user.modified_at,
    }


def mapping_facts(mapping: GroupMapping) -> Facts:
    return {
        "id": mapping.pk,
        "sso_group": mapping.sso_group.display_name,
        "identity_provider": mapping.sso_group.identity_provider.name,
        "group": mapping.group.name,
        "created_at": mapping.created_at,
    }


def preview_facts(preview: Preview) -> Facts:
    """Counts, the first names, and the fingerprint that identifies exactly these people."""
    return {
        "joins": len(preview.join_ids),
        "leaves": len(preview.leave_ids),
        "stays": preview.stays,
        "joining": first_names(preview.joins),
        "leaving": first_names(preview.leaves),
        "fingerprint": preview.fingerprint,
    }


def first_names(users: Any) -> list[str]:
    """The first usernames of a set of users."""
    return list(users.order_by("username_key").values_list("username", flat=True)[:NAMED])


def conflict_facts(conflict: Conflict) -> Facts:
    return {
        "id": conflict.pk,
        "state": conflict.state,
        "identity_provider": conflict.identity_provider.name,
        "user_name": conflict.user_name,
        "email": conflict.email,
        "user": conflict.user.username,
        "reason": conflict.reason,
        "own_username": conflict.own_username,
        "tries": conflict.tries,
        "last_seen_at": conflict.last_seen_at,
    }


def turned_away_facts(row: Any) -> Facts:
    """Of a row with its moves."""
    return {
        "id": row.pk,
        "identity_provider": row.identity_provider.name,
        "resource_type": row.resource_type,
        "name": row.name,
        "user": name_of(row.user),
        "wanted": in_words(row),
        "status_wish": row.status_wish,
        "joining": row.joining,
        "leaving": row.leaving,
        "reason": row.reason,
        "state": row.state,
        "tries": row.tries,
        "first_at": row.first_at,
        "last_at": row.last_at,
    }


def invitation_facts(invitation: Invitation, mode: Mode) -> Facts:
    return {
        "username": invitation.user.username,
        "email": invitation.email,
        "invited_by": name_of(invitation.invited_by),
        "created_at": invitation.created_at,
        "expires_at": invitation.expires_at,
        "mail_failed_at": invitation.mail_failed_at,
        "link": link_of(invitation, mode).value,
    }


def asset_facts(asset: Asset) -> Facts:
    """Needs `owners` prefetched."""
    return {
        "id": asset.pk,
        "name": asset.name,
        "kind": asset.kind,
        "link": asset.link,
        "owners": [owner.username for owner in asset.owners.all()],
    }


def provider_run_facts(counted: CountedRun) -> Facts:
    run = counted.run
    return {
        "id": run.first_id,
        "began_at": run.began_at,
        "ended_at": run.ended_at,
        "requests": counted.requests,
        **counted.counts,
    }


def story_facts(story: RunStory) -> Facts:
    return {
        **provider_run_facts(story.counted),
        "people": [
            {"what": chapter.title, "count": chapter.count, "first": [user.username for user in chapter.people]}
            for chapter in story.chapters
        ],
        "groups": [{"name": moves.name, "joined": moves.joined, "left": moves.left} for moves in story.groups],
        "lost": [{"sso_group": lost.name, "groups": lost.fed} for lost in story.lost],
        "is_whole": story.is_whole,
    }


def restoring_facts(preview: Restoring) -> Facts:
    """Counts, the first names, what is skipped and why, and the fingerprint that identifies exactly this."""
    return {
        "enabled": len(preview.enable_ids),
        "memberships": len(preview.pairs),
        "mappings": [name for name, _ in preview.mappings],
        "enabling": first_names(preview.enables),
        "joining": first_names(preview.joins),
        "skipped": [{"what": skip.what, "why": skip.reason} for skip in named(preview.skipped)],
        "has_more": preview.has_more,
        "fingerprint": preview.fingerprint,
    }
