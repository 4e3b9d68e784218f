"""What an independent checker finds: scim2-tester reads /Schemas and tries everything that they promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portal.wsgi import application
from tests.clients import new_idp
from tests.conformance.deviations import SCIM2_TESTER as DEVIATIONS
from tests.conformance.deviations import subject
from tests.scim.helpers import BASE

if TYPE_CHECKING:  # the checker takes seconds to import: only who runs it waits for it
    from scim2_tester import CheckResult


@pytest.fixture
def results(transactional_db: None) -> list[CheckResult]:
    """Every check, against the portal as a WSGI server runs it."""
    from scim2_client.engines.wsgi import WSGISCIMClient  # noqa: PLC0415 - takes seconds to import
    from scim2_tester import check_server  # noqa: PLC0415

    headers = {"Authorization": f"Bearer {new_idp().secret}"}
    return check_server(WSGISCIMClient(application, base_url=BASE, headers=headers))


def test_every_check_succeeds_or_deviates_for_a_reason(results: list[CheckResult]) -> None:
    failures = [result for result in results if result.status.name != "SUCCESS"]
    assert [str(failure) for failure in failures if subject(failure) not in DEVIATIONS] == []
    # A deviation that is gone must leave the list as well.
    assert {subject(failure) for failure in failures} == set(DEVIATIONS)
    assert len(results) > 100  # it stops early, without failing, when it can't make sense of /Schemas
