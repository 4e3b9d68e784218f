"""What `deploy/` and `Containerfile` name exists, and the server writes nothing where a container can't."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands
from django.urls import Resolver404, resolve
from gunicorn.config import Config

from portal.project import probes, request_log, server, traces
from portal.project.environment import read, variable_of
from portal.project.variables import Variables
from tests.databases import migrated_sqlite
from tests.loops import each
from tests.processes import held_port, started, wait_until_it_answers
from tests.sources import ROOT

pytestmark = pytest.mark.once

DEPLOY = ROOT / "deploy"
VARIABLES = {one.name: variable_of(one) for one in fields(Variables)}
OF_THE_IMAGE = {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "VIRTUAL_ENV"}
OF_COMPOSE = {"DOMAIN", "GATEHOUSE_IMAGE", "POSTGRES_PASSWORD"}
COMMANDS = {"serve", "worker", *get_commands()}
LONGEST_REQUEST = Config().settings["graceful_timeout"].default


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def settings_in(name: str) -> dict[str, str]:
    """The lines of a file of variables."""
    lines = (line for line in text(name).splitlines() if line and not line.startswith("#"))
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


# --- the image ---

CONTAINERFILE = text("Containerfile").replace("\\\n", " ")


def steps(word: str, stage: str = CONTAINERFILE) -> list[list[str]]:
    found = re.findall(rf"^{word} (.+)$", stage, re.MULTILINE)
    return [json.loads(line) if line.startswith("[") else shlex.split(line) for line in found]


IMAGE: dict[str, str] = dict(word.split("=", 1) for word in steps("ENV")[0])


def test_the_image_is_made_of_what_there_is_and_is_let_in() -> None:
    let_in = [line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")]
    assert text(".dockerignore").count("\n*\n") == 1
    copied = [name for words in steps("COPY") if not words[0].startswith("--") for name in words[:-1]]
    for name in each(copied, at_least=7):
        assert (ROOT / name).exists(), name
        assert any(fnmatch(name, pattern) for pattern in let_in), f"{name} is not let in by .dockerignore"
    assert sorted(copied) == sorted(let_in)


def test_the_image_has_every_package_of_the_portal() -> None:
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages <= {words[0] for words in steps("COPY")}


def test_the_image_installs_what_the_lock_pins_and_nothing_else() -> None:
    assert ["LOCKS=requirements.lock"] in steps("ARG")
    (installs,) = re.findall(r"for lock in \$\{LOCKS\}; do (.+?);? \|\| exit 1; done", CONTAINERFILE)
    assert {"--no-deps", "--require-hashes", "--only-binary"} < set(installs.split())
    assert installs.endswith("--requirement ${lock}")


def test_the_image_runs_as_nobody_in_particular_and_says_how_it_is() -> None:
    assert steps("USER") == [["10001:10001"]]
    assert steps("VOLUME") == [[IMAGE["DATA_DIR"]]]
    assert steps("EXPOSE") == [[IMAGE["PORT"]]]
    assert steps("CMD") == [["serve"]]
    entry = steps("ENTRYPOINT")[0][-1]
    assert os.access(ROOT / entry.removeprefix("/opt/gatehouse/"), os.X_OK)
    check = re.search(r"HEALTHCHECK .*CMD (\[.+\])$", CONTAINERFILE, re.MULTILINE)
    assert check
    assert f"+ '{probes.LIVE}'" in json.loads(check[1])[-1]


def test_the_images_health_check_tells_a_server_that_answers_from_one_that_does_not(live_server: Any) -> None:
    check = re.search(r"HEALTHCHECK .*CMD (\[.+\])$", CONTAINERFILE, re.MULTILINE)
    assert check
    _, *words = json.loads(check[1])
    port = urlsplit(live_server.url).port
    with held_port() as closed:
        codes = [
            subprocess.run(
                [sys.executable, *words], env={"PORT": str(number)}, capture_output=True, check=False, timeout=90
            ).returncode
            for number in (port, closed.number)
        ]
    assert codes == [0, 1]


# --- compose ---

COMPOSE: dict[str, Any] = yaml.safe_load(text("deploy/compose/compose.yaml"))
OURS = {name: one for name, one in COMPOSE["services"].items() if "gatehouse" in one["image"]}


def filled_in(value: str, given: dict[str, str]) -> str:
    """As compose replaces `${NAME:-default}`."""
    return re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", lambda found: given.get(found[1]) or found[2] or "", value)


def test_compose_starts_the_portal_after_the_migrations_and_these_after_the_database() -> None:
    assert set(OURS) == {"migrate", "portal", "worker"}
    assert [one["command"][0] for one in OURS.values()] == ["migrate", "serve", "worker"]
    assert OURS["migrate"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    for name in ("portal", "worker"):
        assert OURS[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
        assert float(OURS[name]["stop_grace_period"].removesuffix("s")) > longest_end({})


def test_composes_portal_can_write_to_its_volumes_only() -> None:
    for one in each(OURS.values(), at_least=3):
        assert (one["read_only"], one["cap_drop"], one["tmpfs"]) == (True, ["ALL"], ["/tmp"])  # noqa: S108
        places = [volume.split(":")[1] for volume in one["volumes"]]
        assert places == [IMAGE["DATA_DIR"], "/var/backups/gatehouse"]
        assert all(f" {place}" in CONTAINERFILE for place in places), "the image lacks a directory that is ours"
        assert {volume.split(":")[0] for volume in one["volumes"]} <= set(COMPOSE["volumes"])


@pytest.mark.parametrize("given", [{}, settings_in("deploy/compose/example.env")], ids=["nothing set", "the example"])
def test_composes_environment_is_one_that_the_portal_understands(given: dict[str, str]) -> None:
    environment = {name: filled_in(str(value), given) for name, value in OURS["portal"]["environment"].items()}
    found = read(Variables, environment)
    assert set(environment) <= set(VARIABLES)
    assert (found.TASKS, found.PUBLIC_URL.split(":")[0]) == ("database", "https")
    assert COMPOSE["networks"]["outside"]["ipam"]["config"][0]["subnet"] in found.FORWARDED_ALLOW_IPS


def test_whatever_compose_asks_for_stands_in_its_example() -> None:
    asked = set(re.findall(r"\$\{(\w+)", text("deploy/compose/compose.yaml")))
    assert asked - {"GATEHOUSE_IMAGE"} == set(settings_in("deploy/compose/example.env"))
    assert asked <= set(VARIABLES) | OF_COMPOSE


def test_composes_proxy_leads_to_the_portal() -> None:
    proxy = COMPOSE["services"]["proxy"]
    assert proxy["environment"]["UPSTREAM"] == f"portal:{IMAGE['PORT']}"
    mounted = [volume.split(":")[0] for volume in proxy["volumes"] if volume.startswith(".")]
    assert [(DEPLOY / "compose" / path).resolve() for path in mounted] == [DEPLOY / "proxy" / "Caddyfile"]
    assert set(re.findall(r"\{\$(\w+)", text("deploy/proxy/Caddyfile"))) == set(proxy["environment"])


# --- Kubernetes ---

KUBERNETES = DEPLOY / "kubernetes"
KUSTOMIZATION = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text(encoding="utf-8"))
OBJECTS = [
    one
    for name in KUSTOMIZATION["resources"]
    for one in yaml.safe_load_all((KUBERNETES / name).read_text(encoding="utf-8"))
]
PODS = {
    one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in OBJECTS if one["kind"] in {"Deployment", "Job"}
}


def test_kubernetes_lists_each_file_that_there_is() -> None:
    others = [name for one in KUSTOMIZATION["configMapGenerator"] for name in one["envs"]]
    files = {file.name for file in KUBERNETES.iterdir()} - {"kustomization.yaml"}
    assert files == {*KUSTOMIZATION["resources"], *others}


def test_kubernetes_pods_have_no_rights_and_limits() -> None:
    assert set(PODS) == {"migrate", "portal", "worker"}
    for pod in each(PODS.values(), at_least=3):
        [container] = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert [pod["securityContext"][name] for name in ("runAsUser", "runAsGroup")] == [10001, 10001]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["requests"]
        assert container["resources"]["limits"]["memory"]
        assert container["args"][0] in COMMANDS
        assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp"]  # noqa: S108


def test_kubernetes_asks_the_portal_how_it_is_and_lets_it_end() -> None:
    [container] = PODS["portal"]["containers"]
    asked = {name: one["httpGet"]["path"] for name, one in container.items() if name.endswith("Probe")}
    assert asked == {"startupProbe": probes.LIVE, "livenessProbe": probes.LIVE, "readinessProbe": probes.READY}
    assert container["ports"] == [{"name": "http", "containerPort": int(IMAGE["PORT"])}]
    for name in ("portal", "worker"):
        assert PODS[name]["terminationGracePeriodSeconds"] > longest_end(settings_in("deploy/kubernetes/gatehouse.env"))


def test_kubernetes_selectors_find_pods() -> None:
    kinds = {"PodDisruptionBudget", "Deployment", "Service"}
    labels = [one["spec"]["template"]["metadata"]["labels"] for one in OBJECTS if one["kind"] in {"Deployment", "Job"}]
    for one in each((one for one in OBJECTS if one["kind"] in kinds), at_least=5):
        selector = one["spec"]["selector"]
        assert selector.get("matchLabels", selector) in labels
    budgets = {one["metadata"]["name"] for one in OBJECTS if one["kind"] == "PodDisruptionBudget"}
    assert budgets == {one["metadata"]["name"] for one in OBJECTS if one["kind"] == "Deployment"}


# --- files of variables, units, proxies ---


@pytest.mark.parametrize("name", ["deploy/kubernetes/gatehouse.env", "deploy/systemd/example.environment"])
def test_the_variables_of_the_examples_are_the_portals(name: str, tmp_path: Path) -> None:
    given = {name: value.strip('"') for name, value in settings_in(name).items()}
    assert set(given) <= set(VARIABLES)
    read(Variables, given | {"DATA_DIR": str(tmp_path)})


def test_the_images_variables_are_the_portals() -> None:
    assert set(IMAGE) - OF_THE_IMAGE <= set(VARIABLES)


UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def test_the_units_start_what_there_is() -> None:
    started = {}
    for unit in each(UNITS, at_least=4):
        words = text(f"deploy/systemd/{unit.name}")
        for line in re.findall(r"^ExecStart(?:Pre)?=(.+)$", words, re.MULTILINE):
            program, command, *_ = shlex.split(line)
            assert (ROOT / Path(program).relative_to("/opt/gatehouse")).is_file()
            assert command in COMMANDS, f"{unit.name}: {command}"
            started[unit.name] = command
        named = re.findall(r"gatehouse-?\w*\.(?:service|timer)", words)
        assert all((DEPLOY / "systemd" / other).exists() for other in named)
        assert "EnvironmentFile=/etc/gatehouse/environment" in words
        assert "ProtectSystem=strict" in words
    assert sorted(started.values()) == ["backup", "migrate", "serve", "worker"]
    assert (DEPLOY / "systemd" / "gatehouse-backup.timer").exists()


def test_systemd_waits_until_the_server_has_ended() -> None:
    for name in ("gatehouse.service", "gatehouse-worker.service"):
        found = re.search(r"^TimeoutStopSec=(\d+)$", text(f"deploy/systemd/{name}"), re.MULTILINE)
        assert found
        assert int(found[1]) > longest_end({})


def test_the_proxies_fit_the_server() -> None:
    nginx, caddy = text("deploy/proxy/nginx.conf"), text("deploy/proxy/Caddyfile")
    for pattern, config in {r"^    keepalive_timeout (\d+)s": nginx, r"keepalive (\d+)s": caddy}.items():
        kept = re.search(pattern, config, re.MULTILINE)
        assert kept
        assert int(kept[1]) < server.keepalive
    buffers = re.search(r"large_client_header_buffers \d+ (\d+)k", nginx)
    assert buffers
    assert int(buffers[1]) * 1024 >= max(server.limit_request_field_size, server.limit_request_line)
    most = [
        int(found) * 1000**2 for found in re.findall(r"(?:client_max_body_size|max_size) (\d+)(?:m;|MB)", nginx + caddy)
    ]
    assert len(most) == 2
    assert min(most) > (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0), "the portal's own answer is the better one"
    for config in (nginx, caddy):
        assert f"127.0.0.1:{VARIABLES['PORT'].default}" in config


def test_no_proxy_passes_on_what_the_portal_would_believe_it() -> None:
    """Of the callers'; X-Forwarded-* is set by Caddy of its own accord."""
    nginx, caddy = (text(f"deploy/proxy/{name}").lower() for name in ("nginx.conf", "Caddyfile"))
    for name in ("X-Forwarded-For", "X-Forwarded-Proto", request_log.HEADER, *traces.GIVEN):
        assert re.search(rf'^ +proxy_set_header {name.lower()} (\$\w+|"");$', nginx, re.MULTILINE), name
    for name in (request_log.HEADER.lower(), *traces.GIVEN):
        assert re.search(rf"^\s+header_up (-{name}|{name} \{{.+\}})$", caddy, re.MULTILINE), name


def test_every_address_that_is_asked_is_the_portals() -> None:
    asked = re.findall(
        r"(?:health_uri|location =) (\S+)", text("deploy/proxy/nginx.conf") + text("deploy/proxy/Caddyfile")
    )
    for address in each(asked, at_least=3):
        assert address in probes.ADDRESSES
        try:
            resolve(address)
        except Resolver404:
            pytest.fail(f"{address} is no address of the portal")


def longest_end(given: dict[str, str]) -> float:
    """Seconds from SIGTERM until the last request is over."""
    return int(given.get("DRAIN_SECONDS", VARIABLES["DRAIN_SECONDS"].default)) + LONGEST_REQUEST


# --- nothing is written ---

WATCH = """
import os, sys
_log = os.open(os.environ["WRITTEN"], os.O_WRONLY | os.O_APPEND)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {"os.mkdir", "os.rename", "os.link", "os.symlink", "os.truncate", "os.chmod", "sqlite3.connect"}
def _watch(event, arguments):
    if event in _CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES):
        path = arguments[0]
        was_there = event == "os.mkdir" and os.path.isdir(path)
        if isinstance(path, (str, bytes, os.PathLike)) and path != ":memory:" and not was_there:
            os.write(_log, os.path.abspath(os.fsencode(path)) + b"\\n")
sys.addaudithook(_watch)
"""


def status(url: str) -> int:
    try:
        with urlopen(url, timeout=30) as answer:  # noqa: S310 - our own server on loopback
            return int(answer.status)
    except HTTPError as refused:
        return refused.code


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A file that tells what the processes of a test write to; they find it by their environment."""
    log = tmp_path / "written"
    log.touch()
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    return log


@pytest.mark.parametrize(
    "starts", [[DEPLOY / "gatehouse"], [sys.executable, ROOT / "manage.py"]], ids=["image", "manage"]
)
def test_a_server_writes_to_its_own_directory_and_to_memory_only(
    starts: list[str | Path], tmp_path: Path, written: Path
) -> None:
    data, static = tmp_path / "data", tmp_path / "static"
    data.mkdir()
    static.mkdir()
    environment = {
        "DATA_DIR": str(data),
        "STATIC_DIR": str(static),
        "DATABASE_URL": migrated_sqlite(data / "gatehouse.sqlite3"),
        "DRAIN_SECONDS": "0",
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(tmp_path / "watch"),
        "VIRTUAL_ENV": sys.prefix,
        "WEB_CONCURRENCY": "1",
        "WRITTEN": str(written),
    }
    subprocess.run(
        [*starts, "collectstatic", "--no-input", "--verbosity", "0"], env=environment, check=True, timeout=90
    )
    assert f"{static}/" in written.read_text(encoding="utf-8"), "nobody watches"
    written.write_text("", encoding="utf-8")
    shutil.rmtree(data / "static", ignore_errors=True)
    with held_port() as port:
        environment |= {"PUBLIC_URL": port.origin, "GUNICORN_CMD_ARGS": f"--bind fd://{port.descriptor}"}
        with started([*starts, "serve"], environment=environment, port=port) as running:
            wait_until_it_answers(running, f"{port.origin}{probes.READY}")
            asked = ("/login/", "/scim/v2/Users", probes.LIVE)
            assert [status(f"{port.origin}{address}") for address in asked] == [200, 401, 200]
    places = {Path(line) for line in written.read_text(encoding="utf-8").splitlines()}
    memory = Path("/dev/shm")  # noqa: S108
    elsewhere = [place for place in places if not any(map(place.is_relative_to, (data, memory, os.devnull)))]
    assert elsewhere == []
    assert data / "gatehouse.sqlite3" in places
