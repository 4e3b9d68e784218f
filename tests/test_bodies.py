"""SR-32: how much of a request's body is read, at every address, in every encoding, with and without a length."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from identity.models import SSOUser, User
from portal.project import bodies
from tests.addresses import addresses
from tests.clients import IdP, new_idp
from tests.factories import make_administrator, make_api_token, make_owner, make_user
from tests.loops import each
from tests.scim.helpers import SCIM, user_body
from tests.statements import no_statements

pytestmark = pytest.mark.django_db

MIB = 1024 * 1024
TYPES = (
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
    "text/plain",
    "application/json",
    "application/octet-stream",
    "",
)


@dataclass
class Endless:
    """A client that goes on sending, and how much of it was read; with an end, one that stops there."""

    end: int = 1 << 40
    start: bytes = b""
    filler: bytes = b"x"
    taken: int = field(default=0, init=False)

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > 64 * MIB:
            size = 64 * MIB
        size = min(size, self.end - self.taken)
        piece = (self.start[self.taken :] + self.filler * size)[:size]
        self.taken += len(piece)
        return piece

    def readline(self, size: int = -1) -> bytes:
        return self.read(size)


def send(client: Client, path: str, body: Endless, method: str = "POST", kind: str = "", **environ: Any) -> Any:
    """One request of 300 MB, or of no length at all."""
    wanted = {"wsgi.input": body, "CONTENT_LENGTH": str(300 * MIB), "CONTENT_TYPE": kind, **environ}
    return client.generic(method, path, b"x", **wanted)


def in_chunks(client: Client, path: str, body: bytes | Endless, method: str = "POST", **environ: Any) -> HttpResponse:
    """As gunicorn hands on a body with Transfer-Encoding: chunked: no length, and an end."""
    stream = body if isinstance(body, Endless) else Endless(len(body), body)
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    return send(client, path, stream, method, **{**chunked, **environ})  # type: ignore[no-any-return]


ADDRESSES = sorted(path for path in set(addresses()) if not path.startswith("/scim/"))


def test_the_walk_finds_the_doors() -> None:
    assert {"/login/", "/sso/1/acs/", "/admin/identity/user/", "/api/v1/users/1/"} <= set(ADDRESSES)
    assert len(ADDRESSES) > 150


def test_sr32_nobody_sends_300_megabytes_to_any_address() -> None:
    client = Client()
    for path in each(ADDRESSES, at_least=150):
        for kind in TYPES:
            body = Endless()
            assert send(client, path, body, kind=kind).status_code == 413, (path, kind)
            assert body.taken == 0, (path, kind)


def test_sr32_who_has_signed_in_sends_at_most_8_mib_to_any_address() -> None:
    client = Client()
    client.force_login(make_owner("owner"))
    for path in each(ADDRESSES, at_least=150):
        body = Endless()
        assert send(client, path, body, kind=TYPES[0], CONTENT_LENGTH=str(8 * MIB + 1)).status_code == 413, path
        assert body.taken == 0, path


def test_sr32_a_body_without_a_length_is_read_to_the_limit_of_its_sender() -> None:
    client = Client()
    for path in ADDRESSES:
        body = Endless()
        assert in_chunks(client, path, body, CONTENT_TYPE=TYPES[0]).status_code == 413, path
        most = bodies.FROM_IDENTITY_PROVIDERS if path.startswith("/sso/") else bodies.FROM_STRANGERS
        assert body.taken == most + 1, path
    client.force_login(make_owner("owner"))
    for path in ("/login/", "/admin/identity/conflict/mismatch_report/", "/api/v1/users/1/"):
        body = Endless()
        assert in_chunks(client, path, body, CONTENT_TYPE=TYPES[0]).status_code == 413, path
        assert body.taken == 8 * MIB + 1, path


@pytest.mark.parametrize("length", [str(300 * MIB), ""])
def test_sr14_nothing_of_a_stranger_is_read_by_scim_and_with_a_wrong_token_by_rest(length: str) -> None:
    new_idp()
    for path, answer in (("/scim/v2/Users", 401), ("/api/v1/users/1/", 413 if length else 401)):
        body = Endless()
        chunked = {} if length else {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
        headers = {"Authorization": "Bearer wrong"}
        said = send(Client(), path, body, "POST", SCIM, CONTENT_LENGTH=length, headers=headers, **chunked)
        assert (said.status_code, body.taken) == (answer, 0)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_sr32_scim_in_chunks_has_the_same_limit(method: str) -> None:
    idp = new_idp()
    body = Endless(end=9 * MIB)
    path = "/scim/v2/Users" if method == "POST" else f"/scim/v2/Users/{idp.user()['id']}"
    answer = in_chunks(idp.client, path, body, method, CONTENT_TYPE=SCIM, headers=bearer(idp))
    assert (answer.status_code, answer.json()["status"]) == (413, "413")


def bearer(idp: IdP) -> dict[str, str]:
    return {"Authorization": f"Bearer {idp.secret}"}


def test_scim_reads_chunks() -> None:
    idp = new_idp()
    body = b'{"schemas": ["%s"], "userName": "ada"}' % user_body()["schemas"][0].encode()
    answer = in_chunks(idp.client, "/scim/v2/Users", body, CONTENT_TYPE=SCIM, headers=bearer(idp))
    assert (answer.status_code, SSOUser.objects.get().user_name) == (201, "ada")


def test_rest_reads_chunks() -> None:
    mia, client = make_user("mia"), Client()
    headers = {"Authorization": f"Bearer {make_api_token(make_administrator())}"}
    path = f"/api/v1/users/{mia.pk}/"
    answer = in_chunks(client, path, b'{"first_name": "Mia"}', "PATCH", CONTENT_TYPE=TYPES[3], headers=headers)
    assert (answer.status_code, answer.json()["first_name"]) == (200, "Mia")
    body = Endless()
    said = in_chunks(client, path, body, "PATCH", CONTENT_TYPE=TYPES[3], headers=headers)
    assert (said.status_code, said.json()["code"], body.taken) == (413, "too_large", 8 * MIB + 1)


def test_forms_read_chunks() -> None:
    ada = make_user("ada")
    ada.set_password("correct horse battery")
    ada.save()
    client = Client()
    said = b"username=ada&password=correct+horse+battery"
    assert in_chunks(client, "/login/", said, CONTENT_TYPE=TYPES[1]).status_code == 302
    assert client.get("/profile/").status_code == 200


def test_uploads_read_chunks() -> None:
    client = Client()
    client.force_login(make_administrator("adam"))
    form = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="names.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\nsomebody\r\n--x--\r\n"
    )
    answer = in_chunks(client, "/admin/identity/conflict/mismatch_report/", form, CONTENT_TYPE=TYPES[0])
    assert "somebody" in answer.content.decode()


@pytest.mark.parametrize(("path", "kind"), [("/scim/v2/Users", SCIM), ("/api/v1/users/", TYPES[3]), ("/login/", "")])
def test_a_server_that_does_not_put_chunks_together_says_so(path: str, kind: str) -> None:
    body = Endless()
    answer = in_chunks(Client(), path, body, CONTENT_TYPE=kind, **{"wsgi.input_terminated": False})
    assert (answer.status_code, body.taken) == (411, 0)
    if path != "/login/":
        assert "Content-Length" in answer.json()["detail"]


@pytest.mark.parametrize(("path", "status"), [("/scim/v2/Users", 400), ("/api/v1/me/", 400), ("/login/", 400)])
def test_a_broken_chunk_is_400(path: str, status: int) -> None:
    class Broken(Endless):
        def read(self, size: int = -1) -> bytes:
            raise OSError("Invalid chunk size")

    idp = new_idp()
    caller = f"Bearer {make_api_token(make_administrator())}" if path.startswith("/api") else f"Bearer {idp.secret}"
    answer = in_chunks(Client(), path, Broken(), CONTENT_TYPE=SCIM, headers={"Authorization": caller})
    assert answer.status_code == status


def test_a_long_body_costs_a_stranger_no_look_at_the_database() -> None:
    User.objects.exists()
    with no_statements():
        assert send(Client(), "/login/", Endless()).status_code == 413
