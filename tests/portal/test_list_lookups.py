"""SR-26: a list is narrowed by the filters that it declares, and no other column answers through its address."""

import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.admin import ModelAdmin, site
from django.contrib.auth.hashers import make_password
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse

from identity.models import AccessSettings, Role, User
from portal.admin.frame.lists import PortalChangeList
from tests.factories import (
    make_idp,
    make_owner,
    make_token,
    make_user,
    owner,
    support,
)
from tests.loops import each
from tests.sessions import as_administrator, signed_in

pytestmark = pytest.mark.django_db

LOOKUPS = ("exact", "startswith", "regex", "gt", "isnull", "in", "contains", "length", "year")
SECRETS = {"password", "digest", "client_secret", "answer", "username_digest"}
ADMINS = [admin for model, admin in site._registry.items() if model is not AccessSettings]  # which is no list
PLACES = (("changelist", 12), ("export", 2))


@pytest.fixture(autouse=True)
def _rows() -> None:
    """Two identity providers, so that the filters by one of them are there."""
    for name in ("Okta", "Entra"):
        make_token(make_idp(name))


def columns(model: type[Model]) -> list[str]:
    return [field.name for field in model._meta.get_fields() if field.concrete]


def traversals(model: type[Model]) -> Iterator[str]:
    """Columns of what hangs on the model, forwards and backwards, and the secrets two steps away."""
    for field in model._meta.get_fields():
        if isinstance(field.related_model, type):
            yield from (f"{field.name}__{column}" for column in columns(field.related_model))
            yield from (f"{field.name}__{path}" for path in _secrets(field.related_model))


def _secrets(model: type[Model]) -> Iterator[str]:
    for field in model._meta.get_fields():
        if isinstance(field.related_model, type):
            yield from (f"{field.name}__{column}" for column in SECRETS & set(columns(field.related_model)))


def undeclared(admin: ModelAdmin[Any], choose: random.Random, most: int) -> list[str]:
    """Columns of the model and of what hangs on it, some with a lookup; the secrets are always among them."""
    own, behind = [*columns(admin.model), "pk", "nonsense"], list(traversals(admin.model))
    secrets = [path for path in [*own, *behind] if path.rpartition("__")[2] in SECRETS]
    paths = [*choose.sample(secrets, min(4, len(secrets))), *choose.sample(own, min(most, len(own)))]
    paths += choose.sample(behind, min(4, len(behind)))
    names = {choose.choice([path, f"{path}__{choose.choice(LOOKUPS)}"]) for path in paths}
    return sorted(names - declared_by(admin))


def declared_by(admin: ModelAdmin[Any]) -> set[str]:
    request = RequestFactory().get("/")
    request.user = User.objects.get(username_key="olga")
    changelist = admin.get_changelist_instance(request)
    return {name for spec in changelist.filter_specs for name in spec.expected_parameters() if name}


def browser_of(admin: ModelAdmin[Any]) -> Client:
    """Of somebody who may see the list: what support alone sees, support, else the owner."""
    client = signed_in(owner().user)
    return client if client.get(list_of(admin)).status_code == 200 else signed_in(support().user)


def list_of(admin: ModelAdmin[Any], place: str = "changelist") -> str:
    return reverse(f"admin:{admin.opts.app_label}_{admin.opts.model_name}_{place}")


@pytest.mark.parametrize("admin", ADMINS, ids=lambda admin: type(admin).__name__)
@pytest.mark.parametrize(("place", "most"), PLACES)
def test_what_a_list_does_not_declare_is_400_and_tells_nothing(admin: ModelAdmin[Any], place: str, most: int) -> None:
    choose = random.Random(f"{type(admin).__name__} {place}")
    client = browser_of(admin)
    answers = {
        name: client.get(f"{list_of(admin, place)}?{urlencode({name: choose.choice(['1', 'pbkdf2', 'True'])})}")
        for name in undeclared(admin, choose, most)
    }
    assert {name: answer.status_code for name, answer in answers.items() if answer.status_code != 400} == {}
    # The same page each time, but for the number of the request.
    pages = {answer.content.decode().replace(answer["X-Request-Id"], "") for answer in answers.values()}
    assert len(pages) == 1


def test_what_the_lists_declare_is_taken() -> None:
    browsers = {admin: browser_of(admin) for admin in ADMINS}
    declared = [(admin, name) for admin in ADMINS for name in sorted(declared_by(admin))]
    for admin, name in each(declared, at_least=30):
        value = "2026-11-30" if name in {"from", "until"} else "1"
        assert browsers[admin].get(f"{list_of(admin)}?{urlencode({name: value})}").status_code == 200, (admin, name)


@pytest.mark.parametrize("admin", ADMINS, ids=lambda admin: type(admin).__name__)
def test_every_list_is_one_of_ours(admin: ModelAdmin[Any]) -> None:
    assert issubclass(admin.get_changelist(RequestFactory().get("/")), PortalChangeList)


@pytest.mark.parametrize("guess", ["1", "9"])
def test_the_hash_of_a_password_is_not_read_character_by_character(guess: str) -> None:
    User.objects.filter(pk=make_owner().pk).update(password=make_password("x"))
    query = {"username": "olga", "password__startswith": f"pbkdf2_sha256${guess}"}
    assert as_administrator().get(f"/admin/identity/user/?{urlencode(query)}").status_code == 400


@pytest.mark.parametrize("page", ["bulk_enable", "bulk_disable", "bulk_add_to_groups"])
def test_everybody_whom_the_list_shows_is_found_by_its_own_filters(page: str) -> None:
    make_user("mia")
    query = {"all": "1", "of": urlencode({"password__startswith": "!"})}
    assert as_administrator().get(f"/admin/identity/user/{page}/?{urlencode(query)}").status_code == 400


def test_a_list_is_sorted_by_the_columns_that_it_offers() -> None:
    """Django sorts by any column that the address names, whatever its heading offers."""
    make_user("zoe", role=Role.SUPPORT)
    make_user("mia")
    client = as_administrator()
    offered, not_offered = (client.get(f"/admin/identity/user/?o={column}") for column in ("-1", "6"))
    assert [user.username for user in offered.context["cl"].result_list] == ["zoe", "mia", "adam"]
    assert [user.username for user in not_offered.context["cl"].result_list] == ["adam", "mia", "zoe"]


@pytest.mark.parametrize("field", ["password", "username_key", "email", "nonsense"])
def test_a_list_hands_out_no_column_as_the_key_of_its_rows(field: str) -> None:
    assert as_administrator().get(f"/admin/identity/user/?_popup=1&_to_field={field}").status_code == 400


def test_the_autocomplete_view_answers_with_keys_of_relations_alone() -> None:
    client = as_administrator()
    for model in each(site._registry, at_least=15):
        for column in each(columns(model), at_least=2):
            asked = {"app_label": "identity", "model_name": model._meta.model_name, "field_name": column, "term": "o"}
            answer = client.get(f"/admin/autocomplete/?{urlencode(asked)}")
            assert answer.status_code in {200, 403, 404}
            assert answer.status_code != 200 or {type(row["id"]) for row in answer.json()["results"]} <= {str}
