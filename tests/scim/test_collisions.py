"""A 409 names the attribute that collided, and the account that has it, on every door (R6, R7, R14).

Generated: every kind of account in the way, by its username, its email or both, and every name that a record of this
IdP has already.
"""

import re
from collections.abc import Callable

import pytest

from identity.models import Conflict, ProvisioningLog, Role, Status, User
from identity.services.provisioning import conflicts
from identity.services.provisioning import groups as sso_groups
from tests.clients import IdP, administrators_caller, new_idp, problem
from tests.factories import OPERATOR, make_break_glass, make_idp, make_user, provision, resend
from tests.portal.admin_pages import address, text_of
from tests.scim.helpers import group_body, user_body
from tests.sessions import as_owner

pytestmark = pytest.mark.django_db

ATTRIBUTES = ("userName", "emails", "externalId", "displayName")


def _renamed(idp: IdP) -> User:
    """Somebody whom this IdP calls otherwise by now."""
    sso_user = provision(idp.provider, "ada")
    return resend(sso_user, "countess", "countess@example.test").user


def _of_another_idp(idp: IdP) -> User:
    return provision(make_idp("Entra"), "ada").user


ACCOUNTS: dict[str, Callable[[IdP], User]] = {
    "local": lambda idp: make_user("ada"),
    "privileged": lambda idp: make_user("ada", role=Role.SUPPORT),
    "disabled": lambda idp: make_user("ada", status=Status.DISABLED),
    "break-glass": lambda idp: make_break_glass("ada"),
    "another IdP's": _of_another_idp,
    "renamed": _renamed,
}
# What is sent, and what of it belongs to the account.
SENT = {
    "its username": ("ADA", "new@example.test", {"userName"}),
    "its email": ("grace", "Ada@example.test", {"emails"}),
    "both": ("ada", "ada@example.test", {"userName", "emails"}),
}


def named(sentence: str) -> set[str]:
    """The attributes that a sentence says collided: what comes before its verb."""
    head = re.split(r" (?:is|belongs|exists) ", sentence)[0]
    return {name for name in ATTRIBUTES if name in head}


@pytest.mark.parametrize("sent", SENT)
@pytest.mark.parametrize("account", ACCOUNTS)
def test_a_conflict_names_what_collided_on_every_door(account: str, sent: str) -> None:
    idp = new_idp("Careful", asks_before_adopting=True)
    user_name, email, collided = SENT[sent]
    user = ACCOUNTS[account](idp)
    answer = idp.post("/Users", user_body(user_name, emails=[{"value": email}], externalId="00U1"))
    detail = answer.json()["detail"]
    assert problem(answer) == (409, "uniqueness")
    assert named(detail) == collided
    conflict = Conflict.objects.get()
    assert conflict.user == user
    assert detail == conflicts.sentence(conflict) == ProvisioningLog.objects.get(status=409).summary
    if account != "break-glass":
        assert user.username in detail.lower()
    has_way_out = conflict.can_be_linked or conflict.is_about_another_person
    assert ("A portal administrator can resolve this conflict" in detail) == has_way_out
    assert administrators_caller().read(f"conflicts/{conflict.pk}/")["sentence"] == detail
    assert detail in text_of(as_owner().get(address("conflict_change", conflict.pk)))


@pytest.mark.parametrize(
    ("method", "path", "body", "attribute"),
    [
        ("post", "/Users", user_body("ADA", emails=[{"value": "other@example.test"}]), "userName"),
        ("put", "/Users/{grace}", user_body("Ada"), "userName"),
        ("patch", "/Users/{grace}", {"op": "replace", "path": "userName", "value": "ada"}, "userName"),
        ("patch", "/Users/{grace}", {"op": "add", "value": {"userName": "ada"}}, "userName"),
        ("post", "/Groups", group_body("STAFF"), "displayName"),
        ("put", "/Groups/{guests}", group_body("Staff"), "displayName"),
        ("patch", "/Groups/{guests}", {"op": "replace", "path": "displayName", "value": "staff"}, "displayName"),
        ("patch", "/Groups/{guests}", {"op": "replace", "value": {"displayName": "Declared"}}, "displayName"),
    ],
)
def test_what_another_record_of_this_idp_has_is_named(
    idp: IdP, method: str, path: str, body: dict[str, object], attribute: str
) -> None:
    idp.user("ada")
    idp.group("Staff")
    sso_groups.declare_sso_group(idp.provider, name="Declared", actor=OPERATOR)
    ids = {"grace": idp.user("grace")["id"], "guests": idp.group("Guests")["id"]}
    answer = getattr(idp, method)(path.format(**ids), body)
    assert problem(answer) == (409, "uniqueness")
    assert named(answer.json()["detail"]) == {attribute}
    assert ProvisioningLog.objects.latest("id").summary == answer.json()["detail"]
    assert not Conflict.objects.exists()
