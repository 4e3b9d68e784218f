"""The contents of Meridian Instruments' portal besides its people: groups, assets, local accounts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portal.demo.people import DOMAIN, Employee

Chooses = Callable[[Employee], bool]


def in_team(*teams: str) -> Chooses:
    return lambda employee: employee.team in teams


def with_title(*words: str) -> Chooses:
    return lambda employee: any(word in employee.title for word in words)


@dataclass(frozen=True)
class PushedGroup:
    """An SSO group: its members, and the portal group that it is mapped to, if any."""

    name: str
    has: Chooses
    mapped_to: str = ""


OKTA_GROUPS = (
    PushedGroup("Everyone at Meridian", lambda _: True),
    PushedGroup("Engineering (all)", in_team("Engineering"), mapped_to="Engineers"),
    PushedGroup("On-call rotation", with_title("Reliability", "Staff Engineer")),
    PushedGroup("Sales EMEA", in_team("Sales EMEA"), mapped_to="Sales"),
    PushedGroup("Sales Americas", in_team("Sales Americas"), mapped_to="Sales"),
    PushedGroup("Finance – approvers", in_team("Finance"), mapped_to="Payment approvers"),
    PushedGroup("Leadership", with_title("Chief", "VP", "Head of", "Director")),
    PushedGroup("Design guild", in_team("Design")),
)
ENTRA_GROUP = PushedGroup("Cairo office", lambda employee: employee.office_code == "CAI")
DECLARED_GROUP = "Security champions"

PORTAL_GROUPS = {
    "Engineers": "Source code, staging, build machines",
    "Sales": "Customer records and the price list",
    "Payment approvers": "May release payments",
    "Pilot testers": "Try new versions first; chosen by hand",
    "Works council": "Elected; kept by hand",
}
CHOSEN_BY_HAND: dict[str, Chooses] = {
    "Pilot testers": lambda employee: employee.number % 13 == 2,
    "Works council": lambda employee: employee.number % 4 == 1 and employee.office_code == "BER",
}


@dataclass(frozen=True)
class LocalUser:
    """A person no identity provider manages."""

    username: str
    email: str
    first_name: str
    last_name: str


ADMINISTRATOR = LocalUser("helena.marsh", f"helena.marsh@{DOMAIN}", "Helena", "Marsh")
SUPPORT = LocalUser("tobias.frank", f"tobias.frank@{DOMAIN}", "Tobias", "Frank")

# Accounts from before single sign-on: what happens to each when Okta sends the person.
ADOPTED = LocalUser("lea.fontaine", f"lea.fontaine@{DOMAIN}", "Lea", "Fontaine")
OTHER_EMAIL = LocalUser("olivia.chen", "olivia.chen@chen-counsel.example", "Olivia", "Chen")
OTHER_USERNAME = LocalUser("idan", f"idan.peretz@{DOMAIN}", "עידן", "פרץ")
FREELANCERS = (
    LocalUser("mina.duarte", "mina@duarte-studio.example", "Mina", "Duarte"),
    LocalUser("owen.pryce", "owen@pryce-audit.example", "Owen", "Pryce"),
    LocalUser("xochitl", "xochitl@translations.example", "Xóchitl", ""),
)
INVITED = (
    LocalUser("bjarne.holm", "bjarne@holm-law.example", "Bjarne", "Holm"),
    LocalUser("salma.idrissi", "salma@idrissi-events.example", "Salma", "Idrissi"),
    LocalUser("june.park", "june.park@auditors.example", "June", "Park"),
    LocalUser("rafa.lindo", "rafa@lindo-foto.example", "Rafa", "Lindo"),
)

# name | kind | owners' usernames
ASSETS = """
    meridian/firmware | Repository | priya.raghunathan kenta.sato
    meridian/portal-web | Repository | zoe.vandenberg
    meridian/calibration | Repository | nourhan.abdelrahman juergen.grossmann
    meridian/infra | Repository | mikko.hamalainen jack.dangelo
    meridian/design-tokens | Repository | freja.ostergaard
    Revenue dashboard | Dashboard | marcus.whitfield joaquim.teixeira
    Incident dashboard | Dashboard | mikko.hamalainen
    Hiring funnel | Dashboard | naledi.mokoena
    Churn report | Dashboard | fatoumata.diallo
    Price list 2027 | Document | philippe.delarochefoucauld danielle.okonkwo
    Data processing register | Document | eleanor.ashworth
    Board minutes | Document | amara.okafor eleanor.ashworth
    Design tool licences | Licence | freja.ostergaard
    CAD licences | Licence | gustav.akesson
    Payroll service | Licence | lakshmi.subramanian joaquim.teixeira
    Code signing certificate | Certificate | vikram.iyer
    meridian.example domain | Domain | samuel.adjei nikola.djordjevic
    Status page | Service | farida.elsayed
    Customer sandbox | Service | shira.levi
    Press photo archive | Collection | rui.cabral
    Warehouse scanners | Hardware | ramesh
    Lisbon meeting rooms | Hardware | ines.sequeira
    Oscilloscope loan pool | Hardware | stanislaw.jablonski
    Trade fair stand | Hardware | ngozi.eze katarzyna.wojcik
"""


@dataclass(frozen=True)
class OwnedAsset:
    name: str
    kind: str
    owners: tuple[str, ...]


def all_assets() -> list[OwnedAsset]:
    rows = [line.split("|") for line in ASSETS.strip().splitlines()]
    return [OwnedAsset(name.strip(), kind.strip(), tuple(owners.split())) for name, kind, owners in rows]
