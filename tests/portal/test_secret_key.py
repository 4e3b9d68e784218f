"""SECRET_KEY can be rotated: nothing is lost while the former key is among SECRET_KEY_FALLBACKS, nor after."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django_tasks_db.models import DBTaskResult

from identity.core.actors import Person
from identity.core.encryption import State, seal, state_of, unseal
from identity.models import AuditEvent, DeletionRecord, IdempotentRequest, SecondFactor, SSOConnection, Status, User
from identity.services import bulk_runs, deletion, idempotency, resealing
from identity.services.resealing import HOLDERS
from portal.doctor import examine
from portal.project.tasks import BACKENDS
from portal.session.auth import reset_tokens
from tests.factories import (
    PASSWORD,
    make_break_glass,
    make_idp,
    make_support,
    make_user,
)
from tests.interruptions import after
from tests.portal.admin_pages import text_of
from tests.portal.second_steps import code_of, set_up
from tests.portal.shell import answer, run
from tests.sessions import entered, is_in, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _former_key(settings: Any) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the former key", []


def rotate(settings: Any, *, keep: bool = True) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the new key", ["the former key"] if keep else []


def forget(settings: Any) -> None:
    """The former key is taken away."""
    settings.SECRET_KEY_FALLBACKS = []


def with_second_step() -> str:
    make_user("mia", password=PASSWORD)
    return set_up(entered())[0]


def connected() -> SSOConnection:
    make_idp("Okta")
    run(
        "create_sso_connection", "Okta", "oidc", "--issuer", "https://idp.example", "--client-id", "portal",
        "--client-secret", "s3cret",
    )  # fmt: skip
    return SSOConnection.objects.get()


def delete(name: str) -> None:
    user = make_user(name, status=Status.DISABLED)
    support = User.objects.filter(username="sue").first() or make_support()
    deletion.delete_permanently(user, typed_username=name, reason="asked", actor=Person(support))


def findings() -> dict[str, str]:
    return {one.check: one.sentence for one in examine() if one.check.startswith("secrets_") and not one.is_fine}


def lets_in(secret: str) -> bool:
    client = entered()
    client.post("/login/code/", {"code": code_of(secret)})
    return client.get("/profile/").status_code == 200


# --- while the former key is kept ---


def test_people_links_and_secrets_go_on_with_the_former_key_among_the_fallbacks(settings: Any) -> None:
    secret = with_second_step()
    connection = connected()
    ben = make_user("ben", password=PASSWORD)
    session = entered("ben")
    link = urlsafe_base64_encode(force_bytes(ben.pk)), reset_tokens.make_token(ben)
    rotate(settings)
    assert text_of(session.get("/profile/")).count("with a password") == 1
    assert lets_in(secret)
    assert unseal(connection.client_secret) == "s3cret"
    page = Client().get(f"/password/reset/{link[0]}/{link[1]}/", follow=True)
    assert "new_password1" in page.content.decode()


def test_the_doctor_says_what_is_under_an_earlier_key_until_it_is_sealed_anew(settings: Any) -> None:
    make_break_glass()
    secret = with_second_step()
    connected()
    assert findings() == {}
    rotate(settings)
    told = findings()
    assert "client secrets" in told["secrets_under_an_earlier_key"]
    assert "second steps" in told["secrets_under_an_earlier_key"]
    before = list(SSOConnection.objects.values()), list(SecondFactor.objects.values())
    number = answer("reseal_secrets", "--dry-run")["resealed"]
    assert (list(SSOConnection.objects.values()), list(SecondFactor.objects.values())) == before
    assert number >= 2
    assert answer("reseal_secrets")["resealed"] == number
    assert AuditEvent.objects.get(action="records.resealed").details == {"secrets": number}
    assert findings() == {}
    assert answer("reseal_secrets")["resealed"] == 0
    forget(settings)
    assert findings() == {}
    assert lets_in(secret)
    assert unseal(SSOConnection.objects.get().client_secret) == "s3cret"


def test_what_was_stopped_is_gone_on_with(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        idempotency.finish(IdempotentRequest.objects.create(user=make_user(f"u{number}"), key="k", digest="d"), "done")
    rotate(settings)
    reseal, done = resealing._reseal, []

    def stopped_after_two(row: Any, holder: Any) -> None:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(row)
        reseal(row, holder)

    monkeypatch.setattr("identity.db.keyset.BATCH", 2)
    monkeypatch.setattr(resealing, "_reseal", stopped_after_two)
    with pytest.raises(KeyboardInterrupt):
        run("reseal_secrets")
    monkeypatch.setattr(resealing, "_reseal", reseal)
    assert answer("reseal_secrets")["resealed"] == 3
    forget(settings)
    assert {state_of(row.answer) for row in IdempotentRequest.objects.all()} == {State.CURRENT}


def test_a_mail_that_waits_for_a_worker_is_sealed_anew(settings: Any) -> None:
    make_user("mia", password=PASSWORD)
    settings.TASKS = {"default": {"BACKEND": BACKENDS["database"]}}
    Client().post("/password/reset/", {"name": "mia"})
    before = DBTaskResult.objects.get().args_kwargs
    rotate(settings)
    assert "queued mails" in findings()["secrets_under_an_earlier_key"]
    assert answer("reseal_secrets")["resealed"] >= 1
    forget(settings)
    after = DBTaskResult.objects.get().args_kwargs
    assert unseal(after["kwargs"]["sealed"]) == "mia"
    assert after == {**before, "kwargs": {**before["kwargs"], "sealed": after["kwargs"]["sealed"]}}


def test_work_that_holds_nothing_sealed_is_left_as_it_is(settings: Any) -> None:
    settings.TASKS = {"default": {"BACKEND": BACKENDS["database"]}}
    bulk_runs.finish.enqueue(run=1, person=1)
    before = DBTaskResult.objects.get().args_kwargs
    rotate(settings)
    run("reseal_secrets")
    assert DBTaskResult.objects.get().args_kwargs == before


def test_what_was_written_meanwhile_is_not_overwritten(settings: Any) -> None:
    connection = connected()
    rotate(settings)
    SSOConnection.objects.update(client_secret=seal("changed meanwhile"))
    resealing._reseal(connection, HOLDERS[0])
    assert unseal(SSOConnection.objects.get().client_secret) == "changed meanwhile"


@pytest.mark.django_db(transaction=True)
def test_what_is_written_at_the_same_moment_comes_last(settings: Any) -> None:
    stored = connected()
    rotate(settings)

    def change() -> None:
        SSOConnection.objects.update(client_secret=seal("changed meanwhile"))
        database.close()

    changing = threading.Thread(target=change)

    def begin() -> None:
        changing.start()
        changing.join(0.3)  # held up by the lock

    with after('FROM "identity_ssoconnection"', begin):
        resealing._reseal(stored, HOLDERS[0])
    changing.join(60)
    assert unseal(SSOConnection.objects.get().client_secret) == "changed meanwhile"


# --- digests of deletions ---


def asked_for(name: str) -> int:
    page = signed_in(User.objects.get(username="sue")).get("/admin/identity/deletionrecord/", {"q": name})
    return len(page.context["cl"].result_list)


def test_r10_deletions_go_on_matching_whichever_key_there_was(settings: Any) -> None:
    delete("gone")
    rotate(settings)
    assert asked_for("gone") == 1
    delete("gone.later")
    run("reseal_secrets")
    forget(settings)
    assert [asked_for(name) for name in ("gone", "GONE.later", "gone@example.test", "nobody")] == [1, 1, 1, 0]


def test_r10_digests_from_before_the_keys_were_kept_match(settings: Any) -> None:
    from django.utils.crypto import salted_hmac  # noqa: PLC0415

    old = salted_hmac("identity.DeletionRecord", "gone", algorithm="sha256").hexdigest()
    make_support()
    DeletionRecord.objects.create(user_id=1, username_digest=old, reason="asked")
    rotate(settings)
    assert asked_for("gone") == 1
    run("reseal_secrets")
    forget(settings)
    assert asked_for("gone") == 1


# --- when the former key is lost ---


def test_a_code_that_cannot_be_checked_says_what_to_do(settings: Any) -> None:
    with_second_step()
    rotate(settings, keep=False)
    client = entered()
    answered = client.post("/login/code/", {"code": "123456"})
    assert answered.status_code == 200
    assert "SECRET_KEY_FALLBACKS" in text_of(answered)
    assert "reset_second_factor" in text_of(answered)
    run("reset_second_factor", "mia")
    assert is_in(entered())


def test_single_sign_on_without_its_secret_says_what_to_do(settings: Any) -> None:
    connection = connected()
    run("enable_sso_connection", connection.slug)
    rotate(settings, keep=False)
    answered = Client(HTTP_HOST=settings.PUBLIC.netloc).get(f"/sso/{connection.slug}/")
    assert answered.status_code == 403
    assert "SECRET_KEY" in text_of(answered)


def test_the_doctor_says_what_no_key_opens(settings: Any) -> None:
    make_break_glass()
    with_second_step()
    connected()
    rotate(settings, keep=False)
    told = findings()["secrets_unreadable"]
    assert "1 client secrets" in told
    assert "second steps" in told
    assert answer("reseal_secrets")["unreadable"] >= 2


def test_a_lost_key_keeps_nobody_from_a_new_second_step_or_from_being_deleted(settings: Any) -> None:
    with_second_step()
    delete("gone")
    rotate(settings, keep=False)
    run("reset_second_factor", "mia")
    assert lets_in(set_up(entered())[0])
    delete("gone.later")
    assert [asked_for(name) for name in ("gone", "gone.later")] == [0, 1]
    settings.SECRET_KEY_FALLBACKS = ["the former key"]
    assert [asked_for(name) for name in ("gone", "gone.later")] == [1, 1]
