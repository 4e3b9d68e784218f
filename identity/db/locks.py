"""Rows are locked before anything is decided about them (SR-35); SQLite locks the whole file (IMMEDIATE).

The order, so that two transactions never wait for each other in a ring: a user before the IdP's record of
it and before assets, an SSO group before the portal groups it feeds, several rows of one kind by id.
`no_key`, since a plain FOR UPDATE would also make every new membership of a locked user wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, models

from identity.core.errors import NotFound, Taken
from identity.core.refusals import Refusal
from identity.db.uniqueness import is_taken, may_pass

M = TypeVar("M", bound=models.Model)
R = TypeVar("R")

_ATTEMPTS = 4  # several pushes may collide: each can win once


def lock(model: type[M], pk: int) -> M:
    """The current row, locked until the transaction ends; NotFound when it is gone."""
    row = model._default_manager.select_for_update(of=("self",), no_key=True).filter(pk=pk).first()
    if row is None:
        raise NotFound(Refusal.GONE(what=model._meta.verbose_name))
    return row


def for_update(rows: models.QuerySet[M]) -> models.QuerySet[M]:
    """These rows; reading them locks them, in id order."""
    return rows.select_for_update(of=("self",), no_key=True).order_by("pk")


def locked(rows: models.QuerySet[M]) -> list[M]:
    """These rows, locked."""
    return list(for_update(rows))


def again_if_raced(write: Callable[[], R], taken: Taken) -> R:
    """Run a whole transaction, and again when a concurrent one took a name or a row first (SR-36).

    With the other's changes visible, the next attempt usually succeeds; else raises `taken`. (Deadlocks are left to
    the door: they end the outermost transaction, which only the door can restart.)
    """
    for _ in range(_ATTEMPTS):
        try:
            return write()
        except IntegrityError as error:
            if not (is_taken(error) or may_pass(error)):
                raise
            last = error
    if not is_taken(last):
        raise last
    raise taken from last
