"""An identity provider's requests, in words and as received, for those who set it up."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db.models import Q

from identity.models import IdentityProvider, ProvisioningLog, ReceivedRequest
from identity.models.provider_contacts import WATCH

SHOWN = 10

_FILTER = re.compile(r"[?&]filter=(.*?)(?:&(?:startIndex|count|attributes|excludedAttributes|sort\w+|cursor)=|$)")

_ONE = {"Users": "a user", "Groups": "a group"}
_ASKED: dict[tuple[str, bool], str] = {
    ("GET", True): "Read {one}",
    ("POST", False): "Sent {one}",
    ("PUT", True): "Sent all of {one} again",
    ("PATCH", True): "Changed {one}",
    ("DELETE", True): "Removed {one}",
}
_ANSWERED = {
    400: ": refused, since the portal can't read that",
    404: ": there is none, which is an answer",
    413: ": refused, since it is too large",
    429: ": turned away for now, and kept account of",
    500: ": the portal failed, and its server's log says why",
    503: ": the portal was too busy",
}
_ABOUT_THE_PORTAL = {"ServiceProviderConfig", "Schemas", "ResourceTypes"}


@dataclass(frozen=True, slots=True)
class Heard:
    """A request with its meaning."""

    request: ReceivedRequest
    words: str

    @property
    def is_good(self) -> bool:
        """Whether the portal answered as it should; most connection tests expect "not found"."""
        return self.request.status < 400 or self.request.status == 404

    @property
    def colour(self) -> str:
        return "green" if self.is_good else "red"


def in_words(request: ReceivedRequest, summaries: dict[str, str]) -> str:
    """What an administrator did at the identity provider; `summaries` are the log's own, by request id."""
    match request.status:
        case 401:
            return "Unknown token (incomplete, expired or revoked). Create a new one and paste it again."
        case 403:
            return "Refused: SCIM is off. Switch it on in the access settings."
    if told := summaries.get(request.request_id):
        return told
    return f"{_asked(request.method, request.path)}{_ANSWERED.get(request.status, '')}"


def _asked(method: str, path: str) -> str:
    resource, _, rest = path.partition("?")[0].strip("/").partition("/")
    if resource in _ABOUT_THE_PORTAL:
        return "Asked what the portal can do"
    if resource == "Bulk":
        return "Sent many changes at once"
    if condition := _FILTER.search(path):
        return f"Looked for {resource.lower()} with {condition[1]}"
    if resource in _ONE and (method, bool(rest)) in _ASKED:
        return _ASKED[method, bool(rest)].format(one=_ONE[resource])
    return f"Read the list of {resource.lower()}" if resource in _ONE else f"Asked for {path}"


def heard_from(provider: IdentityProvider) -> list[Heard]:
    """The newest requests of this watch, and those with an unknown token, in two statements."""
    whose = Q(identity_provider=provider)
    if provider.watched_until:
        whose |= Q(identity_provider=None, at__range=(provider.watched_until - WATCH, provider.watched_until))
    rows = list(ReceivedRequest.objects.filter(whose)[:SHOWN])
    ids = {row.request_id for row in rows if row.request_id}
    latest = ProvisioningLog.objects.filter(identity_provider=provider)[:SHOWN] if ids else []
    summaries = {entry.request_id: entry.summary for entry in latest if entry.request_id in ids}
    return [Heard(row, in_words(row, summaries)) for row in rows]
