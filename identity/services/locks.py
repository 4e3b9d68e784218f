"""Rows are locked before anything is decided about them (SR-35); SQLite locks the whole file (IMMEDIATE).

The order, so that two transactions never wait for each other in a ring: a user before the IdP's record of
it, an SSO group before the portal groups it feeds, several rows of one kind by id. `no_key`, since a plain
FOR UPDATE would also make every new membership of a locked user wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError, IntegrityError, connection, models

from identity.errors import NotFound, Taken

M = TypeVar("M", bound=models.Model)
R = TypeVar("R")

ATTEMPTS = 3
_SERIALIZATION_FAILURE, _DEADLOCK = "40001", "40P01"


def lock(model: type[M], pk: int) -> M:
    """The row as it is now, held until the transaction ends; NotFound when it is gone."""
    row = model._default_manager.select_for_update(of=("self",), no_key=True).filter(pk=pk).first()
    if row is None:
        raise NotFound(f"This {model._meta.verbose_name} no longer exists.")
    return row


def locked(rows: models.QuerySet[M]) -> list[M]:
    """These rows, locked in id order."""
    return list(rows.select_for_update(of=("self",), no_key=True).order_by("pk"))


def again_if_raced(write: Callable[[], R], sentence: str) -> R:
    """Run a whole transaction, again when another one came between its look and its write (SR-36, SR-40).

    Seeing what the other one did, the next attempt mostly knows better; else Taken says `sentence`.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return write()
        except DatabaseError as error:
            if not _is_race(error):
                raise
    try:
        return write()
    except IntegrityError as error:
        raise Taken(sentence) from error


def _is_race(error: DatabaseError) -> bool:
    """A deadlock ends the whole transaction: only who owns that one may begin anew."""
    if isinstance(error, IntegrityError):
        return True
    state = getattr(error.__cause__, "sqlstate", None)
    return state in {_SERIALIZATION_FAILURE, _DEADLOCK} and not connection.in_atomic_block
