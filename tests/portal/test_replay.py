"""`manage.py replay`: what a conversation would do, what it does, and when it is not what the IdP needs."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.live_server_helper import LiveServer

from identity.models import AuditEvent, SCIMToken, SSOUser, Status, User
from tests.clients import new_idp
from tests.factories import everything, make_idp, make_user, set_mode
from tests.portal.shell import answer, refusal, run
from tests.scim.helpers import user_body

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

CREATE = {
    "name": "create ada",
    "request": {"method": "POST", "path": "/Users", "body": user_body("ada", name={"givenName": "Ada"})},
    "capture": {"id": "/id"},
    "expect": {"status": [201], "json": {"/userName": "ada"}},
}
DISABLE = {
    "name": "disable her",
    "request": {
        "method": "PATCH",
        "path": "/Users/${id}",
        "body": {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": "active", "value": False}]},
    },
    "expect": {"status": [200, 204]},
}

HAPPENED = {"user.provisioned": 1, "user.disabled": 1, "user.updated": 1}


@pytest.fixture
def conversation(tmp_path: Path) -> str:
    return written(tmp_path, CREATE, DISABLE)


def written(folder: Path, *steps: dict[str, Any]) -> str:
    file = folder / "conversation.json"
    file.write_text(json.dumps({"steps": steps}), encoding="utf-8")
    return str(file)


@pytest.mark.django_db
def test_a_dry_run_tells_everything_and_leaves_nothing(conversation: str) -> None:
    make_idp("Okta")
    before = everything()
    told = answer("replay", "--idp", "Okta", conversation)
    assert everything() == before
    assert (told["dry_run"], told["conversations"], told["failed"]) == (True, 1, 0)
    assert told["events"] == HAPPENED
    assert [(row["method"], row["outcome"]) for row in told["log"]] == [("POST", "applied"), ("PATCH", "applied")]


@pytest.mark.django_db(transaction=True)
def test_with_yes_it_happens_and_the_token_is_gone(conversation: str) -> None:
    make_idp("Okta")
    printed = run("replay", "--idp", "Okta", conversation, "--yes", "--steps")
    assert User.objects.get().status == Status.DISABLED
    assert SSOUser.objects.get().identity_provider.name == "Okta"
    assert not SCIMToken.objects.exists()
    assert "PASS  conversation.json" in printed
    assert "disable her  PATCH" in printed
    assert AuditEvent.objects.filter(action="scim_token.revoked").get().actor_label == "manage.py replay"


@pytest.mark.django_db
def test_an_answer_that_differs_is_named_and_ends_with_1(tmp_path: Path) -> None:
    make_idp("Okta")
    make_user("ada", email="ada@elsewhere.test")
    file = written(tmp_path, {**CREATE, "request": {**CREATE["request"], "body": user_body(
        "ada", emails=[{"value": "ada@example.test"}])}})  # fmt: skip
    printed = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("replay", "--idp", "Okta", file, stdout=printed, stderr=StringIO())
    assert caught.value.returncode == 1
    assert "FAIL  conversation.json  step 1 'create ada' : status: expected [201], got 409" in printed.getvalue()
    assert "POST    refused  409     userName ada exists in the portal with another email." in printed.getvalue()


@pytest.mark.django_db
def test_scim_switched_off_is_an_answer_as_well(conversation: str) -> None:
    make_idp("Okta")
    set_mode(scim=False)
    assert refusal("replay", "--idp", "Okta", conversation) == (1, "1 conversation did not go through.")


@pytest.mark.django_db(transaction=True)
def test_over_http_it_goes_to_any_portal(conversation: str, live_server: LiveServer) -> None:
    idp = new_idp("Okta")
    words = ("replay", "--url", f"{live_server.url}/scim/v2", "--token", idp.secret, conversation)
    assert "can't be rolled back" in refusal(*words)[1]
    assert not SSOUser.objects.exists()
    assert answer(*words, "--yes")["failed"] == 0
    assert SSOUser.objects.get().identity_provider == idp.provider


@pytest.mark.django_db
def test_a_file_that_is_no_conversation_is_named(tmp_path: Path) -> None:
    make_idp("Okta")
    file = tmp_path / "list.json"
    for text in ("[]", "{", '{"steps": [{"request": {}}]}', '{"steps": [{"request": {"method": "GET"}}]}'):
        file.write_text(text, encoding="utf-8")
        assert "list.json is no conversation" in refusal("replay", "--idp", "Okta", str(file))[1]
    assert "is no conversation" in refusal("replay", "--idp", "Okta", str(tmp_path / "missing.json"))[1]


@pytest.mark.django_db
def test_the_shortest_conversation_of_the_documentation_goes_through(project: Path, tmp_path: Path) -> None:
    make_idp("Okta")
    page = (project / "docs" / "replay.md").read_text(encoding="utf-8")
    file = tmp_path / "shortest.json"
    file.write_text(page.partition("```json\n")[2].partition("```")[0], encoding="utf-8")
    assert answer("replay", "--idp", "Okta", str(file))["events"] == HAPPENED
