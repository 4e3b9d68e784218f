"""Three hosts behind nginx are restarted one after another under load: no request fails."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from django.db import connection

from tests import nginx
from tests.conformance.portal_process import Portal, manage, of_a_portal, server_command
from tests.crash.load import asked, pause, providers_at_work, seconds_until, there
from tests.portal.shell import url_of_this_database
from tests.processes import HeldPort, Process, held_port, started, wait_until_it_answers

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True), pytest.mark.timeout(590)]

HOSTS, WRITERS, ROUNDS = 3, 4, 2
# As docs/deployment would have it: what nginx could not hand over goes to the next host, and no POST goes twice.
SERVERS = """
  upstream portal {{ {servers} keepalive 32; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://portal; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;
      proxy_connect_timeout 2s;
    }}
  }}
"""


@contextmanager
def balanced(folder: Path, hosts: list[HeldPort], port: HeldPort) -> Iterator[Process]:
    servers = " ".join(f"server 127.0.0.1:{host.number} max_fails=1 fail_timeout=1s;" for host in hosts)
    nginx.configure(folder, SERVERS.format(servers=servers, port=port.number))
    with started(nginx.command(folder)) as process:
        yield process


def command(host: HeldPort) -> list[str]:
    """It binds its port itself: once it has ended, nobody listens, as on a host that is restarted."""
    words = server_command(host)
    return [*words[: words.index("--bind")], "--bind", f"127.0.0.1:{host.number}", "--workers", "2", "--threads", "8"]


def test_a_rolling_restart_fails_no_request(tmp_path: Path) -> None:
    with ExitStack() as stack:
        ports = [stack.enter_context(held_port()) for _ in range(HOSTS)]
        front = stack.enter_context(held_port())
        environment = of_a_portal(url_of_this_database(), front) | {"DRAIN_SECONDS": "3"}
        starts = [ExitStack() for _ in ports]
        for start in starts:
            stack.push(start)
        hosts = [begin(start, port, environment) for start, port in zip(starts, ports, strict=True)]
        proxy = stack.enter_context(balanced(tmp_path, ports, front))
        wait_until_it_answers(proxy, f"{front.origin}/readyz")
        token = manage(environment, "create_scim_token", "--idp", "Okta")
        with providers_at_work(front.origin, token, writers=WRITERS) as journal:
            seconds_until(lambda: len(journal.made) > 200, limit=120)
            for number in [*range(HOSTS)] * ROUNDS:
                hosts[number].signal(signal.SIGTERM)
                seconds_until(lambda at=ports[number]: asked(f"{at.origin}/readyz")[0] != 200, limit=30)  # type: ignore[misc]
                assert hosts[number].exit_code() == 0
                starts[number].close()
                hosts[number] = begin(starts[number], ports[number], environment)
            pause(2)
        found = there(Portal(f"{front.origin}/scim/v2", environment, proxy), token)
        sys.stderr.write(f"\n{HOSTS * ROUNDS} restarts: answers {dict(journal.statuses())}\n")
        errors = (tmp_path / "error.log").read_text(encoding="utf-8")
        assert set(journal.statuses()) == {201}, errors[-3000:]
        assert found == journal.made
        connection.close()


def begin(stack: ExitStack, port: HeldPort, environment: dict[str, str]) -> Process:
    host = stack.enter_context(started(command(port), environment=environment))
    seconds_until(lambda: asked(f"{port.origin}/readyz")[0] == 200, limit=90)
    return host
