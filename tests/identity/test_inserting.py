"""identity/db/compiled.py: what is inserted by SQL that was built once is what `save()` and `bulk_create()` write."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model
from django.utils import timezone

from identity.db.compiled import insert
from identity.models import SSOGroup, SSOUser, User
from identity.models.sso import Versioned
from tests.factories import make_idp, make_user
from tests.loops import each

pytestmark = pytest.mark.django_db

WAYS: dict[str, Callable[[Any], object]] = {
    "save": lambda row: row.save(),
    "bulk_create": lambda row: type(row).objects.bulk_create([row]),
    "insert": insert,
}


def new_user(number: int) -> SSOUser:
    name = f"ada{number}"
    return SSOUser(identity_provider=make_idp(name), user=make_user(name), user_name=name, user_name_key=name)


def new_group(number: int) -> SSOGroup:
    return SSOGroup(identity_provider=make_idp(f"idp{number}"), display_name="Sales", display_name_key="sales")


NEW: dict[type[Versioned], Callable[[int], Any]] = {SSOUser: new_user, SSOGroup: new_group}


@pytest.mark.parametrize("way", WAYS)
def test_a_new_versioned_row_was_modified_when_it_was_created(way: str) -> None:
    """RFC 7643 section 3.1: `lastModified` equals `created` as long as nothing has changed."""
    for number, model in enumerate(each(Versioned.__subclasses__(), at_least=2)):
        row, before = NEW[model](number), timezone.now() - timedelta(days=1)
        row.created_at = before
        WAYS[way](row)
        for shown in (row, model._default_manager.get()):
            assert (shown.version, shown.created_at, shown.modified_at) == (1, before, before)


def test_a_later_change_has_a_time_of_its_own() -> None:
    row = insert(new_user(1))
    row.modified_at += timedelta(days=1)
    row.save()
    assert SSOUser.objects.get().modified_at == row.created_at + timedelta(days=1)


def test_what_is_kept_at_every_writing_is_in_no_save_that_an_insert_passes_by() -> None:
    bases = (Model, AbstractBaseUser)
    writing = ("save", "save_base", "asave", "full_clean")
    own = [
        (model.__name__, name)
        for model in each(apps.get_app_config("identity").get_models(), at_least=30)
        for name in writing
        if getattr(model, name) not in [getattr(base, name) for base in bases]
    ]
    assert own == []


def test_an_inserted_row_has_the_key_of_a_related_row_that_was_saved_after_it_was_named() -> None:
    user = User(username="ada", username_key="ada")
    row = new_user(1)
    row.user = user
    with pytest.raises(ValueError, match="unsaved related object"):
        insert(row)
    user.save()
    assert SSOUser.objects.get(pk=insert(row).pk).user == user
