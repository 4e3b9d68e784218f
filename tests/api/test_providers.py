"""Identity providers, their tokens and connections over the REST API."""

import json

import pytest
from django.test import Client
from rest_framework.serializers import CharField

from identity.core.encryption import seal, unseal
from identity.models import AuditEvent, IdempotentRequest, IdentityProvider, SCIMToken, SSOConnection
from identity.services import scim_tokens
from portal.api.fields import Secret
from portal.api.idempotency import SHOWN_ONCE
from portal.api.urls import urlpatterns
from tests.clients import Script, administrators_caller, caller, ok, problem
from tests.factories import (
    connect,
    everything,
    make_administrator,
    make_idp,
    make_token,
    make_user,
    provision,
    set_mode,
)
from tests.sessions import signed_in
from tests.statements import Most, same_for_many_rows

pytestmark = pytest.mark.django_db

OIDC = {"protocol": "oidc", "issuer": "https://idp.example.com", "client_id": "portal", "client_secret": "s3cret"}


def test_whether_external_ids_identify_people_is_as_the_kind_sends_them_and_can_be_set() -> None:
    script = administrators_caller()
    okta = script.do("POST", "identity-providers/", {"name": "Okta", "kind": "okta"})
    entra = script.do("POST", "identity-providers/", {"name": "Entra", "kind": "entra"})
    assert (okta["identifies_by_external_id"], entra["identifies_by_external_id"]) == (True, False)
    path = f"identity-providers/{entra['id']}/"
    assert ok(script.patch(path, {"identifies_by_external_id": True}))["identifies_by_external_id"]
    assert ok(script.patch(path, {"name": "Entra ID"}))["identifies_by_external_id"]


def test_nested_groups_are_skipped_unless_it_is_said() -> None:
    script = administrators_caller()
    made = script.do("POST", "identity-providers/", {"name": "Okta", "refuses_nested_groups": True})
    assert made["refuses_nested_groups"]
    path = f"identity-providers/{made['id']}/"
    assert ok(script.patch(path, {"name": "Okta 2"}))["refuses_nested_groups"]
    assert not ok(script.patch(path, {"refuses_nested_groups": False}))["refuses_nested_groups"]


def test_an_identity_provider_lives_over_the_api() -> None:
    script = administrators_caller()
    made = script.do("POST", "identity-providers/", {"name": "Okta", "kind": "okta"})
    assert (made["name"], made["kind"], made["asks_before_adopting"]) == ("Okta", "okta", False)
    assert made["scim_base_url"].endswith("/scim/v2")
    path = f"identity-providers/{made['id']}/"
    assert ok(script.patch(path, {"asks_before_adopting": True}))["name"] == "Okta"
    assert problem(script.post("identity-providers/", {"name": "OKTA"})) == (409, "taken")
    assert problem(script.post("identity-providers/", {"name": "X", "kind": "myspace"})) == (400, "invalid_value")
    ada = provision(IdentityProvider.objects.get(), "ada").user
    assert script.read(path)["usage"] == {
        "users": 1,
        "sso_users": 1,
        "sso_groups": 0,
        "mappings": 0,
        "tokens": 0,
        "trusts": 0,
        "retired": 0,
    }
    assert script.delete(path).status_code == 204
    ada.refresh_from_db()
    assert ada.managed_by is None


def test_r23_the_secret_of_a_scim_token_is_shown_once_and_works() -> None:
    idp = make_idp()
    script = administrators_caller()
    answer = script.post("scim-tokens/", {"identity_provider": idp.pk, "label": "production"})
    made = ok(answer)
    assert answer["Cache-Control"] == "no-store"
    assert scim_tokens.find_bearer(made["secret"]) is not None
    assert made["secret"] not in str(everything())
    shown = script.read(f"scim-tokens/{made['id']}/")
    assert shown == {name: value for name, value in made.items() if name not in {"secret", "note"}}
    assert shown["created_by"]["username"] == "adam"
    assert script.read(f"scim-tokens/?identity_provider={idp.pk}")["results"] == [shown]
    assert script.delete(f"scim-tokens/{made['id']}/").status_code == 204
    assert scim_tokens.find_bearer(made["secret"]) is None


def test_a_retry_makes_no_second_token_and_is_not_shown_the_secret_again() -> None:
    idp = make_idp()
    script = administrators_caller()
    said = {"identity_provider": idp.pk, "label": "production"}
    first = script.post("scim-tokens/", said, Idempotency_Key="k1")
    again = script.post("scim-tokens/", said, Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again["Idempotency-Replayed"] == "true"
    assert again["Cache-Control"] == "no-store"
    assert ok(again) == {**ok(first), "secret": None, "note": SHOWN_ONCE}
    assert ok(first)["note"] is None
    assert scim_tokens.find_bearer(ok(first)["secret"]) is not None
    assert SCIMToken.objects.count() == 1
    assert ok(first)["secret"] not in unseal(IdempotentRequest.objects.get().answer)


def test_what_an_earlier_version_kept_is_not_shown_again_either() -> None:
    idp = make_idp()
    script, said = administrators_caller(), {"identity_provider": idp.pk, "label": "production"}
    first = ok(script.post("scim-tokens/", said, Idempotency_Key="k1"))
    kept = json.dumps({"status": 201, "headers": {}, "body": first})
    IdempotentRequest.objects.update(answer=seal(kept))
    assert ok(script.post("scim-tokens/", said, Idempotency_Key="k1"))["secret"] is None


def test_whatever_is_answered_under_the_name_of_a_secret_is_shown_once() -> None:
    views = {pattern.callback.cls for pattern in urlpatterns if hasattr(getattr(pattern, "callback", None), "cls")}
    found = {
        (operation.id, name): type(field)
        for view in views
        for operation in (getattr(getattr(view, name), "operation", None) for name in dir(view))
        if operation and operation.answer
        for name, field in operation.answer().fields.items()
        if isinstance(field, CharField) and name in {"secret", "client_secret", "password", "token", "digest"}
    }
    making = ("create_scim_token", "create_api_token", "create_webhook", "rotate_webhook_secret")
    assert found == {(operation, "secret"): Secret for operation in making}


def test_a_scim_token_expires_in_the_future_only() -> None:
    said = {"identity_provider": make_idp().pk, "label": "x", "expires_at": "2001-01-01T00:00:00Z"}
    answer = administrators_caller().post("scim-tokens/", said)
    assert problem(answer) == (400, "invalid_value")
    assert json.loads(answer.content)["errors"][0]["pointer"] == "/expires_at"


def test_sr11_at_a_browser_a_token_needs_a_fresh_sign_in() -> None:
    said = {"identity_provider": make_idp().pk, "label": "x"}
    adam = make_administrator()
    stale = Script(client=signed_in(adam, fresh=False))
    assert problem(stale.post("scim-tokens/", said)) == (403, "fresh_sign_in_required")
    assert Script(client=signed_in(adam)).post("scim-tokens/", said).status_code == 201


def test_a_connection_lives_over_the_api_and_its_secret_is_never_shown() -> None:
    idp = make_idp()
    script = administrators_caller()
    made = script.do("POST", "sso-connections/", {"identity_provider": idp.pk, **OIDC})
    assert (made["protocol"], made["issuer"], made["is_enabled"]) == ("oidc", "https://idp.example.com", False)
    assert "s3cret" not in json.dumps(made)
    assert "s3cret" not in str(everything())
    path = f"sso-connections/{made['id']}/"
    assert ok(script.post(f"{path}enable/"))["is_enabled"] is True
    assert ok(script.patch(path, {"email_claim": "upn"}))["email_claim"] == "upn"
    changed = ok(script.patch(path, {"client_id": "gatehouse"}))
    assert (changed["client_id"], changed["issuer"], changed["is_enabled"]) == (
        "gatehouse",
        "https://idp.example.com",
        True,
    )
    set_mode(sso=True)
    assert problem(script.post(f"{path}disable/")) == (403, "last_connection")
    set_mode(sso=False)
    assert ok(script.post(f"{path}disable/"))["is_enabled"] is False
    assert script.delete(path).status_code == 204
    assert not SSOConnection.objects.exists()


def test_what_cannot_be_a_connection_is_refused() -> None:
    idp = make_idp()
    script = administrators_caller()
    plain = {"identity_provider": idp.pk, **OIDC, "issuer": "http://idp.example.com"}
    answer = script.post("sso-connections/", plain)
    assert problem(answer) == (400, "invalid_value")
    assert json.loads(answer.content)["errors"] == [
        {"pointer": "/issuer", "detail": "issuer must begin with https://."}
    ]
    open_to_all = {"identity_provider": idp.pk, **OIDC, "creates_users": True}
    assert problem(script.post("sso-connections/", open_to_all)) == (400, "invalid_value")


@pytest.mark.parametrize("issuer", ["https://[", "https://idp.example.com:port", "https://idp.example.com:99999"])
def test_an_address_that_cannot_be_one_is_refused(issuer: str) -> None:
    answer = administrators_caller().post(
        "sso-connections/", {"identity_provider": make_idp().pk, **OIDC, "issuer": issuer}
    )
    assert problem(answer) == (400, "invalid_value")
    assert json.loads(answer.content)["errors"] == [{"pointer": "/issuer", "detail": "issuer is not a web address."}]


SAML = {"protocol": "saml", "entity_id": "https://idp.example.com", "sso_url": "https://idp.example.com/sso"}


@pytest.mark.parametrize(
    ("said", "pointer", "detail"),
    [
        ({**OIDC, "client_id": " "}, "/client_id", "client ID must not be empty."),
        ({**OIDC, "client_secret": ""}, "/client_secret", "client secret must not be empty."),
        ({**OIDC, "allowed_domains": "example"}, "/allowed_domains", "must be domains such as example.com."),
        ({**OIDC, "allowed_domains": "a@b.example"}, "/allowed_domains", "must be domains such as example.com."),
        ({**SAML, "entity_id": " "}, "/entity_id", "entity ID must not be empty."),
        (SAML, "/certificate", "certificate must not be empty."),
        ({**SAML, "certificate": "MIIB"}, "/certificate", "certificate is not an X.509 certificate."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_connection_lacks_is_told_with_its_field(said: dict[str, str], pointer: str, detail: str) -> None:
    answer = administrators_caller().post("sso-connections/", {"identity_provider": make_idp().pk, **said})
    assert problem(answer) == (400, "invalid_value")
    [error] = json.loads(answer.content)["errors"]
    assert error["pointer"] == pointer
    assert error["detail"].endswith(detail)
    assert not SSOConnection.objects.exists()


def test_a_secret_is_not_shown_to_another_issuer() -> None:
    script = administrators_caller()
    made = script.do("POST", "sso-connections/", {"identity_provider": make_idp().pk, **OIDC})
    answer = script.patch(f"sso-connections/{made['id']}/", {"issuer": "https://evil.example.com"})
    assert problem(answer) == (400, "invalid_value")
    assert "must be entered again, since the issuer is another one" in answer.content.decode()
    assert SSOConnection.objects.get().issuer == "https://idp.example.com"


def test_what_is_on_already_is_switched_on_without_an_event() -> None:
    script = administrators_caller()
    made = script.do("POST", "sso-connections/", {"identity_provider": make_idp().pk, **OIDC})
    for _ in range(2):
        assert ok(script.post(f"sso-connections/{made['id']}/enable/"))["is_enabled"] is True
    assert AuditEvent.objects.filter(action="sso_connection.enabled").count() == 1


@pytest.mark.parametrize("path", ["identity-providers/", "scim-tokens/", "sso-connections/"])
def test_a_list_costs_the_same_however_long(path: str) -> None:
    script = administrators_caller()

    def row(number: int) -> None:
        make_token(connect(f"IdP {number}").identity_provider)

    same_for_many_rows(lambda: script.read(path), row, Most.REST)


def test_members_see_none_of_it() -> None:
    idp = make_idp()
    script = caller(make_user())
    for path in ("identity-providers/", f"identity-providers/{idp.pk}/", "scim-tokens/", "sso-connections/"):
        assert problem(script.get(path)) == (403, "role_required")


def test_sr24_a_session_without_csrf_creates_no_token() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_administrator())
    said = {"identity_provider": make_idp().pk, "label": "x"}
    assert Script(client=client).post("scim-tokens/", said).status_code == 403
    assert not SCIMToken.objects.exists()
