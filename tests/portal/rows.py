"""Rows for every list of the admin UI."""

from identity.core.ways import Way
from identity.models import BulkRun, Conflict, DeletionRecord, Group, IdentityProvider, Membership, User
from identity.services import api_tokens, bulk_runs, invitations
from identity.services.provisioning import turned_away
from tests.factories import (
    OPERATOR,
    administrator,
    connect,
    idp_actor,
    make_alarm,
    make_asset,
    make_delivery,
    make_group,
    make_idp,
    make_rule,
    make_token,
    make_webhook,
    map_group,
    person,
    provision,
    push_group,
)
from tests.oauth.workloads import trust_of


def fill(numbers: range) -> None:
    """One of everything that is listed for each number."""
    idp = IdentityProvider.objects.filter(name="Okta").first() or make_idp("Okta")
    for one in numbers:
        sso_user = provision(idp, f"user{one:03}")
        map_group(push_group(idp, f"SSO {one}", sso_user), make_group(f"Group {one}"))
        make_asset(sso_user.user, f"Asset {one}")
        make_token(idp, f"token {one}")
        connect(f"IdP {one}")
        Conflict.objects.create(
            identity_provider=idp, user=sso_user.user, user_name=f"user{one:03}", reason=Conflict.Reason.ASK_FIRST
        )
        wanted = turned_away.of_new_person(person(f"newcomer{one}"), idp_actor(idp))
        turned_away.remember(wanted, Way.PAUSED, actor=idp_actor(idp))
        invitations.invite_user(username=f"ivy{one}", email=f"ivy{one}@example.test", actor=OPERATOR)
        bulk_runs.create_run(BulkRun.Kind.ENABLE, [bulk_runs.Wanted(sso_user.user)], actor=administrator())
        DeletionRecord.objects.create(user_id=one, username_digest="0", reason="asked for")
        make_alarm(f"Silent {one}")
        make_rule(f"Rule {one}")
        make_delivery(make_webhook(f"Webhook {one}"))
        trust_of(idp, label=f"trust {one}", subject=f"client-{one}")
        api_tokens.create_api_token(label=f"script {one}", scopes=["read"], actor=administrator())
    Membership.objects.bulk_create(
        (Membership(group=group, user=user) for group in Group.objects.all() for user in User.objects.all()),
        ignore_conflicts=True,
    )
