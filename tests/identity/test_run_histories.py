"""R27: after a random run and its restoring, all that was so before is so again, and nothing else has moved."""

from dataclasses import dataclass
from random import Random

import pytest

from identity.models import GroupMapping, IdentityProvider, Membership, SSOGroup, SSOUser, Status, User
from identity.models.runs import last_before, run_of
from identity.services import runs
from tests import clock
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
    provision,
    push_group,
    removing,
    resend,
)
from tests.identity.whose import undone

pytestmark = pytest.mark.django_db

PEOPLE = ["ada", "grace", "joan", "mary", "sophie"]
SSO_GROUPS = ["One", "Two", "Three"]
STEPS, HISTORIES = 25, 12


@dataclass
class Portal:
    """What can come back, by name."""

    enabled: set[str]
    members: set[tuple[str, str]]
    mappings: set[tuple[str, str]]

    @classmethod
    def now(cls) -> "Portal":
        return cls(
            set(User.objects.with_status(Status.ENABLED).values_list("username", flat=True)),
            set(Membership.objects.values_list("group__name", "user__username")),
            set(GroupMapping.objects.values_list("sso_group__display_name", "group__name")),
        )


class IdP:
    """An identity provider that does whatever comes to its mind."""

    def __init__(self, provider: IdentityProvider, random: Random) -> None:
        self.provider, self.random = provider, random

    def some(self) -> list[SSOUser]:
        return [row for row in self.provider.sso_users.all() if self.random.random() < 0.5]

    def begin(self) -> None:
        for name in PEOPLE:
            provision(self.provider, name, active=self.random.random() < 0.8)
        groups = [make_group(name) for name in ("Red", "Green")]
        for name in SSO_GROUPS:
            pushed = push_group(self.provider, name, *self.some())
            for group in groups:
                if self.random.random() < 0.5:
                    map_group(pushed, group)

    def step(self) -> None:
        name, group = self.random.choice(PEOPLE), self.random.choice(SSO_GROUPS)
        record = SSOUser.objects.filter(user_name=name).first()
        pushed = SSOGroup.objects.filter(display_name=group).first()
        match self.random.randrange(7):
            case 0 if record is None:
                provision(self.provider, name, active=self.random.random() < 0.5)
            case 1 if record is not None:
                deprovision(record)
            case 2 | 3 if record is not None:
                resend(record, name, active=self.random.random() < 0.4)
            case 4 if pushed is None:
                push_group(self.provider, group, *self.some())
            case 5 if pushed is not None and self.random.random() < 0.5:
                delete_sso_group(pushed)
            case 6 if pushed is not None:
                change_members(pushed, self.random.choice([adding, removing, exactly])(*self.some()))


def test_all_that_was_so_before_a_run_is_so_again() -> None:
    came_back = 0
    for seed in range(share(HISTORIES, home=POSTGRESQL)):
        with undone():
            idp = IdP(make_idp(), Random(seed))
            with clock.ago(days=1):
                idp.begin()
            before = Portal.now()
            for _ in range(STEPS):
                idp.step()
            after = Portal.now()
            entry = last_before(idp.provider.pk, None)
            run = run_of(entry) if entry else None
            assert run is not None
            seen = runs.preview_restoring(run, actor=OPERATOR)
            runs.restore_run(run, fingerprint=seen.fingerprint, actor=OPERATOR)
            assert (seed, seen.skipped) == (seed, [])
            assert (seed, Portal.now()) == (
                seed,
                Portal(
                    before.enabled | after.enabled, before.members | after.members, before.mappings | after.mappings
                ),
            )
            came_back += bool(seen.enable_ids) + bool(seen.pairs) + bool(seen.mappings)
    assert came_back > 2, "they took too little"
