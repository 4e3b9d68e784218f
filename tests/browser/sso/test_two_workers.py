"""The production server with two workers: disabled over SCIM is out at the next click, on either (SR-22)."""

from __future__ import annotations

import json
import os
import re
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.databases import migrated_sqlite
from tests.processes import held_port, run, started, wait_until_it_answers
from tests.sso.idp_processes import CLIENT_SECRET, require_installed, running

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # httpx would read all certificates of the machine for each request

SET_UP = """
import json, django; django.setup()
from identity.core.actors import Operator
from identity.services import identity_providers, scim_tokens, sso_connections
from identity.services.sso_connections import ConnectionSettings
actor = Operator("test")
idp = identity_providers.create_identity_provider(name="Okta", kind="okta", actor=actor)
said = ConnectionSettings(issuer={issuer!r}, client_id="gatehouse", client_secret={secret!r})
connection = sso_connections.create_connection(idp, protocol="oidc", said=said, actor=actor)
sso_connections.set_connection_enabled(connection, True, actor=actor)
print(json.dumps({{"slug": connection.slug, "token": scim_tokens.create_token(idp, label="test", actor=actor)[1]}}))
"""


API_TOKEN = """
import django; django.setup()
from identity.core.actors import Person
from identity.models import User
from identity.services import api_tokens
print(api_tokens.create_api_token(label="test", scopes=["read"], actor=Person(User.objects.get(username="ada")))[1])
"""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """gunicorn with two workers on a database of its own, connected to an identity provider that is not up yet."""
    require_installed()
    with django_db_blocker.unblock():
        database = migrated_sqlite(tmp_path_factory.mktemp("portal") / "portal.sqlite3")
    with held_port() as port, held_port() as idp_port:
        environment = os.environ | {
            "DATABASE_URL": database,
            "PUBLIC_URL": port.origin,
            "SECRET_KEY": "k3y-" + "0123456789abcdef" * 4,
            "SSO_INTERNAL_ORIGINS": idp_port.origin,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "DEBUG": "false",
        }
        environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)

        def python(*command: str) -> str:
            return run([sys.executable, *command], environment=environment, check=True).stdout

        made = json.loads(python("-c", SET_UP.format(issuer=idp_port.origin, secret=CLIENT_SECRET)))
        server = [sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", f"fd://{port.descriptor}"]
        server += ["--workers", "2", "--threads", "4", "--no-control-socket"]
        with started(server, environment=environment, port=port) as process:
            wait_until_it_answers(process, f"{port.origin}/healthz")
            yield {"url": port.origin, "idp_port": idp_port, "python": python, **made}


def test_disabled_over_scim_the_next_click_is_refused(
    browser: Browser,
    portal: dict[str, Any],
    tmp_path: Path,
) -> None:
    url = portal["url"]
    bearer = {"Authorization": f"Bearer {portal['token']}"}
    ada = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada", "externalId": "00u1"}
    scim_id = httpx.post(f"{url}/scim/v2/Users", json=ada, headers=bearer, verify=NO_TLS).json()["id"]
    here = f"{url}/sso/{portal['slug']}"
    addresses = {"REDIRECT_URI": f"{here}/callback/", "POST_LOGOUT_URI": f"{url}/login/", "BACKCHANNEL_URI": here}
    with running("oidc.mjs", portal["idp_port"], tmp_path, **addresses) as idp:
        idp.knows("00u1", preferred_username="ada")
        context = browser.new_context(base_url=url)
        page = context.new_page()
        page.goto("/login/")
        page.get_by_role("link", name="Sign in with Okta").click()
        page.get_by_label("Login").fill("00u1")
        page.get_by_role("button", name="Log in").click()
        expect(page).to_have_url(re.compile("/profile/$"))
        off = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "active", "value": False}],
        }
        script = {"Authorization": f"Bearer {portal['python']('-c', API_TOKEN).strip()}"}
        assert {httpx.get(f"{url}/api/v1/me/", headers=script, verify=NO_TLS).status_code for _ in range(6)} == {200}
        assert httpx.patch(f"{url}/scim/v2/Users/{scim_id}", json=off, headers=bearer, verify=NO_TLS).status_code == 200
        page.get_by_role("link", name="Profile").click()
        expect(page).to_have_url(re.compile("/login/"))
        cookies = {cookie["name"]: cookie["value"] for cookie in context.cookies() if cookie["name"] == "sessionid"}
        answers = {httpx.get(f"{url}/profile/", cookies=cookies, verify=NO_TLS).status_code for _ in range(20)}
        assert answers == {302}
        assert {httpx.get(f"{url}/api/v1/me/", headers=script, verify=NO_TLS).status_code for _ in range(20)} == {401}
        page.goto(f"/sso/{portal['slug']}/")
        expect(page.get_by_text("Your account is disabled")).to_be_visible()
        context.close()


def test_wrong_passwords_are_counted_by_both_workers_together(portal: dict[str, Any]) -> None:
    url = portal["url"]
    who = ("--username", "olga", "--email", "", "--password", "a-long-passphrase")
    portal["python"]("manage.py", "create_owner", *who)
    pages = [_type_wrong_password(url) for _ in range(8)]
    assert [("do not match" in page, "Too many" in page) for page in pages] == [(True, False)] * 5 + [(False, True)] * 3


def _type_wrong_password(url: str) -> str:
    """From a new connection, which either worker may take."""
    with httpx.Client(verify=NO_TLS) as client:
        form = client.get(f"{url}/login/").text
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        assert found is not None
        said = {"csrfmiddlewaretoken": found[1], "username": "olga", "password": "wrong"}
        return client.post(f"{url}/login/", data=said, headers={"Referer": f"{url}/login/"}).text
