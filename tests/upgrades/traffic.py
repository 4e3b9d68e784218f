"""What goes on while a portal is upgraded: an identity provider pushes, a script asks, somebody looks at pages."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import requests

from tests.processes import finish
from tests.scim.helpers import group_body, user_body

Document = dict[str, Any]
SECONDS = 60
PAUSE = 0.1  # between requests: what else starts on this machine needs its time
LOGS = ("/admin/identity/provisioninglog/", "/admin/identity/auditevent/")
PAGES = ("/admin/", "/admin/identity/user/", "/admin/identity/group/", "/profile/", *LOGS)
IN_REST = ("users/", "groups/", "sso-groups/", "provisioning-log/")

# What an empty portal of any release is given; it prints a SCIM token and an API token.
OWNER, PASSWORD = "olga", "wide-ocean-over-nine-hills"
FILL = f"""
from io import StringIO
from django.core.management import call_command

def told(*words):
    call_command(*words, stdout=(said := StringIO()))
    return said.getvalue().strip()

call_command("migrate", verbosity=0)
told("create_owner", "--username={OWNER}", "--email=olga@example.test", "--password={PASSWORD}")
scim = told("create_scim_token", "--idp=Okta")
print(scim, told("create_api_token", "{OWNER}", "--scope=read", "--scope=write"))
"""


@dataclass
class Host:
    """A portal at this address, asked with the tokens and the session that all hosts share."""

    origin: str
    scim_token: str
    rest_token: str

    def scim(self, method: str, path: str, body: Document | None = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.scim_token}", "Content-Type": "application/scim+json"}
        return requests.request(method, f"{self.origin}/scim/v2{path}", json=body, headers=headers, timeout=SECONDS)

    def rest(self, method: str, path: str, body: Document | None = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.rest_token}"}
        return requests.request(method, f"{self.origin}/api/v1/{path}", json=body, headers=headers, timeout=SECONDS)

    def signed_in(self, username: str, password: str) -> requests.Session:
        browser = requests.Session()
        form = browser.get(f"{self.origin}/login/", timeout=SECONDS).text
        token = re.search('csrfmiddlewaretoken" value="([^"]+)', form)
        assert token, form
        said = {"csrfmiddlewaretoken": token[1], "username": username, "password": password}
        answer = browser.post(f"{self.origin}/login/", said, timeout=SECONDS)
        assert answer.status_code == 200, answer.text
        return browser

    def everything(self) -> dict[str, Document]:
        """All that the identity provider is shown, by id."""
        found = {}
        for kind in ("/Users", "/Groups"):
            answer = self.scim("GET", f"{kind}?count=1000")
            found |= {row["id"]: row for row in answer.json()["Resources"]}
        return found


@dataclass
class Traffic:
    """Rounds of all kinds of requests, one after the other, until it is told to stop."""

    host: Host
    browser: requests.Session
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    rounds: int = 0
    _stop: Event = field(default_factory=Event)

    def __enter__(self) -> Traffic:
        self._thread = Thread(target=self._run, name="traffic")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        finish(self._thread)

    def _run(self) -> None:
        for number in itertools.count(1):
            for what, answer, expected in self._round(f"{self.host.origin[-5:]}-{number}".replace(":", "")):
                self.answers[what, answer.status_code] += 1
                if answer.status_code != expected:
                    self.wrong.append(f"{what}: {answer.status_code} {answer.text[:300]}")
                self._stop.wait(PAUSE)
            self.rounds = number
            if self._stop.is_set():
                return

    def _round(self, name: str) -> Iterator[tuple[str, requests.Response, int]]:
        host = self.host
        person = user_body(name, emails=[{"value": f"{name}@example.test", "primary": True}], title="Engineer")
        made = host.scim("POST", "/Users", person)
        yield "POST /Users", made, 201
        yield "POST /Users again", host.scim("POST", "/Users", person), 409
        if made.status_code != 201:
            return
        path = f"/Users/{made.json()['id']}"
        yield "PATCH /Users", host.scim("PATCH", path, patch(path="title", value="Manager")), 200
        yield "PATCH active", host.scim("PATCH", path, patch(path="active", value=False)), 200
        yield "GET /Users/id", host.scim("GET", path), 200
        yield "GET /Users", host.scim("GET", f'/Users?filter=userName eq "{name}"'), 200
        group = host.scim("POST", "/Groups", group_body(name, [made.json()]))
        yield "POST /Groups", group, 201
        if group.status_code == 201:
            path = f"/Groups/{group.json()['id']}"
            yield "PATCH /Groups", host.scim("PATCH", path, patch(path="displayName", value=f"{name} renamed")), 204
        yield "POST groups", host.rest("POST", "groups/", {"name": name}), 201
        for asked in IN_REST:
            yield f"REST {asked}", host.rest("GET", asked), 200
        for page in PAGES:
            yield page, self.browser.get(f"{host.origin}{page}", timeout=SECONDS, allow_redirects=False), 200


def patch(**operation: Any) -> Document:
    return {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", **operation}],
    }
