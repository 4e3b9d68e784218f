"""The mismatch report: what userNames of an identity provider mean here, before it pushes them."""

import pytest

from identity.core.errors import Conflicted
from identity.models import Conflict, Status
from identity.queries.mismatches import Match, Sent, find_mismatches, what_arrived
from identity.services.provisioning import conflicts
from tests.factories import (
    OPERATOR,
    make_administrator,
    make_break_glass,
    make_idp,
    make_user,
    provision,
    resend,
)
from tests.statements import Most, same_for

pytestmark = pytest.mark.django_db


def found(*names: Sent) -> list[tuple[str, Match, str]]:
    return [(one.sent.user_name, one.match, one.user.username if one.user else "") for one in find_mismatches(names)]


def test_each_kind_of_match() -> None:
    make_user("mia")
    make_user("Max")
    make_user("ida")
    make_user("leo@corp.test", email="leo@corp.test")
    make_user("nora.new", email="nora@corp.test")
    assert found(
        Sent("mia"),
        Sent("MAX"),
        Sent("ida@corp.test"),
        Sent("leo"),
        Sent("nora@corp.test"),
        Sent("n.smith", "Nora@corp.test"),
        Sent("tom"),
    ) == [
        ("mia", Match.EXACT, "mia"),
        ("MAX", Match.CASE, "Max"),
        ("ida@corp.test", Match.PREFIX, "ida"),
        ("leo", Match.PREFIX, "leo@corp.test"),
        ("nora@corp.test", Match.SAME_EMAIL, "nora.new"),
        ("n.smith", Match.SAME_EMAIL, "nora.new"),
        ("tom", Match.NONE, ""),
    ]


def test_a_name_that_only_begins_like_a_username_is_no_match() -> None:
    make_user("leonard@corp.test")
    make_user("leo.smith")
    make_user("leo_@corp.test")
    assert found(Sent("leo")) == [("leo", Match.NONE, "")]


def test_the_same_username_with_another_email_will_be_a_conflict() -> None:
    make_user("mia")
    same, other, unknown = find_mismatches(
        [Sent("mia", "MIA@example.test"), Sent("mia", "mia@other.test"), Sent("mia")]
    )
    assert [one.has_other_email for one in (same, other, unknown)] == [False, True, False]
    assert [one.is_in_order for one in (same, other, unknown)] == [True, False, True]


def test_an_account_that_nobody_takes_over_silently_will_be_a_conflict() -> None:
    """R6b: the names and emails agree, and the first push is refused all the same."""
    make_break_glass("glass")
    make_administrator("adam")
    make_user("dan", status=Status.DISABLED)
    make_administrator("managed", managed_by=make_idp())
    names = [Sent(name, f"{name}@example.test") for name in ("glass", "adam", "dan", "managed")]
    assert [(one.is_in_order, one.meaning) for one in find_mismatches(names)] == [
        (False, "A break-glass account, which is never linked: a conflict."),
        (False, "The account has a role, so an owner decides: a conflict."),
        (False, "Disabled by an administrator: a conflict."),
        (True, Match.EXACT.meaning),
    ]


def test_what_the_report_says_of_an_account_is_what_the_push_does() -> None:
    idp = make_idp()
    make_user("ida")
    make_user("dan", status=Status.DISABLED)
    make_user("mia")
    sent = [Sent("ida@corp.test", "ida@corp.test"), Sent("dan", "dan@example.test"), Sent("mia", "other@example.test")]
    prefix, disabled, other = find_mismatches(sent)
    assert prefix.meaning == Match.PREFIX.meaning
    provision(idp, "ida@corp.test", "ida@corp.test")
    for finding in (disabled, other):
        assert finding.meaning.endswith(": a conflict.")
        with pytest.raises(Conflicted):
            provision(idp, finding.sent.user_name, finding.sent.email)


def test_what_arrived_is_who_waits_in_a_conflict_and_who_came_in() -> None:
    okta, entra = make_idp("Okta"), make_idp("Entra")
    make_user("mia")
    ada = provision(okta, "ada").user
    provision(entra, "eve")
    with pytest.raises(Conflicted):
        provision(okta, "mia", "mia@other.test")
    assert list(what_arrived(okta)) == [Sent("mia", "mia@other.test"), Sent("ada", "ada@example.test", ada.pk)]


def test_many_names_cost_as_many_statements_as_few() -> None:
    make_user("leo@corp.test", managed_by=make_idp())
    names = [Sent("leo")] + [Sent(f"user{number}", f"user{number}@corp.test") for number in range(3000)]
    same_for(lambda sent: list(find_mismatches(sent)), names[:2], names, Most.LOOK_UP)
    assert sum(one.user is not None for one in find_mismatches(names)) == 1


def test_who_has_arrived_and_is_linked_is_compared_with_that_account() -> None:
    """Renamed there later, or linked by an administrator: nothing of it is refused, and nobody is new."""
    idp = make_idp()
    renamed, other = provision(idp, "ada"), make_user("mia", email="mia@private.example")
    resend(renamed, "ada.king")
    with pytest.raises(Conflicted):
        provision(idp, "mia", "mia@corp.example")
    conflicts.link_conflict(Conflict.objects.get(), actor=OPERATOR)
    provision(idp, "mia", "mia@corp.example")
    findings = list(find_mismatches(what_arrived(idp)))
    assert [(one.sent.user_name, one.match, one.user, one.is_in_order, one.meaning) for one in findings] == [
        ("ada.king", Match.LINKED, renamed.user, True, Match.LINKED.meaning),
        ("mia", Match.EXACT, other, True, "Linked already."),
    ]
    assert [one.is_conflict_by_email for one in findings] == [False, False]
