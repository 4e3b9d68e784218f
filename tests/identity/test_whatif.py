"""What another mode would mean, person by person: foretold, and true once the mode is set."""

from itertools import product

import pytest

from identity.core.decisions import Mode, Switch
from identity.models import Status, User
from identity.queries import what_if
from identity.services import users
from tests.factories import (
    OPERATOR,
    PASSWORD,
    connect,
    deprovision,
    make_break_glass,
    make_idp,
    make_user,
    provision,
    set_mode,
    sign_in_by_sso,
)

pytestmark = pytest.mark.django_db

MODES = [Mode(*flags) for flags in product((True, False), repeat=2)]


def a_company() -> None:
    """Somebody of each kind: by password, by both, provisioned without a connection, just in time, removed, …"""
    okta, silent = connect().identity_provider, make_idp("Silent")
    provision(okta, "ada")
    both = provision(okta, "bob").user
    unconnected = provision(silent, "sam").user
    for user in (both, unconnected):
        User.objects.filter(pk=user.pk).update(password=make_user(f"hash-{user}", password=PASSWORD).password)
    make_user("mia", password=PASSWORD)
    make_user("dan", password=PASSWORD, status=Status.DISABLED)
    make_user("nopass")
    make_break_glass()
    sign_in_by_sso(make_user("jit"), okta, "jit")
    sign_in_by_sso(both, okta, "bob")
    gone = provision(okta, "gone")
    sign_in_by_sso(gone.user, okta, "gone")
    deprovision(gone)
    users.set_status(User.objects.get(pk=gone.user.pk), Status.ENABLED, actor=OPERATOR)


def names(before: Mode, after: Mode) -> dict[str, set[str]]:
    found = what_if.effects(Switch(before, after))
    return {
        effect.code: {user.username for user in effect.people if not user.username.startswith("hash-")}
        for effect in found
    }


def test_enforcing_sso_tells_who_is_locked_out_and_who_signs_in_through_sso_only() -> None:
    a_company()
    found = names(Mode(True, False), Mode(True, True))
    assert found["locked_out"] == {"mia", "sam"}
    assert found["sso_only"] == {"bob"}
    assert found["edit_profile"] == set(
        User.objects.exclude(username__startswith="hash-").values_list("username", flat=True)
    )


def test_no_longer_enforcing_opens_the_passwords_again() -> None:
    a_company()
    assert names(Mode(True, True), Mode(True, False))["password_again"] == {"mia", "sam", "bob"}


def test_switching_scim_on_closes_the_door_to_who_is_not_provisioned() -> None:
    a_company()
    found = names(Mode(False, False), Mode(True, False))
    assert (found["just_in_time"], found["left_by_idp"]) == ({"jit"}, {"gone"})
    assert found["set_status"] == {"ada", "bob", "sam", "gone"}


def test_following_the_idp_names_whose_status_changes() -> None:
    idp = make_idp()
    ada, bob = provision(idp, "ada"), provision(idp, "bob", active=False)
    set_mode(scim=False)
    users.disable_user(ada.user, actor=OPERATOR)
    users.enable_user(bob.user, actor=OPERATOR)
    found = names(Mode(False, False), Mode(True, False))
    assert (found["follow_enable"], found["follow_disable"]) == ({"ada"}, {"bob"})


def test_who_would_be_locked_out_is_who_then_is() -> None:
    """The forecast against the doors: a session of a password dies, and no identity provider opens another."""
    a_company()
    locked_out = names(Mode(True, False), Mode(True, True))["locked_out"]
    before = {user.username: user.get_session_auth_hash() for user in User.objects.all()}
    set_mode(sso=True)
    ended = {user.username for user in User.objects.all() if user.get_session_auth_hash() != before[user.username]}
    enabled = User.objects.with_status(Status.ENABLED).exclude(username__startswith="hash-")
    connected = set(enabled.filter(sso_user__identity_provider__sso_connections__is_enabled=True))
    assert locked_out == {user.username for user in enabled if user.username in ended and user not in connected}


@pytest.mark.parametrize("before", MODES)
@pytest.mark.parametrize("after", MODES)
def test_a_look_counts_and_names_whom_each_effect_touches(before: Mode, after: Mode) -> None:
    a_company()
    effects = what_if.effects(Switch(before, after))
    seen = {touched.effect.code: (touched.count, len(touched.named)) for touched in what_if.look(effects)}
    numbers = {effect.code: effect.people.count() for effect in effects}
    assert seen == {code: (number, min(number, what_if.NAMED)) for code, number in numbers.items() if number}
    assert before != after or effects == []


def test_a_look_stops_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    a_company()
    monkeypatch.setattr(what_if, "MOST_COUNTED", 2)
    [touched] = [
        one for one in what_if.look(what_if.effects(Switch(*MODES[1::-1]))) if one.effect.code == "edit_profile"
    ]
    assert (touched.count, touched.is_capped) == (2, True)
