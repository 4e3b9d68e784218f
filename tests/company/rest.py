"""The REST API alone, beside SCIM: every id comes from an answer, and nothing is looked up in the database."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from identity.models import IdentityProvider, Scope, User
from portal.replay.conversation import play
from portal.replay.senders import InProcess
from tests.clients import Script, caller
from tests.company.story import OWNER, Step
from tests.factories import sign_in_by_sso
from tests.sessions import signed_in


class RestAPI:
    """A script of the first owner, with a token that the owner made after signing in."""

    def __init__(self) -> None:
        browser = Script(client=signed_in(User.objects.get(username=OWNER["username"])))
        said = {"label": "script", "scopes": [Scope.WRITE]}
        self.owner = Script(browser.do("POST", "api-tokens/", said)["secret"])
        self.secret = ""

    def set_up_identity_provider(self, name: str, kind: str) -> None:
        provider = self.owner.do("POST", "identity-providers/", {"name": name, "kind": kind})
        token = self.owner.do("POST", "scim-tokens/", {"identity_provider": provider["id"], "label": "production"})
        self.secret = token["secret"]

    def push(self, *steps: Step) -> None:
        play({"steps": steps}, InProcess(self.secret), run="")

    def create_group(self, name: str) -> None:
        self.owner.do("POST", "groups/", {"name": name})

    def map(self, sso_group: str, group: str, *, joining: list[str]) -> None:
        pair = {
            "sso_group": self.one(f"sso-groups/?display_name={sso_group}"),
            "group": self.one(f"groups/?name={group}"),
        }
        preview = self.owner.read(f"mappings/preview/?sso_group={pair['sso_group']}&group={pair['group']}")
        assert [user["username"] for user in preview["joins"]["users"]] == joining
        self.owner.do("POST", "mappings/", {**pair, "fingerprint": preview["fingerprint"]})

    def invite(self, username: str, email: str) -> None:
        self.owner.do("POST", "invitations/", {"username": username, "email": email})

    def register_asset(self, name: str, owner: str) -> None:
        self.owner.do("POST", "assets/", {"name": name, "owner": self.user(owner)})

    def give_role(self, username: str, role: str) -> None:
        self.owner.do("PUT", f"users/{self.user(username)}/role/", {"role": role})

    def link_conflict(self, user_name: str) -> None:
        conflict = self.one(f"conflicts/?state=open&user_name={user_name}")
        self.owner.do("POST", f"conflicts/{conflict}/link/")

    def enforce_sso(self) -> None:
        """After what must be proven at the sign-in page: a break-glass account, and the owner through SSO."""
        owner = User.objects.get(username=OWNER["username"])
        User.objects.filter(pk=owner.pk).update(last_active=timezone.now(), last_proven=timezone.now())
        sign_in_by_sso(owner, IdentityProvider.objects.get())
        assert self.owner.read("access-settings/what-if/?sso_enforced=true")["missing"] is None
        self.owner.do("PATCH", "access-settings/", {"sso_enforced": True})

    def is_refused_to_invite(self, username: str, email: str) -> bool:
        return self.owner.post("invitations/", {"username": username, "email": email}).status_code == 403

    def revoke_invitation(self, username: str) -> None:
        self.owner.do("DELETE", f"invitations/{self.user(username)}/")

    def is_refused_to_disable(self, username: str) -> bool:
        return self.owner.post(f"users/{self.user(username)}/disable/").status_code == 403

    def delete(self, username: str, *, by: str, transferee: str, reason: str) -> None:
        support = caller(User.objects.get(username=by), Scope.SUPPORT)
        path = f"support/disabled-users/{self.user(username)}/"
        assert [asset["name"] for asset in support.read(path)["owned_alone"]] == ["Wiki"]
        said = {"username": username, "reason": reason, "transferee": self.user(transferee)}
        support.do("POST", f"{path}delete-permanently/", said)

    def user(self, username: str) -> int:
        return self.one(f"users/?username={username}")

    def one(self, path: str) -> int:
        """The id of the only row that a list answers."""
        rows: list[dict[str, Any]] = self.owner.read(path)["results"]
        assert len(rows) == 1, rows
        return int(rows[0]["id"])
