"""The why-trail of a user: which request, mapping or person made it so."""

import re
from itertools import count

import pytest
from django.test import Client

from identity.core.actors import Person
from identity.core.errors import Conflicted
from identity.models import AuditEvent, Conflict, MembershipChange, ProvisioningLog, SSOGroup, Status, User
from identity.queries.why import SHOWN
from identity.services import groups, identity_providers, users
from identity.services.provisioning import conflicts
from tests.factories import (
    OPERATOR,
    adding,
    change_members,
    delete_sso_group,
    deprovision,
    exactly,
    make_administrator,
    make_asset,
    make_group,
    make_idp,
    make_support,
    make_user,
    map_group,
    provision,
    push_group,
    removing,
    resend,
    set_mode,
    unmap,
)
from tests.portal.admin_pages import address, text_of
from tests.sessions import as_administrator, signed_in
from tests.statements import Most, cost, same_for_many_rows

pytestmark = pytest.mark.django_db


def why(user: User, client: Client | None = None, **query: object) -> str:
    client = client or as_administrator()
    return text_of(client.get(address("user_why", user.pk), query))


def pushed() -> tuple[User, SSOGroup]:
    """Ada, in an SSO group Engineering that feeds the portal group Engineers."""
    idp = make_idp()
    ada = provision(idp, "ada")
    sso_group = push_group(idp, "Engineering")
    map_group(sso_group, make_group("Engineers"))
    change_members(sso_group, adding(ada))
    return ada.user, sso_group


def test_the_persons_page_leads_to_it() -> None:
    mia = make_user("mia")
    page = as_administrator().get(address("user_change", mia.pk)).content.decode()
    assert f'hx-get="{address("user_why", mia.pk)}"' in page
    assert f'href="{address("user_why", mia.pk)}"' in page


def test_it_tells_which_person_did_it() -> None:
    mia, client = make_user("mia"), as_administrator()
    make_asset(mia, "Wiki")
    client.post(address("user_disable", mia.pk))
    assert "Disabled status: enabled → disabled adam –" in why(mia, client)


def test_it_tells_which_request_did_it_and_links_the_log() -> None:
    sso_user = provision(make_idp(), "ada")
    resend(sso_user, "ada.king", active=False)
    client = as_administrator()
    page = client.get(address("user_why", sso_user.user_id))
    text = text_of(page)
    assert "userName: ada.king was not taken over, ada stays" in text
    assert "Disabled status: enabled → disabled Okta, token test token" in text
    for entry in ProvisioningLog.objects.all():
        assert f'href="{address("provisioninglog_change", entry.pk)}"' in page.content.decode()


def test_a_group_push_is_in_the_trail_of_everybody_it_moved() -> None:
    ada, sso_group = pushed()
    change_members(sso_group, removing(ada.sso_user))
    page = as_administrator().get(address("user_why", ada.pk))
    text = text_of(page)
    words = "The identity provider changed the members of the SSO group Engineering"
    assert f"{words} left Engineers Okta, token test token POST Group" in text
    assert f"{words} joined Engineers Okta, token test token POST Group" in text
    for entry in ProvisioningLog.objects.filter(resource_type="Group", details__has_key="event"):
        assert f'href="{address("provisioninglog_change", entry.pk)}"' in page.content.decode()


def test_mapping_and_unmapping_are_in_it() -> None:
    idp, builders = make_idp(), make_group("Builders")
    ada, mia = provision(idp, "ada"), make_user("mia")
    groups.add_members(builders, [mia], actor=OPERATOR)
    first, second = push_group(idp, "First", ada), push_group(idp, "Second")
    mapping = map_group(first, builders)
    map_group(second, builders)
    assert "The SSO group First was mapped to it Builders joined Builders manage.py test" in why(ada.user)
    assert "The SSO group First was mapped to it Builders left Builders manage.py test" in why(
        mia, signed_in(make_user("ann", role="administrator"))
    )
    unmap(mapping)
    assert "The mapping of the SSO group First to it was deleted Builders left Builders" in why(
        ada.user, signed_in(User.objects.get(username="ann"))
    )


def test_who_did_it_is_a_link_to_the_person() -> None:
    mia, adam = make_user("mia"), make_administrator()
    readers = make_group("Readers")
    groups.add_members(readers, [mia], actor=Person(adam))
    client = signed_in(adam)
    link = f'<a href="{address("user_change", adam.pk)}">adam</a>'
    assert link in client.get(address("user_why", mia.pk)).content.decode()
    for page in (address("user_change", mia.pk), address("group_change", readers.pk)):
        assert f"Added by {link}" in client.get(page).content.decode()


def test_what_was_decided_about_a_conflict_is_in_it_in_words() -> None:
    mia, idp = make_user("mia"), make_idp()
    with pytest.raises(Conflicted):
        provision(idp, "mia", "other@example.test")
    conflicts.link_conflict(Conflict.objects.get(), actor=OPERATOR)
    provision(idp, "mia", "other@example.test")
    text = why(mia)
    assert "Link approved Same username, another email manage.py test" in text
    assert "Linked to the identity provider, as approved" in text


def test_a_deleted_sso_group_and_a_deleted_group_are_in_it() -> None:
    ada, sso_group = pushed()
    delete_sso_group(sso_group)
    client = as_administrator()
    assert "The identity provider deleted the SSO group Engineering left Engineers" in why(ada, client)
    readers = make_group("Readers", ada)
    groups.delete_group(readers, actor=OPERATOR)
    assert "The group Readers was deleted left Readers" in why(ada, client)


def test_leaving_the_idp_is_in_it() -> None:
    ada, _ = pushed()
    deprovision(ada.sso_user)
    assert "Removed by the identity provider left Engineers" in why(ada)


def test_following_the_idp_again_is_in_it() -> None:
    ada, _ = pushed()
    set_mode(scim=False)
    groups.remove_members(ada.portal_groups.get(), [ada], actor=OPERATOR)
    set_mode(scim=True, follow_idp=True)
    assert "SCIM was switched on, and the portal followed the identity provider joined Engineers" in why(ada)


def test_an_idp_taken_off_the_portal_is_in_it() -> None:
    """The group goes on following the other identity provider, which never brought Ada."""
    ada, sso_group = pushed()
    other = make_idp("Entra")
    map_group(push_group(other, "Engineering"), sso_group.mappings.get().group)
    identity_providers.delete_identity_provider(sso_group.identity_provider, actor=OPERATOR)
    assert "The identity provider Okta was taken off the portal left Engineers" in why(ada)


def test_sign_ins_are_left_to_the_audit_log() -> None:
    mia = make_user("mia")
    users.record_login(mia, method="password", actor=OPERATOR)
    text = why(mia)
    assert "method: password" not in text
    assert "All events, sign-ins too" in text


def test_every_entry_is_reached_page_by_page() -> None:
    mia = make_user("mia")
    for _ in range(SHOWN + 3):
        users.disable_user(mia, actor=OPERATOR)
        users.enable_user(mia, actor=OPERATOR)
    client = as_administrator()
    seen, address_ = set[int](), address("user_why", mia.pk)
    while address_:
        page = client.get(address_).content.decode()
        seen.update(int(pk) for pk in re.findall(r"/auditevent/(\d+)/change/", page))
        found = re.search(r'rel="next" href="([^"]+)"', page)
        address_ = found[1] if found else ""
    assert seen == set(AuditEvent.objects.filter(user_id=mia.pk).values_list("pk", flat=True))


def test_it_costs_the_same_however_much_happened() -> None:
    ada, sso_group = pushed()
    client, names = as_administrator(), count()
    url = address("user_why", ada.pk)

    def happens(number: int) -> None:
        """Something by the identity provider, by an operator and by the administrator."""
        change_members(sso_group, exactly())
        change_members(sso_group, exactly(ada.sso_user))
        user = User.objects.get(pk=ada.pk)
        users.edit_profile(user, first_name="A", last_name=f"{next(names)}", email=user.email, actor=OPERATOR)
        client.post(address("user_edit_profile", ada.pk), {"first_name": "B", "last_name": f"{next(names)}"})
        client.get(url)  # takes the message of the edit along

    same_for_many_rows(lambda: client.get(url), happens, Most.PAGE)
    part = cost(lambda: client.get(url, headers={"HX-Request": "true"}), Most.PAGE)
    assert len(part) < len(cost(lambda: client.get(url), Most.PAGE))
    assert AuditEvent.objects.filter(user_id=ada.pk).count() > SHOWN


def test_nothing_is_noted_twice_and_nothing_that_did_not_happen() -> None:
    ada, sso_group = pushed()
    change_members(sso_group, adding(ada.sso_user))
    assert list(MembershipChange.objects.values_list("user_id", "joined")) == [(ada.pk, True)]


def test_a_user_without_history_and_nonsense_in_the_address() -> None:
    mia, client = make_user("mia", status=Status.DISABLED), as_administrator()
    for before in ("x", "-1", "9" * 30):
        assert "Nothing is recorded." in why(mia, client, before=before)
    assert client.get(address("user_why", 999_999)).status_code == 404


def test_support_and_members_are_refused() -> None:
    mia = make_user("mia")
    assert signed_in(make_support()).get(address("user_why", mia.pk)).status_code == 403
    assert signed_in(mia).get(address("user_why", mia.pk)).status_code == 302
