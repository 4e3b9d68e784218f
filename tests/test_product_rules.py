"""The rules of docs/design/rules.md, each a sentence, told through the front doors.

The IdP speaks SCIM over HTTP, people use the portal's pages, administrators its services (their pages call
the same ones, see tests/portal).
"""

import re
import uuid
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from identity.core.actors import Operator, Person, Schedule
from identity.core.errors import Outdated, Refused
from identity.models import (
    AuditEvent,
    Conflict,
    DeletionRecord,
    Group,
    GroupMapping,
    Invitation,
    Membership,
    ProviderSilence,
    ProvisioningLog,
    Role,
    SCIMToken,
    SSOGroup,
    SSOUser,
    Status,
    TurnedAway,
    User,
)
from identity.models.sso import told_otherwise
from identity.queries.drift import drifts
from identity.services import (
    brakes,
    deletion,
    groups,
    identity_providers,
    invitations,
    mappings,
    modes,
    notices,
    scim_tokens,
    scim_trusts,
    users,
)
from identity.services.provisioning import conflicts
from identity.services.provisioning import groups as sso_groups
from portal.schedule.alarms import look
from tests import clock
from tests.clients import IdP, new_idp, owners_caller, problem
from tests.factories import (
    OPERATOR,
    PASSWORD,
    administrator,
    make_asset,
    make_break_glass,
    make_group,
    make_owner,
    make_user,
    map_group,
    members_of,
    owner,
    set_mode,
    sign_in_by_sso,
    support,
    unmap,
)
from tests.oauth.workloads import Workload, trust_of
from tests.portal.admin_pages import address, text_of
from tests.portal.second_steps import FIRST, set_up
from tests.portal.shell import refusal, run
from tests.scim.helpers import CORE_USER, PORTAL_GROUP, PORTAL_USER, Document, member_ids
from tests.sessions import as_administrator, is_in, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def idp() -> IdP:
    return new_idp("Okta")


def ada(**changes: Any) -> Document:
    """What the IdP sends of Ada."""
    body = {
        "schemas": [CORE_USER],
        "userName": "ada",
        "externalId": "00U1",
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
        "emails": [{"value": "ada@example.test", "type": "work", "primary": True}],
        "active": True,
    }
    return {name: value for name, value in {**body, **changes}.items() if value is not None}


def email(address: str) -> list[Document]:
    return [{"value": address, "type": "work", "primary": True}]


def post(idp: IdP, **changes: Any) -> Document:
    """Ada, created; the answer's body."""
    answer = idp.post("/Users", ada(**changes))
    assert answer.status_code == 201, answer.content
    return answer.json()


def refused(answer: Any) -> tuple[int, str | None]:
    return problem(answer)


def portal(username: str = "ada") -> User:
    return User.objects.get(username=username)


def sso_group(group: Document) -> SSOGroup:
    return SSOGroup.objects.get(scim_id=group["id"])


def mapped(idp: IdP, *members: Document) -> tuple[Document, Group]:
    """The SSO group Engineering with these members, mapped to the portal group Builders."""
    pushed, group = idp.group("Engineering", members), make_group("Builders")
    map_group(sso_group(pushed), group)
    return pushed, group


def signs_in(username: str, password: str = PASSWORD) -> bool:
    """Does the login page let this person in?"""
    client = Client()
    answer = sign_in(username, password, client=client)
    if answer.headers.get("Location") == FIRST:
        set_up(client, FIRST)  # a break-glass account's second step
    return is_in(client)


# --- users ------------------------------------------------------------------------------------------------


def test_r1_a_scim_post_creates_the_user_at_once(idp: IdP) -> None:
    answer = post(idp, password="hunter2 hunter2 hunter2")
    user = portal()
    assert (user.username, user.email, user.first_name, user.last_name) == (
        "ada",
        "ada@example.test",
        "Ada",
        "Lovelace",
    )
    assert (user.status, user.is_active, user.last_active) == (Status.ENABLED, True, None)
    assert answer["id"] == str(user.sso_user.scim_id)
    assert answer[PORTAL_USER] == {"username": "ada", "email": "ada@example.test", "status": "enabled"}
    assert "password" not in answer


def test_r1_who_was_created_by_an_idp_has_no_password(idp: IdP) -> None:
    post(idp, password=PASSWORD)
    assert not portal().has_usable_password()
    assert not signs_in("ada")


def test_r2_a_later_username_and_email_stay_on_the_idps_side(idp: IdP) -> None:
    created = post(idp)
    changed = ada(userName="countess", emails=email("countess@example.test"), name={"givenName": "Augusta"})
    answer = idp.put(f"/Users/{created['id']}", changed)
    assert answer.status_code == 200
    assert answer.json()["userName"] == "countess"
    assert answer.json()["emails"][0]["value"] == "countess@example.test"
    assert answer.json()[PORTAL_USER]["username"] == "ada"
    user = portal()
    assert (user.email, user.first_name) == ("ada@example.test", "Augusta")
    row = ProvisioningLog.objects.latest("id")
    assert row.details["ignored"] == {
        "userName": {"from": "ada", "to": "countess"},
        "email": {"from": "ada@example.test", "to": "countess@example.test"},
    }
    assert idp.found('userName eq "countess"') == ["countess"]
    assert idp.found('userName eq "ada"') == []


def test_r2_an_email_that_was_missing_is_taken_when_it_first_arrives(idp: IdP) -> None:
    created = post(idp, emails=None)
    assert portal().email is None
    idp.patch(f"/Users/{created['id']}", {"op": "add", "path": "emails", "value": email("a@example.test")})
    assert portal().email == "a@example.test"
    idp.patch(f"/Users/{created['id']}", {"op": "replace", "path": "emails", "value": email("b@example.test")})
    assert portal().email == "a@example.test"


def test_r2_a_later_username_competes_with_the_live_records_of_this_idp_only(idp: IdP) -> None:
    created = post(idp)
    make_user("grace")
    post(idp, userName="joan", emails=email("joan@example.test"))
    rename = {"op": "replace", "value": {"userName": "JOAN", "title": "Dr"}}
    assert refused(idp.patch(f"/Users/{created['id']}", rename)) == (409, "uniqueness")
    stored = idp.get(f"/Users/{created['id']}").json()
    assert (stored["userName"], stored.get("title")) == ("ada", None)
    answer = idp.put(f"/Users/{created['id']}", ada(userName="grace"))
    assert (answer.status_code, answer.json()["userName"]) == (200, "grace")
    assert answer.json()[PORTAL_USER]["username"] == "ada"


def test_r2_a_request_that_results_in_inactive_always_deactivates(idp: IdP) -> None:
    created = post(idp)
    post(idp, userName="grace", emails=email("grace@example.test"))
    answer = idp.put(f"/Users/{created['id']}", ada(userName="grace", active=False))
    assert answer.status_code == 200
    assert (answer.json()["userName"], answer.json()["active"]) == ("ada", False)
    assert portal().status == Status.DISABLED
    row = ProvisioningLog.objects.latest("id")
    assert row.outcome == "partly"
    assert row.details["ignored"]["userName"] == {"from": "ada", "to": "grace"}


def test_r2_what_cant_be_taken_keeps_no_leaver_in(idp: IdP) -> None:
    created = post(idp)
    answer = idp.put(f"/Users/{created['id']}", ada(userName="x" * 256, externalId="y" * 256, active=False))
    assert (answer.status_code, answer.json()["active"]) == (200, False)
    assert portal().status == Status.DISABLED
    assert ProvisioningLog.objects.latest("id").outcome == "partly"


def test_r4_a_put_without_an_external_id_keeps_it(idp: IdP) -> None:
    created = post(idp, externalId="00U1")
    assert idp.put(f"/Users/{created['id']}", ada(externalId=None)).json()["externalId"] == "00U1"
    assert idp.found('externalId eq "00U1"') == ["ada"]
    assert "externalId" not in idp.put(f"/Users/{created['id']}", {**ada(), "externalId": None}).json()


def test_r3_a_username_is_permanent(idp: IdP) -> None:
    created = post(idp)
    idp.put(f"/Users/{created['id']}", ada(userName="countess"))
    users.edit_profile(portal(), first_name="A", last_name="L", email="ada@example.test", actor=administrator())
    assert User.objects.get(pk=portal().pk).username == "ada"


@pytest.mark.parametrize("column", ["username", "username_key"])
def test_r3_the_database_itself_keeps_a_username(column: str) -> None:
    make_user("ada")
    with pytest.raises(Exception, match="permanent"):
        User.objects.update(**{column: "eve"})


def test_r4_names_follow_every_later_change_over_an_administrators_edit(idp: IdP) -> None:
    created = post(idp)
    users.edit_profile(portal(), first_name="Edited", last_name="Here", email="ada@example.test", actor=administrator())
    idp.patch(f"/Users/{created['id']}", {"op": "replace", "path": "name.givenName", "value": "Augusta"})
    assert (portal().first_name, portal().last_name) == ("Augusta", "Here")


def test_r4_a_put_without_active_leaves_the_status(idp: IdP) -> None:
    created = post(idp)
    idp.put(f"/Users/{created['id']}", ada(active=False))
    answer = idp.put(f"/Users/{created['id']}", ada(active=None, title="Dr"))
    assert answer.json()["active"] is False
    assert portal().status == Status.DISABLED


def test_r4_only_a_put_that_takes_nothing_else_away_by_its_id_clears_the_external_id(idp: IdP) -> None:
    """Rauthy's way of letting people go where it may not delete; an update keeps it, as does an echo of our answer."""
    created = post(idp, externalId="00U1")
    path = f"/Users/{created['id']}"
    echo = {name: value for name, value in created.items() if name != "externalId"}
    unlinked = ada(id=created["id"], title="Dr", externalId=None)
    for kept in (ada(externalId=None), echo, unlinked):
        assert "externalId" not in kept
        assert idp.put(path, kept).json()["externalId"] == "00U1"
    assert "externalId" not in idp.put(path, unlinked).json()


def test_r5_the_same_username_and_email_adopt_the_user(idp: IdP) -> None:
    user = make_user("Ada")
    group, asset = make_group("Local", user), make_asset(user)
    post(idp, userName="ADA", emails=email("Ada@Example.test"))
    adopted = User.objects.get()
    assert (adopted.pk, adopted.username, adopted.role) == (user.pk, "Ada", Role.MEMBER)
    assert (members_of(group), list(adopted.assets.all())) == ({"Ada"}, [asset])
    assert AuditEvent.objects.filter(user_id=user.pk, action="user.adopted").count() == 1


def test_r5_a_pending_invitation_dies_and_the_status_is_enabled(idp: IdP) -> None:
    invitations.invite_user(username="ada", email="ada@example.test", actor=administrator())
    answer = post(idp)
    assert answer[PORTAL_USER]["status"] == "enabled"
    assert not Invitation.objects.exists()


def test_r5_an_idp_can_be_set_to_ask_first() -> None:
    make_user("ada")
    idp = new_idp("Careful", asks_before_adopting=True)
    assert refused(idp.post("/Users", ada())) == (409, "uniqueness")
    assert Conflict.objects.get().reason == Conflict.Reason.ASK_FIRST
    conflicts.link_conflict(Conflict.objects.get(), actor=administrator())
    post(idp)


def test_r6_the_same_username_with_another_email_is_a_conflict(idp: IdP) -> None:
    user = make_user("ada", email="other@example.test")
    before = User.objects.values().get()
    for _ in range(3):
        assert refused(idp.post("/Users", ada())) == (409, "uniqueness")
    assert User.objects.values().get() == before
    assert not SSOUser.objects.exists()
    conflict = Conflict.objects.get()
    assert (conflict.user, conflict.reason, conflict.tries) == (user, Conflict.Reason.OTHER_EMAIL, 3)
    assert ProvisioningLog.objects.filter(status=409, code="other_email").exists()


def test_r6_a_repeated_post_is_a_plain_409(idp: IdP) -> None:
    post(idp)
    assert refused(idp.post("/Users", ada())) == (409, "uniqueness")
    assert not Conflict.objects.exists()


def test_r6a_another_username_with_an_email_that_exists_is_a_conflict(idp: IdP) -> None:
    make_user("grace", email="ada@example.test")
    assert refused(idp.post("/Users", ada())) == (409, "uniqueness")
    assert Conflict.objects.get().reason == Conflict.Reason.OTHER_USERNAME


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        ({"role": Role.SUPPORT}, Conflict.Reason.PRIVILEGED),
        ({"role": Role.ADMINISTRATOR}, Conflict.Reason.PRIVILEGED),
        ({"role": Role.OWNER}, Conflict.Reason.PRIVILEGED),
        ({"status": Status.DISABLED}, Conflict.Reason.DISABLED_LOCAL),
    ],
)
def test_r6b_a_privileged_or_disabled_account_is_a_conflict(idp: IdP, account: Any, reason: str) -> None:
    make_user("ada", **account)
    assert refused(idp.post("/Users", ada())) == (409, "uniqueness")
    assert Conflict.objects.get().reason == reason


def test_r6b_an_account_of_another_idp_is_a_conflict(idp: IdP) -> None:
    post(new_idp("Entra"))
    assert refused(idp.post("/Users", ada())) == (409, "uniqueness")
    assert Conflict.objects.get().reason == Conflict.Reason.OTHER_PROVIDER


def test_r6b_a_break_glass_account_is_a_conflict_that_nobody_can_link(idp: IdP) -> None:
    make_break_glass("ada")
    assert refused(idp.post("/Users", ada())) == (409, "uniqueness")
    with pytest.raises(Refused):
        conflicts.link_conflict(Conflict.objects.get(), actor=owner())


def test_r7_a_newcomer_gets_a_username_of_their_own_after_a_rename_at_the_idp(idp: IdP) -> None:
    first = post(idp, externalId="00U1")
    idp.put(f"/Users/{first['id']}", ada(userName="countess", emails=email("countess@example.test")))
    newcomer = ada(externalId="00U2", name={"givenName": "Adele"}, emails=email("adele@example.test"))
    answer = idp.post("/Users", newcomer)
    assert refused(answer) == (409, "uniqueness")
    told = "userName ada is the permanent username of the portal user Ada Lovelace, whose userName at this identity"
    assert answer.json()["detail"].startswith(f"{told} provider is countess.")
    conflicts.give_own_username(Conflict.objects.get(), username="adele", actor=administrator())
    answer = idp.post("/Users", newcomer)
    assert (answer.status_code, answer.json()["userName"]) == (201, "ada")
    assert answer.json()[PORTAL_USER]["username"] == "adele"
    assert idp.found('userName eq "ada"') == ["ada"]
    assert idp.get(f"/Users/{first['id']}").json()[PORTAL_USER]["username"] == "ada"


def test_r7_link_lets_the_idps_next_try_through(idp: IdP) -> None:
    user = make_user("ada", email="other@example.test")
    idp.post("/Users", ada())
    conflicts.link_conflict(Conflict.objects.get(), actor=administrator())
    assert refused(idp.post("/Users", ada(externalId="00U2"))) == (409, "uniqueness")
    conflicts.link_conflict(Conflict.objects.get(), actor=administrator())
    answer = post(idp, externalId="00U2")
    assert answer[PORTAL_USER] == {"username": "ada", "email": "other@example.test", "status": "enabled"}
    assert SSOUser.objects.get().user == user


def test_r7_a_privileged_target_needs_an_owner_and_keeps_its_role(idp: IdP) -> None:
    make_user("ada", role=Role.ADMINISTRATOR)
    idp.post("/Users", ada())
    with pytest.raises(Refused):
        conflicts.link_conflict(Conflict.objects.get(), actor=administrator())
    conflicts.link_conflict(Conflict.objects.get(), actor=owner())
    post(idp)
    assert portal().role == Role.ADMINISTRATOR


def test_r7_move_lets_the_account_leave_its_other_idp_first(idp: IdP) -> None:
    entra = new_idp("Entra")
    old = post(entra)
    idp.post("/Users", ada())
    conflicts.move_conflict(Conflict.objects.get(), actor=administrator())
    assert refused(entra.get(f"/Users/{old['id']}")) == (404, None)
    post(idp)
    assert portal().managed_by == idp.provider


def test_r7_a_dismissed_conflict_reopens_when_the_idps_data_change(idp: IdP) -> None:
    make_user("ada", role=Role.SUPPORT)
    idp.post("/Users", ada())
    conflicts.dismiss_conflict(Conflict.objects.get(), actor=administrator())
    idp.post("/Users", ada())
    assert Conflict.objects.get().state == Conflict.State.DISMISSED
    idp.post("/Users", ada(emails=email("new@example.test")))
    assert Conflict.objects.get().state == Conflict.State.OPEN


@pytest.mark.parametrize("inactive", [False, "False", "false"])
def test_r8_inactive_disables_and_keeps_all_memberships(idp: IdP, inactive: object) -> None:
    created = post(idp)
    _, group = mapped(idp, created)
    local, asset = make_group("Local", portal()), make_asset(portal())
    answer = idp.patch(f"/Users/{created['id']}", {"op": "Replace", "path": "active", "value": inactive})
    assert answer.json()["active"] is False
    user = portal()
    assert (user.status, user.is_active) == (Status.DISABLED, False)
    assert (members_of(group), members_of(local), list(user.assets.all())) == ({"ada"}, {"ada"}, [asset])
    idp.patch(f"/Users/{created['id']}", {"op": "replace", "value": {"active": True}})
    assert (portal().pk, portal().status) == (user.pk, Status.ENABLED)


def test_r8_delete_disables_and_ends_memberships_of_mapped_groups(idp: IdP) -> None:
    created = post(idp)
    pushed, group = mapped(idp, created)
    local, asset = make_group("Local", portal()), make_asset(portal())
    assert idp.delete(f"/Users/{created['id']}").status_code == 204
    assert portal().status == Status.DISABLED
    assert (members_of(group), members_of(local), list(portal().assets.all())) == (set(), {"ada"}, [asset])
    assert member_ids(idp.get(f"/Groups/{pushed['id']}").json()) == []


def test_r9_after_delete_the_id_is_gone_and_a_new_post_revives_the_user(idp: IdP) -> None:
    created = post(idp)
    user, local = portal(), make_group("Local", portal())
    User.objects.update(role=Role.ADMINISTRATOR)
    idp.delete(f"/Users/{created['id']}")
    assert refused(idp.get(f"/Users/{created['id']}")) == (404, None)
    again = post(idp)
    assert again["id"] != created["id"]
    assert (portal().pk, portal().status, portal().role) == (user.pk, Status.ENABLED, Role.MEMBER)
    assert members_of(local) == {"ada"}


def test_r9_the_values_of_the_last_record_revive_too(idp: IdP) -> None:
    created = post(idp)
    moved_on = ada(userName="countess", emails=email("countess@example.test"))
    idp.put(f"/Users/{created['id']}", moved_on)
    idp.delete(f"/Users/{created['id']}")
    assert idp.post("/Users", moved_on).json()[PORTAL_USER]["username"] == "ada"


def test_r9_another_external_id_ends_memberships_and_alerts_administrators(
    idp: IdP, django_capture_on_commit_callbacks: Any
) -> None:
    administrator()
    created = post(idp)
    local = make_group("Local", portal())
    idp.delete(f"/Users/{created['id']}")
    with django_capture_on_commit_callbacks(execute=True):
        post(idp, externalId="00U2")
    assert members_of(local) == set()
    assert [message.to for message in mail.outbox] == [["adam@example.test"]]


@pytest.mark.parametrize("how", ["unassigned", "removed"])
def test_r9_renamed_while_unassigned_is_the_same_person_where_external_ids_identify(how: str) -> None:
    idp = new_idp("Okta", kind="okta")
    created = post(idp, externalId="00U1")
    make_group("Local", portal())
    if how == "removed":
        idp.delete(f"/Users/{created['id']}")
    else:
        idp.patch(f"/Users/{created['id']}", {"op": "replace", "value": {"active": False}})
    renamed = ada(userName="countess", emails=email("countess@example.test"), externalId="00U1")
    answer = idp.post("/Users", renamed)
    assert (answer.status_code, answer.json()["userName"], answer.json()["active"]) == (201, "countess", True)
    assert answer.json()[PORTAL_USER] == {"username": "ada", "email": "ada@example.test", "status": "enabled"}
    assert (answer.json()["id"] == created["id"]) == (how == "unassigned")
    assert User.objects.get().memberships.count() == 1
    assert idp.get(f"/Users/{answer.json()['id']}").json() == answer.json()
    assert idp.found('externalId eq "00U1"') == ["countess"]


def test_r9_an_active_record_of_the_same_external_id_is_a_conflict_that_can_be_linked() -> None:
    idp = new_idp("Okta", kind="okta")
    created = post(idp, externalId="00U1")
    renamed = ada(userName="countess", emails=email("countess@example.test"), externalId="00U1")
    answer = idp.post("/Users", renamed)
    assert refused(answer) == (409, "uniqueness")
    assert answer.json()["detail"].startswith("externalId 00U1 belongs to the portal user Ada Lovelace")
    conflicts.link_conflict(Conflict.objects.get(), actor=administrator())
    answer = idp.post("/Users", renamed)
    assert (answer.status_code, answer.json()["id"]) == (201, created["id"])
    assert User.objects.exclude(role=Role.ADMINISTRATOR).count() == 1


def test_r9_elsewhere_it_is_a_new_person_and_log_and_pages_say_that_the_id_is_shared() -> None:
    idp = new_idp("Entra", kind="entra")
    created = post(idp, externalId="nickname")
    idp.patch(f"/Users/{created['id']}", {"op": "replace", "value": {"active": False}})
    other = idp.post("/Users", ada(userName="countess", emails=email("c@example.test"), externalId="nickname")).json()
    assert other[PORTAL_USER]["username"] == "countess"
    row = ProvisioningLog.objects.latest("id")
    assert "The externalId is shared with another user" in row.summary
    client = as_administrator()
    old, new = (SSOUser.objects.get(scim_id=one["id"]) for one in (created, other))
    for one, shared_with in ((old, "countess"), (new, "ada")):
        for page in (address("user_change", one.user_id), address("ssouser_change", one.pk)):
            assert f"External ID shared with Ada Lovelace ({shared_with})" in text_of(client.get(page))
    assert "Same external ID Ada Lovelace" in text_of(client.get(address("provisioninglog_change", row.pk)))
    idp.delete(f"/Users/{created['id']}")
    assert "External ID shared with Ada Lovelace (countess)" in text_of(client.get(address("user_change", old.user_id)))


def test_r9_another_idp_gets_a_conflict(idp: IdP) -> None:
    idp.delete(f"/Users/{post(idp)['id']}")
    assert refused(new_idp("Entra").post("/Users", ada())) == (409, "uniqueness")


def test_r10_scim_never_deletes_a_portal_user(idp: IdP) -> None:
    created = post(idp)
    idp.delete(f"/Users/{created['id']}")
    assert portal()


def test_r10_only_support_deletes_only_disabled_users_after_typing_the_username(idp: IdP) -> None:
    created = post(idp)
    heir = make_user("hana")
    make_asset(portal())

    def delete(**changes: Any) -> None:
        said = {"typed_username": "ada", "reason": "asked to", "transferee": heir, "actor": support()}
        deletion.delete_permanently(portal(), **{**said, **changes})

    with pytest.raises(Refused):
        delete()
    idp.put(f"/Users/{created['id']}", ada(active=False))
    for mistake in ({"actor": owner()}, {"typed_username": "adam"}, {"transferee": None}):
        with pytest.raises(Exception, match=r"needs the role support|does not match|no other owner"):
            delete(**mistake)
    delete()
    assert not User.objects.filter(username="ada").exists()
    assert heir.assets.count() == 1
    assert DeletionRecord.objects.get().scim_ids == [created["id"]]
    assert refused(idp.get(f"/Users/{created['id']}")) == (404, None)
    assert post(idp)["id"] != created["id"]


def test_r10_events_stay_and_personal_values_are_erased(idp: IdP) -> None:
    created = post(idp, userName="zaphod", emails=email("zaphod@example.test"))
    idp.post("/Users", ada(userName="zaphod", emails=email("zaphod@example.test")))
    idp.delete(f"/Users/{created['id']}")
    user = portal("zaphod")
    deletion.delete_permanently(user, typed_username="zaphod", reason="asked to", actor=support())
    assert AuditEvent.objects.filter(user_id=user.pk).count() >= 3
    assert "zaphod" not in str(list(AuditEvent.objects.values("details", "personal_data__values")))
    assert "zaphod" not in str(list(ProvisioningLog.objects.values()))


def test_r11_a_status_comes_from_one_source_and_last_active_from_logins(idp: IdP) -> None:
    created = post(idp)
    assert (portal().status, portal().last_active) == (Status.ENABLED, None)
    users.record_login(portal(), method="sso", actor=Person(portal()))
    shown = idp.get(f"/Users/{created['id']}").json()[PORTAL_USER]
    assert shown["lastActive"].startswith(str(portal().last_active)[:10])
    set_mode(scim=False)
    users.disable_user(portal(), actor=administrator())
    set_mode()
    answer = idp.get(f"/Users/{created['id']}").json()
    assert (answer["active"], answer[PORTAL_USER]["status"]) == (False, "disabled")


def test_r12_a_provisioned_user_can_own_assets_before_the_first_login(idp: IdP) -> None:
    post(idp)
    asset = make_asset(portal())
    assert list(asset.owners.all()) == [portal()]


def test_r13_disabling_ends_sessions_at_once(idp: IdP) -> None:
    make_user("ada", password=PASSWORD)
    created = post(idp)
    client = Client()
    sign_in("ada", client=client)
    assert is_in(client)
    idp.patch(f"/Users/{created['id']}", {"op": "replace", "path": "active", "value": False})
    assert not is_in(client)
    idp.patch(f"/Users/{created['id']}", {"op": "replace", "path": "active", "value": True})
    assert not is_in(client)  # the old session stays dead


def test_r13_nobody_disables_or_demotes_the_last_enabled_owner(idp: IdP) -> None:
    created = post(idp)
    users.change_role(portal(), Role.OWNER, actor=OPERATOR)
    assert refused(idp.put(f"/Users/{created['id']}", ada(active=False)))[0] == 403
    assert refused(idp.delete(f"/Users/{created['id']}"))[0] == 403
    set_mode(scim=False)
    with pytest.raises(Refused):
        users.disable_user(portal(), actor=OPERATOR)
    with pytest.raises(Refused):
        users.change_role(portal(), Role.MEMBER, actor=OPERATOR)
    assert (portal().status, portal().role) == (Status.ENABLED, Role.OWNER)


def test_r13_scim_never_touches_a_break_glass_account(idp: IdP) -> None:
    make_break_glass("ada")
    before = User.objects.values().get()
    idp.post("/Users", ada(active=False))
    assert idp.found('userName eq "ada"') == []
    assert User.objects.values().get() == before


# --- groups -----------------------------------------------------------------------------------------------


def test_r14_an_sso_group_is_stored_and_moves_nobody_until_mapped(idp: IdP) -> None:
    pushed = idp.group("Engineering", [post(idp)])
    assert pushed.get(PORTAL_GROUP, {}).get("portalGroups", []) == []
    assert not Group.objects.exists()
    assert SSOGroup.objects.get().members.get().user == portal()


def test_r14_sso_group_names_are_unique_and_members_are_users(idp: IdP) -> None:
    idp.group("Engineering")
    assert refused(idp.post("/Groups", {"displayName": "ENGINEERING"})) == (409, "uniqueness")
    stranger = {"displayName": "Everybody", "members": [{"value": str(uuid.uuid4())}]}
    assert refused(idp.post("/Groups", stranger)) == (400, "invalidValue")


def test_r14_a_nested_group_is_skipped_logged_and_counted_while_the_rest_applies(idp: IdP) -> None:
    inner, person = idp.group("Engineering"), post(idp)
    answer = idp.post(
        "/Groups", {"displayName": "Everybody", "members": [{"value": inner["id"]}, {"value": person["id"]}]}
    )
    assert answer.status_code == 201
    assert [one["value"] for one in answer.json()["members"]] == [person["id"]]
    row = ProvisioningLog.objects.latest("id")
    assert (row.outcome, row.details["nested"]) == ("partly", 1)
    page = text_of(as_administrator().get(address("ssogroup_change", sso_group(answer.json()).pk)))
    assert "Nested groups 1 skipped" in page


def test_r14_an_idp_can_be_set_to_refuse_nested_groups() -> None:
    idp = new_idp("Strict", refuses_nested_groups=True)
    inner, person = idp.group("Engineering"), post(idp)
    nested = {"displayName": "Everybody", "members": [{"value": inner["id"]}, {"value": person["id"]}]}
    assert refused(idp.post("/Groups", nested)) == (400, "invalidValue")
    assert not SSOGroup.objects.filter(display_name="Everybody").exists()


def test_r15_mapping_shows_who_moves_and_then_moves_exactly_these(idp: IdP) -> None:
    pushed = idp.group("Engineering", [post(idp)])
    group = make_group("Builders", make_user("mia"))
    preview = mappings.preview_mapping(sso_group(pushed), group)
    assert [user.username for user in preview.joins] == ["ada"]
    assert [user.username for user in preview.leaves] == ["mia"]
    idp.patch(f"/Groups/{pushed['id']}", {"op": "remove", "path": "members"})
    with pytest.raises(Outdated):
        mappings.apply_mapping(sso_group(pushed), group, fingerprint=preview.fingerprint, actor=administrator())
    map_group(sso_group(pushed), group)
    assert members_of(group) == set()
    shown = idp.get(f"/Groups/{pushed['id']}").json()[PORTAL_GROUP]
    assert shown == {"portalGroups": [{"value": str(group.pk), "display": "Builders"}]}


def test_r15_a_mapped_group_has_the_union_of_its_sso_groups(idp: IdP) -> None:
    first, second = post(idp), post(idp, userName="grace", emails=email("grace@example.test"))
    pushed, group = mapped(idp, first)
    other = idp.group("Sales", [first, second])
    map_group(sso_group(other), group)
    assert members_of(group) == {"ada", "grace"}
    idp.put(f"/Groups/{other['id']}", {"displayName": "Sales", "members": []})
    assert members_of(group) == {"ada"}
    idp.patch(f"/Groups/{pushed['id']}", {"op": "add", "path": "members", "value": [{"value": second["id"]}]})
    assert members_of(group) == {"ada", "grace"}


def test_r16_renames_on_either_side_leave_the_mapping(idp: IdP) -> None:
    pushed, group = mapped(idp, post(idp))
    idp.patch(f"/Groups/{pushed['id']}", {"op": "replace", "path": "displayName", "value": "Makers"})
    assert GroupMapping.objects.get().sso_group.display_name == "Makers"
    groups.edit_group(group, name="Constructors", description="", actor=administrator())
    shown = idp.get(f"/Groups/{pushed['id']}").json()
    assert shown["displayName"] == "Makers"
    assert shown[PORTAL_GROUP]["portalGroups"][0]["display"] == "Constructors"
    assert members_of(group) == {"ada"}


def test_r17_a_deleted_sso_group_empties_the_portal_group(idp: IdP) -> None:
    pushed, group = mapped(idp, post(idp))
    assert idp.delete(f"/Groups/{pushed['id']}").status_code == 204
    assert (members_of(group), GroupMapping.objects.count()) == (set(), 0)
    assert refused(idp.get(f"/Groups/{pushed['id']}")) == (404, None)


def test_r17_with_several_sso_groups_those_leave_whom_only_this_one_brought(idp: IdP) -> None:
    first, second = post(idp), post(idp, userName="grace", emails=email("grace@example.test"))
    pushed, group = mapped(idp, first, second)
    map_group(sso_group(idp.group("Sales", [second])), group)
    idp.delete(f"/Groups/{pushed['id']}")
    assert members_of(group) == {"grace"}


def test_r17_the_last_mapping_deleted_first_keeps_the_members(idp: IdP) -> None:
    pushed, group = mapped(idp, post(idp))
    unmap(GroupMapping.objects.get())
    idp.delete(f"/Groups/{pushed['id']}")
    assert members_of(group) == {"ada"}


def test_r18_a_deleted_portal_group_leaves_the_sso_group_to_be_mapped_again(idp: IdP) -> None:
    pushed, group = mapped(idp, post(idp))
    groups.delete_group(group, actor=administrator())
    assert not GroupMapping.objects.exists()
    assert len(member_ids(idp.get(f"/Groups/{pushed['id']}").json())) == 1
    again = make_group("Builders")
    map_group(sso_group(pushed), again)
    assert members_of(again) == {"ada"}


def test_r19_only_the_idps_post_binds_to_a_declared_group(idp: IdP) -> None:
    declared = sso_groups.declare_sso_group(idp.provider, name="Engineering", actor=administrator())
    group = make_group("Builders")
    map_group(declared, group)
    assert idp.found('displayName eq "Engineering"', "/Groups") == []
    assert refused(idp.get(f"/Groups/{declared.scim_id}")) == (404, None)
    other = idp.group("Sales")
    renaming = {"op": "replace", "path": "displayName", "value": "engineering"}
    assert refused(idp.patch(f"/Groups/{other['id']}", renaming)) == (409, "uniqueness")
    pushed = idp.group("Engineering", [post(idp)])
    assert sso_group(pushed).pk == declared.pk
    assert members_of(group) == {"ada"}


def test_r20_a_member_id_that_never_was_this_idps_is_named_and_nothing_applied(idp: IdP) -> None:
    created, stranger = post(idp), post(new_idp("Entra"), userName="eve", emails=email("eve@example.test"))
    pushed, group = mapped(idp)
    for unknown in (stranger["id"], str(uuid.uuid4())):
        adding = {"op": "add", "path": "members", "value": [{"value": created["id"]}, {"value": unknown}]}
        answer = idp.patch(f"/Groups/{pushed['id']}", adding)
        assert refused(answer) == (400, "invalidValue")
        assert unknown in answer.json()["detail"]
    assert members_of(group) == set()


def test_r20_a_member_id_that_is_gone_is_skipped_logged_and_counted(idp: IdP) -> None:
    gone = post(idp, userName="grace", emails=email("grace@example.test"))
    created = post(idp)
    pushed, group = mapped(idp)
    idp.delete(f"/Users/{gone['id']}")
    adding = {"op": "add", "path": "members", "value": [{"value": created["id"]}, {"value": gone["id"]}]}
    assert idp.patch(f"/Groups/{pushed['id']}", adding).status_code == 204
    assert members_of(group) == {"ada"}
    assert ProvisioningLog.objects.latest("id").details["skipped"] == 1


def test_r20_a_remove_takes_out_whom_it_names_and_nobody_else(idp: IdP) -> None:
    first, second = post(idp), post(idp, userName="grace", emails=email("grace@example.test"))
    pushed, group = mapped(idp, first, second)
    address = f"/Groups/{pushed['id']}"
    for harmless in (
        {"op": "remove", "path": "members", "value": []},
        {"op": "remove", "path": "members", "value": [{"value": str(uuid.uuid4())}]},
        {"op": "remove", "path": f'members[value eq "{uuid.uuid4()}"]'},
    ):
        assert idp.patch(address, harmless).status_code == 204, harmless
        assert members_of(group) == {"ada", "grace"}, harmless
    idp.patch(address, {"op": "remove", "path": "members", "value": [{"value": first["id"]}]})
    assert members_of(group) == {"grace"}
    idp.patch(address, {"op": "remove", "path": "members"})
    assert members_of(group) == set()


# --- modes ------------------------------------------------------------------------------------------------


def test_r21_with_scim_off_scim_answers_403_and_nothing_is_lost(idp: IdP) -> None:
    created = post(idp)
    _, group = mapped(idp, created)
    set_mode(scim=False)
    for answer in (
        idp.get("/Users"),
        idp.post("/Users", ada(userName="new")),
        idp.delete(f"/Users/{created['id']}"),
    ):
        assert refused(answer) == (403, None)
    assert (members_of(group), GroupMapping.objects.count(), SSOUser.objects.count()) == ({"ada"}, 1, 1)
    set_mode()
    assert idp.get(f"/Users/{created['id']}").status_code == 200


@pytest.mark.parametrize("follow", [True, False])
def test_r21_switching_scim_on_lists_what_differs_and_follows_or_keeps(idp: IdP, follow: bool) -> None:
    created = post(idp)
    pushed, group = mapped(idp, created)
    set_mode(scim=False)
    users.disable_user(portal(), actor=administrator())
    groups.remove_members(group, [portal()], actor=administrator())
    assert told_otherwise(Status.ENABLED).get() == portal()
    assert [drift.group for drift in drifts()] == [group]
    set_mode(follow_idp=follow)
    assert portal().status == (Status.ENABLED if follow else Status.DISABLED)
    assert members_of(group) == ({"ada"} if follow else set())
    idp.put(f"/Users/{created['id']}", ada())
    idp.put(f"/Groups/{pushed['id']}", {"displayName": "Engineering", "members": [{"value": created["id"]}]})
    assert (portal().status, members_of(group)) == (Status.ENABLED, {"ada"})


def test_r24_what_is_turned_away_is_kept_until_it_is_sent_again(idp: IdP) -> None:
    created = post(idp)
    set_mode(scim=False)
    idp.delete(f"/Users/{created['id']}")
    idp.post("/Users", ada(userName="new", emails=[]))
    assert {row.name: row.status_wish for row in TurnedAway.objects.open()} == {"ada": "delete", "new": "create"}
    set_mode()
    idp.delete(f"/Users/{created['id']}")
    assert [row.name for row in TurnedAway.objects.open()] == ["new"]


def test_r25_a_paused_idp_writes_nothing_and_reads_on(idp: IdP) -> None:
    created = post(idp)
    identity_providers.pause_identity_provider(idp.provider, actor=OPERATOR)
    answer = idp.delete(f"/Users/{created['id']}")
    assert (answer.status_code, answer["Retry-After"].isdigit()) == (429, True)
    assert idp.get(f"/Users/{created['id']}").status_code == 200
    assert [row.name for row in TurnedAway.objects.open()] == ["ada"]
    identity_providers.resume_identity_provider(idp.provider, actor=OPERATOR)
    assert idp.delete(f"/Users/{created['id']}").status_code == 204
    assert (TurnedAway.objects.open().count(), portal().status) == (0, Status.DISABLED)


def test_r26_the_request_that_crosses_the_limit_is_turned_away(idp: IdP) -> None:
    with clock.ago(days=2):
        people = [idp.user(f"user{number}") for number in range(4)]
    brakes.set_brake(idp.provider, people=2, actor=OPERATOR)
    inactive = {"op": "replace", "path": "active", "value": False}
    assert [idp.patch(f"/Users/{one['id']}", inactive).status_code for one in people] == [200, 200, 429, 429]
    assert [row.name for row in TurnedAway.objects.order_by("pk")] == ["user2", "user3"]


def test_r22_with_sso_enforced_the_login_page_is_for_break_glass_accounts() -> None:
    make_user("mia", password=PASSWORD)
    make_break_glass("glass")
    assert signs_in("mia")
    set_mode(sso=True)
    assert not signs_in("mia")
    assert signs_in("glass")


def test_r22_with_sso_enforced_the_admin_login_is_for_break_glass_accounts() -> None:
    make_owner("otto", password=PASSWORD)
    make_break_glass("glass")
    set_mode(sso=True)
    for username, expected in (("otto", False), ("glass", True)):
        client = Client()
        client.post("/admin/login/", {"username": username, "password": PASSWORD}, follow=True)
        answer = client.post("/login/?next=/admin/", {"username": username, "password": PASSWORD})
        if answer.headers.get("Location") == FIRST:
            set_up(client, FIRST)
        assert (client.get("/admin/").status_code == 200) is expected, username


def test_r22_password_sessions_end_when_sso_is_enforced() -> None:
    make_user("mia", password=PASSWORD)
    make_break_glass("glass")
    sessions = {name: Client() for name in ("mia", "glass")}
    for name, client in sessions.items():
        sign_in(name, client=client)
    set_mode(sso=True)
    assert {name: is_in(client) for name, client in sessions.items()} == {"mia": False, "glass": True}


def test_r22_no_reset_mail_goes_out_while_sso_is_enforced(django_capture_on_commit_callbacks: Any) -> None:
    make_user("mia", password=PASSWORD)
    make_break_glass("glass")
    set_mode(sso=True)
    with django_capture_on_commit_callbacks(execute=True):
        Client().post("/password/reset/", {"name": "mia"})
    assert mail.outbox == []


def test_r22_a_reset_link_from_before_is_dead(django_capture_on_commit_callbacks: Any) -> None:
    make_user("mia", password=PASSWORD)
    make_break_glass("glass")
    with django_capture_on_commit_callbacks(execute=True):
        Client().post("/password/reset/", {"name": "mia"})
    [link] = re.findall(r"/password/reset/[\w-]+/[\w-]+/", str(mail.outbox[0].body))
    for enforced in (True, False):  # the link stays dead when SSO is optional again
        set_mode(sso=enforced)
        client = Client()
        answer = client.get(link, follow=True)
        new = {"new_password1": "a wholly new passphrase", "new_password2": "a wholly new passphrase"}
        client.post(answer.request["PATH_INFO"], new)
        assert portal("mia").check_password(PASSWORD)


def test_r22_password_reset_never_creates_a_password(idp: IdP, django_capture_on_commit_callbacks: Any) -> None:
    post(idp)
    with django_capture_on_commit_callbacks(execute=True):
        Client().post("/password/reset/", {"name": "ada"})
    assert mail.outbox == []


def test_r22_pending_invitation_links_rest_while_sso_is_enforced(
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        invitations.invite_user(username="ada", email="ada@example.test", actor=administrator())
    [link] = re.findall(r"/invitations/[\w-]+/", str(mail.outbox[0].body))
    make_break_glass("glass")
    set_mode(sso=True)
    client = Client()
    client.post(link, {"password": PASSWORD, "repeated": PASSWORD})
    assert portal().status == Status.INVITED
    assert not is_in(client)
    with pytest.raises(Refused):
        invitations.invite_user(username="new", email="new@example.test", actor=administrator())
    set_mode(sso=False)
    client.post(link, {"password": PASSWORD, "repeated": PASSWORD})
    assert is_in(client)


def test_r22_an_adopted_user_keeps_the_password_while_sso_is_not_enforced(idp: IdP) -> None:
    make_user("ada", password=PASSWORD)
    post(idp)
    assert signs_in("ada")
    make_break_glass("glass")
    set_mode(sso=True)
    assert not signs_in("ada")


def test_r22_sso_is_enforced_only_by_an_owner_who_came_by_it(idp: IdP) -> None:
    actor = owner()

    def enforce() -> None:
        modes.set_mode(scim_enabled=True, sso_enforced=True, actor=actor)

    with pytest.raises(Refused, match="break-glass account first"):
        enforce()
    make_break_glass("glass")
    with pytest.raises(Refused, match="Sign in through SSO yourself first"):
        enforce()
    sign_in_by_sso(actor.user, idp.provider)
    enforce()
    modes.set_mode(scim_enabled=True, sso_enforced=False, actor=Operator("set_mode"))


def test_r23_a_token_is_shown_once_kept_as_a_digest_and_revoked_by_deletion(idp: IdP) -> None:
    assert idp.secret.startswith("ghscim_")
    assert idp.secret not in str(list(SCIMToken.objects.values()))
    assert idp.get("/Users").status_code == 200
    token = SCIMToken.objects.get()
    assert (token.expires_at, token.last_used_from) == (None, "127.0.0.1")
    assert token.last_used_at is not None
    scim_tokens.revoke_token(token, actor=administrator())
    answer = idp.get("/Users")
    assert refused(answer) == (401, None)
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_r23_an_idp_has_many_tokens_and_they_survive_their_creator(idp: IdP) -> None:
    actor = administrator()
    _, second = scim_tokens.create_token(idp.provider, label="second", actor=actor)
    actor.user.delete()
    answers = {
        idp.send("GET", "/Users", Authorization=f"Bearer {secret}").status_code for secret in (idp.secret, second)
    }
    assert answers == {200}


def test_r27_an_owner_restores_what_a_run_took_until_the_idp_sends_again(idp: IdP) -> None:
    with clock.ago(days=1):
        kept, gone = post(idp), post(idp, userName="grace", emails=email("grace@example.test"))
        pushed, group = mapped(idp, kept, gone)
    idp.patch(f"/Users/{kept['id']}", {"op": "replace", "path": "active", "value": False})
    idp.delete(f"/Users/{gone['id']}")
    idp.delete(f"/Groups/{pushed['id']}")
    assert (portal().status, portal("grace").status, members_of(group)) == (Status.DISABLED, Status.DISABLED, set())
    script = owners_caller()
    path = f"identity-providers/{idp.provider.pk}/runs/"
    path += f"{script.read(path)['results'][0]['id']}/restore/"
    script.do("POST", path, {"fingerprint": script.read(path)["fingerprint"]})
    assert (portal().status, portal("grace").status) == (Status.ENABLED, Status.ENABLED)
    assert (members_of(group), SSOGroup.objects.get().is_declared_only) == ({"ada", "grace"}, True)
    idp.group("Engineering", [kept])
    assert members_of(group) == {"ada"}


def apart(idp: IdP, scim: bool = True) -> tuple[Document, Group]:
    """While SCIM was off, Ada was disabled and taken out of her mapped group."""
    pushed, group = mapped(idp, post(idp))
    set_mode(scim=False)
    users.disable_user(portal(), actor=administrator())
    groups.remove_members(group, [portal()], actor=administrator())
    if scim:
        set_mode(follow_idp=False)
    return pushed, group


def shown(client: Client, of: Any) -> tuple[str, str]:
    """The address of the page that reconciles it, and the fingerprint of what it shows."""
    url = address(f"{of._meta.model_name}_reconcile", of.pk)
    found = re.search(r'name="fingerprint" value="(\w+)"', client.get(url).content.decode())
    return url, found[1] if found else ""


def test_r28_a_person_a_mapping_and_an_idp_are_reconciled_after_a_preview(idp: IdP) -> None:
    client, (pushed, group) = as_administrator(), apart(idp)
    url, seen = shown(client, GroupMapping.objects.get())
    assert members_of(group) == set()
    client.post(url, {"fingerprint": seen})
    assert (portal().status, members_of(group)) == (Status.DISABLED, {"ada"})
    url, seen = shown(client, portal())
    assert portal().status == Status.DISABLED
    client.post(url, {"fingerprint": seen})
    assert portal().status == Status.ENABLED
    set_mode(scim=False)
    users.disable_user(portal(), actor=administrator())
    set_mode(follow_idp=False)
    url, seen = shown(client, sso_group(pushed).identity_provider)
    client.post(url, {"fingerprint": seen})
    assert (portal().status, members_of(group)) == (Status.ENABLED, {"ada"})


def test_r28_what_has_changed_since_the_preview_is_refused(idp: IdP) -> None:
    client, (_, group) = as_administrator(), apart(idp)
    url, seen = shown(client, GroupMapping.objects.get())
    post(idp, userName="bob", externalId="00U2", emails=email("bob@example.test"))
    Membership.objects.create(group=group, user=portal("bob"))
    answer = client.post(url, {"fingerprint": seen})
    assert "has changed since the preview" in text_of(answer)
    assert members_of(group) == {"bob"}


def test_r28_a_choice_that_has_no_effect_fails_and_says_so(idp: IdP) -> None:
    post(idp)
    script = owners_caller()
    answer = script.patch("access-settings/", {"scim_enabled": True, "follow_idp": True})
    assert (answer.status_code, answer.json()["code"]) == (403, "nothing_to_follow")
    assert refusal("set_mode", "--scim", "on", "--follow-idp")[0] == 5
    assert refusal("reconcile", "--user", "ada", "--yes") == (
        5,
        "Nothing differs from what the identity provider last sent.",
    )


def test_r28_switching_scim_on_demands_the_choice_on_every_door(idp: IdP) -> None:
    apart(idp, scim=False)
    script = owners_caller()
    answer = script.patch("access-settings/", {"scim_enabled": True})
    assert answer.status_code == 400
    code, sentence = refusal("set_mode", "--scim", "on")
    assert code == 6
    for words in (answer.json()["detail"], sentence):
        assert "--follow-idp" in words
        assert "--keep" in words
    assert portal().status == Status.DISABLED
    run("set_mode", "--scim", "on", "--follow-idp")
    assert portal().status == Status.ENABLED


def test_r29_an_assertion_gets_a_token_for_an_hour_that_ends_with_its_trust(idp: IdP) -> None:
    assert idp.provider is not None
    workload = Workload(trust_of(idp.provider))
    assertion = workload.assertion()
    answer = workload.ask(assertion).json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    assert answer["access_token"] not in str(list(SCIMToken.objects.values()))
    assert workload.ask(assertion).status_code == 401
    mine = workload.idp()
    assert mine.get("/Users").status_code == 200
    with clock.later(hours=1, seconds=1):
        assert refused(mine.get("/Users")) == (401, None)
    scim_trusts.delete_trust(workload.trust, actor=administrator())
    assert refused(mine.get("/Users")) == (401, None)


# --- R30: people are told ---


def test_r30_each_alarm_is_sent_once_and_resolved_once(idp: IdP, monkeypatch: pytest.MonkeyPatch) -> None:
    make_owner(email="olga@example.test")
    monkeypatch.setattr(notices.background, "later", lambda task, **arguments: task.call(**arguments))
    assert idp.provider is not None
    look(Schedule("Alarms"))
    silence = ProviderSilence.objects.create(identity_provider=idp.provider)
    for _ in range(3):
        look(Schedule("Alarms"))
    silence.delete()
    for _ in range(3):
        look(Schedule("Alarms"))
    told = [(message.subject, message.to) for message in mail.outbox]
    name = idp.provider.name
    assert told == [
        (f"{name} has fallen silent", ["olga@example.test"]),
        (f"{name} is heard again", ["olga@example.test"]),
    ]
