"""The identity provider that most SCIM tests play."""

import pytest

from tests.clients import IdP, new_idp


@pytest.fixture
def idp(db: None) -> IdP:
    return new_idp()
