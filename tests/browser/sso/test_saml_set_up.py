"""An administrator connects a SAML provider, from the metadata file to the first person who comes in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import SSOConnection
from identity.services import users
from tests.browser.sso.conftest import Running
from tests.factories import OPERATOR, PASSWORD, make_idp, provision
from tests.processes import HeldPort, held_port
from tests.sso.idp_processes import require_installed, running, self_signed
from tests.sso.saml_answers import metadata

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def port() -> Iterator[HeldPort]:
    with held_port() as held:
        yield held


def test_from_the_metadata_file_to_the_first_sign_in(
    page: Page, internal: Any, live_server: LiveServer, port: HeldPort, tmp_path: Path
) -> None:
    require_installed()
    provider = make_idp("Corporate SAML")
    internal.SSO_INTERNAL_ORIGINS.append(port.origin)
    key, certificate = self_signed(tmp_path)
    body = "".join(certificate.read_text(encoding="utf-8").splitlines()[1:-1])
    file = tmp_path / "metadata.xml"
    file.write_text(metadata(body, origin=port.origin), encoding="utf-8")
    users.create_owner(username="owner", email="", password=PASSWORD, actor=OPERATOR)
    provision(provider, "ada", external_id="ext-1")

    page.goto(f"/admin/identity/identityprovider/{provider.pk}/change/")
    page.get_by_label("Username").fill("owner")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Set up SAML").click()
    page.get_by_label("Or metadata file").set_input_files(file)
    page.get_by_role("button", name="Save and show the addresses").click()
    acs = page.get_by_text(re.compile(r"/sso/[a-z0-9-]+/acs/$")).first.inner_text()
    expect(page.get_by_text("CN=Test IdP")).to_be_visible()

    with running("saml.mjs", port, tmp_path, ACS_URL=acs, KEY=str(key), CERT=str(certificate)) as idp:
        idp.knows("ada", nameId="ext-1", attributes={"mail": "ada@example.test", "groups": ["Engineering"]})
        page.get_by_role("link", name="Test now").click()
        page.get_by_label("Login").fill("ada")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", name="The claims that matter")).to_be_visible()
        expect(page.get_by_text("This signs in as ada")).to_be_visible()
        expect(page.get_by_role("cell", name="ada@example.test").first).to_be_visible()
        page.get_by_role("link", name="Back to the connection").click()
        page.get_by_role("link", name="Switch on").click()
        page.get_by_role("button", name="Switch on").click()
        expect(page.get_by_text("People can sign in through this identity provider now")).to_be_visible()
        page.context.clear_cookies()
        Running(idp, SSOConnection.objects.get()).sign_in(page, "ada")
        expect(page).to_have_url(re.compile("/profile/$"))
        expect(page.get_by_text("Through Corporate SAML", exact=True)).to_be_visible()
