"""Lint (and with --fix, format) the templates: djade formats, djlint only lints, or they undo each other."""

import subprocess
import sys
from pathlib import Path

TEMPLATES = Path(__file__).parent.parent / "portal" / "templates"
TARGET_VERSION = "5.2"


def main(*, fix: bool) -> int:
    """The number of tools that found something to say."""
    files = [str(path) for path in sorted(TEMPLATES.rglob("*.html"))]
    if not files:
        return 0
    djade = ["djade", "--target-version", TARGET_VERSION, *([] if fix else ["--check"]), *files]
    return sum(_fails(tool) for tool in (djade, ["djlint", "--lint", "--quiet", *files]))


def _fails(command: list[str]) -> bool:
    tool, *arguments = command
    return subprocess.run([Path(sys.executable).parent / tool, *arguments], check=False).returncode != 0


if __name__ == "__main__":
    sys.exit(main(fix="--fix" in sys.argv))
