"""The files of deploy/ by the programs that read them (`make deploy-examples`): nginx, Caddy, kubectl, systemd.

tests/test_deploy.py holds what they say to what the portal knows; this is whether anybody can use them.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import yaml

from tests import nginx
from tests.loops import each
from tests.processes import finish, held_port, run, started, wait_until_it_answers
from tests.programs import program
from tests.sources import ROOT

DEPLOY = ROOT / "deploy"
CLAIMED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "gopher",
    "X-Request-Id": "0123456789abcdef",
    "Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "Tracestate": "of=mine",
}


@pytest.fixture
def upstream() -> Iterator[int]:
    """The port of one that answers with the headers that it was sent."""

    class Echo(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told = str(self.headers).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            finish(thread)


def passed_on(origin: str) -> str:
    with urlopen(Request(f"{origin}/login/", headers=CLAIMED), timeout=30) as answer:  # noqa: S310 - on loopback
        return answer.read().decode()


def nothing_claimed(told: str) -> None:
    assert "X-Forwarded-For: 127.0.0.1\n" in told
    assert re.search(r"^X-Request-Id: [0-9a-f-]{32,36}$", told, re.MULTILINE)
    for name, value in CLAIMED.items():
        assert value not in told, name


def test_nginx_takes_its_file_and_passes_on_nothing_that_a_caller_claims(tmp_path: Path, upstream: int) -> None:
    openssl = program("openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    wanted = ["-x509", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=portal.example.com", "-days", "2"]
    run([openssl, "req", *wanted, "-keyout", key, "-out", certificate], check=True)
    example = (DEPLOY / "proxy" / "nginx.conf").read_text(encoding="utf-8")
    with held_port() as redirecting, held_port() as plain:
        here = {
            r"/etc/ssl/gatehouse/fullchain\.pem": str(certificate),
            r"/etc/ssl/gatehouse/privkey\.pem": str(key),
            r"listen \[::\]:.+;": "",
            r"listen 80;": f"listen 127.0.0.1:{redirecting.number};",
            r"listen 443 ssl;": f"listen 127.0.0.1:{plain.number}; listen 127.0.0.1:1 ssl;",
            r"127\.0\.0\.1:8000": f"127.0.0.1:{upstream}",
        }
        for pattern, by in here.items():
            example, replaced = re.subn(pattern, by, example)
            assert replaced, pattern
        nginx.configure(tmp_path, example)
        words = nginx.command(tmp_path)
        checked = run([*words, "-t"])
        assert checked.returncode == 0, checked.stderr
        with started(words) as process:
            wait_until_it_answers(process, f"{plain.origin}/")
            nothing_claimed(passed_on(plain.origin))


def test_caddy_takes_its_file_and_passes_on_nothing_that_a_caller_claims(tmp_path: Path, upstream: int) -> None:
    caddy, file = program("caddy"), DEPLOY / "proxy" / "Caddyfile"
    with held_port() as port:
        home = {"HOME": str(tmp_path), "DOMAIN": port.origin, "UPSTREAM": f"127.0.0.1:{upstream}"}
        words = ["--config", file, "--adapter", "caddyfile"]
        checked = run([caddy, "validate", *words], environment=home)
        assert checked.returncode == 0, checked.stderr
        own = tmp_path / "Caddyfile"
        own.write_text("{\n\tadmin off\n}\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
        with started([caddy, "run", "--config", own, "--adapter", "caddyfile"], environment=home) as process:
            wait_until_it_answers(process, f"{port.origin}/")
            nothing_claimed(passed_on(port.origin))


def test_kubectl_puts_the_base_together() -> None:
    made = run([program("kubectl"), "kustomize", DEPLOY / "kubernetes"])
    assert made.returncode == 0, made.stderr
    kinds = [one["kind"] for one in yaml.safe_load_all(made.stdout)]
    assert {"Deployment", "Job", "Service", "Ingress", "PodDisruptionBudget", "ConfigMap"} <= set(kinds)


def test_systemd_reads_the_units(tmp_path: Path) -> None:
    """Of what it verifies only the programs are missing here: they are put where it looks for them."""
    verify = program("systemd-analyze")
    units = [file for file in (DEPLOY / "systemd").iterdir() if file.suffix in {".service", ".timer"}]
    for unit in each(units, at_least=5):
        text = unit.read_text(encoding="utf-8").replace("/opt/gatehouse", str(tmp_path / "opt"))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    shutil.copytree(DEPLOY, tmp_path / "opt" / "deploy")
    told = run([verify, "verify", *(tmp_path / unit.name for unit in units)])
    assert (told.returncode, told.stderr) == (0, "")
