"""Rows are locked before anything is decided about them (SR-35). SQLite locks the whole file instead (IMMEDIATE)."""

from __future__ import annotations

from typing import TypeVar

from django.db import models

from identity.errors import NotFound

M = TypeVar("M", bound=models.Model)


def lock(model: type[M], pk: int) -> M:
    """The row as it is now, held until the transaction ends; NotFound when it is gone."""
    row = model._default_manager.select_for_update(of=("self",)).filter(pk=pk).first()
    if row is None:
        raise NotFound(f"This {model._meta.verbose_name} no longer exists.")
    return row


def locked(rows: models.QuerySet[M]) -> list[M]:
    """These rows, locked in id order, so that two transactions never wait for each other in a ring."""
    return list(rows.select_for_update(of=("self",)).order_by("pk"))
