"""The text that programs and people hand to the portal and get from it is UTF-8, whatever the machine's locale says."""

import os
import sys
from io import TextIOWrapper


def speak_utf8() -> None:
    """Arguments, results, logs and what is piped in; a terminal of another encoding is shown escapes where it must."""
    sys.argv[:] = map(_understood, sys.argv)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if not isinstance(stream, TextIOWrapper):
            continue  # there is none, or somebody has put another in its place
        if not stream.isatty():
            stream.reconfigure(encoding="utf-8")
        elif stream is not sys.stdin:
            stream.reconfigure(errors="backslashreplace")


def _understood(argument: str) -> str:
    """The argument, read as UTF-8 where the locale could not read it."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return os.fsencode(argument).decode(errors="surrogateescape")
    return argument
