"""Reads from a standby: nobody misses their own write, nothing is too old, and its faults are not noticed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
import yaml
from django.db import connection, connections, transaction
from django.test import Client
from django.urls import get_resolver, reverse

from identity.core import serving
from identity.db import following, replica
from identity.db.following import REPLICA, Outcome
from identity.db.locks import for_update
from identity.models import AccessSettings, IdentityProvider, User
from portal.doctor import examine
from portal.project.databases import replica_config
from tests import clock
from tests.bench import client as bench
from tests.clients import IdP, Script, caller, idp_of, new_idp, owners_caller
from tests.conformance.portal_process import running_portal
from tests.factories import make_administrator, make_group, make_owner, make_user
from tests.loops import each
from tests.portal.admin_pages import address, names_below, text_of
from tests.portal.rows import fill
from tests.portal.shell import url_of_this_database
from tests.scim.helpers import user_body
from tests.sessions import as_owner, signed_in
from tests.sources import ROOT
from tests.standby import Standby, standby
from tests.statements import statements

pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True, databases=["default", REPLICA]),
]

TOKEN = "a token for the scraper"


@pytest.fixture(scope="module", autouse=True)
def running(django_db_setup: None, django_db_blocker: Any) -> Iterator[Standby]:
    """As with DATABASE_REPLICA_URL."""
    with django_db_blocker.unblock(), standby(url_of_this_database()) as found:
        known = {"default": connections.settings["default"], REPLICA: replica_config(found.url, statement_timeout=30)}
        connections.settings[REPLICA] = connections.configure_settings(known)[REPLICA]
        yield found
        del connections[REPLICA], connections.settings[REPLICA]


@pytest.fixture
def follower(running: Standby, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standby]:
    """It has everything and is read, however far behind it is; it goes on whatever a test did to it."""
    monkeypatch.setattr(following, "follower", following.Follower())
    monkeypatch.setattr(following, "AWAY", 0.0)
    monkeypatch.setattr(following, "BEHIND", 0.0)
    settings.DATABASE_ROUTERS = ["identity.db.replica.Router"]
    settings.DATABASE_REPLICA_READS = list(replica.AREAS)
    settings.DATABASE_REPLICA_LAG = 3600
    running.catch_up()
    # Other tests write to the same server: from now on it needs no more than what it has here.
    assert clock.wait_until(lambda: following.follower.decide() is Outcome.REPLICA)
    yield running
    connections[REPLICA].close()
    running.resume()
    with connection.cursor() as cursor:  # no model's table, so nobody else empties it
        cursor.execute("DELETE FROM shared_cache")


@pytest.fixture
def outcomes() -> Iterator[list[Outcome]]:
    """Where requests were read from, in their order."""
    found: list[Outcome] = []

    def note(outcome: Outcome, **_: Any) -> None:
        found.append(outcome)

    replica.chosen.connect(note)
    yield found
    replica.chosen.disconnect(note)


def strangers_read(idp: IdP) -> None:
    """So that the process knows where the primary's log was before what comes now."""
    assert idp.get("/Users").status_code == 200


# --- one's own writes ---


def test_an_identity_provider_finds_what_it_has_just_pushed(follower: Standby, outcomes: list[Outcome]) -> None:
    okta, entra = new_idp("Okta"), new_idp("Entra")
    follower.catch_up()
    strangers_read(entra)
    follower.pause()
    ada = okta.user("ada")
    assert okta.found('userName eq "ada"') == ["ada"]
    assert okta.get(f"/Users/{ada['id']}").json()["userName"] == "ada"
    strangers_read(entra)
    follower.resume()
    follower.catch_up()
    assert okta.found('userName eq "ada"') == ["ada"]
    assert outcomes == [Outcome.REPLICA, Outcome.OWN_WRITE, Outcome.OWN_WRITE, Outcome.REPLICA, Outcome.REPLICA]


def test_people_see_what_they_changed_on_whatever_door(follower: Standby, outcomes: list[Outcome]) -> None:
    owner = make_owner()
    browser, script = Script(client=signed_in(owner)), caller(owner)
    others = signed_in(make_administrator())
    follower.catch_up()
    others.get(address("user_changelist"))
    follower.pause()
    script.do("POST", "groups/", {"name": "Night shift"})
    assert "Night shift" in text_of(browser.client.get(address("group_changelist")))
    assert [group["name"] for group in script.read("groups/")["results"]] == ["Night shift"]
    assert outcomes == [Outcome.REPLICA, Outcome.OWN_WRITE, Outcome.OWN_WRITE]
    assert "Night shift" not in text_of(others.get(address("group_changelist"))), "this is what a replica is"
    assert outcomes.pop() is Outcome.REPLICA


def test_what_was_remembered_of_two_writes_is_the_later(follower: Standby) -> None:
    with serving.serving(serving.Served("one", user_id=1)):
        following.remember_write()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE shared_cache SET value = 'FF/0'")  # somebody else's, who was quicker
            following.remember_write()
            cursor.execute("SELECT value FROM shared_cache")
            assert cursor.fetchall() == [("FF/0",)]
            cursor.execute("UPDATE shared_cache SET expires = now() - interval '1 day'")  # before this server was made
            following.remember_write()
            cursor.execute("SELECT value FROM shared_cache")
            assert cursor.fetchall() != [("FF/0",)]


def test_several_processes_know_of_each_others_writes(running: Standby, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request meets any of two workers, which share few connections to either server."""
    known = {"URL": running.url, "READS": "scim", "LAG": "3600"}
    for name, text in {f"DATABASE_REPLICA_{name}": text for name, text in known.items()}.items():
        monkeypatch.setenv(name, text)
    monkeypatch.setenv("DATABASE_URL", url_of_this_database())
    monkeypatch.setenv("DATABASE_CONNECTIONS", "3")
    monkeypatch.setenv("METRICS_TOKEN", TOKEN)
    with running_portal(workers=2) as portal, ThreadPoolExecutor(4) as callers:
        port, tokens = int(urlsplit(portal.base_url).port or 0), [portal.token() for _ in range(4)]

        def finds_its_own(number: int) -> bool:
            with bench.Client(port, "/scim/v2", tokens[number % 4]) as idp:
                made = idp.send("POST", "/Users", user_body(f"person{number}"))
                idp.close()  # the next one may be the other worker's
                found = idp.send("GET", f"/Users?filter=userName%20eq%20%22person{number}%22")
            return (made.status, found.json().get("totalResults")) == (201, 1)

        assert all(callers.map(finds_its_own, range(40)))
        request = Request(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        with urlopen(request, timeout=20) as answer:  # noqa: S310
            told = answer.read().decode()
    assert 'gatehouse_replica_reads_total{outcome="replica"}' in told
    assert 'outcome="away"' not in told


# --- how old it may be ---


def test_a_log_page_comes_from_the_primary_while_the_replica_is_too_far_behind(
    follower: Standby, outcomes: list[Outcome], settings: Any
) -> None:
    page, owner, okta = address("provisioninglog_changelist"), as_owner(), new_idp("Okta")
    follower.catch_up()
    owner.get(page)
    follower.pause()
    okta.user("ada")
    assert "ada" not in text_of(owner.get(page))
    settings.DATABASE_REPLICA_LAG = 0
    assert "ada" in text_of(owner.get(page))
    settings.DATABASE_REPLICA_LAG = 3600  # other tests write to the same server: with none it would always be behind
    follower.resume()
    follower.catch_up()
    assert "ada" in text_of(owner.get(page))
    assert outcomes == [Outcome.REPLICA, Outcome.REPLICA, Outcome.BEHIND, Outcome.REPLICA]


def test_one_that_is_behind_is_not_asked_by_everyone(
    follower: Standby, outcomes: list[Outcome], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "BEHIND", 60.0)
    settings.DATABASE_REPLICA_LAG = 0
    owner = as_owner()
    follower.catch_up()
    follower.pause()
    new_idp("Okta")
    with statements(connections[REPLICA]) as asked:
        for _ in range(3):
            owner.get(address("user_changelist"))
    assert outcomes == [Outcome.BEHIND] * 3
    assert len(asked) == 1 + len(following.CATCHING_UP)


def test_a_reader_of_the_event_stream_misses_nothing(follower: Standby) -> None:
    script = owners_caller()
    follower.catch_up()
    script.read("audit-log/")
    follower.pause()
    make_group("Night shift")
    told = script.read("audit-log/?ordering=id&after=0")
    assert told["results"][-1]["action"] == "group.created"


# --- faults ---


def reads(owner: Client, okta: IdP) -> list[int]:
    """One of each area, by its answer."""
    script = Script(client=owner)
    files = [owner.get(address("user_export")), script.get("users/", {"Accept": "text/csv"})]
    for file in files:
        assert b"ada" in b"".join(file.streaming_content)  # type: ignore[attr-defined]
    answers = (
        owner.get(address("user_changelist")),
        owner.get(address("auditevent_changelist")),
        script.get("access-settings/what-if/", sso_enforced="true"),
        script.get("users/"),
        okta.get("/Users"),
        *files,
    )
    return [answer.status_code for answer in answers]


WELL = [200, 200, 200, 200, 200, 200, 200]


def metrics(settings: Any) -> dict[str, float]:
    settings.METRICS_TOKEN = TOKEN
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    lines = [line.rpartition(" ") for line in answer.content.decode().splitlines() if "replica" in line]
    return {name: float(value) for name, _, value in lines if not name.startswith("#")}


def doctor() -> str:
    return next(line.sentence for line in examine() if line.check == "replica")


def test_nobody_notices_that_the_replica_dies_and_is_back(
    follower: Standby, outcomes: list[Outcome], settings: Any
) -> None:
    owner, okta = as_owner(), new_idp("Okta")
    okta.user("ada")
    follower.catch_up()
    assert reads(owner, okta) == WELL
    assert outcomes == [Outcome.REPLICA] * 7
    assert metrics(settings)["gatehouse_replica_up"] == 1
    # Other tests write to the same server: in some moment it has everything.
    assert clock.wait_until(lambda: metrics(settings)["gatehouse_replica_lag_seconds"] == 0)
    assert doctor() == "The replica has all that the primary has."
    outcomes.clear()
    follower.stop()
    assert reads(owner, okta) == WELL
    assert outcomes == [Outcome.AWAY] * 7
    assert metrics(settings)["gatehouse_replica_up"] == 0
    assert doctor().startswith("The replica does not answer (OperationalError: ")
    outcomes.clear()
    follower.start()
    follower.catch_up()
    assert reads(owner, okta) == WELL
    assert outcomes == [Outcome.REPLICA] * 7
    assert metrics(settings)['gatehouse_replica_reads_total{outcome="replica"}'] >= 14


def test_a_request_is_answered_whose_replica_dies_under_it(follower: Standby, outcomes: list[Outcome]) -> None:
    owner, okta = as_owner(), new_idp("Okta")
    okta.user("ada")
    follower.catch_up()

    def die(outcome: Outcome, **_: Any) -> None:
        follower.stop()

    replica.chosen.connect(die)
    try:
        page = owner.get(address("user_changelist"))
    finally:
        replica.chosen.disconnect(die)
        follower.start()
    assert outcomes == [Outcome.REPLICA]
    assert "ada" in text_of(page)


def test_a_frozen_replica_is_not_waited_for(follower: Standby, outcomes: list[Outcome]) -> None:
    owner = as_owner()
    follower.catch_up()
    owner.get(address("user_changelist"))
    follower.freeze()
    try:
        assert owner.get(address("user_changelist")).status_code == 200
    finally:
        follower.go_on()
    assert outcomes == [Outcome.REPLICA, Outcome.AWAY]


def test_a_lagging_replica_is_told_of(follower: Standby, settings: Any) -> None:
    follower.pause()
    new_idp("Okta")
    settings.DATABASE_REPLICA_LAG = 0
    found = metrics(settings)
    assert found["gatehouse_replica_lag_bytes"] > 0
    assert found["gatehouse_replica_lag_seconds"] > 0
    assert re.fullmatch(r"The replica is behind by [\d,]+ bytes and \d+ seconds: the primary is read\.", doctor())


@pytest.mark.parametrize(
    ("database", "why"),
    [("", "it takes writes"), ("postgres", "it is a copy of another database")],
    ids=["the primary itself", "another database"],
)
def test_only_a_copy_of_this_database_is_read(
    follower: Standby, outcomes: list[Outcome], settings: Any, database: str, why: str
) -> None:
    known = connections[REPLICA].settings_dict
    elsewhere = {"NAME": database} if database else {"OPTIONS": connection.settings_dict["OPTIONS"]}
    connections[REPLICA].close()
    connections[REPLICA].settings_dict = known | elsewhere
    try:
        assert as_owner().get(address("user_changelist")).status_code == 200
        assert doctor() == f"The replica can't be read, since {why}: the primary is."
    finally:
        connections[REPLICA].close()
        connections[REPLICA].settings_dict = known
    assert outcomes == [Outcome.AWAY]


# --- what is read there, and what never ---


def pages() -> list[str]:
    """Every address of the admin UI but those of a row, which are read at the primary."""
    names = [name for name, values in names_below(get_resolver().url_patterns) if not values]
    return [reverse(name) for name in names if name.startswith("admin:")]


def resources(script: Script) -> Iterator[str]:
    """Every address of the REST API that is read, with the first row of the list that it is below."""
    document = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    for path, operations in document["paths"].items():
        above, brace, _ = path.partition("{")
        if "get" not in operations or path.count("{") > 1:
            continue
        rows = script.get(above).json().get("results", []) if brace else []
        if not brace or (rows and "id" in rows[0]):
            yield re.sub(r"\{\w+\}", str(rows[0]["id"]) if rows else "", path)


def test_no_read_writes_on_the_replica(follower: Standby, outcomes: list[Outcome]) -> None:
    """It would refuse, and the answer would be a server error."""
    fill(range(1, 2))
    owner, okta = as_owner(), idp_of(IdentityProvider.objects.get(name="Okta"))
    script = Script(client=owner)
    follower.catch_up()
    for path in (*each(pages(), at_least=50), *each(resources(script), at_least=50)):
        answer: Any = owner.get(path)
        assert answer.status_code < 500, path
        b"".join(answer)
    searched = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}
    for path in ("/Users", "/Groups", "/", "/Users?filter=title%20pr", "/Groups?cursor="):
        assert okta.get(path).status_code == 200
    for path in ("/Users/.search", "/Groups/.search", "/.search"):
        assert okta.post(path, searched).status_code == 200
    assert set(outcomes) == {Outcome.REPLICA}
    assert len(outcomes) > 60


# What is asked at the primary all the same: who is there, the mode, and how long logs are kept.
CURRENT = {"identity_user", "identity_accesssettings", "identity_retentionperiod"}


@pytest.mark.parametrize("door", ["admin", "rest"])
def test_a_list_says_the_same_from_either(follower: Standby, outcomes: list[Outcome], settings: Any, door: str) -> None:
    fill(range(1, 2))
    owner = as_owner()
    lists = "group groupmapping user ssogroup identityprovider conflict auditevent"
    paths = [address(f"{name}_changelist") for name in lists.split()]
    if door == "rest":
        paths = [f"/api/v1/{name}/" for name in ["groups", "mappings", "users", "sso-groups", "conflicts", "audit-log"]]
    follower.catch_up()
    with statements() as here:
        told = [text_of(owner.get(path)) for path in paths]
    assert set(re.findall(r"identity_\w+", " ".join(here))) <= CURRENT, "a page is made with the reads of its view"
    assert outcomes == [Outcome.REPLICA] * len(paths)
    settings.DATABASE_REPLICA_READS = []
    assert [text_of(owner.get(path)) for path in paths] == told


def test_a_file_is_written_from_the_replica_though_the_request_is_over(follower: Standby) -> None:
    owner = as_owner()
    make_user("ada")
    follower.catch_up()
    answer: Any = owner.get(address("user_export"))
    with statements(connections[REPLICA]) as there, statements() as here:
        assert b"ada" in b"".join(answer.streaming_content)
    assert "identity_user" in " ".join(there)
    assert "identity_user" not in " ".join(here)


def test_after_a_write_and_in_a_transaction_the_primary_is_read(follower: Standby) -> None:
    make_user("ada")
    follower.catch_up()
    with replica.reading(replica.LISTS):
        assert User.objects.get()._state.db == REPLICA
        with transaction.atomic():
            assert User.objects.get()._state.db == "default"
        assert for_update(User.objects.all()).db == "default"
    with replica.reading(replica.LISTS):
        user = User.objects.get()
        user.first_name = "Ada"
        user.save()
        user.refresh_from_db()
        assert user._state.db == "default"
    with replica.reading(replica.LISTS):
        assert AccessSettings.objects.get()._state.db == "default"


def test_what_the_operator_left_out_is_read_at_the_primary(
    follower: Standby, outcomes: list[Outcome], settings: Any
) -> None:
    okta = new_idp("Okta")
    settings.DATABASE_REPLICA_READS = ["lists"]
    assert okta.get("/Users").status_code == 200
    assert as_owner().get(address("auditevent_changelist")).status_code == 200
    assert not outcomes
