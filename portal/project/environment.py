"""Reading the environment: all variables at once, and every fault in one message."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import Field, dataclass, field, fields
from typing import Any, TypeVar, cast

from django.core.exceptions import ImproperlyConfigured

from portal.project.kinds import Kind, without_password

T = TypeVar("T")

WRONG = 78  # EX_CONFIG of sysexits.h: starting again does not help
LONGEST_SHOWN = 200


class WrongEnvironment(ImproperlyConfigured):
    """The environment can't be used; a sentence for each fault."""

    def __init__(self, *faults: str) -> None:
        super().__init__("The portal can't start with this environment:\n" + "\n".join(f"  {one}" for one in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Variable:
    """`default` is a value, or makes one of the variables before it; `told_default` is Markdown, as is `meaning`."""

    kind: Kind[Any]
    default: Any
    told_default: str
    meaning: str


def variable(kind: Kind[T], default: T | Callable[[Any], T], told_default: str, meaning: str) -> T:
    """A field of a table of variables, typed as its values are."""
    return cast("T", field(metadata={"variable": Variable(kind, default, told_default, meaning)}))


def variable_of(one: Field[Any]) -> Variable:
    return cast("Variable", one.metadata["variable"])


def read(table: type[T], environment: Mapping[str, str]) -> T:
    """The table's values; raises WrongEnvironment. A variable that is empty counts as not set."""
    values, faults = {}, []
    found = {one.name: variable_of(one) for one in fields(cast("Any", table))}
    for name, one in found.items():
        try:
            text = environment.get(name, "")
            values[name] = one.kind.read(readable(text)) if text.strip() else one.default
        except ValueError as error:
            faults.append(fault(name, text, getattr(error, "expected", "") or one.kind.expected, one.kind))
    if faults:
        raise WrongEnvironment(*faults)
    return table(**_with_defaults(values))


def _with_defaults(values: dict[str, Any]) -> dict[str, Any]:
    """Variables that a default is computed from come before it in the table, or have a constant default."""
    for name, value in values.items():
        if callable(value):
            values[name] = value(_Sofar(values))
    return values


class _Sofar:
    """Values by name, as the whole table will have them."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__ = values


def readable(text: str) -> str:
    """Raises ValueError for what was no UTF-8."""
    text.encode()
    return text


def fault(name: str, text: str, expected: str, kind: Kind[Any]) -> str:
    try:
        shown = "a secret" if kind.is_secret else repr(without_password(readable(text))[:LONGEST_SHOWN])
    except UnicodeEncodeError:
        shown = "no UTF-8"
    return f"{name} is {shown}, expected {expected}."


@contextmanager
def faults_explained() -> Iterator[None]:
    """Ends the process with the sentences and without a traceback, if the environment turns out to be wrong."""
    try:
        yield
    except WrongEnvironment as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(WRONG) from None


def is_set(name: str) -> bool:
    return bool(os.environ.get(name, "").strip())
