"""The environment: one table of variables, every fault in one message at every entry point, and no secret shown."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from environ import Env
from hypothesis import given
from hypothesis import strategies as st

from identity.db.replica import AREAS
from portal.project import kinds
from portal.project.databases import database_config, replica_config
from portal.project.environment import WrongEnvironment, read, variable_of
from portal.project.kinds import Kind, without_password
from portal.project.variables import Variables
from tests import processes
from tests.environment import nothing_set
from tests.examples import SQLITE, examples
from tests.loops import each
from tests.portal.shell import IN_PRODUCTION
from tests.sources import ROOT, modules, name

pytestmark = pytest.mark.once

TABLE = {one.name: variable_of(one) for one in fields(Variables)}
NOT_UTF_8 = "\udcff\udcfe"

# Texts that are none of the kind.
WRONG: dict[str, tuple[str, ...]] = {
    kinds.origin.expected: (
        "portal.example.com", "https://", "ftp://portal.example.com", "https://portal.example.com/under/a/path",
        "https://portal.example.com?query", "https://portal.example.com#", "https://[::1", "https://host:port",
        "https://host:70000", "https://host:0", "https://me@host", "https://a b", "https://a..b", "https://bücher.example",
    ),
    kinds.database_url.expected: (
        "postgres", "postgres://", "postgres://db", "postgres://db:port/name", "postgres://db:99999/name",
        "postgres://db/name?sslmodee=require", "mysql://db/name", "sqlite", "sqlite://host/file", "sqlite:////no/folder/file",
        f"sqlite:///{ROOT}", f"sqlite:///{ROOT}/file?colour=red", "nonsense", "://", "postgres://[::1/name",
    ),
    kinds.replica_url.expected: ("db2", "postgres://", "postgres://db:port/name", "sqlite:////tmp/copy", "sqlite:///:memory:"),
    kinds.directory.expected: ("/no/such/folder", "/etc/hostname", "relative/nowhere"),
    kinds.host.expected: ("two words", "http://127.0.0.1", "127.0.0.1:8000", "[::1", "a..b", "unix:/run/gatehouse"),
    kinds.arguments.expected: ("--bind '127.0.0.1", '--name "portal'),
    kinds.hosts.expected: ("https://portal.example.com", "portal.example.com:443", "a,b c", "portal.example.com/"),
    kinds.collector.expected: ("collector", "http://", "grpc://collector:4317", "http://host:port", "http://a b", "http://c/?q=1"),
    kinds.form_origins.expected: ("portal.example.com", "https://a.example, b.example", "https://*.*.example"),
    kinds.origins.expected: ("sso.corp.example", "https://sso.corp.example/realm", "https://a.example b.example"),
    kinds.proxies.expected: ("proxy.internal", "10.0.0.1/8", "10.0.0.0/33", "127.0.0.1,*.internal", "127.0.0.1:80"),
    kinds.mail_url.expected: (
        "foo", "smtp://", "smtp:mail.example.com", "http://mail.example.com", "smtp://host:port", "smtp+tls://host:0",
        "smtps://host:70000", "filemail:///no/such/folder", "smtp://[::1",
    ),
    kinds.sender.expected: ("Gatehouse", "Gatehouse <>", "gatehouse@", "@example.com", "a@b\nBcc: c@d"),
    kinds.line.expected: ("two\nlines", "a bell\a"),
    kinds.boolean.expected: ("maybe", "2", "tru", "None"),
    kinds.event_lines.expected: ("/no/such/folder/events", str(ROOT), "a\nb"),
    kinds.choices(*AREAS).expected: ("everything", "logs,pages", "logs lists", "SCIM"),
    "immediate or database": ("celery", "Immediate", "immediate,database"),
    "session or transaction": ("statement", "Transaction", "session,transaction"),
}  # fmt: skip
NO_NUMBERS = ("abc", "1.5", "-1", "1e3", "0x10", "١٢", "1_000", "9" * 30, "1 2")
FREE = {kinds.secret.expected, kinds.secrets.expected}  # any text that is UTF-8


def wrong_texts(kind: Kind[Any]) -> tuple[str, ...]:
    if kind.expected.startswith("a whole number from "):
        lowest, highest = map(int, kind.expected.removeprefix("a whole number from ").split(" to "))
        return *NO_NUMBERS, str(highest + 1), *([str(lowest - 1)] if lowest else [])
    return () if kind.expected in FREE else WRONG[kind.expected]


CASES = [(name, text) for name, one in TABLE.items() for text in (*wrong_texts(one.kind), NOT_UTF_8)]


def faults(**environment: str) -> tuple[str, ...]:
    with pytest.raises(WrongEnvironment) as caught:
        read(Variables, environment)
    return caught.value.faults


def known(**environment: str) -> Variables:
    return read(Variables, environment)


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return python("manage.py", *arguments, **environment)


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return processes.run([sys.executable, *arguments], environment=nothing_set() | environment)


# --- what is wrong is said ---


@pytest.mark.parametrize(("name", "text"), CASES)
def test_every_wrong_shape_of_every_variable_has_its_sentence(name: str, text: str) -> None:
    (told,) = faults(**{name: text})
    assert told.startswith(f"{name} is "), told
    assert ", expected " in told
    assert told.endswith(".")
    told.encode()


def test_every_fault_is_in_one_message() -> None:
    told = faults(PORT="abc", TASKS="celery", EMAIL_URL="foo", DATABASE_URL="mysql://db/portal", DEBUG="maybe")
    assert [sentence.split()[0] for sentence in told] == ["DATABASE_URL", "PORT", "EMAIL_URL", "TASKS", "DEBUG"]
    assert told[1] == "PORT is 'abc', expected a whole number from 1 to 65535."
    assert told[3] == "TASKS is 'celery', expected immediate or database."


def test_what_more_is_known_of_a_fault_is_said() -> None:
    assert "a file in a directory that exists" in faults(DATABASE_URL="sqlite:////no/such/file")[0]
    assert "sslmodee is none" in faults(DATABASE_URL="postgres://db/name?sslmodee=require")[0]
    assert "the name of a database" in faults(DATABASE_URL="postgres://db")[0]


@pytest.mark.parametrize("name", TABLE)
def test_an_empty_variable_counts_as_not_set(name: str) -> None:
    assert known(**{name: ""}) == known(**{name: "  "}) == known()


# --- entry points ---

ENTRIES = {
    "a command": ("manage.py", "list_users"),
    "one of Django's commands": ("manage.py", "migrate"),
    "the list of commands": ("manage.py", "help"),
    "nothing": ("manage.py",),
    "the development server": ("manage.py", "runserver", "--noreload"),
    "the worker": ("manage.py", "run_worker"),
    "the configuration": ("manage.py", "config"),
    "the server": ("-m", "gunicorn", "--config", "python:portal.project.server", "portal.wsgi"),
    "another server": ("-c", "import portal.wsgi"),
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_wrong_environment_ends_the_start_without_a_traceback(entry: str) -> None:
    done = python(*ENTRIES[entry], PORT="abc", TASKS="celery", AUDIT_EVENTS="/no/such/folder/events")
    assert (done.returncode, done.stdout) == (78, ""), done.stderr
    assert done.stderr.splitlines() == [
        "The portal can't start with this environment:",
        "  PORT is 'abc', expected a whole number from 1 to 65535.",
        "  TASKS is 'celery', expected immediate or database.",
        "  AUDIT_EVENTS is '/no/such/folder/events', expected a file in a directory that exists.",
    ]


def test_a_key_that_cannot_be_kept_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "secret_key").mkdir()
    done = manage("check", DATA_DIR=str(tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (78, 2), done.stderr
    assert f"SECRET_KEY is not set, and {tmp_path}/secret_key can't be read or made" in done.stderr


def test_an_empty_key_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    done = manage("check", DATA_DIR=str(tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (78, 2), done.stderr
    assert "secret_key is empty: put the key back from a backup." in done.stderr


def test_sqlite_has_no_replica() -> None:
    done = manage("check", DATABASE_REPLICA_URL="postgres://db2/portal")
    assert (done.returncode, done.stderr.count("\n")) == (78, 2), done.stderr
    assert "DATABASE_REPLICA_URL is set, expected DATABASE_URL to be postgres:// as well." in done.stderr


def test_a_folder_in_the_way_of_static_files_is_told(tmp_path: Path) -> None:
    (tmp_path / "static").touch()
    done = manage("check", DATA_DIR=str(tmp_path))
    assert done.returncode == 78
    assert f"DATA_DIR is '{tmp_path}', expected a directory for static" in done.stderr


# --- what is right is understood ---


def test_defaults_follow_from_what_is_set(tmp_path: Path) -> None:
    found = known(PORT="9123", DATA_DIR=str(tmp_path))
    assert (found.PUBLIC_URL, found.CSRF_TRUSTED_ORIGINS) == ("http://127.0.0.1:9123", ["http://127.0.0.1:9123"])
    assert f"sqlite:///{tmp_path}/gatehouse.sqlite3" == found.DATABASE_URL


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("PUBLIC_URL", " https://portal.example.com/ ", "https://portal.example.com"),
        ("PUBLIC_URL", "http://[2001:db8::1]:8000", "http://[2001:db8::1]:8000"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.0/24, fd00::/8,*", ["10.0.0.0/24", "fd00::/8", "*"]),
        ("ALLOWED_HOSTS", "*, .example.com,::1,[::2],db_1", ["*", ".example.com", "[::1]", "[::2]", "db_1"]),
        ("CSRF_TRUSTED_ORIGINS", "https://*.example.com", ["https://*.example.com"]),
        ("HOST", "[::]", "::"),
        ("DEBUG", "Yes", True),
        ("DEBUG", "0", False),
        ("SECRET_KEY", " k,e y ", " k,e y "),
        ("SECRET_KEY_FALLBACKS", "one,two,", ["one", "two"]),
        ("DATABASE_URL", "postgres://gate:p%40ss#w:rd@db:5432/portal", "postgres://gate:p%40ss#w:rd@db:5432/portal"),
        ("DATABASE_URL", "postgres://one,two:5433/portal", "postgres://one,two:5433/portal"),
        ("DATABASE_URL", "postgres://gate@/portal?host=/run&pool=1", "postgres://gate@/portal?host=/run&pool=1"),
        ("DATABASE_URL", "postgres:///?service=portal", "postgres:///?service=portal"),
        ("DATABASE_URL", "sqlite:///:memory:", "sqlite:///:memory:"),
        ("DATABASE_REPLICA_URL", " postgres://one,two:5433/portal", "postgres://one,two:5433/portal"),
        ("DATABASE_REPLICA_READS", "logs, scim", ["logs", "scim"]),
        ("DEFAULT_FROM_EMAIL", "Gatehouse <gatehouse@[IPv6:::1]>", "Gatehouse <gatehouse@[IPv6:::1]>"),
        ("STATEMENT_TIMEOUT", "0", 0),
    ],
)
def test_right_shapes_are_read(name: str, text: str, value: Any) -> None:
    assert getattr(known(**{name: text}), name) == value


URLS = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["postgres", "sqlite", "smtp", "smtp+tls", "consolemail", "https", ""]),
    st.sampled_from(["", "host", "u:p@host", "[::1]", "h:1", "h:x", "a,b:1,2"]) | st.text(max_size=8),
    st.sampled_from(["", "/name", "/", "/:memory:", "//tmp/x"]) | st.text(max_size=8),
    st.sampled_from(["", "?sslmode=require", "?x=1", "?conn_max_age=5", "#"]) | st.text(max_size=8),
)


@examples(600, home=SQLITE)
@given(name=st.sampled_from(sorted(TABLE)), text=URLS | st.text(st.characters(exclude_characters="\0"), max_size=30))
def test_no_text_is_anything_but_a_value_or_a_fault(name: str, text: str) -> None:
    try:
        found = known(**{name: text})
    except WrongEnvironment:
        return
    assert database_config(found.DATABASE_URL, statement_timeout=found.STATEMENT_TIMEOUT)["ENGINE"]
    known_url = found.DATABASE_REPLICA_URL or found.DATABASE_URL
    assert replica_config(known_url, statement_timeout=found.STATEMENT_TIMEOUT)["CONN_HEALTH_CHECKS"] is False
    assert Env.email_url_config(found.EMAIL_URL)["EMAIL_BACKEND"]


def test_nothing_but_the_table_reads_the_environment() -> None:
    sources = [*modules("identity"), *modules("scim"), *modules("portal"), ROOT / "manage.py"]
    readers = {name(path) for path in each(sources, at_least=300) if reads_environment(path)}
    passes_it_on = "portal/backup/postgresql.py"  # to pg_dump and its like
    says_where_it_counts = {"portal/project/server.py", "portal/metrics/views.py"}  # to prometheus-client
    known = {"portal/project/environment.py", "portal/project/variables.py", passes_it_on}
    assert readers == known | says_where_it_counts


def reads_environment(path: Path) -> bool:
    """Setting Django's own variable is no reading."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name)]
    asked = sum(word in {"os.environ", "os.getenv", "os.environb", "getenv"} for word in found)
    return asked > found.count("os.environ.setdefault")


# --- nothing secret is shown ---


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgres://gate:s3cret@db:5432/portal", "postgres://gate:***@db:5432/portal"),
        ("postgres://gate:s3@/cr:et@db/portal", "postgres://gate:***@db/portal"),
        ("postgres://gate@db/portal?password=s3cret&sslpassword=s3cret", "postgres://gate@db/portal?password=***&sslpassword=***"),
        ("postgres://gate:s3cret", "postgres://gate:***"),
        ("postgres:/gate:s3cret@db", "postgres:***@db"),
        ("gate:s3cret@db", "gate:***@db"),
        ("postgres://db:5432/portal", "postgres://db:5432/portal"),
        ("sqlite:////srv/portal.sqlite3", "sqlite:////srv/portal.sqlite3"),
    ],
)  # fmt: skip
def test_passwords_are_left_out_of_addresses(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_no_secret_is_in_a_fault() -> None:
    told = " ".join(
        faults(
            DATABASE_URL="postgres://gate:s3cret@db:x/portal",
            EMAIL_URL="http://mail:s3cret@host",
            PUBLIC_URL="postgres://gate:s3cret@db/portal",
            SECRET_KEY=f"s3cret{NOT_UTF_8}",
            SECRET_KEY_FALLBACKS=f"s3cret{NOT_UTF_8}",
        )
    )
    assert told.count(" is ") == 5
    assert "s3cret" not in told


def test_the_configuration_is_printed_without_secrets(tmp_path: Path) -> None:
    given = {
        "SECRET_KEY": "s3cret" * 10,
        "DATABASE_URL": "postgres://gate:s3cret@db/portal",
        "DATABASE_REPLICA_URL": "postgres://gate:s3cret@db2/portal",
        "EMAIL_URL": "smtp+tls://mail:s3cret@mail.example.com:587",
        "PORT": "9123",
    }
    done = manage("config", "--json", DATA_DIR=str(tmp_path), **given)
    assert done.returncode == 0, done.stderr
    rows = {row.pop("variable"): row for row in json.loads(done.stdout)["variables"]}
    assert set(rows) == set(TABLE)
    assert rows["SECRET_KEY"] == {"value": "set", "given": True}
    assert rows["SECRET_KEY_FALLBACKS"] == {"value": "not set", "given": False}
    assert rows["DATABASE_URL"]["value"] == "postgres://gate:***@db/portal"
    assert rows["DATABASE_REPLICA_URL"]["value"] == "postgres://gate:***@db2/portal"
    assert rows["EMAIL_URL"]["value"] == "smtp+tls://mail:***@mail.example.com:587"
    assert rows["PUBLIC_URL"] == {"value": "http://127.0.0.1:9123", "given": False}
    text = manage("config", DATA_DIR=str(tmp_path), **given)
    assert "s3cret" not in done.stdout + text.stdout
    assert re.search(r"^PORT +9123 ", text.stdout, re.MULTILINE)


# --- what must not be deployed ---

KEY = "k3y-" + "0123456789abcdef" * 4


def deploy(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return manage("check", "--deploy", *options, **IN_PRODUCTION | {"SECRET_KEY": KEY} | environment)


def test_deploy_checks_pass_behind_https_with_mail() -> None:
    done = deploy("--fail-level", "WARNING")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("environment", "numbers"),
    [
        ({"SECRET_KEY": "abc", "DEBUG": "true", "ALLOWED_HOSTS": "*"}, {"E003", "E004", "E006"}),
        (
            {
                "SECRET_KEY_FALLBACKS": "ab" * 40,
                "PUBLIC_URL": "http://portal.example.com",
                "ALLOWED_HOSTS": "other.example.com",
            },
            {"E003", "E005", "E007"},
        ),
    ],
)
def test_what_must_not_be_deployed_fails_the_check(environment: dict[str, str], numbers: set[str]) -> None:
    done = deploy(**environment)
    assert (done.returncode, numbers_in(done.stderr)) == (1, numbers)


@pytest.mark.parametrize(
    ("environment", "numbers"),
    [
        ({"PUBLIC_URL": "http://127.0.0.1:8000", "DEBUG": "true", "EMAIL_URL": ""}, {"W001", "W003"}),
        (
            {"FORWARDED_ALLOW_IPS": "*", "EMAIL_URL": "smtp://mail.example.com", "STATEMENT_TIMEOUT": "0"},
            {"W004", "W005", "W006"},
        ),
    ],
)
def test_what_is_better_not_deployed_is_told(environment: dict[str, str], numbers: set[str]) -> None:
    done = deploy(**environment)
    assert (done.returncode, numbers_in(done.stderr)) == (0, numbers)


def numbers_in(told: str) -> set[str]:
    return set(re.findall(r"gatehouse\.([A-Z]\d+)", told))
