"""The source files that tests read."""

from pathlib import Path

ROOT = Path(__file__).parent.parent


def modules(*packages: str) -> list[Path]:
    """The source files of `packages`, migrations left out."""
    files = [file for package in packages for file in (ROOT / package).rglob("*.py")]
    return sorted(file for file in files if "migrations" not in file.parts)


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))
