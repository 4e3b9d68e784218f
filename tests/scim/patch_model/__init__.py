"""PATCH once more, on plain dicts: RFC 7644 section 3.5.2 as it reads, and the product's own rules where they differ.

Written without a look at the portal's code or at scim2-models, so that a disagreement between the two is a finding.
`patched_user` and `patched_group` answer the new state, or raise `Refused` with the scimTypes that fit: several
operations of one request can each be wrong, and the RFC leaves open which one is told.
"""

from tests.scim.patch_model.groups import People, patched_group
from tests.scim.patch_model.paths import (
    CORE,
    CORE_GROUP,
    ENTERPRISE,
    ENTERPRISE_TEXTS,
    KNOWN_TYPES,
    MULTIPLE,
    NAME,
    TEXTS,
    Document,
    Refused,
)
from tests.scim.patch_model.users import patched_user

__all__ = [
    "CORE",
    "CORE_GROUP",
    "ENTERPRISE",
    "ENTERPRISE_TEXTS",
    "KNOWN_TYPES",
    "MULTIPLE",
    "NAME",
    "TEXTS",
    "Document",
    "People",
    "Refused",
    "patched_group",
    "patched_user",
]
