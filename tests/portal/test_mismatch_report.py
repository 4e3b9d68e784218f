"""The mismatch report as a page and as a CSV file."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client

from identity.models import IdentityProvider, Role
from identity.queries import mismatch_tally
from portal.admin.providers import mismatches
from tests.factories import everything, make_idp, make_user, provision
from tests.loops import each
from tests.portal.admin_pages import READERS_REFUSED, address, text_of
from tests.sessions import signed_in
from tests.statements import FEW, MANY, Most, cost, same_for

pytestmark = pytest.mark.django_db

PAGE, CSV = "conflict_mismatch_report", "conflict_mismatch_report_csv"


def test_pasted_names_are_sorted_into_classes(admin: Client) -> None:
    make_user("mia")
    make_user("ida")
    page = text_of(admin.post(address(PAGE), {"names": "mia\nMIA2, mia@example.test\nida@corp.test\nnobody"}))
    assert "4 userNames compared" in page
    assert "1 · Email prefix against full email 1 · Same email, other username 1 · No match 1 · Exact match" in page
    assert "ida@corp.test not given ida ida@example.test" in page
    assert "MIA2 mia@example.test mia mia@example.test" in page


def test_a_known_name_with_another_email_is_announced_as_a_conflict(admin: Client) -> None:
    make_user("mia")
    page = text_of(admin.post(address(PAGE), {"names": "mia, other@example.test"}))
    assert "1 has another email there than here: the first push of these is a conflict." in page
    assert "other@example.test Differs" in page


def test_a_file_can_be_uploaded(admin: Client) -> None:
    make_user("mia")
    file = SimpleUploadedFile("users.csv", "\ufeffName;userName;Email\nMia;mia;mia@example.test\n".encode())
    assert "1 userName compared" in text_of(admin.post(address(PAGE), {"file": file}))


def test_what_arrived_can_be_taken(admin: Client) -> None:
    idp = make_idp()
    provision(idp, "ada")
    page = text_of(admin.post(address(PAGE), {"provider": idp.pk}))
    assert "1 · Exact match" in page
    assert "ada ada@example.test ada ada@example.test Okta" in page


def test_exactly_one_list_is_asked_for(admin: Client) -> None:
    idp = make_idp()
    for data in ({}, {"names": "mia", "provider": idp.pk}):
        answer = admin.post(address(PAGE), data)
        assert "one of the three" in text_of(answer)
    assert "There is no userName in it." in text_of(admin.post(address(PAGE), {"names": " \n,\n"}))


def test_a_file_that_is_no_text_and_a_list_without_end_are_refused(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = SimpleUploadedFile("users.xlsx", b"PK\x03\x04\xff\xfe")
    assert "The file is not text in UTF-8." in text_of(admin.post(address(PAGE), {"file": file}))
    monkeypatch.setattr(mismatches, "MOST_NAMES", 2)
    assert "use manage.py mismatch_report" in text_of(admin.post(address(PAGE), {"names": "a\nb\nc"}))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"mia\0\n", "The list can't be read: there is a NUL character in it."),
        (b'"' + b"x" * 140_000, "The list can't be read: field larger than field limit (131072)."),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_words(
    admin: Client, tmp_path: Path, content: bytes, sentence: str
) -> None:
    upload = SimpleUploadedFile("users.txt", content)
    assert sentence in text_of(admin.post(address(PAGE), {"file": upload}))
    file = tmp_path / "users.txt"
    file.write_bytes(content)
    with pytest.raises(CommandError, match=re.escape(sentence.removeprefix("The "))):
        call_command("mismatch_report", str(file))


def so_far(page: HttpResponse) -> str:
    """What the page sends with the names for the next part; "" when none remains."""
    found = re.search(r"&quot;so_far&quot;: &quot;([^&]+)|\"so_far\": \"([^\"]+)", page.content.decode())
    return (found[1] or found[2]) if found else ""


@pytest.fixture
def four_people(monkeypatch: pytest.MonkeyPatch) -> IdentityProvider:
    """An identity provider that provisions four; two are compared in a part, and two shown of each kind."""
    monkeypatch.setattr(mismatch_tally, "PART", 2)
    monkeypatch.setattr(mismatch_tally, "SHOWN_OF_EACH", 2)
    idp = make_idp()
    for number in range(4):
        provision(idp, f"user{number}")
    return idp


@pytest.mark.usefixtures("four_people")
def test_a_long_list_is_compared_part_by_part(admin: Client) -> None:
    make_user("rolf", role=Role.OWNER)
    said = {"names": "user0\nuser1, other@corp.test\nuser2\nuser3\nrolf\nnobody"}
    page: Any = admin.post(address(PAGE), said)
    assert "2 of 6 userNames compared" in text_of(page)
    page = admin.post(address(PAGE), said | {"so_far": so_far(page)})
    assert "4 of 6 userNames compared" in text_of(page)
    page = admin.post(address(PAGE), said | {"so_far": so_far(page)})
    text = text_of(page)
    assert "6 userNames compared" in text
    assert so_far(page) == ""
    assert "1 · No match 5 · Exact match" in text
    assert "1 has another email there than here" in text
    assert "1 is an account with a role" in text
    assert "user0 not given user0 user0@example.test Okta user1 other@corp.test Differs user1" in text
    assert "and 3 more: the CSV has them all." in text


def test_what_arrived_is_compared_part_by_part_too(admin: Client, four_people: IdentityProvider) -> None:
    said = {"provider": four_people.pk}
    page: Any = admin.post(address(PAGE), said)
    pages = []
    cost(lambda: pages.append(admin.post(address(PAGE), said | {"so_far": so_far(page)})), Most.PAGE)
    assert "4 userNames compared" in text_of(pages[0])
    assert "and 2 more: the CSV has them all." in text_of(pages[0])


def test_another_list_begins_anew_and_nonsense_is_refused(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mismatch_tally, "PART", 2)
    page: Any = admin.post(address(PAGE), {"names": "a\nb\nc"})
    page = admin.post(address(PAGE), {"names": "a\nb\nd", "so_far": so_far(page)})
    assert "2 of 3 userNames compared" in text_of(page)
    assert admin.post(address(PAGE), {"names": "a", "so_far": "nonsense"}).status_code == 400


def test_csv_has_a_line_for_each_name_and_no_formulas(admin: Client) -> None:
    make_user("mia")
    answer = admin.post(address(CSV), {"names": '"=cmd|1", x@example.test\nmia, other@example.test'})
    assert answer["Content-Type"].startswith("text/csv")
    header, formula, mia = answer.content.decode().splitlines()
    assert header.startswith('"userName","email","match"')
    assert formula.startswith('"\'=cmd|1","x@example.test","No match"')
    assert mia == (
        '"mia","other@example.test","Exact match","mia","mia@example.test","","no","The email differs: a conflict."'
    )


def test_a_wrong_list_for_the_csv_shows_the_form_again(admin: Client) -> None:
    assert "one of the three" in text_of(admin.post(address(CSV), {}))


def test_only_administrators_get_it() -> None:
    for make in each(READERS_REFUSED, at_least=2):
        admin = signed_in(make())
        for page in (PAGE, CSV):
            assert admin.post(address(page), {"names": "mia"}).status_code in {302, 403}


def test_it_changes_nothing_and_costs_the_same_for_few_names_and_for_many(admin: Client) -> None:
    make_user("mia@corp.test", managed_by=make_idp())
    admin.get(address(PAGE))
    before = everything()
    names = ["mia", "ida@corp.test", *(f"tom{number}, tom{number}@corp.test" for number in range(MANY))]
    few, many = "\n".join(names[:FEW]), "\n".join(names)
    same_for(lambda said: admin.post(address(PAGE), {"names": said}), few, many, Most.PAGE)
    assert everything() == before
