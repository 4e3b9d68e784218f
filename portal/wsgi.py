"""The portal for a WSGI server: `gunicorn portal.wsgi` (see `make serve`)."""

import os
from collections.abc import Callable, Iterable
from typing import Any

# Before Python 3.13 pydantic searches every loaded module for each docstring of these models: read first, while
# few are loaded, they save a second of a server's start. Most commands never need them.
import scim2_models  # noqa: F401
from django.conf import settings
from django.core.wsgi import get_wsgi_application

from portal.project.environment import faults_explained

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Serving:
    """The application, and the threads of the schedule and of webhooks in each serving process.

    A server with hooks calls `begin` and `end`; under another one the schedule begins with a process's first request.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.begin()
        return self._application(environ, start_response)

    def begin(self) -> None:
        from portal.schedule import loop  # noqa: PLC0415 - needs the apps loaded
        from portal.webhooks import sender  # noqa: PLC0415

        loop.start_in_server()
        sender.in_server.start()
        if settings.TRACES:
            from portal.project import traces  # noqa: PLC0415 - loads OpenTelemetry

            traces.begin()

    def end(self) -> None:
        from portal.schedule import loop  # noqa: PLC0415 - needs the apps loaded
        from portal.webhooks import sender  # noqa: PLC0415

        loop.stop_in_server()
        sender.in_server.stop()
        if settings.TRACES:
            from portal.project import traces  # noqa: PLC0415 - loads OpenTelemetry

            traces.end()


def without_bodies_for_head(application: Application) -> Application:
    """A HEAD response has headers only (RFC 9110 9.3.2): gunicorn warns of every body that it has to drop."""

    def wrapper(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = application(environ, start_response)
        if environ["REQUEST_METHOD"] != "HEAD":
            return body
        if close := getattr(body, "close", None):
            close()
        return []

    return wrapper


with faults_explained():
    application = Serving(without_bodies_for_head(get_wsgi_application()))

# All pages, before the server's processes part: they share them, and nobody's first request waits for them.
import portal.urls  # noqa: E402, F401
