"""R8, R14-R18: random histories of pushes and mappings, compared with a model of plain sets after each step."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest

from identity.core.errors import Conflicted, Taken
from identity.models import Conflict, Group, GroupMapping, SSOGroup, SSOUser, User
from identity.services import groups
from identity.services.provisioning import conflicts
from tests.examples import POSTGRESQL, share
from tests.factories import (
    OPERATOR,
    adding,
    change_members,
    delete_sso_group,
    deprovision,
    exactly,
    make_group,
    make_idp,
    map_group,
    members_of,
    provision,
    push_group,
    removing,
    resend,
    unmap,
)

pytestmark = pytest.mark.django_db

PEOPLE = ["ada", "grace", "joan", "mary", "sophie"]
SSO_GROUPS = ["One", "Two", "Three"]
GROUPS = ["Red", "Green"]
STEPS = 80


@dataclass
class Portal:
    """What should be: the IdP's groups, the mappings, the portal's groups, as sets of names."""

    people: set[str] = field(default_factory=set)
    pushed: dict[str, set[str]] = field(default_factory=dict)
    mappings: set[tuple[str, str]] = field(default_factory=set)
    groups: dict[str, set[str]] = field(default_factory=dict)

    def sources(self, group: str) -> list[str]:
        return [sso_group for sso_group, target in self.mappings if target == group]

    def follow(self, groups: list[str]) -> None:
        for group in groups:
            self.groups[group] = set().union(*(self.pushed[source] for source in self.sources(group)))

    def fed_by(self, sso_group: str) -> list[str]:
        return [target for source, target in self.mappings if source == sso_group]


class History:
    """One random step after the other, in the model and in the portal."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.portal = Portal()
        self.idp = make_idp()

    def step(self) -> None:
        steps: list[Callable[[], None]] = [
            self.provision,
            self.deprovision,
            self.push,
            self.add,
            self.remove,
            self.replace,
            self.delete_sso_group,
            self.map,
            self.unmap,
            self.create_group,
            self.delete_group,
            self.administer,
        ]
        self.random.choice(steps)()

    def some(self, names: set[str]) -> set[str]:
        return {name for name in names if self.random.random() < 0.5}

    def one(self, names: set[str]) -> str | None:
        return self.random.choice(sorted(names)) if names else None

    def sso_users(self, names: set[str]) -> list[SSOUser]:
        return list(SSOUser.objects.filter(user_name__in=names))

    def provision(self) -> None:
        if name := self.one(set(PEOPLE) - self.portal.people):
            provision(self.idp, name)
            self.portal.people.add(name)

    def deprovision(self) -> None:
        if name := self.one(self.portal.people):
            deprovision(SSOUser.objects.get(user_name=name))
            self.portal.people.discard(name)
            for members in self.portal.pushed.values():
                members.discard(name)
            self.portal.follow([target for _, target in self.portal.mappings])

    def push(self) -> None:
        if name := self.one(set(SSO_GROUPS) - self.portal.pushed.keys()):
            members = self.some(self.portal.people)
            push_group(self.idp, name, *self.sso_users(members))
            self.portal.pushed[name] = members

    def _change(self, how: Callable[..., object], result: Callable[[set[str], set[str]], set[str]]) -> None:
        if name := self.one(set(self.portal.pushed)):
            named = self.some(self.portal.people)
            change_members(SSOGroup.objects.get(display_name=name), how(*self.sso_users(named)))
            self.portal.pushed[name] = result(self.portal.pushed[name], named)
            self.portal.follow(self.portal.fed_by(name))

    def add(self) -> None:
        self._change(adding, lambda members, named: members | named)

    def remove(self) -> None:
        self._change(removing, lambda members, named: members - named)

    def replace(self) -> None:
        self._change(exactly, lambda members, named: named)

    def delete_sso_group(self) -> None:
        if name := self.one(set(self.portal.pushed)):
            delete_sso_group(SSOGroup.objects.get(display_name=name))
            fed = self.portal.fed_by(name)
            self.portal.mappings -= {(name, group) for group in fed}
            del self.portal.pushed[name]
            self.portal.follow(fed)

    def map(self) -> None:
        source, target = self.one(set(self.portal.pushed)), self.one(set(self.portal.groups))
        if source and target and (source, target) not in self.portal.mappings:
            map_group(SSOGroup.objects.get(display_name=source), Group.objects.get(name=target))
            self.portal.mappings.add((source, target))
            self.portal.follow([target])

    def unmap(self) -> None:
        if self.portal.mappings:
            source, target = self.random.choice(sorted(self.portal.mappings))
            unmap(GroupMapping.objects.get(sso_group__display_name=source, group__name=target))
            self.portal.mappings.discard((source, target))
            if self.portal.sources(target):
                self.portal.follow([target])

    def create_group(self) -> None:
        if name := self.one(set(GROUPS) - self.portal.groups.keys()):
            make_group(name)
            self.portal.groups[name] = set()

    def delete_group(self) -> None:
        if name := self.one(set(self.portal.groups)):
            groups.delete_group(Group.objects.get(name=name), actor=OPERATOR)
            self.portal.mappings = {pair for pair in self.portal.mappings if pair[1] != name}
            del self.portal.groups[name]

    def administer(self) -> None:
        """An administrator changes a group that no mapping feeds."""
        unmapped = {name for name in self.portal.groups if not self.portal.sources(name)}
        if name := self.one(unmapped):
            people = self.some(self.portal.people)
            named = [sso_user.user for sso_user in self.sso_users(people)]
            groups.add_members(Group.objects.get(name=name), named, actor=OPERATOR)
            self.portal.groups[name] |= people

    def as_stored(self) -> Portal:
        return Portal(
            people=set(SSOUser.objects.values_list("user_name", flat=True)),
            pushed={
                row.display_name: set(row.members.values_list("user_name", flat=True)) for row in SSOGroup.objects.all()
            },
            mappings=set(GroupMapping.objects.values_list("sso_group__display_name", "group__name")),
            groups={group.name: members_of(group) for group in Group.objects.all()},
        )


@pytest.mark.parametrize("seed", range(share(12, home=POSTGRESQL)))
def test_a_random_history_ends_as_the_model_says(seed: int) -> None:
    history = History(seed)
    for number in range(STEPS):
        history.step()
        assert history.as_stored() == history.portal, f"step {number}"


# --- people and their names (R2, R7, R9) ------------------------------------------------------------------

NAMES = ["ann", "ben", "cat", "dan"]


@dataclass
class Known:
    """One person at the IdP, by externalId: what they are called there and here, and how they stand."""

    user_name: str
    username: str
    is_live: bool = True
    is_active: bool = True


class Directory:
    """An IdP whose externalId identifies people renames, unassigns, deletes and sends anew, in any order.

    The same names go round among everybody, so that collisions with records and with permanent usernames abound.
    """

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.idp = make_idp(identifies_by_external_id=True)
        self.people: dict[str, Known] = {}
        self.given = 0

    def step(self) -> None:
        self.random.choice([self.send, self.send, self.rename, self.unassign, self.delete])()

    def _live(self) -> dict[str, Known]:
        return {number: one for number, one in self.people.items() if one.is_live}

    def _one(self, people: dict[str, Known]) -> str | None:
        return self.random.choice(sorted(people)) if people else None

    def _record(self, number: str) -> SSOUser:
        return SSOUser.objects.get(external_id=number)

    def _is_free_there(self, name: str, number: str) -> bool:
        return all(one.user_name != name for other, one in self._live().items() if other != number)

    def send(self) -> None:
        """POST somebody who is not active there, under any name."""
        away = {number for number, one in self.people.items() if not (one.is_live and one.is_active)}
        number = self.random.choice(sorted(away | {f"00U{len(self.people)}"}))
        name, one = self.random.choice(NAMES), self.people.get(number)
        said = {"external_id": number, "email": f"{number}@example.test"}
        if not self._is_free_there(name, number) or (one and one.is_live and one.user_name == name):
            with pytest.raises(Taken):
                provision(self.idp, name, **said)
            return
        self._send(number, name, said)

    def _send(self, number: str, name: str, said: dict[str, str]) -> None:
        """A permanent username is in the way of newcomers only, until they are given one of their own."""
        one = self.people.get(number)
        username = one.username if one else name
        if one is None and name in {held.username for held in self.people.values()}:
            with pytest.raises(Conflicted):
                provision(self.idp, name, **said)
            self.given += 1
            username = f"own{self.given}"
            conflicts.give_own_username(Conflict.objects.get(state="open"), username=username, actor=OPERATOR)
        provision(self.idp, name, **said)
        self.people[number] = Known(name, username)

    def rename(self) -> None:
        if number := self._one(self._live()):
            name = self.random.choice(NAMES)
            said = {"external_id": number, "email": f"{number}@example.test"}
            if self._is_free_there(name, number):
                resend(self._record(number), name, **said)
                self.people[number].user_name = name
            elif self.people[number].is_active:
                with pytest.raises(Taken):
                    resend(self._record(number), name, **said)

    def unassign(self) -> None:
        if number := self._one(self._live()):
            one = self.people[number]
            resend(self._record(number), one.user_name, f"{number}@example.test", external_id=number, active=False)
            one.is_active = False

    def delete(self) -> None:
        if number := self._one(self._live()):
            deprovision(self._record(number))
            self.people[number].is_live = self.people[number].is_active = False

    def as_stored(self) -> dict[str, tuple[str, bool, bool]]:
        people = User.objects.select_related("sso_user")
        return {
            str(user.email).partition("@")[0].upper(): (user.username, hasattr(user, "sso_user"), user.is_active)
            for user in people
        }


@pytest.mark.parametrize("seed", range(share(12, home=POSTGRESQL)))
def test_however_people_are_renamed_one_external_id_stays_one_user(seed: int) -> None:
    directory = Directory(seed)
    for number in range(STEPS):
        directory.step()
        expected = {key: (one.username, one.is_live, one.is_active) for key, one in directory.people.items()}
        assert directory.as_stored() == expected, f"step {number}"
        records = dict(SSOUser.objects.values_list("external_id", "user_name"))
        assert records == {key: one.user_name for key, one in directory.people.items() if one.is_live}
