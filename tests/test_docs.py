"""The documentation: its links lead somewhere, and each kind of identity provider has a page."""

import re
from pathlib import Path

import pytest

from identity.models import IdentityProvider
from portal.guides import guide_of
from tests.generated_guides import PARTS, blocks_of
from tests.loops import each

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")
ON_ANOTHERS_PAGE = {IdentityProvider.Kind.RAUTHY: "other"}


def anchors_of(page: Path) -> set[str]:
    """What GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_pages_links_lead_somewhere() -> None:
    links = [(page, *found) for page in PAGES for found in LINK.findall(page.read_text(encoding="utf-8"))]
    for page, file, anchor in each(links, at_least=100):
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{page.name} links to {file}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors_of(target), f"{page.name} links to {target.name}#{anchor}"


@pytest.mark.parametrize("kind", IdentityProvider.Kind.values)
def test_each_kind_of_identity_provider_has_a_page_that_names_the_fields_of_its_guide(kind: str) -> None:
    name = ON_ANOTHERS_PAGE.get(kind, kind)
    text = (ROOT / "docs" / f"connect-{name}.md").read_text(encoding="utf-8").lower()
    assert f"docs/connect-{name}.md" in (ROOT / "README.md").read_text(encoding="utf-8")
    provider = IdentityProvider(kind=kind)
    labels = [box.label for box in guide_of(provider).filled_in("https://portal.example.com/scim/v2")]
    missing = [label for label in labels if label.lower().split(":")[0] not in text]
    assert missing == []


def test_the_guide_of_every_kind_stands_in_the_documentation_whole() -> None:
    """Whatever the page of the portal tells is written by `make docs`; other kinds need no boxes of their own."""
    written = {block for page in PAGES for block in blocks_of(page.read_text(encoding="utf-8"))}
    expected = {(kind, part) for kind in IdentityProvider.Kind.values for part in PARTS}
    by_hand = {("other", part) for part in ("fields", "attributes", "groups", "check", "resync", "sources")}
    assert written == expected - by_hand


FINDING = re.compile(r'(?:Finding|counted)\(\s*f?"([a-z_]+)')


def test_operations_tells_what_to_do_about_each_finding_of_the_doctor() -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "portal" / "doctor").glob("*.py"))
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE))))
    for check in each(sorted(set(FINDING.findall(code))), at_least=20):
        assert check in told, f"docs/operations.md does not say what `{check}` means"
