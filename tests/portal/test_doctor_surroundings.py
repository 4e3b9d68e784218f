"""`manage.py doctor` about what the portal stands on: each fault appears for real, and is gone with its cause."""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import Error as DatabaseError
from django.db import connection

from identity.services import sso_connections
from identity.services.sso_connections import ConnectionSettings
from portal.doctor import examine
from portal.doctor.findings import CODES
from tests import clock
from tests.factories import OPERATOR, make_break_glass, make_idp, make_user
from tests.loops import each
from tests.portal.shell import in_a_shell
from tests.portal.smtp import MailServer, listening
from tests.processes import LIMIT, finish, held_port
from tests.sources import modules
from tests.sso.idp_processes import self_signed

pytestmark = pytest.mark.django_db


def told(check: str) -> tuple[str, str]:
    """What the doctor says of it, and how to mend it."""
    found = {one.check: (one.sentence, one.mend) for one in examine()}
    return found.get(check, ("", ""))


# --- the database ---


@pytest.mark.django_db(transaction=True)
def test_a_database_that_takes_no_writes_is_found() -> None:
    assert told("writes") == ("The database takes writes.", "")
    with read_only():
        sentence, mend = told("writes")
    assert sentence.startswith("The database takes no writes (")
    assert "standby" in mend
    assert told("writes")[1] == ""


@contextmanager
def read_only() -> Iterator[None]:
    postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on" if postgresql else "PRAGMA query_only = on")
    try:
        yield
    finally:
        connection.close()


def test_an_index_that_somebody_dropped_is_named() -> None:
    assert told("indexes_missing") == ("0 indexes or constraints are missing.", "")
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX conflict_by_state")
    sentence, mend = told("indexes_missing")
    assert sentence == "1 index or constraint is missing: conflict_by_state."
    assert "sqlmigrate" in mend


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_an_index_that_was_not_finished_is_named() -> None:
    assert told("indexes_invalid") == ("0 indexes were not finished and are not used.", "")
    make_user("ada")
    make_user("ben")
    with connection.cursor() as cursor:
        try:
            with suppress(DatabaseError):
                cursor.execute("CREATE UNIQUE INDEX CONCURRENTLY half_way ON identity_user (role)")
            sentence, mend = told("indexes_invalid")
        finally:
            cursor.execute("DROP INDEX half_way")
    assert sentence == "1 index was not finished and is not used: half_way."
    assert "REINDEX" in mend


@pytest.mark.postgresql
def test_clocks_that_differ_are_found() -> None:
    assert told("clock") == ("This host and the database's have the same time.", "")
    with clock.later(minutes=2):
        sentence, mend = told("clock")
    assert sentence.startswith("The clocks of this host and of the database's are 1")
    assert "time server" in mend


# --- mail ---


def with_mail_at(settings: Any, port: int) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port


def test_a_mail_server_is_asked_and_no_mail_sent(settings: Any) -> None:
    with listening(MailServer()) as server:
        with_mail_at(settings, server.port)
        assert told("mail") == (f"The mail server 127.0.0.1:{server.port} answers.", "")
        assert server.received == []


def test_a_mail_server_that_is_away_is_found(settings: Any) -> None:
    with held_port() as port:  # nobody listens there
        with_mail_at(settings, port.number)
        sentence, mend = told("mail")
    assert sentence.startswith("The mail server 127.0.0.1:")
    assert "takes no mails from here" in sentence
    assert "EMAIL_URL" in mend


# --- certificates ---


@contextmanager
def https(folder: Path, *, days: int) -> Iterator[int]:
    """A server with a certificate that is good for so many days: its port."""
    key, certificate = self_signed(folder, days=days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with held_port() as port:
        port.socket.listen()
        port.socket.settimeout(LIMIT)

        def serve() -> None:
            with suppress(OSError):
                caller, _ = port.socket.accept()
                with context.wrap_socket(caller, server_side=True):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield port.number
        finish(thread)


@pytest.mark.parametrize(("days", "said", "has_mend"), [(3, "ends on", True), (60, "is good until", False)])
def test_the_portals_own_certificate_is_looked_at(
    settings: Any, tmp_path: Path, days: int, said: str, has_mend: bool
) -> None:
    settings.IS_HTTPS = True
    with https(tmp_path, days=days) as port:
        settings.PUBLIC = settings.PUBLIC._replace(scheme="https", netloc=f"127.0.0.1:{port}")
        sentence, mend = told("certificate")
    assert (f"The certificate of 127.0.0.1:{port} {said}" in sentence, bool(mend)) == (True, has_mend), sentence


def test_an_address_that_cannot_be_reached_from_here_is_no_fault(settings: Any) -> None:
    settings.IS_HTTPS = True
    with held_port() as port:
        settings.PUBLIC = settings.PUBLIC._replace(scheme="https", netloc=f"127.0.0.1:{port.number}")
        sentence, mend = told("certificate")
    assert ("can't be seen from here" in sentence, mend) == (True, "")


def test_a_saml_certificate_that_ends_is_named(tmp_path: Path) -> None:
    assert told("signing_certificates") == ("No SAML certificate ends soon.", "")
    _, ending = self_signed(tmp_path, days=20)
    said = ConnectionSettings(
        entity_id="https://saml.example",
        sso_url="https://saml.example/sso",
        certificate=ending.read_text(encoding="utf-8"),
    )
    made_of = sso_connections.create_connection(make_idp("Ping"), protocol="saml", said=said, actor=OPERATOR)
    sso_connections.set_connection_enabled(made_of, True, actor=OPERATOR)
    sentence, mend = told("signing_certificates")
    assert "Ping" in sentence
    assert "edit_sso_connection" in mend


# --- for monitoring ---


CODE = re.compile(r'(?:Finding|counted)\(\s*f?"([a-z_]+)')


def test_every_code_is_in_the_table_and_made_somewhere() -> None:
    sources = each(modules("portal/doctor"), at_least=6)
    assert {code for file in sources for code in CODE.findall(file.read_text(encoding="utf-8"))} == set(CODES)


@pytest.mark.django_db(transaction=True)
def test_each_line_has_a_stable_code_and_a_status(project: Path) -> None:
    make_break_glass()
    done = in_a_shell(project, "doctor", "--json", PUBLIC_URL="http://127.0.0.1:8000")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert {one["check"].partition(".")[0] for one in report["findings"]} <= set(CODES)
    states = {one["status"] for one in report["findings"]}
    assert states == {"ok", "attention"}
    assert report["attention"] == sum(one["status"] == "attention" for one in report["findings"])
