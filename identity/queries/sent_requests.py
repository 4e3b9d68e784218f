"""What was sent, as a row of the provisioning log keeps it: for people to read, and to send again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.functional import cached_property

from identity.core.asked import HIDDEN, KeptRequest
from identity.models import ProvisioningLog

CONTENT_TYPE = "application/scim+json"


@dataclass(frozen=True)
class SentRequest:
    """The request of a row."""

    method: str
    asked: KeptRequest

    @property
    def has_body(self) -> bool:
        return self.asked.body is not None

    @property
    def is_unread(self) -> bool:
        """Whether there was a body, and it could not be read."""
        return not self.has_body and self.asked.size > 0

    @cached_property
    def body_text(self) -> str:
        return json.dumps(self.asked.body, indent=2, ensure_ascii=False) if self.has_body else ""

    @cached_property
    def is_whole(self) -> bool:
        """Whether sending it again asks for the same."""
        return not self.is_unread and not self.asked.cut and HIDDEN not in self.body_text

    @property
    def attributes(self) -> list[str]:
        """What it names, in the order in which it was sent."""
        return list(dict.fromkeys(_named(self.asked.body)))

    @property
    def curl(self) -> str:
        """As a command; TOKEN stands for a token, which nobody can look up."""
        parts = [
            f"curl -X {self.method} {shlex.quote(f'{settings.PUBLIC_URL}/scim/v2{self.asked.path}')}",
            "-H 'Authorization: Bearer TOKEN'",
        ]
        if self.asked.if_match:
            parts.append(f"-H {shlex.quote(f'If-Match: {self.asked.if_match}')}")
        if self.has_body:
            body = json.dumps(self.asked.body, ensure_ascii=False, separators=(",", ":"))
            parts += [f"-H 'Content-Type: {CONTENT_TYPE}'", f"--data {shlex.quote(body)}"]
        return " \\\n  ".join(parts)


def sent_with(row: ProvisioningLog) -> SentRequest | None:
    """What the row keeps; None if that is gone, or was never kept."""
    asked = row.request
    return SentRequest(row.method, asked) if asked else None


def _named(body: Any) -> Iterator[str]:
    if not isinstance(body, dict):
        return
    operations = next((value for name, value in body.items() if name.lower() == "operations"), None)
    if operations is None:
        yield from (name for name in body if name.lower() != "schemas")
        return
    for operation in operations if isinstance(operations, list) else [operations]:
        if isinstance(operation, dict):
            said = {name.lower(): value for name, value in operation.items()}
            yield from [said["path"]] if isinstance(said.get("path"), str) else _named(said.get("value"))
