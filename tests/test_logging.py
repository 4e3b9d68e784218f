"""SR-15: no token in the logs, whichever way it gets there. SR-28: one event, one line."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from identity.core.secrets import API_PREFIX, SCIM_PREFIX, new_token
from portal.project.logging import JSONFormatter, RedactSecrets, redact


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger that is set up as in production, and what it has written."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(RedactSecrets())
    handler.setFormatter(JSONFormatter())
    logger = logging.getLogger("test_logging")
    logger.addHandler(handler)
    yield logger, written
    logger.removeHandler(handler)


@pytest.mark.parametrize("prefix", [SCIM_PREFIX, API_PREFIX])
def test_a_token_in_a_message_is_blotted_out(prefix: str) -> None:
    assert redact(f"token {new_token(prefix)} was refused") == f"token {prefix}*** was refused"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: ***"),
        ("{'Authorization': 'Bearer abcdefgh'}", "{'Authorization': '***'}"),
        ("HTTP_AUTHORIZATION=Basic b3duZXI6cGFzcw==", "HTTP_AUTHORIZATION=***"),
        ("curl -H 'bearer abcdefghij'", "curl -H 'bearer ***'"),
        ("the bearer of this news", "the bearer of this news"),
    ],
)
def test_authorization_headers_are_blotted_out(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_arguments_and_tracebacks_are_blotted_out_too(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, written = log
    token = new_token(SCIM_PREFIX)
    try:
        raise ValueError(token)
    except ValueError:
        logger.exception("refused %s", token)
    assert token not in written.getvalue()
    entry = json.loads(written.getvalue())
    assert entry["message"] == "refused ghscim_***"
    assert entry["exception"].endswith("ValueError: ghscim_***")


def test_a_line_break_in_a_value_does_not_start_a_line(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, written = log
    logger.warning("unknown user %s", "eve\nERROR all is lost")
    assert written.getvalue().count("\n") == 1
    assert json.loads(written.getvalue())["message"] == "unknown user eve\nERROR all is lost"
