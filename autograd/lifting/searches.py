"""searches: where source narrows a bracket, and what is written into it.

A loop is a search by halving where it computes a point as an average of two variables
and sets each of these to that point, as comparisons say; or, where it computes two
points, one for each. What is done about it is `autograd.lifting.halving`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import count
from typing import Any

from autograd.lifting.source import locate

ORDERED = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
LINEAR = (
    ast.BinOp, ast.UnaryOp, ast.Constant, ast.Name, ast.Add, ast.Sub, ast.Mult, ast.Div,
    ast.USub, ast.expr_context,
)  # fmt: skip

Assignments = dict[str, list[ast.expr]]


def link_searches(function: Any) -> None:
    """Write what links a root with its slope into the loops of a function, once."""
    if getattr(function, "has_links", False):
        return
    function.has_links = True
    numbers = count(1)
    todo: list[ast.AST] = [function]
    while todo:
        node = todo.pop()
        for field in ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if isinstance(body, list):
                setattr(node, field, [y for x in body for y in _linked(x, numbers)])
        todo += [x for x in ast.iter_child_nodes(node) if not isinstance(x, SCOPES)]


def _linked(node: Any, numbers: Any) -> Iterator[Any]:
    found = _search_of(node) if isinstance(node, (ast.While, ast.For)) else None
    if found is None:
        yield node
        return
    name = f"__lift_k{next(numbers)}__"
    _Linker(node, *found, name).write()
    yield locate(_assign(name, ast.Constant(None)), node)
    yield node


def _search_of(loop: Any) -> tuple[set[str], set[str]] | None:
    """Return the bounds of a search by halving and the points between them, or None."""
    assigned: Assignments = {}
    for target, value in _assignments(loop):
        assigned.setdefault(target, []).append(value)
    candidates = [(x, v) for x, values in assigned.items() for v in values]
    for x, value in candidates:
        bounds = _names(value) & assigned.keys()
        if len(bounds) != 2 or x in bounds or not _is_linear(value):
            continue
        points = {
            p
            for p, v in candidates
            if p not in bounds
            and _is_linear(v)
            and _names(v) & assigned.keys() == bounds
            and (_names(v) != bounds or _is_between(v, *bounds))
        }
        halves = _names(value) == bounds and _is_between(value, *bounds)
        if not halves and len(points) < 2:
            continue
        if all(
            any(_moves(v, bounds, points, halves) for v in assigned[b]) for b in bounds
        ):
            return bounds, points
    return None


def _is_linear(node: ast.expr) -> bool:
    return all(isinstance(part, LINEAR) for part in ast.walk(node))


def _is_between(node: ast.expr, low: str, high: str) -> bool:
    """Return whether an expression of two variables is always between them."""
    code = compile(ast.fix_missing_locations(ast.Expression(node)), "", "eval")

    def at(x: float, y: float) -> float:
        return float(eval(code, {"__builtins__": {}}, {low: x, high: y}))  # noqa: S307

    try:
        first, second = at(1.0, 0.0), at(0.0, 1.0)
        linear = abs(at(3.0, 7.0) - (3.0 * first + 7.0 * second)) < 1e-9
    except (ArithmeticError, TypeError, ValueError):
        return False
    return linear and first > 0.0 and second > 0.0 and abs(first + second - 1.0) < 1e-9


def _moves(value: ast.expr, bounds: set[str], points: set[str], halves: bool) -> bool:
    """Return whether a bound is set to a point, or to it or what it was."""
    if isinstance(value, ast.Name):
        return value.id in points
    return halves and bool(_names(value) & points) and bool(_names(value) & bounds)


def _assignments(loop: Any) -> Iterator[tuple[str, ast.expr]]:
    for node in _within(loop):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _pairs(target, node.value)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, ast.BinOp(_load(node.target.id), node.op, node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield from _pairs(node.target, node.value)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for part, x in zip(target.elts, value.elts, strict=False):
            yield from _pairs(part, x)


def _within(loop: ast.AST) -> list[ast.AST]:
    """Return all nodes of a loop but those of functions in it."""
    found: list[ast.AST] = []
    todo = [loop]
    while todo:
        part = todo.pop()
        found.append(part)
        if not isinstance(part, SCOPES):
            todo += ast.iter_child_nodes(part)
    return found


class _Linker:
    """Write the links into one loop."""

    def __init__(self, loop: Any, bounds: set[str], points: set[str], k: str) -> None:
        self.loop = loop
        self.bounds = bounds
        self.points = points
        self.k = k
        # Variables by which bounds are set: ``condition = r < s``.
        self.deciding = {
            name
            for target, value in _assignments(loop)
            if target in bounds
            for name in _names(value)
        }

        # A point that other steps set as well, as Newton's, has its slope from these.
        self.stepping = {
            target
            for target, value in _assignments(loop)
            if target in points
            and len(points) == 1
            and not (_is_linear(value) and _names(value) == bounds)
        }

    def write(self) -> None:
        """Change the loop."""
        for node in _within(self.loop):
            for field in ("body", "orelse"):
                body = getattr(node, field, None)
                if isinstance(body, list):
                    new = [x for part in body for x in self._statement(part)]
                    setattr(node, field, new)

    def _statement(self, node: Any) -> list[Any]:
        if isinstance(node, ast.If) and self._decides(node) and _is_ordered(node.test):
            before, node.test = self._compared(node.test)
            after: list[ast.stmt] = []
            for x in self.stepping - {target for target, _ in _assignments(node)}:
                kept = self.k.replace("_k", "_x")
                before.insert(0, _assign(kept, _load(x)))
                after.append(_assign(x, _load(kept)))
            around = [locate(x, node) for x in (*before, *after)]
            return [*around[: len(before)], node, *around[len(before) :]]
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id in self.deciding
            and _is_ordered(node.value)
        ):
            before, node.value = self._compared(node.value)
            return [*(locate(x, node) for x in before), node]
        return [node]

    def _decides(self, node: ast.If) -> bool:
        return any(
            target in self.bounds and bool(_names(value) & self.points)
            for part in (*node.body, *node.orelse)
            if isinstance(part, (ast.Assign, ast.AugAssign, ast.AnnAssign))
            for target, value in _assignments(part)
        )

    def _compared(self, test: Any) -> tuple[list[ast.stmt], ast.expr]:
        """Return statements that compute the operands and the link, and the test."""
        left, right = test.left, test.comparators[0]
        l_, r_ = (self.k.replace("_k", letter) for letter in ("_l", "_r"))
        before: list[ast.stmt] = []
        factors = [l_]
        product = isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult)
        if product and isinstance(right, ast.Constant) and right.value == 0:
            factors = [self.k.replace("_k", letter) for letter in ("_a", "_b")]
            before.append(_assign(factors[0], left.left))
            before.append(_assign(factors[1], left.right))
            left = ast.BinOp(_load(factors[0]), ast.Mult(), _load(factors[1]))
        before += [_assign(l_, left), _assign(r_, right)]
        compared = ast.Tuple([_load(x) for x in factors], ast.Load())
        # Of two points neither has a slope.
        one = self.points if len(self.points) == 1 else set()
        point: ast.expr = _load(*one) if one else ast.Constant(None)
        bracket = ast.Tuple([_load(x) for x in sorted(self.bounds)], ast.Load())
        k = _load(self.k)
        link = _call("__lift_halve__", k, compared, _load(r_), bracket, point)
        # On floats nothing is asked but for that.
        is_float: ast.expr = ast.Compare(
            _call("__lift_type__", _load(l_)), [ast.Is()], [_load("__lift_float__")]
        )
        if not isinstance(right, ast.Constant):
            other = ast.Compare(
                _call("__lift_type__", _load(r_)), [ast.Is()], [_load("__lift_float__")]
            )
            is_float = ast.BoolOp(ast.And(), [is_float, other])
        before.append(_assign(self.k, ast.IfExp(is_float, ast.Constant(None), link)))
        moved: list[ast.stmt] = [
            _assign(x, _call("__lift_linked__", _load(x), _load(self.k)))
            for x in sorted(self.bounds | one)
        ]
        linked = ast.Compare(_load(self.k), [ast.IsNot()], [ast.Constant(None)])
        before.append(ast.If(linked, moved, []))
        return before, ast.Compare(_load(l_), test.ops, [_load(r_)])


def _is_ordered(node: Any) -> bool:
    return (
        isinstance(node, ast.Compare)
        and len(node.ops) == 1
        and isinstance(node.ops[0], ORDERED)
    )


def _names(node: ast.AST) -> set[str]:
    return {x.id for x in ast.walk(node) if isinstance(x, ast.Name)}


def _load(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _call(hook: str, *args: ast.expr) -> ast.Call:
    return ast.Call(_load(hook), list(args), [])


def _assign(name: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([ast.Name(name, ast.Store())], value)
