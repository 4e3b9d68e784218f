"""Files that a command reads."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from django.core.management.base import CommandError

from identity.core.errors import InvalidValue

T = TypeVar("T")


def read_file(file: str, read: Callable[[str], T]) -> T:
    """What `read` makes of a file's text, or of standard input for "-". Raises CommandError naming the file."""
    try:
        return read(sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig"))
    except InvalidValue as error:
        raise CommandError(f"{file}: {error.sentence}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} can't be read: {error}") from error
