"""What an identity provider asserts of somebody at sign-in, and what the domain makes of it."""

from typing import Any

import pytest

from identity.core.errors import Refused
from identity.models import SSOConnection
from identity.services.sign_in import login
from identity.services.sign_in.assertions import Assertion
from tests.factories import connect, set_mode


def just_in_time(name: str = "Okta", **said: Any) -> SSOConnection:
    """A connection that creates people of example.test."""
    set_mode(scim=False)
    return connect(name, creates_users=True, allowed_domains="example.test", groups_claim="groups", **said)


def says(subject: str = "00u1", user_name: str = "ada", **claims: Any) -> Assertion:
    return Assertion(
        subject,
        {"sub": subject, "preferred_username": user_name, "email": f"{user_name}@example.test", **claims},
    )


def kept_out(connection: SSOConnection, assertion: Assertion) -> str:
    """The code of the refusal."""
    with pytest.raises(Refused) as caught:
        login.sign_in(connection, assertion)
    return caught.value.code
