"""The portal's data: who can sign in to administer it, whether IdPs call, leftovers, and drift."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from django.db.models import QuerySet
from django.utils import timezone

from identity import policy
from identity.models import (
    Asset,
    Conflict,
    Group,
    IdentityProvider,
    Invitation,
    ScheduledJob,
    SCIMToken,
    SSOGroup,
    Status,
    User,
)
from identity.models.identity_providers import EXPIRES_SOON
from identity.models.sso import told_otherwise
from identity.queries.drift import drifts
from identity.queries.rhythm import Activity, activities
from identity.services import background
from identity.services.resealing import HOLDERS, Count, count
from portal.doctor.findings import Finding, counted

NOBODY_DOES_IT = (
    "They are not being done: start the portal (`make serve`), with TASKS=database a worker (`make worker`); with "
    "SCHEDULE=false the server leaves them to workers."
)
NAMED = 8
LATER = "When SCIM is switched on, choose: `manage.py set_mode --scim on --follow-idp`, or `--keep`."


def examine() -> Iterator[Finding]:
    yield Finding("mode", f"{policy.current_mode()}.")
    yield owners()
    yield break_glass()
    yield from providers()
    yield expiring_tokens()
    yield conflicts()
    yield from background_work()
    yield from scheduled_work()
    yield from left_over()
    yield from secrets()
    yield from drift()
    yield unmapped()


# --- who can administer the portal ---


def owners() -> Finding:
    number = User.objects.enabled_owners().count()
    return Finding("owners", f"{number} enabled owners.", "" if number else "Create one: `manage.py create_owner`.")


def break_glass() -> Finding:
    number = User.objects.enabled_break_glass().count()
    return Finding(
        "break_glass",
        f"{number} break-glass accounts that open the portal when single sign-on fails.",
        "" if number else "Create one: `manage.py create_owner`.",
    )


# --- identity providers ---


def providers() -> Iterator[Finding]:
    is_on = policy.current_mode().scim_enabled
    yield from map(silence, activities(IdentityProvider.objects.all(), scim_enabled=is_on))


def silence(activity: Activity) -> Finding:
    """R21's other half: what no longer arrives can't be followed."""
    provider, heard = activity.provider, activity.last_heard
    if heard is None:
        return Finding(
            "silence",
            f"{provider} has never sent anything.",
            f"Give it a token (`manage.py create_scim_token --idp '{provider}'`) and test the connection there.",
        )
    sentence = f"{provider} was last heard of at {heard:%Y-%m-%d %H:%M} UTC."
    if activity.is_silent:
        return Finding("silence", sentence, "It used to call more often: look at its own provisioning log.")
    return Finding("silence", sentence)


def expiring_tokens() -> Finding:
    number = SCIMToken.objects.made().filter(expires_at__lt=timezone.now() + EXPIRES_SOON).count()
    return counted(
        "tokens",
        number,
        f"SCIM tokens have expired or will within {EXPIRES_SOON.days} days.",
        "Make new ones (`manage.py create_scim_token`), enter them at the identity provider, revoke the old ones.",
        one=f"SCIM token has expired or will within {EXPIRES_SOON.days} days.",
    )


def conflicts() -> Finding:
    number = Conflict.objects.open().count()
    return counted(
        "conflicts",
        number,
        "conflicts wait for an administrator.",
        "See `manage.py list_conflicts`.",
        one="conflict waits for an administrator.",
    )


def unmapped() -> Finding:
    return Finding(
        "unmapped", f"{SSOGroup.objects.unmapped().count()} of {SSOGroup.objects.count()} SSO groups are not mapped."
    )


# --- background work ---


def background_work() -> Iterator[Finding]:
    queue = background.queue()
    is_stuck = background.is_stuck()
    yield Finding(
        "queue",
        f"{queue.waiting} tasks wait and {queue.running} are being done.",
        "They are not being done: start a worker with `make worker`." if is_stuck else "",
    )
    yield counted(
        "failed_tasks",
        queue.failed,
        "tasks have failed, mails that could not be sent.",
        "See whether EMAIL_URL is right; a worker tries again for half a day. Then send them anew, as with "
        "`manage.py resend_invitation`.",
        one="task has failed, a mail that could not be sent.",
    )


# --- scheduled work ---


def scheduled_work() -> Iterator[Finding]:
    """Jobs that failed, are overdue, or never ran."""
    failing = ScheduledJob.objects.failing().select_related("last_run")
    told = "; ".join(f"{row.name}: {row.last_run.error.rstrip('.')}" for row in failing if row.last_run)
    told = f" ({told})" if told else ""
    yield counted(
        "failed_jobs",
        len(failing),
        f"scheduled jobs have failed{told}.",
        "They are tried again by themselves. See `manage.py list_scheduled_jobs`, and the server's log.",
        one=f"scheduled job has failed{told}.",
    )
    has_begun = ScheduledJob.objects.exists()
    overdue = ScheduledJob.objects.overdue().count()
    yield Finding(
        "schedule",
        f"{overdue} scheduled jobs are overdue." if has_begun else "No scheduled job has ever run.",
        "" if has_begun and not overdue else NOBODY_DOES_IT,
    )


# --- leftovers ---


def left_over() -> Iterator[Finding]:
    """What no rule of the portal leaves behind, and what is still waiting for someone."""
    yield counted(
        "expired_invitations",
        User.objects.with_status(Status.INVITED).exclude(pk__in=Invitation.objects.pending().values("user")).count(),
        "invited users have no link that still works.",
        "Send it again (`manage.py resend_invitation`) or give it up (`manage.py revoke_invitation`).",
        one="invited user has no link that still works.",
    )
    yield counted(
        "nobodys_users",
        User.objects.with_status(Status.ENABLED).filter(managed_by__isnull=False, sso_user=None).count(),
        "enabled users are managed by an identity provider that has no record of them: it can't end their access.",
        "Assign them there again; or disable them while SCIM is off (`manage.py set_mode --scim off`).",
        one="enabled user is managed by an identity provider that has no record of them: it can't end their access.",
    )
    yield counted(
        "nobodys_assets",
        Asset.objects.filter(ownerships=None).count(),
        "assets have no owner.",
        "Give them one: `manage.py transfer_asset NAME --to USERNAME`.",
        one="asset has no owner.",
    )


# --- what is encrypted ---


def secrets() -> Iterator[Finding]:
    """Whether SECRET_KEY_FALLBACKS may be removed, and what no key decrypts."""
    counts = [count(holder) for holder in HOLDERS]
    yield counted(
        "secrets_under_an_earlier_key",
        sum(one.old for one in counts),
        f"secrets are sealed with one of SECRET_KEY_FALLBACKS{_which(counts, 'old')}.",
        "Seal them with the key of now: `manage.py reseal_secrets`. Then that earlier key can go.",
        one=f"secret is sealed with one of SECRET_KEY_FALLBACKS{_which(counts, 'old')}.",
    )
    yield counted(
        "secrets_unreadable",
        sum(one.lost for one in counts),
        f"secrets can't be read with any key{_which(counts, 'lost')}.",
        "Add the key that they were sealed with to SECRET_KEY_FALLBACKS. If it is lost: enter client secrets again "
        "(`manage.py edit_sso_connection`), reset second steps (`manage.py reset_second_factor`).",
        one=f"secret can't be read with any key{_which(counts, 'lost')}.",
    )


def _which(counts: list[Count], column: str) -> str:
    found = ", ".join(f"{getattr(one, column)} {one.name}" for one in counts if getattr(one, column))
    return f" ({found})" if found else ""


# --- drift between the two sides ---


def drift() -> Iterator[Finding]:
    """R15, R21 and R28: status and membership that differ from what the identity provider last sent."""
    is_on = policy.current_mode().scim_enabled
    people = told_otherwise(Status.ENABLED) | told_otherwise(Status.DISABLED)
    number, first = people.count(), people.order_by("username_key").values_list("username", flat=True)[:NAMED]
    who = _listed([*first, *(["…"] if number > NAMED else [])])
    yield counted(
        "drift_status",
        number,
        f"users have another status than their identity provider said last{who}.",
        _reconciled(_providers_of(people)) if is_on else LATER,
        one=f"user has another status than their identity provider said last{who}.",
    )
    found = [drift.group for drift in drifts()]
    names = _listed([str(group) for group in found])
    yield counted(
        "drift_groups",
        len(found),
        f"mapped groups have other members than their SSO groups{names}.",
        _reconciled(_providers_feeding(found)) if is_on else LATER,
        one=f"mapped group has other members than its SSO groups{names}.",
    )


def _providers_of(people: QuerySet[User]) -> QuerySet[IdentityProvider]:
    return IdentityProvider.objects.filter(sso_users__user__in=people.values("pk")).distinct()


def _providers_feeding(groups: list[Group]) -> QuerySet[IdentityProvider]:
    return IdentityProvider.objects.filter(sso_groups__mappings__group__in=groups).distinct()


def _reconciled(providers: QuerySet[IdentityProvider]) -> str:
    """What shows the differences, and applies them."""
    commands = ", ".join(f"`manage.py reconcile --idp {shlex.quote(provider.name)}`" for provider in providers)
    return f"See what would change: {commands}; --yes applies it. Or it goes when they are sent again."


def _listed(names: list[str]) -> str:
    return f": {', '.join(names)}" if names else ""
