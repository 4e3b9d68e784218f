"""Typing the address of a page that is not for one's role, and sending the form that it would show."""

from __future__ import annotations

import pytest

from identity import policy
from identity.models import (
    Asset,
    AuditEvent,
    BulkRun,
    DeletionRecord,
    GroupMapping,
    ProvisioningLog,
    Role,
    SCIMToken,
    Status,
    User,
)
from identity.services import bulk_runs
from tests.factories import (
    OPERATOR,
    make_asset,
    make_group,
    make_idp,
    make_token,
    make_user,
    map_group,
    owners_of,
    provision,
    push_group,
)
from tests.portal.admin_pages import text_of
from tests.sessions import signed_in

pytestmark = pytest.mark.django_db

DIRECTORY = ("owner", "administrator or owner")
ABOUT_A_PERSON = (
    "change",
    "why",
    "edit_profile",
    "enable",
    "disable",
    "change_role",
    "mark_break_glass",
    "clear_break_glass",
    "resend_invitation",
    "revoke_invitation",
    "add_to_groups",
    "remove_from_group",
    "end_sessions",
    "end_session",
)


class Visitor:
    """Somebody of this role, a moment after the sign-in."""

    def __init__(self, role: Role) -> None:
        self.role, self.user = role, make_user("visitor", role=role)
        self.client = signed_in(self.user)

    def is_refused(
        self, path: str, *, unseen: str, needed: tuple[str, ...] = ("owner", "administrator or owner")
    ) -> None:
        """Members are led to their profile and told so; everybody else reads who may do it instead."""
        answer = self.client.get(path, follow=True)
        told = text_of(answer)
        if self.role == Role.MEMBER:
            assert answer.request["PATH_INFO"] == "/profile/", path
            assert "That page is for administrators and support." in told, path
        else:
            assert (answer.status_code, answer.redirect_chain) == (403, []), path
            assert any(f"needs the role {role}." in told for role in needed), path
        assert unseen.lower() not in told.lower(), path

    def sends_in_vain(self, path: str, **said: str) -> None:
        """The form that no page shows them."""
        assert self.client.post(path, said).status_code == (302 if self.role == Role.MEMBER else 403), path


@pytest.fixture(params=[Role.SUPPORT, Role.MEMBER])
def visitor(request: pytest.FixtureRequest) -> Visitor:
    return Visitor(request.param)


def test_users(visitor: Visitor) -> None:
    mia = make_user("mia")
    for path in ("", "export.csv", "invite/", *(f"{mia.pk}/{page}/" for page in ABOUT_A_PERSON)):
        visitor.is_refused(f"/admin/identity/user/{path}", unseen="mia@example.test")
    mia.refresh_from_db()
    assert (mia.status, mia.role) == (Status.ENABLED, Role.MEMBER)


def test_mappings(visitor: Visitor) -> None:
    okta = make_idp()
    mapping = map_group(push_group(okta, "Engineering", provision(okta)), make_group("Engineers"))
    event = AuditEvent.objects.get(action="group_mapping.created")
    for path in (
        "groupmapping/",
        "groupmapping/export.csv",
        f"groupmapping/{mapping.pk}/unmap/",
        f"groupmapping/{mapping.pk}/unmap_csv/",
        f"ssogroup/{mapping.sso_group_id}/change/",
        f"ssogroup/{mapping.sso_group_id}/map/",
        f"ssogroup/{mapping.sso_group_id}/apply_mapping/?group={mapping.group_id}",
        f"ssogroup/{mapping.sso_group_id}/apply_mapping_csv/?group={mapping.group_id}",
        "ssogroup/declare/",
        f"group/{mapping.group_id}/change/",
        f"group/{mapping.group_id}/map_from/",
        f"auditevent/{event.pk}/moved/",
        "provisioninglog/",
    ):
        visitor.is_refused(f"/admin/identity/{path}", unseen="Engineering")
    assert GroupMapping.objects.count() == 1


def test_identity_providers_and_their_tokens(visitor: Visitor) -> None:
    okta = make_idp()
    make_token(okta)
    token = SCIMToken.objects.get()
    actions = ("change", "set_up", "live", "watch", "create_token", "edit", "delete", "connect_oidc", "connect_saml")
    providers = ["", "add/", *(f"{okta.pk}/{action}/" for action in actions)]
    tokens = ["", f"{token.pk}/change/", f"{token.pk}/revoke/"]
    for path in (*(f"identityprovider/{path}" for path in providers), *(f"scimtoken/{path}" for path in tokens)):
        visitor.is_refused(f"/admin/identity/{path}", unseen="/scim/v2")
    assert list(SCIMToken.objects.all()) == [token]


def test_both_logs(visitor: Visitor) -> None:
    provision(make_idp(), "ada")
    entry, event = ProvisioningLog.objects.latest("pk"), AuditEvent.objects.latest("pk")
    for log, row in (("provisioninglog", entry.pk), ("auditevent", event.pk)):
        for path in ("", "?person=ada", f"{row}/change/", "export.csv", "export.jsonl"):
            visitor.is_refused(f"/admin/identity/{log}/{path}", unseen="Created")
    visitor.is_refused(f"/admin/identity/auditevent/{event.pk}/moved/", unseen="Created")


def test_assets(visitor: Visitor) -> None:
    mia = make_user("mia")
    asset = make_asset(mia, "Wiki")
    forms = (
        "add/",
        f"bulk_transfer/?ids={asset.pk}",
        *(f"{asset.pk}/{action}/" for action in ("add_owner", "edit", "delete")),
        *(f"{asset.pk}/{action}/?user={mia.pk}" for action in ("transfer", "remove_owner")),
    )
    for path in ("", "?owners=none", "export.csv", f"{asset.pk}/change/", *forms):
        visitor.is_refused(f"/admin/identity/asset/{path}", unseen="Wiki")
    for path in forms:
        said = {"users": str(visitor.user.pk), "name": "Mine", "owner": visitor.user.username}
        visitor.sends_in_vain(f"/admin/identity/asset/{path}", **said)
    assert owners_of(Asset.objects.get()) == {"mia"}


def test_invitations_and_what_is_done_to_many(visitor: Visitor) -> None:
    mia, ivy = make_user("mia"), make_user("ivy", status=Status.INVITED)
    run = bulk_runs.create_run(BulkRun.Kind.INVITE, [bulk_runs.Wanted(mia)], is_draft=True, actor=OPERATOR)
    readable = ["invitation/", "invitation/export.csv", "bulkrun/", f"bulkrun/{run.pk}/change/"]
    files = [f"bulkrun/{run.pk}/results.csv", "user/export.csv"]
    forms = [
        "invitation/import/",
        f"invitation/bulk_resend/?ids={ivy.pk}",
        f"invitation/bulk_revoke/?ids={ivy.pk}",
        "user/invite/",
        f"user/{ivy.pk}/resend_invitation/",
        f"user/{ivy.pk}/revoke_invitation/",
        *(f"user/bulk_{action}/?ids={mia.pk}" for action in ("enable", "disable", "add_to_groups")),
        *(f"bulkrun/{run.pk}/{action}/" for action in ("start", "continue", "discard")),
    ]
    for path in (*readable, *files, *forms):
        visitor.is_refused(f"/admin/identity/{path}", unseen="ivy@")
    for path in forms:
        visitor.sends_in_vain(f"/admin/identity/{path}", username="new", email="new@example.test")
    statuses = User.objects.filter(pk__in=(mia.pk, ivy.pk)).order_by("username_key").values_list("status", flat=True)
    assert list(statuses) == [Status.INVITED, Status.ENABLED]
    assert BulkRun.objects.get().is_draft


def test_the_mismatch_report(visitor: Visitor) -> None:
    for name in ("mismatch_report", "mismatch_report_csv"):
        visitor.is_refused(f"/admin/identity/conflict/{name}/", unseen="Paste userNames")


def test_access_settings(visitor: Visitor) -> None:
    pages = ("", "switch/?scim=off", "switch/people/?sso=on&effect=edit_profile")
    for path in pages:
        visitor.is_refused(f"/admin/identity/accesssettings/{path}", unseen="Switch SCIM off")
    seen = policy.current_mode()
    visitor.sends_in_vain("/admin/identity/accesssettings/switch/?scim=off", seen=seen.code)
    assert policy.current_mode() == seen


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMINISTRATOR, Role.MEMBER])
def test_deleting_permanently_without_the_role_support(role: Role) -> None:
    dan, visitor = _disabled(), Visitor(role)
    for path in ("", "?q=dan", "export.csv", f"{dan.pk}/delete/"):
        visitor.is_refused(f"/admin/disabled-users/{path}", needed=("support",), unseen="Dan Gone")
    said = {"username": "dan", "reason": "Because", "transferee": str(visitor.user.pk)}
    visitor.sends_in_vain(f"/admin/disabled-users/{dan.pk}/delete/", **said)
    assert User.objects.filter(pk=dan.pk).exists()
    assert not DeletionRecord.objects.exists()


def test_support_sees_nothing_else_of_the_directory() -> None:
    dan, visitor = _disabled(), Visitor(Role.SUPPORT)
    for path in ("user/", f"user/{dan.pk}/change/", "group/", "asset/", "auditevent/", "identityprovider/"):
        visitor.is_refused(f"/admin/identity/{path}", unseen="Dan Gone")
    visitor.sends_in_vain(f"/admin/identity/user/{dan.pk}/enable/")
    assert User.objects.get(pk=dan.pk).status == Status.DISABLED


def _disabled() -> User:
    return make_user("dan", first_name="Dan", last_name="Gone", status=Status.DISABLED)
