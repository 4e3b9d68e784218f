"""docs/design/performance.md: the benchmark asks for every page of the admin UI, so that a new one is measured too."""

import pytest
from django.urls import get_resolver, resolve, reverse

from tests.bench.admin_addresses import walks
from tests.bench.company import Company
from tests.portal.admin_pages import names_below
from tests.sessions import as_owner

pytestmark = pytest.mark.django_db

# Two ask the database for nothing of their own; the file compares everybody, part by part, while it is sent.
NOT_MEASURED = {"jsi18n", "password_change_done", "identity_accesssettings_groups_csv"}


def registered() -> dict[str, int]:
    pages = dict(names_below(get_resolver().url_patterns))
    return {name: values for name, values in pages.items() if name.startswith("admin:") or "profile" in name}


def test_what_the_benchmark_does_not_ask_for_is_no_page() -> None:
    measured = {resolve(path.partition("?")[0]).view_name for walk in walks(Company()) for path in walk.addresses}
    client = as_owner()
    pages = {name: values for name, values in registered().items() if name not in measured}
    opened = {name for name, values in pages.items() if client.get(reverse(name, args=[1] * values)).status_code == 200}
    assert {name.removeprefix("admin:") for name in opened} == NOT_MEASURED
