"""Three hosts behind nginx, PgBouncer, a primary and a standby: upgraded, asked, restarted and failed over under load.

The tests stand in the order of a company's life, and each goes on where the one before ended.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import clock
from tests.cluster.company import Company, manage
from tests.crash.load import CUT, Journal, asked, back_after, check, now, pause, providers_at_work, seconds_until, there
from tests.scim.helpers import user_body
from tests.upgrades import old_release
from tests.upgrades.released import COMMIT
from tests.upgrades.traffic import FILL, OWNER, PASSWORD, Host, Traffic

pytestmark = [pytest.mark.postgresql, pytest.mark.timeout(900)]

WRITERS, SECONDS = 4, 60
ROUNDS = 2  # of all kinds of requests, after each step of the upgrade
MEASURED_FOR = 10.0
secrets: dict[str, str] = {}


@contextmanager
def under_load(whole: Company, name: str) -> Iterator[Journal]:
    """An identity provider of this name makes people through nginx; all that it made is there afterwards."""
    secret = manage(whole.environment(), "create_scim_token", "--idp", name)
    with providers_at_work(whole.origin, secret, writers=WRITERS, name=name.lower()) as journal:
        seconds_until(lambda: len(journal.made) > 50, limit=120)
        yield journal
    check(name, journal, there(whole.portal(), secret))


def test_the_last_release_is_upgraded_without_a_failed_or_a_false_answer(whole: Company, tmp_path: Path) -> None:
    old = old_release.unpack(COMMIT, tmp_path / "old")
    before = whole.environment(is_pooled=False, PYTHONPATH="")
    said = manage(before, "shell", "--verbosity", "0", "--command", FILL, code=old)
    secrets["scim"], secrets["rest"] = said.splitlines()[-1].split()
    load = manage(before, "create_scim_token", "--idp", "Load", code=old)
    for server in whole.servers:
        server.start(whole.environment(server, is_pooled=False, PYTHONPATH=""), code=old)
    front = Host(whole.origin, secrets["scim"], secrets["rest"])
    hosts = [one.host for one in whole.servers]
    with (
        Traffic(front, front.signed_in(OWNER, PASSWORD)) as traffic,
        providers_at_work(whole.origin, load, writers=WRITERS, name="load") as journal,
    ):
        wait_for(traffic, 1)
        manage(whole.environment(), "migrate", "--verbosity", "0")
        wait_for(traffic, traffic.rounds + ROUNDS)
        for server in whole.servers:
            # The last release has no draining of its own: the balancer is told first.
            whole.proxy.leads_to(host for host in hosts if host != server.host)
            server.stop()
            server.start(whole.environment(server))
            whole.proxy.leads_to(hosts)
            wait_for(traffic, traffic.rounds + ROUNDS)
    rounds, written = traffic.rounds, front.everything()
    sys.stderr.write(f"\nupgraded: {sum(traffic.answers.values())} requests of {rounds} rounds, wrong: {traffic.wrong}")
    check("upgraded", journal, there(whole.portal(), load))
    assert traffic.wrong == []
    assert set(journal.statuses()) == {201}
    assert len(written) == 2 * rounds


def wait_for(traffic: Traffic, rounds: int) -> None:
    clock.wait_until(lambda: traffic.rounds >= rounds or bool(traffic.wrong), seconds=180)


# --- what one host did, the others know ---


def origins(whole: Company) -> Iterator[str]:
    """Request n goes to host 1, n + 1 to host 2 …"""
    return cycle(server.origin for server in whole.servers)


def rest(origin: str, method: str, path: str, **more: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {secrets['rest']}"} | more.pop("headers", {})
    return requests.request(method, f"{origin}/api/v1/{path}", headers=headers, timeout=SECONDS, **more)


def with_session(browser: requests.Session, method: str, address: str, **more: Any) -> requests.Response:
    """Through nginx a browser knows one address; here it takes its cookies from host to host."""
    cookies = browser.cookies.get_dict()
    return requests.request(method, address, cookies=cookies, timeout=SECONDS, allow_redirects=False, **more)


def csrf_of(page: str) -> dict[str, str]:
    found = re.search('csrfmiddlewaretoken" value="([^"]+)', page)
    assert found, page[:1000]
    return {"csrfmiddlewaretoken": found[1]}


def test_a_session_is_one_on_all_hosts_and_ends_on_all_at_once(whole: Company) -> None:
    one, two, three = (server.origin for server in whole.servers)
    kept, left = (Host(one, "", "").signed_in(OWNER, PASSWORD) for _ in range(2))

    def statuses(browser: requests.Session) -> set[int]:
        pages = [f"{origin}/profile/" for origin in (one, two, three)] * 2
        return {with_session(browser, "GET", page).status_code for page in pages}

    assert (statuses(kept), statuses(left)) == ({200}, {200})
    form = csrf_of(with_session(left, "GET", f"{two}/profile/").text)
    assert with_session(left, "POST", f"{three}/logout/", data=form).status_code == 302
    assert (statuses(kept), statuses(left)) == ({200}, {302})
    manage(whole.environment(), "end_sessions", OWNER)
    assert statuses(kept) == {302}


def test_tokens_are_good_on_all_hosts_and_revoked_on_all_at_once(whole: Company) -> None:
    hosts = origins(whole)
    idp = rest(next(hosts), "POST", "identity-providers/", json={"name": "Tokens", "kind": "okta"}).json()
    scim = rest(next(hosts), "POST", "scim-tokens/", json={"identity_provider": idp["id"], "label": "one"}).json()
    own = json.loads(manage(whole.environment(), "create_api_token", OWNER, "--scope=read", "--json"))

    def statuses() -> tuple[set[int], set[int]]:
        asked_of = [Host(server.origin, scim["secret"], own["secret"]) for server in whole.servers] * 2
        in_scim, in_rest = [one.scim("GET", "/Users") for one in asked_of], [one.rest("GET", "me/") for one in asked_of]
        return {answer.status_code for answer in in_scim}, {answer.status_code for answer in in_rest}

    assert statuses() == ({200}, {200})
    assert rest(next(hosts), "DELETE", f"scim-tokens/{scim['id']}/").status_code == 204
    assert statuses() == ({401}, {200})
    manage(whole.environment(), "revoke_api_token", str(own["id"]))
    assert statuses() == ({401}, {401})


def test_wrong_passwords_are_counted_by_all_hosts_together(whole: Company) -> None:
    statuses = [wrong_password(origin) for origin, _ in zip(origins(whole), range(7), strict=False)]
    assert statuses == [200] * 5 + [429] * 2


def wrong_password(origin: str) -> int:
    browser = requests.Session()
    form = csrf_of(browser.get(f"{origin}/login/", timeout=SECONDS).text)
    said = {**form, "username": "nobody.here", "password": "wrong"}
    return browser.post(f"{origin}/login/", said, timeout=SECONDS).status_code


def test_what_was_done_on_one_host_is_not_done_again_on_another(whole: Company) -> None:
    again = [
        rest(origin, "POST", "groups/", json={"name": "Once"}, headers={"Idempotency-Key": "once"})
        for origin, _ in zip(origins(whole), range(6), strict=False)
    ]
    assert [answer.status_code for answer in again] == [201] * 6
    assert len({answer.json()["id"] for answer in again}) == 1
    assert [answer.headers.get("Idempotency-Replayed") for answer in again] == [None] + ["true"] * 5


def test_a_file_that_one_host_took_is_read_by_the_others(whole: Company) -> None:
    one, two, three = (server.origin for server in whole.servers)
    browser = Host(one, "", "").signed_in(OWNER, PASSWORD)
    upload = "/admin/identity/invitation/import/"
    form = csrf_of(with_session(browser, "GET", f"{one}{upload}").text)
    lines = "username,email\n" + "".join(f"file{number},file{number}@example.test\n" for number in range(50))
    taken = with_session(browser, "POST", f"{two}{upload}", data=form, files={"file": ("people.csv", lines)})
    assert taken.status_code == 302, taken.text[:2000]
    draft = taken.headers["Location"]
    page = with_session(browser, "GET", f"{three}{draft}")
    assert (page.status_code, "file0@example.test" in page.text) == (200, True)
    export = "/admin/identity/user/export.csv"
    exports = [with_session(browser, "GET", f"{origin}{export}") for origin in (one, two, three)]
    assert {answer.status_code for answer in exports} == {200}
    assert len({answer.text for answer in exports}) == 1
    assert OWNER in exports[0].text
    begun = with_session(browser, "POST", f"{one}{draft.replace('change/', 'start/')}", data=csrf_of(page.text))
    assert begun.status_code == 302, begun.text[:2000]
    pages = {with_session(browser, "GET", f"{origin}{draft}").status_code for origin in (one, two, three)}
    assert pages == {200}


def test_what_one_host_wrote_the_next_one_reads(whole: Company) -> None:
    hosts = origins(whole)
    secret = manage(whole.environment(), "create_scim_token", "--idp", "Turns")
    for number in range(30):
        made = Host(next(hosts), secret, "").scim("POST", "/Users", user_body(f"turn-{number}"))
        assert made.status_code == 201
        assert Host(next(hosts), secret, "").scim("GET", f"/Users/{made.json()['id']}").status_code == 200
        assert Host(next(hosts), secret, "").scim("POST", "/Users", user_body(f"turn-{number}")).status_code == 409


# --- under load ---


def test_a_rolling_restart_fails_no_request(whole: Company) -> None:
    with under_load(whole, "Rolling") as journal:
        for server in whole.servers:
            server.stop()
            server.start(whole.environment(server))
        pause(2)
    assert set(journal.statuses()) == {201}


def test_a_host_that_is_cut_off_fails_what_it_had_and_no_more(whole: Company) -> None:
    with under_load(whole, "Cut") as journal:
        whole.servers[1].host.loses(100)
        pause(20)
        whole.servers[1].host.loses(0)
        back_after(now(), journal, whole.servers[1].origin)
    assert set(journal.statuses()) <= {201, 502, 503, 504, CUT}


def test_throughput_of_one_two_and_three_hosts_is_told(whole: Company) -> None:
    """On a machine whose cores they share with nginx, PgBouncer and two PostgreSQLs it shows what sharing costs."""
    told = []
    hosts = [server.host for server in whole.servers]
    for number in (1, 2, 3):
        whole.proxy.leads_to(hosts[:number])
        with under_load(whole, f"Hosts{number}") as journal:
            began, before = time.monotonic(), len(journal.answers)
            pause(MEASURED_FOR)
            rate = (len(journal.answers) - before) / (time.monotonic() - began)
        told.append(f"{number}: {rate:.0f}")
    sys.stderr.write(f"\nwrites a second by hosts: {', '.join(told)}\n")


def test_the_standby_takes_over_and_nothing_acknowledged_is_lost(whole: Company) -> None:
    with under_load(whole, "Failover") as journal:
        whole.primary.kill()
        seconds_until(lambda: asked(f"{whole.servers[0].origin}/readyz")[0] == 503, limit=30)
        whole.fail_over()
        back = back_after(now(), journal, whole.servers[0].origin)
        for server in whole.servers:
            seconds_until(lambda at=server: asked(f"{at.origin}/readyz")[0] == 200, limit=30)  # type: ignore[misc]
    sys.stderr.write(f"\nback {back:.1f} s after the promotion\n")
    assert set(journal.statuses()) <= {201, 503, CUT}
