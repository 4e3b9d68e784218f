"""Small parts shared by several areas of the admin UI: badges, pages of rows, people pickers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from django.forms import Form, ModelMultipleChoiceField
from django.http import Http404, HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join

from identity.core.keys import LONGEST
from identity.models import User
from identity.models.users import matching
from portal.admin.frame.base import ActionPage
from portal.admin.frame.lists import part_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

M = TypeVar("M", bound=Model)

ROWS_ON_A_PAGE = 50
MOST_PAGES = 200  # the rows before a page are skipped one by one
PEOPLE_TO_CHOOSE_FROM = 25
FEW = 1_000
MOST_TICKED = 200


def badge(text: object, colour: str = "") -> str:
    """A badge in a list's cell; colours: green, red, amber, blue, else grey."""
    return format_html('<span class="gh-badge gh-badge-{}">{}</span>', colour or "gray", text)


def named(rows: Iterable[object]) -> str:
    """Names in a list's cell, isolated from each other's text direction; as one element where cells are laid out."""
    names = format_html_join(", ", "<bdi>{}</bdi>", ((row,) for row in rows))
    return names and format_html("<span>{}</span>", names)


def moment(at: datetime | None, *, seconds: bool = False) -> str:
    """A time (UTC) in a list's cell."""
    if at is None:
        return "–"
    return format_html(
        '<span class="gh-nowrap">{}</span>', f"{at:%-d %b %Y, %H:%M:%S}" if seconds else f"{at:%-d %b %Y, %H:%M}"
    )


def searched(request: HttpRequest) -> str:
    """The search term in `?q=`; PostgreSQL rejects NUL, and SQLite endless patterns."""
    return request.GET.get("q", "")[:LONGEST].replace("\0", "").strip()


def is_key(text: object) -> bool:
    """Whether this can be a primary key: databases reject what exceeds their integers."""
    return str(text).isdecimal() and len(str(text)) <= 18


def row_or_404(rows: QuerySet[M], pk: object) -> M:
    """The row with this primary key from a URL, else 404."""
    if not is_key(pk):
        raise Http404("There is no such row.")
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404("There is no such row.")
    return row


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of rows; it reads one row ahead instead of counting. After `MOST_PAGES` only a search leads further."""

    rows: Sequence[Any]
    number: int
    parameter: str
    has_more: bool

    @property
    def is_last_of_many(self) -> bool:
        return self.has_more and self.number == MOST_PAGES

    @property
    def has_next(self) -> bool:
        return self.has_more and self.number < MOST_PAGES

    @property
    def previous(self) -> int:
        return self.number - 1

    @property
    def next(self) -> int:
        return self.number + 1

    @property
    def is_only_page(self) -> bool:
        return self.number == 1 and not self.has_next


def page_of(request: HttpRequest, rows: QuerySet[Any], parameter: str = "p") -> Slice:
    """The requested page of `rows`, the first if the request is invalid."""
    asked = request.GET.get(parameter, "1")
    number = min(max(1, int(asked)), MOST_PAGES) if asked.isdecimal() and len(asked) < 7 else 1
    start = (number - 1) * ROWS_ON_A_PAGE
    found = list(part_of(rows, start, start + ROWS_ON_A_PAGE + 1))
    return Slice(found[:ROWS_ON_A_PAGE], number, parameter, len(found) > ROWS_ON_A_PAGE)


class PeopleField(ModelMultipleChoiceField):
    """People by primary key; invalid keys match no one."""

    def clean(self, value: Any) -> Any:
        return super().clean([pk for pk in value or [] if is_key(pk)])


class PeopleForm(Form):
    """One or more people, ticked in a list."""

    users = PeopleField(queryset=User.objects.all(), error_messages={"required": "Choose at least one person."})


class Search:
    """What a page with a picker carries over between searches: mixed into an ActionPage.

    `carried`: URL parameters that another search keeps.
    """

    carried: ClassVar[tuple[str, ...]] = ("all", "ids", "of", "user")
    request: HttpRequest

    @cached_property
    def query(self) -> str:
        return searched(self.request)

    def ticked(self, name: str) -> list[int]:
        """The keys ticked before a form error or another search."""
        said = self.request.POST.getlist(name) or self.request.GET.getlist(name)
        return [int(key) for key in said if is_key(key)][:MOST_TICKED]

    def search_context(self) -> dict[str, Any]:
        found = self.request.GET
        return {"q": self.query, "kept": [(name, found[name]) for name in self.carried if name in found]}


class ChoosePeople(Search, ActionPage):
    """A page that searches people by name and lists the results as check boxes; works without scripts."""

    form_class: type[PeopleForm] = PeopleForm
    template_name = "admin/identity/choose_people.html"
    icon = "person_add"

    def candidates(self) -> QuerySet[User]:
        """The people to search among."""
        people: QuerySet[User] = User.objects.all()
        return people

    def still_ticked(self) -> list[User]:
        """The people who stay ticked."""
        keys = self.ticked("users")
        return list(self.candidates().filter(pk__in=keys).order_by("username_key")) if keys else []

    def found(self) -> list[User]:
        """Matches by username: few are sorted directly, many are read in index order.

        PostgreSQL can't tell beforehand, and would scan a million names to find a rare one.
        """
        rows = self.candidates().order_by("username_key")
        if self.query:
            rows = rows.filter(matching(self.query))
            keys = list(rows.order_by().values_list("pk", flat=True)[: FEW + 1])
            if len(keys) <= FEW:
                rows = self.candidates().filter(pk__any_of=keys).order_by("username_key")
        return list(rows[: PEOPLE_TO_CHOOSE_FROM + 1])

    def here_already(self, people: list[User]) -> set[int]:
        """Which of these people can't be chosen, since they already are what they would become."""
        return set()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found, chosen = ([], []) if kwargs.get("refusal") else (self.found(), self.still_ticked())
        return super().get_context_data(
            **self.search_context(),
            chosen=chosen,
            people=list(dict.fromkeys([*chosen, *found[:PEOPLE_TO_CHOOSE_FROM]])),
            here_already=self.here_already(found[:PEOPLE_TO_CHOOSE_FROM]),
            has_more=len(found) > PEOPLE_TO_CHOOSE_FROM,
            **kwargs,
        )


def person_named_by(request: HttpRequest) -> User:
    """The person named by `?user=`."""
    people: QuerySet[User] = User.objects.all()
    return row_or_404(people, request.GET.get("user", ""))


class AboutPerson(ActionPage):
    """An action on one person of a row (a member, an owner), named by `?user=`; offered beside the person."""

    has_button = False

    @cached_property
    def person(self) -> User:
        return person_named_by(self.request)
