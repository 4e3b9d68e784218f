"""What can go wrong. Each error has a stable `code` and one sentence written for the caller.

Doors translate by class (SCIM status and scimType, page message, exit code); nothing parses the text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from identity.core.refusals import Refusal
from identity.core.ways import Way

if TYPE_CHECKING:
    from identity.core.decisions import Decision


class GatehouseError(Exception):
    """Base of all refusals; `code` is stable, `str(error)` is a sentence fit to show."""

    code = "error"

    def __init__(self, sentence: str, *, code: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code or self.code

    @property
    def sentence(self) -> str:
        """With its code and parameters (`identity.core.words.Sentence`), where it may be stored."""
        return self.args[0]  # type: ignore[no-any-return]


class NotFound(GatehouseError):
    """The object does not exist, or not for this actor."""

    code = "not_found"


class NoDatabase(GatehouseError):
    """The database does not answer, has not been migrated, or takes no writes."""

    code = "no_database"


class InvalidValue(GatehouseError):
    """A value that is not accepted; `attribute` names it as the caller knows it."""

    code = "invalid_value"

    def __init__(self, attribute: str, problem: str) -> None:
        super().__init__(Refusal.INVALID(attribute=attribute, problem=problem))
        self.attribute = attribute
        self.problem = problem

    @property
    def field(self) -> str:
        """The attribute as a field name: `entity_id` for an entity ID, `display_name` for a displayName."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.attribute).replace(" ", "_").lower()


class WeakPassword(InvalidValue):
    """A password that is too weak; the sentence says what to do, in full."""

    def __init__(self, sentence: str) -> None:
        GatehouseError.__init__(self, sentence)
        self.attribute = "password"


class Refused(GatehouseError):
    """The policy or a safeguard refuses; the sentence says who can do it instead.

    `decision` is set when the policy refused.
    """

    code = "refused"

    def __init__(self, sentence: str, *, code: str | None = None, decision: Decision | None = None) -> None:
        super().__init__(sentence, code=code)
        self.decision = decision


class Taken(GatehouseError):
    """A unique name is already in use (409 `uniqueness`).

    `subject` is the key of the username in the sentence: logs store it beside the sentence so that it can be
    searched and erased with the user (R10).
    """

    code = "taken"

    def __init__(self, sentence: str, *, code: str | None = None, subject: str = "") -> None:
        super().__init__(sentence, code=code)
        self.subject = subject


class Conflicted(Taken):
    """R6: the account already exists; a Conflict row waits for an administrator."""

    code = "conflict"


class Outdated(GatehouseError):
    """What was previewed has changed since; preview again before applying (R15)."""

    code = "outdated"


class TurnedAwayError(GatehouseError):
    """A write of an identity provider that is not let in now; `wanted` is what it would have done (R24)."""

    def __init__(self, way: Way, wanted: Any = None) -> None:
        super().__init__(_TURNED_AWAY[way](), code=way.value)
        self.way = way
        self.wanted = wanted


_TURNED_AWAY = {
    Way.SCIM_OFF: Refusal.SCIM_OFF,
    Way.PAUSED: Refusal.PROVIDER_PAUSED,
    Way.BRAKED: Refusal.PROVIDER_BRAKED,
}


class VersionMismatch(GatehouseError):
    """If-Match named another version than the stored one (RFC 7644 section 3.14)."""

    code = "version_mismatch"


class StillRunning(GatehouseError):
    """The first request with this Idempotency-Key is still running."""

    code = "still_running"


class KeyReused(GatehouseError):
    """An Idempotency-Key already used for a different request."""

    code = "key_reused"
