"""portal/exchange/csv_in.py: what spreadsheets and identity providers write."""

import pytest

from identity.core.errors import InvalidValue
from identity.queries.mismatches import Sent
from portal.exchange.csv_in import read_names, read_people
from tests.loops import each

pytestmark = pytest.mark.once

READERS = (read_people, read_names)


def test_a_list_may_be_plain_or_csv_with_headings() -> None:
    assert read_names("mia\n\n  max , max@corp.test\n") == [Sent("mia"), Sent("max", "max@corp.test")]
    assert read_names("\ufeffEmail;First name;User Name\nmia@corp.test;Mia;mia\n") == [Sent("mia", "mia@corp.test")]
    assert read_names("userPrincipalName\tmail\nida@corp.test\tida@corp.test") == [
        Sent("ida@corp.test", "ida@corp.test")
    ]
    assert read_names("email\nida@corp.test") == [Sent("ida@corp.test", "ida@corp.test")]
    assert read_names("\n;\nUser Name;Email\nida;ida@corp.test") == [Sent("ida", "ida@corp.test")]
    assert read_names("Mia\nmia\n") == [Sent("mia")]
    assert read_names("") == []


@pytest.mark.parametrize("heading", ["username,email", "USERNAME;Email"])
def test_both_readers_take_the_same_files(heading: str) -> None:
    mark = ";" if ";" in heading else ","
    text = f'\ufeff\n{heading}\n\n  \'=mia {mark}mia@corp.test\n"max"{mark}"max@corp.test"\n{mark}\n'
    (mia, max_), names = read_people(text), read_names(text)
    assert [mia.said["username"], max_.said["username"]] == ["=mia", "max"] == [sent.user_name for sent in names]


@pytest.mark.parametrize("text", ["username,email\n\0mia,", 'username,email\n"mia"x,mia@corp.test', '"mia'])
def test_what_is_no_csv_is_refused_by_both_readers(text: str) -> None:
    for reader in each(READERS, at_least=2):
        with pytest.raises(InvalidValue):
            reader(text)
