"""R12: assets have owners, who need not have logged in; the last one stays until another is named."""

import pytest
from django.db import transaction

from identity.core.actors import Person
from identity.core.errors import InvalidValue, Refused, Taken
from identity.models import Asset, AuditEvent, Status, User
from identity.services import assets, users
from tests.factories import (
    OPERATOR,
    administrator,
    everything,
    make_asset,
    make_idp,
    make_user,
    owners_of,
    provision,
    support,
)

pytestmark = pytest.mark.django_db


def test_an_asset_may_belong_to_somebody_who_never_logged_in() -> None:
    user = provision(make_idp()).user
    asset = assets.create_asset(
        name=" Wiki ", kind="site", link="https://wiki.test/", owner=user, actor=administrator()
    )
    assert (asset.name, asset.kind, asset.link, owners_of(asset)) == ("Wiki", "site", "https://wiki.test/", {"ada"})
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.user_id) == ("asset.created", user.pk)


def test_an_asset_is_edited() -> None:
    asset = make_asset(make_user())
    assets.edit_asset(asset, name="WIKI", kind="", link="", actor=administrator())
    assert Asset.objects.get().name == "WIKI"
    assert AuditEvent.objects.latest("id").action == "asset.edited"


def test_owners_come_and_go_but_the_last() -> None:
    mia, max_ = make_user("mia"), make_user("max")
    asset = make_asset(mia)
    assets.add_owner(asset, max_, actor=administrator())
    assets.add_owner(asset, max_, actor=administrator())
    assert AuditEvent.objects.filter(action="asset.owner_added").count() == 1
    assets.remove_owner(asset, mia, actor=administrator())
    assert owners_of(asset) == {"max"}
    with pytest.raises(Refused) as refusal:
        assets.remove_owner(asset, max_, actor=administrator())
    assert refusal.value.code == "last_asset_owner"


def test_who_owns_it_not_is_taken_off_without_an_event_and_who_does_keeps_it_by_a_transfer_to_themselves() -> None:
    mia, max_ = make_user("mia"), make_user("max")
    asset = make_asset(mia)
    before = AuditEvent.objects.count()
    assets.remove_owner(asset, max_, actor=OPERATOR)
    assets.transfer_asset(asset, giver=mia, taker=mia, actor=OPERATOR)
    assert owners_of(asset) == {"mia"}
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize("door", ["create_asset", "add_owner", "transfer_asset", "give_asset"])
def test_nobody_disabled_becomes_an_owner(door: str) -> None:
    mia, dan, ivy = make_user(), make_user("dan", status=Status.DISABLED), make_user("ivy", status=Status.INVITED)
    asset = make_asset(mia)

    def give(user: User) -> None:
        said = {
            "create_asset": {"name": f"Of {user}", "owner": user},
            "add_owner": {"asset": asset, "user": user},
            "transfer_asset": {"asset": asset, "giver": mia, "taker": user},
            "give_asset": {"asset": asset, "taker": user},
        }
        getattr(assets, door)(**said[door], actor=administrator())

    administrator()
    before = everything()
    with pytest.raises(Refused, match="dan is disabled: choose an active user") as refusal:
        give(dan)
    assert refusal.value.code == "owner_disabled"
    assert everything() == before
    give(ivy)
    assert Asset.objects.owned_by(ivy.pk).count() == 1


def test_who_was_disabled_since_stays_an_owner() -> None:
    mia = make_user()
    asset = make_asset(mia)
    users.disable_user(mia, actor=administrator())
    assert owners_of(asset) == {"mia"}


def test_an_asset_is_deleted() -> None:
    asset = make_asset(make_user())
    assets.delete_asset(asset, actor=administrator())
    assert not Asset.objects.exists()
    assert AuditEvent.objects.latest("id").details["name"] == "Wiki"


def test_a_name_is_unique() -> None:
    user = make_user()
    make_asset(user)
    other = make_asset(user, "Other")
    with pytest.raises(Taken):
        make_asset(user, "WIKI")
    with pytest.raises(Taken):
        assets.edit_asset(other, name="wiki", kind="", link="", actor=OPERATOR)


@pytest.mark.parametrize(
    "said",
    [
        {"name": ""},
        {"kind": "x" * 101},
        {"link": "javascript:alert(1)"},
        {"link": "wiki"},
        {"link": "ftp://wiki.test/"},
        {"link": "https://wiki.test/" + "x" * 500},
    ],
)
def test_what_is_no_name_or_link_is_refused(said: dict[str, str]) -> None:
    with pytest.raises(InvalidValue):
        assets.create_asset(**{"name": "Wiki", "owner": make_user(), "actor": OPERATOR, **said})


def test_a_member_manages_no_assets() -> None:
    actor = Person(make_user())
    asset = make_asset(actor.user)
    for change in (
        lambda: assets.create_asset(name="Mine", owner=actor.user, actor=actor),
        lambda: assets.edit_asset(asset, name="Mine", kind="", link="", actor=actor),
        lambda: assets.add_owner(asset, actor.user, actor=actor),
        lambda: assets.remove_owner(asset, actor.user, actor=actor),
        lambda: assets.delete_asset(asset, actor=actor),
    ):
        with pytest.raises(Refused) as refusal:
            change()
        assert refusal.value.code == "role_required"


@pytest.mark.parametrize(("number", "told"), [(1, "1 asset has no other owner"), (2, "2 assets have no other owner")])
def test_one_asset_is_told_of_as_one(number: int, told: str) -> None:
    leaver = make_user("ada")
    for place in range(number):
        make_asset(leaver, f"Wiki {place}")
    with transaction.atomic(), pytest.raises(Refused, match=told):
        assets.hand_over(leaver, None, actor=support())
