"""A token that calls too fast is slowed, and others go on."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse

from identity.models import AuditEvent, SCIMToken
from identity.services import scim_tokens, traces
from scim.wire import rates
from tests.clients import IdP, idp_of
from tests.factories import OPERATOR
from tests.scim.helpers import ERROR, user_body
from tests.statements import no_statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def passed(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Two requests a second, ten at once; time passes when seconds are added."""
    settings.SCIM_REQUESTS_PER_SECOND = 2
    seconds = [0.0]
    monkeypatch.setattr(rates, "now", lambda: sum(seconds))
    return seconds


def ten(idp: IdP) -> list[int]:
    return [idp.get("/Users", count=0).status_code for _ in range(10)]


def test_a_loop_gets_429_and_a_number_of_seconds_and_goes_on_after_them(idp: IdP, passed: list[float]) -> None:
    assert ten(idp) == [200] * 10
    answer = idp.post("/Users", user_body("ann"))
    assert answer.status_code == 429
    assert (answer.json()["schemas"], answer.json()["status"]) == ([ERROR], "429")
    assert answer["Retry-After"] == "1"
    passed.append(0.4)
    assert idp.post("/Users", user_body("ann")).status_code == 429
    passed.append(0.1)
    assert idp.post("/Users", user_body("ann")).status_code == 201
    passed.append(3600)
    assert ten(idp) == [200] * 10
    assert ten(idp) == [429] * 10


@pytest.mark.usefixtures("passed")
def test_who_is_slowed_costs_no_statement_and_the_audit_log_counts(idp: IdP, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "FLUSH_SECONDS", 3600)
    ten(idp)
    idp.get("/Users")
    traces.flush()
    with no_statements():
        assert idp.get("/Users").status_code == 429
    traces.flush()
    event = AuditEvent.objects.get(action="scim_token.slowed")
    assert event.identity_provider_id == idp.provider.pk  # type: ignore[union-attr]
    assert event.origin.times == 2


@pytest.mark.usefixtures("passed")
def test_another_token_of_the_same_provider_has_its_own(idp: IdP) -> None:
    ten(idp)
    assert idp.get("/Users").status_code == 429
    assert idp_of(idp.provider).get("/Users").status_code == 200  # type: ignore[arg-type]


def test_unknown_tokens_have_no_bucket_and_a_revoked_one_is_unknown(idp: IdP, passed: list[float]) -> None:
    ten(idp)
    before = dict(rates._buckets)
    for number in range(20):
        assert IdP(f"ghscim_{number}").get("/Users").status_code == 401
    assert dict(rates._buckets) == before
    scim_tokens.revoke_token(SCIMToken.objects.get(), actor=OPERATOR)
    passed.append(10)
    assert idp.get("/Users").status_code == 401
    assert len(rates._buckets) == len(before) - 1


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MOST_BUCKETS", 3)
    monkeypatch.setattr(rates, "_buckets", type(rates._buckets)())
    for number in range(10):
        rates.begin(str(number), identity_provider_id=1, token_id=number)
        rates.take("0" if number < 2 else str(number))
    assert len(rates._buckets) == 3


@pytest.mark.usefixtures("passed")
def test_it_can_be_switched_off(idp: IdP, settings: Any) -> None:
    ten(idp)
    settings.SCIM_REQUESTS_PER_SECOND = 0
    assert ten(idp) == [200] * 10


def test_a_sync_as_fast_as_the_portal_answers_never_meets_the_default(idp: IdP) -> None:
    """As one client: what is measured in docs/performance.md is a third of the rate."""
    answers: list[HttpResponse] = [idp.post("/Users", user_body(f"user{number}")) for number in range(200)]
    assert {answer.status_code for answer in answers} == {201}
