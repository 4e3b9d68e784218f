"""Plays one scenario to a SCIM service and stops at the first answer that differs from what the IdP needs."""

from __future__ import annotations

import http
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.replay.matchers import MISSING, Differs, check, pointer, same
from portal.replay.senders import Reply, Sender

FORMAT = "idp-traffic/1"
VARIABLE = re.compile(r"\$\{([A-Za-z0-9_.\-]+)\}")
NESTING = 6  # inner names first, so that ${member.${i}} works

Variables = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response."""

    step: str
    method: str
    path: str
    status: int


Watcher = Callable[[Exchange], None]


class UnreadableConversation(ValueError):
    """The file is not a valid conversation."""


def read(file: Path) -> dict[str, Any]:
    """The scenario in a file. Raises UnreadableConversation."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        requests = [step["request"] for step in document["steps"]]
        if not all(isinstance(request[name], str) for request in requests for name in ("method", "path")):
            raise UnreadableConversation(f"{file}: a step has no method or no path")
    except (OSError, UnicodeDecodeError, ValueError, LookupError, TypeError) as error:
        raise UnreadableConversation(f"{file} is no conversation in the format {FORMAT}: {error}") from error
    return document  # type: ignore[no-any-return]


def play(document: dict[str, Any], sender: Sender, *, run: str, watch: Watcher = lambda exchange: None) -> None:
    """Play the scenario; Differs names the first step whose answer is not what the IdP needs.

    `run` becomes ${run}: names unlike those of any other run. `watch` is called with each exchange.
    """
    variables: Variables = {"run": run}
    for number, step in enumerate(document["steps"], 1):
        for repetition in repetitions(step, variables):
            variables |= repetition
            try:
                play_step(sender, step, variables, watch)
            except Differs as difference:
                told = " ".join(f"({name}={value})" for name, value in repetition.items())
                raise Differs(f"step {number} '{step.get('name', '')}' {told}: {difference}") from None


def repetitions(step: dict[str, Any], variables: Variables) -> list[Variables]:
    """The variable that counts the repetitions, once for each; a plain step runs once."""
    if "repeat" not in step:
        return [{}]
    return [{step["repeat"]["var"]: number} for number in numbers(step["repeat"], variables)]


def play_step(sender: Sender, step: dict[str, Any], variables: Variables, watch: Watcher) -> None:
    if "when" in step and not holds(step["when"], variables):
        return
    request = fill_in(step["request"], variables)
    answer = sender.send(request, step.get("auth", "token"))
    watch(Exchange(step.get("name", ""), request["method"], request["path"], answer.status))
    judge(step.get("expect", {}), answer, variables)
    capture(step, answer, variables)


def holds(condition: dict[str, Any], variables: Variables) -> bool:
    """Whether a step's `when` is true. A variable that was never captured matches nothing."""
    got = str(variables.get(condition["var"], MISSING))
    match condition:
        case {"in": choices}:
            return got in map(str, choices)
        case {"notIn": choices}:
            return got not in map(str, choices)
        case _:
            return got == str(condition["equals"])


def judge(expected: dict[str, Any], answer: Reply, variables: Variables) -> None:
    """Raise Differs unless the answer satisfies everything, or one of `anyOf`."""
    if "anyOf" in expected:
        judge_any(expected["anyOf"], answer, variables)
        return
    statuses = expected.get("status")
    if statuses is not None and not any(same(answer.status, status) for status in statuses):
        raise Differs(f"status: expected {statuses}, got {answer.status}: {answer.excerpt()}")
    for name, rule in expected.get("headers", {}).items():
        check(answer.headers.get(name.lower(), MISSING), fill_in(rule, variables), f"header {name}")
    rules = expected.get("json")
    if rules and answer.status != http.HTTPStatus.NO_CONTENT:
        document = answer.json()
        for path, rule in rules.items():
            check(pointer(document, fill_in(path, variables)), fill_in(rule, variables), path)


def judge_any(alternatives: list[dict[str, Any]], answer: Reply, variables: Variables) -> None:
    reasons = []
    for alternative in alternatives:
        try:
            judge(alternative, answer, variables)
        except Differs as difference:
            reasons.append(str(difference))
        else:
            return
    raise Differs(" / ".join(reasons))


def capture(step: dict[str, Any], answer: Reply, variables: Variables) -> None:
    """Keep parts of the answer for later steps."""
    for name, path in fill_in(step.get("capture", {}), variables).items():
        value = answer.status if path == "$status" else found_in(answer, path)
        if value is not MISSING:
            variables[name] = value
        elif not step.get("captureOptional"):
            raise Differs(f"nothing to capture at {path}")


def found_in(answer: Reply, path: str) -> Any:
    try:
        return pointer(answer.json(), path)
    except Differs:
        return MISSING


def fill_in(value: Any, variables: Variables) -> Any:
    """`value` with every ${name} replaced and every $each expanded."""
    match value:
        case str():
            return fill_in_text(value, variables)
        case dict():
            return {fill_in(key, variables): fill_in(item, variables) for key, item in value.items()}
        case list():
            return [filled for item in value for filled in fill_in_item(item, variables)]
        case _:
            return value


def fill_in_item(item: Any, variables: Variables) -> list[Any]:
    """One item of a list, or as many as its $each counts."""
    match item:
        case {"$each": each, **others} if not others:
            return [fill_in(each["item"], {**variables, each["var"]: number}) for number in numbers(each, variables)]
        case _:
            return [fill_in(item, variables)]


def fill_in_text(text: str, variables: Variables) -> str:
    for _ in range(NESTING):
        filled = VARIABLE.sub(lambda found: value_of(found[1], variables), text)
        if filled == text:
            break
        text = filled
    return text


def value_of(name: str, variables: Variables) -> str:
    if name not in variables:
        raise Differs(f"the variable {name} was never captured")
    return str(variables[name])


def numbers(span: dict[str, Any], variables: Variables) -> range:
    return range(int(fill_in(str(span["from"]), variables)), int(fill_in(str(span["to"]), variables)) + 1)
