"""PERFORMANCE.md: what each list of the admin UI costs, whatever the size of the directory."""

from functools import partial

import pytest
from django.contrib.admin import site
from django.test import Client

from identity.models import BulkRun, Conflict, DeletionRecord, Group, IdentityProvider, Membership, User
from identity.services import api_tokens, bulk, invitations
from tests.factories import (
    OPERATOR,
    administrator,
    connect,
    make_asset,
    make_group,
    make_idp,
    make_token,
    make_user,
    map_group,
    provision,
    push_group,
)
from tests.loops import each
from tests.portal.admin_pages import address
from tests.sessions import as_owner
from tests.statements import Most, same_for_many_rows, statements

pytestmark = pytest.mark.django_db


def fill(numbers: range) -> None:
    """One of everything that is listed for each number."""
    idp = IdentityProvider.objects.filter(name="Okta").first() or make_idp("Okta")
    for one in numbers:
        sso_user = provision(idp, f"user{one:03}")
        map_group(push_group(idp, f"SSO {one}", sso_user), make_group(f"Group {one}"))
        make_asset(sso_user.user, f"Asset {one}")
        make_token(idp, f"token {one}")
        connect(f"IdP {one}")
        Conflict.objects.create(identity_provider=idp, user=sso_user.user, user_name=f"user{one:03}")
        invitations.invite_user(username=f"ivy{one}", email=f"ivy{one}@example.test", actor=OPERATOR)
        bulk.create_run(BulkRun.Kind.ENABLE, [bulk.Wanted(sso_user.user)], actor=administrator())
        DeletionRecord.objects.create(user_id=one, username_digest="0", reason="asked for")
        api_tokens.create_api_token(label=f"script {one}", scopes=["read"], actor=administrator())
    Membership.objects.bulk_create(
        (Membership(group=group, user=user) for group in Group.objects.all() for user in User.objects.all()),
        ignore_conflicts=True,
    )


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
