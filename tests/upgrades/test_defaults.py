"""A host that does not know a column leaves it out of its inserts: the database has to know what stands there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.models import NOT_PROVIDED

from identity.models import AuditEvent, SSOUser
from tests.factories import make_idp, make_user
from tests.loops import each

pytestmark = pytest.mark.django_db


def with_default() -> Iterator[models.Field[Any, Any]]:
    """The columns of our tables that are never NULL and that rows have a value for by themselves."""
    for model in apps.get_app_config("identity").get_models():
        for field in model._meta.local_concrete_fields:
            is_text = isinstance(field, models.CharField | models.TextField) and field.blank
            if not field.null and not field.primary_key and (field.has_default() or is_text):
                yield field


def test_every_such_column_has_a_default_of_the_database() -> None:
    assert [str(field) for field in each(with_default(), at_least=100) if field.db_default is NOT_PROVIDED] == []


def test_and_the_migrations_have_set_it() -> None:
    missing = []
    with connection.cursor() as cursor:
        for field in each(with_default(), at_least=100):
            table = connection.introspection.get_table_description(cursor, field.model._meta.db_table)
            missing += [str(field) for column in table if column.name == field.column and column.default is None]
    assert missing == []


def test_rows_that_name_no_more_than_they_must_are_whole() -> None:
    idp, people = make_idp(), [make_user("ada"), make_user("bob")]
    with connection.cursor() as cursor:
        for user in people:
            cursor.execute(
                "INSERT INTO identity_ssouser (identity_provider_id, user_id, user_name, user_name_key)"
                " VALUES (%s, %s, %s, %s)",
                [idp.pk, user.pk, user.username, user.username_key],
            )
        cursor.execute("INSERT INTO identity_auditevent (action, actor_kind, request_id) VALUES ('a', 'b', 'c')")
    ada, bob = SSOUser.objects.order_by("pk")
    assert ada.scim_id != bob.scim_id
    assert (ada.active, ada.version, ada.attributes, ada.keys) == (True, 1, {}, {})
    assert ada.created_at <= AuditEvent.objects.get(action="a").at
