"""`manage.py serve`: the production server."""

import os
import sys
from typing import Any

from django.core.management import call_command

from identity.core.actors import Operator
from portal.management.operator_command import OperatorCommand
from portal.project.environment import is_set

SERVER = ("-m", "gunicorn", "--config", "python:portal.project.server", "portal.wsgi")


class Command(OperatorCommand):
    help = (
        "Starts the production server: WEB_CONCURRENCY workers on HOST and PORT, as `make serve` does. It migrates "
        "nothing: `migrate` comes first. GUNICORN_CMD_ARGS overrides what it sets."
    )
    examples = "manage.py serve\nHOST=0.0.0.0 PORT=8443 WEB_CONCURRENCY=4 manage.py serve"

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        if not is_set("STATIC_DIR"):  # there they were collected beforehand
            call_command("collectstatic", interactive=False, verbosity=0)
        os.execv(sys.executable, [sys.executable, *SERVER])  # noqa: S606 - Python itself
