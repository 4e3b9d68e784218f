"""Hearing from identity providers: their rhythm, and what is kept while somebody watches."""

from datetime import timedelta

import pytest
from django.utils import timezone

from identity.core.errors import Refused
from identity.models import AuditEvent, IdentityProvider, ProviderContact, ReceivedRequest, Rhythm
from identity.services import provider_contacts
from identity.services.provider_contacts import KEPT, note_contact, note_request, note_stranger, watch
from tests import clock
from tests.factories import administrator, make_idp, support

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def called(idp: IdentityProvider, *hours_ago: float) -> Rhythm:
    for ago in hours_ago:
        note_contact(idp.pk, timezone.now() - ago * HOUR)
    return ProviderContact.objects.rhythms()[idp.pk]


def received(idp: IdentityProvider, number: int = 1) -> None:
    for _ in range(number):
        note_request(idp.pk, method="GET", path="/Users", status=200, token_label="t", address="192.0.2.1")


def test_the_longest_pause_of_its_own_history_is_usual() -> None:
    rhythm = called(make_idp(), 0, 10, 20, 90, 170, 200)
    assert rhythm.is_learnt
    assert rhythm.longest_pause == 80 * HOUR
    assert rhythm.silent_after == 121 * HOUR
    assert not rhythm.is_silent


def test_half_as_long_again_is_silence() -> None:
    every_day = [200 + 24 * day for day in range(10)]
    assert called(make_idp(), *(hours - 168 for hours in every_day)).is_silent is False
    assert called(make_idp("Entra"), *(hours - 150 for hours in every_day)).is_silent is True


def test_a_week_is_usual_while_the_history_is_shorter() -> None:
    assert called(make_idp(), 100, 101).is_silent is False
    assert called(make_idp("Entra"), 260, 261).is_silent is True


def test_an_hour_is_noted_once() -> None:
    idp = make_idp()
    called(idp, 0)
    assert ProviderContact.objects.count() == 1
    called(idp, 0)
    assert ProviderContact.objects.count() == 1


def test_watching_is_for_half_an_hour_and_starts_with_an_empty_page() -> None:
    idp = make_idp()
    received(idp)
    watched = watch(idp, actor=administrator())
    assert watched.is_watched
    assert not ReceivedRequest.objects.exists()
    received(idp)
    watch(idp, actor=administrator())
    assert ReceivedRequest.objects.count() == 1
    assert AuditEvent.objects.filter(action="identity_provider.watched").count() == 2


def test_only_administrators_watch() -> None:
    with pytest.raises(Refused):
        watch(make_idp(), actor=support())


def test_only_the_newest_requests_are_kept() -> None:
    received(make_idp(), 3 * KEPT)
    assert KEPT <= ReceivedRequest.objects.count() < 2 * KEPT


def test_strangers_are_kept_while_somebody_watches_and_one_a_second() -> None:
    idp = make_idp()
    note_stranger(method="GET", path="/Users", address="192.0.2.1")
    assert not ReceivedRequest.objects.exists()
    watch(idp, actor=administrator())
    for _ in range(3):
        note_stranger(method="GET", path="/Users", address="192.0.2.1")
    assert [row.status for row in ReceivedRequest.objects.all()] == [401]
    with clock.later(seconds=provider_contacts.STRANGERS_APART.total_seconds()):
        note_stranger(method="GET", path="/Users", address="192.0.2.1")
    assert ReceivedRequest.objects.count() == 2
