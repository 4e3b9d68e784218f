"""What a client asks of the token endpoint (RFC 6749 sections 4.4 and 5.2, RFC 7523 section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from portal.project.bodies import length_of

FORM = "application/x-www-form-urlencoded"
CLIENT_CREDENTIALS = "client_credentials"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MOST_BYTES = 32 * 1024
MOST_PARAMETERS = 20


class BadRequest(Exception):
    """A request that is refused before any assertion is checked; `error` is RFC 6749's code."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.status = error, status


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """The client and its assertion; `refusal` is the error of this grant for a bad one."""

    client_id: str
    assertion: str
    refusal: str


def read(request: HttpRequest) -> TokenRequest:
    """Raises BadRequest."""
    if "Authorization" in request.headers:
        raise BadRequest("invalid_client", "Send an assertion in the body instead of Authorization.", status=401)
    said = _parameters(request)
    match said.get("grant_type"):
        case None:
            raise BadRequest("invalid_request", "The parameter grant_type is missing.")
        case "client_credentials":
            return _of_client(said)
        case grant if grant == JWT_BEARER:
            return TokenRequest(said.get("client_id", ""), _needed(said, "assertion"), "invalid_grant")
    raise BadRequest("unsupported_grant_type", f"Use {CLIENT_CREDENTIALS} with an assertion, or {JWT_BEARER}.")


def _of_client(said: dict[str, str]) -> TokenRequest:
    if "client_assertion" not in said:
        raise BadRequest("invalid_client", "Send a client_assertion: there are no client secrets.", status=401)
    if said.get("client_assertion_type") != ASSERTION_TYPE:
        raise BadRequest("invalid_request", f"The client_assertion_type must be {ASSERTION_TYPE}.")
    return TokenRequest(said.get("client_id", ""), _needed(said, "client_assertion"), "invalid_client")


def _needed(said: dict[str, str], name: str) -> str:
    if not said.get(name):
        raise BadRequest("invalid_request", f"The parameter {name} is missing.")
    return said[name]


def _parameters(request: HttpRequest) -> dict[str, str]:
    """None may come twice (RFC 6749 section 3.2), and none in the address, which is logged."""
    if request.content_type != FORM:
        raise BadRequest("invalid_request", f"Send a body of the type {FORM}.")
    if request.META.get("QUERY_STRING"):
        raise BadRequest("invalid_request", "Send parameters in the body only.")
    if length_of(request) > MOST_BYTES or len(body := _body(request)) > MOST_BYTES:
        raise BadRequest("invalid_request", f"The body is longer than {MOST_BYTES} bytes.", status=413)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except ValueError as error:
        raise BadRequest("invalid_request", "The body can't be read.") from error
    said = dict(pairs)
    if len(said) != len(pairs):
        raise BadRequest("invalid_request", "A parameter is there twice.")
    return {name: value for name, value in said.items() if value}


def _body(request: HttpRequest) -> bytes:
    try:
        return request.read(MOST_BYTES + 1)
    except (OSError, RequestDataTooBig) as error:
        raise BadRequest("invalid_request", "The body can't be read.") from error
