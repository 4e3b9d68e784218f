"""The command line alone; what the identity provider sends is replayed."""

from __future__ import annotations

import json
from pathlib import Path

from django.core.management import CommandError

from tests.company.story import Step
from tests.portal.shell import answer, run

REFUSED = 5


class CommandLine:
    """Somebody with a shell on the server and a folder for files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def set_up_identity_provider(self, name: str, kind: str) -> None:
        run("create_identity_provider", name, "--kind", kind)
        run("create_scim_token", "--idp", name, "--label", "production")

    def push(self, *steps: Step) -> None:
        file = self.folder / "conversation.json"
        file.write_text(json.dumps({"steps": steps}), encoding="utf-8")
        run("replay", "--idp", "Okta", str(file), "--yes")

    def create_group(self, name: str) -> None:
        run("create_group", name)

    def map(self, sso_group: str, group: str, *, joining: list[str]) -> None:
        preview = answer("create_mapping", sso_group, group)
        assert preview["joining"] == joining
        run("create_mapping", sso_group, group, "--yes", "--fingerprint", preview["fingerprint"])

    def invite(self, username: str, email: str) -> None:
        run("invite_user", username, "--email", email)

    def register_asset(self, name: str, owner: str) -> None:
        run("create_asset", name, "--owner", owner)

    def give_role(self, username: str, role: str) -> None:
        run("set_role", username, role)

    def link_conflict(self, user_name: str) -> None:
        [conflict] = [row for row in answer("list_conflicts") if row["user_name"] == user_name]
        run("link_conflict", str(conflict["id"]))

    def enforce_sso(self) -> None:
        run("set_mode", "--sso", "enforced", "--force")

    def is_refused_to_invite(self, username: str, email: str) -> bool:
        return is_refused("invite_user", username, "--email", email)

    def revoke_invitation(self, username: str) -> None:
        run("revoke_invitation", username)

    def is_refused_to_disable(self, username: str) -> bool:
        return is_refused("disable_user", username)

    def delete(self, username: str, *, by: str, transferee: str, reason: str) -> None:
        run("delete_user", username, "--as", by, "--transferee", transferee, "--reason", reason, "--yes")


def is_refused(*arguments: str) -> bool:
    try:
        run(*arguments)
    except CommandError as error:
        return error.returncode == REFUSED
    return False
