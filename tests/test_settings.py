"""Settings are read once at start, so these tests start a Python with an environment of its own."""

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from portal.project.databases import database_config
from portal.project.own_files import load_or_create_secret_key
from tests.environment import nothing_set
from tests.processes import run

pytestmark = pytest.mark.once


def run_python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Python in the project's root, with none of our variables set but those of `environment`."""
    return run([sys.executable, *arguments], environment=nothing_set() | {"SECRET_KEY": "x" * 60} | environment)


def settings_with(*names: str, **environment: str) -> dict[str, Any]:
    """The named settings of a portal that is started with `environment`."""
    values = f"{{name: getattr(settings, name) for name in {names!r}}}"
    script = f"import json; from portal import settings; print(json.dumps({values}))"
    answer = run_python("-c", script, **environment)
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def test_without_an_environment_the_portal_is_a_safe_local_one() -> None:
    assert settings_with("DEBUG", "PUBLIC_URL", "ALLOWED_HOSTS", "SESSION_COOKIE_NAME", "CSRF_TRUSTED_ORIGINS") == {
        "DEBUG": False,
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "ALLOWED_HOSTS": ["127.0.0.1", "127.0.0.1", "localhost"],
        "SESSION_COOKIE_NAME": "sessionid",
        "CSRF_TRUSTED_ORIGINS": ["http://127.0.0.1:8000"],
    }


def test_the_port_is_part_of_the_default_address() -> None:
    assert settings_with("PUBLIC_URL", PORT="9123") == {"PUBLIC_URL": "http://127.0.0.1:9123"}


def test_https_makes_cookies_secure_and_bound_to_the_host() -> None:
    names = (
        "SESSION_COOKIE_NAME",
        "CSRF_COOKIE_NAME",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
        "ALLOWED_HOSTS",
    )
    assert settings_with(*names, PUBLIC_URL="https://portal.example.com/") == {
        "SESSION_COOKIE_NAME": "__Host-sessionid",
        "CSRF_COOKIE_NAME": "__Host-csrftoken",
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "ALLOWED_HOSTS": ["portal.example.com", "127.0.0.1", "localhost"],
    }


def test_scim_addresses_come_from_the_public_url() -> None:
    provider = settings_with("SCIM_SERVICE_PROVIDER", PUBLIC_URL="https://portal.example.com")["SCIM_SERVICE_PROVIDER"]
    assert (provider["SCHEME"], provider["NETLOC"]) == ("https", "portal.example.com")


def test_the_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secret_key"
    key = load_or_create_secret_key(path)
    assert load_or_create_secret_key(path) == key
    assert len(key) >= 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_sqlite_waits_for_other_writers_and_syncs_each_commit() -> None:
    config = database_config("sqlite:////srv/portal.sqlite3", statement_timeout=30)
    assert config["NAME"] == "/srv/portal.sqlite3"
    assert config["OPTIONS"] == {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }


def test_postgresql_keeps_its_connections_and_limits_its_statements() -> None:
    config = database_config("postgres://gate:secret@db:5433/portal?sslmode=require", statement_timeout=30)
    assert (config["HOST"], config["PORT"], config["NAME"], config["USER"]) == ("db", 5433, "portal", "gate")
    assert (config["CONN_MAX_AGE"], config["CONN_HEALTH_CHECKS"]) == (600, True)
    assert (config["ENGINE"], config["longest"]) == ("identity.db.postgresql", 35)
    assert config["OPTIONS"] == {
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "options": "-c statement_timeout=30s -c lock_timeout=30s -c synchronous_commit=on -c jit=off",
        "sslmode": "require",
        "server_side_binding": True,
        "prepare_threshold": 2,
    }


def test_of_several_hosts_the_one_that_takes_writes_is_taken() -> None:
    config = database_config("postgres://gate@db1:5433,db2:5432/portal", statement_timeout=0)
    assert (config["HOST"], config["PORT"], config["longest"]) == ("db1,db2", "5433,5432", None)
    assert config["OPTIONS"]["target_session_attrs"] == "read-write"
    sockets = database_config("postgres://gate@/portal?host=/run/db1,/run/db2", statement_timeout=0)
    assert sockets["OPTIONS"]["target_session_attrs"] == "read-write"
    either = database_config("postgres://gate@db1,db2/portal?target_session_attrs=any", statement_timeout=0)
    assert either["OPTIONS"]["target_session_attrs"] == "any"


def test_another_database_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="only sqlite:// and postgres:// are supported"):
        database_config("mysql://user@host/db", statement_timeout=30)


def test_the_portal_is_found_at_an_ipv6_address() -> None:
    found = settings_with("ALLOWED_HOSTS", "DEFAULT_FROM_EMAIL", PUBLIC_URL="http://[2001:db8::1]:8000")
    assert found == {
        "ALLOWED_HOSTS": ["[2001:db8::1]", "127.0.0.1", "localhost"],
        "DEFAULT_FROM_EMAIL": "Gatehouse <gatehouse@[IPv6:2001:db8::1]>",
    }
    script = (
        "import django; django.setup(); from django.test import RequestFactory;"
        "print(RequestFactory().get('/', headers={'host': '[2001:db8::1]:8000'}).get_host())"
    )
    answer = run_python("-c", script, PUBLIC_URL="http://[2001:db8::1]:8000", DJANGO_SETTINGS_MODULE="portal.settings")
    assert (answer.stdout.strip(), answer.returncode) == ("[2001:db8::1]:8000", 0), answer.stderr
