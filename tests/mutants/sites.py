"""What can be changed in a module: small changes inside its functions, each one a fault that somebody could make."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: (r"==", "!="),
    ast.NotEq: (r"!=", "=="),
    ast.Lt: (r"<", "<="),
    ast.LtE: (r"<=", "<"),
    ast.Gt: (r">", ">="),
    ast.GtE: (r">=", ">"),
    ast.Is: (r"\bis\b", "is not"),
    ast.IsNot: (r"\bis\s+not\b", "is"),
    ast.In: (r"\bin\b", "not in"),
    ast.NotIn: (r"\bnot\s+in\b", "in"),
}

# Calls whose arguments are conditions, or what is written.
OF_ROWS = {"filter", "get", "exclude", "update", "get_or_create", "update_or_create", "create", "Q"}

SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|WHERE)\b")
IN_SQL = {
    "SQL: AND is OR": (rb"(?<!CASE WHEN )\bAND\b", b"OR"),
    "SQL: condition dropped": (rb"\b(?:\w+\.)?\w+ = %s", b"%s IS NOT NULL"),
    "SQL: AND dropped": (rb"^ *AND [^%\n\"]*$|\bAND NOT EXISTS \(\{\w+\}\)", b""),
    "SQL: NOT dropped": (rb"\bNOT (?=EXISTS|IN\b)", b""),
    "SQL: DISTINCT dropped": (rb"\bDISTINCT ", b""),
}

# What only people read: nothing that a program does depends on it.
WORDS_ONLY = {"logger", "log", "logging", "warnings"}


@dataclass(frozen=True)
class Mutant:
    """Bytes `start` to `end` of a file become `new`; `lines` are those whose tests must notice."""

    path: str
    function: str
    kind: str
    lines: tuple[int, int]
    statement: tuple[int, int]
    start: int
    end: int
    new: bytes

    def source(self, original: bytes) -> bytes:
        return original[: self.start] + self.new + original[self.end :]

    def is_python(self, original: bytes) -> bool:
        try:
            compile(self.source(original), self.path, "exec")
        except (SyntaxError, ValueError):
            return False
        return True

    def diff(self, original: bytes) -> str:
        before, after = original.decode().splitlines(), self.source(original).decode().splitlines()
        return "\n".join(difflib.unified_diff(before, after, lineterm="", n=1)).partition("\n+++ \n")[2]

    @property
    def name(self) -> str:
        return f"{self.path}:{self.lines[0]}:{self.start}-{self.end}:{self.kind}"

    @property
    def is_global(self) -> bool:
        """Whether it changes a constant of the module instead of a function."""
        return self.function.isupper()


def mutants_of(path: str) -> list[Mutant]:
    """All mutants of a file of the checkout."""
    return mutants_in((ROOT / path).read_bytes(), path)


def mutants_in(source: bytes, path: str = "") -> list[Mutant]:
    """All mutants of a module; a few are no valid Python."""
    return list({mutant.source(source): mutant for mutant in _Finder(path, source).found()}.values())


class _Finder:
    def __init__(self, path: str, source: bytes) -> None:
        self.path = path
        self.source = source
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.function = ""
        self.statement = (0, 0)

    def found(self) -> Iterator[Mutant]:
        for node in ast.parse(self.source).body:
            yield from self._outside(node, "")

    # --- where code is ---

    def _outside(self, node: ast.AST, within: str) -> Iterator[Mutant]:
        """In a module or class: functions, lambdas of constants, and constants that are SQL."""
        if isinstance(node, ast.ClassDef):
            for child in node.body:
                yield from self._outside(child, f"{within}{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self.function = f"{within}{node.name}"
            yield from self._inside(node.body)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            self.function = target.id if isinstance(target, ast.Name) and not within else f"{within}<constant>"
            self.statement = _lines(node)
            if isinstance(node.value, ast.Constant | ast.JoinedStr):
                yield from self._in_sql(node.value)
            for found in ast.walk(node.value):
                if isinstance(found, ast.Lambda):
                    self.function = f"{within}<lambda>"
                    yield from self._expressions(found.body)

    def _inside(self, body: list[ast.stmt]) -> Iterator[Mutant]:
        for statement in body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from self._inside(statement.body)
                continue
            self.statement = _lines(statement)
            yield from self._of_statement(statement)
            for part in _expressions_of(statement):
                yield from self._expressions(part)
            for inner in _blocks(statement):
                yield from self._inside(inner)

    def _expressions(self, top: ast.AST) -> Iterator[Mutant]:
        for node in [top, *_below(top)]:
            for kind in (self._compare, self._logic, self._condition, self._call, self._constant):
                yield from kind(node)

    # --- what may be changed ---

    def _of_statement(self, node: ast.stmt) -> Iterator[Mutant]:
        match node:
            case ast.Expr(value=ast.Call() as call) if _root(call) not in WORDS_ONLY:
                yield self._mutant("call dropped", node, b"pass")
            case ast.Raise():
                yield self._mutant("raise dropped", node, b"pass")
            case ast.Return(value=ast.expr() as value) if not _is_none(value):
                yield self._mutant("None returned", value, b"None")
            case ast.If(test=test) | ast.While(test=test):
                yield from self._negated(test)

    def _compare(self, node: ast.AST) -> Iterator[Mutant]:
        if not isinstance(node, ast.Compare):
            return
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            old, new = COMPARISONS[type(operator)]
            yield from self._between(left, right, old, new, f"{new} in a comparison", node)
            left = right

    def _logic(self, node: ast.AST) -> Iterator[Mutant]:
        match node:
            case ast.BoolOp(op=ast.And(), values=values):
                for left, right in pairwise(values):
                    yield from self._between(left, right, r"\band\b", "or", "and is or", node)
                for value in values:
                    yield self._mutant("operand of and dropped", value, b"True")
            case ast.BoolOp(op=ast.Or(), values=values):
                for left, right in pairwise(values):
                    yield from self._between(left, right, r"\bor\b", "and", "or is and", node)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield self._mutant("not dropped", node, self._text(operand))
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                yield from self._between(left, right, r"\|", "&", "| is &", node)
            case ast.BinOp(op=ast.BitAnd(), left=left, right=right):
                yield from self._between(left, right, r"&", "|", "& is |", node)

    def _condition(self, node: ast.AST) -> Iterator[Mutant]:
        match node:
            case ast.IfExp(test=test):
                yield from self._negated(test)
            case ast.comprehension(ifs=tests):
                for test in tests:
                    yield from self._negated(test)
                    yield self._mutant("condition dropped", test, b"True")

    def _negated(self, test: ast.expr) -> Iterator[Mutant]:
        if isinstance(test, ast.UnaryOp) or (isinstance(test, ast.Compare) and len(test.ops) == 1):
            return  # said by another kind already
        yield self._mutant("condition negated", test, b"(not (" + self._text(test) + b"))")

    def _call(self, node: ast.AST) -> Iterator[Mutant]:
        if not isinstance(node, ast.Call):
            return
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if isinstance(node.func, ast.Attribute) and name in ("select_for_update", "distinct"):
            start = self._end(node.func.value)
            yield self._cut(f"{name} dropped", node, start, self._end(node))
        if name not in OF_ROWS:
            return
        arguments = sorted([*node.args, *node.keywords], key=self._start)
        for number, argument in enumerate(arguments):
            if isinstance(argument, ast.keyword) and argument.arg == "defaults":
                continue
            if isinstance(argument, ast.expr) and (name not in ("filter", "exclude", "Q") or self._is_pure(node)):
                continue
            if number + 1 < len(arguments):
                start, end = self._start(argument), self._start(arguments[number + 1])
            else:
                start = self._end(arguments[number - 1]) if number else self._start(argument)
                end = self._end(argument)
            yield self._cut("argument dropped", argument, start, end)

    def _is_pure(self, node: ast.Call) -> bool:
        """Python's own filter(), and forms' and dictionaries' methods of these names, take no conditions."""
        return isinstance(node.func, ast.Name) and node.func.id == "filter"

    def _constant(self, node: ast.AST) -> Iterator[Mutant]:
        match node:
            case ast.Constant(value=bool(value)):
                yield self._mutant("constant flipped", node, str(not value).encode())
            case ast.Constant(value=int(value)):
                yield self._mutant("number + 1", node, str(value + 1).encode())
            case ast.Constant(value=str()) | ast.JoinedStr():
                yield from self._in_sql(node)

    def _in_sql(self, node: ast.expr) -> Iterator[Mutant]:
        text = self._text(node)
        if not SQL.search(text.decode()):
            return
        for kind, (pattern, new) in IN_SQL.items():
            for found in re.finditer(pattern, text, re.MULTILINE):
                start = self._start(node) + found.start()
                line = self.source.count(b"\n", 0, start) + 1
                end = start + len(found.group())
                yield Mutant(self.path, self.function, kind, (line, line), _lines(node), start, end, new)

    # --- places ---

    def _between(
        self, left: ast.expr, right: ast.expr, old: str, new: str, kind: str, whole: ast.expr
    ) -> Iterator[Mutant]:
        start = self._end(left)
        found = re.search(old.encode(), self.source[start : self._start(right)])
        if found is not None:
            first, last = start + found.start(), start + found.end()
            yield Mutant(self.path, self.function, kind, _lines(whole), self.statement, first, last, new.encode())

    def _mutant(self, kind: str, node: ast.expr | ast.stmt, new: bytes) -> Mutant:
        start, end = self._start(node), self._end(node)
        return Mutant(self.path, self.function, kind, _lines(node), self.statement, start, end, new)

    def _cut(self, kind: str, node: ast.AST, start: int, end: int) -> Mutant:
        return Mutant(self.path, self.function, kind, _lines(node), self.statement, start, end, b"")

    def _start(self, node: ast.AST) -> int:
        return self.starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]

    def _end(self, node: ast.AST) -> int:
        return self.starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]

    def _text(self, node: ast.AST) -> bytes:
        return self.source[self._start(node) : self._end(node)]


def _lines(node: ast.AST) -> tuple[int, int]:
    return node.lineno, node.end_lineno  # type: ignore[attr-defined]


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _root(call: ast.Call) -> str:
    node: ast.expr = call.func
    while isinstance(node, ast.Attribute | ast.Call):
        node = node.value if isinstance(node, ast.Attribute) else node.func
    return node.id if isinstance(node, ast.Name) else ""


def _below(node: ast.AST) -> Iterator[ast.AST]:
    """All that is in an expression, but for the parts of an f-string: their places are the whole string's."""
    if isinstance(node, ast.JoinedStr):
        return
    for child in ast.iter_child_nodes(node):
        yield child
        yield from _below(child)


def _expressions_of(statement: ast.stmt) -> Iterator[ast.AST]:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return  # a docstring
    for part in ast.iter_child_nodes(statement):
        if isinstance(part, ast.match_case):
            yield from [part.guard] if part.guard else []
        elif part is not getattr(statement, "annotation", None) and isinstance(part, ast.expr | ast.withitem):
            yield part


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The blocks of a compound statement."""
    for field in ("body", "orelse", "finalbody"):
        yield getattr(statement, field, [])
    for handler in [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]:
        yield handler.body
