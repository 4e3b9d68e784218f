"""The command line of the portal: `manage.py` in a checkout, `gatehouse` where it is installed."""

import gc
import os
import sys

from portal.project.streams import speak_utf8
from portal.project.version import version


def main() -> None:
    gc.set_threshold(50_000, 20, 50)  # what is imported stays: looking through it for garbage takes a sixth of a start
    speak_utf8()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"Gatehouse {version()}\n")
        return
    try:
        from django.conf import settings  # noqa: PLC0415 - to explain its absence
        from django.core.management import execute_from_command_line  # noqa: PLC0415

        from portal.project.environment import faults_explained  # noqa: PLC0415
    except ImportError as error:
        raise SystemExit(
            "Django is not installed here: run `make install`, then `.venv/bin/python manage.py`"
        ) from error
    arguments = _in_full(sys.argv)
    with faults_explained():
        settings.INSTALLED_APPS  # noqa: B018 - reads the environment
    execute_from_command_line(arguments)


def _in_full(arguments: list[str]) -> list[str]:
    """`worker` is what `make worker` starts: without a queue there is nothing to do for it."""
    if arguments[1:2] != ["worker"]:
        return arguments
    os.environ.setdefault("TASKS", "database")
    return [arguments[0], "run_worker", *arguments[2:]]
