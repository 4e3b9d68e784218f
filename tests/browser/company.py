"""A small company for the browser: a few of everything, with names that are long, right to left, or markup."""

import pytest
from playwright.sync_api import APIResponse, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from identity.core.errors import Conflicted
from identity.models import BulkRun, Conflict, IdentityProvider, Role, Status, User
from identity.services import bulk_runs, deletion, invitations
from portal.schedule.loop import do_what_is_due
from tests.factories import (
    OPERATOR,
    deprovision,
    make_asset,
    make_break_glass,
    make_group,
    make_idp,
    make_token,
    make_user,
    map_group,
    provision,
    push_group,
    resend,
    support,
)
from tests.oauth.workloads import Workload, trust_of
from tests.sessions import signed_in

LONG = "Bartholomew-Maximilian Featherstonehaugh-Cholmondeley de la Rochefoucauld-Montmorency"
RIGHT_TO_LEFT = "نورهان عبد الرحمن السيد"
MARKUP = "<img src=x onerror=alert(1)>"


def move_in() -> None:
    """Everything that a list or a page can show."""
    okta, entra = make_idp("Okta"), make_idp("Entra ID", kind="entra")
    ada = provision(okta, "ada", first_name="Ada", last_name="Stone")
    nour = provision(okta, "nour", first_name=RIGHT_TO_LEFT)
    bart = provision(entra, f"{'bart.' * 12}x", first_name=LONG, last_name=LONG)
    resend(ada, "ada.king")
    map_group(push_group(okta, "Engineering", ada, nour), make_group("Engineers"))
    push_group(okta, "Unmapped " + "and long " * 8, ada)
    make_group(MARKUP, nour.user, bart.user)
    make_group("Empty")
    gone = provision(okta, "gone", first_name="Gone")
    make_asset(gone.user, "Forge")
    deprovision(gone)
    make_asset(ada.user, "Wiki")
    make_asset(nour.user, MARKUP)
    make_user("dan", status=Status.DISABLED, first_name="Dan", last_name="Disabled")
    make_user("plain", email=None)
    _refused(okta)
    _invited()
    _done_to_many()
    make_token(okta, "production")
    _trusted(entra)
    make_break_glass()
    _deleted()
    do_what_is_due()


def _trusted(entra: IdentityProvider) -> None:
    """A trust that works, and one whose last assertion was refused."""
    trust_of(entra, label="Entra provisioning")
    workload = Workload(
        trust_of(entra, label=LONG[:100], issuer=f"https://{'issuer.' * 20}example", networks="192.0.2.0/24")
    )
    workload.ask()


def _refused(okta: IdentityProvider) -> None:
    make_user("olivia", email="olivia@private.example")
    with pytest.raises(Conflicted):
        provision(okta, "olivia", "olivia@example.test")
    assert Conflict.objects.exists()


def _invited() -> None:
    for name in ("ivy", "eve"):
        invitations.invite_user(username=name, email=f"{name}@example.test", actor=OPERATOR)


def _done_to_many() -> None:
    people = [bulk_runs.Wanted(user) for user in User.objects.filter(username__in=("plain", "ada"))]
    bulk_runs.work_on(bulk_runs.create_run(BulkRun.Kind.RESEND_INVITATION, people, actor=OPERATOR), actor=OPERATOR)
    wanted = [bulk_runs.Wanted(values={"username": "new", "email": "new@example.test"})]
    bulk_runs.create_run(BulkRun.Kind.INVITE, wanted, is_draft=True, actor=OPERATOR)


def _deleted() -> None:
    old = make_user("old", status=Status.DISABLED)
    deletion.delete_permanently(old, typed_username="old", reason="asked for", actor=support())


def enter(
    context: BrowserContext, live_server: LiveServer, role: Role, *, fresh: bool = True, password: str | None = None
) -> User:
    """Somebody of this role, signed in; `fresh`: a moment ago."""
    user = make_user(f"the-{role}", role=role, first_name="Robin", last_name=str(role.label), password=password)
    cookie = signed_in(user, fresh=fresh).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    return user


def post(page: Page, path: str, **said: str) -> APIResponse:
    """What this person's browser is answered for a form that no page shows them."""
    page.goto("/profile/")  # has a form, so that there is a token against forged ones
    token = page.locator('input[name="csrfmiddlewaretoken"]').first.get_attribute("value")
    return page.request.post(path, form={"csrfmiddlewaretoken": token or "", **said}, max_redirects=0)
