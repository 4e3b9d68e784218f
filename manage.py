#!/usr/bin/env python3
"""The command line of the portal: `manage.py help` lists what it can do."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415 - to explain its absence
    except ImportError as error:
        raise SystemExit(
            "Django is not installed here: run `make install`, then `.venv/bin/python manage.py`"
        ) from error
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
