"""SSO groups and their mappings: choose, preview, apply (R14-R19)."""

import csv
from typing import Any

import pytest

from identity.models import Group, GroupMapping, SSOGroup
from identity.services import groups
from tests.factories import (
    OPERATOR,
    adding,
    change_members,
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
from tests.portal.admin_pages import address, hidden, messages_of, text_of
from tests.sessions import as_administrator, signed_in
from tests.statements import MANY, Most, same_for_many_rows

pytestmark = pytest.mark.django_db


def test_the_list_tells_mapped_unmapped_and_declared_apart() -> None:
    idp = make_idp()
    map_group(push_group(idp, "Engineering"), make_group("Builders"))
    push_group(idp, "Sales")
    client = as_administrator()
    client.post(address("ssogroup_declare"), {"identity_provider": idp.pk, "name": "Legal"})
    page = text_of(client.get(address("ssogroup_changelist")))
    assert "Engineering Mapped Builders Okta" in page
    assert "Legal Declared – Okta" in page
    assert "Sales Unmapped – Okta" in page


@pytest.mark.parametrize(
    ("state", "shown"), [("mapped", {"Engineering"}), ("unmapped", {"Sales"}), ("declared", set())]
)
def test_the_list_is_filtered_by_state(state: str, shown: set[str]) -> None:
    idp = make_idp()
    map_group(push_group(idp, "Engineering"), make_group("Builders"))
    push_group(idp, "Sales")
    page = text_of(as_administrator().get(address("ssogroup_changelist", state=state)))
    assert {name for name in ("Engineering", "Sales") if name in page} == shown


def test_the_detail_shows_sso_users_with_their_portal_users() -> None:
    idp = make_idp()
    sso_group = push_group(idp, "Engineering", provision(idp, "ada", first_name="Ada", last_name="L"))
    page = text_of(as_administrator().get(address("ssogroup_change", sso_group.pk)))
    assert "ada Ada L Enabled" in page
    assert "no portal group follows it" in page


def test_r15_mapping_shows_who_joins_and_leaves_then_applies() -> None:
    idp = make_idp()
    sso_group = push_group(idp, "Engineering", provision(idp, "ada"))
    group = make_group("Builders", make_user("mia"))
    client = as_administrator()
    chosen = client.post(address("ssogroup_map", sso_group.pk), {"group": group.pk}, follow=True)
    page = text_of(chosen)
    assert "1 joins ada" in page
    assert "1 leaves mia" in page
    assert "0 stay" in page
    assert members_of(group) == {"mia"}
    url = address("ssogroup_apply_mapping", sso_group.pk, group=group.pk)
    done = client.post(url, {"fingerprint": hidden(chosen, "fingerprint")}, follow=True)
    assert messages_of(done) == ["SSO group Engineering now feeds the portal group Builders."]
    assert members_of(group) == {"ada"}


def test_a_preview_costs_the_same_statements_whoever_moves() -> None:
    idp, client = make_idp(), as_administrator()
    sso_group, group = push_group(idp, "Engineering"), make_group("Engineers")
    url = address("ssogroup_apply_mapping", sso_group.pk, group=group.pk)

    def row(number: int) -> None:
        change_members(sso_group, adding(provision(idp, f"user{number}")))
        groups.add_members(group, [make_user(f"mia{number}")], actor=OPERATOR)

    same_for_many_rows(lambda: client.get(url), row, Most.PAGE)
    assert f"{MANY} join" in text_of(client.get(url))


def test_r15_an_outdated_preview_is_refused_and_shown_anew() -> None:
    idp = make_idp()
    sso_group = push_group(idp, "Engineering", provision(idp, "ada"))
    group = make_group("Builders")
    client = as_administrator()
    url = address("ssogroup_apply_mapping", sso_group.pk, group=group.pk)
    seen = hidden(client.get(url), "fingerprint")
    change_members(sso_group, adding(provision(idp, "bob")))
    refused = client.post(url, {"fingerprint": seen})
    assert refused.status_code == 409
    assert "has changed since the preview" in text_of(refused)
    assert "2 join ada" in text_of(refused)
    assert members_of(group) == set()
    client.post(url, {"fingerprint": hidden(refused, "fingerprint")})
    assert members_of(group) == {"ada", "bob"}


def test_mapping_without_a_preview_is_refused() -> None:
    idp = make_idp()
    sso_group, group = push_group(idp, "Engineering", provision(idp, "ada")), make_group("Builders")
    url = address("ssogroup_apply_mapping", sso_group.pk, group=group.pk)
    answer = as_administrator().post(url, {})
    assert "The preview is missing" in text_of(answer)
    assert not GroupMapping.objects.exists()


def test_a_draft_of_a_new_group_makes_it_only_when_it_is_applied() -> None:
    idp = make_idp()
    sso_group = push_group(idp, "Engineering", provision(idp, "ada"))
    client = as_administrator()
    assert "Create a new group Engineering" in text_of(client.get(address("ssogroup_map", sso_group.pk)))
    before = everything()
    shown = client.post(address("ssogroup_map", sso_group.pk), {"group": "new"}, follow=True)
    assert "The portal group Engineering is made when you apply" in text_of(shown)
    assert "1 joins ada" in text_of(shown)
    assert everything() == before
    url = address("ssogroup_apply_mapping", sso_group.pk, group="new")
    done = client.post(url, {"fingerprint": hidden(shown, "fingerprint")}, follow=True)
    assert messages_of(done) == ["SSO group Engineering now feeds the portal group Engineering."]
    assert members_of(Group.objects.get()) == {"ada"}


def test_a_new_group_is_not_made_when_the_draft_is_outdated_or_the_name_is_taken() -> None:
    idp = make_idp()
    sso_group = push_group(idp, "Engineering", provision(idp, "ada"))
    client = as_administrator()
    url = address("ssogroup_apply_mapping", sso_group.pk, group="new")
    seen = hidden(client.get(url), "fingerprint")
    change_members(sso_group, adding(provision(idp, "bob")))
    assert "has changed since the preview" in text_of(client.post(url, {"fingerprint": seen}))
    assert not Group.objects.exists()
    make_group("Engineering")
    taken = client.post(url, {"fingerprint": hidden(client.get(url), "fingerprint")})
    assert "There is a group named Engineering already." in text_of(taken)
    assert not GroupMapping.objects.exists()


def test_a_draft_comes_as_csv_with_everybody_in_it() -> None:
    idp = make_idp()
    ada, bob = provision(idp, "ada"), provision(idp, "bob")
    sso_group = push_group(idp, "Engineering", ada, bob)
    group = make_group("Builders", ada.user, make_user("mia"))
    client = as_administrator()
    before = everything()
    page = client.get(address("ssogroup_apply_mapping", sso_group.pk, group=group.pk))
    url = address("ssogroup_apply_mapping_csv", sso_group.pk, group=group.pk)
    assert f'href="{url}"' in page.content.decode()
    assert csv_of(client.get(url)) == [
        ["Would", "Username"],
        ["leave", "mia"],
        ["join", "bob"],
        ["stay", "ada"],
    ]
    assert everything() == before
    assert client.post(url).status_code == 405


def test_what_deleting_a_mapping_would_do_comes_as_csv() -> None:
    idp = make_idp()
    ada, bob = provision(idp, "ada"), provision(idp, "bob")
    group = make_group("Builders")
    mapping = map_group(push_group(idp, "First", ada), group)
    map_group(push_group(idp, "Second", bob), group)
    url = address("groupmapping_unmap_csv", mapping.pk)
    assert csv_of(as_administrator().get(url)) == [["Would", "Username"], ["leave", "ada"], ["stay", "bob"]]
    assert signed_in(make_support()).get(url).status_code == 403


def csv_of(answer: Any) -> list[list[str]]:
    """The first two cells of each line."""
    lines = b"".join(answer.streaming_content).decode().splitlines()
    return [row[:2] for row in csv.reader(lines)]


def test_with_scim_off_the_preview_says_that_nobody_moves() -> None:
    idp = make_idp()
    sso_group, group = push_group(idp, "Engineering", provision(idp, "ada")), make_group("Builders")
    set_mode(scim=False)
    page = as_administrator().get(address("ssogroup_apply_mapping", sso_group.pk, group=group.pk))
    assert "SCIM is off, so memberships don't change now" in text_of(page)


def test_r17_deleting_the_last_mapping_keeps_the_members() -> None:
    idp = make_idp()
    group = make_group("Builders")
    mapping = map_group(push_group(idp, "Engineering", provision(idp, "ada")), group)
    client = as_administrator()
    url = address("groupmapping_unmap", mapping.pk)
    asked = client.get(url)
    assert "all its members stay" in text_of(asked)
    client.post(url, {"fingerprint": hidden(asked, "fingerprint")})
    assert not GroupMapping.objects.exists()
    assert members_of(group) == {"ada"}


def test_r17_deleting_one_of_several_mappings_shows_who_leaves() -> None:
    idp = make_idp()
    ada, bob = provision(idp, "ada"), provision(idp, "bob")
    group = make_group("Builders")
    mapping = map_group(push_group(idp, "Engineering", ada), group)
    map_group(push_group(idp, "Sales", bob), group)
    client = as_administrator()
    url = address("groupmapping_unmap", mapping.pk)
    asked = client.get(url)
    assert "1 leaves ada" in text_of(asked)
    client.post(url, {"fingerprint": hidden(asked, "fingerprint")})
    assert members_of(group) == {"bob"}


def test_without_an_identity_provider_there_is_nothing_to_declare_for() -> None:
    page = text_of(as_administrator().get(address("ssogroup_declare")))
    assert "Add an identity provider first" in page
    assert "Exactly as the identity provider will push it" not in page


def test_r19_a_declared_group_can_be_mapped_and_withdrawn() -> None:
    idp = make_idp()
    client = as_administrator()
    client.post(address("ssogroup_declare"), {"identity_provider": idp.pk, "name": "Legal"})
    declared = SSOGroup.objects.get()
    page = text_of(client.get(address("ssogroup_change", declared.pk)))
    assert "Declared, not pushed yet" in page
    client.post(address("ssogroup_withdraw", declared.pk))
    assert not SSOGroup.objects.exists()


def test_a_pushed_group_offers_no_withdrawal_and_refuses_one() -> None:
    sso_group = push_group(make_idp(), "Engineering")
    client = as_administrator()
    assert "Withdraw" not in text_of(client.get(address("ssogroup_change", sso_group.pk)))
    assert client.post(address("ssogroup_withdraw", sso_group.pk)).status_code == 403
    assert SSOGroup.objects.exists()


def test_the_list_of_mappings_shows_how_much_has_arrived() -> None:
    idp = make_idp()
    map_group(push_group(idp, "Engineering", provision(idp, "ada")), make_group("Builders"))
    assert "Engineering Builders Okta 1 1" in text_of(as_administrator().get(address("groupmapping_changelist")))


def test_both_sides_of_an_sso_user_are_shown() -> None:
    sso_user = provision(make_idp(), "ada")
    page = text_of(as_administrator().get(address("ssouser_change", sso_user.pk)))
    assert "Username ada ada" in page
    assert "Status Active Enabled" in page


def test_get_changes_nothing() -> None:
    idp = make_idp()
    sso_group, group = push_group(idp, "Engineering", provision(idp, "ada")), make_group("Builders")
    mapping = map_group(push_group(idp, "Sales"), group)
    client = as_administrator()
    before = everything()
    client.get(address("ssogroup_declare"))
    client.get(address("ssogroup_map", sso_group.pk))
    client.get(address("ssogroup_apply_mapping", sso_group.pk, group=group.pk))
    client.get(address("ssogroup_withdraw", sso_group.pk))
    client.get(address("groupmapping_unmap", mapping.pk))
    assert everything() == before


def test_support_and_members_can_map_nothing() -> None:
    idp = make_idp()
    sso_group, group = push_group(idp, "Engineering"), make_group("Builders")
    url = address("ssogroup_apply_mapping", sso_group.pk, group=group.pk)
    assert signed_in(make_support()).post(url, {"fingerprint": "x"}).status_code == 403
    assert signed_in(make_user("mia")).post(url, {"fingerprint": "x"}).status_code == 302
    for page in ("ssogroup_changelist", "groupmapping_changelist", "ssouser_changelist"):
        assert signed_in(make_user(f"member-{page}")).get(address(page)).status_code == 302
    assert not GroupMapping.objects.exists()


@pytest.mark.parametrize("value", ["99999999999999999999999", "-1", "x", "\0", ""])
def test_nonsense_in_an_address_or_a_form_is_never_a_server_error(value: str) -> None:
    idp = make_idp()
    sso_group = push_group(idp, "Engineering", provision(idp, "ada"))
    client = as_administrator()
    assert client.post(address("ssogroup_map", sso_group.pk), {"group": value}).status_code < 500
    apply = address("ssogroup_apply_mapping", sso_group.pk)
    assert client.get(apply, {"group": value}).status_code == 404
    declare = client.post(address("ssogroup_declare"), {"identity_provider": value, "name": value})
    assert declare.status_code < 500
    for page in ("ssogroup", "ssouser", "groupmapping"):
        for parameter in ("q", "state", "active", "identity_provider__id__exact", "p", "o"):
            assert client.get(address(f"{page}_changelist"), {parameter: value}).status_code < 500
    assert client.get(address("ssogroup_change", sso_group.pk), {"q": value, "p": value}).status_code == 200
