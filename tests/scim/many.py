"""People and members by the thousand, in the database as pushes would leave them, without pushing each."""

from __future__ import annotations

from identity.models import SSOGroup, SSOMembership, SSOUser, User
from tests.clients import IdP
from tests.scim.helpers import Document


def many_users(idp: IdP, count: int) -> list[SSOUser]:
    first = User.objects.count()
    people = User.objects.bulk_create(
        User(username=f"u{n}@x.test", username_key=f"u{n}@x.test") for n in range(first, first + count)
    )
    return SSOUser.objects.bulk_create(
        SSOUser(
            identity_provider=idp.provider,
            user=person,
            user_name=person.username,
            user_name_key=person.username,
            attributes={"userName": person.username},
            keys={"userName": person.username},
        )
        for person in people
    )


def fill(group: Document, users: list[SSOUser]) -> None:
    sso_group = SSOGroup.objects.get(scim_id=group["id"])
    SSOMembership.objects.bulk_create(SSOMembership(sso_group=sso_group, sso_user=user) for user in users)


def names(users: list[SSOUser]) -> list[Document]:
    return [{"value": str(user.scim_id)} for user in users]
