"""Two identity providers whose people, groups and words are alike, and a look at what is whose.

Only what the portal keeps unique tells them apart: its usernames, its emails, the names of its groups.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import Any, Self

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone
from django.utils.functional import cached_property

from identity.core import totp
from identity.core.actors import Person, Provisioner, SignIn
from identity.core.errors import Conflicted
from identity.core.ways import Way
from identity.models import (
    APIToken,
    Asset,
    BulkRun,
    Conflict,
    Group,
    GroupMapping,
    IdempotentRequest,
    IdentityProvider,
    Invitation,
    Passkey,
    RecentLoss,
    SCIMToken,
    SCIMTrust,
    SSOConnection,
    SSOGroup,
    SSOIdentity,
    SSOUser,
    Status,
    TurnedAway,
    User,
)
from identity.services import (
    api_tokens,
    brakes,
    bulk_runs,
    idempotency,
    invitations,
    provider_contacts,
    scim_tokens,
    scim_trusts,
    second_factors,
    sso_connections,
    unknown_attributes,
)
from identity.services.provisioning import groups as sso_groups
from identity.services.provisioning import turned_away
from identity.services.provisioning.statements import GroupRecord
from identity.services.scim_trusts import TrustSettings
from identity.services.sign_in.assertions import Assertion
from identity.services.sso_connections import ConnectionSettings
from tests.authenticator import Authenticator
from tests.factories import (
    ISSUER,
    OPERATOR,
    PASSWORD,
    delete_sso_group,
    deprovision,
    exactly,
    idp_actor,
    make_asset,
    make_group,
    make_user,
    map_group,
    provision,
    push_group,
    removing,
    resend,
)
from tests.identity.whose import Keys
from tests.passkeys import make_passkey

SUBJECT = "00u1"  # of Ada at either, and her externalId there
COLLEAGUE = "00u2"
LEAVER = "00u9"


@dataclass
class Side:
    """An identity provider, and whom and what it brought; the people beside are the portal's own.

    Ada is its person and Bob her colleague; another one left it. `mia` and `theo` are accounts that stand in the way of
    whom both sent: a local one, and one of a third identity provider.
    """

    name: str
    idp: IdentityProvider
    shared: Group  # a portal group that both feed
    token: SCIMToken
    secret: str
    trust: SCIMTrust
    oidc: SSOConnection
    saml: SSOConnection
    sso_user: SSOUser
    colleague: SSOUser
    leaver: User
    sso_group: SSOGroup
    declared: SSOGroup
    group: Group
    mapping: GroupMapping
    asset: Asset
    api_token: APIToken
    api_secret: str
    request: IdempotentRequest
    local: User
    totp_secret: str
    recovery_code: str
    device: Authenticator
    passkey: Passkey
    disabled: User
    invited: User
    invitation_secret: str
    run: BulkRun
    draft: BulkRun
    conflicts: dict[str, Conflict] = field(default_factory=dict)
    turned_away: dict[str, TurnedAway] = field(default_factory=dict)
    other: Self = None  # type: ignore[assignment]

    @property
    def user(self) -> User:
        return self.sso_user.user

    @property
    def actor(self) -> Provisioner:
        return idp_actor(self.idp)

    @property
    def sign_in_actor(self) -> SignIn:
        return SignIn(self.idp.pk, self.oidc.pk, "Sign-in (OpenID Connect)")

    @cached_property
    def roots(self) -> Keys:
        """What this side's rows hang on."""
        people = (self.user, self.colleague.user, self.leaver, self.local, self.disabled, self.invited)
        return {
            User: {user.pk for user in people},
            IdentityProvider: {self.idp.pk},
            Group: {self.group.pk},
            Asset: {self.asset.pk},
            BulkRun: {self.run.pk, self.draft.pk},
        }

    def copy(self) -> Self:
        """With rows of its own: services change those that they are given, which no roll-back undoes."""
        packed: Self = pickle.loads(self._packed)  # noqa: S301 - its own
        return packed

    @cached_property
    def _packed(self) -> bytes:
        return pickle.dumps(self)


def says(subject: str = SUBJECT, user_name: str = "ada", **claims: Any) -> Assertion:
    """What either says of Ada when she signs in."""
    standard = {"sub": subject, "preferred_username": user_name, "email": f"{user_name}@example.test"}
    return Assertion(subject, {**standard, "groups": ["Engineering"], **claims})


def two_idps() -> tuple[Side, Side]:
    """With SCIM on."""
    shared, mia, theo = make_group("Everybody"), make_user("mia"), provision(_idp("Third"), "theo").user
    one, two = (_side(name, shared, mia, theo) for name in ("One", "Two"))
    one.other, two.other = two, one
    return one, two


def one_of_two(*, is_first: bool) -> Side:
    """The side that acts: the other's rows are younger than its own, or older."""
    one, two = two_idps()
    return one if is_first else two


both = pytest.mark.parametrize("is_first", [True, False], ids=["the first", "the second"])


def _idp(name: str) -> IdentityProvider:
    idp = IdentityProvider.objects.create(name=name, name_key=name.casefold())
    provider_contacts.watch(idp, actor=OPERATOR)
    return idp


def _trust(idp: IdentityProvider) -> SCIMTrust:
    said = TrustSettings(label="workload", issuer=f"https://{idp.pk}.example", key_set_url="https://keys.example")
    trust = scim_trusts.create_trust(idp, said=said, actor=OPERATOR)
    scim_trusts.issue_token(trust, assertion_id="used", good_until=timezone.now())
    return trust


def _side(name: str, shared: Group, mia: User, theo: User) -> Side:
    idp = _idp(name)
    sso_user, colleague = _person(idp, "ada", name, SUBJECT), _person(idp, "bob", name, COLLEAGUE)
    sso_group = _engineering(idp, sso_user, colleague)
    group = make_group(f"Builders of {name}")
    map_group(sso_group, shared)
    token, secret = scim_tokens.create_token(idp, label="directory", actor=OPERATOR)
    provider_contacts.note_request(idp.pk, method="GET", path="/Users", status=200, token_label="directory", address="")
    provider_contacts.note_contact(idp.pk, sso_user.created_at)
    unknown_attributes.note(idp.pk, {("User", f"shoe size of {name}")})
    person = Person(sso_user.user)
    api_token, api_secret = api_tokens.create_api_token(label="script", scopes=["read"], actor=person)
    request, _ = idempotency.begin(sso_user.user, "key", "digest")
    local = make_user(f"local.{name}", password=PASSWORD)
    totp_secret = totp.new_secret()
    code = totp.code_at(totp_secret, totp.step_now())
    codes = second_factors.set_up_second_factor(local, secret=totp_secret, code=code, actor=Person(local))
    disabled = make_user(f"disabled.{name}", status=Status.DISABLED)
    invited, invitation_secret = _invited(name)
    draft, run = (
        bulk_runs.create_run(kind, [bulk_runs.Wanted(user)], is_draft=is_draft, actor=OPERATOR)
        for kind, user, is_draft in ((BulkRun.Kind.ENABLE, disabled, True), (BulkRun.Kind.DISABLE, local, False))
    )
    side = Side(
        name=name,
        idp=idp,
        shared=shared,
        token=token,
        secret=secret,
        trust=_trust(idp),
        oidc=_oidc(idp),
        saml=_saml(idp),
        sso_user=sso_user,
        colleague=colleague,
        leaver=_leaver(idp, name),
        sso_group=sso_group,
        declared=sso_groups.declare_sso_group(idp, name="Declared", actor=OPERATOR),
        group=group,
        mapping=map_group(sso_group, group),
        asset=make_asset(sso_user.user, f"Wiki of {name}"),
        api_token=api_token,
        api_secret=api_secret,
        request=request,
        local=local,
        totp_secret=totp_secret,
        recovery_code=codes[0],
        device=(device := Authenticator("http://127.0.0.1:8000", "127.0.0.1")),
        passkey=make_passkey(local, device),
        disabled=disabled,
        invited=invited,
        invitation_secret=invitation_secret,
        run=run,
        draft=draft,
    )
    for one in (sso_user, colleague):
        for subject in (one.external_id, f"saml:{one.external_id}"):
            SSOIdentity.objects.create(identity_provider=idp, subject=subject, user=one.user)
    for user in (mia, theo):
        side.conflicts[user.username] = _conflict(idp, user)
    _turn_away(side)
    brakes.set_brake(idp, people=30, actor=OPERATOR)
    RecentLoss.objects.create(identity_provider=idp, user_id=side.leaver.pk)
    for number, user in enumerate((side.user, colleague.user, local), 1):
        _session(user, side.oidc, sid=f"session-{number}")
    return side


def _person(idp: IdentityProvider, user_name: str, name: str, external_id: str) -> SSOUser:
    """Another username and email in the portal; the identity provider's own view is alike in both (R2)."""
    said = {"first_name": "Ada", "last_name": "Lovelace", "external_id": external_id}
    return resend(provision(idp, f"{user_name}.{name}", **said), user_name, **said)


def _leaver(idp: IdentityProvider, name: str) -> User:
    leaver = _person(idp, "leaver", name, LEAVER)
    deprovision(leaver)
    return User.objects.get(pk=leaver.user_id)


def _engineering(idp: IdentityProvider, *members: SSOUser) -> SSOGroup:
    delete_sso_group(push_group(idp, "Former", *members))
    record = GroupRecord("Engineering", external_id="g1", members=exactly(*members))
    return sso_groups.push_group(record, actor=idp_actor(idp))


def _invited(name: str) -> tuple[User, str]:
    """Somebody invited, and the secret of the link, as the mail would tell it."""
    told: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("identity.services.notices.invite", lambda user, secret: told.append(secret))
        user = invitations.invite_user(username=f"invited.{name}", email=f"invited.{name}@example.test", actor=OPERATOR)
    Invitation.objects.filter(user=user).update(mail_failed_at=timezone.now())
    return user, told[0]


def _oidc(idp: IdentityProvider) -> SSOConnection:
    said = ConnectionSettings(
        issuer=ISSUER,
        client_id="gatehouse",
        client_secret="s",
        groups_claim="groups",
        matches_by_user_name=True,
        creates_users=True,
        allowed_domains="example.test",
    )
    connection = sso_connections.create_connection(idp, protocol="oidc", said=said, actor=OPERATOR)
    return sso_connections.set_connection_enabled(connection, True, actor=OPERATOR)


def _saml(idp: IdentityProvider) -> SSOConnection:
    return SSOConnection.objects.create(
        identity_provider=idp,
        protocol="saml",
        slug=f"saml-{idp.pk}",
        is_enabled=True,
        entity_id=f"{ISSUER}/metadata",
        sso_url=f"{ISSUER}/sso",
        subject_claim="NameID",
        user_name_claim="uid",
    )


def _conflict(idp: IdentityProvider, user: User) -> Conflict:
    with pytest.raises(Conflicted):
        provision(idp, user.username, "elsewhere@example.test")
    return Conflict.objects.get(identity_provider=idp, user=user)


def _turn_away(side: Side) -> None:
    """Ada would go, and her colleague would leave the group."""
    leaving = GroupRecord("Engineering", external_id="g1", members=removing(side.colleague))
    for wanted in (turned_away.of_deleted_person(side.sso_user), turned_away.of_group(side.sso_group, leaving)):
        turned_away.remember(wanted, Way.PAUSED, actor=side.actor)
    side.turned_away = {row.name: row for row in TurnedAway.objects.filter(identity_provider=side.idp)}


def _session(user: User, connection: SSOConnection, *, sid: str) -> None:
    client = Client()
    client.force_login(user)
    UserSession.objects.create(
        user=user,
        session_key=client.session.session_key,
        ip="192.0.2.1",
        data={"method": "oidc", "connection": connection.slug, "sid": sid},
    )
