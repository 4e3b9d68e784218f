"""The people of Meridian Instruments: 120 in eight offices.

The names are invented; their shapes are real: long ones, single ones, right-to-left scripts, accents,
apostrophes, particles, and scripts without capital letters.
"""

from dataclasses import dataclass

from django.utils.functional import cached_property

COMPANY = "Meridian Instruments"
DOMAIN = "meridian.example"


@dataclass(frozen=True)
class Office:
    """A workplace: as SCIM addresses, phone numbers, time zones and locales describe it."""

    street: str
    postal_code: str
    city: str
    country: str
    phone: str
    zone: str
    locale: str


OFFICES = {
    "LIS": Office("Rua da Boavista 84", "1200-068", "Lisboa", "PT", "+351 21 555 ", "Europe/Lisbon", "pt-PT"),
    "BER": Office("Köpenicker Straße 40", "10179", "Berlin", "DE", "+49 30 5550 ", "Europe/Berlin", "de-DE"),
    "TLV": Office("שדרות רוטשילד 22", "6688218", "תל אביב", "IL", "+972 3 555 ", "Asia/Jerusalem", "he-IL"),
    "NYC": Office("215 Water Street", "10038", "New York", "US", "+1 212 555 ", "America/New_York", "en-US"),
    "BLR": Office("12 Residency Road", "560025", "Bengaluru", "IN", "+91 80 5550 ", "Asia/Kolkata", "en-IN"),
    "TYO": Office("南青山2-11-17", "107-0062", "東京都港区", "JP", "+81 3 5550 ", "Asia/Tokyo", "ja-JP"),
    "CAI": Office("١٥ شارع طلعت حرب", "11511", "القاهرة", "EG", "+20 2 5550 ", "Africa/Cairo", "ar-EG"),
    "SAO": Office("Rua Augusta 1508", "01304-001", "São Paulo", "BR", "+55 11 5555 ", "America/Sao_Paulo", "pt-BR"),
}


@dataclass(frozen=True)
class Employee:
    """One person. The first of each team is its head; heads report to the first of all."""

    number: int
    team: str
    given_name: str
    family_name: str
    user_name: str
    office_code: str
    title: str
    manager_number: int | None

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def email(self) -> str:
        return f"{self.user_name}@{DOMAIN}"

    @property
    def external_id(self) -> str:
        """In Okta's form: opaque, 20 characters."""
        return f"00u{self.number:04d}meridianaB5d7"

    @property
    def employee_number(self) -> str:
        return f"{10_000 + self.number * 7}"

    @property
    def phone(self) -> str:
        return f"{self.office.phone}{1000 + self.number * 13}"

    @cached_property
    def office(self) -> Office:
        return OFFICES[self.office_code]


# given name(s) | family name | userName | office | title
TEAMS = {
    "Leadership": """
        Amara Chidinma | Okafor | amara.okafor | LIS | Chief Executive Officer
        Henrik | Lindqvist | henrik.lindqvist | BER | Chief Technology Officer
        Beatriz | Nogueira da Silva | beatriz.nogueira | LIS | Chief Financial Officer
        Ruth | Adler | ruth.adler | TLV | Chief Product Officer
        Marcus | Whitfield | marcus.whitfield | NYC | Chief Revenue Officer
    """,
    "Engineering": """
        Priya | Raghunathan | priya.raghunathan | BLR | VP Engineering
        Jürgen | Großmann | juergen.grossmann | BER | Principal Engineer
        نورهان | عبد الرحمن | nourhan.abdelrahman | CAI | Staff Engineer
        健太 | 佐藤 | kenta.sato | TYO | Staff Engineer
        Zoë | van den Berg | zoe.vandenberg | BER | Engineering Manager
        Tomás | Ó Súilleabháin | tomas.osuilleabhain | LIS | Senior Engineer
        יעל | בן־דוד | yael.bendavid | TLV | Senior Engineer
        Siobhán | O'Brien | siobhan.obrien | LIS | Senior Engineer
        Đặng | Thị Thu Hương | huong.dang | BER | Senior Engineer
        Mahendra || mahendra | BLR | Senior Engineer
        Krzysztof | Szczepański | krzysztof.szczepanski | BER | Senior Engineer
        Ananya | Krishnamurthy | ananya.krishnamurthy | BLR | Engineer
        Lucas | Gonçalves | lucas.goncalves | SAO | Engineer
        Ólafur | Þórðarson | olafur.thordarson | BER | Engineer
        民秀 | 김 | minsu.kim | TYO | Engineer
        Hubert Blaine | Wolfeschlegelsteinhausenbergerdorff | hubert.wolfe | NYC | Engineer
        Aigerim | Nurlanqyzy | aigerim.nurlanqyzy | BER | Engineer
        Oluwaseun | Adébáyọ̀ | oluwaseun.adebayo | LIS | Engineer
        Ioana | Țăranu | ioana.taranu | BER | Engineer
        Rodrigo | Fuentes | rodrigo.fuentes | SAO | Engineer
        Deepika | Venkataraman | deepika.venkataraman | BLR | Engineer
        עומר | כהן | omer.cohen | TLV | Engineer
        Mikko | Hämäläinen | mikko.hamalainen | BER | Site Reliability Engineer
        Farida | El-Sayed | farida.elsayed | CAI | Site Reliability Engineer
        Jack | D'Angelo | jack.dangelo | NYC | Site Reliability Engineer
        Sadhbh | Nic Giolla Phádraig | sadhbh.nicgiolla | LIS | Site Reliability Engineer
        Vikram | Iyer | vikram.iyer | BLR | Security Engineer
        Léa | Fontaine | lea.fontaine | LIS | Security Engineer
        Teller || teller | NYC | Test Engineer
        さくら | 高橋 | sakura.takahashi | TYO | Test Engineer
    """,
    "Product": """
        Noam | Friedman | noam.friedman | TLV | Director of Product
        Camille | Dubois-Lefèvre | camille.dubois | LIS | Senior Product Manager
        Arjun | Mehta | arjun.mehta | BLR | Senior Product Manager
        Isabela | Carvalho | isabela.carvalho | SAO | Product Manager
        Leonie | Krüger | leonie.krueger | BER | Product Manager
        美咲 | 山本 | misaki.yamamoto | TYO | Product Manager
        Dimitra | Παπαδοπούλου | dimitra.papadopoulou | BER | Product Manager
        Grace | Nakamura-O'Connell | grace.nakamura | NYC | Product Operations
        Yusuf | Çelik | yusuf.celik | BER | Product Analyst
        Halima || halima | CAI | Product Analyst
    """,
    "Design": """
        Freja | Østergaard | freja.ostergaard | BER | Head of Design
        Matías | Ibáñez | matias.ibanez | SAO | Senior Designer
        დავით | ბერიძე | davit.beridze | BER | Senior Designer
        Tal | Mizrahi | tal.mizrahi | TLV | Designer
        Nandini | Rao | nandini.rao | BLR | Designer
        Chloe | Barnes | chloe.barnes | NYC | Designer
        Rui | Cabral de Melo | rui.cabral | LIS | Researcher
        陽菜 | 中村 | hina.nakamura | TYO | Researcher
    """,
    "Sales EMEA": """
        Philippe | de La Rochefoucauld | philippe.delarochefoucauld | LIS | VP Sales EMEA
        Katarzyna | Wójcik-Żurawska | katarzyna.wojcik | BER | Account Executive
        محمد | الفاسي | mohamed.elfassi | CAI | Account Executive
        Giulia | Dell'Acqua | giulia.dellacqua | LIS | Account Executive
        Анастасия | Воронцова | anastasia.vorontsova | BER | Account Executive
        Thandiwe | Nkosi | thandiwe.nkosi | LIS | Account Executive
        Shira | Levi | shira.levi | TLV | Sales Engineer
        Bram | 't Hooft | bram.thooft | BER | Sales Engineer
        Emre | Yıldız | emre.yildiz | BER | Sales Development
        Ngozi | Eze | ngozi.eze | LIS | Sales Development
    """,
    "Sales Americas": """
        Danielle | Okonkwo-Reyes | danielle.okonkwo | NYC | VP Sales Americas
        Tyler | McAllister | tyler.mcallister | NYC | Account Executive
        Mariana | Albuquerque | mariana.albuquerque | SAO | Account Executive
        José Luis | Hernández Peña | joseluis.hernandez | NYC | Account Executive
        Aaliyah | Washington | aaliyah.washington | NYC | Account Executive
        Thiago | Moraes | thiago.moraes | SAO | Sales Engineer
        Kimberly | Begay | kimberly.begay | NYC | Sales Development
        Diego | Quispe Mamani | diego.quispe | SAO | Sales Development
    """,
    "Customer Success": """
        Fatoumata | Diallo | fatoumata.diallo | LIS | Director of Customer Success
        Ravi | Shankaranarayanan | ravi.shankar | BLR | Customer Success Manager
        María de los Ángeles | Fernández de Córdoba y Álvarez de Toledo | maria.fernandez | LIS | Success Lead
        أحمد | منصور | ahmed.mansour | CAI | Customer Success Manager
        大輔 | 小林 | daisuke.kobayashi | TYO | Customer Success Manager
        Brianna | Kowalczyk | brianna.kowalczyk | NYC | Customer Success Manager
        Sofía | Núñez | sofia.nunez | SAO | Customer Success Manager
        Lea | Schäfer | lea.schaefer | BER | Support Engineer
        Imran | Qureshi | imran.qureshi | BLR | Support Engineer
        Pedro | Assunção | pedro.assuncao | LIS | Support Engineer
        Noor || noor | CAI | Support Engineer
        Caleb | Yazzie | caleb.yazzie | NYC | Support Engineer
        Eszter | Szűcs | eszter.szucs | BER | Trainer
        कविता | शर्मा | kavita.sharma | BLR | Trainer
    """,
    "Finance": """
        Joaquim | Teixeira | joaquim.teixeira | LIS | Financial Controller
        Ingrid | Sørensen | ingrid.sorensen | BER | Senior Accountant
        Patrick | Mbeki | patrick.mbeki | LIS | Accountant
        Li | 王 | li.wang | TYO | Accountant
        Rachel | Goldstein | rachel.goldstein | NYC | Accountant
        Lakshmi | Subramanian | lakshmi.subramanian | BLR | Payroll Specialist
        Vitória | Leal | vitoria.leal | LIS | Procurement
        Stanisław | Jabłoński | stanislaw.jablonski | BER | Financial Analyst
        Hassan | Abu-Zayd | hassan.abuzayd | CAI | Financial Analyst
    """,
    "People": """
        Naledi | Mokoena | naledi.mokoena | LIS | Head of People
        Astrid | Bjørnsdatter | astrid.bjornsdatter | BER | People Partner
        Carlos Eduardo | Prado | carlos.prado | SAO | People Partner
        Meera | Pillai | meera.pillai | BLR | People Partner
        Hannah | Rosenberg | hannah.rosenberg | NYC | Recruiter
        רות | שפירא | ruth.shapira | TLV | Recruiter
        Inês | Sequeira | ines.sequeira | LIS | Office Manager
        由美子 | 渡辺 | yumiko.watanabe | TYO | Office Manager
    """,
    "Legal": """
        Eleanor | Ashworth-Pemberton | eleanor.ashworth | LIS | General Counsel
        Sebastian | von Württemberg | sebastian.wuerttemberg | BER | Counsel
        Nadia | Haddad | nadia.haddad | CAI | Counsel
        Gabriel | Sant'Anna | gabriel.santanna | SAO | Contracts Manager
        Olivia | Chen | olivia.chen | NYC | Privacy Officer
    """,
    "Operations": """
        Gustav | Åkesson | gustav.akesson | BER | Head of Operations
        Ramesh || ramesh | BLR | Logistics
        Abebe | Bekele | abebe.bekele | LIS | Logistics
        Wanjiru | Kamau | wanjiru.kamau | LIS | Facilities
        翔 | 伊藤 | sho.ito | TYO | Facilities
        Luciana | Bittencourt | luciana.bittencourt | SAO | Vendor Manager
        Ilse | Müller-Lüdenscheidt | ilse.mueller | BER | Quality Manager
    """,
    "IT": """
        Samuel | Adjei | samuel.adjei | LIS | Head of IT
        Nikola | Đorđević | nikola.djordjevic | BER | Identity Engineer
        Divya | Menon | divya.menon | BLR | Systems Administrator
        Kevin | Nguyễn | kevin.nguyen | NYC | Systems Administrator
        Mónica | Peñaloza | monica.penaloza | SAO | Service Desk
        עידן | פרץ | idan.peretz | TLV | Service Desk
    """,
}


def all_employees() -> list[Employee]:
    """Everyone, in the order of the teams."""
    employees: list[Employee] = []
    for team, lines in TEAMS.items():
        head = len(employees) + 1
        for line in lines.strip().splitlines():
            employees.append(read_line(line, team, number=len(employees) + 1, head=head))
    return employees


def read_line(line: str, team: str, *, number: int, head: int) -> Employee:
    given_name, family_name, user_name, office_code, title = map(str.strip, line.split("|"))
    manager = 1 if number == head else head
    return Employee(
        number=number,
        team=team,
        given_name=given_name,
        family_name=family_name,
        user_name=user_name,
        office_code=office_code,
        title=title,
        manager_number=manager if number > 1 else None,
    )
