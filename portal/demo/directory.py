"""An identity provider of the demo company, acting over SCIM: it creates, changes and removes people and groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from portal.demo.company import PushedGroup
from portal.demo.people import Employee
from portal.demo.records import ENTERPRISE, as_members, group
from portal.demo.scim_client import SCIMClient, UnexpectedAnswer

NOBODY = "00000000-0000-4000-8000-000000000000"


class Directory:
    """The people this IdP has sent, by username, and the groups it has pushed, by name."""

    def __init__(self, client: SCIMClient, describe: Callable[[Employee], dict[str, Any]]) -> None:
        self.client = client
        self.describe = describe
        self.people: dict[str, str] = {}
        self.groups: dict[str, str] = {}
        self.pushed: list[PushedGroup] = []
        self.staff: dict[str, Employee] = {}

    # --- people ---------------------------------------------------------------------------------------

    def assign(self, employee: Employee) -> None:
        """Look the person up, create them if missing, and add them to the groups pushed before."""
        if self.client.find("Users", "userName", employee.user_name):
            raise UnexpectedAnswer(f"{employee.user_name} is there already.")
        self.people[employee.user_name] = self.client.post("Users", self.described(employee))
        self.staff[employee.user_name] = employee
        for pushed in self.pushed:
            if pushed.has(employee):
                self.add_to_group(pushed.name, employee.user_name)

    def look_around(self) -> None:
        """A cycle without changes: look a person up. The log keeps no reads, the rhythm does."""
        self.client.find("Users", "userName", next(iter(self.people)))

    def described(self, employee: Employee) -> dict[str, Any]:
        """The record, with the manager's SCIM id where this IdP has sent the manager."""
        record = self.describe(employee)
        managers = [one for one in self.staff.values() if one.number == employee.manager_number]
        for manager in managers:
            value = {"value": self.people[manager.user_name], "displayName": manager.name}
            record[ENTERPRISE]["manager"] = value
        return record

    def assign_in_vain(self, employee: Employee) -> None:
        """Send a person the portal refuses: a conflict that waits for an administrator."""
        self.client.send("POST", "/Users", self.describe(employee), status=409)

    def unassign(self, user_name: str) -> None:
        """Okta and Entra both deactivate people who are no longer assigned; Entra does so with a string."""
        self.change(user_name, {"op": "Replace", "path": "active", "value": "False"})

    def reassign(self, user_name: str) -> None:
        self.change(user_name, {"op": "replace", "value": {"active": True}})

    def delete(self, user_name: str) -> None:
        self.client.send("DELETE", f"/Users/{self.people.pop(user_name)}", status=204)
        del self.staff[user_name]

    def retitle(self, user_name: str, title: str) -> None:
        self.change(user_name, {"op": "replace", "path": "title", "value": title})

    def rename(self, user_name: str, *, family_name: str, new_user_name: str, email: str) -> None:
        """A marriage: the name follows; the portal's username and email stay, and the log says so (R2)."""
        self.change(
            user_name,
            {"op": "replace", "path": "name.familyName", "value": family_name},
            {"op": "replace", "path": "userName", "value": new_user_name},
            {"op": "replace", "path": 'emails[type eq "work"].value', "value": email},
        )

    def change(self, user_name: str, *operations: dict[str, Any]) -> None:
        self.client.patch(f"/Users/{self.people[user_name]}", *operations)

    # --- groups ---------------------------------------------------------------------------------------

    def push(self, pushed: PushedGroup) -> None:
        """Push a group as Okta does: empty, then all members."""
        number = len(self.groups) + 1
        self.groups[pushed.name] = self.client.post("Groups", group(pushed.name, f"00g{number:04d}meridianC3x9"))
        self.pushed.append(pushed)
        members = [name for name, employee in self.staff.items() if pushed.has(employee)]
        self.add_to_group(pushed.name, *members)

    def add_to_group(self, name: str, *user_names: str) -> None:
        members = as_members([self.people[user_name] for user_name in user_names])
        self.change_group(name, {"op": "add", "path": "members", "value": members})

    def remove_from_group(self, name: str, user_name: str) -> None:
        path = f'members[value eq "{self.people[user_name]}"]'
        self.change_group(name, {"op": "remove", "path": path})

    def rename_group(self, name: str, new_name: str) -> None:
        self.change_group(name, {"op": "replace", "path": "displayName", "value": new_name})

    def add_nobody(self, name: str) -> None:
        """A member id that never belonged to this IdP: refused, and nothing is applied (R20)."""
        operation = {"op": "add", "path": "members", "value": as_members([NOBODY])}
        self.change_group(name, operation, status=400)

    def change_group(self, name: str, operation: dict[str, Any], *, status: int | None = None) -> None:
        self.client.patch(f"/Groups/{self.groups[name]}", operation, status=status)
