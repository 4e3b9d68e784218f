"""What an independent checker finds: scim2-tester reads /Schemas and tries everything that they promise."""

import pytest
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import CheckResult, Status, check_server

from portal.wsgi import application
from tests.scim.helpers import BASE, PORTAL_GROUP, PORTAL_USER, new_idp

READ_ONLY = "it takes an extension for writable although all its attributes are read-only"
DISPLAY = "it expects back exactly what it sent, and members.display is the portal's to fill in"

# Checks that may fail, and why that is right; (resource type, check, attribute).
DEVIATIONS = {
    ("User", "check_add_attribute", PORTAL_USER): READ_ONLY,
    ("User", "check_replace_attribute", PORTAL_USER): READ_ONLY,
    ("User", "check_remove_attribute", PORTAL_USER): READ_ONLY,
    ("User", "check_remove_attribute", "active"): "a status can't be taken away: removing it changes nothing",
    ("Group", "check_add_attribute", PORTAL_GROUP): READ_ONLY,
    ("Group", "check_replace_attribute", PORTAL_GROUP): READ_ONLY,
    ("Group", "check_add_attribute", "members"): DISPLAY,
    ("Group", "check_replace_attribute", "members"): DISPLAY,
}


@pytest.fixture
def results(transactional_db: None) -> list[CheckResult]:
    """Every check, against the portal as a WSGI server runs it."""
    headers = {"Authorization": f"Bearer {new_idp().secret}"}
    return check_server(WSGISCIMClient(application, base_url=BASE, headers=headers))


def test_every_check_succeeds_or_deviates_for_a_reason(results: list[CheckResult]) -> None:
    failures = [result for result in results if result.status is not Status.SUCCESS]
    assert [str(failure) for failure in failures if subject(failure) not in DEVIATIONS] == []
    # A deviation that is gone must leave the list as well.
    assert {subject(failure) for failure in failures} == set(DEVIATIONS)
    assert len(results) > 100  # it stops early, without failing, when it can't make sense of /Schemas


def subject(result: CheckResult) -> tuple[str | None, str | None, str]:
    """What the result is about, as DEVIATIONS names it."""
    urn = result.data.get("urn", "") if isinstance(result.data, dict) else ""
    return (result.resource_type, result.title, str(urn))
