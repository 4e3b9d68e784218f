"""How much of a mapping has arrived, who would leave, and who left (R15, R17)."""

import pytest

from identity.models import AuditEvent, Group, ProvisioningLog, SSOGroup, SSOUser, User
from identity.services import groups
from portal.admin.groups import groups as groups_page
from portal.admin.groups import idp_side, mappings
from tests.factories import (
    OPERATOR,
    change_members,
    delete_sso_group,
    exactly,
    make_group,
    make_idp,
    make_support,
    map_group,
    provision,
    push_group,
    resend,
    set_mode,
)
from tests.portal.admin_pages import address, text_of
from tests.sessions import as_administrator, signed_in
from tests.statements import Most, same_for_many_rows

pytestmark = pytest.mark.django_db


def engineers() -> tuple[SSOGroup, Group]:
    """Three people through one SSO group, one of them disabled, and one through another as well."""
    idp = make_idp()
    ada, bob, eve = (provision(idp, name) for name in ("ada", "bob", "eve"))
    resend(eve, "eve", active=False)
    first, second = push_group(idp, "Engineering", ada, bob, eve), push_group(idp, "On call", bob)
    group = make_group("Engineers")
    map_group(first, group)
    map_group(second, group)
    return first, group


def test_each_mapping_says_what_was_pushed_applied_and_disabled() -> None:
    sso_group, group = engineers()
    client = as_administrator()
    listed = text_of(client.get(address("groupmapping_changelist")))
    assert "Pushed Applied Disabled Leave if it is deleted" in listed
    assert "Engineering Engineers Okta 3 3 1 2" in listed
    assert "On call Engineers Okta 1 1 0 0" in listed
    page = text_of(client.get(address("group_change", group.pk)))
    assert "Engineering Okta 3 3 Complete 1" in page
    assert "On call Okta 1 1 Complete 0" in page
    page = text_of(client.get(address("ssogroup_change", sso_group.pk)))
    assert "Engineers 3 3 1" in page


def test_who_would_leave_stands_on_both_pages() -> None:
    """Bob stays: another SSO group brings him too."""
    sso_group, group = engineers()
    client = as_administrator()
    page = text_of(client.get(address("ssogroup_change", sso_group.pk)))
    assert "If Okta deletes this SSO group, 2 people leave Engineers; delete the mapping first to keep them." in page
    page = text_of(client.get(address("group_change", group.pk)))
    assert "deletes SSO group Engineering, 2 people leave" in page
    assert "deletes SSO group On call, 0 people leave" in page


def test_the_log_of_a_destructive_sync_lists_who_left() -> None:
    sso_group, _ = engineers()
    delete_sso_group(sso_group)
    client = as_administrator()
    entry = ProvisioningLog.objects.latest("pk")
    answer = client.get(address("provisioninglog_change", entry.pk))
    page = text_of(answer)
    assert "Who moved: 2 left, 0 joined" in page
    assert "ada ada left Engineers eve eve left Engineers" in page
    url = address("auditevent_moved", entry.details["event"])
    assert f'href="{url}"' in answer.content.decode()
    lines = b"".join(client.get(url).streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert [line.split(",")[:2] for line in lines] == [
        ['"Moved"', '"Username"'],
        ['"left"', '"ada"'],
        ['"left"', '"eve"'],
    ]


def test_the_audit_event_of_a_mapping_lists_who_joined() -> None:
    engineers()
    event = AuditEvent.objects.filter(action="group_mapping.created").earliest("pk")
    page = text_of(as_administrator().get(address("auditevent_change", event.pk)))
    assert "Who moved: 0 left, 3 joined" in page


def test_people_who_are_gone_are_told_by_number_and_formulas_are_defused() -> None:
    idp = make_idp()
    sso_group = push_group(idp, "Engineering", provision(idp, "=cmd"), provision(idp, "bob"))
    map_group(sso_group, make_group("Engineers"))
    change_members(sso_group, exactly())
    bob = User.objects.get(username="bob")
    number = bob.pk
    SSOUser.objects.filter(user=bob).delete()
    bob.delete()
    event = ProvisioningLog.objects.latest("pk").details["event"]
    client = as_administrator()
    lines = b"".join(client.get(address("auditevent_moved", event)).streaming_content).decode()  # type: ignore[attr-defined]
    assert '"left","\'=cmd"' in lines
    assert f'"left","","user {number} (deleted)"' in lines


def test_what_is_missing_shows_in_the_list_and_on_the_page() -> None:
    """SCIM was off when Ada was taken out by hand; it is on again, and the identity provider has not sent since."""
    sso_group, group = engineers()
    set_mode(scim=False)
    groups.remove_members(group, [User.objects.get(username="ada")], actor=OPERATOR)
    set_mode(scim=True)
    client = as_administrator()
    assert "Engineering Engineers Okta 3 2 Incomplete" in text_of(client.get(address("groupmapping_changelist")))
    page = text_of(client.get(address("group_change", group.pk)))
    assert "Engineering Okta 3 2 Incomplete 1" in page
    why = "Not everyone pushed by Okta is in Engineers: it was changed while SCIM was off."
    assert why in page
    assert why in text_of(client.get(address("ssogroup_change", sso_group.pk)))


def test_very_many_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = ((mappings, "MOST_IN_A_LIST"), (mappings, "MOST_COUNTED_IN_A_LIST"))
    for module, name in (*limits, (groups_page, "MOST_ON_A_PAGE"), (idp_side, "MOST_ON_A_PAGE")):
        monkeypatch.setattr(module, name, 2)
    sso_group, group = engineers()
    client = as_administrator()
    assert "Okta more than 2 not counted not counted not counted" in text_of(
        client.get(address("groupmapping_changelist"))
    )
    for page in (address("group_change", group.pk), address("ssogroup_change", sso_group.pk)):
        assert "everyone it alone brought leaves" in text_of(client.get(page))


def test_the_list_is_saved_with_its_counts() -> None:
    engineers()
    answer = as_administrator().get("/admin/identity/groupmapping/export.csv")
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert '"Engineering","Engineers","Okta","3","3","1","2"' in lines[2]


def test_only_administrators_read_who_moved() -> None:
    engineers()
    event = AuditEvent.objects.filter(action="group_mapping.created").earliest("pk")
    assert signed_in(make_support()).get(address("auditevent_moved", event.pk)).status_code == 403
    assert as_administrator().get(address("auditevent_moved", 999_999)).status_code == 404


def test_the_pages_of_groups_cost_the_same_for_few_mappings_and_for_many() -> None:
    sso_group, group = engineers()
    client = as_administrator()
    asks = [
        lambda: client.get(address("group_change", group.pk)),
        lambda: client.get(address("ssogroup_change", sso_group.pk)),
    ]

    def row(number: int) -> None:
        map_group(push_group(sso_group.identity_provider, f"More {number}"), group)
        map_group(sso_group, make_group(f"More {number}"))

    same_for_many_rows(asks, row, Most.PAGE)
