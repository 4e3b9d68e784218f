"""`manage.py demo`: a realistic company in an empty portal, for looking around."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from identity import policy
from identity.core.actors import Operator
from identity.core.decisions import Mode
from identity.models import Role, User
from portal.demo.people import COMPANY
from portal.demo.story import Credential, tell
from portal.management.operator_command import OperatorCommand

FILLED = """
  {company} has moved in. These passwords are shown only now:

{logins}

  Worth a look first:

    Users                 120 people in eight offices: who never signed in, who left, who is managed by which IdP
    Conflicts             Okta sends two people known to the portal by another email or username,
                          and Entra sends one managed by Okta
    SSO groups            nine pushed, four of them mapped, one only declared
    Provisioning log      five weeks of it; leonie.krueger changed her name, and what became of that
    Identity providers    “Entra ID (Cairo)” has been silent for more than a week
    Disabled users        (as support) some own assets that have to be handed over

  Everything is at {url}/admin/
"""


class Command(OperatorCommand):
    help = (
        "Fills an empty portal with a company of 120 people that two identity providers have provisioned "
        "over the last five weeks. The identity providers' part goes over real SCIM requests to the portal "
        "itself, on a loopback port. Does nothing when there are users other than owners."
    )
    examples = "manage.py demo"

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        if User.objects.exclude(role=Role.OWNER).exists():
            self.tell("The portal is in use already: the demo company moves only into an empty one.")
            return
        if policy.current_mode() != Mode(scim_enabled=True, sso_enforced=False):
            raise CommandError("The demo needs SCIM on and SSO optional: see `manage.py set_mode`.")
        self.tell("Filling the portal …")
        credentials = tell()
        self.stdout.write(FILLED.format(company=COMPANY, logins=as_lines(credentials), url=settings.PUBLIC_URL))


def as_lines(credentials: list[Credential]) -> str:
    return "\n".join(f"    {one.role.label:<16}{one.username:<16}{one.password}" for one in credentials)
