"""The requests that every identity provider makes, played as one of them and rolled back: does the way work?

They are a conversation as those of `portal/replay`, told step by step to the end.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from identity.core.actors import Actor
from identity.models import IdentityProvider
from portal.replay.conversation import Exchange, Variables, play_step
from portal.replay.matchers import Differs
from portal.tryout.consequences import Consequences
from portal.tryout.trials import InTrial, caution_about, rolled_back

_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

_NAME = "gatehouse-self-test-${run}"
_PERSON = {
    "schemas": [_USER],
    "userName": f"{_NAME}@example.invalid",
    "externalId": _NAME,
    "name": {"givenName": "Self", "familyName": "Test"},
    "emails": [{"value": f"{_NAME}@example.invalid", "type": "work", "primary": True}],
    "active": True,
}


def _step(name: str, method: str, path: str, *statuses: int, body: Any = None, **more: Any) -> dict[str, Any]:
    query, json, capture = more.get("query"), more.get("json", {}), more.get("capture", {})
    request = {"method": method, "path": path, "body": body, **({"query": query} if query else {})}
    return {"name": name, "request": request, "expect": {"status": list(statuses), "json": json}, "capture": capture}


def _patched(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [_PATCH], "Operations": list(operations)}


def _active(value: bool) -> dict[str, Any]:
    return _patched({"op": "replace", "path": "active", "value": value})


_MEMBER = [{"value": "${user}"}]

STEPS = (
    _step("Ask what the portal can do", "GET", "/ServiceProviderConfig", 200, json={"/patch/supported": True}),
    _step(
        "Look for a user by userName",
        "GET",
        "/Users",
        200,
        query={"filter": f'userName eq "{_PERSON["userName"]}"'},
        json={"/totalResults": 0},
    ),
    _step("Create the user", "POST", "/Users", 201, body=_PERSON, capture={"user": "/id"}),
    _step("Read the user", "GET", "/Users/${user}", 200, json={"/userName": _PERSON["userName"]}),
    _step(
        "Replace the user",
        "PUT",
        "/Users/${user}",
        200,
        body={**_PERSON, "title": "Tester"},
        json={"/title": "Tester"},
    ),
    _step("Deactivate the user", "PATCH", "/Users/${user}", 200, 204, body=_active(False), json={"/active": False}),
    _step("Activate the user", "PATCH", "/Users/${user}", 200, 204, body=_active(True), json={"/active": True}),
    _step(
        "Create a group",
        "POST",
        "/Groups",
        201,
        body={"schemas": [_GROUP], "displayName": _NAME},
        capture={"group": "/id"},
    ),
    _step(
        "Add the user to the group",
        "PATCH",
        "/Groups/${group}",
        200,
        204,
        body=_patched({"op": "add", "path": "members", "value": _MEMBER}),
    ),
    _step(
        "Remove the user from the group",
        "PATCH",
        "/Groups/${group}",
        200,
        204,
        body=_patched({"op": "remove", "path": 'members[value eq "${user}"]'}),
    ),
    _step("Delete the group", "DELETE", "/Groups/${group}", 204),
    _step("Delete the user", "DELETE", "/Users/${user}", 204),
)


@dataclass(frozen=True, slots=True)
class StepResult:
    """A request of the self-test; `difference`: what was wrong with the answer, empty if it is as it should be."""

    name: str
    method: str
    path: str
    status: int
    difference: str
    consequences: Consequences

    @property
    def has_passed(self) -> bool:
        return not self.difference

    @property
    def summary(self) -> str:
        """What the provisioning log would say; reads and refusals before it have none."""
        return " ".join(line.summary for line in self.consequences.log)


@dataclass(frozen=True, slots=True)
class SelfTest:
    """All of them."""

    steps: list[StepResult]
    caution: str

    @property
    def has_passed(self) -> bool:
        return all(step.has_passed for step in self.steps)

    @property
    def failed(self) -> int:
        return sum(not step.has_passed for step in self.steps)


def self_test(provider: IdentityProvider, *, actor: Actor) -> SelfTest:
    """Play all steps as this identity provider, and roll them back. Raises Refused."""
    with rolled_back(provider, actor=actor) as sender:
        steps = list(_played(sender))
    return SelfTest(steps, caution_about(provider))


def _played(sender: InTrial) -> Iterator[StepResult]:
    variables: Variables = {"run": secrets.token_hex(4)}
    for step in STEPS:
        exchanges: list[Exchange] = []
        told, difference = len(sender.consequences), ""
        try:
            play_step(sender, step, variables, exchanges.append)
        except Differs as error:
            difference = str(error)
        status = exchanges[0].status if exchanges else 0
        found = sender.consequences[told] if len(sender.consequences) > told else Consequences()
        path = exchanges[0].path if exchanges else step["request"]["path"]
        yield StepResult(step["name"], step["request"]["method"], path, status, difference, found)
