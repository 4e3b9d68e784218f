"""The Open Cybersecurity Schema Framework's terms for events (docs/events.md).

Each class with the activities that the portal uses.
"""

from __future__ import annotations

from enum import Enum, IntEnum

from django.db.models import IntegerChoices


class Severity(IntEnum):
    """How serious an event is to those who monitor the portal."""

    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4


class AccountChange(IntegerChoices):
    CREATE = 1, "Create"
    ENABLE = 2, "Enable"
    PASSWORD_CHANGE = 3, "Password Change"
    DISABLE = 5, "Disable"
    DELETE = 6, "Delete"
    MFA_ENABLE = 10, "MFA Factor Enable"
    MFA_DISABLE = 11, "MFA Factor Disable"
    OTHER = 99, "Other"


class Authentication(IntegerChoices):
    LOGON = 1, "Logon"
    LOGOFF = 2, "Logoff"


class EntityManagement(IntegerChoices):
    CREATE = 1, "Create"
    UPDATE = 3, "Update"
    DELETE = 4, "Delete"
    ENABLE = 8, "Enable"
    DISABLE = 9, "Disable"
    OTHER = 99, "Other"


class UserAccess(IntegerChoices):
    ASSIGN = 1, "Assign Privileges"
    REVOKE = 2, "Revoke Privileges"


class GroupManagement(IntegerChoices):
    ADD_USER = 3, "Add User"
    REMOVE_USER = 4, "Remove User"
    DELETE = 5, "Delete"
    CREATE = 6, "Create"
    OTHER = 99, "Other"


Activity = AccountChange | Authentication | EntityManagement | UserAccess | GroupManagement


class EventClass(Enum):
    """An OCSF class: its number and name."""

    ACCOUNT_CHANGE = 3001, "Account Change", AccountChange
    AUTHENTICATION = 3002, "Authentication", Authentication
    ENTITY_MANAGEMENT = 3004, "Entity Management", EntityManagement
    USER_ACCESS = 3005, "User Access Management", UserAccess
    GROUP_MANAGEMENT = 3006, "Group Management", GroupManagement

    uid: int
    title: str
    activities: type[IntegerChoices]

    def __init__(self, uid: int, title: str, activities: type[IntegerChoices]) -> None:
        self.uid, self.title, self.activities = uid, title, activities

    @classmethod
    def of(cls, activity: Activity) -> EventClass:
        return next(kind for kind in cls if isinstance(activity, kind.activities))
