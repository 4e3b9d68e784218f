"""The policy of docs/design/rules.md, repeated cell by cell."""

import pytest

from identity import policy
from identity.core.actors import Operator, Person, Schedule
from identity.core.decisions import Action, Mode
from identity.core.errors import Refused
from identity.models import Group, Role, Status, User
from identity.safeguards.asked import About
from tests.factories import (
    idp_actor,
    make_administrator,
    make_group,
    make_idp,
    make_owner,
    make_user,
    map_group,
    provision,
    push_group,
)

pytestmark = pytest.mark.django_db

# fmt: off
TABLE = """
    action         | on,  enforced | on,  optional | off, enforced | off, optional
    invite         | no            | yes           | no            | yes
    edit_profile   | no            | yes           | yes           | yes
    change_members | unmapped      | unmapped      | yes           | yes
    set_status     | no            | no            | yes           | yes
"""
# fmt: on


def cells() -> list[tuple[str, Mode, str]]:
    """(action, mode, what the cell says) for each cell of the table above."""
    header, *rows = [[part.strip() for part in line.split("|")] for line in TABLE.split("\n") if "|" in line]
    modes = [Mode(cell.startswith("on"), cell.endswith("enforced")) for cell in header[1:]]
    return [(row[0], mode, said) for row in rows for mode, said in zip(modes, row[1:], strict=True)]


CELLS = cells()
ROLES_OF = {
    Action.CHANGE_ROLE: {Role.OWNER},
    Action.CHANGE_ACCESS_SETTINGS: {Role.OWNER},
    Action.MANAGE_BRAKES: {Role.OWNER},
    Action.DECIDE_TURNED_AWAY: {Role.OWNER},
    Action.PRUNE_RECORDS: {Role.OWNER},
    Action.MANAGE_WEBHOOKS: {Role.OWNER},
    Action.MANAGE_NOTIFICATIONS: {Role.OWNER},
    Action.RESTORE_RUN: {Role.OWNER},
    Action.DELETE_PERMANENTLY: {Role.SUPPORT},
    Action.CHANGE_SECOND_STEP: set(Role),
    Action.CREATE_API_TOKEN: set(Role),
    Action.USE_PASSWORD: set(Role),
    Action.VIEW_DISABLED_USERS: {Role.SUPPORT},
    Action.VIEW_DELETIONS: {Role.SUPPORT, Role.ADMINISTRATOR, Role.OWNER},
}


@pytest.fixture
def managed() -> User:
    return provision(make_idp(), "ada").user


def test_the_table_has_sixteen_cells() -> None:
    assert len(CELLS) == 16
    assert {action for action, _, _ in CELLS} == set(policy.MATRIX)


@pytest.mark.parametrize(("action", "mode", "said"), CELLS)
def test_a_cell(action: str, mode: Mode, said: str, managed: User) -> None:
    """For a managed user and a mapped group: a group that nobody mapped is the cell's other half."""
    mapped, user = _mapped_group(), None if action == Action.INVITE else managed
    decision = policy.decide(Action(action), actor=Person(make_administrator()), mode=mode, user=user, group=mapped)
    assert decision.allowed is (said == "yes")
    assert decision.code == ("allowed" if decision else f"{action}.{mode.code}")


@pytest.mark.parametrize(("action", "mode", "said"), [cell for cell in CELLS if cell[2] == "unmapped"])
def test_a_group_that_nobody_mapped_is_the_administrators(action: str, mode: Mode, said: str) -> None:
    actor = Person(make_administrator())
    assert policy.decide(Action(action), actor=actor, mode=mode, group=make_group())
    assert not policy.decide(Action(action), actor=actor, mode=mode, group=_mapped_group("Mapped"))


@pytest.mark.parametrize(("action", "mode", "said"), [cell for cell in CELLS if cell[2] != "yes"])
def test_a_refusal_names_the_cell_and_who_can_do_it(action: str, mode: Mode, said: str, managed: User) -> None:
    user = None if action == Action.INVITE else managed
    decision = policy.decide(
        Action(action), actor=Person(make_administrator()), mode=mode, user=user, group=_mapped_group()
    )
    assert ("SCIM is on" if mode.scim_enabled else "SCIM is off") in decision.reason
    assert ("SSO is enforced" if mode.sso_enforced else "SSO is not enforced") in decision.reason
    assert "identity provider" in decision.reason


@pytest.mark.parametrize("mode", policy.MODES)
def test_whom_no_idp_manages_may_always_be_enabled_and_disabled(mode: Mode) -> None:
    decision = policy.decide(Action.SET_STATUS, actor=Person(make_administrator()), mode=mode, user=make_user())
    assert decision
    assert decision.code == ("unmanaged_user" if mode.scim_enabled else "allowed")


def test_the_exemption_is_for_the_status_alone() -> None:
    mode = Mode(scim_enabled=True, sso_enforced=True)
    actor = Person(make_administrator())
    assert not policy.decide(Action.EDIT_PROFILE, actor=actor, mode=mode, user=make_user())


@pytest.mark.parametrize("mode", policy.MODES)
def test_what_a_run_took_is_restored_by_owners_alone(mode: Mode) -> None:
    """R27: for people whom an identity provider manages, and for mapped groups, while SCIM is on."""
    idp, group = make_idp(), make_group()
    ada = provision(idp).user
    map_group(push_group(idp), group)
    olga, adam = Person(make_owner()), Person(make_administrator())
    code = "restored_run" if mode.scim_enabled else "allowed"
    assert bool(policy.decide(Action.DISABLE, actor=olga, mode=mode, user=ada, restores=True)) is not mode.scim_enabled
    ada.status = Status.DISABLED
    for action, about in ((Action.ENABLE, About(user=ada)), (Action.CHANGE_MEMBERS, About(group=group))):
        restoring = policy.decide(action, actor=olga, mode=mode, restores=True, **about)
        assert (restoring.allowed, restoring.code) == (True, code)
        for actor, restores in ((olga, False), (adam, True)):
            decision = policy.decide(action, actor=actor, mode=mode, restores=restores, **about)
            assert decision.allowed is not mode.scim_enabled


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_the_role_comes_first(action: Action, role: Role) -> None:
    actor = Person(make_user(role=role))
    group = make_group() if action is Action.CHANGE_MEMBERS else None
    allowed = ROLES_OF.get(action.row, {Role.ADMINISTRATOR, Role.OWNER})
    decision = policy.decide(action, actor=actor, mode=Mode(scim_enabled=False, sso_enforced=False), group=group)
    assert (decision.code == "role_required") is (role not in allowed)
    assert bool(decision) is (role in allowed) or action in {Action.ENFORCE_SSO, Action.RECONCILE}


@pytest.mark.parametrize("action", Action)
def test_an_operator_does_every_roles_work(action: Action) -> None:
    mode = Mode(scim_enabled=False, sso_enforced=False)
    assert policy.by_role(action, Operator("test"))
    not_now = {Action.ENFORCE_SSO, Action.CREATE_API_TOKEN, Action.RECONCILE}  # the last one needs SCIM
    assert bool(policy.decide(action, actor=Operator("test"), mode=mode)) is (action not in not_now)


@pytest.mark.parametrize("action", Action)
def test_the_schedule_lets_old_records_go_and_does_nothing_else(action: Action) -> None:
    decision = policy.decide(action, actor=Schedule("Tidying up"), mode=Mode(False, False))
    assert bool(decision) is (action is Action.PRUNE_RECORDS)


@pytest.mark.parametrize("action", Action)
def test_an_identity_provider_has_no_role_in_the_portal(action: Action) -> None:
    actor = idp_actor(make_idp())
    assert policy.decide(action, actor=actor, mode=Mode(False, False)).code == "role_required"


def test_a_role_is_refused_before_the_mode_is_looked_at(managed: User) -> None:
    decision = policy.decide(Action.SET_STATUS, actor=Person(make_user()), user=managed)
    assert decision.code == "role_required"
    assert decision.reason == "Enabling and disabling users needs the role administrator or owner."


@pytest.mark.parametrize("action", [Action.EDIT_PROFILE, Action.SET_STATUS])
def test_an_administrator_does_not_touch_an_owner(action: Action) -> None:
    target = make_user("olga", role=Role.OWNER)
    decision = policy.decide(action, actor=Person(make_administrator()), mode=Mode(False, False), user=target)
    assert decision.code == "target_outranks_actor"
    assert decision.reason == "Only an owner may do this to an owner."


def test_support_deletes_whatever_role_the_account_had() -> None:
    target = make_user("olga", role=Role.OWNER, status=Status.DISABLED)
    actor = Person(make_user("sue", role=Role.SUPPORT))
    assert policy.decide(Action.DELETE_PERMANENTLY, actor=actor, user=target)


def test_require_raises_the_decision(managed: User) -> None:
    with pytest.raises(Refused) as refusal:
        policy.require(Action.SET_STATUS, actor=Person(make_administrator()), user=managed)
    assert refusal.value.code == "set_status.scim_on_sso_optional"


@pytest.mark.parametrize("enforced", [True, False])
@pytest.mark.parametrize("break_glass", [True, False])
def test_with_sso_enforced_passwords_are_for_break_glass_accounts(enforced: bool, break_glass: bool) -> None:
    user = make_user(role=Role.OWNER, is_break_glass=break_glass)
    mode = Mode(scim_enabled=True, sso_enforced=enforced)
    decision = policy.decide(Action.USE_PASSWORD, actor=Person(user), mode=mode, user=user)
    assert decision.allowed is (break_glass or not enforced)


@pytest.mark.parametrize("mode", policy.MODES)
def test_each_mode_is_described(mode: Mode) -> None:
    assert policy.describe(mode).startswith(f"{mode}.")


def _mapped_group(name: str = "Builders") -> Group:
    group = make_group(name)
    map_group(push_group(make_idp("Entra")), group)
    return group
