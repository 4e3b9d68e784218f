"""How each server is started: Gatehouse as `make serve` does, the peers as close to that as they can."""

from __future__ import annotations

import shutil
import sys
import venv
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path

from tests.bench import databases
from tests.bench.processes import VAR, Server, clean_environment, running
from tests.bench.registry import Skipped
from tests.processes import HeldPort, run

PEERS = Path(__file__).resolve().parent / "peers"
STATIC_TOKEN = "static-token-of-the-benchmark"
THREADS = 16
GRANIAN = "granian==2.8.7"
TO_INSTALL = 900.0  # seconds


def gunicorn(application: str, port: HeldPort, *, workers: int = 1, python: str = sys.executable) -> list[str]:
    """A peer, with what counts of the options of `make serve`."""
    return [
        python,
        "-m",
        "gunicorn",
        application,
        *("--bind", f"fd://{port.descriptor}", "--preload", "--workers", str(workers)),
        *("--worker-class", "gthread", "--threads", str(THREADS)),
        *("--limit-request-line", "8190", "--no-control-socket"),
    ]


def gatehouse(
    address: str, *, name: str = "gatehouse", workers: int = 1, token: str = "", **environment: str
) -> AbstractContextManager[Server]:
    """The product itself, as `make serve` starts it, on the database at this address."""
    gunicorn_of_serve = [sys.executable, "-m", "gunicorn", "--config", "python:portal.project.server", "portal.wsgi"]
    return running(
        name,
        lambda port: [*gunicorn_of_serve, "--bind", f"fd://{port.descriptor}", "--workers", str(workers)],
        environment={"DATABASE_URL": address, "EMAIL_URL": "dummymail://"} | environment,
        token=token or databases.token(),
    )


def gatehouse_on_granian(address: str) -> AbstractContextManager[Server]:
    """The product on granian, as many worker threads."""
    libraries = _granian()

    def command(port: HeldPort) -> list[str]:
        return [
            *(sys.executable, "-m", "granian", "--interface", "wsgi"),
            *("--host", "127.0.0.1", "--port", str(port.number)),
            *("--workers", "1", "--blocking-threads", str(THREADS), "--log-level", "warning"),
            "portal.wsgi:application",
        ]

    environment = {"DATABASE_URL": address, "EMAIL_URL": "dummymail://", "PYTHONPATH": str(libraries)}
    return running("granian", command, environment=environment, token=databases.token())


def bare(address: str) -> AbstractContextManager[Server]:
    return running(
        "bare", lambda port: gunicorn("tests.bench.peers.bare.wsgi", port), environment={"DATABASE_URL": address}
    )


def stock(workers: int = 1) -> AbstractContextManager[Server]:
    """django-scim2 as it comes, on a PostgreSQL database of its own."""
    address = databases.empty("stock")
    settings = {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "tests.bench.peers.stock.settings"}
    migrate = [sys.executable, "-m", "django", "migrate", "--run-syncdb", "--verbosity", "0"]
    run(migrate, environment=clean_environment() | settings, check=True)
    return running(
        "stock",
        lambda port: gunicorn("tests.bench.peers.stock.wsgi", port, workers=workers),
        environment={"DATABASE_URL": address},
        token=STATIC_TOKEN,
    )


def scim2_server() -> AbstractContextManager[Server]:
    """scim2-server; its memory is one process's, so it has one worker."""
    python = _peers_python()
    folder = PEERS / "scim2_server"
    return running(
        "scim2-server",
        lambda port: [*gunicorn("app", port, python=str(python)), "--chdir", str(folder)],
        token=STATIC_TOKEN,
        prefix="/v2",
    )


def scimmy() -> AbstractContextManager[Server]:
    """scimmy-routers on Node; Skipped where there is no Node."""
    folder = _node_modules()
    return running("scimmy-routers", lambda _: ["node", folder / "server.mjs"], token=STATIC_TOKEN)


# --- installing, each once and beside our own environment -------------------------------------------------


@cache
def _peers_python() -> Path:
    folder, wanted = VAR / "peers", PEERS / "scim2_server" / "requirements.txt"
    python, stamp = folder / "bin" / "python", folder / "installed.txt"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted.read_text(encoding="utf-8"):
        venv.create(folder, with_pip=True, clear=True)
        _install([str(python), "-m", "pip", "install", "-r", str(wanted)], "scim2-server")
        stamp.write_text(wanted.read_text(encoding="utf-8"), encoding="utf-8")
    return python


@cache
def _granian() -> Path:
    folder = VAR / "granian"
    stamp = folder / "installed.txt"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != GRANIAN:
        _install(
            [str(_peers_python()), "-m", "pip", "install", "--upgrade", "--target", str(folder), GRANIAN], "granian"
        )
        stamp.write_text(GRANIAN, encoding="utf-8")
    return folder


@cache
def _node_modules() -> Path:
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Skipped("scimmy-routers is left out: there is no node and npm on this machine")
    folder = VAR / "scimmy"
    folder.mkdir(parents=True, exist_ok=True)
    lock = (PEERS / "scimmy" / "package-lock.json").read_bytes()
    fresh = (folder / "package-lock.json").exists() and (folder / "package-lock.json").read_bytes() == lock
    shutil.copytree(PEERS / "scimmy", folder, dirs_exist_ok=True)
    if not fresh or not (folder / "node_modules").exists():
        _install(["npm", "ci", "--no-audit", "--no-fund", "--prefix", str(folder)], "scimmy-routers")
    return folder


def _install(command: list[str], what: str) -> None:
    done = run(command, limit=TO_INSTALL)
    if done.returncode:
        raise Skipped(f"{what} is left out: it could not be installed ({done.stderr.strip().splitlines()[-1:]})")
