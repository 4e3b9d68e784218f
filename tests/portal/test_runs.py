"""R27 on every door: the runs of an identity provider, what each did, and giving it back."""

import pytest

from identity.models import Group, IdentityProvider, ProvisioningLog, SSOUser, Status, User
from tests import clock
from tests.clients import administrators_caller, caller, problem
from tests.factories import (
    delete_sso_group,
    deprovision,
    everything,
    make_group,
    make_idp,
    make_owner,
    map_group,
    members_of,
    provision,
    push_group,
    resend,
)
from tests.portal.admin_pages import text_of
from tests.portal.shell import answer, refusal, run
from tests.sessions import as_administrator, as_owner
from tests.statements import Most, statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def okta() -> IdentityProvider:
    return make_idp()


@pytest.fixture
def group(okta: IdentityProvider) -> Group:
    """What a bad run left of it: two people were in it, one of them is disabled now, the other removed."""
    with clock.ago(days=1):
        ada, grace = provision(okta, "ada"), provision(okta, "grace")
        pushed, group = push_group(okta, "Engineering", ada, grace), make_group("Builders")
        map_group(pushed, group)
    resend(ada, "ada", active=False)
    deprovision(grace)
    delete_sso_group(pushed)
    return group


def last_write() -> int:
    return int(ProvisioningLog.objects.latest("pk").pk)


def statuses() -> dict[str, str]:
    return dict(User.objects.filter(username__in=("ada", "grace")).values_list("username", "status"))


BACK = {"ada": Status.ENABLED, "grace": Status.ENABLED}


def test_an_owner_looks_at_a_run_and_restores_it(okta: IdentityProvider, group: Group) -> None:
    owner = as_owner()
    page = f"/admin/identity/identityprovider/{okta.pk}/"
    assert "1 set inactive, 1 removed, 1 SSO groups deleted" in text_of(owner.get(f"{page}change/"))
    told = text_of(owner.get(f"{page}run/?run={last_write()}"))
    assert "Disabled: 2" in told
    assert "Engineering: its mapping to Builders was lost" in told
    preview = owner.get(f"{page}restore_run/?run={last_write()}")
    assert "2 are enabled" in text_of(preview)
    assert "SSO group Engineering → portal group Builders" in text_of(preview)
    seen = {"fingerprint": preview.context["preview"].fingerprint}
    done = owner.post(f"{page}restore_run/?run={last_write()}", seen, follow=True)
    assert "Restored: 2 enabled, 2 memberships, 1 mappings." in text_of(done)
    assert (statuses(), members_of(group)) == (BACK, {"ada", "grace"})
    assert "There is nothing to restore." in text_of(owner.get(f"{page}restore_run/?run={last_write()}"))


def test_what_has_changed_since_the_page_was_shown_is_shown_anew(okta: IdentityProvider, group: Group) -> None:
    owner, page = as_owner(), f"/admin/identity/identityprovider/{okta.pk}/restore_run/?run={last_write()}"
    seen = {"fingerprint": owner.get(page).context["preview"].fingerprint}
    joan = SSOUser.objects.get(user_name="ada")
    resend(joan, "ada", active=True)
    before = everything()
    answer = owner.post(page, seen)
    assert answer.status_code == 409
    assert "has changed since the preview" in text_of(answer)
    assert everything() == before


def test_an_administrator_reads_what_a_run_did_and_is_told_who_restores(okta: IdentityProvider, group: Group) -> None:
    page = f"/admin/identity/identityprovider/{okta.pk}/"
    administrator = as_administrator()
    told = text_of(administrator.get(f"{page}run/?run={last_write()}"))
    assert "Restoring what an identity provider changed needs the role owner." in told
    assert administrator.get(f"{page}restore_run/?run={last_write()}").status_code == 403
    script = caller(User.objects.get(username="adam"))
    refused = script.get(f"identity-providers/{okta.pk}/runs/{last_write()}/restore/")
    assert problem(refused)[0] == 403


def test_the_log_leads_to_the_run_and_the_run_to_its_part_of_the_log(okta: IdentityProvider, group: Group) -> None:
    administrator = as_administrator()
    entry = administrator.get(f"/admin/identity/provisioninglog/{last_write()}/change/").content.decode()
    run_page = f"/admin/identity/identityprovider/{okta.pk}/run/?run={last_write()}"
    assert run_page in entry
    log = administrator.get(run_page).context["log_url"]
    rows = administrator.get(log).context["cl"].result_list
    assert {row.pk for row in rows} == set(ProvisioningLog.objects.order_by("-pk")[:3].values_list("pk", flat=True))


@pytest.mark.parametrize("door", ["rest", "command"])
def test_each_door_restores_the_same(door: str, okta: IdentityProvider, group: Group) -> None:
    make_owner()
    if door == "rest":
        script = caller(User.objects.get(username="olga"))
        [listed, _] = script.read(f"identity-providers/{okta.pk}/runs/")["results"]
        assert listed["counts"]["groups_deleted"] == 1
        path = f"identity-providers/{okta.pk}/runs/{listed['id']}/"
        assert {chapter["code"]: chapter["count"] for chapter in script.read(path)["chapters"]} == {
            "disabled": 2,
            "removed": 1,
        }
        preview = script.read(f"{path}restore/")
        assert (preview["enables"]["count"], preview["memberships"], preview["skipped"]) == (2, 2, [])
        assert problem(script.post(f"{path}restore/", {"fingerprint": "0"})) == (409, "outdated")
        script.do("POST", f"{path}restore/", {"fingerprint": preview["fingerprint"]})
    else:
        [listed, _] = answer("list_runs", "Okta")
        assert answer("show_run", "Okta", str(listed["id"]))["lost"] == [
            {"sso_group": "Engineering", "groups": ["Builders"]}
        ]
        tried = answer("restore_run", "Okta", str(listed["id"]))
        assert (tried["enabling"], statuses()["ada"]) == (["ada", "grace"], Status.DISABLED)
        assert refusal("restore_run", "Okta", str(listed["id"]), "--fingerprint", "0", "--yes")[0] == 7
        run("restore_run", "Okta", str(listed["id"]), "--yes", "--fingerprint", tried["fingerprint"])
    assert (statuses(), members_of(group)) == (BACK, {"ada", "grace"})


def test_what_is_no_run_is_not_found(okta: IdentityProvider, group: Group) -> None:
    other = make_idp("Entra")
    page = "/admin/identity/identityprovider/{}/run/?run={}"
    owner = as_owner()
    assert [owner.get(page.format(other.pk, number)).status_code for number in (last_write(), "", "x")] == [404] * 3
    path = f"identity-providers/{other.pk}/runs/{last_write()}/"
    assert problem(administrators_caller().get(path))[0] == 404
    assert refusal("show_run", "Entra", str(last_write()))[0] == 3


def test_the_list_of_runs_goes_on_where_a_page_ends(okta: IdentityProvider) -> None:
    for hours in range(22, 0, -1):
        with clock.ago(hours=hours):
            provision(okta, f"of{hours}")
    page = f"/admin/identity/identityprovider/{okta.pk}/runs/"
    administrator = as_administrator()
    first = administrator.get(page)
    assert len(first.context["found"].runs) == 20
    rest = administrator.get(f"{page}?before={first.context['found'].before}").context["found"]
    assert (len(rest.runs), rest.before) == (2, 0)
    script = caller(User.objects.get(username="adam"))
    with statements() as seen:
        answered = script.read(f"identity-providers/{okta.pk}/runs/?limit=20")
    assert len(seen) <= Most.REST + 4
    further = answered["next"].partition("/api/v1/")[2]
    assert len(script.read(further)["results"]) == 2
    assert len(answer("list_runs", "Okta")) == 22
    assert len(answer("list_runs", "Okta", "--limit", "21")) == 21
