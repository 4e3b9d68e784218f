"""How a command finds what its arguments name. Each raises NotFound with a sentence that names it too."""

from uuid import UUID

from django.db.models import QuerySet

from identity.errors import InvalidValue, NotFound
from identity.keys import fold
from identity.models import (
    APIToken,
    Asset,
    Conflict,
    Group,
    GroupMapping,
    IdentityProvider,
    SCIMToken,
    SSOConnection,
    SSOGroup,
    User,
)


def find_user(username: str) -> User:
    """The user with this username, compared as everywhere (case does not matter)."""
    user: User | None = User.objects.filter(username_key=fold(username.strip())).first()
    if user is None:
        raise NotFound(f"There is no user named {username}.")
    return user


def find_users(usernames: list[str]) -> list[User]:
    return [find_user(username) for username in usernames]


def find_identity_provider(name: str) -> IdentityProvider:
    """The IdP with this name."""
    provider = IdentityProvider.objects.filter(name_key=fold(name).strip()).first()
    if provider is None:
        raise NotFound(f"There is no identity provider named {name}.")
    return provider


def find_scim_token(token_id: int) -> SCIMToken:
    token = SCIMToken.objects.select_related("identity_provider").filter(pk=token_id).first()
    if token is None:
        raise NotFound(f"There is no SCIM token {token_id}: list_scim_tokens shows those there are.")
    return token


def find_api_token(token_id: int) -> APIToken:
    token = APIToken.objects.select_related("user").filter(pk=token_id).first()
    if token is None:
        raise NotFound(f"There is no API token {token_id}: list_api_tokens shows those there are.")
    return token


def find_group(name: str) -> Group:
    """The portal group with this name."""
    group = Group.objects.filter(name_key=fold(name).strip()).first()
    if group is None:
        raise NotFound(f"There is no group named {name}.")
    return group


def find_sso_group(name: str, idp: str | None = None) -> SSOGroup:
    """The SSO group with this display name or SCIM id, of this IdP when several have one of that name.

    Raises InvalidValue when it is not clear which one is meant.
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
    try:
        return rows.filter(scim_id=UUID(name))
    except ValueError:
        return rows.filter(display_name_key=fold(name).strip())


def find_mapping(sso_group: SSOGroup, group: Group) -> GroupMapping:
    mapping = GroupMapping.objects.filter(sso_group=sso_group, group=group).first()
    if mapping is None:
        raise NotFound(f"{sso_group} is not mapped to {group}.")
    return mapping


def find_conflict(conflict_id: int) -> Conflict:
    rows = Conflict.objects.select_related("identity_provider", "user")
    conflict = rows.filter(pk=conflict_id).first()
    if conflict is None:
        raise NotFound(f"There is no conflict {conflict_id}: list_conflicts shows those there are.")
    return conflict


def find_sso_connection(slug: str) -> SSOConnection:
    connection = SSOConnection.objects.select_related("identity_provider").filter(slug=slug).first()
    if connection is None:
        raise NotFound(f"There is no SSO connection {slug}: list_sso_connections shows those there are.")
    return connection


def find_asset(name: str) -> Asset:
    """The asset with this name."""
    asset = Asset.objects.filter(name_key=fold(name).strip()).first()
    if asset is None:
        raise NotFound(f"There is no asset named {name}.")
    return asset
