"""The suite is hermetic: what is set on the machine reaches no test."""

from __future__ import annotations

import os

from tests import environment


def test_none_of_them_is_set_while_tests_run() -> None:
    assert len(environment.OFFERED) > 20
    assert environment.OFFERED & set(os.environ) <= environment.KEPT
