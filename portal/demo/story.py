"""Five weeks at Meridian Instruments in order: who was invited, pushed, mapped, renamed and removed.

Everything the identity providers do goes over HTTP through the SCIM endpoint, everything else through the
services that the portal's pages call. Nothing is random: roles are assigned by number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from identity.models import IdentityProvider, Role
from portal.demo import office
from portal.demo.clock import Clock, told_in_the_past
from portal.demo.company import (
    ADMINISTRATOR,
    ADOPTED,
    CHOSEN_BY_HAND,
    DECLARED_GROUP,
    ENTRA_GROUP,
    FREELANCERS,
    INVITED,
    OKTA_GROUPS,
    OTHER_EMAIL,
    OTHER_USERNAME,
    PORTAL_GROUPS,
    SUPPORT,
    LocalUser,
    all_assets,
)
from portal.demo.directory import Directory
from portal.demo.people import DOMAIN, Employee, all_employees
from portal.demo.records import entra_user, okta_user
from portal.demo.scim_client import SCIMClient, listening

OKTA, ENTRA = "Okta", "Entra ID (Cairo)"
OKTA_KIND, ENTRA_KIND = IdentityProvider.Kind.OKTA, IdentityProvider.Kind.ENTRA

# Days ago: when a person joined later than the rest, or left.
NEWCOMERS = {
    "omer.cohen": 17,
    "tyler.mcallister": 12,
    "hina.nakamura": 8,
    "imran.qureshi": 5,
    "luciana.bittencourt": 2,
}
LEAVERS = {
    "rodrigo.fuentes": 19,
    "katarzyna.wojcik": 13,
    "stanislaw.jablonski": 11,
    "kevin.nguyen": 7,
    "sakura.takahashi": 3,
    "ines.sequeira": 1,
}
PROMOTED = {
    "zoe.vandenberg": "Director of Engineering",
    "emre.yildiz": "Account Executive",
    "tal.mizrahi": "Senior Designer",
}
IN_CONFLICT = ("olivia.chen", "idan.peretz")

FIRST_SYNC, ACQUISITION = 33, 21


@dataclass(frozen=True)
class Credential:
    """A sign-in to print, once."""

    role: Role
    username: str
    password: str


def tell() -> list[Credential]:
    """Fill the portal; returns the sign-ins created on the way."""
    with told_in_the_past() as clock, office.mails_kept(), listening() as port:
        return Story(clock, port).run()


class Story:
    """Events with their moments; `run` sorts them and runs each at its own."""

    okta: Directory
    entra: Directory

    def __init__(self, clock: Clock, port: int) -> None:
        self.clock = clock
        self.port = port
        self.now = clock.moment
        self.events: list[tuple[datetime, Callable[[], object]]] = []
        self.credentials: list[Credential] = []
        self.employees = {employee.user_name: employee for employee in all_employees()}
        self.in_cairo = [one for one in self.employees.values() if ENTRA_GROUP.has(one)]
        self.of_okta = [
            one for one in self.employees.values() if not ENTRA_GROUP.has(one) and one.user_name not in IN_CONFLICT
        ]

    def run(self) -> list[Credential]:
        self.plan_beginnings()
        self.plan_okta()
        self.plan_oddities()
        self.plan_entra()
        self.plan_administration()
        self.plan_logins()
        for moment, event in sorted(self.events, key=lambda entry: entry[0]):
            self.clock.moment = moment
            event()
        return self.credentials

    def on(self, days_ago: int, time: str, event: Callable[..., object], *arguments: Any) -> None:
        """Schedule an event at a time of day (UTC), some days ago."""
        hour, minute = map(int, time.split(":"))
        moment = self.now.replace(hour=hour, minute=minute, second=0) - timedelta(days=days_ago)
        self.events.append((moment, partial(event, *arguments)))

    def just_now(self, minutes_ago: int, event: Callable[..., object], *arguments: Any) -> None:
        self.events.append((self.now - timedelta(minutes=minutes_ago), partial(event, *arguments)))

    # --- what happens when ----------------------------------------------------------------------------

    def plan_beginnings(self) -> None:
        """Before single sign-on: a few accounts, and the groups of the portal's own assets."""
        self.on(38, "08:05", self.hire, ADMINISTRATOR, Role.ADMINISTRATOR)
        self.on(38, "08:20", self.hire, SUPPORT, Role.SUPPORT)
        for number, person in enumerate((ADOPTED, OTHER_EMAIL, OTHER_USERNAME, *FREELANCERS)):
            self.on(37, f"09:{number * 7:02}", office.join, person)
        self.on(36, "10:00", office.make_groups, PORTAL_GROUPS)

    def plan_okta(self) -> None:
        self.on(35, "07:30", self.connect_okta)
        self.on(34, "08:00", office.declare_sso_group, OKTA, DECLARED_GROUP)
        for number, employee in enumerate(self.of_okta):
            days = NEWCOMERS.get(employee.user_name, FIRST_SYNC)
            self.on(days, f"{8 + number // 50:02}:{number % 50:02}", self.by_okta, Directory.assign, employee)
        for number, pushed in enumerate(OKTA_GROUPS):
            self.on(FIRST_SYNC, f"12:{number * 3:02}", self.by_okta, Directory.push, pushed)
        for user_name, days in LEAVERS.items():
            self.on(days, "17:30", self.by_okta, Directory.unassign, user_name)
        for number, (user_name, title) in enumerate(PROMOTED.items()):
            self.on(22 - number * 5, "06:40", self.by_okta, Directory.retitle, user_name, title)
        for days in range(32, -1, -1):
            self.on(days, "00:10", self.by_okta, Directory.look_around)

    def plan_oddities(self) -> None:
        """What administrators ask about: repeated refusals, renames, returns, mistakes at the identity provider."""
        for days in (32, 25, 18, 4):
            for minute, user_name in enumerate(IN_CONFLICT):
                self.on(days, f"05:{15 + minute}", self.by_okta, Directory.assign_in_vain, self.employees[user_name])
        self.on(31, "09:10", self.by_okta, Directory.assign_in_vain, self.employee_like(ADMINISTRATOR))
        self.on(26, "11:00", self.marry)
        self.on(16, "14:00", self.by_okta, Directory.delete, "pedro.assuncao")
        self.on(9, "08:30", self.by_okta, Directory.assign, self.employees["pedro.assuncao"])
        self.on(15, "16:45", self.by_okta, Directory.delete, "mariana.albuquerque")
        self.on(12, "07:20", self.by_okta, Directory.unassign, "sho.ito")
        self.on(8, "07:25", self.by_okta, Directory.reassign, "sho.ito")
        self.on(10, "10:20", self.by_okta, Directory.rename_group, "Design guild", "Design & Research 🎨")
        self.on(6, "13:05", self.by_okta, Directory.add_nobody, "Leadership")
        self.on(4, "09:40", self.by_okta, Directory.remove_from_group, "Engineering (all)", "teller")
        self.just_now(95, self.by_okta, Directory.retitle, "ananya.krishnamurthy", "Senior Engineer")
        self.just_now(50, self.by_okta, Directory.add_to_group, "On-call rotation", "omer.cohen")
        self.just_now(12, self.by_okta, Directory.unassign, "gabriel.santanna")

    def plan_entra(self) -> None:
        """An acquired office with a directory of its own, silent since last week, unnoticed so far."""
        self.on(ACQUISITION, "07:00", self.connect_entra)
        for number, employee in enumerate(self.in_cairo):
            self.on(ACQUISITION, f"09:{number * 4:02}", self.by_entra, Directory.assign, employee)
        self.on(ACQUISITION, "10:00", self.by_entra, Directory.push, ENTRA_GROUP)
        self.on(20, "08:00", self.by_entra, Directory.assign_in_vain, self.employees["samuel.adjei"])
        for days in range(20, 9, -1):
            for hour in (6, 18):
                self.on(days, f"{hour:02}:40", self.by_entra, Directory.look_around)
        self.on(9, "15:00", self.by_entra, Directory.unassign, "hassan.abuzayd")

    def plan_administration(self) -> None:
        for number, pushed in enumerate(OKTA_GROUPS):
            if pushed.mapped_to:
                self.on(32, f"13:{number * 4:02}", office.map_group, pushed)
        self.on(32, "14:10", office.choose_members, CHOSEN_BY_HAND, self.of_okta)
        self.on(31, "15:00", office.register_assets, self.assets_of_okta())
        self.on(30, "10:00", office.dismiss_conflict, ADMINISTRATOR.username)
        self.on(24, "10:30", office.give_role, "nikola.djordjevic", Role.ADMINISTRATOR)
        self.on(20, "15:00", office.register_assets, self.assets_of_cairo())
        self.on(14, "16:00", office.disable, "owen.pryce")
        for number, person in enumerate(INVITED):
            days = 9 if number == 0 else 1  # the first one's link has expired
            self.on(days, f"{9 + number:02}:30", office.invite_by_administrator, person)

    def plan_logins(self) -> None:
        for employee in self.employees.values():
            if employee.user_name not in IN_CONFLICT and employee.number % 6 != 3:  # people who never signed in
                self.plan_logins_of(employee)
        for days in (29, 15, 8, 1):
            self.on(days, "07:50", office.sign_in, ADMINISTRATOR.username, "password")
        self.on(3, "12:15", office.sign_in, SUPPORT.username, "password")
        self.on(27, "18:00", office.sign_in, "mina.duarte", "password")

    def plan_logins_of(self, employee: Employee) -> None:
        """A first sign-in soon after they were sent, and another this week; some have stayed away since."""
        number = employee.number
        arrival = ACQUISITION if employee in self.in_cairo else NEWCOMERS.get(employee.user_name, FIRST_SYNC)
        last = 18 if number % 8 == 5 else 1 + number % 5
        for days in (arrival - 1 - number % 3, last):
            if 0 < days < arrival:
                time = f"{7 + number % 11:02}:{number * 17 % 60:02}"
                self.on(days, time, office.sign_in, employee.user_name, "sso")

    # --- the events that need the story's own knowledge -----------------------------------------------

    def hire(self, person: LocalUser, role: Role) -> None:
        password = office.join(person)
        office.give_role(person.username, role)
        self.credentials.append(Credential(role, person.username, password))

    def connect_okta(self) -> None:
        self.okta = Directory(SCIMClient(self.port, office.connect(OKTA, OKTA_KIND)), okta_user)

    def connect_entra(self) -> None:
        self.entra = Directory(SCIMClient(self.port, office.connect(ENTRA, ENTRA_KIND)), entra_user)

    def by_okta(self, act: Callable[..., None], *arguments: Any) -> None:
        act(self.okta, *arguments)

    def by_entra(self, act: Callable[..., None], *arguments: Any) -> None:
        act(self.entra, *arguments)

    def marry(self) -> None:
        self.okta.rename(
            "leonie.krueger",
            family_name="Krüger-Hahn",
            new_user_name="leonie.krueger-hahn",
            email=f"leonie.krueger-hahn@{DOMAIN}",
        )

    def employee_like(self, person: LocalUser) -> Employee:
        """Okta's record of a person who has a local account."""
        number = len(self.employees) + 1
        return Employee(
            number, "IT", person.first_name, person.last_name, person.username, "LIS", "IT Administrator", None
        )

    def assets_of_okta(self) -> list[Any]:
        return [one for one in all_assets() if not self.is_of_cairo(one.owners)]

    def assets_of_cairo(self) -> list[Any]:
        return [one for one in all_assets() if self.is_of_cairo(one.owners)]

    def is_of_cairo(self, owners: tuple[str, ...]) -> bool:
        return any(employee.user_name in owners for employee in self.in_cairo)
