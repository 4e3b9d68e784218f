"""What tests start from, made through the services wherever one makes it."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from identity.core.actors import Operator, Person, Provisioner
from identity.core.alarm_kinds import AlarmFound, AlarmKind
from identity.core.errors import Conflicted
from identity.core.keys import email_key, fold, name_key
from identity.models import (
    AccessSettings,
    Alarm,
    Asset,
    AuditEvent,
    Conflict,
    Group,
    GroupMapping,
    IdentityProvider,
    NotificationRule,
    Role,
    Scope,
    SSOConnection,
    SSOGroup,
    SSOIdentity,
    SSOUser,
    Status,
    User,
    Webhook,
    WebhookDelivery,
)
from identity.services import (
    alarms,
    api_tokens,
    assets,
    groups,
    identity_providers,
    mappings,
    modes,
    notification_rules,
    scim_tokens,
    sso_connections,
    webhooks,
)
from identity.services.notification_rules import RuleSaid
from identity.services.provisioning import groups as sso_groups
from identity.services.provisioning import people
from identity.services.provisioning.statements import GroupRecord, PersonRecord, StatedMembers
from identity.services.sso_connections import ConnectionSettings
from tests.rows import Row, rows_of

PASSWORD = "correct horse battery staple"
OPERATOR = Operator("test")
ISSUER = "https://okta.example"


def make_user(
    username: str = "mia",
    *,
    email: str | None = "",
    role: Role = Role.MEMBER,
    status: Status = Status.ENABLED,
    password: str | None = None,
    **columns: Any,
) -> User:
    """A local user, as no service makes one at once; the email follows the username unless it is given."""
    email = f"{username}@example.test" if email == "" else email
    return User.objects.create(
        username=username,
        username_key=name_key(username, "username"),
        email=email,
        email_key=email_key(email),
        role=role,
        status=status,
        password=make_password(password),
        **columns,
    )


def make_administrator(username: str = "adam", **columns: Any) -> User:
    return make_user(username, role=Role.ADMINISTRATOR, **columns)


def make_owner(username: str = "olga", **columns: Any) -> User:
    return make_user(username, role=Role.OWNER, **columns)


def make_support(username: str = "sue", **columns: Any) -> User:
    return make_user(username, role=Role.SUPPORT, **columns)


def make_break_glass(username: str = "glass", *, proven: bool = True) -> User:
    """One that has signed in with its second step already (R22), unless it has not been `proven`."""
    at = timezone.now() if proven else None
    columns = {"is_break_glass": True, "last_active": at, "last_proven": at}
    return make_user(username, role=Role.OWNER, password=PASSWORD, **columns)


def administrator() -> Person:
    """An administrator who acts."""
    return Person(User.objects.filter(username_key="adam").first() or make_administrator())


def owner() -> Person:
    return Person(User.objects.filter(username_key="olga").first() or make_owner())


def support() -> Person:
    return Person(User.objects.filter(username_key="sue").first() or make_support())


def make_idp(name: str = "Okta", **settings: Any) -> IdentityProvider:
    return identity_providers.create_identity_provider(name=name, actor=OPERATOR, **settings)


def make_token(idp: IdentityProvider, label: str = "test") -> str:
    """The secret of a new SCIM token."""
    return scim_tokens.create_token(idp, label=label, actor=OPERATOR)[1]


def make_api_token(user: User, *scopes: str) -> str:
    """The secret of a new token of this person, with all scopes unless some are named."""
    return api_tokens.create_api_token(label="test", scopes=scopes or tuple(Scope.values), actor=Person(user))[1]


def use_token(secret: str) -> None:
    """A request of the identity provider came with it."""
    bearer = scim_tokens.find_bearer(secret)
    assert bearer is not None
    scim_tokens.note_use(bearer, address="192.0.2.1")


def idp_actor(idp: IdentityProvider) -> Provisioner:
    """The identity provider, calling."""
    return Provisioner(
        identity_provider_id=idp.pk,
        token_id=1,
        token_label="test token",
        asks_before_adopting=idp.asks_before_adopting,
        identifies_by_external_id=idp.identifies_by_external_id,
        refuses_nested_groups=idp.refuses_nested_groups,
        method="POST",
    )


def person(user_name: str = "ada", email: str | None = "", **said: Any) -> PersonRecord:
    """What an IdP says of somebody; the email follows the userName unless it is given."""
    email = f"{user_name}@example.test" if email == "" else email
    attributes = {"userName": user_name, "emails": [{"value": email}] if email else []}
    return PersonRecord(
        user_name=user_name,
        email=email,
        attributes=attributes,
        keys={"userName": fold(user_name)},
        values=[("emails", {"value": fold(email)})] if email else [],
        **said,
    )


def provision(idp: IdentityProvider, user_name: str = "ada", email: str | None = "", **said: Any) -> SSOUser:
    """POST somebody."""
    return people.provision_user(person(user_name, email, **said), actor=idp_actor(idp))


def resend(sso_user: SSOUser, user_name: str = "ada", email: str | None = "", **said: Any) -> SSOUser:
    """PUT the whole record of somebody."""
    record = person(user_name, email, **said)
    actor = idp_actor(sso_user.identity_provider)
    return people.update_user(sso_user.scim_id, lambda row: record, actor=actor)


def deprovision(sso_user: SSOUser) -> None:
    """DELETE somebody."""
    people.deprovision_user(sso_user.scim_id, actor=idp_actor(sso_user.identity_provider))


def push_group(idp: IdentityProvider, name: str = "Engineering", *members: SSOUser) -> SSOGroup:
    """POST a group with these members."""
    return sso_groups.push_group(GroupRecord(name, members=exactly(*members)), actor=idp_actor(idp))


def change_members(sso_group: SSOGroup, members: StatedMembers) -> SSOGroup:
    """PATCH a group's members."""
    actor = idp_actor(sso_group.identity_provider)
    return sso_groups.update_group(
        sso_group.scim_id,
        lambda row: GroupRecord(row.display_name, row.external_id, members),
        actor=actor,
    )


def rename_sso_group(sso_group: SSOGroup, name: str) -> SSOGroup:
    actor = idp_actor(sso_group.identity_provider)
    return sso_groups.update_group(sso_group.scim_id, lambda row: GroupRecord(name, row.external_id), actor=actor)


def delete_sso_group(sso_group: SSOGroup) -> None:
    sso_groups.delete_sso_group(sso_group.scim_id, actor=idp_actor(sso_group.identity_provider))


def exactly(*members: SSOUser) -> StatedMembers:
    return StatedMembers.exactly(frozenset(member.scim_id for member in members))


def adding(*members: SSOUser) -> StatedMembers:
    return StatedMembers().adding(frozenset(member.scim_id for member in members))


def removing(*members: SSOUser) -> StatedMembers:
    return StatedMembers().removing(frozenset(member.scim_id for member in members))


def make_group(name: str = "Builders", *members: User) -> Group:
    group = groups.create_group(name=name, actor=OPERATOR)
    groups.add_members(group, members, actor=OPERATOR)
    return group


def map_group(sso_group: SSOGroup, group: Group) -> GroupMapping:
    """Map as an administrator does: preview, then apply."""
    seen = mappings.preview_mapping(sso_group, group).fingerprint
    return mappings.apply_mapping(sso_group, group, fingerprint=seen, actor=OPERATOR)


def unmap(mapping: GroupMapping) -> None:
    seen = mappings.preview_unmapping(mapping).fingerprint
    mappings.delete_mapping(mapping, fingerprint=seen, actor=OPERATOR)


def make_alarm(label: str = "Okta") -> Alarm:
    return alarms.raise_alarm(AlarmFound(AlarmKind.SILENT, f"provider:{label}", label), actor=OPERATOR)


def make_rule(label: str = "On call", **said: Any) -> NotificationRule:
    wanted = RuleSaid(**{"label": label, "addresses": ["oncall@example.test"], **said})
    return notification_rules.create_rule(wanted, actor=OPERATOR)


def make_webhook(label: str = "SIEM", url: str = "https://siem.example.com/events", *events: str) -> Webhook:
    return webhooks.create_webhook(label=label, url=url, events=events, actor=OPERATOR)[0]


def make_delivery(webhook: Webhook | None = None) -> WebhookDelivery:
    """Of the newest event, still to be sent."""
    webhook = webhook or make_webhook()
    event = AuditEvent.objects.latest("pk")
    planned = {"event_id": event.pk, "uid": str(event.pk), "kind": event.action}
    return WebhookDelivery.objects.create(webhook=webhook, **planned)


def make_asset(owner: User, name: str = "Wiki") -> Asset:
    """Whoever is disabled by now was given it before."""
    row = User.objects.filter(pk=owner.pk)
    row.update(status=Status.ENABLED)
    asset = assets.create_asset(name=name, owner=owner, actor=OPERATOR)
    row.update(status=owner.status)
    return asset


def set_mode(*, scim: bool = True, sso: bool = False, follow_idp: bool = False) -> None:
    """Flip the two flags as an operator may, without proof; to follow or to keep is said where SCIM is switched on."""
    starts = scim and not AccessSettings.objects.mode().scim_enabled
    choice = follow_idp if starts else None
    modes.set_mode(scim_enabled=scim, sso_enforced=sso, follow_idp=choice, force=True, actor=OPERATOR)


def connect(
    idp: IdentityProvider | str = "Okta", protocol: str = "oidc", *, enabled: bool = True, **said: Any
) -> SSOConnection:
    """An SSO connection as an administrator sets one up; a provider that is only named is made."""
    idp = make_idp(idp) if isinstance(idp, str) else idp
    if protocol == "oidc":
        said = {"issuer": ISSUER, "client_id": "gatehouse", "client_secret": "s", **said}
    made = sso_connections.create_connection(idp, protocol=protocol, said=ConnectionSettings(**said), actor=OPERATOR)
    return sso_connections.set_connection_enabled(made, enabled, actor=OPERATOR)


def sign_in_by_sso(user: User, idp: IdentityProvider, subject: str = "subject-1") -> SSOIdentity:
    """Leave what a successful SSO login leaves, through a connection that is on."""
    if not idp.sso_connections.exists():
        connect(idp)
    return SSOIdentity.objects.create(identity_provider=idp, subject=subject, user=user, last_login_at=user.created_at)


def owners_of(asset: Asset) -> set[str]:
    return set(asset.owners.values_list("username", flat=True))


def members_of(group: Group) -> set[str]:
    return set(group.members.values_list("username", flat=True))


def everything() -> dict[str, list[Row]]:
    """All rows of all tables of the portal, but for the trace that a refusal leaves: to compare before and after."""
    found = rows_of(model for model in apps.get_models() if model._meta.managed and not model._meta.proxy)
    events, origins = found["identity.AuditEvent"], found["identity.AuditOrigin"]
    refusals = {event["id"] for event in events if event["action"] == "access.refused"}
    found["identity.AuditEvent"] = [event for event in events if event["id"] not in refusals]
    found["identity.AuditOrigin"] = [origin for origin in origins if origin["event_id"] not in refusals]
    return found


def conflict_over(idp: IdentityProvider, *said: Any, **more: Any) -> Conflict:
    """Provision, be refused, and hand back the conflict that is left."""
    with pytest.raises(Conflicted):
        provision(idp, *said, **more)
    return Conflict.objects.latest("last_seen_at", "id")
