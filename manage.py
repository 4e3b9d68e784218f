#!/usr/bin/env python3
"""The command line of the portal: `manage.py help` lists what it can do."""

import gc
import os
import sys

from portal.project.streams import speak_utf8


def main() -> None:
    gc.set_threshold(50_000, 20, 50)  # what is imported stays: looking through it for garbage takes a sixth of a start
    speak_utf8()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        from django.conf import settings  # noqa: PLC0415 - to explain its absence
        from django.core.management import execute_from_command_line  # noqa: PLC0415

        from portal.project.environment import faults_explained  # noqa: PLC0415
    except ImportError as error:
        raise SystemExit(
            "Django is not installed here: run `make install`, then `.venv/bin/python manage.py`"
        ) from error
    with faults_explained():
        settings.INSTALLED_APPS  # noqa: B018 - reads the environment
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
