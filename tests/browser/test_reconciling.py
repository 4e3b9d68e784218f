"""What differs from the identity provider is set right from its page, with the keyboard, on a phone."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from identity.models import Group, Membership, Status, User
from identity.services import users
from tests.factories import OPERATOR, make_group, make_idp, map_group, members_of, provision, push_group, set_mode


def test_an_identity_provider_is_reconciled_after_a_preview(owner_page: Page) -> None:
    page, okta = owner_page, make_idp("Okta")
    ada = provision(okta)
    map_group(push_group(okta, "Engineering", ada), make_group("Builders"))
    set_mode(scim=False)
    users.disable_user(ada.user, actor=OPERATOR)
    Membership.objects.all().delete()
    set_mode()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/admin/identity/identityprovider/{okta.pk}/change/")
    page.get_by_role("link", name="Reconcile").press("Enter")
    expect(page.get_by_role("heading", name="Reconcile Okta")).to_be_visible()
    expect(page.get_by_text("1 becomes enabled")).to_be_visible()
    expect(page.get_by_text("1 joins")).to_be_visible()
    page.get_by_role("button", name="Apply").press("Enter")
    expect(page.get_by_text("Okta is as the identity provider said last.")).to_be_visible()
    assert (User.objects.get(pk=ada.user_id).status, members_of(Group.objects.get())) == (Status.ENABLED, {"ada"})
    page.get_by_role("link", name="Reconcile").press("Enter")
    expect(page.get_by_text("Nothing differs from what the identity provider last sent.")).to_be_visible()
    expect(page.get_by_role("button", name="Apply")).to_have_count(0)
