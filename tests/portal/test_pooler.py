"""PgBouncer in transaction mode before PostgreSQL: fewer connections than requests, and each another's next (SR-40)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from identity.db.postgresql import role
from portal.project.databases import SESSION, TRANSACTION, database_config, session_settings
from tests.bench.client import Client
from tests.conformance.portal_process import Portal, running_portal
from tests.pgbouncer import console, pgbouncer
from tests.portal.shell import in_a_shell, url_of_this_database
from tests.scim.helpers import PATCH_OP, group_body, user_body

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CONNECTIONS = 2


@pytest.fixture
def pooled() -> Iterator[str]:
    """The database of this test, through a pooler that has two connections to it."""
    with pgbouncer(url_of_this_database(), connections=CONNECTIONS) as url:
        yield url
    connection.close()
    with connection.cursor() as cursor:  # the settings of the role, which other tests do not expect
        cursor.execute(f"ALTER ROLE CURRENT_USER IN DATABASE {connection.settings_dict['NAME']} RESET ALL")


@pytest.fixture
def portal(pooled: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Portal]:
    monkeypatch.setenv("DATABASE_DIRECT_URL", url_of_this_database())
    monkeypatch.setenv("DATABASE_URL", pooled)
    monkeypatch.setenv("DATABASE_POOLER", TRANSACTION)
    with running_portal() as running:
        yield running


def a_life(portal: Portal, token: str, name: str) -> list[int]:
    """What an identity provider does with a person, by the statuses of the answers."""
    changes = [{"op": "replace", "path": "title", "value": "Boss"}, {"op": "replace", "path": "active", "value": False}]
    with Client(int(portal.base_url.split(":")[2].partition("/")[0]), "/scim/v2", token) as idp:
        made = idp.send("POST", "/Users", user_body(name))
        path = f"/Users/{made.json()['id']}"
        calls: tuple[tuple[str, str, Any], ...] = (
            ("GET", f"/Users?filter=userName%20eq%20%22{name}%22", None),
            ("POST", "/Groups", group_body(f"of {name}", [made.json()])),
            ("PATCH", path, {"schemas": [PATCH_OP], "Operations": changes}),
            ("GET", path, None),
            ("GET", "/Groups?count=5", None),
            ("DELETE", path, None),
            ("GET", path, None),
        )
        return [made.status, *(idp.send(*call).status for call in calls)]


LIFE = [201, 200, 201, 200, 200, 200, 204, 404]


def test_two_connections_serve_eight_callers(portal: Portal, pooled: str, project: Path) -> None:
    token = portal.token()
    with ThreadPoolExecutor(8) as callers:
        lives = list(callers.map(lambda number: a_life(portal, token, f"person{number}"), range(24)))
    assert lives == [LIFE] * 24
    assert opened(pooled) == CONNECTIONS
    done = in_a_shell(project, "doctor", "--json", **{**portal.environment, "DATABASE_URL": pooled})
    assert told_of_the_pooler(done.stdout) == ("Connections come through a pooler, for one transaction each.", "")


def opened(url: str) -> int:
    """How many connections to PostgreSQL the pooler holds for this database."""
    name = connection.settings_dict["NAME"]
    return sum(name in row for row in console(url, "SHOW SERVERS"))


def told_of_the_pooler(printed: str) -> tuple[str, str]:
    [found] = [one for one in json.loads(printed)["findings"] if one["check"] == "pooler"]
    return found["sentence"], found["mend"]


def test_a_pooler_that_the_portal_was_not_told_of_is_found(pooled: str, project: Path) -> None:
    """PgBouncer refuses the settings that a connection brings along, unless it is told to ignore them."""
    refused = in_a_shell(project, "doctor", "--json", DATABASE_URL=pooled)
    assert "passes no settings on" in told_of_the_pooler(refused.stdout)[0]
    unset = in_a_shell(project, "doctor", "--json", DATABASE_URL=pooled, DATABASE_POOLER=TRANSACTION)
    assert "without the portal's settings: statement_timeout, lock_timeout" in told_of_the_pooler(unset.stdout)[0]


def test_what_the_pooler_passes_on_for_nobody_is_kept_for_the_role(pooled: str) -> None:
    wanted = session_settings(17)
    assert role.differing(connection, wanted) != []
    role.keep(connection, wanted)
    with psycopg.connect(pooled, autocommit=True) as through:
        told = {name: through.execute(f"SELECT current_setting('{name}')").fetchone() for name in wanted}
    assert told == {name: (value,) for name, value in wanted.items()}
    assert (wanted["statement_timeout"], wanted["synchronous_commit"]) == ("17s", "on")


def test_migrations_go_past_it(pooled: str, project: Path) -> None:
    pooled_env = {"DATABASE_URL": pooled, "DATABASE_POOLER": TRANSACTION}
    assert "Set DATABASE_DIRECT_URL" in in_a_shell(project, "migrate", **pooled_env).stderr
    nowhere = in_a_shell(project, "migrate", **pooled_env, DATABASE_DIRECT_URL="postgres://nobody@127.0.0.1:1/none")
    assert nowhere.returncode != 0
    assert in_a_shell(project, "migrate", **pooled_env, DATABASE_DIRECT_URL=url_of_this_database()).returncode == 0


def test_prepared_statements_have_no_names_behind_it() -> None:
    behind = database_config("postgres://u@db/g", statement_timeout=30, pooler=TRANSACTION)
    assert "options" not in behind["OPTIONS"]
    assert (behind["OPTIONS"]["prepare_threshold"], behind["DISABLE_SERVER_SIDE_CURSORS"]) == (None, True)
    of_a_session = database_config("postgres://u@db/g", statement_timeout=30, pooler=SESSION)
    assert of_a_session == database_config("postgres://u@db/g", statement_timeout=30)


def test_a_process_can_have_fewer_connections_than_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """psycopg's own pool (DATABASE_CONNECTIONS), where there is no other; each of two processes has its own."""
    monkeypatch.setenv("DATABASE_URL", url_of_this_database())
    monkeypatch.setenv("DATABASE_CONNECTIONS", "1")
    before = sessions_here()
    with running_portal(workers=2) as portal:
        token = portal.token()
        with ThreadPoolExecutor(4) as callers:
            lives = list(callers.map(lambda number: a_life(portal, token, f"person{number}"), range(24)))
        assert lives == [LIFE] * 24
        assert sessions_here() - before <= 2


def sessions_here() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])
