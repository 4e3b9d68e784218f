"""What the product says is plain English: words that read translated stand in no page, mail, refusal or help text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from tests.sources import tree

ROOT = Path(settings.BASE_DIR)
AVOIDED = re.compile(
    r"\b(whom|whoever|somebody|nobody|everybody|anybody|shall"
    r"|over there|comes? to be|c[ao]me in|came about|at the next try)\b",
    re.IGNORECASE,
)
NOT_SHOWN = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|\{\w+\}|<script.*?</script>", re.DOTALL)
DOORS = ("identity", "scim", "portal")


def told() -> Iterator[tuple[str, str]]:
    """Every text that may be shown, with its place."""
    for file in (file for door in DOORS for file in sorted((ROOT / door).rglob("*"))):
        place = str(file.relative_to(ROOT))
        if file.suffix in {".html", ".txt", ".toml"}:
            yield place, NOT_SHOWN.sub("", file.read_text(encoding="utf-8"))
        elif file.suffix == ".py" and "migrations" not in file.parts:
            yield from ((f"{place}:{line}", text) for line, text in literals(tree(file)))


def literals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Strings with words in them, but for docstrings."""
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docs
            and " " in node.value
        ):
            yield node.lineno, NOT_SHOWN.sub("", node.value)


def test_no_text_that_is_shown_reads_translated() -> None:
    texts = list(told())
    assert len(texts) > 2_000
    found = [
        f"{place}: {word[0]!r} in {text.strip()[:90]!r}" for place, text in texts for word in AVOIDED.finditer(text)
    ]
    assert not found, "\n".join(found)
