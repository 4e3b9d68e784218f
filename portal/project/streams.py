"""All text in and out of the process is UTF-8, whatever the machine's locale."""

import os
import sys
from io import TextIOWrapper


def speak_utf8() -> None:
    """Arguments, results, logs and piped input; a terminal with another encoding gets escapes where needed."""
    sys.argv[:] = map(_understood, sys.argv)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if not isinstance(stream, TextIOWrapper):
            continue  # missing or replaced
        if not stream.isatty():
            stream.reconfigure(encoding="utf-8")
        elif stream is not sys.stdin:
            stream.reconfigure(errors="backslashreplace")


def _understood(argument: str) -> str:
    """The argument, decoded as UTF-8 where the locale could not decode it."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return os.fsencode(argument).decode(errors="surrogateescape")
    return argument
