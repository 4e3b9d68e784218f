"""What several requests do at once: one key is worked on once, one version is changed once."""

import json
from collections.abc import Callable

import pytest
from django.http import HttpResponse

from identity.models import APIToken, AuditEvent, Group, SCIMToken
from tests.clients import Script
from tests.factories import make_administrator, make_api_token, make_group, make_idp, make_owner
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 5


def test_one_idempotency_key_is_worked_on_once() -> None:
    idp, secret = make_idp(), make_api_token(make_administrator())
    said = {"identity_provider": idp.pk, "label": "production"}
    for number in range(ROUNDS):
        before = SCIMToken.objects.count()
        answers = at_once(
            *[lambda key=f"k{number}": Script(secret).post("scim-tokens/", said, Idempotency_Key=key)] * 3
        )
        made = [json.loads(answer.content) for answer in answers if answer.status_code == 201]
        assert len({token["id"] for token in made}) == 1
        assert len([token for token in made if token["secret"]]) == 1
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert SCIMToken.objects.count() == before + 1


def test_one_version_is_changed_once() -> None:
    group, secret = make_group(), make_api_token(make_administrator())
    for _ in range(ROUNDS):
        etag = Script(secret).get(f"groups/{group.pk}/")["ETag"]
        answers = at_once(*[rename(secret, group, number, etag) for number in range(3)])
        assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
        group.refresh_from_db()
    assert AuditEvent.objects.filter(action="group.edited").count() == ROUNDS


def rename(secret: str, group: Group, number: int, etag: str) -> Callable[[], HttpResponse]:
    said = {"name": f"{group.name} {number}"}
    return lambda: Script(secret).patch(f"groups/{group.pk}/", said, If_Match=etag)


def test_requests_of_one_token_are_all_counted() -> None:
    secret = make_api_token(make_owner())
    for _ in range(2):  # once more when a minute ended in between
        APIToken.objects.update(window=0, requests=0)
        Script(secret).get("me/")
        begun = APIToken.objects.get()
        for _ in range(ROUNDS):
            at_once(*[lambda: Script(secret).get("me/")] * 3)
        ended = APIToken.objects.get()
        if ended.window == begun.window:
            break
    assert (ended.window, ended.requests) == (begun.window, 1 + ROUNDS * 3)
