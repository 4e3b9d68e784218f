"""What is tried at each door, by what it is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from identity.models import User
from tests.portal.admin_pages import address, text_of
from tests.sessions import signed_in

Make = TypeVar("Make", bound=Callable[..., object])


class Cases(dict[str, Make]):
    """Decorate a function to add it: `changing_a_role` is the case "changing a role"."""

    def add(self, make: Make) -> Make:
        self[make.__name__.replace("_", " ")] = make
        return make


@dataclass
class Attempt:
    """What came of it: the reason as that door tells it, None when it was done."""

    code: str | None = None
    sentence: str | None = None


def through_the_pages(tried: Any, who: User) -> Attempt:
    page, arguments, form = tried.page
    answer = signed_in(who).post(address(page, *arguments), form)
    return Attempt(sentence=text_of(answer)) if answer.status_code == 403 else Attempt()
