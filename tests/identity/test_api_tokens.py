"""Personal API tokens: what is kept of them, and what ends them (R13, SR-11, SR-22)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from identity.core.actors import Person
from identity.core.errors import InvalidValue, Refused
from identity.models import APIToken, AuditEvent, Scope, Status, User
from identity.services import api_tokens, users
from tests import clock
from tests.factories import (
    OPERATOR,
    administrator,
    deprovision,
    everything,
    make_idp,
    make_owner,
    make_user,
    owner,
    provision,
)
from tests.statements import no_statements

pytestmark = pytest.mark.django_db

ANOTHER_KIND = "ghscim_XDVpnbOxQb8X1CPYe8Yh5kyJjnjQ5CfI8SvIFh4g0PmQzi"

LIMIT = 3


def make_api_token(user: User, *scopes: str, **said: object) -> str:
    """The secret of a new token of this person."""
    scopes = scopes or (Scope.READ,)
    return api_tokens.create_api_token(label="test", scopes=scopes, actor=Person(user), **said)[1]  # type: ignore[arg-type]


def test_sr11_the_secret_is_kept_as_a_digest_and_a_hint_only() -> None:
    secret = make_api_token(make_user())
    assert re.fullmatch(r"ghapi_[0-9A-Za-z]{46}", secret)
    assert secret not in str(everything())
    assert APIToken.objects.get().hint == f"ghapi_…{secret[-4:]}"


def test_a_secret_finds_its_token_with_the_owner() -> None:
    mia = make_user()
    token = api_tokens.find_api_token(make_api_token(mia, Scope.WRITE, Scope.READ))
    assert token is not None
    assert token.user == mia
    assert token.scopes == "read write"


@pytest.mark.parametrize("secret", ["", "ghapi_", "ghapi_" + "a" * 46, ANOTHER_KIND])
def test_what_is_no_token_is_known_without_asking_the_database(secret: str) -> None:
    with no_statements():
        assert api_tokens.find_api_token(secret) is None


def test_a_token_expires() -> None:
    soon = timezone.now() + timedelta(hours=1)
    secret = make_api_token(make_user(), expires_at=soon)
    assert api_tokens.find_api_token(secret) is not None
    with clock.later(hours=1):
        assert api_tokens.find_api_token(secret) is None


def test_an_expiry_in_the_past_is_refused() -> None:
    with pytest.raises(InvalidValue, match="expires at must lie in the future"):
        make_api_token(make_user(), expires_at=timezone.now())


@pytest.mark.parametrize("scopes", [["admin"], ["read", "admin"], []])
def test_an_unknown_scope_is_refused(scopes: list[str]) -> None:
    with pytest.raises(InvalidValue, match="must be one or more of read, write, support"):
        api_tokens.create_api_token(label="test", scopes=scopes, actor=Person(make_user()))


def test_r13_disabling_ends_the_tokens_in_the_same_transaction() -> None:
    mia = make_user()
    secret = make_api_token(mia)
    users.disable_user(mia, actor=owner())
    assert not APIToken.objects.exists()
    users.enable_user(mia, actor=owner())
    assert api_tokens.find_api_token(secret) is None


def test_r13_what_the_idp_deactivates_loses_its_tokens() -> None:
    ada = provision(make_idp(), "ada")
    make_api_token(ada.user)
    deprovision(ada)
    assert not APIToken.objects.exists()


@pytest.mark.parametrize("status", [Status.DISABLED, Status.INVITED])
def test_r13_a_token_that_is_left_opens_nothing_unless_its_owner_is_enabled(status: Status) -> None:
    """Beside its deletion, each use is asked: a token may be made at the moment its owner is disabled."""
    mia, max_ = make_user("mia"), make_user("max")
    secret, others = make_api_token(mia), make_api_token(max_)
    User.objects.filter(pk=mia.pk).update(status=status)
    assert (api_tokens.find_api_token(secret), APIToken.objects.count()) == (None, 2)
    answers = [Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {one}"}) for one in (secret, others)]
    assert [answer.status_code for answer in answers] == [401, 200]


def test_a_refused_disabling_keeps_the_tokens() -> None:
    last = make_owner()
    secret = make_api_token(last)
    with pytest.raises(Refused):
        users.disable_user(last, actor=Person(last))
    assert api_tokens.find_api_token(secret) is not None


def test_only_a_person_has_api_tokens() -> None:
    with pytest.raises(Refused, match="belongs to a person"):
        api_tokens.create_api_token(label="test", scopes=["read"], actor=OPERATOR)


def test_nobody_disabled_creates_one() -> None:
    mia = make_user()
    users.disable_user(mia, actor=owner())
    with pytest.raises(Refused, match="disabled"):
        make_api_token(mia)


def test_owner_and_administrators_revoke_and_others_do_not() -> None:
    mia = make_user()
    make_api_token(mia)
    token = APIToken.objects.get()
    with pytest.raises(Refused) as refusal:
        api_tokens.revoke_api_token(token, actor=Person(make_user("eve")))
    assert refusal.value.code == "role_required"
    api_tokens.revoke_api_token(token, actor=administrator())
    make_api_token(mia)
    api_tokens.revoke_api_token(APIToken.objects.get(), actor=Person(mia))
    assert not APIToken.objects.exists()


def test_an_administrator_does_not_touch_an_owners_tokens() -> None:
    make_api_token(make_owner())
    with pytest.raises(Refused) as refusal:
        api_tokens.revoke_api_token(APIToken.objects.get(), actor=administrator())
    assert refusal.value.code == "target_outranks_actor"


def test_both_ends_are_in_the_audit_trail_without_the_secret() -> None:
    mia = make_user()
    secret = make_api_token(mia)
    token = APIToken.objects.get()
    api_tokens.revoke_api_token(token, actor=Person(mia))
    events = list(AuditEvent.objects.order_by("pk").values_list("action", "actor_id", "user_id", "details"))
    details = {"token": token.pk, "hint": token.hint, "scopes": "read"}
    assert events == [
        ("api_token.created", mia.pk, mia.pk, details),
        ("api_token.revoked", mia.pk, mia.pk, details),
    ]
    assert secret not in str(events)


def test_its_owner_is_told_of_both_ends_by_mail(django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        secret = make_api_token(make_user())
        api_tokens.revoke_api_token(APIToken.objects.get(), actor=administrator())
    assert [(message.subject, message.to) for message in mail.outbox] == [
        ("Your Gatehouse account: API token created", ["mia@example.test"]),
        ("Your Gatehouse account: API token revoked", ["mia@example.test"]),
    ]
    assert all(f"test (ghapi_…{secret[-4:]})" in str(message.body) for message in mail.outbox)
    assert secret not in str([message.body for message in mail.outbox])


def test_uses_are_counted_by_the_minute() -> None:
    secret = make_api_token(make_user())
    uses = []
    for _ in range(LIMIT + 2):
        token = api_tokens.find_api_token(secret)
        assert token is not None
        uses.append(api_tokens.note_use(token, address="192.0.2.1", limit=LIMIT))
    assert [use.is_over for use in uses] == [False, False, False, True, True]
    assert [use.remaining for use in uses] == [2, 1, 0, 0, 0]
    assert 0 < uses[0].seconds_left <= 60
    assert APIToken.objects.get().requests == LIMIT
    assert APIToken.objects.get().last_used_from == "192.0.2.1"


def test_the_next_minute_begins_anew() -> None:
    secret = make_api_token(make_user())
    APIToken.objects.update(window=1, requests=LIMIT)
    token = api_tokens.find_api_token(secret)
    assert token is not None
    assert api_tokens.note_use(token, address="", limit=LIMIT).requests == 1
    assert APIToken.objects.get().requests == 1
