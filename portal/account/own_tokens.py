"""The pages where people see, create and revoke their own API tokens."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django.views.generic import FormView, TemplateView

from identity.core.actors import Person
from identity.models import APIToken
from identity.services import api_tokens
from portal.account.forms import APITokenForm
from portal.session.fresh_sign_in import is_fresh, redirect_to_confirmation


@method_decorator(never_cache, name="dispatch")
class OwnTokens(LoginRequiredMixin, TemplateView):
    """The tokens, and when each was last used."""

    template_name = "portal/api_tokens.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        tokens = APIToken.objects.filter(user=self.request.user.pk)
        return super().get_context_data(**kwargs, title="Your API tokens", tokens=tokens)


@method_decorator(never_cache, name="dispatch")
class CreateOwnToken(LoginRequiredMixin, FormView):
    """Create a token after a fresh sign-in (SR-11); the response is the only page that shows its secret."""

    template_name = "portal/api_token_new.html"
    form_class = APITokenForm
    extra_context = {"title": "New API token"}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated and not is_fresh(request):
            return redirect_to_confirmation(request)
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: APITokenForm) -> HttpResponse:
        said = form.cleaned_data
        token, secret = api_tokens.create_api_token(
            label=said["label"],
            scopes=said["scopes"],
            expires_at=said["expires_on"],
            actor=Person(self.request.user),  # type: ignore[arg-type]
        )
        context = {"title": "Your new API token", "token": token, "secret": secret}
        return render(self.request, "portal/api_token_made.html", context)


@require_POST
@login_required
def revoke_own_token(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke one of one's own tokens."""
    token = APIToken.objects.filter(user=request.user.pk, pk=pk).first()
    if token is None:
        raise Http404("You have no such token.")
    api_tokens.revoke_api_token(token, actor=Person(request.user))  # type: ignore[arg-type]
    messages.success(request, f"The token “{token.label}” was revoked.")
    return redirect("own_tokens")
