"""PERFORMANCE.md: what each list of the admin UI costs, whatever the size of the directory."""

import pytest
from django.contrib.admin import site
from django.db import connection
from django.test.utils import CaptureQueriesContext

from identity.models import BulkRun, Conflict, DeletionRecord, Group, Membership, SSOConnection, User
from identity.services import api_tokens, bulk, invitations
from tests.factories import (
    OPERATOR,
    administrator,
    make_asset,
    make_group,
    make_idp,
    make_token,
    make_user,
    map_group,
    provision,
    push_group,
)
from tests.portal.admin_pages import address, as_owner

pytestmark = pytest.mark.django_db

# Under 10 each: two are the session and its user, one is the number of open conflicts in the sidebar.
STATEMENTS = {
    "apitoken": 6,
    "asset": 7,
    "auditevent": 9,
    "bulkrun": 5,
    "conflict": 6,
    "deletionrecord": 5,
    "group": 8,
    "groupmapping": 6,
    "identityprovider": 7,
    "invitation": 6,
    "provisioninglog": 5,
    "scimtoken": 6,
    "ssoconnection": 5,
    "ssogroup": 9,
    "ssouser": 6,
    "user": 9,
}


def fill(number: int) -> None:
    """That many of everything that is listed."""
    idp = make_idp()
    SSOConnection.objects.create(identity_provider=idp, slug="okta")
    for one in range(number):
        sso_user = provision(idp, f"user{one:03}")
        map_group(push_group(idp, f"SSO {one}", sso_user), make_group(f"Group {one}"))
        make_asset(sso_user.user, f"Asset {one}")
        make_token(idp, f"token {one}")
        Conflict.objects.create(identity_provider=idp, user=sso_user.user, user_name=f"user{one:03}")
        invitations.invite_user(username=f"ivy{one}", email=f"ivy{one}@example.test", actor=OPERATOR)
        bulk.create_run(BulkRun.Kind.ENABLE, [bulk.Wanted(sso_user.user)], actor=administrator())
        DeletionRecord.objects.create(user_id=one, username_digest="0", reason="asked for")
    api_tokens.create_api_token(label="script", scopes=["read"], actor=administrator())
    Membership.objects.bulk_create(
        (Membership(group=group, user=user) for group in Group.objects.all() for user in User.objects.all()),
        ignore_conflicts=True,
    )


@pytest.mark.parametrize("number", [2, 12])
def test_a_list_costs_the_same_statements_whatever_its_size(number: int) -> None:
    fill(number)
    client = as_owner()
    cost = {}
    for admin in site._registry.values():
        with CaptureQueriesContext(connection) as seen:
            assert client.get(admin.list_url()).status_code == 200  # type: ignore[attr-defined]
        cost[admin.opts.model_name] = len(seen)
    del cost["accesssettings"]  # one row, no list
    assert cost == STATEMENTS


# No page is drawn for a file, but the list's filters are read, and its rows are counted once.
EXPORTS = {
    "apitoken": 5,
    "asset": 7,
    "auditevent": 10,
    "bulkrun": 5,
    "conflict": 6,
    "deletionrecord": 5,
    "group": 8,
    "groupmapping": 8,
    "identityprovider": 10,
    "invitation": 5,
    "provisioninglog": 6,
    "scimtoken": 6,
    "ssoconnection": 5,
    "ssogroup": 9,
    "ssouser": 6,
    "user": 8,
}


@pytest.mark.parametrize("number", [2, 12])
def test_an_export_costs_the_same_statements_whatever_its_size(number: int) -> None:
    fill(number)
    client = as_owner()
    cost = {}
    for admin in site._registry.values():
        if (name := admin.opts.model_name) != "accesssettings":
            with CaptureQueriesContext(connection) as seen:
                b"".join(client.get(address(f"{name}_export")).streaming_content)  # type: ignore[arg-type]
            cost[name] = len(seen)
    assert cost == EXPORTS


def test_no_list_counts_a_whole_table() -> None:
    make_user("mia")
    client = as_owner()
    for admin in site._registry.values():
        with CaptureQueriesContext(connection) as seen:
            client.get(admin.list_url())  # type: ignore[attr-defined]
        start = f'SELECT COUNT(*) AS "__count" FROM "{admin.opts.db_table}"'
        counts = [query["sql"] for query in seen if query["sql"].startswith(start)]
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
