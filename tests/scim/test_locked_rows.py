"""Somebody holds a row that a write depends on: foreign keys are checked at COMMIT, where no statement is limited."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection

from identity.models import SSOUser
from portal.project.databases import database_config
from tests.clients import new_idp
from tests.portal.shell import url_of_this_database
from tests.scim.helpers import user_body

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def test_a_write_that_waits_at_its_commit_is_refused_and_not_done_later(monkeypatch: pytest.MonkeyPatch) -> None:
    idp = new_idp()
    url = url_of_this_database()
    of_a_second = database_config(url, statement_timeout=1)["OPTIONS"]["options"]
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "options", of_a_second)
    connection.close()
    try:
        with psycopg.connect(url) as somebody:
            somebody.execute("SELECT id FROM identity_identityprovider FOR UPDATE")
            answer = idp.post("/Users", user_body("ada"))
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert not SSOUser.objects.exists()
        assert idp.post("/Users", user_body("ada")).status_code == 201
    finally:
        connection.close()
