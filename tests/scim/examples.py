"""How many examples hypothesis tries: a few hundred in the suite; `HYPOTHESIS_PROFILE=thorough` makes them 20,000."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

_IN_THE_SUITE = 200
EXAMPLES = {"thorough": 20_000}.get(os.environ.get("HYPOTHESIS_PROFILE", ""), _IN_THE_SUITE)

examples = settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[phase for phase in Phase if phase is not Phase.explain],
    derandomize=EXAMPLES == _IN_THE_SUITE,  # the suite says the same thing each time; the thorough run looks further
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
