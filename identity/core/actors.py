"""Who is acting: every service call and every audit event names an actor."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

from identity.core.asked import KeptRequest
from identity.core.serving import request_id
from identity.core.ways import Way


class Account(Protocol):
    """What an acting user must provide."""

    pk: int

    @property
    def username(self) -> str: ...

    @property
    def role(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in user, or the owner of the API token in use; `token_label` names the token."""

    user: Account
    token_label: str = ""
    request_id: str = field(default_factory=request_id)

    kind = "user"

    @property
    def id(self) -> int:
        return self.user.pk

    @property
    def role(self) -> str:
        return self.user.role

    @property
    def label(self) -> str:
        return self.token_label  # the user is looked up by id when shown


@dataclass(frozen=True, slots=True)
class Operator:
    """A person with a shell on the server: may do what any role may, under the same modes, with an owner's rank."""

    command: str
    request_id: str = field(default_factory=request_id)

    kind = "operator"
    id = None
    role = "owner"

    @property
    def label(self) -> str:
        return f"manage.py {self.command}"


@dataclass(frozen=True, slots=True)
class Provisioner:
    """An identity provider calling over SCIM with one of its tokens; not subject to the policy table.

    `asked`: its write, once it was read; `keeps_requests`: whether the log keeps that.
    `way`: whether what it writes is let in. `is_braked`: nothing that takes something away from people is.
    `is_awaited`: it has been turned away, and not sent everything again.
    """

    identity_provider_id: int
    token_id: int
    token_label: str
    asks_before_adopting: bool = False
    identifies_by_external_id: bool = False
    refuses_nested_groups: bool = False
    way: Way = Way.OPEN
    is_awaited: bool = False
    keeps_requests: bool = False
    asked: KeptRequest | None = None
    is_braked: bool = False
    method: str = ""
    address: str = ""
    request_id: str = field(default_factory=request_id)
    started: float = field(default_factory=time.monotonic)

    kind = "scim_token"
    role = ""

    @property
    def id(self) -> int:
        return self.token_id

    @property
    def label(self) -> str:
        return self.token_label

    @property
    def elapsed_ms(self) -> int:
        return round((time.monotonic() - self.started) * 1000)

    @property
    def kept_request(self) -> str:
        """What the log keeps of the request."""
        return self.asked.as_text() if self.asked and self.keeps_requests else ""


@dataclass(frozen=True, slots=True)
class SignIn:
    """An identity provider vouching for a person at sign-in; not subject to the policy table."""

    identity_provider_id: int
    connection_id: int
    connection_label: str
    asks_before_adopting: bool = False
    address: str = ""
    request_id: str = field(default_factory=request_id)
    started: float = field(default_factory=time.monotonic)

    kind = "sso_sign_in"
    role = ""
    identifies_by_external_id = False  # at sign-in, no account is matched to another person's record (R5)
    method = "SIGN-IN"
    kept_request = ""

    @property
    def id(self) -> int:
        return self.connection_id

    @property
    def label(self) -> str:
        return self.connection_label

    @property
    def token_label(self) -> str:
        """What the provisioning log shows instead of a token."""
        return self.connection_label

    @property
    def elapsed_ms(self) -> int:
        return round((time.monotonic() - self.started) * 1000)


@dataclass(frozen=True, slots=True)
class Visitor:
    """An unauthenticated visitor; `door` is where they tried. May do nothing."""

    door: str
    request_id: str = field(default_factory=request_id)

    kind = "visitor"
    id = None
    role = ""

    @property
    def label(self) -> str:
        return self.door


@dataclass(frozen=True, slots=True)
class Schedule:
    """The portal itself, doing work that is due; `job` is its title. May do that and nothing else."""

    job: str
    request_id: str = field(default_factory=request_id)

    kind = "schedule"
    id = None
    role = ""

    @property
    def label(self) -> str:
        return self.job


IdPActor = Provisioner | SignIn
Actor = Person | Operator | Provisioner | SignIn | Visitor | Schedule
