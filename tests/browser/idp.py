"""The identity provider while an administrator looks on: it talks SCIM to the live portal over HTTP."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from identity.models import IdentityProvider
from tests.factories import make_idp, make_token

Document = dict[str, Any]


class LiveIdP:
    """One IdP with a token. Each request is real; the answer is (status, body)."""

    def __init__(self, portal_url: str, provider: IdentityProvider | None = None, token: str = "") -> None:
        self.provider = provider or make_idp()
        self._token = token or make_token(self.provider)
        self._host = urlsplit(portal_url).netloc

    def send(self, method: str, path: str, body: Document | None = None) -> tuple[int, Document]:
        connection = http.client.HTTPConnection(self._host, timeout=10)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/scim+json"}
        connection.request(method, f"/scim/v2{path}", json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        raw = answer.read()
        connection.close()
        return answer.status, json.loads(raw) if raw else {}

    def try_user(self, user_name: str, email: str = "") -> tuple[int, Document]:
        given, _, family = user_name.partition(".")
        body = {
            "userName": user_name,
            "name": {"givenName": given.title(), "familyName": family.title()},
            "emails": [{"value": email or f"{user_name}@example.test", "type": "work", "primary": True}],
            "active": True,
        }
        return self.send("POST", "/Users", body)

    def user(self, user_name: str) -> str:
        """The id of a new user."""
        status, body = self.try_user(user_name)
        assert status == 201, body
        return str(body["id"])

    def group(self, name: str, *members: str) -> str:
        """The id of a new group with these members."""
        body = {"displayName": name, "members": [{"value": member} for member in members]}
        status, answer = self.send("POST", "/Groups", body)
        assert status == 201, answer
        return str(answer["id"])

    def rename_group(self, group: str, name: str) -> None:
        operation = {"op": "replace", "path": "displayName", "value": name}
        status, answer = self.send("PATCH", f"/Groups/{group}", {"Operations": [operation]})
        assert status == 204, answer

    def delete_group(self, group: str) -> None:
        status, answer = self.send("DELETE", f"/Groups/{group}")
        assert status == 204, answer
