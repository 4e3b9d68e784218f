"""The redirect to the identity provider, and the return."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from allauth.socialaccount.providers.base import ProviderException
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from lxml.etree import LxmlError
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError
from requests import RequestException

from identity.core.errors import GatehouseError, NotFound
from identity.models import SSOConnection
from identity.services.sign_in.login import find_connection
from portal.session.opening import is_own_page
from portal.sso import arrival, oidc, patience, saml
from portal.sso.bad_answers import BadAnswer
from portal.sso.claims import saml_assertion

# What a wrong, late or hostile answer raises inside allauth and python3-saml.
BAD_ANSWERS = (
    BadAnswer,
    LxmlError,
    OAuth2Error,
    OneLogin_Saml2_Error,
    OneLogin_Saml2_ValidationError,
    ImproperlyConfigured,
    PermissionDenied,
    ProviderException,
    RequestException,
    KeyError,
    RecursionError,
    TypeError,
    ValueError,
)
View = Callable[..., HttpResponse]


def answered(view: View) -> View:
    """Whatever a provider sends, the person gets an error page."""

    @wraps(view)
    def wrapper(request: HttpRequest, **names: str) -> HttpResponse:
        (slug,) = names.values()
        connection = connection_or_404(slug)
        speak_as_public_url(request)
        try:
            with patience.visit(insists=lambda: arrival.is_administrator(request)):
                return view(request, slug)
        except GatehouseError as error:
            return arrival.not_understood(request, connection, error)
        except BAD_ANSWERS as error:
            return arrival.failed(request, connection, error)

    return wrapper


def speak_as_public_url(request: HttpRequest) -> None:
    """SR-31: the libraries build the portal's URLs from the request, so it is given PUBLIC_URL's host."""
    public = urlsplit(settings.PUBLIC_URL)
    request.META["HTTP_HOST"], request.META["wsgi.url_scheme"] = public.netloc, public.scheme


def begun_where_it_ends(view: View) -> View:
    """Cookies belong to a host: a sign-in begun at another than PUBLIC_URL's would return without them."""

    @wraps(view)
    def wrapper(request: HttpRequest, slug: str) -> HttpResponse:
        return arrival.elsewhere(request) if _came_by_another_name(request) else view(request, slug=slug)

    return wrapper


def _came_by_another_name(request: HttpRequest) -> bool:
    """By the Host the browser sent; a proxy may have replaced it by its own name for the portal.

    In that case the browser's Referer is one of our pages, or it was already redirected and comes again.
    """
    public = urlsplit(settings.PUBLIC_URL)
    came_from = urlsplit(request.META.get("HTTP_REFERER", ""))
    is_here = {arrival.TOLD, saml.UNASKED} & request.GET.keys() or came_from[:2] == public[:2]
    return not is_here and _plain(request.get_host()) != _plain(public.netloc)


def _plain(host: str) -> str:
    return re.sub(r":(80|443)$", "", host.lower())


def connection_or_404(slug: str) -> SSOConnection:
    try:
        return find_connection(slug)
    except NotFound as error:
        raise Http404(error.sentence) from error


@require_GET
@never_cache
@begun_where_it_ends
@answered
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Redirect to the identity provider. By GET: its own start page links here, and nothing is changed.

    `target_link_uri` is OpenID Connect's parameter for the requested page (OIDC Core 4).
    """
    connection = connection_or_404(slug)
    target = request.GET.get("next") or request.GET.get("target_link_uri") or ""
    if not is_own_page(request, target):
        target = ""
    if not connection.is_enabled and target != arrival.test_page(connection):
        raise Http404("This connection is not used for sign-in.")
    return _BEGIN[SSOConnection.Protocol(connection.protocol)](
        request, connection, target, again="again" in request.GET
    )


_BEGIN = {SSOConnection.Protocol.OIDC: oidc.begin, SSOConnection.Protocol.SAML: saml.begin}


@require_GET
@never_cache
@answered
def oidc_callback(request: HttpRequest, slug: str) -> HttpResponse:
    """The code arrives."""
    return oidc.finish(request, _connection(slug, SSOConnection.Protocol.OIDC))


@csrf_exempt
@require_POST
@answered
def saml_acs(request: HttpRequest, slug: str) -> HttpResponse:
    """The assertion arrives, by a cross-site POST."""
    return saml.receive(request, _connection(slug, SSOConnection.Protocol.SAML))


@require_GET
@never_cache
@answered
def saml_finish(request: HttpRequest, slug: str) -> HttpResponse:
    """The same, one redirect later, with our own session."""
    connection = _connection(slug, SSOConnection.Protocol.SAML)
    answer, state = saml.finish(request, connection)
    response = arrival.arrive(request, connection, saml_assertion(connection, answer), state)
    return saml.forget_asking(response, connection)


@require_GET
def saml_metadata(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """What SAML providers can import."""
    connection = _connection(organization_slug, SSOConnection.Protocol.SAML)
    return HttpResponse(saml.metadata(connection), content_type="application/samlmetadata+xml")


def _connection(slug: str, protocol: SSOConnection.Protocol) -> SSOConnection:
    """The connection, if it uses this protocol: an answer in another one is not accepted."""
    connection = connection_or_404(slug)
    if connection.protocol != protocol:
        raise Http404("This connection speaks another protocol.")
    return connection
