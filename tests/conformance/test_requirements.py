"""Our list of requirements, held to the portal with every run of the suite; and proof that each check can fail."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from tests.clients import new_idp
from tests.conformance.report import reason_for, render
from tests.conformance.requirements import Requirement, all_requirements, judge
from tests.conformance.service import Answer, Service
from tests.loops import each
from tests.scim.helpers import ROOT

REQUIREMENTS = all_requirements()


@pytest.fixture
def service(db: None) -> Service:
    """The portal, through Django's test client."""
    client = Client()

    def send(method: str, path: str, content: bytes | None, headers: dict[str, str]) -> Answer:
        kind = headers.get("Content-Type", "")
        others = {name: value for name, value in headers.items() if name != "Content-Type"}
        answer = client.generic(method, f"{ROOT}{path}", content or b"", content_type=kind, headers=others)
        return Answer(answer.status_code, {name.lower(): value for name, value in answer.items()}, answer.content)

    return Service(send, new_idp().secret)


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda one: one.key)
def test_the_portal_meets_the_requirement(requirement: Requirement, service: Service) -> None:
    result = judge(requirement, service)
    assert result.outcome != "not met" or reason_for(result), result.reason
    if getattr(requirement.check, "__name__", "") in _deviations():
        assert result.outcome == "not met", "a deviation that is gone must leave the list as well"


def _deviations() -> set[str]:
    from tests.conformance import deviations  # noqa: PLC0415

    return set(deviations.REQUIREMENTS)


SEEN_WITHOUT_THE_PORTAL = {"RFC 7644 7.2: Transport is protected by TLS."}


@pytest.mark.parametrize("status", [200, 201, 204, 400, 401, 404, 500])
@pytest.mark.parametrize("body", [b"", b"{}", json.dumps({"id": "x", "Resources": [], "totalResults": 0}).encode()])
def test_no_check_is_met_by_a_service_that_answers_everything_alike(status: int, body: bytes) -> None:
    """A check that such a stub passes proves nothing."""
    service = Service(lambda *_: Answer(status, {"content-type": "application/scim+json"}, body), "token")
    results = [judge(requirement, service) for requirement in REQUIREMENTS]
    passed = {one.requirement.key for one in results if one.outcome != "not met"}
    assert passed <= SEEN_WITHOUT_THE_PORTAL


def test_there_are_as_many_requirements_as_are_claimed() -> None:
    assert len(REQUIREMENTS) >= 120
    assert len({one.key for one in REQUIREMENTS}) == len(REQUIREMENTS)


def test_the_page_can_be_written(service: Service) -> None:
    results = [judge(requirement, service) for requirement in REQUIREMENTS[:3]]
    page = render(results, [], "sqlite")
    assert all(one.sentence in page for one in each(REQUIREMENTS[:3], at_least=3))
