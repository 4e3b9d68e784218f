"""What is wrong with an answer, for the log and for administrators."""

from __future__ import annotations

MOST_CHARACTERS = 200


class BadAnswer(Exception):
    """An answer of an identity provider that proves nothing. Its message holds nothing secret."""


def cause_of(exception: BaseException | None) -> str:
    """As in "BadToken: InvalidAudienceError"; of others the kind alone, since their texts may quote secrets."""
    if exception is None:
        return "refused at the identity provider"
    kind = type(exception).__name__
    return f"{kind}: {exception}"[:MOST_CHARACTERS] if isinstance(exception, BadAnswer) else kind
