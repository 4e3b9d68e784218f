"""The project's own list of what the RFCs ask of a service provider: each with a check that can fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

from tests.conformance.service import NotApplicable, NotMet, Service

Check = Callable[[Service], None]

MODULES = (
    "rfc7643",
    "rfc7644_resources",
    "rfc7644_queries",
    "rfc7644_changes",
    "rfc7644_protocol",
    "rfc9865",
    "rfc6750",
)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One sentence of an RFC in plain words; `level` is MUST, SHOULD or MAY."""

    rfc: int
    section: str
    level: str
    sentence: str
    check: Check

    @property
    def key(self) -> str:
        return f"RFC {self.rfc} {self.section}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Result:
    """`outcome` is met, not met or not applicable; `reason` says why it is not met or does not apply."""

    requirement: Requirement
    outcome: str
    reason: str = ""


class Registry:
    """The requirements of one RFC: `must("3.3", "…")` above a check adds it."""

    def __init__(self, rfc: int) -> None:
        self.rfc = rfc
        self.found: list[Requirement] = []

    def must(self, section: str, sentence: str) -> Callable[[Check], Check]:
        return self._adding(section, "MUST", sentence)

    def should(self, section: str, sentence: str) -> Callable[[Check], Check]:
        return self._adding(section, "SHOULD", sentence)

    def may(self, section: str, sentence: str) -> Callable[[Check], Check]:
        return self._adding(section, "MAY", sentence)

    def _adding(self, section: str, level: str, sentence: str) -> Callable[[Check], Check]:
        def add(check: Check) -> Check:
            self.found.append(Requirement(self.rfc, section, level, sentence, check))
            return check

        return add


def all_requirements() -> list[Requirement]:
    """In the order of the RFCs' numbers and sections."""
    return sorted(_collected(), key=lambda one: (one.rfc, [int(part) for part in one.section.split(".")]))


def _collected() -> Iterator[Requirement]:
    for name in MODULES:
        yield from import_module(f"tests.conformance.{name}").rfc.found


def judge(requirement: Requirement, service: Service) -> Result:
    """Run the check; whatever an answer lacks that the check looks at is a reason, too."""
    service.begin()
    try:
        requirement.check(service)
    except NotMet as reason:
        return Result(requirement, "not met", str(reason))
    except NotApplicable as reason:
        return Result(requirement, "not applicable", str(reason))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        return Result(requirement, "not met", f"the answer has not the form that is expected ({error!r})")
    return Result(requirement, "met")
