"""The faults that are put in are those meant, and they run."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from scim.wire import bare_words
from tests.mutants.sites import ROOT, mutants_in, mutants_of
from tests.mutants.trials import code_with

pytestmark = pytest.mark.once


def changed(statements: str) -> set[str]:
    """What becomes of the statements of a function; what merely returns None is left out."""
    source = f"def f(self):\n{indent(dedent(statements), '    ')}\n".encode()
    made = [mutant for mutant in mutants_in(source) if mutant.kind != "None returned"]
    assert all(mutant.is_python(source) for mutant in made)
    return {dedent(mutant.source(source).decode().partition("\n")[2]).strip() for mutant in made}


@pytest.mark.parametrize(
    ("statement", "mutants"),
    [
        ("return a == b", {"return a != b"}),
        ("return (a) is not (b)", {"return (a) is (b)"}),
        ("return 1 < a", {"return 2 < a", "return 1 <= a"}),
        ("return a not in b", {"return a in b"}),
        ("return a and b", {"return a or b", "return True and b", "return a and True"}),
        ("return a or not b", {"return a and not b", "return a or b"}),
        ("return Q(x=a) | Q(y=b)", {"return Q(x=a) & Q(y=b)", "return Q() | Q(y=b)", "return Q(x=a) | Q()"}),
        ("return a if b else c", {"return a if (not (b)) else c"}),
        ("return [a for a in b if a]", {"return [a for a in b if (not (a))]", "return [a for a in b if True]"}),
        ("rows.filter(a=1, b=c)", {"pass", "rows.filter(b=c)", "rows.filter(a=1)", "rows.filter(a=2, b=c)"}),
        ("x = rows.filter(a).get(b=c)", {"x = rows.filter().get(b=c)", "x = rows.filter(a).get()"}),
        ("x = filter(a, b)", set()),
        ("x = names.get(a, b)", set()),
        ("x = rows.select_for_update(of=a).first()", {"x = rows.first()"}),
        ("f(is_on=True)", {"pass", "f(is_on=False)"}),
        ("logger.info(a)", set()),
        ("raise Refused(a)", {"pass"}),
        ("if a.b: return", {"if (not (a.b)): return"}),
        ("with a(True) as b: pass", {"with a(False) as b: pass"}),
        (
            'x = "SELECT a WHERE b = %s AND NOT EXISTS ({c})"',
            {
                'x = "SELECT a WHERE b = %s OR NOT EXISTS ({c})"',
                'x = "SELECT a WHERE %s IS NOT NULL AND NOT EXISTS ({c})"',
                'x = "SELECT a WHERE b = %s "',
                'x = "SELECT a WHERE b = %s AND EXISTS ({c})"',
            },
        ),
    ],
)
def test_a_statement_has_these_mutants(statement: str, mutants: set[str]) -> None:
    assert changed(statement) == mutants


def test_a_constant_of_a_module_is_changed_where_it_is_sql() -> None:
    kinds = [mutant.kind for mutant in mutants_in(b'_ROWS = "SELECT a WHERE b = c AND d"\n_WORDS = "this AND that"\n')]
    assert kinds == ["SQL: AND is OR"]


def test_a_mutant_runs_in_the_function_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bare_words.is_value_bare("userName eq bjensen")
    [mutant] = [one for one in mutants_of("scim/wire/bare_words.py") if one.function == "is_value_bare"]
    [(function, code)] = code_with(mutant)
    monkeypatch.setattr(function, "__code__", code)
    assert bare_words.is_value_bare("userName eq bjensen") is None
    assert mutant.diff((ROOT / "scim/wire/bare_words.py").read_bytes()).splitlines()[3] == "+    return None"
