"""Strict filters: invalid values are refused, not ignored."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.forms import IntegerField
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from identity.models import User
from identity.models.users import matching
from portal.api.fields import LARGEST_KEY


@extend_schema_field(OpenApiTypes.BOOL)
class Flag(filters.TypedChoiceFilter):
    """`true` or `false`; django-filter's own treats anything else as unset."""

    def __init__(self, **options: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(choices=choices, coerce=lambda text: text == "true", **options)


@extend_schema_field(OpenApiTypes.INT)
class Key(filters.Filter):
    """By the id of a row that may be gone."""

    field_class = IntegerField

    def __init__(self, label: str, *, least: int = 1, **options: Any) -> None:
        super().__init__(label=label, min_value=least, max_value=LARGEST_KEY, **options)


class PersonFilter(filters.FilterSet):
    """People by the beginning of any of their names."""

    q = filters.CharFilter(method="search", label="Username, email, first or last name begins with this.")
    person = ""  # the path from the rows to the user

    def search(self, rows: QuerySet[User], name: str, text: str) -> QuerySet[User]:
        return rows.filter(matching(text, self.person))
