"""SR-26: no list of the REST API is narrowed or sorted by a column that it does not declare."""

import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Model
from django.utils import timezone

from identity.models import AuditEvent, BulkRun, ScheduledJob
from identity.services.bulk_runs import create_run
from portal.api.urls import RESOURCES
from tests.clients import Script, owners_caller, problem, supports_caller
from tests.factories import OPERATOR, make_group, make_idp, push_group

pytestmark = pytest.mark.django_db

LOOKUPS = ("exact", "startswith", "regex", "gt", "isnull", "in")
SECRETS = ("password", "digest", "client_secret", "user__password", "created_by__password", "sso_user__external_id")
LISTS = {address: view for address, view in RESOURCES.items() if hasattr(view, "list")}


def undeclared(view: Any, choose: random.Random) -> list[str]:
    model: type[Model] = view.queryset.model
    columns = [field.name for field in model._meta.get_fields() if field.concrete]
    paths = [*choose.sample(columns, min(4, len(columns))), *choose.sample(SECRETS, 3)]
    named = {f"{path}__{choose.choice(LOOKUPS)}" for path in paths}
    filterset = getattr(view, "filterset_class", None)
    return sorted(named - set(filterset.base_filters if filterset else ()))


# What a list hangs on.
MAKERS: dict[str, Callable[[], Any]] = {
    "event": lambda: make_group() and AuditEvent.objects.latest("pk"),
    "group": make_group,
    "job": lambda: ScheduledJob.objects.create(name="headcount", due_at=timezone.now()),
    "provider": make_idp,
    "run": lambda: create_run(BulkRun.Kind.ENABLE, [], is_draft=True, actor=OPERATOR),
    "sso_group": lambda: push_group(make_idp()),
}


def path_of(address: str) -> str:
    """The list, of something new where it hangs on something."""
    return re.sub(r"<int:(\w+)_id>", lambda match: str(MAKERS[match[1]]().pk), f"{address}/")


def reader(address: str) -> Script:
    return supports_caller() if address.startswith("support/") else owners_caller()


@pytest.mark.parametrize("address", LISTS)
def test_what_a_list_does_not_declare_is_400(address: str) -> None:
    script, choose = reader(address), random.Random(address)
    path = path_of(address)
    assert script.get(path).status_code == 200
    for name in undeclared(LISTS[address], choose):
        assert problem(script.get(f"{path}?{name}=1")) == (400, "invalid_value"), name
    for column in ("password", "-digest", "user__password", "pk__gt"):
        assert script.get(f"{path}?ordering={column}").status_code == 400, column
