"""The pages of assets (R10, R12)."""

import pytest

from identity.models import Asset, AuditEvent, Status, User
from tests.factories import everything, make_asset, make_idp, make_support, make_user, owners_of, provision
from tests.portal.admin_pages import address, text_of
from tests.sessions import as_administrator, signed_in

pytestmark = pytest.mark.django_db


def test_r12_somebody_who_never_signed_in_can_own_an_asset() -> None:
    provision(make_idp(), "ada")
    data = {"name": "Wiki", "kind": "site", "link": "https://wiki.test/", "owner": "ADA@example.test"}
    as_administrator().post(address("asset_add"), data)
    asset = Asset.objects.get()
    assert (asset.name, asset.kind, asset.link, owners_of(asset)) == (
        "Wiki",
        "site",
        "https://wiki.test/",
        {"ada"},
    )


def test_an_owner_who_does_not_exist_is_refused_in_words() -> None:
    answer = as_administrator().post(address("asset_add"), {"name": "Wiki", "owner": "nobody"})
    assert "No user has this username or email." in text_of(answer)
    assert not Asset.objects.exists()


def test_owners_are_added_and_removed_and_the_last_one_stays() -> None:
    mia, max_ = make_user("mia"), make_user("max")
    asset = make_asset(mia)
    client = as_administrator()
    client.post(address("asset_add_owner", asset.pk), {"users": [max_.pk]})
    assert owners_of(asset) == {"mia", "max"}
    client.post(address("asset_remove_owner", asset.pk, user=mia.pk))
    assert owners_of(asset) == {"max"}
    refused = client.post(address("asset_remove_owner", asset.pk, user=max_.pk))
    assert refused.status_code == 403
    assert "would be left without an owner" in text_of(refused)


def test_an_asset_is_edited_and_deleted() -> None:
    asset = make_asset(make_user("mia"))
    client = as_administrator()
    client.post(address("asset_edit", asset.pk), {"name": "Docs", "kind": "", "link": ""})
    asset.refresh_from_db()
    assert asset.name == "Docs"
    client.post(address("asset_delete", asset.pk))
    assert not Asset.objects.exists()


def test_assets_without_an_enabled_owner_are_found() -> None:
    make_asset(make_user("mia"), "Wiki")
    make_asset(make_user("max", status=Status.DISABLED), "Forge")
    client = as_administrator()
    page = text_of(client.get(address("asset_changelist", owners="none")))
    assert "Forge" in page
    assert "No enabled owner max" in page
    assert "Wiki" not in page
    assert "Forge" not in text_of(client.get(address("asset_changelist", owners="enabled")))


def test_a_script_as_a_link_is_refused() -> None:
    make_user("mia")
    data = {"name": "Wiki", "link": "javascript:alert(1)", "owner": "mia"}
    answer = as_administrator().post(address("asset_add"), data)
    assert "Enter a valid URL." in text_of(answer)
    assert not Asset.objects.exists()


def test_get_changes_nothing() -> None:
    mia = make_user("mia")
    asset = make_asset(mia)
    client = as_administrator()
    before = everything()
    for page in ("change", "edit", "delete", "add_owner"):
        assert client.get(address(f"asset_{page}", asset.pk)).status_code == 200
    client.get(address("asset_remove_owner", asset.pk, user=mia.pk))
    assert everything() == before


def test_support_and_members_change_nothing() -> None:
    mia = make_user("mia")
    asset = make_asset(mia)
    support, member = signed_in(make_support()), signed_in(mia)
    for page in ("edit", "delete", "add_owner"):
        assert support.post(address(f"asset_{page}", asset.pk), {"name": "x"}).status_code == 403
        assert member.post(address(f"asset_{page}", asset.pk), {"name": "x"}).status_code == 302
    assert Asset.objects.get().name == "Wiki"


def test_ownership_is_transferred_also_to_somebody_who_never_signed_in() -> None:
    mia, max_ = make_user("mia"), make_user("max")
    ada = provision(make_idp(), "ada").user
    asset = make_asset(mia)
    client = as_administrator()
    client.post(address("asset_add_owner", asset.pk), {"users": [max_.pk]})
    url = address("asset_transfer", asset.pk, user=mia.pk)
    assert "Who takes over Wiki from mia?" in text_of(client.get(url))
    done = client.post(url, {"users": [ada.pk]}, follow=True)
    assert "ada owns Wiki in place of mia." in text_of(done)
    assert owners_of(asset) == {"ada", "max"}
    told = AuditEvent.objects.filter(details__asset=asset.pk).order_by("-pk").values_list("action", "user_id")
    assert list(told[:2]) == [("asset.owner_removed", mia.pk), ("asset.owner_added", ada.pk)]


@pytest.mark.parametrize("chosen", [[], ["dan"], ["mia", "max"], ["nobody"]])
def test_a_transfer_needs_one_person_who_is_not_disabled(chosen: list[str]) -> None:
    mia = make_user("mia")
    make_user("max")
    make_user("dan", status=Status.DISABLED)
    asset = make_asset(mia)
    people = [User.objects.filter(username=name).values_list("pk", flat=True).first() or "x" for name in chosen]
    answer = as_administrator().post(address("asset_transfer", asset.pk, user=mia.pk), {"users": people})
    assert answer.status_code == 200
    assert owners_of(asset) == {"mia"}


def test_nobody_disabled_becomes_an_owner() -> None:
    mia, dan, max_ = make_user("mia"), make_user("dan", status=Status.DISABLED), make_user("max")
    wiki, forge = make_asset(mia), make_asset(mia, "Forge")
    client = as_administrator()
    for url, said in {
        address("asset_add"): {"name": "New", "owner": "dan"},
        address("asset_add_owner", wiki.pk): {"users": [max_.pk, dan.pk]},
        address("asset_transfer", wiki.pk, user=mia.pk): {"users": [dan.pk]},
        address("asset_bulk_transfer", ids=f"{wiki.pk},{forge.pk}"): {"users": [dan.pk]},
    }.items():
        assert "dan is disabled: choose an active user." in text_of(client.post(url, said)), url
    assert [owners_of(asset) for asset in Asset.objects.all()] == [{"mia"}, {"mia"}]
    assert "dan@example.test" not in text_of(client.get(address("asset_add_owner", wiki.pk)))


def test_a_transfer_from_somebody_who_is_no_owner_is_not_found() -> None:
    asset = make_asset(make_user("mia"))
    url = address("asset_transfer", asset.pk, user=make_user("max").pk)
    assert as_administrator().get(url).status_code == 404


def test_assets_that_are_ticked_get_one_new_owner() -> None:
    dan, mia, max_ = make_user("dan"), make_user("mia"), make_user("max")
    wiki, forge = make_asset(dan), make_asset(mia, "Forge")
    User.objects.filter(pk=dan.pk).update(status=Status.DISABLED)
    client = as_administrator()
    ticked = {"action": "transfer_chosen", "_selected_action": [wiki.pk, forge.pk]}
    asked = client.post(address("asset_changelist"), ticked, follow=True)
    assert "They become the only owner of Forge, Wiki." in text_of(asked)
    done = client.post(asked.redirect_chain[-1][0], {"users": [max_.pk]}, follow=True)
    assert "max owns 2 assets now." in text_of(done)
    assert (owners_of(wiki), owners_of(forge)) == ({"max"}, {"max"})


def test_support_transfers_nothing() -> None:
    mia = make_user("mia")
    asset = make_asset(mia)
    client = signed_in(make_support())
    for url in (address("asset_transfer", asset.pk, user=mia.pk), address("asset_bulk_transfer", ids=asset.pk)):
        assert client.post(url, {"users": [mia.pk]}).status_code == 403
