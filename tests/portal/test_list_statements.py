"""docs/design/performance.md: what each list of the admin UI costs, whatever the size of the directory."""

from functools import partial

import pytest
from django.contrib.admin import site
from django.test import Client

from tests.factories import (
    make_idp,
    make_user,
)
from tests.loops import each
from tests.portal.admin_pages import address
from tests.portal.rows import fill
from tests.sessions import as_owner
from tests.statements import Most, same_for_many_rows, statements

pytestmark = pytest.mark.django_db


LISTS = sorted(admin.opts.model_name for admin in site._registry.values() if admin.opts.model_name != "accesssettings")


@pytest.mark.parametrize(("page", "most"), [("changelist", Most.LIST), ("export", Most.EXPORT)])
def test_lists_and_exports_cost_the_same_whatever_their_size(page: str, most: int) -> None:
    client = as_owner()
    client.get("/profile/")  # takes along what a session notes now and then
    assert len(LISTS) > 15
    asks = [partial(looked_at, client, f"{name}_{page}") for name in LISTS]
    same_for_many_rows(asks, lambda number: fill(range(number, number + 1)), most)


def looked_at(client: Client, page: str) -> None:
    answer = client.get(address(page))
    assert answer.status_code == 200
    assert answer.getvalue()


def test_no_list_counts_a_whole_table() -> None:
    make_user("mia")
    client = as_owner()
    for admin in each(site._registry.values(), at_least=15):
        with statements() as seen:
            client.get(admin.list_url())  # type: ignore[attr-defined]
        assert seen
        start = f'SELECT COUNT(*) AS "__count" FROM "{admin.opts.db_table}"'
        counts = [sql for sql in seen if sql.startswith(start)]
        assert [sql for sql in counts if "WHERE" not in sql] == []


@pytest.mark.parametrize("page", ["conflict", "scimtoken", "ssouser"])
def test_an_id_without_end_in_the_address_is_no_server_error(page: str) -> None:
    """SQLite can't take it: it is nobody's there as well."""
    make_idp("Okta")
    make_idp("Entra")
    client = as_owner()
    for name in ("changelist", "export"):
        query = "identity_provider__id__exact=99999999999999999999999"
        assert client.get(f"{address(f'{page}_{name}')}?{query}").status_code == 200
