"""The pages of assets (R10, R12)."""

import pytest

from identity.models import Asset, Status
from tests.factories import everything, make_asset, make_idp, make_support, make_user, provision
from tests.portal.admin_pages import address, as_administrator, signed_in, text_of

pytestmark = pytest.mark.django_db


def owners_of(asset: Asset) -> set[str]:
    return set(asset.owners.values_list("username", flat=True))


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
    assert "Nobody has this username or email." in text_of(answer)
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
    assert "No enabled owner (max)" in page
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
