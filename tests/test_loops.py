"""A test that asserts of each of something computed, in loops or comprehensions, says how much of it there is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loops import each

pytestmark = pytest.mark.once

HERE = Path(__file__).parent

# What has as many members as its first argument, and methods of a literal that give back what it holds.
KEEPS = {"enumerate", "sorted", "reversed", "list", "tuple", "set", "frozenset", "dict", "product", "permutations"}
VIEWS = {"items", "values", "keys", "split", "splitlines"}

Names = dict[str, ast.expr]


def has_members(value: ast.expr, known: Names, depth: int = 6) -> bool:
    """Whether it can be read here that this is not empty."""
    if depth == 0:
        return False

    def full(one: ast.expr) -> bool:
        return has_members(one.value if isinstance(one, ast.Starred) else one, known, depth - 1)

    match value:
        case ast.List(elts=members) | ast.Tuple(elts=members) | ast.Set(elts=members):
            return any(not isinstance(one, ast.Starred) or full(one) for one in members)
        case ast.Dict(keys=keys, values=values):
            return any(key is not None or full(one) for key, one in zip(keys, values, strict=True))
        case ast.Constant(value=constant):
            return bool(constant)
        case ast.Name(id=name):
            return name in known and full(known[name])
        case ast.Call(func=ast.Name(id="range" | "each")):
            return True
        case ast.Call(func=ast.Name(id="zip"), args=arguments, keywords=options):
            return (any if options else all)(map(full, arguments))  # strict: they are equally long
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in KEEPS:
            return full(first)
        case ast.Call(func=ast.Attribute(attr=name, value=of)) if name in VIEWS:
            return full(of)
        case ast.BinOp(left=left, op=operator, right=right):
            return full(left) or (isinstance(operator, ast.Add | ast.BitOr) and full(right))
        case ast.ListComp(generators=loops) | ast.SetComp(generators=loops) | ast.GeneratorExp(generators=loops):
            return all(full(loop.iter) and not loop.ifs for loop in loops)
        case ast.IfExp(body=yes, orelse=no):
            return full(yes) and full(no)
    return False


def assigned(nodes: Iterator[ast.AST] | list[ast.stmt]) -> Names:
    """What names stand for; one that is given more than one value stands for nothing."""
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found.setdefault(name, []).append(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found.setdefault(name, []).append(value)
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                for target, value in zip(names, values, strict=False):
                    if isinstance(target, ast.Name):
                        found.setdefault(target.id, []).append(value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def is_check(node: ast.AST) -> bool:
    match node:
        case ast.Assert():
            return True
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in {"raises", "expect"} or name.startswith("assert")
    return False


def comprehension(value: ast.expr, known: Names, depth: int = 4) -> ast.ListComp | ast.GeneratorExp | None:
    """The one that this is, or that it is made from."""
    match value:
        case ast.ListComp() | ast.GeneratorExp() | ast.SetComp() | ast.DictComp():
            return value  # type: ignore[return-value]
        case ast.Name(id=name) if name in known and depth:
            return comprehension(known[name], known, depth - 1)
        case ast.Call(func=ast.Name(id="sorted" | "list" | "set" | "len"), args=[first, *_]) if depth:
            return comprehension(first, known, depth - 1)
    return None


def walked(claim: ast.expr, known: Names) -> ast.expr | None:
    """What a claim like `[… for x in these if …] == []`, `not any(…)` or `all(…)` is about: true of nothing at all."""
    match claim:
        case ast.Compare(left=found, ops=[ast.Eq()], comparators=[ast.List(elts=[]) | ast.Dict(keys=[])]):
            made = comprehension(found, known)
        case ast.Compare(left=found, ops=[ast.Eq()], comparators=[ast.Call(func=ast.Name(id="set"), args=[])]):
            made = comprehension(found, known)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Call(func=ast.Name(id="any"), args=[found])):
            made = comprehension(found, known)
        case ast.UnaryOp(op=ast.Not(), operand=found) | ast.Call(func=ast.Name(id="all"), args=[found]):
            made = comprehension(found, known)
        case _:
            made = None
    return made.generators[0].iter if made else None


def open_loops(source: str) -> Iterator[str]:
    """Tests that would pass with nothing checked, if what they walk through were empty."""
    tree = ast.parse(source)
    for test in ast.walk(tree):
        if not isinstance(test, ast.FunctionDef) or not test.name.startswith("test_"):
            continue
        own = assigned(ast.walk(test))
        parameters = {argument.arg for argument in test.args.args}
        known = {name: value for name, value in (assigned(tree.body) | own).items() if name not in parameters}
        checks = {id(node): node for node in ast.walk(test) if is_check(node)}
        open_ones: dict[int, ast.expr] = {}
        for node in ast.walk(test):
            if isinstance(node, ast.For) and not has_members(node.iter, known):
                open_ones |= {id(inner): node.iter for inner in ast.walk(node) if id(inner) in checks}
            if isinstance(node, ast.Assert) and (these := walked(node.test, known)) and not has_members(these, known):
                open_ones[id(node)] = these
        if checks and open_ones.keys() == checks.keys():
            yield f"{test.name}: {', '.join(sorted({ast.unparse(these) for these in open_ones.values()}))}"


def test_no_test_passes_for_want_of_something_to_loop_over() -> None:
    files = each(sorted(HERE.rglob("test_*.py")), at_least=150)
    assert {file.name: found for file in files if (found := list(open_loops(file.read_text(encoding="utf-8"))))} == {}


@pytest.mark.parametrize(
    ("loop", "is_open"),
    [
        ("for x in registry: assert x", True),
        ("for x in each(registry, at_least=3): assert x", False),
        ("for x in (1, 2): assert x", False),
        ("for x in (*registry,): assert x", True),
        ("for x in ALL: assert x", False),
        ("for x in SOME: assert x", True),
        ("for x in ALL[1:]: assert x", True),
        ("for x, y in zip(ALL, registry, strict=True): assert x", False),
        ("for x, y in zip(ALL, registry): assert x", True),
        ("for x in [y for y in ALL if y]: assert x", True),
        ("for x in parameter: assert x", True),
        ("for x in registry: assert x\n    assert registry", False),
        ("for x in registry:\n        with pytest.raises(KeyError): x()", True),
        ("for x in registry: x()", False),
        ("assert [x for x in registry if x] == []", True),
        ("assert not any(x for x in registry)", True),
        ("assert all(x for x in registry)", True),
        ("found = {x for x in registry}\n    assert found == set()", True),
        ("assert [x for x in each(registry, at_least=3) if x] == []", False),
        ("assert all(x for x in ALL)", False),
        ("assert [x for x in registry] == [1]", False),
        ("assert not [x for x in registry]\n    assert len(registry) > 3", False),
    ],
)
def test_an_open_loop_is_recognised(loop: str, is_open: bool) -> None:
    source = f"ALL = [1, 2]\nSOME = found()\nparameter = [1]\ndef test_it(parameter):\n    {loop}\n"
    assert bool(list(open_loops(source))) is is_open
