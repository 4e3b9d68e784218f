"""allauth asks the portal's adapters, also where no page of ours leads it to: it makes no accounts of its own."""

from __future__ import annotations

import pytest
from allauth.account.adapter import get_adapter as account_adapter
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.test import RequestFactory

from identity.models import SSOConnection
from portal.sso.outgoing import GuardedSession

pytestmark = pytest.mark.django_db


def test_nobody_signs_up(rf: RequestFactory) -> None:
    assert not account_adapter().is_open_for_signup(rf.get("/"))
    assert not get_adapter().is_open_for_signup(rf.get("/"), SocialLogin())


def test_its_applications_are_the_portals_connections(rf: RequestFactory, okta: SSOConnection) -> None:
    found = get_adapter().get_app(rf.get("/"), okta.slug)
    assert (found.provider, found.client_id, found.secret) == ("openid_connect", "gatehouse", "s")
    with pytest.raises(SocialApp.DoesNotExist):
        get_adapter().get_app(rf.get("/"), "another")
    assert not SocialApp.objects.exists()


def test_what_it_fetches_is_fetched_as_the_portal_does() -> None:
    assert isinstance(get_adapter().get_requests_session(), GuardedSession)
