"""What people do in the demo's portal: invitations, mappings, assets. All through the services."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core import mail

from identity.core.actors import Operator, Person
from identity.models import Asset, Conflict, Group, IdentityProvider, Role, SSOGroup, Status, User
from identity.services import assets, groups, identity_providers, invitations, mappings, scim_tokens, users
from identity.services.provisioning import conflicts
from identity.services.provisioning import groups as sso_groups
from portal.demo.company import ADMINISTRATOR, LocalUser, OwnedAsset, PushedGroup
from portal.demo.people import DOMAIN, Employee

OPERATOR = Operator("demo")
LINK = re.compile(r"/invitations/([^/\s]+)/")


@contextmanager
def mails_kept() -> Iterator[None]:
    """A demo company reads no mail: messages stay in memory, with their links."""
    backend, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "django.core.mail.backends.locmem.EmailBackend"
    try:
        yield
    finally:
        settings.EMAIL_BACKEND = backend


def user(username: str) -> User:
    found: User = User.objects.get(username_key=username)
    return found


def administrator() -> Person:
    """The demo's administrator, who does most of the work in the portal."""
    return Person(user(ADMINISTRATOR.username))


# --- people -------------------------------------------------------------------------------------------


def join(person: LocalUser) -> str:
    """The operator invites a person, who follows the link in the mail; the password they chose."""
    password = secrets.token_urlsafe(12)
    invite(person, Operator("demo"))
    invitations.accept_invitation(link_in_last_mail(), password=password)
    return password


def invite(person: LocalUser, actor: Operator | Person) -> None:
    invitations.invite_user(
        username=person.username,
        email=person.email,
        first_name=person.first_name,
        last_name=person.last_name,
        actor=actor,
    )


def invite_by_administrator(person: LocalUser) -> None:
    invite(person, administrator())


def link_in_last_mail() -> str:
    links: list[str] = LINK.findall(str(mail.outbox[-1].body))
    return links[0]


def give_role(username: str, role: Role) -> None:
    users.change_role(user(username), role, actor=OPERATOR)


def sign_in(username: str, method: str) -> None:
    """Last Active moves; people who are disabled or not created yet are skipped."""
    person = User.objects.with_status(Status.ENABLED).filter(username_key=username).first()
    if person is not None:
        users.record_login(person, method=method, actor=Person(person))


def disable(username: str) -> None:
    users.disable_user(user(username), actor=administrator())


# --- identity providers -------------------------------------------------------------------------------


def connect(name: str, kind: str) -> str:
    """A new identity provider; the secret of its first token."""
    provider = identity_providers.create_identity_provider(name=name, kind=kind, actor=OPERATOR)
    _, secret = scim_tokens.create_token(provider, label="Provisioning", actor=OPERATOR)
    return secret


def dismiss_conflict(username: str) -> None:
    conflict = Conflict.objects.open().get(user=user(username))
    conflicts.dismiss_conflict(conflict, actor=administrator())


# --- groups and assets --------------------------------------------------------------------------------


def make_groups(descriptions: dict[str, str]) -> None:
    for name, description in descriptions.items():
        groups.create_group(name=name, description=description, actor=administrator())


def declare_sso_group(provider_name: str, name: str) -> None:
    provider = IdentityProvider.objects.get(name=provider_name)
    sso_groups.declare_sso_group(provider, name=name, actor=administrator())


def map_group(pushed: PushedGroup) -> None:
    """Preview, then apply exactly that."""
    sso_group = SSOGroup.objects.get(display_name=pushed.name)
    group = Group.objects.get(name=pushed.mapped_to)
    preview = mappings.preview_mapping(sso_group, group)
    mappings.apply_mapping(sso_group, group, fingerprint=preview.fingerprint, actor=administrator())


def choose_members(chosen_by_hand: dict[str, Callable[[Employee], bool]], employees: Iterable[Employee]) -> None:
    for name, is_chosen in chosen_by_hand.items():
        names = [employee.user_name for employee in employees if is_chosen(employee)]
        people = User.objects.filter(username_key__in=names)
        groups.add_members(Group.objects.get(name=name), people, actor=administrator())


def register_assets(owned: Iterable[OwnedAsset]) -> None:
    """Also for owners who have never signed in (R12)."""
    for one in owned:
        asset = register(one)
        for username in one.owners[1:]:
            assets.add_owner(asset, user(username), actor=administrator())


def register(one: OwnedAsset) -> Asset:
    link = f"https://assets.{DOMAIN}/{one.name.lower().replace(' ', '-')}"
    return assets.create_asset(
        name=one.name, kind=one.kind, link=link, owner=user(one.owners[0]), actor=administrator()
    )
