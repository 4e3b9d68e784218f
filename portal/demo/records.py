"""How the demo's identity providers describe people and groups in SCIM: each in its own dialect."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from portal.demo.people import COMPANY, Employee

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTRA_TENANT = UUID("6f2c1a04-5a0e-4c57-9d1e-0d4f6b1e7a11")


def okta_user(employee: Employee, *, manager: dict[str, str] | None = None) -> dict[str, Any]:
    """A user as Okta POSTs it with the whole profile mapped. It includes a password, as Okta's may."""
    return {
        "schemas": [USER, ENTERPRISE],
        "userName": employee.user_name,
        "externalId": employee.external_id,
        **profile(employee),
        "groups": [],
        "password": "never-stored-by-the-portal",
        "active": True,
        ENTERPRISE: enterprise(employee, manager),
    }


def entra_user(employee: Employee) -> dict[str, Any]:
    """A user as Microsoft Entra ID POSTs it: a GUID as externalId, and less of a profile."""
    return {
        "schemas": [USER, ENTERPRISE],
        "externalId": str(uuid5(ENTRA_TENANT, employee.user_name)),
        "userName": employee.user_name,
        "active": True,
        "meta": {"resourceType": "User"},
        **profile(employee),
        "roles": [],
        ENTERPRISE: enterprise(employee, None),
    }


def profile(employee: Employee) -> dict[str, Any]:
    """What both send in the same form."""
    office = employee.office
    return {
        "name": without_empty(
            {
                "formatted": employee.name,
                "givenName": employee.given_name,
                "familyName": employee.family_name,
            }
        ),
        "displayName": employee.name,
        "title": employee.title,
        "userType": "Employee",
        "emails": [{"value": employee.email, "type": "work", "primary": True}],
        "phoneNumbers": [{"value": employee.phone, "type": "work"}],
        "addresses": [
            {
                "type": "work",
                "streetAddress": office.street,
                "postalCode": office.postal_code,
                "locality": office.city,
                "country": office.country,
            }
        ],
        "preferredLanguage": office.locale,
        "locale": office.locale,
        "timezone": office.zone,
    }


def enterprise(employee: Employee, manager: dict[str, str] | None) -> dict[str, Any]:
    return without_empty(
        {
            "employeeNumber": employee.employee_number,
            "organization": COMPANY,
            "department": employee.team,
            "costCenter": f"CC-{employee.office_code}",
            "manager": manager,
        }
    )


def group(name: str, external_id: str, members: list[str] | None = None) -> dict[str, Any]:
    """A group as it is POSTed; both Okta and Entra add the members afterwards."""
    return {
        "schemas": [GROUP],
        "displayName": name,
        "externalId": external_id,
        "members": as_members(members or []),
    }


def as_members(scim_ids: list[str]) -> list[dict[str, str]]:
    return [{"value": scim_id} for scim_id in scim_ids]


def without_empty(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
