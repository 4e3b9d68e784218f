"""The one table from errors to SCIM error responses (RFC 7644 section 3.12, SR-33)."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, IntegrityError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django_scim.constants import SCIM_CONTENT_TYPE
from pydantic import ValidationError
from scim2_models import Error, SCIMException

from identity.core import errors
from identity.core.ways import Way
from identity.db.uniqueness import VALUE_TAKEN, is_taken, may_pass
from scim.wire.resources import GroupResource, UserResource

logger = logging.getLogger(__name__)

ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"
BUSY_SECONDS = 5
TURNED_AWAY_SECONDS = 600  # a pause is for a person to end: clients need not ask more often

_EXTENSIONS = {*UserResource.get_extension_models(), *GroupResource.get_extension_models()}
_TYPE = re.compile(r"[(\[]")  # pydantic names the union member that it tried
_JSON = {"True": "true", "False": "false", "None": "null"}
_PYTHON = re.compile(r"\b(?:True|False|None)\b")
_UNDERSCORED = re.compile(r"_([a-z0-9])")


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal as sent: HTTP status, scimType where the RFC has one, and one plain sentence."""

    status: int
    detail: str
    scim_type: str = ""
    code: str = ""
    retry_after: int = 0  # seconds; 0 leaves the header out

    def to_dict(self) -> dict[str, Any]:
        body: dict[str, Any] = {"schemas": [ERROR_SCHEMA], "status": str(self.status), "detail": self.detail}
        return {**body, "scimType": self.scim_type} if self.scim_type else body

    def to_response(self) -> HttpResponse:
        response = HttpResponse(json.dumps(self.to_dict()), content_type=SCIM_CONTENT_TYPE, status=self.status)
        if self.retry_after:
            response["Retry-After"] = str(self.retry_after)
        return response


class RequestRefused(Exception):
    """Raised by the SCIM door itself, with the problem to return."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def refuse(scim_type: str, detail: str, status: int = 400) -> RequestRefused:
    """`raise refuse("invalidValue", "…")`."""
    return RequestRefused(Problem(status, detail, scim_type, scim_type))


_OF_THE_DOMAIN: dict[type[errors.GatehouseError], tuple[int, str]] = {
    errors.NotFound: (404, ""),
    errors.InvalidValue: (400, "invalidValue"),
    errors.Taken: (409, "uniqueness"),
    errors.Refused: (403, ""),
    errors.VersionMismatch: (412, ""),
}

HANDLED = (
    RequestRefused,
    errors.GatehouseError,
    SCIMException,
    ValidationError,
    DatabaseError,
    InterfaceError,
)


UNREADABLE = (RequestRefused, ValidationError, SCIMException)
"""What is raised for an invalid value in a request."""


def problem_of(error: Exception) -> Problem:
    """The response to any error of `HANDLED`; reveals nothing of the database or of exceptions."""
    match error:
        case RequestRefused():
            return error.problem
        case errors.TurnedAwayError():
            return turned_away(error)
        case errors.GatehouseError():
            return _of_the_domain(error)
        case SCIMException():
            return _of_the_library(error)
        case ValidationError():
            return _of_the_wire(error)
        case IntegrityError() if is_taken(error):
            return Problem(409, VALUE_TAKEN, "uniqueness", "taken")
        case IntegrityError():
            return _not_stored(error)
    logger.error("The database did not answer a SCIM request", exc_info=error)
    return _busy("The portal's database does not answer; try again shortly.")


def _busy(detail: str) -> Problem:
    return Problem(503, detail, code="database", retry_after=BUSY_SECONDS)


def turned_away(error: errors.TurnedAwayError) -> Problem:
    """403 while SCIM is off (R21), else 429: identity providers back off on it, and try again (R25)."""
    if error.way is Way.SCIM_OFF:
        return Problem(403, error.sentence, code=error.code)
    return Problem(429, error.sentence, code=error.code, retry_after=TURNED_AWAY_SECONDS)


def _not_stored(error: IntegrityError) -> Problem:
    logger.error("The database refused the rows of a SCIM request", exc_info=error)
    if may_pass(error):
        return _busy("The portal could not store this; try again shortly.")
    return Problem(500, "The portal could not store this.", code="database")


def _of_the_domain(error: errors.GatehouseError) -> Problem:
    for kind, (status, scim_type) in _OF_THE_DOMAIN.items():
        if isinstance(error, kind):
            return Problem(status, error.sentence, scim_type, error.code)
    return Problem(400, error.sentence, "invalidValue", error.code)


def _of_the_library(error: SCIMException) -> Problem:
    if isinstance(error.__cause__, ValidationError):  # its own text names Python types and a web page
        return _of_the_wire(error.__cause__)
    return Problem(error.status, sentence(error.detail), error.scim_type, error.scim_type)


def _of_the_wire(error: ValidationError) -> Problem:
    """The first thing that does not match the schema: where, and scim2-models' message."""
    first = error.errors()[0]
    told = Error.from_validation_error(first)
    scim_type = told.scim_type or "invalidValue"
    where, text = _attribute(first["loc"]), first["msg"]
    detail = f"{where}: {_stopped(text)}" if where else sentence(text)
    return Problem(told.status or 400, detail, scim_type, scim_type)


def _attribute(location: tuple[str | int, ...]) -> str:
    """The place of a value in SCIM's notation: `emails[0].value`, `urn:…:User:manager`."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not _TYPE.search(part):
            joint = ":" if path in _EXTENSIONS else "." if path else ""
            path += joint + _UNDERSCORED.sub(lambda found: found[1].upper(), part)
    return path


def sentence(text: str) -> str:
    """A library's message as a sentence, with values written as in JSON."""
    text = _PYTHON.sub(lambda found: _JSON[found[0]], text)
    return text[:1].upper() + _stopped(text[1:])


def _stopped(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return Problem(404, "There is no SCIM endpoint at this address.").to_response()
