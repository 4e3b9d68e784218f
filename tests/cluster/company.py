"""Three hosts of the portal, nginx as deploy/ has it, PgBouncer, a primary and its standby: each on its own host."""

from __future__ import annotations

import os
import secrets
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import nginx
from tests.cluster.database import OWNER, Database
from tests.conformance.portal_process import Portal
from tests.crash.load import asked, pause, seconds_until
from tests.lan import NETWORK, Host, Lan, lan
from tests.processes import ROOT, Process, run, started
from tests.programs import program

PORT = 8000
PRIMARY = f"{NETWORK}.30"  # the address that goes where the primary is
IN_FLIGHT = 3  # seconds for which a balancer that was told lets requests end
POOLER = """
[databases]
* = host={primary} user={owner}

[pgbouncer]
listen_addr = *
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
admin_users = {owner}
pool_mode = transaction
default_pool_size = 40
max_client_conn = 500
server_connect_timeout = 3
server_login_retry = 1
tcp_user_timeout = 5000
"""


class Proxy:
    """deploy/proxy/nginx.conf without TLS, before those hosts that are in."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host, self.folder = host, folder
        self.origin = f"http://{host.address}"
        self.process: Process | None = None

    def write(self, behind: Iterable[Host]) -> None:
        site = (ROOT / "deploy" / "proxy" / "nginx.conf").read_text(encoding="utf-8")
        head, _, rest = site.partition("server {\n    listen 80;")
        site = head + "server {" + rest.partition("server {")[2]
        lines = [line for line in site.splitlines() if "ssl_" not in line and "listen [::]" not in line]
        servers = "".join(f"    server {host.address}:{PORT} max_fails=1 fail_timeout=2s;\n" for host in behind)
        site = "\n".join(lines).replace(f"    server 127.0.0.1:{PORT} max_fails=1 fail_timeout=2s;\n", servers)
        site = site.replace("listen 443 ssl;", "listen 80;").replace("portal.example.com", self.host.address)
        nginx.configure(self.folder, site, more="user root;")

    def leads_to(self, behind: Iterable[Host]) -> None:
        """From now on; what is on its way ends where it is."""
        assert self.process is not None
        self.write(behind)
        self.process.signal(signal.SIGHUP)
        pause(IN_FLIGHT)

    @contextmanager
    def serving(self, behind: Iterable[Host]) -> Iterator[None]:
        self.write(behind)
        with started(self.host.words(nginx.command(self.folder))) as self.process:
            yield


class Server:
    """The portal on one host."""

    def __init__(self, host: Host, data: Path) -> None:
        self.host, self.data = host, data
        self.origin = f"http://{host.address}:{PORT}"
        self._stack = ExitStack()
        self.process: Process | None = None

    def start(self, environment: dict[str, str], code: Path = ROOT) -> None:
        """`manage.py serve`; before there was one, the server that `make serve` started."""
        words = [sys.executable, "manage.py", "serve"]
        if not (code / "portal" / "management" / "commands" / "serve.py").exists():
            words = [sys.executable, "-m", "gunicorn", "--config", "python:portal.project.server", "portal.wsgi"]
        command = self.host.words(words)
        self.process = self._stack.enter_context(started(command, environment=environment, cwd=code))
        seconds_until(lambda: asked(f"{self.origin}/healthz")[0] == 200, limit=120)

    def stop(self) -> None:
        """As a process manager does: it drains."""
        if self.process is not None:
            self.process.signal(signal.SIGTERM)
            assert self.process.exit_code() == 0
            self._stack.close()
            self.process = None

    def close(self) -> None:
        self._stack.close()


class Company:
    """All of it."""

    def __init__(self, network: Lan, folder: Path) -> None:
        self.folder = folder
        self.key = secrets.token_urlsafe(50)
        self.primary = Database(network.host("db1", 31), folder)
        self.standby = Database(network.host("db2", 32), folder)
        self.pooler = network.host("pooler", 20)
        self.proxy = Proxy(network.host("proxy", 2), folder)
        self.servers = [
            Server(network.host(f"app{number}", 10 + number), folder / f"app{number}") for number in (1, 2, 3)
        ]

    @property
    def origin(self) -> str:
        return self.proxy.origin

    def portal(self) -> Portal:
        process = self.proxy.process
        assert process is not None
        return Portal(f"{self.origin}/scim/v2", self.environment(), process)

    def environment(self, server: Server | None = None, *, is_pooled: bool = True, **more: str) -> dict[str, str]:
        """`is_pooled`: a release of before knew no poolers."""
        addresses = [self.proxy.host.address, *(one.host.address for one in self.servers)]
        ours = {
            "DATABASE_URL": f"postgres://{OWNER}@{self.pooler.address}:6432/postgres",
            "DATABASE_POOLER": "transaction",
            "DATABASE_DIRECT_URL": f"postgres://{OWNER}@{PRIMARY}/postgres",
            "PUBLIC_URL": self.origin,
            "ALLOWED_HOSTS": ",".join(addresses),
            "FORWARDED_ALLOW_IPS": self.proxy.host.address,
            "HOST": "0.0.0.0",  # noqa: S104 - on a network of the tests' own
            "PORT": str(PORT),
            "WEB_CONCURRENCY": "1",
            "DRAIN_SECONDS": "3",
            "SECRET_KEY": self.key,
            "DATA_DIR": str((server or self.servers[0]).data),
            "DEBUG": "false",
        }
        if not is_pooled:
            ours["DATABASE_URL"] = ours.pop("DATABASE_DIRECT_URL")
            del ours["DATABASE_POOLER"]
        return {**os.environ, **ours, **more}

    @contextmanager
    def _pooling(self) -> Iterator[None]:
        (self.folder / "users").write_text(f'"{OWNER}" ""\n', encoding="utf-8")
        settings = self.folder / "pgbouncer.ini"
        settings.write_text(POOLER.format(primary=PRIMARY, owner=OWNER, folder=self.folder), encoding="utf-8")
        with started(self.pooler.words([program("pgbouncer"), settings], user="nobody")):
            yield

    @contextmanager
    def infrastructure(self) -> Iterator[None]:
        """All but the portal; the standby confirms each write, so that a fail-over loses none."""
        with ExitStack() as stack:
            self.primary.create()
            self.primary.host.takes(PRIMARY)
            connections = {"max_connections": 200, "fsync": "off"}
            stack.enter_context(self.primary.serving(**connections))
            self.standby.follow(self.primary)
            stack.enter_context(self.standby.serving(**connections))
            seconds_until(lambda: self.primary.says("SELECT count(*) FROM pg_stat_replication") == 1, limit=60)
            self.primary.set("synchronous_standby_names", "*")
            stack.enter_context(self._pooling())
            for server in self.servers:
                server.data.mkdir()
                stack.callback(server.close)
            stack.enter_context(self.proxy.serving(server.host for server in self.servers))
            yield

    def fail_over(self) -> None:
        """The standby is the primary from now on, at the primary's address."""
        self.standby.promote()
        self.standby.host.takes(PRIMARY)


@contextmanager
def company() -> Iterator[Company]:
    for name in ("nginx", "pgbouncer"):
        program(name)
    with lan() as network, TemporaryDirectory(prefix="gatehouse-company-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        whole = Company(network, Path(folder))
        with whole.infrastructure():
            yield whole


def manage(environment: dict[str, str], *arguments: str, code: Path = ROOT) -> str:
    words = [sys.executable, "manage.py", *arguments]
    return run(words, environment=environment, cwd=code, check=True, limit=200).stdout.strip()
