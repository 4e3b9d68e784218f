"""Many at once: the preview, the progress, a result for each."""

import csv
import re
from html import unescape
from importlib import import_module
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.test import Client, override_settings
from django_tasks_db.models import DBTaskResult

from identity.core.errors import Refused
from identity.models import AuditEvent, BulkRow, BulkRun, Invitation, Status, User
from identity.services import bulk_runs, deletion, groups, invitations, users
from tests import clock
from tests.factories import OPERATOR, administrator, make_support, make_user, set_mode, support
from tests.portal.admin_pages import address, messages_of, text_of
from tests.sessions import as_administrator, as_owner, signed_in

pytestmark = pytest.mark.django_db(transaction=True)

Outcome = BulkRow.Outcome

FILE = """username,email,first_name,last_name,team
ivy,ivy@example.test,Ivy,Green,red
mia,other@example.test,,,
noemail,,,,
IVY,again@example.test,,,
'=sum,sum@example.test,,,
,,,,
"""


def upload(client: Client, text: str | bytes = FILE) -> Any:
    content = text if isinstance(text, bytes) else text.encode()
    file = SimpleUploadedFile("people.csv", content, "text/csv")
    return client.post(address("invitation_import"), {"file": file}, follow=True)


def results(run: BulkRun) -> dict[str, tuple[str, str]]:
    return {row.username: (row.outcome, row.sentence) for row in run.rows.all()}


def start(client: Client) -> HttpResponse:
    return client.post(address("bulkrun_start", BulkRun.objects.get().pk), follow=True)


# --- invitations from a file ---


def test_a_file_is_shown_before_anybody_is_invited() -> None:
    make_user("mia")
    page = text_of(upload(as_administrator()))
    assert "Draft" in page
    assert "2 of 5 can be done; the others are refused already" in page
    assert "ivy 2 ivy@example.test Ivy Green Waiting" in page
    assert "mia 3 other@example.test – Refused This username belongs to another user." in page
    assert "noemail 4 none – Refused email is needed to send the invitation to." in page
    assert "IVY 5 again@example.test – Refused An earlier line has this username." in page
    assert "=sum 6 sum@example.test – Waiting" in page
    assert (mail.outbox, Invitation.objects.count()) == ([], 0)


def test_a_draft_of_which_nothing_can_be_done_does_not_ask_to_be_started() -> None:
    make_user("mia")
    answer = upload(as_administrator(), "username,email\nmia,other@example.test\n")
    page = text_of(answer)
    assert "Nothing of this file can be done: every line is refused, with the reason." in page
    assert "then start" not in page
    assert "gh-button-primary" not in answer.content.decode()


def test_a_draft_that_is_started_invites_and_says_so_for_each() -> None:
    make_user("mia")
    client = as_administrator()
    upload(client)
    page = start(client)
    assert messages_of(page) == ["Invite people from a file: 2 done, 3 refused."]
    assert "ivy 2 ivy@example.test Ivy Green Done The invitation is on its way to ivy@example.test." in text_of(page)
    assert {message.to[0] for message in mail.outbox} == {"ivy@example.test", "sum@example.test"}
    assert set(User.objects.with_status(Status.INVITED).values_list("username", flat=True)) == {"ivy", "=sum"}
    adam = User.objects.get(username="adam")
    assert set(AuditEvent.objects.filter(action="user.invited").values_list("actor_id", flat=True)) == {adam.pk}


def test_a_name_that_was_taken_since_the_preview_is_refused_and_the_others_go_through() -> None:
    client = as_administrator()
    upload(client, "username,email\nivy,ivy@example.test\nmax,max@example.test\n")
    make_user("ivy")
    start(client)
    found = results(BulkRun.objects.get())
    assert found["ivy"] == (Outcome.REFUSED, "This username or email belongs to another user.")
    assert found["max"][0] == Outcome.DONE


def test_a_draft_can_be_discarded_and_a_run_cannot() -> None:
    client = as_administrator()
    upload(client)
    run = BulkRun.objects.get()
    assert messages_of(client.post(address("bulkrun_discard", run.pk), follow=True)) == ["The draft was discarded."]
    assert not BulkRun.objects.exists()
    upload(client)
    start(client)
    assert client.post(address("bulkrun_discard", BulkRun.objects.get().pk)).status_code == 403
    assert BulkRun.objects.exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("name,mail\n", "The file has no column email and no column username."),
        ("username,email\n", "The file lists no people."),
        ("username,email,Email\nm,m@example.test,x\n", "The file has more than one column email."),
        ('username,email\n"m,m@example.test\n', "The file can't be read: unexpected end of data."),
        ("username,email\nm\0,m@example.test\n", "The file can't be read: there is a NUL character in it."),
        (b"username,email\nM\xfcller,m@example.test\n", "The file is not UTF-8"),
        ("", "The submitted file is empty."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(content: str | bytes, sentence: str) -> None:
    assert sentence in text_of(upload(as_administrator(), content))
    assert not BulkRun.objects.exists()


@pytest.mark.parametrize(
    "text",
    [
        "Username,EMAIL,First Name,last-name\nivy,ivy@example.test,Ivy,Green\n",
        "\ufeffusername;email;first_name;last_name\r\nivy;ivy@example.test;Ivy;Green\r\n",
        "email\tusername\tteam\tfirst_name\tlast_name\nivy@example.test\tivy\tred\tIvy\tGreen\n",
    ],
)
def test_a_file_is_read_as_spreadsheets_write_it(text: str) -> None:
    """Headings in any case and order, cells between commas, semicolons or tabs, with a byte order mark."""
    upload(as_administrator(), text)
    said = {"username": "ivy", "email": "ivy@example.test", "first_name": "Ivy", "last_name": "Green"}
    assert [row.values for row in BulkRow.objects.all()] == [said]


def test_what_is_wrong_with_a_line_is_told_with_its_number() -> None:
    mia = make_user("mia")
    lines = (
        "username,email,first_name",
        "ivy,ivy@example.test,Green, Ivy",
        "",
        f"max,{mia.email},Max",
        "zoe,zoe@example.test,Zoe",
        "eve,ZOE@example.test,Eve",
    )
    upload(as_administrator(), "\n".join(lines))
    assert {(row.position, row.username, row.sentence) for row in BulkRow.objects.all()} == {
        (2, "ivy", "This line has more cells than there are headings."),
        (4, "max", "This email belongs to another user."),
        (5, "zoe", ""),
        (6, "eve", "An earlier line has this email."),
    }


def test_a_file_of_too_many_is_refused_beside_the_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_runs, "MOST_ROWS", 1)
    page = upload(as_administrator(), "username,email\nivy,ivy@example.test\nmax,max@example.test\n")
    assert "There are more than 1 people in the file: split it." in text_of(page)
    assert "CSV file" in text_of(page)


def test_the_results_of_a_file_can_be_saved_mended_and_read_again() -> None:
    make_user("mia")
    client = as_administrator()
    upload(client)
    run = BulkRun.objects.get()
    page = client.get(address("bulkrun_change", run.pk, outcome="refused"))
    link = f"{address('bulkrun_results', run.pk)}?outcome=refused"
    assert link in page.content.decode()
    saved = b"".join(client.get(link)).decode()
    rows = list(csv.DictReader(StringIO(saved)))
    assert [(row["line"], row["username"], row["email"], row["outcome"]) for row in rows] == [
        ("3", "mia", "other@example.test", "Refused"),
        ("4", "noemail", "", "Refused"),
        ("5", "IVY", "again@example.test", "Refused"),
    ]
    again = upload(client, saved.replace("mia", "max"))
    assert "max 2 other@example.test – Waiting" in text_of(again)


def test_a_draft_that_a_colleague_starts_is_the_colleagues() -> None:
    upload(as_administrator())
    page = start(owner := as_owner())
    run = BulkRun.objects.get()
    assert run.started_by is not None
    assert run.started_by.username in text_of(page)
    assert owner.get(address("bulkrun_change", run.pk)).context["is_own"]


def test_a_run_stays_with_who_started_it_whoever_presses_start_again() -> None:
    upload(first := as_administrator())
    start(first)
    sent = len(mail.outbox)
    start(as_owner())
    assert BulkRun.objects.get().started_by == User.objects.get(username="adam")
    assert len(mail.outbox) == sent > 0


def test_with_sso_enforced_no_file_is_taken_and_a_draft_is_not_started() -> None:
    client = as_administrator()
    upload(client)
    set_mode(sso=True)
    assert upload(client).status_code == 403
    assert start(client).status_code == 403
    assert BulkRun.objects.get().is_draft
    assert mail.outbox == []


# --- progress ---


def test_a_run_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    people = [make_user(f"user{number}") for number in range(3)]
    client = as_administrator()
    monkeypatch.setattr(bulk_runs.work_on, "__kwdefaults__", {"seconds": -1.0})
    page = client.post(address("user_bulk_disable", ids=",".join(str(user.pk) for user in people)), follow=True)
    assert "1 of 3 done" in text_of(page)
    run = BulkRun.objects.get()
    for finished in ("2 of 3 done", "Finished"):
        page = client.post(address("bulkrun_continue", run.pk), follow=True)
        assert finished in text_of(page)
    assert User.objects.filter(status=Status.DISABLED).count() == 3
    assert "Continue" not in text_of(page)


def test_only_the_page_of_who_started_it_goes_on_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever only looks would do the rest in their own name, and might be somebody who may more."""
    people = [make_user(f"user{number}") for number in range(2)]
    client = as_administrator()
    monkeypatch.setattr(bulk_runs.work_on, "__kwdefaults__", {"seconds": -1.0})
    page = client.post(address("user_bulk_disable", ids=",".join(str(user.pk) for user in people)), follow=True)
    assert "bulkRun('page')" in page.content.decode()
    looked_at = as_owner().get(address("bulkrun_change", BulkRun.objects.get().pk))
    assert "bulkRun('')" in looked_at.content.decode()
    assert "the rest is done in your name" in text_of(looked_at)


def begin_slowly(monkeypatch: pytest.MonkeyPatch) -> BulkRun:
    """A run of three of which the answer did one."""
    people = [make_user(f"user{number}") for number in range(3)]
    client = as_administrator()
    with monkeypatch.context() as patch:
        patch.setattr(bulk_runs.work_on, "__kwdefaults__", {"seconds": -1.0})
        page = client.post(address("user_bulk_disable", ids=",".join(str(user.pk) for user in people)), follow=True)
    assert "A worker does the rest" in text_of(page)
    return BulkRun.objects.get()


@pytest.mark.usefixtures("_queued")
@pytest.mark.parametrize("seconds", [bulk_runs.SECONDS_OF_A_ROUND, -1.0], ids=["at-once", "row-by-row"])
def test_a_worker_does_the_rest_in_the_name_of_who_started_it(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    run = begin_slowly(monkeypatch)
    monkeypatch.setattr(bulk_runs, "SECONDS_OF_A_ROUND", seconds)
    call_command("run_worker", "--until-empty")
    assert {outcome for outcome, _ in results(run).values()} == {Outcome.DONE}
    adam = User.objects.get(username="adam")
    assert set(AuditEvent.objects.filter(action="user.disabled").values_list("actor_id", flat=True)) == {adam.pk}


@pytest.mark.usefixtures("_queued")
def test_a_worker_does_nothing_more_for_somebody_who_was_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    run = begin_slowly(monkeypatch)
    users.disable_user(User.objects.get(username="adam"), actor=OPERATOR)
    call_command("run_worker", "--until-empty")
    assert run.rows.filter(outcome=Outcome.PENDING).count() == 2


@pytest.mark.usefixtures("_queued")
def test_a_worker_passes_over_a_run_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    begin_slowly(monkeypatch).delete()
    call_command("run_worker", "--until-empty")
    assert User.objects.filter(status=Status.DISABLED).count() == 1
    assert not DBTaskResult.objects.exists()


def test_a_draft_does_not_go_on_before_it_is_started() -> None:
    client = as_administrator()
    upload(client)
    assert client.post(address("bulkrun_continue", BulkRun.objects.get().pk)).status_code == 403
    assert mail.outbox == []


def test_a_row_is_done_once() -> None:
    mia = make_user("mia")
    run = bulk_runs.create_run(BulkRun.Kind.DISABLE, [bulk_runs.Wanted(mia)], actor=administrator())
    row = run.rows.get()
    for _ in range(2):
        bulk_runs.carry_out(row, actor=administrator())
    assert AuditEvent.objects.filter(action="user.disabled").count() == 1


def test_too_many_people_are_refused() -> None:
    mia = make_user("mia")
    with pytest.raises(Refused, match="At most 10,000"):
        bulk_runs.create_run(BulkRun.Kind.DISABLE, [bulk_runs.Wanted(mia)] * 10_001, actor=administrator())


def test_the_results_are_shown_by_outcome_and_saved_as_csv() -> None:
    mia, dan = make_user("mia"), make_user("dan", status=Status.DISABLED)
    client = as_administrator()
    client.post(address("user_bulk_disable", ids=f"{mia.pk},{dan.pk}"))
    run = BulkRun.objects.get()
    page = text_of(client.get(address("bulkrun_change", run.pk, outcome="left_alone")))
    assert "dan Left as it was dan is disabled already." in page
    assert "mia Done" not in page
    body = b"".join(client.get(address("bulkrun_results", run.pk)).streaming_content).decode()
    assert list(csv.reader(StringIO(body)))[1:] == [
        ["mia", "Done", "Disabled."],
        ["dan", "Left as it was", "dan is disabled already."],
    ]


# --- everybody whom a filter leaves ---


def test_everybody_whom_the_list_shows_can_be_taken_instead_of_those_ticked() -> None:
    people = [make_user(f"user{number:02}") for number in range(60)]
    make_user("other")
    client = as_administrator()
    ticked = {"action": "disable_chosen", "_selected_action": [people[0].pk]}
    asked = client.post(f"{address('user_changelist')}?q=user", ticked, follow=True)
    assert "1 user will be disabled" in text_of(asked)
    url = f"{address('user_bulk_disable')}?all=1&of=q%3Duser"
    assert "?all=1&amp;of=q%3Duser" in asked.content.decode()
    page = text_of(client.get(url))
    assert "60 users will be disabled" in page
    client.post(url)
    run = BulkRun.objects.get()
    assert run.rows.count() == 60
    while run.rows.filter(outcome=Outcome.PENDING).exists():
        client.post(address("bulkrun_continue", run.pk))
    assert User.objects.filter(status=Status.DISABLED).count() == 60


def test_more_people_than_a_run_can_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        make_user(f"user{number}")
    monkeypatch.setattr(bulk_runs, "MOST_ROWS", 3)
    answer = as_administrator().post(f"{address('user_bulk_disable')}?all=1&of=q%3Duser")
    assert answer.status_code == 403
    assert "At most 3 people at once" in text_of(answer)
    assert not User.objects.filter(status=Status.DISABLED).exists()


@pytest.mark.parametrize("of", ["status%3Dnonsense%26e%3D1", "nonsense%3D1", "%00", "group%3Dx"])
def test_filters_that_make_no_sense_are_no_server_error(of: str) -> None:
    url = f"{address('user_bulk_disable')}?all=1&of={of}"
    assert as_administrator().get(url).status_code in {200, 400, 403}


# --- invitations that are out ---


def test_several_invitations_are_sent_again_and_revoked() -> None:
    ivy, eve = (invitations.invite_user(username=n, email=f"{n}@example.test", actor=OPERATOR) for n in ("ivy", "eve"))
    client = as_administrator()
    ticked = list(Invitation.objects.values_list("pk", flat=True))
    before = set(Invitation.objects.values_list("digest", flat=True))
    chosen = {"action": "resend_chosen", "_selected_action": ticked}
    asked = client.post(address("invitation_changelist"), chosen, follow=True)
    assert "2 users will be invited again" in text_of(asked)
    client.post(asked.redirect_chain[-1][0])
    assert not before & set(Invitation.objects.values_list("digest", flat=True))
    client.post(address("invitation_bulk_revoke", ids=f"{ivy.pk},{eve.pk}"))
    assert not Invitation.objects.exists()
    assert set(User.objects.filter(status=Status.DISABLED)) == {ivy, eve}


def test_sending_invitations_again_is_not_offered_where_the_mode_refuses_it_for_everybody() -> None:
    ivy = invitations.invite_user(username="ivy", email="ivy@example.test", actor=OPERATOR)
    client = as_administrator()
    for enforced in (False, True):
        set_mode(sso=enforced)
        shown, asked = client.get(address("invitation_changelist")), address("invitation_bulk_resend", ids=ivy.pk)
        assert ('value="resend_chosen"' in shown.content.decode()) is not enforced
        assert 'value="revoke_chosen"' in shown.content.decode()
        assert client.get(asked).status_code == (403 if enforced else 200)
    assert "Inviting users is not possible here while SCIM is on and SSO is enforced." in text_of(shown)
    assert "Inviting users is not possible here while SCIM is on and SSO is enforced." in text_of(client.get(asked))


def test_everybody_of_the_list_of_invitations_is_who_its_filters_leave() -> None:
    """And nobody else of the portal, whatever the address leaves out."""
    with clock.ago(hours=72):
        eve = invitations.invite_user(username="eve", email="eve@example.test", actor=OPERATOR)
    ivy = invitations.invite_user(username="ivy", email="ivy@example.test", actor=OPERATOR)
    make_user("mia")
    client = as_administrator()
    chosen = {"action": "revoke_chosen", "_selected_action": [Invitation.objects.get(user=eve).pk]}
    asked = client.post(address("invitation_changelist", link="expired"), chosen, follow=True)
    link = re.search(r'href="(\?all=1[^"]*)"', asked.content.decode())
    assert link
    everybody = address("invitation_bulk_revoke") + unescape(link[1])
    page = text_of(client.get(everybody))
    assert "1 user will be revoked" in page
    assert "will be left" not in page
    client.post(everybody)
    assert [invitation.user for invitation in Invitation.objects.all()] == [ivy]
    assert "Select all matching" not in text_of(client.get(address("invitation_bulk_revoke", ids=ivy.pk)))


def test_the_list_of_invitations_tells_which_links_work() -> None:
    ivy = invitations.invite_user(username="ivy", email="ivy@example.test", actor=administrator())
    client = signed_in(administrator().user)
    page = client.get(address("invitation_changelist"))
    assert "ivy ivy ivy@example.test adam" in text_of(page)
    assert "Works for 72 h" in text_of(page)
    assert address("user_change", ivy.pk) in page.content.decode()
    with clock.later(hours=71, minutes=40, stopped=True):
        client = signed_in(administrator().user)
        assert "Works for 20 min" in text_of(client.get(address("invitation_changelist")))
    with clock.later(hours=72):
        client = signed_in(administrator().user)
        assert "Expired" in text_of(client.get(address("invitation_changelist", link="expired")))
        assert "ivy" not in text_of(client.get(address("invitation_changelist", link="works")))


def test_an_invitation_that_went_to_another_address_is_told_to_be_dead() -> None:
    ivy = invitations.invite_user(username="ivy", email="ivy@example.test", actor=OPERATOR)
    users.edit_profile(ivy, first_name="", last_name="", email="ivy@new.example", actor=OPERATOR)
    client = as_administrator()
    assert "ivy@example.test Command line" not in text_of(client.get(address("invitation_changelist", link="works")))
    assert "Went to another address" in text_of(client.get(address("invitation_changelist", link="other_address")))
    page = text_of(client.get(address("user_change", ivy.pk)))
    assert "to ivy@example.test. The link died when the email was changed: send the invitation again." in page


def test_while_sso_is_enforced_no_invitation_is_told_to_work() -> None:
    ivy = invitations.invite_user(username="ivy", email="ivy@example.test", actor=OPERATOR)
    set_mode(sso=True)
    client = as_administrator()
    assert "While SSO is enforced none works" in text_of(client.get(address("invitation_changelist")))
    assert "While SSO is enforced its link does not work." in text_of(client.get(address("user_change", ivy.pk)))


NO_MAIL_SERVER = override_settings(
    EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="127.0.0.1", EMAIL_PORT=1
)


def test_a_mail_that_could_not_be_sent_is_told_until_it_could() -> None:
    client = as_administrator()
    with NO_MAIL_SERVER:
        page = client.post(address("user_invite"), {"username": "ivy", "email": "ivy@example.test"}, follow=True)
    failed = "The mail could not be sent. Look after the mail server, then send the invitation again."
    assert messages_of(page) == [failed]
    ivy = User.objects.get(username="ivy")
    assert failed in text_of(client.get(address("user_change", ivy.pk)))
    assert "Mail could not be sent" in text_of(client.get(address("invitation_changelist", link="mail_failed")))
    sent = client.post(address("user_resend_invitation", ivy.pk), follow=True)
    assert messages_of(sent) == ["A new invitation is on its way to ivy@example.test."]
    assert failed not in text_of(sent)
    assert len(mail.outbox) == 1


def test_a_run_tells_whose_mail_could_not_be_sent() -> None:
    client = as_administrator()
    upload(client, "username,email\nivy,ivy@example.test\n")
    with NO_MAIL_SERVER:
        page = start(client)
    assert "ivy 2 ivy@example.test – Done Invited, but the mail could not be sent." in text_of(page)
    saved = b"".join(client.get(address("bulkrun_results", BulkRun.objects.get().pk))).decode()
    assert "Invited, but the mail could not be sent." in saved


# --- who, and what goes with a person ---


def test_only_administrators_do_things_to_many() -> None:
    run = bulk_runs.create_run(BulkRun.Kind.DISABLE, [bulk_runs.Wanted(make_user("mia"))], actor=administrator())
    sue, mia = signed_in(make_support()), signed_in(make_user("max"))
    for name, key in (("bulkrun_changelist", ()), ("bulkrun_change", (run.pk,)), ("bulkrun_results", (run.pk,))):
        assert sue.get(address(name, *key)).status_code == 403
        assert mia.get(address(name, *key)).status_code == 302
    for name in ("bulkrun_continue", "bulkrun_start", "bulkrun_discard"):
        assert sue.post(address(name, run.pk)).status_code == 403
    assert upload(sue).status_code == 403
    assert run.rows.get().outcome == Outcome.PENDING


def test_r10_a_permanent_deletion_takes_the_persons_rows_along() -> None:
    client = as_administrator()
    upload(client, "username,email\nivy,ivy@example.test\nivy,second@example.test\n")
    start(client)
    ivy = User.objects.get(username="ivy")
    invitations.revoke_invitation(ivy, actor=OPERATOR)
    ivy.refresh_from_db()
    deletion.delete_permanently(ivy, typed_username="ivy", reason="asked for", actor=support())
    assert not BulkRow.objects.exists()


def test_r10_it_also_takes_the_rows_that_name_the_persons_email() -> None:
    set_mode(scim=False)
    mia = make_user("mia", email="Mia.Roth@example.test")
    client = as_administrator()
    upload(client, "username,email\nmroth,mia.roth@Example.test\nzoe,zoe@example.test\n")
    users.disable_user(mia, actor=OPERATOR)
    deletion.delete_permanently(mia, typed_username="mia", reason="left", actor=support())
    assert [row.username for row in BulkRow.objects.all()] == ["zoe"]


def test_groups_that_are_gone_are_told() -> None:
    set_mode(scim=False)
    group = groups.create_group(name="Engineers", actor=OPERATOR)
    kind = BulkRun.Kind.ADD_TO_GROUPS
    run = bulk_runs.create_run(
        kind, [bulk_runs.Wanted(make_user())], values={"groups": [group.pk]}, actor=administrator()
    )
    groups.delete_group(group, actor=OPERATOR)
    bulk_runs.work_on(run, actor=administrator())
    assert results(run) == {"mia": (BulkRow.Outcome.REFUSED, "These groups no longer exist.")}


def test_what_became_of_people_is_kept_as_data_and_old_words_are_read_into_it() -> None:
    """Down and up the migration: what is shown stays."""
    moved: Any = import_module("identity.migrations.0037_bulk_rows_as_data")
    mia, actor = make_user("mia"), administrator()
    set_mode(scim=False)
    group = groups.create_group(name="Builders", actor=OPERATOR)
    for kind in (BulkRun.Kind.DISABLE, BulkRun.Kind.ENABLE, BulkRun.Kind.ADD_TO_GROUPS, BulkRun.Kind.REVOKE_INVITATION):
        run = bulk_runs.create_run(kind, [bulk_runs.Wanted(mia)], values={"groups": [group.pk]}, actor=actor)
        bulk_runs.work_on(run, actor=actor)
    bulk_runs.create_run(BulkRun.Kind.INVITE, [bulk_runs.Wanted(values={"username": "zoe"})], actor=actor)
    shown = [row.sentence for row in BulkRow.objects.all()]
    assert len(set(shown)) == 5
    assert set(BulkRow.objects.values_list("text", flat=True)) == {""}
    assert BulkRow.objects.get(run__kind=BulkRun.Kind.ADD_TO_GROUPS).told == {"groups": ["Builders"]}
    assert BulkRow.objects.get(run__kind=BulkRun.Kind.REVOKE_INVITATION).told["code"]
    editor = SimpleNamespace(connection=connection)
    refusals: Any = import_module("identity.migrations.0043_bulk_refusals_as_data")
    refusals.backwards(apps, editor)
    moved.backwards(apps, editor)
    assert list(BulkRow.objects.values_list("text", flat=True)) == shown
    BulkRow.objects.update(told={})
    odd = BulkRow.objects.create(run=run, position=9, outcome=Outcome.DONE, text="Something else.")
    moved.forwards(apps, editor)
    assert [row.sentence for row in BulkRow.objects.exclude(pk=odd.pk)] == shown
    odd.refresh_from_db()
    assert (odd.told, odd.sentence) == (None, "Something else.")
