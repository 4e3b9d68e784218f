"""Refusals are stored as codes with parameters; sentences of before are read, and all are shown in the same words."""

from __future__ import annotations

import ast
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from identity.core import words
from identity.core.errors import Conflicted, GatehouseError
from identity.core.refusals import Refusal
from identity.core.words import as_data, worded
from identity.models import BulkRow, BulkRun, ProvisioningLog
from identity.services import bulk_runs
from identity.services.sign_in import login
from portal.sso.words import Advice, Fact
from scim.wire.words import Wire
from tests.clients import administrators_caller, new_idp
from tests.factories import (
    OPERATOR,
    administrator,
    make_group,
    make_idp,
    make_user,
    map_group,
    provision,
    push_group,
    resend,
    set_mode,
)
from tests.identity.assertions import just_in_time
from tests.loops import each
from tests.portal.admin_pages import address, text_of
from tests.scim.helpers import user_body
from tests.sessions import as_administrator
from tests.sources import ROOT

pytestmark = pytest.mark.django_db

log_moved: Any = import_module("identity.migrations.0042_refusals_as_data")
bulk_moved: Any = import_module("identity.migrations.0043_bulk_refusals_as_data")
sentences: Any = import_module("identity.migrations._sentences")
EDITOR = SimpleNamespace(connection=connection)


def log_rows() -> list[Any]:
    return list(ProvisioningLog.objects.order_by("pk").values_list("pk", "what", "params", "details"))


def bulk_rows() -> list[Any]:
    return list(BulkRow.objects.order_by("pk").values_list("pk", "outcome", "told"))


def shown() -> tuple[list[str], list[str]]:
    log = [row.summary for row in ProvisioningLog.objects.order_by("pk")]
    return log, [row.sentence for row in BulkRow.objects.order_by("pk").select_related("run", "user")]


def differing(before: tuple[list[Any], list[Any]]) -> list[Any]:
    was, is_now = [*before[0], *before[1]], [*log_rows(), *bulk_rows()]
    return [pair for pair in zip(was, is_now, strict=True) if pair[0] != pair[1]]


def much_is_refused() -> None:
    """Over SCIM, at a sign-in, and in a bulk action: by values, by what is there, by role and by mode."""
    okta = new_idp("Okta")
    ada = okta.user("ada")
    okta.post("/Users", user_body("ada"))
    okta.post("/Users", {"schemas": user_body("x")["schemas"]})
    okta.post("/Users", user_body("x" * 300))
    okta.post("/Groups", {**user_body("x"), "displayName": 7})
    okta.patch(f"/Users/{ada}", {"Operations": [{"op": "add"}]})
    okta.delete("/Users/7a9d3c1e-0000-4000-8000-000000000000")
    okta.post("/Bulk", {"Operations": [{"method": "POST", "path": "/Nowhere", "data": {}}]})
    eve = provision(make_idp("Entra"), "eve")
    with pytest.raises(Conflicted):
        provision(make_idp("Ping"), "eve")
    resend(eve, "a b", "ada@example.test", active=False)
    connection = just_in_time("Another")
    for fact, advice in [(Fact.TOO_SLOW(), Advice.SEE_WHETHER_IT_ANSWERS()), ("Its own words.", "")]:
        login.record_failure(connection, code="refused_there", sentence=fact, advice=advice, address="")
    people = [make_user("mia"), administrator().user]
    for kind in (BulkRun.Kind.ENABLE, BulkRun.Kind.DISABLE, BulkRun.Kind.RESEND_INVITATION):
        run = bulk_runs.create_run(kind, bulk_runs.rows_for(kind, people, actor=administrator()), actor=OPERATOR)
        bulk_runs.work_on(run, actor=OPERATOR)
    mapped = make_group("Builders")
    wanted = bulk_runs.rows_for(BulkRun.Kind.ADD_TO_GROUPS, people, actor=OPERATOR)
    run = bulk_runs.create_run(BulkRun.Kind.ADD_TO_GROUPS, wanted, values={"groups": [mapped.pk]}, actor=OPERATOR)
    map_group(push_group(make_idp("Third"), "Engineering"), mapped)
    set_mode(scim=True)
    bulk_runs.work_on(run, actor=administrator())


def test_what_is_refused_is_stored_as_data_and_shown_in_words() -> None:
    much_is_refused()
    stored = [params for _, what, params, _ in log_rows() if what in {"refused", "sign_in_refused", "sign_in_failed"}]
    texts = [params["sentence"] for params in stored if "said" not in params]
    assert texts == ["Field 'userName' is required but value is missing, null or empty.", "Its own words."]
    assert len(stored) > 8
    assert [told for _, outcome, told in bulk_rows() if outcome != "done" and "said" not in told] == []
    log, bulk = shown()
    assert "userName ada belongs to another user of this identity provider." in log
    assert "Sign-in did not work: It did not answer in time." in log
    assert "mia is enabled already." in bulk
    assert [text for text in bulk if text.startswith("Changing the members of a mapped group is not possible here")]


def test_a_log_goes_back_to_sentences_and_comes_again_as_it_was() -> None:
    """Down and up the migrations, on rows as the version before stored them."""
    much_is_refused()
    before, told = (log_rows(), bulk_rows()), shown()
    bulk_moved.backwards(apps, EDITOR)
    log_moved.backwards(apps, EDITOR)
    assert "said" not in str([params for _, _, params, _ in log_rows()])
    assert "'said': {" not in str((log_rows(), bulk_rows()))
    assert shown() == told
    log_moved.forwards(apps, EDITOR)
    bulk_moved.forwards(apps, EDITOR)
    assert differing(before) == []
    assert shown() == told


def test_what_was_interrupted_goes_on_and_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    much_is_refused()
    before = log_rows(), bulk_rows()
    bulk_moved.backwards(apps, EDITOR)
    log_moved.backwards(apps, EDITOR)
    monkeypatch.setattr(log_moved, "BATCH", 2)
    monkeypatch.setattr(bulk_moved, "BATCH", 2)
    first = ProvisioningLog.objects.filter(params__has_key="sentence").order_by("pk")[0]
    ProvisioningLog.objects.filter(pk=first.pk).update(params=log_moved.read_params(first.params))
    for _ in range(2):
        log_moved.forwards(apps, EDITOR)
        bulk_moved.forwards(apps, EDITOR)
        assert differing(before) == []


@pytest.mark.parametrize("sentence", ["", "Odd.", "What a former version said: 7.", "userName is odd.", "No {braces}"])
def test_a_sentence_that_cannot_be_read_stays_and_is_shown(sentence: str) -> None:
    idp = make_idp()
    ProvisioningLog.objects.create(
        identity_provider=idp,
        request_id="r",
        method="POST",
        resource_type="User",
        outcome="refused",
        status=400,
        what="refused",
        params={"sentence": sentence},
        details={
            "what_to_do": "Ask Bob.",
            "left_out": [{"attribute": "x", "why": "refused", "said": "no"}, "odd"],
        },
    )
    run = BulkRun.objects.create(kind=BulkRun.Kind.ENABLE)
    BulkRow.objects.create(run=run, position=1, outcome="refused", told={"sentence": sentence})
    before = log_rows(), bulk_rows()
    log_moved.forwards(apps, EDITOR)
    bulk_moved.forwards(apps, EDITOR)
    assert (log_rows(), bulk_rows()) == before
    entry = ProvisioningLog.objects.get()
    page = text_of(as_administrator().get(address("provisioninglog_change", entry.pk)))
    assert "Ask Bob." in page
    assert entry.summary.startswith(sentence)
    assert shown()[1] == [sentence]


@pytest.mark.once
def test_every_sentence_of_before_is_read_as_what_it_was() -> None:
    """Whatever people and things are called: what was read makes the same sentence, and most come back exactly."""
    for code in each([*sentences._SENTENCES, "invalid"], at_least=150):
        for name in ["Ada", "Ada {x}", "O'Neil: is", "a b."]:
            told = filled(code, name)
            sentence = sentences.written(told)
            found = sentences.read(sentence)
            assert found is not None, (code, sentence)
            assert sentences.written(found) == sentence  # how it is put today may be another way
            assert name != "Ada" or found == told


def filled(code: str, name: str) -> dict[str, Any]:
    """A sentence about something of this name; each part of it is the first that it can be."""
    fields = [field for _, field, *_ in sentences.Formatter().parse(sentences.WORDS[code]) if field]
    params = {field: 7 if field in sentences._NUMBERS else name for field in fields}
    parts = {field: filled(found[0], name) for field in fields if (found := sentences._parts_of(code, field))}
    return {"say": code, "with": params | parts} if fields else {"say": code}


@pytest.mark.once
def test_codes_that_were_stored_are_still_known_with_their_parameters() -> None:
    """Rows name them: a code may get other words, and must not go."""
    assert [code for code in each(sentences.WORDS, at_least=300) if code not in words._HOME] == []


@pytest.mark.once
@pytest.mark.parametrize("home", [Refusal, Wire, Fact, Advice])
def test_words_can_be_shown_with_whatever_they_name(home: type[words.Words]) -> None:
    for member in each(home, at_least=30):
        _, text = member.value
        said = member(**{field: 7 for _, field, *_ in sentences.Formatter().parse(text) if field})
        assert worded(as_data(said)) == said
        assert worded({"say": member.value[0]})


@pytest.mark.once
def test_what_only_another_version_says_is_shown_all_the_same() -> None:
    assert worded({"say": "later.not_yet_known", "with": {"x": 1}}) == "Not yet known."
    assert worded({"say": "gone", "with": {}}) == "This … no longer exists."
    assert worded("As it was.") == "As it was."


def test_the_rest_api_tells_words_and_data() -> None:
    login.record_failure(
        just_in_time("Okta"), code="slow", sentence=Fact.TOO_SLOW(), advice=Advice.CLOCKS(), address=""
    )
    [entry] = administrators_caller().read("provisioning-log/")["results"]
    assert entry["params"] == {"sentence": "It did not answer in time.", "said": {"say": "sso.too_slow"}}
    assert entry["details"]["what_to_do"] == "Set the clocks of both servers by the network (NTP)."
    assert entry["summary"] == "Sign-in did not work: It did not answer in time."


# Rooms whose refusals are stored, and by which argument their sentences are given.
STORED = [
    *(ROOT / "identity/core/keys.py", ROOT / "identity/db", ROOT / "identity/safeguards", ROOT / "scim"),
    *(
        ROOT / "identity/services" / name
        for name in ("provisioning", "sign_in", "bulk_runs.py", "groups.py", "users.py")
    ),
    *(ROOT / "portal/sso" / name for name in ("discovery.py", "saml.py", "saml_causes.py")),
]
SENTENCES = {
    **dict.fromkeys(("Refused", "NotFound", "Taken", "Conflicted", "VersionMismatch", "taken_when"), 0),
    **dict.fromkeys(("BadAssertion", "BadDocument", "OtherIssuer"), 0),
    **dict.fromkeys(("InvalidValue", "refuse", "refused", "out_of_place", "so_already"), 1),
}


@pytest.mark.once
def test_no_refusal_that_is_stored_is_spelled_out_where_it_is_raised() -> None:
    calls = [
        (path, call, call.args[SENTENCES[name]])
        for room in STORED
        for path in sorted(room.rglob("*.py") if room.is_dir() else [room])
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and (name := getattr(call.func, "id", "")) in SENTENCES
        if len(call.args) > SENTENCES[name]
    ]
    spelled_out = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, call, sentence in each(calls, at_least=120)
        if isinstance(sentence, ast.Constant | ast.JoinedStr)
    ]
    assert spelled_out == []


@pytest.mark.once
def test_a_refusal_keeps_its_data_on_the_way() -> None:
    error = GatehouseError(Refusal.GONE(what="user"))
    assert as_data(error.sentence) == {"say": "gone", "with": {"what": "user"}}
    with pytest.raises(ValueError, match="said in two ways"):
        words.table("role", {"owner": "somebody else"})
