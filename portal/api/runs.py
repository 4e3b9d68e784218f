"""The runs of an identity provider: what each did, and giving it back (R27)."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.utils.functional import cached_property
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.models import Group, IdentityProvider
from identity.models.runs import Run
from identity.queries import runs as stories
from identity.services import runs
from portal.api.fields import GroupRef, PeopleAnswer, Said, UserRef, people
from portal.api.named_rows import row_of
from portal.api.operations import operation
from portal.api.views import Singleton

MOST_AT_ONCE = 100


class ProviderRunInList(serializers.Serializer):
    """The writes of an identity provider without a pause of 15 minutes."""

    id = serializers.IntegerField(source="run.first_id", help_text="That of its first entry in the provisioning log.")
    last_entry = serializers.IntegerField(source="run.last_id", help_text="Its last entry in the provisioning log.")
    began_at = serializers.DateTimeField(source="run.began_at")
    ended_at = serializers.DateTimeField(source="run.ended_at", help_text="The last request; it may be going on.")
    requests = serializers.IntegerField(
        help_text=f"Counted up to {stories.MOST:,}, as all its numbers are: {stories.MOST + 1:,} means more."
    )
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="Requests by what they did.")
    summary = serializers.CharField(help_text="The same in words.")


class ProviderRunsAnswer(serializers.Serializer):
    results = ProviderRunInList(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where earlier runs are; null when there are none.")


class RunsSaid(Said):
    before = serializers.IntegerField(
        min_value=1, max_value=2**62, required=False, help_text="Earlier than the run of this number."
    )
    limit = serializers.IntegerField(min_value=1, max_value=MOST_AT_ONCE, default=stories.SHOWN)


class ChapterAnswer(serializers.Serializer):
    """What happened to so many people, and the first of them."""

    code = serializers.CharField()
    title = serializers.CharField()
    count = serializers.IntegerField()
    users = UserRef(source="people", many=True)


class GroupMovesAnswer(serializers.Serializer):
    """How many joined and left a portal group; `group` is null for one that is gone."""

    name = serializers.CharField()
    group = GroupRef(allow_null=True)
    joined = serializers.IntegerField()
    left = serializers.IntegerField()


class LostGroupAnswer(serializers.Serializer):
    """An SSO group that was deleted, and the portal groups that it fed."""

    sso_group = serializers.CharField(source="name")
    groups = serializers.ListField(source="fed", child=serializers.CharField())


class ProviderRunAnswer(ProviderRunInList):
    """What a run did. `is_whole`: whether all of it is told."""

    chapters = ChapterAnswer(many=True)
    groups = GroupMovesAnswer(many=True)
    lost = LostGroupAnswer(many=True)
    is_whole = serializers.BooleanField()


class MappingBackAnswer(serializers.Serializer):
    """An SSO group, declared anew if it is gone, and the portal group that it feeds again."""

    sso_group = serializers.CharField()
    group = GroupRef()


class SkippedAnswer(serializers.Serializer):
    """What is not given back, since it has changed: an account, a membership or a mapping."""

    what = serializers.CharField()
    reason = serializers.CharField()
    user = UserRef(allow_null=True)
    group = GroupRef(allow_null=True)


class RestoringAnswer(serializers.Serializer):
    """What restoring does. `fingerprint` identifies exactly this."""

    enables = PeopleAnswer()
    joins = PeopleAnswer(help_text="Who gets memberships back.")
    memberships = serializers.IntegerField(help_text="How many of them.")
    mappings = MappingBackAnswer(many=True)
    skipped_count = serializers.IntegerField()
    skipped = SkippedAnswer(many=True, help_text=f"The first {stories.SKIPPED_NAMED}.")
    has_more = serializers.BooleanField(help_text="More than is done at once: restore again afterwards.")
    fingerprint = serializers.CharField()


class RestoringSaid(Said):
    fingerprint = serializers.CharField(max_length=64, help_text="That of the preview which you looked at.")


class OfProvider(Singleton):
    """Something about the identity provider in the URL."""

    tag = "Identity providers"
    seen_by = Action.VIEW_PROVIDERS
    queryset = IdentityProvider.objects.all()

    @cached_property
    def provider(self) -> IdentityProvider:
        return row_of(IdentityProvider, self.kwargs["provider_id"])

    @cached_property
    def run(self) -> Run:
        return stories.find_run(self.provider, self.kwargs["run_id"])


class ProviderRuns(OfProvider):
    """The runs of an identity provider."""

    @operation("list_runs", query=RunsSaid, answer=ProviderRunsAnswer)
    def retrieve(self, request: Request, provider_id: int) -> Response:
        """List the runs of an identity provider, latest first.

        A run is its writes without a pause of 15 minutes; where it makes none for a whole day (UTC), a run ends with
        that day.
        """
        found = stories.runs_of(self.provider, self.asked.get("before"), most=self.asked["limit"])
        return self.show(dict(ProviderRunsAnswer({"results": found.runs, "next": self._next(found)}).data))

    def _next(self, found: stories.Runs) -> str | None:
        if not found.before:
            return None
        query = {**self.request.query_params.dict(), "before": found.before}
        return f"{settings.PUBLIC_URL}{self.request.path}?{urlencode(query)}"


class ProviderRun(OfProvider):
    """One run of an identity provider."""

    @operation("get_run", answer=ProviderRunAnswer)
    def retrieve(self, request: Request, provider_id: int, run_id: int) -> Response:
        """Show what a run did: who was created, disabled, removed or moved, and which mappings were lost.

        Any entry of the provisioning log leads to the run that it is part of.
        """
        story = stories.story_of(self.run)
        shown = {
            **ProviderRunInList(story.counted).data,
            "chapters": ChapterAnswer(story.chapters, many=True).data,
            "groups": GroupMovesAnswer(story.groups, many=True).data,
            "lost": LostGroupAnswer(story.lost, many=True).data,
            "is_whole": story.is_whole,
        }
        return self.show(shown)


class RunRestoring(OfProvider):
    """Giving back what a run took."""

    fresh: ClassVar[frozenset[str]] = frozenset({"create"})

    @operation("preview_restoring", answer=RestoringAnswer)
    def retrieve(self, request: Request, provider_id: int, run_id: int) -> Response:
        """Preview what restoring a run would give back, and what it would leave, since it has changed.

        Who was disabled is enabled, memberships come back, and mappings with their SSO groups are declared anew. In
        mapped groups this lasts until the identity provider sends again.
        """
        return self.show(shown(runs.preview_restoring(self.run, actor=self.actor)))

    @operation("restore_run", body=RestoringSaid, answer=RestoringAnswer)
    def create(self, request: Request, provider_id: int, run_id: int) -> Response:
        """Give back what a run took, exactly as previewed; 409 `outdated` when that has changed since.

        In a browser this needs a fresh sign-in.
        """
        return Response(shown(runs.restore_run(self.run, fingerprint=self.said["fingerprint"], actor=self.actor)))


def shown(preview: runs.Restoring) -> dict[str, Any]:
    """A preview as `RestoringAnswer`."""
    groups = Group.objects.in_bulk({group_id for _, group_id in preview.mappings})
    found = {
        "enables": people(preview.enables),
        "joins": people(preview.joins),
        "memberships": len(preview.pairs),
        "mappings": [{"sso_group": name, "group": groups[group_id]} for name, group_id in preview.mappings],
        "skipped_count": len(preview.skipped),
        "skipped": stories.named(preview.skipped),
        "has_more": preview.has_more,
        "fingerprint": preview.fingerprint,
    }
    return dict(RestoringAnswer(found).data)
