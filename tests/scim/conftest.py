"""What SCIM tests meet: the identity provider that most of them play, and worlds that several files need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.clients import IdP, new_idp
from tests.examples import POSTGRESQL, share

if TYPE_CHECKING:
    from tests.scim.directory import Directory
    from tests.scim.hostile import World


@pytest.fixture
def idp(db: None) -> IdP:
    return new_idp()


@pytest.fixture
def world(db: None) -> World:
    """What the hostile requests of test_no_500.py meet."""
    from tests.scim.hostile import new_world  # noqa: PLC0415 - hypothesis is for those alone who need it

    return new_world()


@pytest.fixture(params=range(1, 1 + share(2, home=POSTGRESQL)))
def directory(db: None, request: pytest.FixtureRequest) -> Directory:
    """Whom the reference model of filters and sorting is held against."""
    from tests.scim.directory import Directory  # noqa: PLC0415 - the same

    return Directory(new_idp(), request.param)
