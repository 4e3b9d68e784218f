"""The directory whose filters and sorting are held against the reference model."""

from __future__ import annotations

from random import Random

from identity.models import SSOGroup, SSOUser, User
from tests.clients import IdP, new_idp
from tests.factories import make_group, map_group
from tests.scim.filter_model import Attribute, attributes_of
from tests.scim.filter_strategies import WORDS, random_user
from tests.scim.helpers import CORE_GROUP, CORE_USER, ENTERPRISE, PORTAL_GROUP, PORTAL_USER, Document

TYPES = {"/Users": (CORE_USER, ENTERPRISE, PORTAL_USER), "/Groups": (CORE_GROUP, PORTAL_GROUP)}
PEOPLE = 14
GROUPS = ("Staff", "staff 2", "É", "b%", "Nobody's", "a\\b")


class Directory:
    """People and groups of any mixture of attributes, as their identity provider sees them."""

    def __init__(self, idp: IdP, seed: int) -> None:
        self.idp = idp
        self._dice = Random(seed)
        self._schemas = {schema["id"]: schema for schema in idp.get("/Schemas").json()["Resources"]}
        self._push_groups(self._push_people())
        self._let_them_live()
        new_idp().user("ann stranger", title="ann", externalId="ann")  # whom no answer may hold

    def _push_people(self) -> list[Document]:
        core, enterprise = (self._schemas[urn]["attributes"] for urn in (CORE_USER, ENTERPRISE))
        people = []
        for number in range(PEOPLE):
            document = random_user(core, self._dice, number)
            extension = random_user(enterprise, self._dice, number)
            extension.pop("active")
            more = {"externalId": self._dice.choice(WORDS)} if self._dice.random() < 0.6 else {}
            more |= {ENTERPRISE: extension} if extension else {}
            people.append(self.idp.user(document.pop("userName", f"Person {number}"), **document, **more))
        return people

    def _push_groups(self, people: list[Document]) -> None:
        for name in GROUPS:
            members = [one for one in people if self._dice.random() < 0.4]
            more = {"externalId": self._dice.choice(WORDS)} if self._dice.random() < 0.5 else {}
            self.idp.group(name, [] if name == "Nobody's" else members, **more)

    def _let_them_live(self) -> None:
        """Changes, sign-ins and mappings, so that versions, moments and the portal's extensions differ."""
        rows = list(SSOUser.objects.order_by("pk"))
        SSOUser.objects.filter(pk__in=[row.pk for row in rows[:5]]).update(version=12)
        users = [row.user_id for row in rows[3:7]]
        User.objects.filter(pk__in=users).update(last_active="2026-03-01T12:00:00Z")
        for number, sso_group in enumerate(SSOGroup.objects.order_by("pk")[:3]):
            map_group(sso_group, make_group(f"Portal {number}"))

    def attributes(self, *urns: str) -> list[Attribute]:
        return attributes_of(*(self._schemas[urn] for urn in urns))

    def listed(self, endpoint: str) -> list[Document]:
        documents: list[Document] = self.idp.get(endpoint, count=1000).json()["Resources"]
        return documents
