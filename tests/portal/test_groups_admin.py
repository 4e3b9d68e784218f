"""The pages of portal groups."""

from urllib.parse import quote

import pytest

from identity.models import Group, GroupMapping, Membership, SSOGroup
from portal.admin.groups import groups as groups_page
from tests.factories import (
    everything,
    make_group,
    make_idp,
    make_support,
    make_user,
    map_group,
    members_of,
    provision,
    push_group,
    set_mode,
)
from tests.portal.admin_pages import address, messages_of, text_of
from tests.sessions import as_administrator, signed_in

pytestmark = pytest.mark.django_db


def mapped_group() -> Group:
    idp = make_idp()
    group = make_group("Builders")
    map_group(push_group(idp, "Engineering", provision(idp, "ada"), provision(idp, "bob")), group)
    return group


def test_the_list_says_what_feeds_a_group_and_how_many_are_in_it() -> None:
    mapped_group()
    make_group("Readers", make_user("mia"))
    page = text_of(as_administrator().get(address("group_changelist")))
    assert "Builders 2 Engineering" in page
    assert "Readers 1 Unmapped" in page


def test_a_very_large_group_is_neither_counted_nor_sorted_for_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    group = make_group("Readers", make_user("mia.reader"), make_user("ada.reader"))
    client = as_administrator()
    in_order = text_of(client.get(address("group_change", group.pk)))
    assert in_order.index("ada.reader") < in_order.index("mia.reader")
    monkeypatch.setattr(groups_page, "MOST", 1)
    monkeypatch.setattr(groups_page, "MOST_SORTED", 1)
    monkeypatch.setattr("portal.admin.groups.sized_lists.MOST", 1)
    monkeypatch.setattr("portal.admin.groups.sized_lists.MOST_IN_A_LIST", 1)
    as_they_came = text_of(client.get(address("group_change", group.pk)))
    assert "Members more than 1" in as_they_came
    assert as_they_came.index("mia.reader") < as_they_came.index("ada.reader")
    assert "Readers more than 1 Unmapped" in text_of(client.get(address("group_changelist")))
    assert "More than 1 people leave the group" in text_of(client.get(address("group_delete", group.pk)))


@pytest.mark.parametrize(
    ("value", "shown", "hidden"), [("mapped", "Builders", "Readers"), ("unmapped", "Readers", "Builders")]
)
def test_the_list_is_filtered_by_mapping(value: str, shown: str, hidden: str) -> None:
    mapped_group()
    make_group("Readers")
    page = text_of(as_administrator().get(address("group_changelist", mapping=value)))
    assert shown in page
    assert hidden not in page


def test_the_search_finds_a_group_by_a_part_of_its_name_in_any_case() -> None:
    make_group("Builders")
    make_group("Readers")
    page = text_of(as_administrator().get(address("group_changelist", q="UILD")))
    assert "Builders" in page
    assert "Readers" not in page


def test_without_groups_the_list_says_what_to_do() -> None:
    page = text_of(as_administrator().get(address("group_changelist")))
    assert "No groups yet" in page
    assert "Create group" in page


def test_the_detail_shows_members_with_the_reason() -> None:
    group = mapped_group()
    page = text_of(as_administrator().get(address("group_change", group.pk)))
    assert "ada" in page
    assert "Through the SSO group Engineering (Okta)" in page
    assert (
        "If the identity provider deletes SSO group Engineering, 2 people leave; delete the mapping first to keep them."
        in page
    )
    assert "2 Complete" in page


def test_a_member_that_somebody_added_shows_by_whom() -> None:
    client = as_administrator()
    group, mia = make_group(), make_user("mia")
    client.post(address("group_add_members", group.pk), {"users": [mia.pk]})
    assert "Added by adam" in text_of(client.get(address("group_change", group.pk)))


def test_members_of_a_mapped_group_are_read_only_with_the_reason() -> None:
    group = mapped_group()
    client = as_administrator()
    page = client.get(address("group_change", group.pk))
    assert 'data-action="add_members"' not in page.content.decode()
    refused = "Add members : Changing the members of a mapped group is not possible here while SCIM is on"
    assert refused in text_of(page)
    before = everything()
    mia = make_user("mia")
    response = client.post(address("group_add_members", group.pk), {"users": [mia.pk]})
    assert response.status_code == 403
    assert members_of(group) == {"ada", "bob"}
    assert len(everything()["identity.AuditEvent"]) == len(before["identity.AuditEvent"])


def test_with_scim_off_members_of_a_mapped_group_can_be_changed() -> None:
    group = mapped_group()
    set_mode(scim=False)
    client = as_administrator()
    client.post(address("group_add_members", group.pk), {"users": [make_user("mia").pk]})
    assert members_of(group) == {"ada", "bob", "mia"}


def test_a_name_that_shows_nothing_is_refused_beside_the_field() -> None:
    client = as_administrator()
    invisible = {"name": "\u200b", "owner": make_user("mia").username, "kind": "other"}
    for page in ("group_add", "asset_add", "identityprovider_add"):
        answer = client.post(address(page), invisible)
        assert answer.status_code == 400
        assert "name shows nothing." in text_of(answer)
    assert not Group.objects.exists()


def test_a_group_is_created_described_and_renamed() -> None:
    client = as_administrator()
    client.post(address("group_add"), {"name": "Builders", "description": "They build"})
    group = Group.objects.get(name="Builders")
    answer = client.post(address("group_edit", group.pk), {"name": "Makers", "description": "They make"}, follow=True)
    assert messages_of(answer)[-1] == "The group was saved."
    group.refresh_from_db()
    assert (group.name, group.description) == ("Makers", "They make")


def test_a_taken_name_is_refused_in_words() -> None:
    make_group("Builders")
    answer = as_administrator().post(address("group_add"), {"name": "BUILDERS", "description": ""})
    assert answer.status_code == 409
    assert "There is a group named BUILDERS already." in text_of(answer)


def test_add_members_finds_people_by_name_and_offers_only_those_who_are_not_members() -> None:
    mia, max_ = make_user("mia"), make_user("max")
    group = make_group("Builders", mia)
    page = as_administrator().get(address("group_add_members", group.pk, q="m"))
    assert f'name="users" value="{max_.pk}">' in page.content.decode()
    assert f'name="users" value="{mia.pk}" disabled>' in page.content.decode()
    assert "mia@example.test Here already" in text_of(page)


def test_adding_nobody_is_refused_in_words() -> None:
    answer = as_administrator().post(address("group_add_members", make_group().pk), {})
    assert "Choose at least one person." in text_of(answer)


def test_a_member_is_removed_after_being_asked() -> None:
    mia = make_user("mia")
    group = make_group("Builders", mia)
    client = as_administrator()
    url = address("group_remove_member", group.pk, user=mia.pk)
    assert "Remove mia from Builders?" in text_of(client.get(url))
    assert members_of(group) == {"mia"}
    client.post(url)
    assert members_of(group) == set()


@pytest.mark.parametrize("user", ["", "x", "999999", "99999999999999999999"])
def test_removing_somebody_who_does_not_exist_is_404(user: str) -> None:
    group = make_group()
    assert as_administrator().get(address("group_remove_member", group.pk, user=user)).status_code == 404


def test_r18_deleting_a_group_says_what_happens_and_keeps_the_sso_group() -> None:
    group = mapped_group()
    client = as_administrator()
    asked = text_of(client.get(address("group_delete", group.pk)))
    assert "2 people leave the group" in asked
    assert "The mapping of SSO group Engineering (Okta) goes." in asked
    client.post(address("group_delete", group.pk))
    assert not Group.objects.exists()
    assert not GroupMapping.objects.exists()
    assert SSOGroup.objects.get().display_name == "Engineering"


def test_get_changes_nothing() -> None:
    mia = make_user("mia")
    group = make_group("Builders", mia)
    client = as_administrator()
    before = everything()
    for page in ("group_change", "group_edit", "group_add_members", "group_delete", "group_map_from"):
        assert client.get(address(page, group.pk)).status_code == 200
    client.get(address("group_remove_member", group.pk, user=mia.pk))
    client.get(address("group_add"))
    assert everything() == before


def test_members_come_in_pages_and_are_searched() -> None:
    group = make_group("Builders", *[make_user(f"user{number:03}") for number in range(60)])
    client = as_administrator()
    first = text_of(client.get(address("group_change", group.pk)))
    assert "user049" in first
    assert "user050" not in first
    assert "user050" in text_of(client.get(address("group_change", group.pk, p=2)))
    found = text_of(client.get(address("group_change", group.pk, q="user059")))
    assert "user059" in found
    assert "user001" not in found


@pytest.mark.parametrize("page", ["group_changelist", "group_add"])
def test_support_sees_no_groups(page: str) -> None:
    assert signed_in(make_support()).get(address(page)).status_code == 403


def test_members_are_sent_away() -> None:
    group = make_group()
    client = signed_in(make_user("mia"))
    assert client.get(address("group_change", group.pk)).status_code == 302
    assert client.post(address("group_delete", group.pk)).status_code == 302
    assert Group.objects.filter(pk=group.pk).exists()


def test_support_can_post_nothing() -> None:
    mia = make_user("mia")
    group = make_group("Builders", mia)
    client = signed_in(make_support())
    for page in ("group_edit", "group_delete", "group_add_members"):
        assert client.post(address(page, group.pk), {"name": "x", "users": [mia.pk]}).status_code == 403
    assert client.post(address("group_remove_member", group.pk, user=mia.pk)).status_code == 403
    assert Membership.objects.count() == 1


@pytest.mark.parametrize("value", ["99999999999999999999999", "-1", "x", "1' OR 1=1", "\0"])
def test_nonsense_in_an_address_or_a_form_is_never_a_server_error(value: str) -> None:
    group = make_group("Builders", make_user("mia"))
    client = as_administrator()
    assert client.get(f"/admin/identity/group/{quote(value)}/change/").status_code in {302, 404}
    assert client.post(address("group_add_members", group.pk), {"users": [value]}).status_code == 200
    for parameter in ("q", "p", "mapping"):
        for page in (address("group_changelist"), address("group_change", group.pk)):
            assert client.get(page, {parameter: value}).status_code < 500
    assert client.get(address("group_add_members", group.pk), {"q": value}).status_code == 200
    assert client.get(address("group_map_from", group.pk), {"q": value}).status_code == 200
    assert client.post(address("group_map_from", group.pk), {"q": value}).status_code == 405


def test_a_search_in_a_very_large_group_says_when_it_looked_for_some_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.admin.groups.groups.MOST_SORTED", 2)
    group = make_group("Everybody", *(make_user(name) for name in ("max", "mia", "moe", "zoe")))
    client = as_administrator()
    assert "type more of the name" in text_of(client.get(address("group_change", group.pk, q="m")))
    found = text_of(client.get(address("group_change", group.pk, q="mi")))
    assert "Remove mia" in found
    assert "type more of the name" not in found


def test_the_last_page_of_very_many_members_says_that_a_search_finds_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.admin.frame.parts.ROWS_ON_A_PAGE", 1)
    monkeypatch.setattr("portal.admin.frame.parts.MOST_PAGES", 2)
    group = make_group("Everybody", *(make_user(name) for name in ("max", "mia", "moe")))
    client = as_administrator()
    first, last = (text_of(client.get(address("group_change", group.pk, p=number))) for number in (1, 999_999))
    assert "Page 1 Next" in first
    assert "Previous Page 2 There are more: search for a name to find them." in last
    assert "Remove mia" in last


@pytest.mark.parametrize(("most", "is_offered"), [(3, True), (2, False)])
def test_groups_are_sorted_by_members_where_these_are_soon_counted(
    most: int, is_offered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.admin.groups.sized_lists.MOST", most)
    monkeypatch.setattr("portal.admin.groups.sized_lists.MOST_IN_A_LIST", 1)
    mia, max_ = make_user("mia"), make_user("max")
    make_group("Adders", mia)
    make_group("Builders", mia, max_)
    page = as_administrator().get(address("group_changelist", o="-1"))
    assert page.context["cl"].result_list[0].name == ("Builders" if is_offered else "Adders")
    assert ('href="?o=1' in page.content.decode()) is is_offered
    assert ("more than 1" in text_of(page)) is not is_offered
