"""What a hostile holder of a token, or somebody without one, can't do at this door (docs/design/security.md)."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from identity.models import (
    AuditEvent,
    AuditPersonalData,
    Conflict,
    Group,
    ProvisioningLog,
    Role,
    SCIMToken,
    SSOUser,
    Status,
    User,
)
from identity.services import groups, identity_providers, scim_tokens
from tests import clock
from tests.clients import IdP, new_idp, problem
from tests.factories import OPERATOR
from tests.scim.helpers import ROOT, SCIM, SEARCH, Document, group_body, member, snapshot, unchanged_database, user_body


def local(username: str, email: str | None = None, **columns: Any) -> User:
    """An account that no identity provider made."""
    return User.objects.create(
        username=username,
        username_key=username,
        email=email,
        email_key=email,
        password=make_password("local"),
        **columns,
    )


# --- SR-1, SR-2: ids and externalId -----------------------------------------------------------------------


def test_ids_are_minted_here_and_are_no_keys_of_the_portal(idp: IdP) -> None:
    """SR-1."""
    wish = "3f0a37d5-5f0d-4d5e-8a57-90fd6a2f7d4c"
    user = idp.user("ann", id=wish)
    person = SSOUser.objects.get().user
    assert UUID(user["id"]).version == 4
    assert user["id"] not in {wish, str(person.pk)}
    for path in (f"/Users/{person.pk}", f"/Users/{wish}"):
        assert problem(idp.get(path)) == (404, None)


@pytest.mark.parametrize("body", [{"id": "x"}, {"meta": {"created": "2001-01-01T00:00:00Z", "version": 'W/"9"'}}])
def test_no_write_changes_id_or_meta(idp: IdP, body: Document) -> None:
    """SR-1."""
    user = idp.user("ann")
    path = f"/Users/{user['id']}"
    assert idp.put(path, {**user, **body}).json() == user
    assert idp.patch(path, {"op": "replace", "value": body}).json() == user
    name, value = next(iter(body.items()))
    assert problem(idp.patch(path, {"op": "replace", "path": name, "value": value})) == (400, "mutability")


def test_ids_are_never_used_again(idp: IdP) -> None:
    """SR-1."""
    first = idp.user("ann")
    idp.delete(f"/Users/{first['id']}")
    second = idp.post("/Users", user_body("ann", id=first["id"])).json()
    assert second["id"] != first["id"]
    assert problem(idp.get(f"/Users/{first['id']}")) == (404, None)


@pytest.mark.parametrize("external_id", ["1", "root", "../../etc", "' or 1=1 --", "x" * 255])
def test_an_external_id_selects_nobody(idp: IdP, external_id: str) -> None:
    """SR-2, L1: it is opaque data of one provider."""
    owner = local("root", role=Role.OWNER, status=Status.ENABLED)
    user = idp.user("ann", externalId=external_id)
    assert SSOUser.objects.get(scim_id=user["id"]).user != owner
    assert problem(idp.get(f"/Users/{external_id[:3]}"))[0] == 404
    assert idp.found(f'externalId eq "{external_id}"') == ["ann"]
    assert idp.user("ben", externalId=external_id)["externalId"] == external_id


def test_an_external_id_has_a_limit(idp: IdP) -> None:
    """SR-2."""
    with unchanged_database():
        assert problem(idp.post("/Users", user_body(externalId="x" * 256))) == (400, "invalidValue")


# --- SR-3, SR-9: accounts that are not the IdP's ----------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"email": "other@example.com"}, "other_email"),
        ({"email": "ann@example.com", "role": Role.ADMINISTRATOR}, "privileged"),
        ({"email": "ann@example.com", "status": Status.DISABLED}, "disabled_local"),
        ({"email": "ann@example.com", "role": Role.OWNER, "is_break_glass": True}, "break_glass"),
    ],
)
def test_a_local_account_is_never_taken_over_silently(idp: IdP, columns: Document, reason: str) -> None:
    """SR-3, SR-9, R6: 409, and the account as it was."""
    account = local("ann", **columns)
    with unchanged_database():
        answer = idp.post("/Users", user_body("ann", emails=[{"value": "ann@example.com"}], password="x", active=False))
    assert problem(answer) == (409, "uniqueness")
    assert Conflict.objects.get().reason == reason
    assert idp.get("/Users").json()["totalResults"] == 0
    assert account.pk == User.objects.get().pk


def test_accounts_without_a_record_are_invisible(idp: IdP) -> None:
    """SR-9."""
    local("root", "root@example.com", role=Role.OWNER, is_break_glass=True)
    local("eve", "eve@example.com")
    assert idp.get("/Users").json()["totalResults"] == 0
    assert idp.found('userName pr or emails.value co "@" or id pr') == []
    group = idp.group()
    with unchanged_database():
        for user in User.objects.all():
            entry = {"value": str(user.pk)}
            answer = idp.patch(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": [entry]})
            assert problem(answer) == (400, "invalidValue")


# --- SR-4: other identity providers -----------------------------------------------------------------------


def test_everything_of_another_idp_is_404_and_absent(idp: IdP) -> None:
    """SR-4."""
    theirs = new_idp()
    user = theirs.user("ann", externalId="e", emails=[{"value": "ann@example.com"}])
    group = theirs.group("Staff", [user], externalId="g")
    mine = idp.group("Mine")
    title = {"op": "replace", "path": "externalId", "value": "stolen"}
    with unchanged_database():
        for path, body in ((f"/Users/{user['id']}", user_body("ann")), (f"/Groups/{group['id']}", group_body("Staff"))):
            for answer in (idp.get(path), idp.put(path, body), idp.patch(path, title), idp.delete(path)):
                assert problem(answer) == (404, None)
        add = {"op": "add", "path": "members", "value": [member(user)]}
        assert problem(idp.patch(f"/Groups/{mine['id']}", add)) == (400, "invalidValue")
    remove = {"op": "remove", "path": f'members[value eq "{user["id"]}"]'}
    assert idp.patch(f"/Groups/{mine['id']}", remove).status_code == 204
    for expression in (
        f'id eq "{user["id"]}"',
        'userName eq "ann"',
        "externalId pr",
        f'groups.value eq "{group["id"]}"',
    ):
        assert idp.found(expression) == []
        assert idp.found(f"not ({expression}) or {expression}") == []
    assert idp.found(f'members.value eq "{user["id"]}"', "/Groups") == []
    assert idp.post("/.search", {"schemas": [SEARCH], "filter": "id pr"}).json()["totalResults"] == 1
    assert theirs.get(f"/Groups/{group['id']}").json() == group


def test_two_idps_may_use_the_same_names_for_groups_and_external_ids(idp: IdP) -> None:
    other = new_idp()
    for each in (idp, other):
        each.group("Staff", externalId="g")
        each.user(externalId="e")
    assert len(idp.found('externalId eq "e"')) == len(idp.found('externalId eq "g"', "/Groups")) == 1


# --- SR-8: an allowlist -----------------------------------------------------------------------------------

FIELDS = [field.name for field in User._meta.get_fields()] + [f"{name}_id" for name in ("managed_by", "user")]


@pytest.mark.parametrize("way", ["post", "put", "patch"])
def test_no_field_of_the_portal_can_be_set(idp: IdP, way: str) -> None:
    """SR-8: password, groups, roles, entitlements and every Django field name are inert."""
    wishes: Document = {name: "owner" for name in FIELDS if name not in {"id", "groups", "email", "username"}}
    wishes |= {
        "is_superuser": True,
        "roles": [{"value": "owner"}],
        "entitlements": [{"value": "admin"}],
        "active": True,
    }
    user = idp.user("ann")
    if way == "post":
        user = idp.post("/Users", user_body("ben", **wishes)).json()
    elif way == "put":
        idp.put(f"/Users/{user['id']}", user_body("ann", **wishes))
    else:
        idp.patch(f"/Users/{user['id']}", {"op": "replace", "value": wishes})
    person = SSOUser.objects.get(scim_id=user["id"]).user
    assert (person.role, person.is_break_glass, person.managed_by) == ("member", False, idp.provider)
    assert (person.credential_epoch, person.has_usable_password(), person.last_active) == (0, False, None)
    assert person.is_active


def test_portal_groups_are_out_of_reach(idp: IdP) -> None:
    """SR-13, R14: only an administrator's mapping moves people into them."""
    portal_group = groups.create_group(name="Owners", actor=OPERATOR)
    user = idp.user(groups=[{"value": str(portal_group.pk)}])
    idp.group("Owners", [user])
    assert portal_group.memberships.count() == 0
    assert Group.objects.count() == 1


# --- SR-11, SR-12, SR-14, SR-15: tokens -------------------------------------------------------------------


def bare(path: str = "/Users", **request: Any) -> HttpResponse:
    return Client().get(f"{ROOT}{path}", **request)


def test_a_token_counts_in_its_header_only(idp: IdP) -> None:
    """SR-14: not in the query, a cookie, the body or another header."""
    client = Client()
    client.cookies["token"] = client.cookies["Authorization"] = idp.secret
    attempts = [
        bare(f"/Users?access_token={idp.secret}&token={idp.secret}"),
        client.get(f"{ROOT}/Users"),
        bare(headers={"X-Api-Key": idp.secret, "Proxy-Authorization": f"Bearer {idp.secret}"}),
        Client().post(f"{ROOT}/Users", {"access_token": idp.secret, "userName": "x"}, content_type=SCIM),
    ]
    assert [problem(answer) for answer in attempts] == [(401, None)] * 4


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_compared_without_case(idp: IdP, scheme: str) -> None:
    assert bare(headers={"Authorization": f"{scheme} {idp.secret}"}).status_code == 200


def near_misses(secret: str) -> list[str]:
    flipped = secret[:-1] + ("a" if secret[-1] != "a" else "b")
    return [secret[:-1], secret + "a", flipped, secret.swapcase(), secret.upper(), secret[1:], f'"{secret}"', "é" * 20]


def test_near_misses_are_refused(idp: IdP) -> None:
    """SR-14."""
    for secret in near_misses(idp.secret):
        answer = bare(headers={"Authorization": f"Bearer {secret}"})
        assert problem(answer) == (401, None)
    assert idp.get("/Users").status_code == 200  # wrong tokens never lock out the right one


def test_a_token_is_kept_as_a_digest_only(idp: IdP) -> None:
    """SR-11."""
    row = SCIMToken.objects.values().get()
    assert idp.secret.startswith("ghscim_")
    assert idp.secret not in repr(row)
    assert len(row["digest"]) == 64
    assert len(row["hint"]) < len(idp.secret) / 2


def test_a_revoked_token_is_dead_at_once(idp: IdP) -> None:
    """SR-12, R23."""
    assert idp.get("/Users").status_code == 200
    scim_tokens.revoke_token(idp.provider.scim_tokens.get(), actor=OPERATOR)
    assert problem(idp.get("/Users")) == (401, None)


def test_an_expired_token_is_refused(idp: IdP) -> None:
    _, idp.secret = scim_tokens.create_token(
        idp.provider, label="", expires_at=timezone.now() + timedelta(hours=1), actor=OPERATOR
    )
    assert idp.get("/Users").status_code == 200
    with clock.later(hours=1):
        assert problem(idp.get("/Users")) == (401, None)


def test_the_tokens_of_a_deleted_idp_are_dead_at_once(idp: IdP) -> None:
    """SR-12, L4."""
    identity_providers.delete_identity_provider(idp.provider, actor=OPERATOR)
    assert problem(idp.get("/Users")) == (401, None)


def test_the_last_use_is_noted(idp: IdP) -> None:
    """SR-12."""
    idp.get("/Users")
    row = SCIMToken.objects.get()
    assert (row.last_used_at is not None, row.last_used_from) == (True, "127.0.0.1")


def test_a_scim_token_opens_nothing_else_and_a_session_nothing_here(idp: IdP) -> None:
    """SR-15."""
    owner = local("root", role=Role.OWNER)
    client = Client()
    client.force_login(owner)
    assert problem(client.get(f"{ROOT}/Users")) == (401, None)
    headers = {"Authorization": f"Bearer {idp.secret}"}
    for path in ("/profile/", "/admin/", "/api/v1/users/"):
        assert Client().get(path, headers=headers).status_code in {301, 302, 401, 403, 404}


def test_no_secret_reaches_logs_rows_or_errors(idp: IdP, caplog: pytest.LogCaptureFixture) -> None:
    """SR-15."""
    caplog.set_level(logging.DEBUG)
    secret = "Sup3r-Secret-Passw0rd"
    user = idp.user("ann", password=secret)
    answers = [
        idp.put(f"/Users/{user['id']}", user_body("ann", password=secret, title=5)),
        idp.patch(f"/Users/{user['id']}", {"op": "replace", "path": "password", "value": secret}),
        idp.patch(f"/Users/{user['id']}", {"op": "replace", "value": {"password": [secret]}}),
        idp.post("/Users", b'{"password":"' + secret.encode()),
        idp.post("/Users", user_body("x" * 300, password=secret)),
        idp.get("/Users", filter=f'password eq "{secret}"'),
        idp.get(f"/Users?token={idp.secret}", filter="("),
    ]
    rows = [
        *(model.objects.values_list() for model in (ProvisioningLog, AuditEvent, AuditPersonalData)),
        *snapshot().values(),
    ]
    kept = "".join(
        [caplog.text, *(answer.content.decode() for answer in answers), *(repr(list(each)) for each in rows)]
    )
    assert secret not in kept
    assert idp.secret not in kept


# --- SR-29, SR-31: answers --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/Users", "/Nope", "/Schemas", "/Users?filter=(", "/../x"])
@pytest.mark.parametrize("authenticated", [True, False])
def test_answers_are_scim_without_cookies(idp: IdP, path: str, authenticated: bool) -> None:
    """SR-29."""
    answer = idp.get(path) if authenticated else bare(path)
    assert answer["Content-Type"] == SCIM
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert not answer.cookies
    assert "Set-Cookie" not in answer.headers


def test_answers_are_not_stored(idp: IdP) -> None:
    answer = idp.get(f"/Users/{idp.user()['id']}")
    assert (answer["Cache-Control"], answer["Vary"]) == ("no-store", "Authorization")


def test_addresses_come_from_the_public_url(idp: IdP) -> None:
    """SR-31: never from the request's headers."""
    user = idp.user()
    answer = idp.get(
        f"/Users/{user['id']}",
        {"Host": "localhost", "X_Forwarded_Host": "evil.example", "X_Forwarded_Proto": "https", "Forwarded": "host=e"},
    )
    assert answer.json() == user
    assert answer["Location"] == user["meta"]["location"] == f"{settings.PUBLIC_URL}/scim/v2/Users/{user['id']}"
