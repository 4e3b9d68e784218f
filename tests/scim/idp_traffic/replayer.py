"""Plays one scenario against a SCIM service provider and stops at the first answer that differs."""

import http.client
import json
import re
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.scim.idp_traffic.matchers import MISSING, Differs, check, pointer, same

VARIABLE = re.compile(r"\$\{([A-Za-z0-9_.\-]+)\}")
NESTING = 6  # inner names first, so that ${member.${i}} works
BAD_TOKEN = "wrong-" + "0" * 24

Variables = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Differs(f"the body is not JSON: {self.excerpt()}") from error

    def excerpt(self) -> str:
        return self.body[:240].decode("utf-8", "replace").replace("\n", " ")


@dataclass
class Client:
    """An identity provider's HTTP client: keeps its connection, as they do."""

    base_url: str
    token: str
    connection: http.client.HTTPConnection | None = field(default=None, init=False)

    def send(self, request: dict[str, Any], auth: str) -> Answer:
        """One request; a connection that the server closed meanwhile is opened anew, once."""
        try:
            return self.send_once(request, auth)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.close()
            return self.send_once(request, auth)

    def send_once(self, request: dict[str, Any], auth: str) -> Answer:
        self.connection = self.connection or self.connect()
        body = encode_body(request)
        self.connection.request(request["method"], self.target(request), body=body, headers=self.headers(request, auth))
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.will_close:
            self.close()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, headers, content)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urllib.parse.urlsplit(self.base_url).netloc, timeout=30)

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def target(self, request: dict[str, Any]) -> str:
        """A query object is percent-encoded, a query string is sent as it is (Entra sends `+` for blanks)."""
        root = urllib.parse.urlsplit(self.base_url).path.rstrip("/")
        path = root + urllib.parse.quote(request["path"], safe="/:@%~")
        match request.get("query"):
            case None:
                return path
            case str(raw):
                return f"{path}?{raw}"
            case query:
                return f"{path}?{urllib.parse.urlencode(query, quote_via=urllib.parse.quote)}"

    def headers(self, request: dict[str, Any], auth: str) -> dict[str, str]:
        headers = {"Accept": "application/scim+json", "User-Agent": "idp-traffic/1"}
        if request.get("body") is not None:
            headers["Content-Type"] = "application/scim+json"
        if auth != "none":
            headers["Authorization"] = f"Bearer {self.token if auth == 'token' else BAD_TOKEN}"
        return headers | (request.get("headers") or {})


def encode_body(request: dict[str, Any]) -> bytes | None:
    if request.get("body") is not None:
        return json.dumps(request["body"], ensure_ascii=False).encode()
    return b"" if request["method"] in {"POST", "PUT", "PATCH"} else None


def play(scenario: Path, client: Client, run: str) -> None:
    """Play the scenario; Differs names the first step whose answer is not what the IdP needs."""
    document = json.loads(scenario.read_text(encoding="utf-8"))
    variables: Variables = {"run": run}
    for number, step in enumerate(document["steps"], 1):
        for repetition in repetitions(step, variables):
            variables |= repetition
            try:
                play_step(client, step, variables)
            except Differs as difference:
                told = " ".join(f"({name}={value})" for name, value in repetition.items())
                raise Differs(f"step {number} '{step.get('name', '')}' {told}: {difference}") from None


def repetitions(step: dict[str, Any], variables: Variables) -> list[Variables]:
    """The variable that counts the repetitions, once for each; a plain step happens once."""
    if "repeat" not in step:
        return [{}]
    return [{step["repeat"]["var"]: number} for number in numbers(step["repeat"], variables)]


def play_step(client: Client, step: dict[str, Any], variables: Variables) -> None:
    if "when" in step and not holds(step["when"], variables):
        return
    answer = client.send(fill_in(step["request"], variables), step.get("auth", "token"))
    judge(step.get("expect", {}), answer, variables)
    capture(step, answer, variables)


def holds(condition: dict[str, Any], variables: Variables) -> bool:
    """Is a step's `when` true? A variable that was never captured is like nothing."""
    got = str(variables.get(condition["var"], MISSING))
    match condition:
        case {"in": choices}:
            return got in map(str, choices)
        case {"notIn": choices}:
            return got not in map(str, choices)
        case _:
            return got == str(condition["equals"])


def judge(expected: dict[str, Any], answer: Answer, variables: Variables) -> None:
    """Raise Differs unless the answer holds to everything, or to one of `anyOf`."""
    if "anyOf" in expected:
        judge_any(expected["anyOf"], answer, variables)
        return
    statuses = expected.get("status")
    if statuses is not None and not any(same(answer.status, status) for status in statuses):
        raise Differs(f"status: expected {statuses}, got {answer.status}: {answer.excerpt()}")
    for name, rule in expected.get("headers", {}).items():
        check(answer.headers.get(name.lower(), MISSING), fill_in(rule, variables), f"header {name}")
    rules = expected.get("json")
    if rules and answer.status != http.client.NO_CONTENT:
        document = answer.json()
        for path, rule in rules.items():
            check(pointer(document, fill_in(path, variables)), fill_in(rule, variables), path)


def judge_any(alternatives: list[dict[str, Any]], answer: Answer, variables: Variables) -> None:
    reasons = []
    for alternative in alternatives:
        try:
            judge(alternative, answer, variables)
        except Differs as difference:
            reasons.append(str(difference))
        else:
            return
    raise Differs(" / ".join(reasons))


def capture(step: dict[str, Any], answer: Answer, variables: Variables) -> None:
    """Keep parts of the answer for later steps."""
    for name, path in fill_in(step.get("capture", {}), variables).items():
        value = answer.status if path == "$status" else found_in(answer, path)
        if value is not MISSING:
            variables[name] = value
        elif not step.get("captureOptional"):
            raise Differs(f"nothing to capture at {path}")


def found_in(answer: Answer, path: str) -> Any:
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
