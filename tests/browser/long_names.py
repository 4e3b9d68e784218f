"""A company whose names are as long as the columns: without a gap, with gaps, right to left, with pictures."""

from identity.core.actors import Person
from identity.core.errors import Conflicted
from identity.models import BulkRun, IdentityProvider, Role, SSOConnection, SSOUser, Status, User
from identity.services import api_tokens, assets, bulk_runs, deletion, groups, invitations, sso_connections
from identity.services.provisioning import groups as sso_groups
from identity.services.sso_connections import ConnectionSettings
from tests.factories import (
    OPERATOR,
    deprovision,
    make_break_glass,
    make_idp,
    make_token,
    make_user,
    map_group,
    provision,
    push_group,
    resend,
    sign_in_by_sso,
    support,
)

GAPLESS = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
GAPS = "Bartholomew-Maximilian Featherstonehaugh-Cholmondeley de la Rochefoucauld-Montmorency "
ARABIC, HEBREW, PICTURES = "نورهان عبد الرحمن السيد (القاهرة)", "שירה בן־דוד 12", "👩🏽‍🚀🏳️‍🌈✨"


def long(name: str, length: int = 255) -> str:
    """Every difficulty in one name, which begins with what tells it from others."""
    return f"{name} {ARABIC} {GAPLESS} {HEBREW} {PICTURES} {GAPS}"[:length].strip()


def solid(name: str, length: int = 200) -> str:
    """A name where no line can be broken."""
    return f"{name}{GAPLESS}{GAPLESS}"[:length]


def settle() -> None:
    """One of everything, with such a name."""
    okta, entra = make_idp(long("عرب Okta")), make_idp(solid("Entra"), kind="entra")
    ada = provision(okta, solid("ada"), _email("ada"), first_name=solid("A"), last_name=ARABIC)
    nour = provision(okta, solid("nour"), _email("nour"), first_name=ARABIC, last_name=HEBREW)
    mia = provision(okta, "mia", _email("mia"), first_name=GAPS, last_name=GAPS)
    resend(ada, solid("ada.king"), _email("ada.king"), first_name=solid("B"))
    _connect(okta)
    sign_in_by_sso(ada.user, okta)
    _grouped(okta, ada, nour, mia)
    _owning(ada.user, provision(entra, solid("gone"), _email("gone"), first_name=solid("Gone"), last_name=ARABIC))
    _refused(entra, ada.user)
    _invited(ada.user)
    make_token(okta, long("token", 100))
    make_break_glass(solid("glass"))
    _own_token()
    old = make_user(solid("old"), status=Status.DISABLED)
    deletion.delete_permanently(old, typed_username=old.username, reason=long("asked for", 300), actor=support())


def _email(name: str) -> str:
    return f"{solid(name, 180).replace('ä', 'a')}@{'long-' * 8}host.example.test"


def _connect(okta: IdentityProvider) -> SSOConnection:
    said = ConnectionSettings(
        issuer=f"https://idp.example/{solid('issuer', 300)}", client_id=solid("client"), client_secret="s"
    )
    connection = sso_connections.create_connection(okta, protocol="oidc", said=said, actor=OPERATOR)
    return sso_connections.set_connection_enabled(connection, True, actor=OPERATOR)


def _grouped(okta: IdentityProvider, *people: SSOUser) -> None:
    group = groups.create_group(name=solid("Engineers", 255), description=long("All", 500), actor=OPERATOR)
    map_group(push_group(okta, long("Engineering"), *people), group)
    mine = groups.create_group(name=long("مجموعة"), description=solid("Readers", 500), actor=OPERATOR)
    groups.add_members(mine, [person.user for person in people], actor=OPERATOR)
    push_group(okta, solid("Unmapped", 255), *people)
    sso_groups.declare_sso_group(okta, name=long("Declared"), actor=OPERATOR)


def _owning(owner: User, gone: SSOUser) -> None:
    wiki = assets.create_asset(
        name=long("Wiki"),
        kind=long("kind", 100),
        link=f"https://wiki.example/{solid('page', 450)}",
        owner=owner,
        actor=OPERATOR,
    )
    assets.add_owner(wiki, gone.user, actor=OPERATOR)
    for name in (solid("Forge", 255), long("كتاب")):
        assets.create_asset(name=name, kind=solid("kind", 100), owner=gone.user, actor=OPERATOR)
    deprovision(gone)


def _refused(entra: IdentityProvider, owner: User) -> None:
    try:
        provision(entra, owner.username, _email("other"), first_name=solid("O"), last_name=ARABIC)
    except Conflicted:
        return


def _invited(ada: User) -> None:
    said = {"username": solid("ivy"), "email": _email("ivy"), "first_name": long("Ivy"), "last_name": ARABIC}
    invitations.invite_user(**said, actor=OPERATOR)
    run = bulk_runs.create_run(BulkRun.Kind.RESEND_INVITATION, [bulk_runs.Wanted(ada)], actor=OPERATOR)
    bulk_runs.work_on(run, actor=OPERATOR)
    bulk_runs.create_run(BulkRun.Kind.INVITE, [bulk_runs.Wanted(values=said)], is_draft=True, actor=OPERATOR)


def _own_token() -> None:
    adam = make_user(solid("adam"), role=Role.ADMINISTRATOR, first_name=long("Adam"), last_name=GAPS)
    api_tokens.create_api_token(label=long("script", 100), scopes=["read"], actor=Person(adam))
