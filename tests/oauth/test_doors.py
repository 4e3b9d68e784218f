"""Trusts by REST and by commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from identity.core import secrets
from identity.models import SCIMToken, SCIMTrust
from tests.clients import Script, caller, owners_caller, problem
from tests.factories import make_administrator, make_idp, make_user
from tests.oauth.workloads import ISSUER, SUBJECT, Workload, key_set, trust_of
from tests.portal.shell import answer, refusal, run

pytestmark = pytest.mark.django_db


@pytest.fixture
def script() -> Script:
    return owners_caller()


def test_a_trust_is_made_read_changed_and_deleted(script: Script) -> None:
    idp = make_idp("Entra ID", kind="entra")
    said = {"identity_provider": idp.pk, "issuer": ISSUER, "subject": SUBJECT, "audiences": ["api://a", "api://b"]}
    made = script.do("POST", "scim-trusts/", {**said, "key_set": key_set()})
    trust = SCIMTrust.objects.get()
    assert made["requires_id"] is False
    assert made["audiences"] == ["api://a", "api://b"]
    assert made["addresses"]["Client ID"] == made["client_id"] == trust.client_id
    assert made["addresses"]["Token URL"] == f"{settings.PUBLIC_URL}/scim/oauth/token"
    workload = Workload(trust)
    mine = workload.idp()
    workload.ask(workload.assertion(sub="other"))
    read = script.read(f"scim-trusts/{trust.pk}/")
    assert read["last_refusal"] == f"The subject (sub) is other, expected {SUBJECT}."
    script.do("PATCH", f"scim-trusts/{trust.pk}/", {"label": "New"})
    assert mine.get("/Users").status_code == 200
    assert script.do("PATCH", f"scim-trusts/{trust.pk}/", {"audiences": []})["audiences"] == []
    assert mine.get("/Users").status_code == 401
    script.do("DELETE", f"scim-trusts/{trust.pk}/")
    assert script.read("scim-trusts/")["results"] == []


def test_access_tokens_are_no_scim_tokens_of_the_lists(script: Script) -> None:
    workload = Workload(trust_of(make_idp()))
    workload.idp()
    assert script.read("scim-tokens/")["results"] == []
    assert script.get(f"scim-tokens/{SCIMToken.objects.get().pk}/").status_code == 404
    assert run("list_scim_tokens", "--csv") == ""
    assert refusal("revoke_scim_token", str(SCIMToken.objects.get().pk))[0] != 0


def test_what_is_wrong_with_a_trust_names_its_field(script: Script) -> None:
    said = {"identity_provider": make_idp().pk, "key_set": "{}"}
    assert problem(script.post("scim-trusts/", said)) == (400, "invalid_value")
    assert problem(script.post("scim-trusts/", {**said, "networks": "everywhere"})) == (400, "invalid_value")


def test_for_privileged_people_it_takes_an_owner() -> None:
    idp = make_idp()
    trust = trust_of(idp)
    make_user("boss", role="administrator", managed_by=idp)
    administrator = caller(make_administrator())
    said = {"identity_provider": idp.pk, "key_set": key_set()}
    assert administrator.post("scim-trusts/", said).status_code == 403
    assert administrator.patch(f"scim-trusts/{trust.pk}/", {"subject": "x"}).status_code == 403
    assert administrator.delete(f"scim-trusts/{trust.pk}/").status_code == 204


def test_an_assertion_is_checked_without_being_used_up(script: Script) -> None:
    workload = Workload(trust_of(make_idp()))
    assertion = workload.assertion()
    found = script.do("POST", f"scim-trusts/{workload.trust.pk}/check/", {"assertion": f" {assertion}\n"})
    assert found["is_fine"] is True
    assert [one["check"] for one in found["findings"]] == [
        *("form", "algorithm", "key", "signature", "issuer", "subject", "audience", "party", "time", "id")
    ]
    assert workload.ask(assertion).status_code == 200
    again = script.do("POST", f"scim-trusts/{workload.trust.pk}/check/", {"assertion": assertion})
    assert [one["check"] for one in again["findings"] if not one["is_fine"]] == ["id"]


def test_every_check_that_fails_is_named_but_nothing_of_a_forged_one(script: Script) -> None:
    workload = Workload(trust_of(make_idp()))
    failing = workload.assertion(iss="a", sub="b", aud="c", exp=1, jti=None)
    found = script.do("POST", f"scim-trusts/{workload.trust.pk}/check/", {"assertion": failing})["findings"]
    wrong = [one["check"] for one in found if not one["is_fine"]]
    assert wrong == ["issuer", "subject", "audience", "time", "id"]
    forged = Workload(workload.trust, key="attacker").assertion(headers={"kid": "k1"})
    found = script.do("POST", f"scim-trusts/{workload.trust.pk}/check/", {"assertion": forged})["findings"]
    assert (found[-1]["check"], found[-1]["is_fine"]) == ("signature", False)


def test_the_limits_of_a_token_are_set_by_rest(script: Script) -> None:
    said = {"identity_provider": make_idp().pk, "label": "x", "networks": "192.0.2.7", "is_read_only": True}
    made = script.do("POST", "scim-tokens/", said)
    assert (made["networks"], made["is_read_only"]) == ("192.0.2.7/32", True)
    changed = script.do("PATCH", f"scim-tokens/{made['id']}/", {"networks": ""})
    assert (changed["networks"], changed["is_read_only"], changed["label"]) == ("", True, "x")


def test_static_tokens_are_switched_off_by_rest_and_command(script: Script) -> None:
    workload = Workload(trust_of(idp := make_idp()))
    assert problem(script.patch(f"identity-providers/{idp.pk}/", {"refuses_static_tokens": True})) == (
        400,
        "invalid_value",
    )
    workload.idp()
    assert script.do("PATCH", f"identity-providers/{idp.pk}/", {"refuses_static_tokens": True})["refuses_static_tokens"]
    run("edit_identity_provider", idp.name, "--access-tokens-only", "off")
    assert script.read(f"identity-providers/{idp.pk}/")["refuses_static_tokens"] is False


def test_a_trust_is_set_up_and_checked_by_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_idp("Entra ID", kind="entra")
    keys = tmp_path / "keys.json"
    keys.write_text(key_set(), encoding="utf-8")
    said = ("--issuer", ISSUER, "--subject", SUBJECT, "--audiences", "api://a api://b", "--key-set", str(keys))
    made: Any = answer("create_scim_trust", "Entra ID", *said)
    trust = SCIMTrust.objects.get()
    assert (made["client_id"], made["requires_id"]) == (trust.client_id, False)
    assert trust.named_audiences == ["api://a", "api://b"]
    run("edit_scim_trust", str(trust.pk), "--key-set-url", "https://issuer.example/keys", "--read-only", "on")
    trust.refresh_from_db()
    assert (trust.key_set, trust.is_read_only, trust.subject) == ("", True, SUBJECT)
    run("edit_scim_trust", str(trust.pk), "--key-set", str(keys))
    workload = Workload(SCIMTrust.objects.get())
    (tmp_path / "assertion").write_text(workload.assertion(), encoding="utf-8")
    with (tmp_path / "assertion").open(encoding="utf-8") as given:
        monkeypatch.setattr("sys.stdin", given)
        findings: Any = json.loads(run("check_scim_trust", str(trust.pk), "--json"))["findings"]
    assert all(one["is_fine"] for one in findings)
    secret = workload.idp().secret
    run("delete_scim_trust", str(trust.pk), "--yes")
    assert not SCIMToken.objects.filter(digest=secrets.digest(secret)).exists()
