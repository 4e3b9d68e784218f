"""Everything that the portal's pages can do is possible by REST and by a command: tests/portal/doors.py, both ways."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.core.management import get_commands, load_command_class

from portal.admin.frame.exporting import ExportingAdmin
from portal.api.schema import document
from portal.management.operator_command import ListCommand
from tests.loops import each
from tests.portal import doors
from tests.portal.admin_pages import names_below
from tests.portal.doors import Doors

# Django's admin has these addresses for every model; the portal's pages are `change` (one row) and `changelist`.
DJANGOS = ("_add", "_delete", "_history", "_change", "_changelist", "_export")
# The doors of programs, and what only those that watch the server ask for.
ELSEWHERE = ("api-", "api_", "scim:", "saml_", "sso_", "openid_", "healthz", "livez", "readyz", "metrics", "oauth_")

OPERATIONS = {
    operation["operationId"]: operation for methods in document()["paths"].values() for operation in methods.values()
}
COMMANDS = {name for name, app in get_commands().items() if app == "portal"}

TABLES = {
    "actions": doors.ACTIONS,
    "lists": doors.LISTS,
    "rows": doors.ROWS,
    "others": doors.OTHERS,
    "own": doors.OWN,
}
ENTRIES = {f"{table} {name}": entry for table, entries in TABLES.items() for name, entry in entries.items()}


def addresses() -> set[str]:
    from django.urls import get_resolver  # noqa: PLC0415 - at import the pages are not registered yet

    return {name for name, _ in names_below(get_resolver().url_patterns)}


def admins() -> set[str]:
    return {name.removeprefix("admin:").removeprefix("identity_") for name in addresses() if name.startswith("admin:")}


def models() -> Iterator[str]:
    """Those that have pages of their own in the admin UI."""
    for model, model_admin in admin.site._registry.items():
        if isinstance(model_admin, ExportingAdmin):
            yield str(model._meta.model_name)


def test_every_page_that_acts_is_in_the_table() -> None:
    acting = {
        f"{model._meta.model_name}_{page.name}"
        for model, model_admin in admin.site._registry.items()
        for page in getattr(model_admin, "pages", ())
    }
    assert doors.ACTIONS.keys() == {*acting, "disabled_users_delete"}


def test_every_list_and_every_row_is_in_the_table() -> None:
    assert doors.LISTS.keys() == {*models(), "disabled_users"} - {"accesssettings"}
    assert doors.ROWS.keys() == doors.LISTS.keys() - {"disabled_users", "invitation", "deletionrecord"}


def test_every_other_address_below_admin_is_in_the_table() -> None:
    lists = {*doors.LISTS, "accesssettings"}
    known = {f"{name}{end}" for name in lists for end in DJANGOS} | {"disabled_users"}
    rest = admins() - doors.ACTIONS.keys() - (known - {"accesssettings_changelist"})
    assert doors.OTHERS.keys() == rest


def test_every_page_of_ones_own_is_in_the_table() -> None:
    own = {name for name in addresses() if not name.startswith(("admin:", *ELSEWHERE))}
    assert doors.OWN.keys() == own


@pytest.mark.parametrize("name", ENTRIES)
def test_what_a_page_does_is_done_by_rest_and_by_a_command(name: str) -> None:
    entry: Doors = ENTRIES[name]
    assert bool(entry.rest) is bool(entry.commands) is not bool(entry.why)
    assert {*entry.rest} <= OPERATIONS.keys()
    assert {*entry.commands} <= COMMANDS


@pytest.mark.parametrize("name", doors.LISTS)
def test_what_a_page_exports_is_exported_by_rest_and_by_a_command(name: str) -> None:
    files = {"export_users", "export_audit_events"}
    entry = doors.LISTS[name]
    assert all("text/csv" in OPERATIONS[one]["responses"]["200"]["content"] for one in each(entry.rest, at_least=1))
    for command in each(entry.commands, at_least=1):
        assert command in files or isinstance(load_command_class("portal", command), ListCommand)


def test_every_change_by_rest_is_a_pages() -> None:
    """A door that does more than the pages would be one that nobody thinks of."""
    changes = {
        operation["operationId"]
        for methods in document()["paths"].values()
        for method, operation in methods.items()
        if method != "get"
    }
    of_pages = {name for entry in ENTRIES.values() for name in entry.rest}
    assert changes - of_pages == set()
