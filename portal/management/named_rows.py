"""Finding the rows that a command's arguments name. Each raises NotFound with a sentence that includes the name."""

from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from identity.core.errors import InvalidValue, NotFound
from identity.core.keys import sought
from identity.models import (
    APIToken,
    Asset,
    AuditEvent,
    BulkRun,
    Conflict,
    Group,
    GroupMapping,
    IdentityProvider,
    NotificationRule,
    SCIMToken,
    SCIMTrust,
    SSOConnection,
    SSOGroup,
    SSOUser,
    TurnedAway,
    User,
    Webhook,
    WebhookDelivery,
)
from identity.queries.turned_away import with_moves

M = TypeVar("M", bound=Model)


def _the(rows: QuerySet[M], sentence: str, /, **column: object) -> M:
    """The one row with this value. Raises NotFound with the sentence."""
    row = rows.filter(**column).first()
    if row is None:
        raise NotFound(sentence)
    return row


# --- by name, compared as everywhere: case does not matter ---


def find_user(username: str) -> User:
    users: QuerySet[User] = User.objects.all()
    return _the(users, f"There is no user named {username}.", username_key=sought(username))


def find_users(usernames: list[str]) -> list[User]:
    return [find_user(username) for username in usernames]


def find_identity_provider(name: str) -> IdentityProvider:
    rows = IdentityProvider.objects.all()
    return _the(rows, f"There is no identity provider named {name}.", name_key=sought(name))


def find_group(name: str) -> Group:
    return _the(Group.objects.all(), f"There is no group named {name}.", name_key=sought(name))


def find_asset(name: str) -> Asset:
    return _the(Asset.objects.all(), f"There is no asset named {name}.", name_key=sought(name))


def find_webhook(label: str) -> Webhook:
    return _the(Webhook.objects.all(), f"There is no webhook named {label}.", label_key=sought(label))


def find_sso_group(name: str, idp: str | None = None) -> SSOGroup:
    """The SSO group with this display name or SCIM id; the IdP decides if several have one of that name.

    Raises InvalidValue if it is ambiguous.
    """
    found = list(_sso_groups(name, idp)[:2])
    if not found:
        raise NotFound(f"There is no SSO group named {name}.")
    if len(found) > 1:
        raise InvalidValue("SSO group", f"{name} exists at several identity providers: say which one with --idp")
    return found[0]


def _sso_groups(name: str, idp: str | None) -> QuerySet[SSOGroup]:
    rows = SSOGroup.objects.select_related("identity_provider")
    if idp is not None:
        rows = rows.filter(identity_provider=find_identity_provider(idp))
    return _by_id_or(rows, name, display_name_key=sought(name))


def find_sso_user(name: str, idp: str | None = None) -> SSOUser:
    """The SSO user with this userName or SCIM id; the IdP decides if several have one of that name.

    Raises InvalidValue if it is ambiguous.
    """
    rows = SSOUser.objects.select_related("identity_provider", "user")
    of = [find_identity_provider(idp)] if idp is not None else IdentityProvider.objects.all()
    found = list(_by_id_or(rows.filter(identity_provider__in=of), name, user_name_key=sought(name))[:2])
    if not found:
        raise NotFound(f"There is no SSO user named {name}.")
    if len(found) > 1:
        raise InvalidValue("SSO user", f"{name} exists at several identity providers: say which one with --idp")
    return found[0]


def _by_id_or(rows: QuerySet[M], name: str, **column: str) -> QuerySet[M]:
    try:
        return rows.filter(scim_id=UUID(name))
    except ValueError:
        return rows.filter(**column)


def find_mapping(sso_group: SSOGroup, group: Group) -> GroupMapping:
    rows = GroupMapping.objects.filter(sso_group=sso_group)
    return _the(rows, f"{sso_group} is not mapped to {group}.", group=group)


# --- by what their list shows ---


def find_scim_token(token_id: int) -> SCIMToken:
    rows = SCIMToken.objects.made().select_related("identity_provider")
    return _the(rows, f"There is no SCIM token {token_id}: list_scim_tokens shows those there are.", pk=token_id)


def find_scim_trust(trust_id: int) -> SCIMTrust:
    rows = SCIMTrust.objects.select_related("identity_provider")
    return _the(rows, f"There is no SCIM trust {trust_id}: list_scim_trusts shows those there are.", pk=trust_id)


def find_api_token(token_id: int) -> APIToken:
    rows = APIToken.objects.select_related("user")
    return _the(rows, f"There is no API token {token_id}: list_api_tokens shows those there are.", pk=token_id)


def find_conflict(conflict_id: int) -> Conflict:
    rows = Conflict.objects.select_related("identity_provider", "user")
    return _the(rows, f"There is no conflict {conflict_id}: list_conflicts shows those there are.", pk=conflict_id)


def find_turned_away(row_id: int) -> TurnedAway:
    rows = with_moves(TurnedAway.objects.all())
    return _the(rows, f"Nothing was turned away as {row_id}: list_turned_away shows what was.", pk=row_id)


def find_bulk_run(run_id: int) -> BulkRun:
    rows: QuerySet[BulkRun] = BulkRun.objects.select_related("started_by")
    return _the(rows, f"There is no bulk action {run_id}: list_bulk_runs shows those there are.", pk=run_id)


def find_delivery(delivery_id: int) -> WebhookDelivery:
    rows = WebhookDelivery.objects.select_related("webhook")
    return _the(rows, f"There is no delivery {delivery_id}: list_webhook_deliveries shows them.", pk=delivery_id)


def find_rule(rule_id: int) -> NotificationRule:
    rows = NotificationRule.objects.select_related("webhook")
    return _the(rows, f"There is no rule {rule_id}: list_notification_rules shows those there are.", pk=rule_id)


def find_event(event_id: int) -> AuditEvent:
    rows: QuerySet[AuditEvent] = AuditEvent.objects.all()
    return _the(rows, f"There is no audit event {event_id}.", pk=event_id)


def find_sso_connection(slug: str) -> SSOConnection:
    rows = SSOConnection.objects.select_related("identity_provider")
    return _the(rows, f"There is no SSO connection {slug}: list_sso_connections shows those there are.", slug=slug)
