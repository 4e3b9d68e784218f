"""What each service does for one of two identity providers that are alike, or for one of their people."""

from __future__ import annotations

from tests.identity.two_idps_cases import accounts, holdings, provisioning, sign_in
from tests.identity.two_idps_cases.deeds import Asked, Deed
from tests.identity.two_idps_cases.nobodys import NOBODYS
from tests.identity.two_idps_cases.strangers import STRANGERS

__all__ = ["NOBODYS", "OF_A_PERSON", "OF_A_PROVIDER", "READS", "STRANGERS", "Asked", "Deed"]

_ROOMS = (accounts, holdings, provisioning, sign_in)

# What is done for one person: the colleague's rows stay as well.
OF_A_PERSON: dict[str, list[Deed]] = {name: deeds for room in _ROOMS for name, deeds in room.OF_A_PERSON.items()}

# What is done for the identity provider, or for all of a group of its.
OF_A_PROVIDER: dict[str, list[Deed]] = {name: deeds for room in _ROOMS for name, deeds in room.OF_A_PROVIDER.items()}

# What is asked, with what is found; nothing is written.
READS: dict[str, Asked] = {name: asked for room in _ROOMS for name, asked in room.READS.items()}
