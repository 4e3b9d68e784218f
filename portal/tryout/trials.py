"""One SCIM request as an identity provider would send it, in a transaction that is rolled back.

It goes to SCIM's own views, not through the middleware: no line of a request is written and nothing is counted. What
waits for a commit, as mails and tasks do, never comes. Only the numbers that the database gives out are used up.
"""

from __future__ import annotations

import http
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.db import connection, transaction
from django.http import Http404
from django.urls import resolve

from identity import policy
from identity.core import serving
from identity.core.actors import Actor
from identity.core.decisions import Action
from identity.core.errors import InvalidValue
from identity.core.ways import Way
from identity.models import IdentityProvider
from identity.services import scim_tokens
from portal.replay.senders import ROOT, Reply, environ, headers
from portal.tryout.consequences import Consequences, consequences_of

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
LONGEST_PATH = 2_000

_SHUT = {
    Way.SCIM_OFF: "SCIM is off: the request would be refused now. This is what would happen if SCIM were on.",
    Way.PAUSED: (
        "This identity provider is paused: its changes are turned away now. This is what would happen if it were not."
    ),
}


@dataclass(frozen=True, slots=True)
class Trial:
    """A request, its answer, and what it would change. `caution`: why it would be turned away now."""

    method: str
    path: str
    reply: Reply
    consequences: Consequences
    caution: str = ""

    @property
    def status(self) -> int:
        return self.reply.status

    @property
    def is_good(self) -> bool:
        return self.status < 400

    @property
    def reason(self) -> str:
        return http.HTTPStatus(self.status).phrase

    @property
    def headers(self) -> dict[str, str]:
        """Those that an identity provider looks at."""
        wanted = ("location", "etag", "retry-after", "allow")
        return {name: self.reply.headers[name] for name in wanted if name in self.reply.headers}

    @property
    def answer(self) -> Any:
        """The body; None if there is none."""
        return json.loads(self.reply.body) if self.reply.body else None

    @property
    def answer_text(self) -> str:
        return json.dumps(self.answer, indent=2, ensure_ascii=False) if self.reply.body else ""


@dataclass
class InTrial:
    """Sends requests to this portal's SCIM as one identity provider: a Sender, inside `rolled_back`."""

    provider: IdentityProvider
    consequences: list[Consequences] = field(default_factory=list)

    def send(self, request: dict[str, Any], auth: str = "token") -> Reply:
        bearer = scim_tokens.bearer_of_trial(self.provider)
        asked = WSGIRequest({**environ(request, headers(request, "none", "")), scim_tokens.TRIAL: bearer})
        served = serving.Served(serving.new_request_id())
        with serving.serving(served):
            try:
                view = resolve(asked.path_info)
            except Http404:
                return Reply(404, {}, b"")
            asked.resolver_match = view
            response = view.func(asked, *view.args, **view.kwargs)
        content: bytes = response.getvalue()
        self.consequences.append(consequences_of(served.request_id, self.provider))
        return Reply(response.status_code, {name.lower(): value for name, value in response.items()}, content)


@contextmanager
def rolled_back(provider: IdentityProvider, *, actor: Actor) -> Iterator[InTrial]:
    """Whatever is sent in the block leaves nothing. Who may say what the provider is believed may do so."""
    policy.require(Action.CHANGE_TRUST, actor=actor, identity_provider=provider)
    with transaction.atomic():
        yield InTrial(provider)
        connection.set_rollback(True)


def try_request(provider: IdentityProvider, *, method: str, path: str, body: Any = None, actor: Actor) -> Trial:
    """Send one request and roll it back. Raises InvalidValue, Refused."""
    method, path = method.strip().upper(), _below_base(path)
    if method not in METHODS:
        raise InvalidValue("method", f"must be one of {', '.join(METHODS)}")
    where, _, query = path.partition("?")
    asked = {"method": method, "path": where, "body": body, **({"query": query} if query else {})}
    with rolled_back(provider, actor=actor) as sender:
        reply = sender.send(asked)
    (consequences,) = sender.consequences or [Consequences()]
    return Trial(method, path, reply, consequences, caution_about(provider, method))


def caution_about(provider: IdentityProvider, method: str = "POST") -> str:
    """Why the request would be turned away if the identity provider sent it now; empty if it wouldn't be."""
    if not policy.current_mode().scim_enabled:
        return _SHUT[Way.SCIM_OFF]
    return _SHUT[Way.PAUSED] if provider.paused_at and method != "GET" else ""


def _below_base(path: str) -> str:
    """The path below the SCIM base URL, of whatever was pasted: a whole URL, with the base's path, or without."""
    path = path.strip()
    if "://" in path:
        path = "/" + path.partition("://")[2].partition("/")[2]
    path = path.removeprefix(ROOT)
    if not path.startswith("/"):
        path = f"/{path}"
    if len(path) > LONGEST_PATH or not path.isprintable():
        raise InvalidValue("path", "must be a path such as /Users")
    return path
