"""Where the portal deviates on purpose, and why: what is not listed here and fails is a bug."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the checkers take seconds to import
    from scim2_tester import CheckResult

PORTAL_USER = "urn:gatehouse:params:scim:schemas:extension:portal:2.0:User"
PORTAL_GROUP = "urn:gatehouse:params:scim:schemas:extension:portal:2.0:Group"

READ_ONLY = "it takes an extension for writable although all its attributes are read-only"
DISPLAY = "it expects back exactly what it sent, and members.display is the portal's to fill in"

# Checks of scim2-tester that may fail, and why that is right; (resource type, check, attribute).
SCIM2_TESTER: dict[tuple[str | None, str | None, str], str] = {
    ("User", "check_add_attribute", PORTAL_USER): READ_ONLY,
    ("User", "check_replace_attribute", PORTAL_USER): READ_ONLY,
    ("User", "check_remove_attribute", PORTAL_USER): READ_ONLY,
    ("User", "check_remove_attribute", "active"): "a status can't be taken away: removing it changes nothing",
    ("Group", "check_add_attribute", PORTAL_GROUP): READ_ONLY,
    ("Group", "check_replace_attribute", PORTAL_GROUP): READ_ONLY,
    ("Group", "check_add_attribute", "members"): DISPLAY,
    ("Group", "check_replace_attribute", "members"): DISPLAY,
}

# Tests of scim-sanity that may fail, by name.
NO_BODY = (
    "a PATCH of a group answers 204 unless attributes are asked for (RFC 7644 section 3.5.2 allows both): its cost "
)
SCIM_SANITY = {
    "PATCH /Groups/{id}": f"{NO_BODY}follows the change, not the group's size",
    "PATCH /Groups/{id} remove members": f"{NO_BODY}follows the change, not the group's size",
    "PATCH /Groups/{id} add member": "it adds the made-up id fake-member-id; somebody who was never here is refused",
}

# Requirements of our own list that are not met on purpose, by check.
REQUIREMENTS: dict[str, str] = {
    "replace_nothing": "an entry that `[type eq …]` describes is made, as Microsoft Entra ID expects; "
    "any other filter without a match is refused with noTarget",
}


# Sentences of the RFCs that can be read in more than one way, and how they are read here.
READINGS: list[tuple[str, str]] = [
    (
        "RFC 7644 3.4.2.2: `ne` on an attribute with several values",
        "no value equals, so that `ne` is always `not … eq`, as in scim2-models; who has no value is selected as well",
    ),
    (
        "RFC 7644 3.4.2.2: a value without quotes",
        "a bare word that is no keyword, number or date is read as the string that it means, since clients look people "
        "up so; anything else is 400 invalidFilter",
    ),
    (
        "RFC 7644 3.4.2.2: unknown attributes in a filter",
        "400 invalidFilter at an endpoint of one resource type: an answer that is too narrow or too wide misleads; "
        "at the root they match nothing if the other type has them (3.4.2.1)",
    ),
    (
        "RFC 7644 3.5.2: PATCH of an attribute that no schema has",
        "ignored, as in POST and PUT (3.3), and named in the provisioning log: identity providers send what an "
        "administrator once mapped, and one attribute too many must not stop a person's status from arriving; a path "
        "that ends like an attribute of ours is 400 invalidPath",
    ),
    (
        "RFC 7644 3.7.1: bulk operations that refer to each other in a circle",
        "409 for each of them, without the attempt that the RFC mentions: only managers could form a circle",
    ),
    ("RFC 9865 2.1: a count above maxPageSize", "taken as maxPageSize, as in paging by index (RFC 7644 3.4.2.4)"),
]


def subject(result: CheckResult) -> tuple[str | None, str | None, str]:
    """What a result of scim2-tester is about, as SCIM2_TESTER names it."""
    urn = result.data.get("urn", "") if isinstance(result.data, dict) else ""
    return (result.resource_type, result.title, str(urn))
