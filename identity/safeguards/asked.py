"""What is asked of a safeguard, and the forms of its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from django.utils.functional import cached_property

from identity.core.decisions import Action, Decision, Mode
from identity.core.errors import Refused
from identity.db.locks import lock
from identity.models import AccessSettings, Conflict, Role, SSOConnection, User

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from identity.core.actors import Actor
    from identity.models import APIToken, Asset, BulkRun, Group, IdentityProvider, SSOGroup


class About(TypedDict, total=False):
    """The target. `giver` and `taker` own an asset before and after; `role` is the one to be assigned.

    `restores`: it gives back what a run of an identity provider took (R27).
    """

    user: User | None
    role: Role | None
    group: Group | None
    sso_group: SSOGroup | None
    identity_provider: IdentityProvider | None
    connection: SSOConnection | None
    conflict: Conflict | None
    api_token: APIToken | None
    asset: Asset | None
    giver: User | None
    taker: User | None
    run: BulkRun | None
    restores: bool


class Situation:
    """The current state beyond the target's rows: each value is read once, when needed.

    `held`: read while locking the access settings' row, which serialises actors who would each leave the other as
    the last of something, or deadlock on each other's rows. Within a transaction.
    """

    def __init__(self, mode: Mode | None = None, *, held: bool = False) -> None:
        self._mode = mode
        self._held = held

    @cached_property
    def mode(self) -> Mode:
        return self._mode or AccessSettings.objects.mode()

    @cached_property
    def owners(self) -> set[int]:
        """Two of the enabled owners: enough to tell whether there is another one."""
        self._queue()
        return _two(User.objects.enabled_owners())

    @cached_property
    def break_glass(self) -> set[int]:
        """Two of the enabled break-glass accounts."""
        self._queue()
        return _two(User.objects.enabled_break_glass())

    @cached_property
    def is_sso_enforced(self) -> bool:
        return lock(AccessSettings, 1).sso_enforced if self._held else self.mode.sso_enforced

    def _queue(self) -> None:
        if self._held:
            lock(AccessSettings, 1)


def _two(rows: QuerySet[User]) -> set[int]:
    return set(rows.order_by().values_list("pk", flat=True)[:2])


@dataclass(frozen=True, slots=True)
class Asked:
    """The action, its target and the current situation."""

    action: Action
    now: Situation
    actor: Actor | None = None
    user: User | None = None
    role: Role | None = None
    group: Group | None = None
    sso_group: SSOGroup | None = None
    identity_provider: IdentityProvider | None = None
    connection: SSOConnection | None = None
    conflict: Conflict | None = None
    api_token: APIToken | None = None
    asset: Asset | None = None
    giver: User | None = None
    taker: User | None = None
    run: BulkRun | None = None
    restores: bool = False

    @property
    def is_about_oneself(self) -> bool:
        person = self.api_token.user if self.api_token else self.user
        return (
            self.actor is not None and self.actor.kind == "user" and person is not None and self.actor.id == person.pk
        )

    @property
    def is_by_operator(self) -> bool:
        return self.actor is not None and self.actor.kind == "operator"


Safeguard = Callable[[Asked], Decision]


def refused(code: str, reason: str) -> Decision:
    return Decision(False, code, reason)


def refusal(decision: Decision) -> Refused:
    """A refusing decision, as an error."""
    return Refused(decision.reason, code=decision.code, decision=decision)


def granted(decision: Decision) -> Decision:
    """The decision, if it allows. Raises Refused."""
    if not decision:
        raise refusal(decision)
    return decision


def out_of_place(code: str, reason: str) -> Decision:
    """Refused, since it makes no sense in this state."""
    return Decision(False, code, reason, fits=False)


def so_already(code: str, reason: str) -> Decision:
    """Allowed, without effect."""
    return Decision(True, code, reason, fits=False)
