"""/metrics: guarded, summed over workers, with labels of a few values, and what is made of it exists."""

from __future__ import annotations

import errno
import json
import re
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from django.db import DatabaseError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from identity.models import IdentityProvider
from portal.metrics import state
from portal.project import counters
from portal.project.counters import door_of, resource_of
from tests.clients import new_idp
from tests.conformance.portal_process import running_portal
from tests.databases import migrated_sqlite
from tests.factories import make_break_glass, make_user
from tests.loops import each
from tests.sessions import sign_in

TOKEN = "a token for the scraper"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture(autouse=True)
def guarded(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN


def scraped() -> Samples:
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return read(answer.content.decode())


def read(text: str) -> Samples:
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, tuple(sorted(labels.items()))), 0.0)


@pytest.mark.django_db
def test_it_is_for_who_has_the_token(settings: Any) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
        answer = Client().get("/metrics", headers=headers)
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="Gatehouse metrics"')
        assert b"gatehouse_" not in answer.content
    settings.METRICS_TOKEN = ""
    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.django_db
def test_what_an_identity_provider_asks_is_counted_by_its_id_and_the_answer() -> None:
    okta = new_idp("Okta")
    assert okta.provider
    labels = {"identity_provider": str(okta.provider.pk), "resource": "Users", "method": "GET", "status": "200"}
    before = scraped()
    okta.get("/Users")
    okta.get("/Users", filter="nonsense")
    after = scraped()
    for wanted in (labels, labels | {"status": "400"}):
        name = "gatehouse_scim_requests_total"
        assert value(after, name, **wanted) - value(before, name, **wanted) == 1
    seconds = "gatehouse_request_seconds_count"
    assert value(after, seconds, door="scim") - value(before, seconds, door="scim") == 2


@pytest.mark.django_db
def test_people_who_sign_in_are_counted_by_the_way() -> None:
    make_user("mia", password="correct horse battery staple")
    before = scraped()
    sign_in("mia", "wrong")
    sign_in("mia", "correct horse battery staple")
    after, name = scraped(), "gatehouse_sign_ins_total"
    assert value(after, name, way="password") - value(before, name, way="password") == 1


@pytest.mark.django_db
def test_strangers_add_no_labels() -> None:
    Client().generic("BREW", "/nowhere/at/all")
    scraped()
    labels = {labels for name, labels in scraped() if name == "gatehouse_requests_total"}
    for label in each(labels, at_least=1):
        assert dict(label)["method"] != "BREW"
        assert "nowhere" not in dict(label)["door"]
    assert (door_of("/nowhere"), resource_of("/scim/v2/Whatever/1")) == ("other", "other")


@pytest.mark.django_db
def test_the_state_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    make_break_glass()
    new_idp("Okta").get("/Users")
    found = scraped()
    okta = str(IdentityProvider.objects.get().pk)
    assert value(found, "gatehouse_database_up") == 1
    assert value(found, "gatehouse_break_glass_accounts") == 1
    assert value(found, "gatehouse_scim_silent", identity_provider=okta) == 0
    assert ("gatehouse_scim_last_request_seconds", (("identity_provider", okta),)) in found

    def away() -> Any:
        raise DatabaseError

    monkeypatch.setattr(state, "count_everything", away)
    without = scraped()
    assert value(without, "gatehouse_database_up") == 0
    assert ("gatehouse_break_glass_accounts", ()) not in without, "what is not known is not said to be zero"


@pytest.mark.django_db
def test_alarms_and_the_dashboard_ask_for_what_there_is(project: Path) -> None:
    new_idp("Okta").get("/Users")
    make_user("mia", password="correct horse battery staple")
    sign_in("mia", "correct horse battery staple")
    of_postgresql = {"gatehouse_database_connections", "gatehouse_database_connections_most"}
    of_replicas = {f"gatehouse_replica_{name}" for name in ("up", "lag_seconds", "reads_total")}  # test_replica.py
    names = {name for name, _ in scraped()} | of_postgresql | of_replicas
    folder = project / "deploy" / "monitoring"
    dashboard = json.loads((folder / "dashboard.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked.append((folder / "alerts.yml").read_text(encoding="utf-8"))
    named = set(re.findall(r"\bgatehouse_\w+", " ".join(asked)))
    assert named <= names
    assert len(named) > 12


@pytest.mark.django_db
def test_what_can_not_be_counted_is_answered_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(counters, "_count", full)
    assert Client().get("/login/").status_code == 200
    assert "could not be counted" in caplog.text


@pytest.mark.once
def test_the_workers_of_a_server_are_summed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_db_blocker: Any
) -> None:
    monkeypatch.setenv("METRICS_TOKEN", TOKEN)
    with django_db_blocker.unblock():
        monkeypatch.setenv("DATABASE_URL", migrated_sqlite(tmp_path / "portal.sqlite3"))
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)
    with running_portal(workers=2) as portal:
        origin = portal.base_url.removesuffix("/scim/v2")
        for _ in range(20):
            urlopen(f"{origin}/login/", timeout=30).close()  # noqa: S310 - our own server on loopback
        asked = Request(f"{origin}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})  # noqa: S310
        with urlopen(asked, timeout=30) as answer:  # noqa: S310
            found = read(answer.read().decode())
    assert value(found, "gatehouse_requests_total", door="sign_in", method="GET", status="200") == 20
