"""Set-up guides: what to click in each identity provider, with this portal's own addresses to copy."""

from __future__ import annotations

from dataclasses import dataclass

from identity.models import IdentityProvider

Kind = IdentityProvider.Kind


STEP_1 = "the token of step 1"


@dataclass(frozen=True, slots=True)
class Box:
    """A field of the identity provider's form; what can be copied is exactly what goes in."""

    label: str
    value: str
    can_be_copied: bool


@dataclass(frozen=True, slots=True)
class Guide:
    """What to do at one kind of identity provider.

    `fields` are the boxes to fill in there: what each is called and what goes in, with {base_url} and {token}.
    `sources` names what the identity provider calls userName, email, first name, last name and externalId. `retry`
    says how somebody who was refused is sent again.
    """

    fields: tuple[tuple[str, str], ...]
    steps: tuple[str, ...]
    sources: tuple[str, str, str, str, str]
    test: str
    notes: tuple[str, ...] = ()
    retry: str = "It may retry by itself; to try at once, take the app from the person and assign it again."

    def filled_in(self, base_url: str) -> list[Box]:
        """The boxes with this portal's own addresses."""
        return [
            Box(label, value.format(base_url=base_url, token=STEP_1), value != "{token}")
            for label, value in self.fields
        ]

    @property
    def attributes(self) -> list[tuple[str, str, str]]:
        """Rows of the attribute table: the provider's, SCIM's, the portal's."""
        return [(source, scim, here) for source, (scim, here) in zip(self.sources, _ATTRIBUTES, strict=True)]


_ATTRIBUTES = (
    ("userName", "Username (permanent once provisioned)"),
    ('emails[type eq "work"].value', "Email (taken at first provisioning)"),
    ("name.givenName", "First name"),
    ("name.familyName", "Last name"),
    ("externalId", "Kept beside the record, for matching"),
)

_GUIDES: dict[str, Guide] = {
    Kind.OKTA: Guide(
        fields=(
            ("SCIM connector base URL", "{base_url}"),
            ("Unique identifier field for users", "userName"),
            ("Authentication Mode: HTTP Header, Bearer", "{token}"),
        ),
        steps=(
            "In the Okta admin console open Applications → your SAML or OIDC app for this portal → General, edit App "
            "Settings and set Provisioning to SCIM.",
            "Open Provisioning → Integration → Edit. Paste the SCIM connector base URL of the table and set “Unique "
            "identifier field for users” to userName.",
            "Tick Push New Users, Push Profile Updates and Push Groups. Choose the authentication mode “HTTP Header” "
            "and paste the token as the Bearer token.",
            "Press Test Connector Configuration, then Save.",
            "Under Provisioning → To App → Edit, enable Create Users, Update User Attributes and Deactivate Users.",
            "Assign people or groups under Assignments. Under Push Groups choose those that appear here as SSO groups.",
        ),
        sources=("Username (login)", "Primary email", "First name", "Last name", "User id (sent by itself)"),
        test="“Test Connector Configuration” reads the user list. It shows below at once.",
        notes=(
            "Okta deactivates people and never deletes them over SCIM: they become Disabled here.",
            "A group that is used for assignments should not be pushed itself: use a second one, as Okta advises.",
        ),
        retry="Okta waits for somebody there: Dashboard → Tasks, tick the person, Retry Selected.",
    ),
    Kind.ENTRA: Guide(
        fields=(
            ("Tenant URL", "{base_url}"),
            ("Secret Token", "{token}"),
        ),
        steps=(
            "In the Microsoft Entra admin center open Enterprise applications → New application → Create your own "
            "application, “Integrate any other application”. Skip this when the app for sign-in exists already.",
            "Open Provisioning → New configuration (or Get started, mode Automatic). Paste the Tenant URL of the table "
            "and the token as Secret token.",
            "Press Test connection, then Create (or Save).",
            "Under Attribute mapping → Users, map objectId to externalId in place of mailNickname: it never changes.",
            "Assign people and groups under Users and groups, and leave the scope at “Sync only assigned users and "
            "groups”.",
            "Press Start provisioning. A cycle runs every 40 minutes; Provision on demand sends one person at once.",
        ),
        sources=("userPrincipalName", "mail", "givenName", "surname", "objectId"),
        test="“Test connection” asks for a user that does not exist. It shows below at once.",
        notes=(
            "Entra sends “active” as the text “False” at times. That is understood.",
            "Nested groups are not expanded by Entra: assign each group whose members shall come.",
        ),
        retry="Entra tries again with one of its next cycles of 40 minutes; Provision on demand does it at once.",
    ),
    Kind.ONELOGIN: Guide(
        fields=(
            ("SCIM Base URL", "{base_url}"),
            ("SCIM Bearer Token", "{token}"),
        ),
        steps=(
            "In OneLogin open Applications → Add App and choose “SCIM Provisioner with SAML (SCIM v2 Core)”.",
            "Under Configuration paste the SCIM Base URL of the table and the token as SCIM Bearer Token.",
            "Enable the API connection there and save.",
            "Under Provisioning tick Enable provisioning, and choose Suspend or Delete for people who lose the app: "
            "both disable the person here.",
            "To push groups, open Parameters → Groups and tick “Include in User Provisioning”, then add a rule that "
            "sets groups from OneLogin roles.",
            "Assign the app to people or roles under Access.",
        ),
        sources=("SCIM Username", "Email", "First Name", "Last Name", "OneLogin ID"),
        test="Enabling the API connection reads the user list. It shows below at once.",
    ),
    Kind.JUMPCLOUD: Guide(
        fields=(
            ("Base URL", "{base_url}"),
            ("Token Key", "{token}"),
        ),
        steps=(
            "In the JumpCloud admin portal open SSO Applications → Add New Application → Custom Application, with "
            "“Export users to this app (Identity Management)”.",
            "Open its Identity Management tab: API type SCIM API, SCIM version 2.0.",
            "Paste the Base URL of the table, the token as Token Key, and the email of a test user not here yet.",
            "Press Test Connection, then Activate, and save.",
            "Enable management of user groups, and assign user groups to the app.",
        ),
        sources=("Username", "Company email", "First name", "Last name", "User id"),
        test="“Test Connection” creates the test user, reads it, and removes it: several requests show below.",
        notes=("The test user stays here as a Disabled account. Support can delete it for good.",),
    ),
    Kind.PINGONE: Guide(
        fields=(
            ("SCIM Base URL", "{base_url}"),
            ("Users Resource", "/Users"),
            ("SCIM Version", "2.0"),
            ("Groups Resource", "/Groups"),
            ("OAuth Access Token", "{token}"),
            ("User Filter Expression", 'userName eq "%s"'),
            ("User Identifier", "userName"),
        ),
        steps=(
            "In PingOne open Integrations → Provisioning → New Connection → Identity Store → SCIM Outbound.",
            "Paste the SCIM Base URL of the table. Users resource: /Users, groups resource: /Groups, SCIM version 2.0.",
            "Choose the authentication method OAuth 2 Bearer Token and paste the token.",
            'Set the user filter expression to userName eq "%s" and the user identifier to userName.',
            "Press Test Connection, save, and enable the connection.",
            "Create a rule from PingOne to this connection, with the user filter and the groups to push.",
        ),
        sources=("Username", "Email Address", "Given Name", "Family Name", "User ID"),
        test="“Test Connection” reads one user. It shows below at once.",
    ),
    Kind.GOOGLE: Guide(
        fields=(
            ("SCIM base URL of the bridge", "{base_url}"),
            ("Bearer token", "{token}"),
        ),
        steps=(
            "Google Workspace provisions over SCIM only to apps of its catalogue. Without one, run a SCIM bridge that "
            "reads the directory and sends it here, or use another identity provider in front of it.",
            "Give the bridge the SCIM base URL of the table and the token as Bearer token.",
            "Choose in the bridge which people and groups it sends.",
        ),
        sources=("primaryEmail", "primaryEmail", "name.givenName", "name.familyName", "id"),
        test="The bridge's first request shows below.",
    ),
    Kind.RAUTHY: Guide(
        fields=(
            ("SCIM Base URI", "{base_url}"),
            ("Bearer Token", "{token}"),
        ),
        steps=(
            "In Rauthy's admin UI open Clients → the client of this portal → SCIM and enable it.",
            "Paste the SCIM base URI of the table and the token as Bearer token.",
            "Tick Sync Groups to push groups, with a prefix if only some of them shall come.",
            "Save. Rauthy sends a full sync at once, and every change from then on.",
        ),
        sources=("email", "email", "given_name", "family_name", "User ID"),
        test="The full sync after saving shows below.",
    ),
    Kind.OTHER: Guide(
        fields=(
            ("SCIM base URL", "{base_url}"),
            ("Bearer token", "{token}"),
            ("Unique identifier", "userName"),
        ),
        steps=(
            "Enter the SCIM base URL of the table. The portal speaks SCIM 2.0 (RFC 7643 and 7644).",
            "Choose authentication by Bearer token (an Authorization header) and paste the token.",
            "Use userName as the unique identifier, and let it create, update and deactivate people.",
            "If it can push groups, enable that: each pushed group appears here as an SSO group.",
        ),
        sources=("login name", "work email", "first name", "last name", "permanent id"),
        test="Its first request shows below.",
    ),
}


def guide_of(provider: IdentityProvider) -> Guide:
    """The guide for a provider's kind."""
    return _GUIDES.get(provider.kind, _GUIDES[Kind.OTHER])
