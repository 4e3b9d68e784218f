"""The source files that tests read."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent


def modules(*packages: str) -> list[Path]:
    """The source files of `packages`, migrations left out."""
    files = [file for package in packages for file in (ROOT / package).rglob("*.py")]
    return sorted(file for file in files if "migrations" not in file.parts)


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def nodes(file: Path) -> tuple[ast.AST, ...]:
    """All of a file, read once however many tests look at it."""
    return tuple(ast.walk(tree(file)))
