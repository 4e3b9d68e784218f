"""Testing a connection from the server: what can be found out without anybody signing in."""

from datetime import timedelta
from typing import Any

import pytest
from requests import ConnectionError

from identity.models import SSOConnection
from identity.queries import certificates
from portal.sso.outgoing import GuardedSession
from tests.clients import administrators_caller, caller, ok, problem
from tests.factories import ISSUER, make_user
from tests.portal.shell import refusal, run
from tests.sso.conftest import OIDCProvider

pytestmark = pytest.mark.django_db


def checked(connection: SSOConnection) -> Any:
    return ok(administrators_caller().post(f"sso-connections/{connection.pk}/check/"))


def test_a_connection_that_can_work_says_so(okta: SSOConnection) -> None:
    found = checked(okta)
    assert [(one["check"], one["mend"]) for one in found["findings"]] == [("discovery", ""), ("keys", "")]
    assert found["is_fine"] is True
    assert found["test_url"].endswith(f"/sso/{okta.slug}/?next=/admin/identity/ssoconnection/{okta.pk}/test/")
    assert found["addresses"]["Redirect URI"].endswith(f"/sso/{okta.slug}/callback/")
    assert found["test_url"] in run("check_sso_connection", okta.slug)


def test_what_is_wrong_there_is_told_with_what_to_do(okta: SSOConnection, provider: OIDCProvider) -> None:
    provider.discovery["issuer"] = "https://elsewhere.example"
    found = checked(okta)
    assert (found["is_fine"], [one["check"] for one in found["findings"]]) == (False, ["discovery"])
    assert found["findings"][0]["mend"].startswith("Enter the issuer as the document names it")
    assert refusal("check_sso_connection", okta.slug) == (1, "The connection needs attention.")


def test_keys_that_are_none_are_told(okta: SSOConnection, provider: OIDCProvider) -> None:
    provider.answers[f"{ISSUER}/keys"] = {"keys": []}
    found = checked(okta)["findings"]
    assert [(one["check"], one["is_fine"]) for one in found] == [("discovery", True), ("keys", False)]


def test_a_provider_that_is_away_is_told(okta: SSOConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise ConnectionError("no route to 10.0.0.7")

    monkeypatch.setattr(GuardedSession, "get", away)
    (finding,) = checked(okta)["findings"]
    assert finding["sentence"] == "One of its addresses can't be reached, or answers with an error."


@pytest.mark.parametrize(("warned_before", "mend"), [(0, ""), (20_000, "Add the next certificate.")])
def test_certificates_are_told_with_their_end(
    saml: SSOConnection, warned_before: int, mend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "WARN_BEFORE", timedelta(days=warned_before))
    (finding,) = checked(saml)["findings"]
    assert (finding["check"], finding["is_fine"], finding["mend"]) == ("certificate", not mend, mend)
    assert "valid until" in finding["sentence"]


def test_only_administrators_test_connections(okta: SSOConnection) -> None:
    assert problem(caller(make_user()).post(f"sso-connections/{okta.pk}/check/")) == (403, "role_required")
