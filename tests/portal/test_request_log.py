"""A line for each request, and its id: in the answer, on the page of an error, in every row that it wrote."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from identity.core.secrets import SCIM_PREFIX, new_token
from identity.models import AuditEvent, ProvisioningLog, Role
from portal.project import logging as portal_logging
from portal.project import request_log
from portal.project.logging import JSONFormatter, RedactSecrets, TracebacksSeldom
from tests.clients import administrators_caller, new_idp
from tests.factories import make_owner, make_user
from tests.interruptions import failing
from tests.scim.helpers import user_body
from tests.sessions import signed_in

pytestmark = pytest.mark.django_db

OURS, GIVEN = re.compile("[0-9a-f]{16}"), "0af7651916cd43dd8448eb211c80319c"


class Lines(io.StringIO):
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def of_requests(self) -> list[dict[str, Any]]:
        return [entry for entry in self.entries() if entry["logger"] == request_log.logger.name]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Lines]:
    """What production writes."""
    caplog.set_level(logging.INFO, request_log.logger.name)
    written = Lines()
    handler = logging.StreamHandler(written)
    for one in (TracebacksSeldom(), RedactSecrets()):
        handler.addFilter(one)
    handler.setFormatter(JSONFormatter())
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


def test_a_request_of_an_identity_provider_has_a_line_and_its_id_in_its_rows(lines: Lines) -> None:
    idp = new_idp()
    answer = idp.post("/Users", user_body("ada"))
    (line,) = lines.of_requests()
    assert OURS.fullmatch(line["request"])
    assert line["request"] == answer["X-Request-Id"]
    assert line["request"] == ProvisioningLog.objects.get().request_id
    assert {line["request"]} == set(
        AuditEvent.objects.filter(action="user.provisioned").values_list("request_id", flat=True)
    )
    told = ("door", "method", "status", "idp", "user")
    assert [line[name] for name in told] == ["scim", "POST", 201, idp.provider.pk, None]
    assert line["ms"] > 0


def test_a_request_by_rest_has_its_persons_id_and_its_own_in_the_event(lines: Lines) -> None:
    script = administrators_caller()
    answer = script.post("groups/", {"name": "Staff"})
    (line,) = lines.of_requests()
    event = AuditEvent.objects.get(action="group.created")
    assert (line["door"], line["method"], line["status"]) == ("rest", "POST", 201)
    assert line["user"] == event.actor_id
    assert answer["X-Request-Id"] == line["request"] == event.request_id


def test_a_page_has_the_id_of_who_is_signed_in(lines: Lines) -> None:
    owner = make_owner()
    signed_in(owner).get("/admin/")
    Client().get("/login/")
    assert [(line["door"], line["user"], line["status"]) for line in lines.of_requests()] == [
        ("admin", owner.pk, 200),
        ("sign_in", None, 200),
    ]


@pytest.mark.parametrize("given", [GIVEN, "0af76519-16cd-43dd-8448-eb211c80319c"])
def test_the_id_of_a_proxy_is_taken(given: str, lines: Lines) -> None:
    assert Client().get("/login/", headers={"X-Request-Id": given})["X-Request-Id"] == GIVEN
    assert lines.of_requests()[0]["request"] == GIVEN


@pytest.mark.parametrize("given", ["", "short", "x" * 33, "a b c d e f g h", "<script>alert(1)</script>", "ü" * 10])
def test_what_is_no_id_is_not_taken(given: str) -> None:
    assert OURS.fullmatch(Client().get("/login/", headers={"X-Request-Id": given})["X-Request-Id"])


def test_a_strangers_id_is_not_taken() -> None:
    answer = Client().get("/login/", REMOTE_ADDR="203.0.113.9", headers={"X-Request-Id": GIVEN})
    assert OURS.fullmatch(answer["X-Request-Id"])


def test_two_requests_have_two_ids() -> None:
    client = Client()
    assert len({client.get("/login/")["X-Request-Id"] for _ in range(3)}) == 3


@pytest.mark.django_db(transaction=True)
def test_the_page_of_an_error_names_its_request() -> None:
    client = Client(raise_request_exception=False)
    for error, status in ((ZeroDivisionError, 500), (None, 503)):
        with failing("", **({"error": error} if error else {})):
            answer = client.get("/login/")
        assert answer.status_code == status
        assert f"<code>{answer['X-Request-Id']}</code>" in answer.content.decode()


def _without_the_forms_token() -> HttpResponse:
    return Client(enforce_csrf_checks=True).post("/login/", {"username": "ada"})


FAULTS: dict[str, tuple[int, Callable[[], HttpResponse]]] = {
    "another host": (400, lambda: Client().get("/login/", headers={"host": "two words"})),
    "not for support": (403, lambda: signed_in(make_user("sam", role=Role.SUPPORT)).get("/admin/identity/auditevent/")),
    "an old form": (403, _without_the_forms_token),
    "nothing there": (404, lambda: Client().get("/nothing/")),
    "too large": (413, lambda: Client().post("/login/", {"username": "a" * 3_000_000})),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_page_of_what_is_refused_names_its_request(fault: str) -> None:
    status, ask = FAULTS[fault]
    answer = ask()
    assert answer.status_code == status
    assert f"<code>{answer['X-Request-Id']}</code>" in answer.content.decode()


def test_sr15_no_secret_is_in_a_line(lines: Lines) -> None:
    """An address may be one, and so may a header or what stands after a question mark."""
    secret = new_token(SCIM_PREFIX)
    for address in (
        f"/invitations/{secret}/",
        f"/login/?next=/{secret}",
        f"/password/reset/MQ/{secret}/",
        f"/{secret}",
    ):
        Client().get(address, headers={"Authorization": f"Bearer {secret}", "User-Agent": secret})
    assert len(lines.of_requests()) == 4
    assert secret not in lines.getvalue()
    assert secret.removeprefix(SCIM_PREFIX) not in lines.getvalue()


def test_health_checks_that_are_well_write_nothing(lines: Lines) -> None:
    Client().get("/livez")
    assert lines.getvalue() == ""


@pytest.mark.django_db(transaction=True)
def test_a_fault_that_comes_a_thousand_times_is_told_once_a_minute_and_counted(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(raise_request_exception=False)

    def tracebacks() -> int:
        return sum("exception" in entry for entry in lines.entries())

    with failing("", times=1_000_000):
        client.get("/login/")
        once = tracebacks()
        for _ in range(20):
            client.get("/login/")
    assert once > 0
    assert tracebacks() == once
    monkeypatch.setattr(portal_logging, "MINUTE", 0.0)  # is over
    client.get("/login/")
    counted = [entry["left_out"] for entry in lines.entries() if "left_out" in entry]
    assert len(counted) == 1
    assert set(counted[0].values()) == {20}
    assert all(kind.startswith("OperationalError at ") for kind in counted[0])
