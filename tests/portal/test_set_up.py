"""The set-up guide: this portal's own addresses, what has been reached, and what comes in while one watches."""

from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.utils import timezone

from identity.models import IdentityProvider, ReceivedRequest
from portal.guides import guide_of
from tests.clients import IdP
from tests.factories import make_idp, make_support, make_token, make_user, set_mode
from tests.portal.admin_pages import address, text_of
from tests.sessions import signed_in
from tests.statements import Most, same_for_many_rows

pytestmark = pytest.mark.django_db

BASE = f"{settings.PUBLIC_URL}/scim/v2"


@pytest.fixture
def idp() -> IdentityProvider:
    return make_idp(kind="okta")


def watch(admin: Client, idp: IdentityProvider) -> None:
    assert admin.post(address("identityprovider_watch", idp.pk)).status_code == 302


def ask(secret: str, path: str, method: str = "GET", body: object = None) -> int:
    """What an identity provider with this token does; the status of the answer."""
    return IdP(secret).send(method, path, body).status_code


def live(admin: Client, idp: IdentityProvider, after: int | None = None) -> str:
    query = {} if after is None else {"after": after}
    return text_of(admin.get(address("identityprovider_live", idp.pk), query))


@pytest.mark.parametrize("kind", IdentityProvider.Kind.values)
def test_what_is_copied_is_exactly_what_goes_in(admin: Client, kind: str) -> None:
    idp = make_idp(kind=kind)
    boxes = guide_of(idp).filled_in(BASE)
    assert BASE in [box.value for box in boxes if box.can_be_copied]
    page = admin.get(address("identityprovider_set_up", idp.pk)).content.decode()
    assert page.count("data-copies") == sum(box.can_be_copied for box in boxes) + bool(guide_of(idp).template)


# What has cost administrators a day: kind, and the words that spare it, on the page and in docs/.
FACTS = [
    ("okta", "only SAML and SWA apps offer SCIM"),
    ("okta", "Okta sends no request"),
    ("okta", "Retry All Groups"),
    ("okta", "Okta does not repeat by itself"),
    ("okta", "Error authenticating: No results for users returned"),
    ("entra", "(OpenID Connect) has no automatic provisioning"),
    ("entra", "before Start provisioning and before the first Provision on demand"),
    ("entra", "add externalId as 2"),
    ("entra", "Entra does not send the membership again by itself"),
    ("entra", "Prevent accidental deletion"),
    ("onelogin", '"externalId": "{$user.id}"'),
    ("onelogin", "While Delete user is ticked, leavers keep their access until it is approved."),
    ("onelogin", "Apply to all → Reset"),
    ("jumpcloud", "Empty groups are not created"),
    ("jumpcloud", "asks for a test address again"),
    ("pingone", "Full Resync"),
    ("google", "Keeper Web (SAML)"),
    ("google", "leavers keep their access that long"),
    ("rauthy", "scim.sync_delete_users = true"),
    ("rauthy", "selects the people too"),
    ("other", "Narrowing the group filter removes no one"),
]


@pytest.mark.parametrize(("kind", "fact"), FACTS)
def test_what_costs_a_day_when_it_is_not_known_is_told(admin: Client, kind: str, fact: str) -> None:
    page = unescape(text_of(admin.get(address("identityprovider_set_up", make_idp(kind=kind).pk))))
    docs = "".join(file.read_text(encoding="utf-8") for file in (settings.BASE_DIR / "docs").glob("connect-*.md"))
    for told in (page, docs.replace("*", "").replace("`", "")):
        assert "".join(fact.split()) in "".join(told.split())


@pytest.mark.parametrize("kind", IdentityProvider.Kind.values)
def test_the_page_shows_all_that_the_guide_of_its_kind_tells(admin: Client, kind: str) -> None:
    idp = make_idp(kind=kind)
    guide = guide_of(idp)
    page = unescape(text_of(admin.get(address("identityprovider_set_up", idp.pk))))
    parts = (guide.connection, guide.people, guide.groups, guide.check)
    texts = [text for part in parts for text in (*part.steps, *part.notes)]
    texts += [*guide.advice, *guide.resync, guide.test, guide.retry, guide.log]
    texts += [text for row in guide.trouble for text in (row.shows, row.why, row.do)]
    assert len(texts) > 15
    assert [text for text in texts if "".join(text.plain.split()) not in "".join(page.split())] == []


def test_an_address_that_no_cloud_can_reach_is_told(admin: Client, idp: IdentityProvider) -> None:
    url, told = address("identityprovider_set_up", idp.pk), "The portal isn't served over HTTPS."
    for public_url, is_told in (("http://127.0.0.1:8000", True), ("https://portal.example.com", False)):
        with override_settings(PUBLIC_URL=public_url):
            page = text_of(admin.get(url))
        assert (told in page) is is_told
        assert f"{public_url}/scim/v2" in page


def test_the_steps_say_what_has_been_reached(admin: Client, idp: IdentityProvider) -> None:
    url = address("identityprovider_set_up", idp.pk)
    assert "Create a token Next Configure the identity provider Map" in text_of(admin.get(url))
    secret = make_token(idp)
    assert "Create a token Done Configure the identity provider Next" in text_of(admin.get(url))
    ask(secret, "/ServiceProviderConfig")
    assert "Test the connection Done Send people and groups Next" in text_of(admin.get(url))
    ask(secret, "/Users", "POST", {"userName": "ada"})
    assert "Send people and groups Done" in text_of(admin.get(url))


def test_nothing_is_kept_unless_somebody_watches(admin: Client, idp: IdentityProvider) -> None:
    ask(make_token(idp), "/Users")
    assert not ReceivedRequest.objects.exists()
    assert "Reads are kept only while this page is watched." in live(admin, idp)


def test_a_test_of_the_connection_lights_up(admin: Client, idp: IdentityProvider) -> None:
    secret = make_token(idp)
    watch(admin, idp)
    assert "Waiting for a request of Okta" in live(admin, idp)
    ask(secret, '/Users?filter=userName%20eq%20"nobody"&startIndex=1&count=2')
    page = live(admin, idp)
    assert 'Connected. Looked for users with userName eq "nobody", at' in page
    assert 'GET /Users?filter=userName eq "nobody"&startIndex=1&count=2 200 test' in page


@pytest.mark.parametrize(
    ("method", "path", "words"),
    [
        ("GET", "/ServiceProviderConfig", "Asked what the portal can do"),
        ("GET", "/Users?startIndex=1&count=1", "Read the list of users"),
        ("GET", "/Users?filter=nonsense", "Looked for users with nonsense: refused, since the portal can't read that"),
        ("GET", "/Groups/6f0a0d3a-8a4f-4a2b-9d0e-0b1f6a9a9d11", "Read a group: there is none, which is an answer"),
    ],
)
def test_each_request_is_told_in_words(
    admin: Client, idp: IdentityProvider, method: str, path: str, words: str
) -> None:
    secret = make_token(idp)
    watch(admin, idp)
    ask(secret, path, method)
    assert words in live(admin, idp)


def test_a_change_is_told_as_the_log_tells_it(admin: Client, idp: IdentityProvider) -> None:
    secret = make_token(idp)
    watch(admin, idp)
    ask(secret, "/Users", "POST", {"userName": "ada", "name": {"givenName": "Ada", "familyName": "L"}})
    assert "Connected. Created Ada L (ada), enabled." in live(admin, idp)


def test_a_wrong_token_shows_and_is_no_connection(admin: Client, idp: IdentityProvider) -> None:
    watch(admin, idp)
    assert ask("ghscim_pasted-in-part", "/Users") == 401
    page = live(admin, idp)
    assert "A request came, and was refused. Unknown token (incomplete, expired or revoked)" in page
    assert "pasted-in-part" not in page


def test_a_wrong_token_shows_only_where_somebody_watched(admin: Client, idp: IdentityProvider) -> None:
    other, later = make_idp("Entra"), make_idp("Ping")
    watch(admin, other)
    ask("ghscim_pasted-in-part", "/Users")
    for provider in (idp, later):
        assert "unknown" not in live(admin, provider)
    watched_next_day = timezone.now() + timedelta(days=1)
    IdentityProvider.objects.filter(pk=later.pk).update(watched_until=watched_next_day)
    later.refresh_from_db()
    assert "unknown" not in live(admin, later)
    assert "unknown" in live(admin, other)


def test_scim_switched_off_is_told(admin: Client, idp: IdentityProvider) -> None:
    secret = make_token(idp)
    watch(admin, idp)
    set_mode(scim=False)
    assert ask(secret, "/Users") == 403
    assert "Refused: SCIM is off." in live(admin, idp)


def test_another_providers_requests_do_not_show(admin: Client, idp: IdentityProvider) -> None:
    other = make_idp("Entra")
    watch(admin, idp)
    watch(admin, other)
    ask(make_token(other), "/Users")
    assert "Waiting for a request of Okta" in live(admin, idp)


def test_asking_again_without_news_is_answered_with_nothing(admin: Client, idp: IdentityProvider) -> None:
    watch(admin, idp)
    url = address("identityprovider_live", idp.pk, after=0)
    same_for_many_rows(lambda: admin.get(url), lambda number: make_idp(f"IdP {number}"), Most.SMALL_PAGE)
    assert admin.get(url).status_code == 204
    ask(make_token(idp), "/Users")
    assert admin.get(address("identityprovider_live", idp.pk), {"after": 0}).status_code == 200


def test_creating_a_token_begins_to_watch(admin: Client, idp: IdentityProvider) -> None:
    admin.post(address("identityprovider_create_token", idp.pk), {"label": "Production"})
    idp.refresh_from_db()
    assert idp.is_watched


def test_the_page_costs_the_same_however_much_it_heard(admin: Client, idp: IdentityProvider) -> None:
    secret, url = make_token(idp), address("identityprovider_set_up", idp.pk)
    same_for_many_rows(lambda: admin.get(url), lambda number: ask(secret, f"/Users?count={number}"), Most.PAGE)


def test_support_and_members_see_none_of_it(idp: IdentityProvider) -> None:
    for page in ("set_up", "live"):
        assert (
            signed_in(make_support(f"sue-{page}")).get(address(f"identityprovider_{page}", idp.pk)).status_code == 403
        )
        assert signed_in(make_user(f"mia-{page}")).get(address(f"identityprovider_{page}", idp.pk)).status_code == 302
