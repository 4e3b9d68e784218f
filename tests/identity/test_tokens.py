"""R23, SR-11, SR-12: SCIM tokens are made, recognised and revoked."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from identity.core import secrets
from identity.core.actors import Person
from identity.core.errors import InvalidValue, NotFound, Refused
from identity.core.ways import Way
from identity.models import AuditEvent, SCIMToken
from identity.services import identity_providers, scim_tokens
from tests import clock
from tests.factories import OPERATOR, administrator, make_idp, make_token, make_user, set_mode
from tests.statements import Most, no_statements, same_for_many_rows

pytestmark = pytest.mark.django_db


def test_a_token_can_be_recognised_by_its_shape() -> None:
    secret = secrets.new_token(secrets.SCIM_PREFIX)
    assert re.fullmatch(r"ghscim_[0-9A-Za-z]{46}", secret)
    assert secrets.looks_like_token(secret, secrets.SCIM_PREFIX)
    assert secrets.new_token(secrets.SCIM_PREFIX) != secret


@pytest.mark.parametrize(
    "change",
    [
        lambda secret: secret[:-1] + ("0" if secret[-1] != "0" else "1"),
        lambda secret: secret[:10] + ("a" if secret[10] != "a" else "b") + secret[11:],
        lambda secret: secret[7:],
        lambda secret: secret.upper(),
        lambda secret: secret + "0",
        lambda secret: secret[:-1],
        lambda secret: f" {secret}",
        lambda secret: secret[:-1] + "é",
        lambda secret: "",
    ],
)
def test_a_typo_is_known_without_the_database(change: object) -> None:
    secret = make_token(make_idp())
    with no_statements():
        assert scim_tokens.find_bearer(change(secret)) is None


def test_the_secret_is_nowhere_in_the_database() -> None:
    idp = make_idp()
    token, secret = scim_tokens.create_token(idp, label="Production", actor=administrator())
    row = SCIMToken.objects.values().get()
    assert row["digest"] == secrets.digest(secret)
    assert row["hint"] == f"ghscim_…{secret[-4:]}"
    assert not any(secret[7:-4] in str(value) for value in row.values())
    event = AuditEvent.objects.get(action="scim_token.created")
    assert event.details == {"token": token.pk, "label": "Production", "hint": row["hint"]}


def test_a_token_names_its_idp_in_one_statement() -> None:
    idp = make_idp(asks_before_adopting=True)
    make_token(make_idp("Entra"))
    secret = make_token(idp)
    same_for_many_rows(
        lambda: scim_tokens.find_bearer(secret), lambda number: make_token(make_idp(f"IdP {number}")), Most.TOKEN
    )
    bearer = scim_tokens.find_bearer(secret)
    assert bearer is not None
    assert bearer.identity_provider_id == idp.pk
    assert bearer.asks_before_adopting is True
    assert (bearer.way, bearer.is_awaited) == (Way.OPEN, False)
    assert bearer.noted is False
    assert bearer.label == f"test (ghscim_…{secret[-4:]})"


def test_a_wellformed_token_that_nobody_made_is_nobodys() -> None:
    assert scim_tokens.find_bearer(secrets.new_token(secrets.SCIM_PREFIX)) is None


def test_switching_scim_off_shows_at_the_next_request() -> None:
    secret = make_token(make_idp())
    set_mode(scim=False)
    bearer = scim_tokens.find_bearer(secret)
    assert bearer is not None
    assert bearer.way is Way.SCIM_OFF


def test_a_token_never_expires_unless_set() -> None:
    assert SCIMToken.objects.filter(expires_at__isnull=False).count() == 0
    idp = make_idp()
    token, secret = scim_tokens.create_token(
        idp, label="", expires_at=timezone.now() + timedelta(days=1), actor=OPERATOR
    )
    assert token.label == "SCIM token"
    assert scim_tokens.find_bearer(secret)
    with clock.later(days=1):
        assert scim_tokens.find_bearer(secret) is None


def test_a_token_that_has_expired_already_is_not_made() -> None:
    with pytest.raises(InvalidValue, match="expires at must lie in the future"):
        scim_tokens.create_token(make_idp(), label="", expires_at=timezone.now(), actor=OPERATOR)


def test_a_label_that_no_column_holds_is_refused() -> None:
    with pytest.raises(InvalidValue, match="label is longer than 100 characters"):
        scim_tokens.create_token(make_idp(), label="x" * 101, actor=OPERATOR)


def test_a_revoked_token_is_nobodys() -> None:
    token, secret = scim_tokens.create_token(make_idp(), label="", actor=OPERATOR)
    scim_tokens.revoke_token(token, actor=administrator())
    assert scim_tokens.find_bearer(secret) is None
    assert AuditEvent.objects.get(action="scim_token.revoked").details["token"] == token.pk
    with pytest.raises(NotFound):
        scim_tokens.revoke_token(token, actor=OPERATOR)


def test_deleting_the_idp_ends_its_tokens() -> None:
    idp = make_idp()
    secret = make_token(idp)
    identity_providers.delete_identity_provider(idp, actor=administrator())
    assert scim_tokens.find_bearer(secret) is None


def test_a_token_survives_its_creator() -> None:
    actor = administrator()
    _, secret = scim_tokens.create_token(make_idp(), label="", actor=actor)
    actor.user.delete()
    assert scim_tokens.find_bearer(secret)
    assert SCIMToken.objects.get().created_by is None


def test_the_last_use_is_shown() -> None:
    secret = make_token(make_idp())
    bearer = scim_tokens.find_bearer(secret)
    assert bearer is not None
    scim_tokens.note_use(bearer, address="192.0.2.1")
    token = SCIMToken.objects.get()
    assert token.last_used_at is not None
    assert token.last_used_from == "192.0.2.1"
    again = scim_tokens.find_bearer(secret)
    assert again is not None
    assert again.noted is True
    with clock.later(seconds=61):
        later = scim_tokens.find_bearer(secret)
    assert later is not None
    assert later.noted is False


def test_a_member_makes_no_tokens() -> None:
    actor = Person(make_user())
    idp = make_idp()
    with pytest.raises(Refused, match="needs the role administrator or owner"):
        scim_tokens.create_token(idp, label="", actor=actor)
    token, _ = scim_tokens.create_token(idp, label="", actor=OPERATOR)
    with pytest.raises(Refused):
        scim_tokens.revoke_token(token, actor=actor)
