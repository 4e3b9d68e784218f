"""SR-7: which usernames, emails and group names are taken, and which are the same."""

import pytest

from identity.core.errors import InvalidValue
from identity.core.keys import MAX_LENGTH, email_key, label_key, name_key, opaque, plain

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", "ada"),
        ("STRASSE", "straße"),
        ("ﬁona", "FIONA"),
        ("ａｄａ", "ada"),
        ("Ⅷ", "viii"),
        ("é", "e\u0301"),
        ("Å", "\u212b"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("o.K", "O.\u212a"),
        ("\u0390", "\u03aa\u0301"),  # folded to three letters, of which two are one again
    ],
)
def test_spellings_that_people_read_as_the_same_have_one_key(one: str, other: str) -> None:
    assert name_key(one, "userName") == name_key(other, "userName")


@pytest.mark.parametrize(("one", "other"), [("ada", "а\u0501а"), ("o0", "oo"), ("ada@x.test", "ada@x.tests")])
def test_different_letters_have_different_keys(one: str, other: str) -> None:
    assert name_key(one, "userName") != name_key(other, "userName")


@pytest.mark.parametrize(
    "text",
    [
        "ada",
        "ada@corp.test",
        "ada@localhost",
        "ada lovelace",
        "o'hara",
        "名字",
        "José-María",
        "DOMAIN\\ada",
        "a+b@x.test",
        "🦊",
        "x" * MAX_LENGTH,
    ],
)
def test_an_ordinary_name_is_taken(text: str) -> None:
    assert name_key(text, "userName")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        " ada",
        "ada ",
        "ada  lovelace",
        "ada\u00a0lovelace",
        "ada\tlovelace",
        "ada\nlovelace",
        "ada\x00",
        "ada\x7f",
        "ada\x85",
        "a\u200bda",
        "a\u200dda",
        "a\u00adda",
        "\ufeffada",
        "a\u202eda",
        "a\u2066da",
        "a\u061cda",
        "a\u200fda",
        "a\ufe0fda",
        "a\U000e0100da",
        "a\U000e0041da",
        "a\u034fda",
        "a\u115fda",
        "a\u1160da",
        "a\u3164da",
        "a\uffa0da",
        "a\u180bda",
        "a\ue000da",
        "a\U000f0000da",
        "a\u0378da",
        "a\ufffeda",
        "a\ud800da",
        "a\u2028da",
        "x" * (MAX_LENGTH + 1),
        "\ufdfa" * 20,
    ],
    ids=ascii,
)
def test_an_invisible_or_ambiguous_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        name_key(text, "userName")
    assert refusal.value.attribute == "userName"
    assert str(refusal.value).startswith("userName ")


@pytest.mark.parametrize(
    "text", ["Sales  EMEA", "🚀 Launch", "R&D \u200d", "\ue000", "Zoë's <team>", " padded ", "a\u00adb"], ids=ascii
)
def test_a_group_name_may_look_as_it_likes(text: str) -> None:
    assert label_key(text, "displayName")


@pytest.mark.parametrize("text", ["", "  ", "a\x00", "a\x07", "a\ud800", "a\u202eb", "a\u2067b", "x" * 256], ids=ascii)
def test_a_group_name_without_shape_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"^displayName "):
        label_key(text, "displayName")


@pytest.mark.parametrize("text", ["\u200b", " \u200d ", "\u00ad", "\ufeff", "\u3164", "\u2800", "\ufe0f"], ids=ascii)
def test_a_group_name_that_shows_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"^name shows nothing"):
        label_key(text, "name")


def test_no_email_has_no_key() -> None:
    assert (email_key(None), email_key("")) == (None, None)


def test_an_external_id_is_only_compared() -> None:
    assert opaque(" 00U1 ", "externalId") == " 00U1 "
    assert (opaque("", "externalId"), opaque(None, "externalId")) == (None, None)


@pytest.mark.parametrize("text", ["x" * 256, "a\x00b", "a\ud800"], ids=ascii)
def test_an_external_id_that_no_column_holds_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"^externalId "):
        opaque(text, "externalId")


def test_a_first_name_is_one_line_of_bounded_length() -> None:
    assert plain("  Ada \n", "first name") == "Ada"
    for text in ("Ada\nBcc: eve", "a\x00", "x" * 256):
        with pytest.raises(InvalidValue, match=r"^first name "):
            plain(text, "first name")
