"""What all commands promise where there is nothing yet: lists of nothing, and refusals that scripts can read."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from identity.models import Role
from tests.factories import make_idp, make_support, make_user, provision
from tests.portal.commands import LISTS, NEVER_EMPTY, OF
from tests.portal.shell import answer, refusal, run


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted({*LISTS} - {*OF, *NEVER_EMPTY}))
def test_a_list_of_nothing_is_an_empty_array(name: str) -> None:
    assert answer(name) == []
    assert run(name) == ""


@pytest.mark.django_db
def test_a_refusal_in_json_names_its_code_and_keeps_the_exit_code() -> None:
    make_user("ada", role=Role.OWNER)
    told = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("set_role", "ada", "member", "--json", stdout=StringIO(), stderr=told)
    error = json.loads(told.getvalue())["error"]
    assert (ended.value.code, error["code"]) == (5, "last_enabled_owner")
    assert error["sentence"].startswith("This is the last enabled owner")


@pytest.mark.django_db
def test_a_dry_run_is_refused_as_the_real_run_would_be() -> None:
    make_user("grace")
    make_support()
    assert refusal("delete_user", "grace", "--as", "sue", "--reason", "left")[0] == 5


@pytest.mark.django_db
def test_what_an_idp_sends_can_not_steer_the_terminal() -> None:
    """A right-to-left mark or an escape in a name is shown as a question mark (SR-28)."""
    provision(make_idp(), "ada", first_name="A\u202eda")
    assert "A?da" in run("show_user", "ada")
