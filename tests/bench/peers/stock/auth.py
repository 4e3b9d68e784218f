"""One fixed token, compared in memory: django-scim2 leaves authentication to the project."""

import hmac
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

TOKEN = "static-token-of-the-benchmark"


class Caller:
    is_authenticated = True


class StaticToken:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {TOKEN}"):
            request.user = Caller()
        return self.get_response(request)
