"""Identity providers, their set-up guides and their tokens (R23, SR-11, SR-12)."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from identity.core.actors import Person
from identity.models import IdentityProvider, SCIMToken, User
from identity.services import scim_tokens
from identity.services.scim_tokens import find_bearer
from portal.admin.providers import identity_providers, set_up
from tests import clock
from tests.factories import (
    OPERATOR,
    everything,
    make_idp,
    make_owner,
    make_support,
    make_token,
    make_user,
    provision,
    use_token,
)
from tests.portal.admin_pages import address, messages_of, text_of
from tests.sessions import as_administrator, as_owner, signed_in

pytestmark = pytest.mark.django_db

TOKEN = re.compile(r'<code class="gh-code">(\S+)</code>')


def used_long_ago(idp: IdentityProvider, label: str, **ago: float) -> None:
    """A token that its provider used last so long ago."""
    secret = make_token(idp, label)
    with clock.ago(**ago):
        use_token(secret)


def test_an_identity_provider_is_added_and_its_guide_shown() -> None:
    client = as_administrator()
    answer = client.post(address("identityprovider_add"), {"name": "Our Okta", "kind": "okta"}, follow=True)
    page = text_of(answer)
    assert messages_of(answer) == ["Our Okta was added. Create a token next."]
    assert f"{settings.PUBLIC_URL}/scim/v2" in page
    assert "Test Connector Configuration" in page
    assert "1. Create a token Okta signs in here with it." in page.replace("Our Okta", "Okta")


@pytest.mark.parametrize("kind", IdentityProvider.Kind.values)
def test_every_kind_has_its_guide(kind: str) -> None:
    """Named by its kind; one of no known kind by the name that it has here."""
    idp = make_idp("Ours", kind=kind)
    page = text_of(as_administrator().get(address("identityprovider_set_up", idp.pk)))
    there = "Ours" if kind == "other" else IdentityProvider.Kind(kind).label
    assert f"Configure {there}" in page
    assert f"{settings.PUBLIC_URL}/scim/v2" in page
    assert 'emails[type eq "work"].value' in page


def test_the_base_url_never_follows_the_host_header() -> None:
    idp = make_idp()
    page = as_administrator().get(address("identityprovider_set_up", idp.pk), HTTP_HOST="localhost")
    assert "//localhost" not in text_of(page)


def test_a_token_is_shown_once_and_works() -> None:
    idp = make_idp()
    client = as_administrator()
    answer = client.post(address("identityprovider_create_token", idp.pk), {"label": "Production"})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    found = TOKEN.search(answer.content.decode())
    assert found
    secret = found[1]
    bearer = find_bearer(secret)
    assert bearer is not None
    assert bearer.identity_provider_id == idp.pk
    again = client.get(address("identityprovider_change", idp.pk))
    assert secret not in again.content.decode()
    assert SCIMToken.objects.get().hint in text_of(again)
    assert all(secret not in str(value) for value in client.session.items())
    assert secret not in str(everything())


def test_a_token_needs_a_fresh_sign_in() -> None:
    idp = make_idp()
    client = as_administrator(fresh=False)
    answer = client.post(address("identityprovider_create_token", idp.pk), {"label": "Production"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/confirm-password/")
    assert not SCIMToken.objects.exists()


def test_a_token_may_expire_and_never_in_the_past() -> None:
    idp = make_idp()
    client = as_administrator()
    url = address("identityprovider_create_token", idp.pk)
    late = client.post(url, {"label": "Trial", "expires_on": "2001-01-01"})
    assert "This day is over." in text_of(late)
    client.post(url, {"label": "Trial", "expires_on": "2999-12-31"})
    expiry = SCIMToken.objects.get().expires_at
    assert expiry is not None
    assert f"{expiry:%Y-%m-%d %H:%M}" == "2999-12-31 23:59"


def test_revoking_asks_first_and_ends_the_token() -> None:
    idp = make_idp()
    secret = make_token(idp)
    token = SCIMToken.objects.get()
    client = as_administrator()
    asked = text_of(client.get(address("scimtoken_revoke", token.pk)))
    assert "It was never used." in asked
    assert find_bearer(secret) is not None
    client.post(address("scimtoken_revoke", token.pk))
    assert find_bearer(secret) is None


def test_revoking_needs_a_fresh_sign_in() -> None:
    make_token(make_idp())
    token = SCIMToken.objects.get()
    as_administrator(fresh=False).post(address("scimtoken_revoke", token.pk))
    assert SCIMToken.objects.exists()


def test_the_last_requests_received_are_shown() -> None:
    idp = make_idp()
    provision(idp, "ada", first_name="Ada", last_name="L")
    page = text_of(as_administrator().get(address("identityprovider_change", idp.pk)))
    assert "Created Ada L (ada), enabled. 201" in page


def test_the_list_shows_users_last_request_and_conflicts() -> None:
    provision(make_idp(kind="okta"), "ada")
    assert "Okta Okta 1 Never" in text_of(as_administrator().get(address("identityprovider_changelist")))


def test_very_many_people_are_not_counted_for_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (identity_providers, set_up):
        monkeypatch.setattr(module, "MOST", 1)
    idp = make_idp()
    for name in ("ada", "eve", "mia"):
        provision(idp, name)
    client = as_administrator()
    assert "Okta Other more than 1 Never" in text_of(client.get(address("identityprovider_changelist")))
    assert "More than 1 users managed" in text_of(client.get(address("identityprovider_change", idp.pk)))
    assert "More than 1 users came from" in text_of(client.get(address("identityprovider_set_up", idp.pk)))
    assert "More than 1 users stay as they are" in text_of(client.get(address("identityprovider_delete", idp.pk)))


def test_editing_keeps_everything_else() -> None:
    idp = make_idp()
    data = {"name": "Okta Berlin", "kind": "okta", "asks_before_adopting": "on"}
    as_administrator().post(address("identityprovider_edit", idp.pk), data)
    idp.refresh_from_db()
    assert (idp.name, idp.kind, idp.asks_before_adopting) == ("Okta Berlin", "okta", True)


def test_whether_external_ids_identify_people_is_shown_and_set() -> None:
    client = as_administrator()
    idp = make_idp(kind="entra")
    assert "who comes back under another userName is a new user" in text_of(
        client.get(address("identityprovider_change", idp.pk))
    )
    client.post(address("identityprovider_edit", idp.pk), {"name": "Entra", "kind": "entra"})
    idp.refresh_from_db()
    assert not idp.identifies_by_external_id
    data = {"name": "Entra", "kind": "entra", "identifies_by_external_id": "on"}
    client.post(address("identityprovider_edit", idp.pk), data)
    assert "who comes back under another userName is the same user" in text_of(
        client.get(address("identityprovider_change", idp.pk))
    )
    client.post(address("identityprovider_add"), {"name": "Okta", "kind": "okta"})
    assert IdentityProvider.objects.get(name="Okta").identifies_by_external_id


def test_whether_nested_groups_are_refused_is_shown_and_set() -> None:
    client = as_administrator()
    client.post(address("identityprovider_add"), {"name": "Okta", "kind": "okta", "refuses_nested_groups": "on"})
    idp = IdentityProvider.objects.get()
    assert idp.refuses_nested_groups
    assert "Nested groups Refused" in text_of(client.get(address("identityprovider_change", idp.pk)))
    client.post(address("identityprovider_edit", idp.pk), {"name": "Okta", "kind": "okta"})
    assert "Nested groups Skipped" in text_of(client.get(address("identityprovider_change", idp.pk)))


def test_deleting_names_what_hangs_on_it_and_wants_the_name_typed() -> None:
    idp = make_idp("Okta")
    provision(idp, "ada")
    make_token(idp)
    client = as_administrator()
    url = address("identityprovider_delete", idp.pk)
    asked = text_of(client.get(url))
    assert "1 user stays as they are" in asked
    assert "1 SCIM token stops working at once" in asked
    assert "1 SSO user, 0 SSO groups and 0 mappings go." in asked
    assert "1 user managed 0 open conflicts 0 SSO groups" in text_of(
        client.get(address("identityprovider_change", idp.pk))
    )
    wrong = client.post(url, {"name": "okta"})
    assert "This is not the name: type Okta" in text_of(wrong)
    client.post(url, {"name": "Okta"})
    assert not IdentityProvider.objects.exists()
    assert User.objects.get(username="ada").managed_by is None


def test_two_tokens_stand_side_by_side_until_the_old_one_is_silent() -> None:
    idp = make_idp()
    client = as_administrator()
    used_long_ago(idp, "Old", hours=3)
    used_long_ago(idp, "New", minutes=5)
    page = text_of(client.get(address("identityprovider_change", idp.pk)))
    assert re.search(r"New \S+ In use .* Old \S+ Still in use: not yet safe to revoke", page)
    assert "last used 3 hours ago" in text_of(
        client.get(address("scimtoken_revoke", SCIMToken.objects.get(label="Old").pk))
    )
    with clock.later(hours=23):
        page = text_of(as_owner().get(address("identityprovider_change", idp.pk)))
    assert re.search(r"Old \S+ Silent for 1 day: safe to revoke", page)


def test_the_old_token_is_not_replaced_before_the_new_one_was_used() -> None:
    idp = make_idp()
    used_long_ago(idp, "Old", days=3)
    make_token(idp, "New")
    page = text_of(as_administrator().get(address("identityprovider_change", idp.pk)))
    assert re.search(r"New \S+ Not used yet .* Old \S+ Silent for 3 days [^:]", page)


def test_a_silent_token_is_not_safe_to_revoke_while_the_newer_one_is_silent_for_longer() -> None:
    """A newer one was tried once; then provisioning, which uses the old one, broke down."""
    idp, client = make_idp(), as_administrator()
    used_long_ago(idp, "Old", days=2)
    used_long_ago(idp, "New", days=9)
    page = text_of(client.get(address("identityprovider_change", idp.pk)))
    assert "Old" in page
    assert "Silent for 2 days, and the newer one for longer: not safe to revoke" in page
    old = SCIMToken.objects.get(label="Old")
    assert "Provisioning stops unless Okta has another one by now." in text_of(
        client.get(address("scimtoken_revoke", old.pk))
    )


def test_revoking_what_was_replaced_warns_of_nothing() -> None:
    idp = make_idp()
    used_long_ago(idp, "Old", days=2)
    used_long_ago(idp, "New", minutes=5)
    old = SCIMToken.objects.get(label="Old")
    page = text_of(as_administrator().get(address("scimtoken_revoke", old.pk)))
    assert "It was last used 2 days ago. The next request of Okta that carries it is refused." in page


def test_a_token_used_a_moment_ago_and_one_that_expires_soon_say_so() -> None:
    idp, client = make_idp(), as_administrator()
    soon = timezone.now() + timedelta(days=3)
    use_token(scim_tokens.create_token(idp, label="", expires_at=soon, actor=OPERATOR)[1])
    page = text_of(client.get(address("identityprovider_change", idp.pk)))
    assert "just now" in page
    assert "Soon" in page
    assert "Soon" in text_of(client.get(address("scimtoken_changelist")))


def test_revoking_the_only_token_says_so() -> None:
    make_token(make_idp())
    asked = text_of(as_administrator().get(address("scimtoken_revoke", SCIMToken.objects.get().pk)))
    assert "It is the only token: provisioning stops" in asked


def test_all_tokens_are_listed() -> None:
    make_token(make_idp("Okta"), "Production")
    make_token(make_idp("Entra", kind="entra"), "Tenant")
    page = text_of(as_administrator().get(address("scimtoken_changelist")))
    assert "Production" in page
    assert "Tenant" in page


def test_a_token_is_listed_with_its_creator_its_creation_and_its_last_use() -> None:
    """SR-12."""
    with clock.at("2031-02-03 04:05"):
        _, secret = scim_tokens.create_token(make_idp("Okta"), label="Production", actor=Person(make_owner("olga")))
    with clock.at("2031-02-04 06:07"):
        use_token(secret)
        page = text_of(as_administrator().get(address("scimtoken_changelist")))
    row = page[page.index("Production") :]
    assert all(told in row for told in ("olga", "3 Feb 2031, 04:05", "4 Feb 2031, 06:07", "192.0.2.1")), row


def test_get_changes_nothing() -> None:
    idp = make_idp()
    make_token(idp)
    client = as_administrator()
    before = everything()
    for page in ("change", "set_up", "watch", "edit", "delete", "create_token"):
        assert client.get(address(f"identityprovider_{page}", idp.pk)).status_code == 200
    client.get(address("identityprovider_add"))
    client.get(address("scimtoken_revoke", SCIMToken.objects.get().pk))
    assert everything() == before


def test_support_and_members_reach_nothing() -> None:
    idp = make_idp()
    make_token(idp)
    token = SCIMToken.objects.get()
    urls = [address(f"identityprovider_{page}", idp.pk) for page in ("edit", "delete", "create_token", "watch")]
    urls.append(address("scimtoken_revoke", token.pk))
    support, member = signed_in(make_support()), signed_in(make_user("mia"))
    for url in urls:
        assert support.post(url, {"label": "x", "name": "Okta"}).status_code == 403
        assert member.post(url, {"label": "x", "name": "Okta"}).status_code == 302
    assert SCIMToken.objects.count() == 1
