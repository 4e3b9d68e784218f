"""Assertions that are presented many times at the same moment."""

import pytest

from identity.models import SCIMToken
from identity.services import scim_trusts
from tests.factories import OPERATOR, make_idp
from tests.oauth.workloads import Workload, refusal, trust_of
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_eight_at_once_with_one_assertion_one_gets_a_token() -> None:
    workload = Workload(trust_of(make_idp()))
    assertion = workload.assertion()
    answers = at_once(*[lambda: Workload(workload.trust).ask(assertion)] * 8)
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7
    assert SCIMToken.objects.count() == 1


def test_eight_assertions_at_once_get_a_token_each() -> None:
    workload = Workload(trust_of(make_idp()))
    assertions = [workload.assertion() for _ in range(8)]
    answers = at_once(*[lambda one=one: Workload(workload.trust).ask(one) for one in assertions])
    assert [answer.status_code for answer in answers] == [200] * 8


def test_none_gets_a_token_from_a_trust_that_is_deleted_meanwhile() -> None:
    workload = Workload(trust_of(make_idp()))
    assertion = workload.assertion()
    _, answer = at_once(
        lambda: scim_trusts.delete_trust(workload.trust, actor=OPERATOR),
        lambda: Workload(workload.trust).ask(assertion),
    )
    if answer.status_code != 200:
        assert refusal(answer) == (401, "invalid_client")
    assert not SCIMToken.objects.exists()
