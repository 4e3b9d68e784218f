"""What holds for every address of the REST API: who gets in, how errors read, pages, ETags, retries."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import Client

from identity.core import encryption
from identity.models import APIToken, AuditEvent, Group, IdempotentRequest, Scope, Status, User
from identity.services import users
from tests import clock
from tests.clients import Script, administrators_caller, caller, ok, owners_caller, problem, sentence
from tests.factories import (
    OPERATOR,
    make_administrator,
    make_api_token,
    make_idp,
    make_owner,
    make_token,
    make_user,
    set_mode,
)
from tests.interruptions import after
from tests.sessions import set_fresh, signed_in

pytestmark = pytest.mark.django_db

GUESS = "ghapi_" + "a" * 46


# --- who gets in ---


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", f"Bearer {GUESS}", "Basic b3duZXI6cGFzcw==", "Token x", "Bearer \x00é"]
)
def test_sr14_what_is_no_token_is_401_with_a_challenge(header: str) -> None:
    answer = Script("").get("users/", {"Authorization": header})
    assert problem(answer) == (401, "invalid_token")
    assert answer["WWW-Authenticate"] == 'Bearer realm="Gatehouse API", error="invalid_token"'


def test_a_stranger_is_401() -> None:
    answer = Script("").get("users/")
    assert problem(answer) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"] == 'Bearer realm="Gatehouse API"'


def test_sr15_a_scim_token_does_not_open_the_api_nor_an_api_token_scim() -> None:
    assert problem(Script(make_token(make_idp())).get("users/"))[0] == 401
    secret = make_api_token(make_administrator())
    assert Client().get("/scim/v2/Users", headers={"Authorization": f"Bearer {secret}"}).status_code == 401


def test_a_token_counts_only_in_the_header() -> None:
    secret = make_api_token(make_administrator())
    assert problem(Script("").get(f"users/?token={secret}"))[0] == 401


def test_sr22_the_token_of_somebody_disabled_is_dead_at_the_next_request() -> None:
    adam = make_administrator()
    script = caller(adam)
    ok(script.get("users/"))
    users.disable_user(adam, actor=OPERATOR)
    assert problem(script.get("users/")) == (401, "invalid_token")


def test_a_member_may_not_read_the_directory() -> None:
    answer = caller(make_user()).get("users/")
    assert problem(answer) == (403, "role_required")
    assert json.loads(answer.content)["policy"] == {
        "action": "view_directory",
        "mode": None,
        "cell": None,
        "roles": ["administrator", "owner"],
        "instead": None,
    }


@pytest.mark.parametrize("scopes", [[Scope.READ], [Scope.SUPPORT]])
def test_a_token_without_the_scope_may_not_write(scopes: list[str]) -> None:
    mia = make_user()
    answer = administrators_caller(*scopes).post(f"users/{mia.pk}/end-sessions/")
    assert problem(answer) == (403, "scope_required")
    assert sentence(answer) == "This token lacks the scope write."


def test_who_may_write_may_read() -> None:
    assert administrators_caller(Scope.WRITE).get("users/").status_code == 200
    assert problem(Script(make_api_token(User.objects.get(), Scope.SUPPORT)).get("users/")) == (403, "scope_required")


def test_a_session_reads_and_writes_with_the_csrf_token_only() -> None:
    mia = make_user()
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_administrator())
    set_fresh(client)
    path, json_type = f"/api/v1/users/{mia.pk}/end-sessions/", "application/json"
    assert client.get("/api/v1/users/").status_code == 200
    refused = client.post(path, content_type=json_type)
    assert problem(refused)[0] == 403
    assert "CSRF" in sentence(refused)
    client.get("/profile/")
    token = client.cookies[settings.CSRF_COOKIE_NAME].value
    assert client.post(path, content_type=json_type, headers={"X-CSRFToken": token}).status_code == 200


def test_sr21_a_password_session_is_over_when_sso_is_enforced_and_a_token_is_not() -> None:
    adam = make_user("adam", role="administrator", password="correct horse battery staple")
    client, script = signed_in(adam), caller(adam)
    set_mode(sso=True)
    assert problem(client.get("/api/v1/users/"))[0] == 401
    assert script.get("users/").status_code == 200


def test_an_event_names_the_person_and_the_token() -> None:
    mia = make_user()
    script = administrators_caller()
    ok(script.post(f"users/{mia.pk}/end-sessions/"))
    event = AuditEvent.objects.get(action="user.sessions_ended")
    token = APIToken.objects.get()
    assert (event.actor_kind, event.actor_id, event.actor_label) == ("user", token.user_id, token.hint)


def test_use_is_noted() -> None:
    script = administrators_caller()
    assert APIToken.objects.get().last_used_at is None
    script.get("users/")
    assert APIToken.objects.get().last_used_at is not None
    assert APIToken.objects.get().last_used_from == "127.0.0.1"


# --- how fast ---


def test_past_the_limit_of_the_minute_it_is_429_with_retry_after(settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 2
    script = administrators_caller()
    first = script.get("users/")
    assert first["RateLimit-Policy"] == '"token";q=2;w=60'
    assert first["RateLimit"].startswith('"token";r=1;t=')
    script.get("users/")
    answer = script.get("users/")
    assert problem(answer) == (429, "throttled")
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert Script(make_api_token(User.objects.get())).get("users/").status_code == 200


# --- how errors read ---


@pytest.mark.parametrize("path", ["", "nonsense/", "users", "users/x/", "users/1/nonsense/", "users/%0A/", "%00"])
def test_an_address_that_is_none_is_404_in_json(path: str) -> None:
    assert problem(administrators_caller().get(path)) == (404, "not_found")


@pytest.mark.parametrize("pk", ["0", "999", "9" * 30, "9" * 5000])
def test_a_row_that_is_none_is_404(pk: str) -> None:
    assert problem(administrators_caller().get(f"users/{pk}/")) == (404, "not_found")


def test_another_method_is_405_and_says_which_are_good() -> None:
    script = administrators_caller()
    for method in ("DELETE", "OPTIONS", "TRACE"):
        answer = script.send(method, "users/")
        assert problem(answer) == (405, "method_not_allowed")
        assert answer["Allow"] == "GET, HEAD"


def test_head_answers_as_get_does_without_the_body() -> None:
    mia = make_user()
    script = administrators_caller()
    answer = script.send("HEAD", f"users/{mia.pk}/")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["ETag"] == script.get(f"users/{mia.pk}/")["ETag"]


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        "null",
        '"x"',
        '{"first_name": NaN}',
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"n": ' + "1" * 5000 + "}",
        '{"first_name": "\\ud800"}',
        '{"\\ud800": 1}',
        b"\xff\xfe",
    ],
)
def test_sr33_a_malformed_body_is_400(body: str | bytes) -> None:
    mia = make_user()
    said = body if isinstance(body, bytes) else body.encode()
    assert problem(administrators_caller().send("PATCH", f"users/{mia.pk}/", said)) == (400, "parse_error")


def test_another_media_type_is_415_and_another_wish_406() -> None:
    mia = make_user()
    script = administrators_caller()
    kind = "application/x-www-form-urlencoded"
    form = script.send("PATCH", f"users/{mia.pk}/", b"first_name=x", Content_Type=kind)
    assert problem(form) == (415, "unsupported_media_type")
    assert problem(script.get("users/", {"Accept": "text/html"})) == (406, "not_acceptable")


def test_sr32_a_body_that_is_too_large_is_413() -> None:
    mia = make_user()
    body = {"first_name": "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)}
    assert problem(administrators_caller().patch(f"users/{mia.pk}/", body)) == (413, "too_large")


@pytest.mark.parametrize(
    ("path", "said", "detail"),
    [
        ("users/{me}/", {"first_name": 7}, "must be a string."),
        ("access-settings/", {"scim_enabled": 0}, "must be true or false."),
        ("access-settings/", {"scim_enabled": "no"}, "must be true or false."),
        ("access-settings/", {"scim_enabled": None}, "This field may not be null."),
    ],
)
def test_a_value_of_another_type_is_refused(path: str, said: dict[str, Any], detail: str) -> None:
    olga = make_owner()
    answer = caller(olga).patch(path.format(me=olga.pk), said)
    assert problem(answer) == (400, "invalid_value")
    assert json.loads(answer.content)["errors"] == [{"pointer": f"/{next(iter(said))}", "detail": detail}]


def test_sr25_a_name_that_is_not_known_is_refused() -> None:
    mia = make_user()
    answer = administrators_caller().patch(f"users/{mia.pk}/", {"username": "eve", "last_name": 7})
    assert problem(answer) == (400, "invalid_value")
    assert json.loads(answer.content)["errors"] == [
        {"pointer": "/last_name", "detail": "must be a string."},
        {"pointer": "/username", "detail": "is not known here."},
    ]
    assert User.objects.get(pk=mia.pk).username == "mia"


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("nonsense=1", "nonsense"),
        ("status=gone", "status"),
        ("managed_by=7", "managed_by"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("limit=²", "limit"),
        ("ordering=password", "ordering"),
        ("ordering=--id", "ordering"),
        ("cursor=x", "cursor"),
        ("cursor=é", "cursor"),
        ("cursor=bnVsbA", "cursor"),
        ("fields=password", "fields"),
        ("fields=", "fields"),
        ("q=%00", "q"),
    ],
)
def test_sr26_a_parameter_that_cannot_be_is_400_and_named(query: str, parameter: str) -> None:
    make_user()
    answer = administrators_caller().get(f"users/?{query}")
    assert problem(answer) == (400, "invalid_value")
    assert [error["parameter"] for error in json.loads(answer.content)["errors"]] == [parameter]


@pytest.mark.parametrize("limit", [1, 200])
def test_a_page_may_be_as_short_or_long_as_that(limit: int) -> None:
    make_user()
    assert len(administrators_caller().read(f"users/?limit={limit}")["results"]) == min(limit, 2)


def test_a_database_that_does_not_answer_is_503(monkeypatch: pytest.MonkeyPatch) -> None:
    script = administrators_caller()

    def broken(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("secret host unreachable")

    monkeypatch.setattr("portal.api.views.Resources.page", broken)
    answer = script.get("users/")
    assert problem(answer) == (503, "unavailable")
    assert answer["Retry-After"] == "5"
    assert "secret" not in answer.content.decode()


# --- pages ---


def test_pages_follow_each_other_without_gaps_or_repeats(settings: Any) -> None:
    settings.PUBLIC_URL = "https://portal.example.com"
    for number in range(7):
        make_user(f"user{number}")
    script = administrators_caller()
    for ordering in ("username", "-username", "id", "-id"):
        seen, url, pages = [], f"users/?limit=3&ordering={ordering}&fields=username", 0
        while url:
            page = script.read(url)
            seen += [row["username"] for row in page["results"]]
            assert page["next"] is None or page["next"].startswith("https://portal.example.com/api/v1/users/?")
            url, pages = (page["next"] or "").removeprefix("https://portal.example.com"), pages + 1
        assert pages == 3
        assert len(seen) == 8 == len(set(seen))
        assert seen == sorted(seen, reverse=ordering == "-username") or "id" in ordering


@pytest.mark.parametrize(
    ("path", "ordering", "value"),
    [
        ("users/", "username", "\ud800"),
        ("users/", "username", "\0"),
        ("conflicts/", "-last_seen_at", "0001-01-01T00:00:00+14:00"),
        ("conflicts/", "-last_seen_at", "9999-12-31T23:59:59-14:00"),
        ("conflicts/", "-last_seen_at", "yesterday"),
    ],
)
def test_a_cursor_that_somebody_made_up_is_400(path: str, ordering: str, value: str) -> None:
    cursor = urlsafe_b64encode(json.dumps([ordering, value, 1]).encode()).decode().rstrip("=")
    assert problem(administrators_caller().get(f"{path}?cursor={cursor}")) == (400, "invalid_value")


def test_a_cursor_belongs_to_its_ordering() -> None:
    make_user()
    script = administrators_caller()
    cursor = script.read("users/?limit=1")["next"].partition("cursor=")[2]
    assert problem(script.get(f"users/?ordering=id&cursor={cursor}")) == (400, "invalid_value")


def test_fields_choose_what_is_answered() -> None:
    mia = make_user()
    script = administrators_caller()
    assert script.read(f"users/{mia.pk}/?fields=username,id") == {"id": mia.pk, "username": "mia"}
    assert script.read("users/?fields=username")["results"] == [{"username": "adam"}, {"username": "mia"}]


# --- ETags ---


def test_who_has_it_already_is_told_304() -> None:
    mia = make_user()
    script = administrators_caller()
    answer = script.get(f"users/{mia.pk}/")
    again = script.get(f"users/{mia.pk}/", {"If_None_Match": answer["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", answer["ETag"])
    assert answer["Cache-Control"] == "private, no-cache"


def test_a_change_applies_only_to_what_was_read() -> None:
    mia = make_user()
    script = administrators_caller()
    etag = script.get(f"users/{mia.pk}/")["ETag"]
    changed = script.patch(f"users/{mia.pk}/", {"first_name": "Mia"}, If_Match=etag)
    assert changed.status_code == 200
    assert changed["ETag"] == script.get(f"users/{mia.pk}/")["ETag"] != etag
    late = script.patch(f"users/{mia.pk}/", {"first_name": "Maria"}, If_Match=etag)
    assert problem(late) == (412, "version_mismatch")
    assert User.objects.get(pk=mia.pk).first_name == "Mia"
    assert script.patch(f"users/{mia.pk}/", {"first_name": "Maria"}, If_Match="*").status_code == 200


def test_a_command_heeds_if_match_too() -> None:
    mia = make_user()
    script = owners_caller()
    assert problem(script.post(f"users/{mia.pk}/disable/", If_Match='"x"')) == (412, "version_mismatch")
    assert User.objects.get(pk=mia.pk).status == Status.ENABLED


@pytest.mark.parametrize("value", ['"x"', "*"])
def test_an_address_of_no_single_resource_has_no_version_to_match(value: str) -> None:
    script = administrators_caller()
    assert problem(script.post("groups/", {"name": "Engineers"}, If_Match=value)) == (412, "version_mismatch")
    assert not Group.objects.exists()


# --- retries ---


def test_a_post_that_is_sent_again_is_answered_again_and_not_done_again() -> None:
    mia = make_user()
    script = administrators_caller()
    first = script.post(f"users/{mia.pk}/end-sessions/", Idempotency_Key="k1")
    again = script.post(f"users/{mia.pk}/end-sessions/", Idempotency_Key="k1")
    assert again.status_code == first.status_code == 200
    assert again.content == first.content
    assert again["ETag"] == first["ETag"]
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert AuditEvent.objects.filter(action="user.sessions_ended").count() == 1


def test_the_kept_answer_is_sealed() -> None:
    mia = make_user()
    administrators_caller().post(f"users/{mia.pk}/end-sessions/", Idempotency_Key="k1")
    kept = IdempotentRequest.objects.get().answer
    assert "mia" not in kept
    assert "mia" in encryption.unseal(kept)


def test_the_same_key_with_another_request_is_422() -> None:
    mia = make_user()
    script = administrators_caller()
    ok(script.post(f"users/{mia.pk}/end-sessions/", Idempotency_Key="k1"))
    assert problem(script.post(f"users/{mia.pk}/disable/", Idempotency_Key="k1")) == (422, "key_reused")


def test_while_the_first_is_being_worked_on_it_is_409_until_it_is_given_up() -> None:
    mia = make_user()
    script = administrators_caller()
    path = f"users/{mia.pk}/end-sessions/"
    ok(script.post(path, Idempotency_Key="k1"))
    IdempotentRequest.objects.update(answer="")
    assert problem(script.post(path, Idempotency_Key="k1")) == (409, "still_running")
    with clock.later(minutes=3):
        assert script.post(path, Idempotency_Key="k1").status_code == 200


def test_an_answer_that_no_key_opens_any_more_is_told_as_done(monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"users/{make_user().pk}/end-sessions/"
    script = administrators_caller()
    ok(script.post(path, Idempotency_Key="k1"))
    monkeypatch.setattr(settings, "SECRET_KEY", "another")
    assert problem(script.post(path, Idempotency_Key="k1")) == (422, "answer_unreadable")
    assert AuditEvent.objects.filter(action="user.sessions_ended").count() == 1


def test_a_key_that_the_first_try_gave_up_just_now_is_409() -> None:
    path = f"users/{make_user().pk}/end-sessions/"
    script = administrators_caller()
    ok(script.post(path, Idempotency_Key="k1"))
    with after("ROLLBACK TO SAVEPOINT", IdempotentRequest.objects.all().delete):
        assert problem(script.post(path, Idempotency_Key="k1")) == (409, "still_running")
    assert script.post(path, Idempotency_Key="k1").status_code == 200


def test_a_refusal_leaves_the_key_free() -> None:
    mia = make_user(status=Status.INVITED)
    script = owners_caller()
    set_mode(scim=False)
    assert problem(script.post(f"users/{mia.pk}/enable/", Idempotency_Key="k1")) == (403, "invitation_pending")
    assert not IdempotentRequest.objects.exists()


def test_keys_are_kept_for_a_day_and_are_each_persons_own() -> None:
    mia = make_user()
    script = administrators_caller()
    ok(script.post(f"users/{mia.pk}/end-sessions/", Idempotency_Key="k1"))
    assert "Idempotency-Replayed" not in owners_caller().post(f"users/{mia.pk}/end-sessions/", Idempotency_Key="k1")
    with clock.later(hours=25):
        assert "Idempotency-Replayed" not in script.post(f"users/{mia.pk}/end-sessions/", Idempotency_Key="k1")
    assert IdempotentRequest.objects.count() == 2  # one of each person


@pytest.mark.parametrize("key", ["", "é", "x" * 256])
def test_a_key_that_cannot_be_is_400(key: str) -> None:
    mia = make_user()
    answer = administrators_caller().post(f"users/{mia.pk}/end-sessions/", Idempotency_Key=key)
    assert problem(answer) == (400, "invalid_value")
