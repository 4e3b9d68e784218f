"""The base of every admin page: read-only lists and details, and one page for each action.

Django's own add, change and delete pages are switched off: services do all writes, ask the policy
themselves and write an audit event, so Django's LogEntry is never written either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.forms import BaseForm, Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.text import capfirst
from django.views.decorators.cache import never_cache
from django.views.generic import FormView

from identity import policy
from identity.core.decisions import Action, Decision
from identity.core.errors import GatehouseError, InvalidValue, Refused
from identity.core.keys import LONGEST
from identity.db import replica
from identity.safeguards.asked import About
from portal.admin.frame.buttons import Button, allowed_buttons, refusals
from portal.admin.frame.deciding import ASKED_AS, decide, status_of
from portal.admin.frame.exporting import ExportingAdmin
from portal.admin.frame.lists import CappedPaginator, PortalChangeList
from portal.project.replicas import read_by
from portal.session.fresh_sign_in import is_fresh, redirect_to_confirmation

if TYPE_CHECKING:
    from portal.admin.frame.site import PortalAdminSite


@method_decorator(never_cache, name="dispatch")
class ActionPage(FormView):
    """One write action at one URL: GET asks, POST does (SR-24), and the service decides again.

    Subclasses set the class attributes and write `run(form)`, which calls one service and returns the
    success message. `self.obj` is the row (None on pages of the list).
    """

    name: ClassVar[str]  # of the URL: admin:<app>_<model>_<name>
    label: ClassVar[str]  # on the button and as the page's title
    action: ClassVar[Action | None] = None  # the policy's; None: anyone who may see the page
    icon: ClassVar[str] = "edit"
    danger: ClassVar[bool] = False
    fresh: ClassVar[bool] = False  # requires a fresh sign-in first (SR-11, SR-19)
    of_list: ClassVar[bool] = False  # belongs to the list, not to a row
    has_button: ClassVar[bool] = True  # False: linked from a part of the page, or from the list's menu of actions
    submit: ClassVar[str] = ""  # text of the submit button; the label when empty
    explanation: ClassVar[str] = ""  # one or two sentences above the form

    form_class: type[BaseForm] = Form
    template_name = "admin/portal/action.html"
    model_admin: PortalModelAdmin = None  # type: ignore[assignment]  # given to as_view()
    obj: Any = None

    # --- what subclasses write ---

    def run(self, form: Any) -> str:
        """Call the service; return the success message. Raise GatehouseError to refuse."""
        raise NotImplementedError

    @classmethod
    def about(cls, request: HttpRequest, obj: Any) -> About:
        """The row, under the keyword that the policy expects."""
        name = ASKED_AS.get(type(obj))
        return {name: obj} if name else {}  # type: ignore[misc]

    @classmethod
    def decide(cls, request: HttpRequest, obj: Any) -> Decision:
        """Whether the button is shown, and its hint if not; services decide again on write."""
        if cls.action is None:
            return policy.ALLOWED
        return decide(request, cls.action, **cls.about(request, obj))

    @classmethod
    def needs_fresh(cls, request: HttpRequest, obj: Any) -> bool:
        """Whether this request requires a fresh sign-in: `fresh`, unless it depends on the row or the method."""
        return cls.fresh

    def get_explanation(self) -> str:
        return self.explanation

    def get_success_url(self) -> str:
        """Back to the row, or to the list if the row is gone or there is none."""
        if self.obj is None or self.obj.pk is None:
            return self.model_admin.list_url()
        return self.model_admin.detail_url(self.obj)

    # --- how it works ---

    @classmethod
    def button(cls, model_admin: PortalModelAdmin, request: HttpRequest, obj: Any = None) -> Button:
        args = () if cls.of_list else (obj.pk,)
        url = reverse(model_admin.url_name(cls.name), args=args)
        return Button(cls.name, cls.label, url, cls.icon, cls.danger, cls.decide(request, obj))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        self.model_admin.require_view(request)
        if not self.of_list:
            self.obj = self.model_admin.get_object_or_404(request, kwargs["object_id"])
        if self.needs_fresh(request, self.obj) and self.decide(request, self.obj) and not is_fresh(request):
            return redirect_to_confirmation(request)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        decision = self.decide(request, self.obj)
        if not decision:
            return self.refused(decision.reason, 403)
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        decision = self.decide(request, self.obj)
        if not decision:
            return self.refused(decision.reason, 403)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            sentence = self.run(form)
        except Refused as error:
            return self.refused(error.sentence, 403, form)
        except GatehouseError as error:
            form.add_error(_field(form, error), error.sentence)
            return self.render_to_response(self.get_context_data(form=form), status=status_of(error))
        if sentence:
            messages.success(self.request, sentence)
        return HttpResponseRedirect(self.get_success_url())

    def refused(self, reason: str, status: int, form: BaseForm | None = None) -> HttpResponse:
        """The page with the reason instead of the button (and of the form, unless it was filled in)."""
        context = self.get_context_data(form=form or Form(), refusal=reason)
        return self.render_to_response(context, status=status)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return {
            **self.model_admin.admin_site.each_context(self.request),
            "opts": self.model_admin.opts,
            "title": self.label,
            "page": self,
            "obj": self.obj,
            "explanation": self.get_explanation(),
            "submit": self.submit or self.label,
            "cancel_url": self.get_success_url(),
            **context,
        }


def _field(form: BaseForm, error: GatehouseError) -> str | None:
    """The field that an InvalidValue is about, if the form has it."""
    field = error.field if isinstance(error, InvalidValue) else ""
    return field if field in form.fields else None


class PortalModelAdmin(ExportingAdmin):
    """A read-only list and detail page; each action has its own page in `pages`.

    `seen_by`: the area that they belong to. `detail_template` with `get_detail(request, obj)`
    replaces Django's form by a custom page.
    """

    seen_by: ClassVar[Action] = Action.VIEW_DIRECTORY
    area: ClassVar[str] = replica.LISTS  # of what its list reads
    pages: ClassVar[Sequence[type[ActionPage]]] = ()
    detail_template: ClassVar[str] = ""

    actions: Any = None
    list_per_page = 50
    empty_value_display = "–"
    list_prefetch_related: ClassVar[tuple[str, ...]] = ()  # for the list's rows only, like list_select_related
    list_max_show_all = 0  # no "show all": lists are always paged
    show_full_result_count = False
    paginator = CappedPaginator
    list_disable_select_all = True
    list_fullwidth = True
    change_list_template = "admin/portal/list.html"
    admin_site: PortalAdminSite

    # --- who sees it; no one writes through Django's own machinery ---

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if not request.user.is_authenticated:
            return False
        return bool(decide(request, self.seen_by))

    def require_view(self, request: HttpRequest) -> None:
        """Raise PermissionDenied, saying who may see these pages, for anyone who may not."""
        decision = decide(request, self.seen_by)
        if not decision:
            raise PermissionDenied(decision.reason)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def _log_nothing(self, *args: Any, **kwargs: Any) -> Any:
        """Django's log stays empty: the audit trail is the record."""

    log_addition = log_change = log_deletions = _log_nothing

    # --- URLs ---

    def url_name(self, page: str) -> str:
        return f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}"

    def list_url(self) -> str:
        return reverse(self.url_name("changelist"))

    def list_url_of(self, request: HttpRequest) -> str:
        """The list in the state of this page: its links keep the filters, the sorting and the page."""
        left = request.GET.get("_changelist_filters", "")
        return f"{self.list_url()}?{left}" if left else self.list_url()

    def detail_url(self, obj: Model) -> str:
        return reverse(self.url_name("change"), args=(obj.pk,))

    def get_urls(self) -> list[URLPattern]:
        return [self._page_url(page) for page in self.pages] + super().get_urls()

    def _page_url(self, page: type[ActionPage]) -> URLPattern:
        route = f"{page.name}/" if page.of_list else f"<path:object_id>/{page.name}/"
        view = self.admin_site.admin_view(page.as_view(model_admin=self))
        return path(route, view, name=self.url_name(page.name).removeprefix("admin:"))

    def get_object_or_404(self, request: HttpRequest, object_id: str) -> Any:
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404(f"There is no such {self.opts.verbose_name}.")
        return obj

    # --- pages ---

    def list_buttons(self, request: HttpRequest) -> list[Button]:
        pages = [page.button(self, request) for page in self.pages if page.of_list and page.has_button]
        files = [
            Button("export", label, url, "download", danger=False, decision=policy.ALLOWED)
            for label, url in self.export_links(request)
        ]
        return pages + files

    def buttons(self, request: HttpRequest, obj: Any) -> list[Button]:
        """The actions that make sense for this row, allowed or refused."""
        found = [page.button(self, request, obj) for page in self.pages if not page.of_list and page.has_button]
        return [button for button in found if button.decision.fits]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Django's is switched off: the audit log holds the history."""
        raise Http404

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return PortalChangeList

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Django's; values a database rejects, NUL, endless text or numbers, count as invalid parameters.

        The number of rows before filters is never counted, so unfold must not compare with it.
        """
        said = [value for values in dict(request.GET.lists()).values() for value in values]
        if any("\0" in value or len(value) > LONGEST for value in said):
            raise IncorrectLookupParameters
        try:
            changelist = super().get_changelist_instance(request)
        except OverflowError as error:
            raise IncorrectLookupParameters from error
        changelist.full_result_count = changelist.result_count
        if self.list_prefetch_related:
            changelist.result_list = changelist.result_list.prefetch_related(*self.list_prefetch_related)
        return changelist

    def export_queryset(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.prefetch_related(*self.list_prefetch_related)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return read_by(request, self.area, lambda: self._list(request, extra_context))

    def _list(self, request: HttpRequest, extra_context: dict[str, Any] | None) -> Any:
        self.require_view(request)
        buttons = self.list_buttons(request)
        extra: dict[str, Any] = {
            "title": capfirst(self.opts.verbose_name_plural),
            "buttons": (allowed := allowed_buttons(buttons)),
            "to_begin": [button for button in allowed if button.name != "export"],
            "refusals": refusals(buttons),
            "is_empty_state": lambda: self._is_empty(request),
            "has_wrong_filters": ERROR_FLAG in request.GET,
        }
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    def _is_empty(self, request: HttpRequest) -> bool:
        """Whether there is nothing to list, with or without filters; computed only if the template asks."""
        return not self.get_queryset(request).exists()

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        self.require_view(request)
        if not self.detail_template:
            return super().change_view(request, object_id, form_url, extra_context)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        obj = self.get_object_or_404(request, object_id)
        return TemplateResponse(request, self.detail_template, self._detail_context(request, obj))

    def get_detail(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """What the detail template gets besides `obj`, `buttons` and `refusals`."""
        return {}

    def _detail_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        buttons = self.buttons(request, obj)
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(obj),
            "obj": obj,
            "buttons": allowed_buttons(buttons),
            "refusals": refusals(buttons),
            "list_url": self.list_url_of(request),
            **self.get_detail(request, obj),
        }
