"""To the identity provider and back."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.providers.base import ProviderException
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect import views as oidc
from allauth.socialaccount.providers.saml import views as saml
from allauth.socialaccount.providers.saml.utils import build_saml_config
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from lxml.etree import LxmlError
from onelogin.saml2.errors import OneLogin_Saml2_Error
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from requests import RequestException

from identity.errors import GatehouseError, NotFound
from identity.models import IdentityProvider, SSOConnection
from identity.services.sso_login import find_connection
from portal.sso import arrival
from portal.sso.adapter import app_of
from portal.sso.discovery import discover

# What a wrong, late or hostile answer raises inside allauth and python3-saml.
BAD_ANSWERS = (
    LxmlError,
    OAuth2Error,
    OneLogin_Saml2_Error,
    ImproperlyConfigured,
    PermissionDenied,
    ProviderException,
    RequestException,
    KeyError,
    TypeError,
    ValueError,
)
MOST_CHARACTERS = 256 * 1024  # of a SAML response, which anybody can send
View = Callable[..., HttpResponse]


def answered(view: View) -> View:
    """Whatever a provider sends, a person sees a page that says it did not work."""

    @wraps(view)
    def wrapper(request: HttpRequest, **names: str) -> HttpResponse:
        (slug,) = names.values()
        connection = connection_or_404(slug)
        speak_as_public_url(request)
        try:
            return view(request, slug)
        except ImmediateHttpResponse as answer:
            response: HttpResponse = answer.response
            return response
        except GatehouseError as error:
            return arrival.refused(request, error)
        except BAD_ANSWERS as error:
            return arrival.failed(request, connection.identity_provider.name, error)

    return wrapper


def speak_as_public_url(request: HttpRequest) -> None:
    """SR-31: the libraries build the portal's addresses from the request, so it carries PUBLIC_URL's host."""
    public = urlsplit(settings.PUBLIC_URL)
    request.META["HTTP_HOST"], request.META["wsgi.url_scheme"] = public.netloc, public.scheme


def connection_or_404(slug: str) -> SSOConnection:
    try:
        return find_connection(slug)
    except NotFound as error:
        raise Http404(error.sentence) from error


@require_GET
@never_cache
@answered
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Off to the identity provider. By GET: its own start page links here, and nothing is changed."""
    connection = connection_or_404(slug)
    target = request.GET.get("next") or ""
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = ""
    if not connection.is_enabled and target != arrival.test_page(connection):
        raise Http404("Nobody signs in through this connection.")
    provider = app_of(connection).get_provider(request)
    response: HttpResponse = provider.redirect(
        request, process="login", next_url=target, **_wishes(request, connection)
    )
    return response


def _wishes(request: HttpRequest, connection: SSOConnection) -> dict[str, Any]:
    """What is asked of an OpenID Connect provider beside the standard."""
    if connection.protocol == SSOConnection.Protocol.SAML:
        return {}
    wishes: dict[str, Any] = {"scope": ["openid", "profile", "email", *_groups_scope(connection)]}
    if "again" in request.GET:
        wishes["auth_params"] = {"prompt": "login"}
    return wishes


def _groups_scope(connection: SSOConnection) -> list[str]:
    """Okta and others send groups for a scope; Entra and Google refuse one that they don't know."""
    kinds = IdentityProvider.Kind
    if not connection.groups_claim or connection.identity_provider.kind in {kinds.ENTRA, kinds.GOOGLE}:
        return []
    return ["groups"] if "groups" in discover(connection).get("scopes_supported", []) else []


@never_cache
@answered
def oidc_callback(request: HttpRequest, slug: str) -> HttpResponse:
    """The code comes back."""
    return oidc.callback(request, slug)  # type: ignore[no-any-return]


@csrf_exempt
@require_POST
@answered
def saml_acs(request: HttpRequest, slug: str) -> HttpResponse:
    """The assertion comes back, by a POST of another site: without our session, so it is kept for one redirect."""
    if len(request.POST.get("SAMLResponse", "")) > MOST_CHARACTERS:
        raise ValueError("No assertion is as long as this.")
    return saml.acs(request, slug)  # type: ignore[no-any-return]


@never_cache
@answered
def saml_finish(request: HttpRequest, slug: str) -> HttpResponse:
    """The same, with our session: here it is verified."""
    return saml.finish_acs(request, slug)  # type: ignore[no-any-return]


@require_GET
def saml_metadata(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """What SAML providers can import. There is no single logout, so none is announced."""
    connection = connection_or_404(organization_slug)
    if connection.protocol != SSOConnection.Protocol.SAML:
        raise Http404("This is not a SAML connection.")
    speak_as_public_url(request)
    config = build_saml_config(request, app_of(connection).settings, connection.slug)
    del config["sp"]["singleLogoutService"]
    metadata = OneLogin_Saml2_Settings(settings=config, sp_validation_only=True).get_sp_metadata()
    return HttpResponse(metadata, content_type="application/samlmetadata+xml")


def saml_sls(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """SAML single logout is not offered: its requests come unsigned through the browser."""
    raise Http404
