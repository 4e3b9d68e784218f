"""The runs of an identity provider: the list, what each did, and giving it back after a preview (R27)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property

from identity.core.decisions import Action
from identity.core.errors import NotFound
from identity.models import Group, IdentityProvider
from identity.models.runs import Run, last_before
from identity.queries.runs import SKIPPED_NAMED, RunStory, find_run, named, runs_of, story_of
from identity.services import runs
from portal.admin.frame.base import ActionPage
from portal.admin.frame.deciding import decide, person_of
from portal.admin.frame.fingerprints import FingerprintForm
from portal.admin.frame.parts import is_key

NAMED = 50
ON_THE_PROVIDERS_PAGE = 5


class ShownPage(ActionPage):
    """A page that changes nothing."""

    http_method_names = ("get", "head", "options")
    has_button = False


class RunsPage(ShownPage):
    """All runs, page by page."""

    name = "runs"
    label = "Runs"
    template_name = "admin/identity/identityprovider/runs.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        before = self.request.GET.get("before")
        found = runs_of(self.obj, int(str(before)) if is_key(before) else None)
        return super().get_context_data(title=f"Runs of {self.obj}", found=found, **kwargs)


class OfRun(ActionPage):
    """About the run in the URL, where any row of the log leads to its run; without a number, the last."""

    has_button = False

    @cached_property
    def of_run(self) -> Run:
        number = self.request.GET.get("run") or self._latest()
        try:
            return find_run(self.obj, int(number) if is_key(number) else 0)
        except NotFound as error:
            raise Http404(error.sentence) from error

    def _latest(self) -> str:
        entry = last_before(self.obj.pk, None)
        return str(entry.pk if entry else 0)

    @property
    def run_name(self) -> str:
        return runs.name_of(self.of_run, self.obj)


class RunPage(OfRun, ShownPage):
    """What one run did, as a story."""

    name = "run"
    label = "Run"
    template_name = "admin/identity/identityprovider/run.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        story = story_of(self.of_run)
        return super().get_context_data(
            title=f"The run of {self.of_run.began_at:%-d %B %Y, %H:%M} UTC",
            story=story,
            log_url=log_of(story),
            refused_url=f"{log_of(story)}&outcome__exact=refused",
            restoring=decide(self.request, Action.RESTORE_RUN, identity_provider=self.obj),
            restore_url=f"{reverse(self.model_admin.url_name(RestoreRun.name), args=(self.obj.pk,))}"
            f"?run={self.of_run.first_id}",
            runs_url=reverse(self.model_admin.url_name(RunsPage.name), args=(self.obj.pk,)),
            **kwargs,
        )


class RestoreRun(OfRun):
    """Give back what the run took: the preview, then exactly that (R27)."""

    name = "restore_run"
    label = "Restore"
    action = Action.RESTORE_RUN
    icon = "undo"
    fresh = True
    form_class = FingerprintForm
    template_name = "admin/identity/identityprovider/restore_run.html"
    submit = "Restore this"
    explanation = (
        "Who was disabled is enabled, memberships come back, and mappings with their SSO groups are declared anew. "
        "In mapped groups this lasts until the identity provider sends again: correct it there first."
    )

    def run(self, form: FingerprintForm) -> str:
        seen, actor = form.cleaned_data["fingerprint"], person_of(self.request)
        found = runs.restore_run(self.of_run, fingerprint=seen, actor=actor)
        return (
            f"Restored: {len(found.enable_ids):,} enabled, {len(found.pairs):,} memberships, "
            f"{len(found.mappings):,} mappings."
        )

    def get_success_url(self) -> str:
        return run_url(self.obj, self.of_run.first_id)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(
            title=f"Restore what {self.run_name} took?", leads_to=self.run_name, **kwargs
        )
        if context.get("refusal"):
            return {**context, "preview": None}
        preview = runs.preview_restoring(self.of_run, actor=person_of(self.request))
        groups = Group.objects.in_bulk({group_id for _, group_id in preview.mappings})
        join_count = len({user_id for _, user_id in preview.pairs})
        return {
            **context,
            "preview": preview,
            "enables": list(preview.enables.order_by("username_key")[:NAMED]),
            "more_enables": max(0, len(preview.enable_ids) - NAMED),
            "joins": list(preview.joins.order_by("username_key")[:NAMED]),
            "join_count": join_count,
            "more_joins": max(0, join_count - NAMED),
            "mappings": [(name, groups[group_id]) for name, group_id in preview.mappings],
            "skipped": named(preview.skipped),
            "more_skipped": max(0, len(preview.skipped) - SKIPPED_NAMED),
        }


def run_url(provider: IdentityProvider, number: int) -> str:
    """The page of the run that this row of the log is part of."""
    return f"{reverse('admin:identity_identityprovider_run', args=(provider.pk,))}?run={number}"


def log_of(story: RunStory) -> str:
    """The provisioning log, filtered by a run."""
    run, second = story.run, timedelta(seconds=1)
    between = {"idp": run.identity_provider_id, "from": _stamp(run.began_at), "until": _stamp(run.ended_at + second)}
    return f"{reverse('admin:identity_provisioninglog_changelist')}?{urlencode(between)}"


def _stamp(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"


def runs_on_the_page(provider: IdentityProvider) -> dict[str, Any]:
    """The latest runs, for the identity provider's own page."""
    return {
        "runs": runs_of(provider, most=ON_THE_PROVIDERS_PAGE),
        "runs_url": reverse("admin:identity_identityprovider_runs", args=(provider.pk,)),
    }
