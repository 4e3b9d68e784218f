"""The dashboard: who is here, what the mode allows, what waits."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity.core.errors import Conflicted
from identity.models import Headcount, IdentityProvider, Role, Status, User
from identity.queries.attention import what_waits
from identity.services import identity_providers, scim_tokens, sso_connections, turned_away_decisions
from identity.services.provider_contacts import note_contact
from identity.services.provisioning.log import log_refusal
from identity.services.sso_connections import ConnectionSettings
from identity.services.turned_away_decisions import TurnedAwayDecision
from portal.admin.home.dashboard import PROVIDERS
from tests import clock
from tests.clients import new_idp
from tests.factories import (
    OPERATOR,
    administrator,
    everything,
    idp_actor,
    make_asset,
    make_break_glass,
    make_idp,
    make_support,
    make_token,
    make_user,
    provision,
    push_group,
    set_mode,
    use_token,
)
from tests.portal.admin_pages import address, text_of
from tests.scim.helpers import user_body
from tests.sessions import as_administrator, as_owner, signed_in
from tests.sso.idp_processes import self_signed
from tests.statements import Most, same_for_many_rows

pytestmark = pytest.mark.django_db

HOME = "/admin/"
POLYGON = re.compile(r'<polygon [^>]*points="([^"]*)"')


def page(client: Client | None = None) -> str:
    return text_of((client or as_administrator()).get(HOME))


def heard(idp: IdentityProvider, **ago: float) -> None:
    """The provider's token was used this long ago."""
    secret = make_token(idp)
    with clock.ago(**ago or {"minutes": 5}):
        use_token(secret)


def test_users_are_counted_by_status_and_lead_to_the_filtered_list() -> None:
    make_user("max", status=Status.DISABLED)
    make_user("ida", status=Status.INVITED)
    answer = as_administrator().get(HOME)
    assert "3 Users 1 Enabled 1 Invited 1 Disabled" in text_of(answer)
    for status in Status.values:
        assert f'href="{reverse("admin:identity_user_changelist")}?status={status}"' in answer.content.decode()


def test_the_mode_is_told_in_plain_words() -> None:
    assert "SCIM is on and SSO is not enforced Administrators may invite users and edit profiles." in page()
    set_mode(scim=False)
    assert "SCIM is off and SSO is not enforced" in page(signed_in(make_user("ann", role=Role.ADMINISTRATOR)))


def test_a_new_portal_shows_the_three_steps() -> None:
    client = as_administrator()
    assert "Connect your identity provider Three steps" in page(client)
    assert "Add your identity provider Done" not in page(client)
    idp = make_idp()
    assert "Add your identity provider Done" in page(client)
    assert reverse("admin:identity_identityprovider_create_token", args=(idp.pk,)) in client.get(HOME).content.decode()
    secret = make_token(idp)
    assert "Create a SCIM token Done" in page(client)
    use_token(secret)
    assert "Connect your identity provider" not in page(client)


def test_nothing_waits_in_a_portal_that_is_in_order() -> None:
    make_break_glass()
    ann = make_user("ann", role=Role.ADMINISTRATOR)
    User.objects.update(last_active=timezone.now())
    heard(make_idp())
    assert "You're all caught up" in page(signed_in(ann))


def test_a_missing_break_glass_account_comes_first() -> None:
    assert "What needs attention first emergency No break-glass account If single sign-on fails" in page()
    make_break_glass()
    assert "No break-glass account" not in page(signed_in(make_user("ann", role=Role.ADMINISTRATOR)))


def test_what_was_turned_away_waits_there() -> None:
    idp = new_idp()
    identity_providers.pause_identity_provider(idp.provider, actor=OPERATOR)
    idp.post("/Users", user_body("new"))
    waiting = {matter.code: matter.number for matter in what_waits()}
    assert (waiting["turned_away"], waiting["paused"], waiting.get("unheard")) == (1, 1, None)
    turned_away_decisions.decide_all(idp.provider, TurnedAwayDecision.AWAIT, actor=OPERATOR)
    assert {"turned_away", "unheard"}.isdisjoint(matter.code for matter in what_waits())
    with clock.later(days=8):
        assert "unheard" in {matter.code for matter in what_waits()}
        told = text_of(as_owner().get("/admin/"))
    assert "1 change that was to be sent again has not come" in told


def test_open_conflicts_wait() -> None:
    make_user("mia")
    assert "merge_type Conflicts badge SSO users" in page()
    with pytest.raises(Conflicted):
        provision(make_idp(), "mia", "other@example.test")
    told = page(signed_in(make_user("ann", role=Role.ADMINISTRATOR)))
    assert "1 open conflict People sent by" in told
    assert "merge_type Conflicts 1 badge SSO users" in told


def test_an_identity_provider_that_has_stopped_calling_is_named() -> None:
    heard(make_idp("Okta"))
    heard(make_idp("Entra"), days=11)
    text = page()
    assert "Entra is silent Its last request came 1 week ago. It is too new to have a rhythm" in text
    assert "Okta is silent" not in text
    assert "Okta 5 minutes ago" in text


def test_silence_is_measured_by_its_own_rhythm() -> None:
    """Two providers, silent for the same time: usual for the one that calls once a week, not for the other."""
    weekly, hourly = make_idp("Weekly"), make_idp("Hourly")
    for idp, pause in ((weekly, timedelta(days=7)), (hourly, timedelta(hours=1))):
        heard(idp, days=3)
        with clock.ago(days=3):
            for back in range(1, 5 if idp is weekly else 200):
                note_contact(idp.pk, timezone.now() - back * pause)
    text = page()
    assert "Hourly is silent Its last request came 3 days ago. Its longest pause in the last eight weeks was" in text
    assert "Weekly is silent" not in text


def test_whoever_falls_silent_is_named_however_many_identity_providers_there_are() -> None:
    for number in range(PROVIDERS):
        make_idp(f"Directory {number}")
    heard(make_idp("Okta"))
    heard(make_idp("Zeta"), days=25)
    text = page()
    assert "Zeta is silent" in text
    assert re.search(r"Name Last request Refused Zeta 3.weeks ago – Okta 5.minutes ago – Directory 0 Never", text)


def test_nobody_is_silent_while_scim_is_off() -> None:
    """What calls is turned away then, before it is noted."""
    idp = make_idp("Entra")
    heard(idp, days=30)
    set_mode(scim=False)
    client = as_administrator()
    assert "is silent" not in page(client)
    assert "Silent" not in text_of(client.get(address("identityprovider_changelist")))
    assert "Silent against" not in text_of(client.get(address("identityprovider_change", idp.pk)))
    assert "SCIM is off: a test is refused until it is switched on" in text_of(
        client.get(address("identityprovider_set_up", idp.pk))
    )


def test_how_much_is_refused_is_told_with_what_it_was_counted_from() -> None:
    idp = make_idp("Okta")
    heard(idp)
    make_user("mia")
    provision(idp, "ada")
    with pytest.raises(Conflicted):
        provision(idp, "mia", "other@example.test")
    client = as_administrator()
    assert "Okta 5 minutes ago 50 % 1 of 2 Refused: of the last 200 changes that each sent." in page(client)
    assert "50 %" in text_of(client.get(address("identityprovider_changelist")))
    assert "50 % refused: 1 of 2 changes" in text_of(client.get(address("identityprovider_change", idp.pk)))


def test_a_saml_certificate_that_ends_soon_waits_until_the_next_one_is_there(tmp_path: Path) -> None:
    _, ending = self_signed(tmp_path, days=20)
    said = ConnectionSettings(
        entity_id="https://saml.example",
        sso_url="https://saml.example/sso",
        certificate=ending.read_text(encoding="utf-8"),
    )
    connection = sso_connections.create_connection(make_idp("Ping"), protocol="saml", said=said, actor=OPERATOR)
    client, told = as_administrator(), "The SAML certificate of Ping ends soon Sign-in through it fails after"
    assert told not in page(client)
    sso_connections.set_connection_enabled(connection, True, actor=OPERATOR)
    assert told in page(client)
    _, following = self_signed(tmp_path, days=400)
    both = replace(said, certificate=connection.certificate + "\n" + following.read_text(encoding="utf-8"))
    sso_connections.edit_connection(connection, said=both, actor=OPERATOR)
    assert told not in page(client)


def test_a_token_that_expires_soon_waits() -> None:
    expires_at = timezone.now() + timedelta(days=15)
    scim_tokens.create_token(make_idp("Okta"), label="", expires_at=expires_at, actor=OPERATOR)
    for days, waits in ((0, False), (2, True), (16, True)):
        with clock.later(days=days):
            assert ("1 SCIM token expires within two weeks, or has" in page(signed_in(administrator().user))) is waits


def test_refusals_of_the_last_day_are_counted_and_older_ones_are_not() -> None:
    actor = idp_actor(make_idp())
    for days in (2, 0, 0):
        with clock.ago(days=days):
            log_refusal("No.", actor=actor, resource_type="User", status=400, code="invalidValue")
    assert "2 requests refused in the last day" in page()


def test_groups_assets_tokens_and_newcomers_wait() -> None:
    idp = make_idp()
    push_group(idp, "Engineering")
    make_token(idp)
    make_asset(make_user("max", status=Status.DISABLED))
    make_user("mia")
    text = page()
    assert "1 unmapped SSO group" in text
    assert "1 asset without an enabled owner" in text
    assert "1 SCIM token never used" in text
    assert "2 people never logged in" in text


def test_the_share_of_refused_changes_stands_beside_each_provider() -> None:
    okta, entra = make_idp("Okta"), make_idp("Entra")
    provision(okta, "ada")
    for _ in range(3):
        log_refusal("No.", actor=idp_actor(okta), resource_type="User", status=400, code="invalidValue")
    provision(entra, "eve")
    text = page()
    assert "Entra Never 0 % Okta Never 75 %" in text


def headcount(days_ago: int, enabled: int, disabled: int = 0) -> None:
    day = timezone.now().date() - timedelta(days=days_ago)
    Headcount.objects.create(day=day, invited=0, enabled=enabled, disabled=disabled)


@clock.stopped()
def test_a_large_directory_shows_the_days_count_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("identity.queries.headcount.MOST", 2)
    headcount(3, 40)
    headcount(1, 30, 1)
    for name in ("ada", "eve"):
        make_user(name)
    then = timezone.now().date() - timedelta(days=1)
    answer = as_administrator().get(HOME)
    text = text_of(answer)
    assert "31 Users 30 Enabled 0 Invited 1 Disabled" in text
    assert f"Counted at the start of {then:%-d %B %Y} (UTC). Users are counted in full at the start of each day" in text
    assert f"31 users at the start of {then:%-d %B %Y} (UTC), 9 fewer than on" in answer.content.decode()
    assert f"At the start of {then:%-d %B %Y} (UTC) 30 1 0" in text


@clock.stopped()
def test_a_directory_that_has_grown_since_the_days_count_has_more_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("identity.queries.headcount.MOST", 2)
    headcount(0, 1)
    for name in ("ada", "eve"):
        make_user(name)
    make_user("max", status=Status.DISABLED)
    text = page()
    assert "More than 2 Users More than 2 Enabled 0 Invited 1 Disabled" in text
    assert "Counted now, each status counted up to 2. Users" in text


def test_the_chart_begins_with_the_second_day() -> None:
    assert "Users over time It begins with the second day" in page()


@clock.stopped()
def test_the_chart_says_in_words_and_in_a_table_what_it_shows() -> None:
    headcount(9, 40)
    headcount(5, 30, 10)
    client = as_administrator()
    answer = client.get(HOME)
    then = timezone.now().date() - timedelta(days=9)
    assert f'aria-label="1 user now, 39 fewer than on {then:%-d %B %Y}."' in answer.content.decode()
    text = text_of(answer)
    assert "Start of the day (UTC) Enabled Disabled Invited Now 1 0 0" in text
    between = timezone.now().date() - timedelta(days=7)
    assert f"{between:%-d %b %Y} 30 10 0" in text
    assert [polygon.count(",") for polygon in POLYGON.findall(answer.content.decode())] == [20, 20, 20]


@clock.stopped()
def test_the_span_of_the_chart_is_chosen() -> None:
    headcount(80, 5)
    client = as_administrator()
    assert "It begins with the second day" in page(client)
    assert "5 0 0" in text_of(client.get(HOME, {"days": "90"}))
    for nonsense in ("x", "-1", "12345678901234567890"):
        assert client.get(HOME, {"days": nonsense}).status_code == 200


def test_support_sees_its_own_entry_only() -> None:
    make_user("max", status=Status.DISABLED)
    text = page(signed_in(make_support()))
    assert "1 disabled user Support deletes" in text
    assert "What needs attention" not in text
    assert "Identity providers" not in text


def test_members_do_not_get_in() -> None:
    answer = signed_in(make_user()).get(HOME, follow=True)
    assert answer.redirect_chain[-1][0] == "/profile/"


def test_looking_changes_nothing() -> None:
    client = as_administrator()
    client.get(HOME)
    before = everything()
    client.get(HOME)
    assert everything() == before


@pytest.mark.parametrize("is_large", [False, True])
def test_it_costs_the_same_for_any_number_of_rows(is_large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if is_large:
        monkeypatch.setattr("identity.queries.headcount.MOST", 0)
    client = as_administrator()

    def row(number: int) -> None:
        heard(idp := make_idp(f"IdP {number}"), days=30)
        push_group(idp, f"People {number}", provision(idp, f"user{number}"))

    same_for_many_rows(lambda: client.get(HOME), row, Most.PAGE)


def test_support_needs_few_statements() -> None:
    client = signed_in(make_support())

    def row(number: int) -> None:
        make_user(f"user{number}", status=Status.DISABLED)

    same_for_many_rows(lambda: client.get(HOME), row, Most.SMALL_PAGE)
