"""Retries a request where that can help, logs refused writes (SR-40), and counts what the portal doesn't know."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError

from identity.core.actors import Provisioner
from identity.core.errors import Conflicted, GatehouseError, TurnedAwayError
from identity.core.ways import Way
from identity.services import unknown_attributes
from identity.services.provisioning.braking import brake
from identity.services.provisioning.log import log_refusal
from identity.services.provisioning.turned_away import remember
from scim.wire.errors import Problem, problem_of

logger = logging.getLogger(__name__)

R = TypeVar("R")

_RETRIED = {"40001", "40P01"}  # serialization failure, deadlock
_TRIES = 3


def run(handle: Callable[[], R]) -> R:
    """The response from `handle`. A deadlock rolls everything back, so the whole request can run again."""
    for attempt in range(1, _TRIES):
        try:
            return handle()
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) not in _RETRIED:
                raise
            time.sleep(0.02 * attempt)
    return handle()


def refused(error: Exception, *, actor: Provisioner, resource: tuple[str, str]) -> Problem:
    """The problem to return for a refused write, with its row in the provisioning log.

    A Conflict already has its row, and a database failure can't be logged there. What is turned away is kept apart, all
    attempts together (R24); what would have been refused anyway is not kept.
    """
    problem = problem_of(error)
    if isinstance(error, TurnedAwayError):
        _remember(error, actor)
    elif actor.way.is_shut:
        return problem
    elif problem.status < 500 and not isinstance(error, Conflicted):
        _log(problem, actor, *resource, subject=getattr(error, "subject", ""))
    return problem


def _remember(error: TurnedAwayError, actor: Provisioner) -> None:
    try:
        if error.way is Way.BRAKED:
            brake(actor)
        remember(error.wanted, error.way, actor=actor)
    except (GatehouseError, DatabaseError):  # the answer is the same
        logger.exception("What an identity provider wanted could not be kept")


def _log(problem: Problem, actor: Provisioner, resource_type: str, resource_id: str, *, subject: str) -> None:
    try:
        log_refusal(
            problem.detail,
            actor=actor,
            status=problem.status,
            code=problem.code,
            resource_type=resource_type,
            resource_id=resource_id if resource_id.isprintable() else "",  # a URL may contain a NUL
            subject_key=subject,
        )
    except DatabaseError:  # the refusal still reaches the identity provider
        logger.exception("A refused SCIM write could not be logged")


def note_unknown(actor: Provisioner) -> None:
    """Count the attributes of an answered request that the portal doesn't know; the answer does not depend on it."""
    if actor.asked is None or not actor.asked.unknown:
        return
    try:
        unknown_attributes.note(actor.identity_provider_id, actor.asked.unknown)
    except (DatabaseError, InterfaceError):
        logger.exception("Unknown attributes of a SCIM request could not be counted")
