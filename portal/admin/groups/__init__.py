"""The portal's groups, the identity providers' groups and users, and mappings."""

from portal.admin.groups import groups, idp_side, mappings

__all__ = ["groups", "idp_side", "mappings"]
