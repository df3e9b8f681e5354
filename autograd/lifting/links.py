"""links: what is written into a search, so that what it finds has a slope.

Before a comparison that decides where a search goes on, its operands are computed, and
`autograd.lifting.halving` is asked how the root moves with them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import count
from typing import Any

from autograd.lifting.searches import (
    SCOPES,
    assignments,
    is_linear,
    names_in,
    of_statement,
    search_of,
    steps_of,
    within_loop,
)
from autograd.lifting.source import locate

ORDERED = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
SIGNS = {"copysign": 1, "sign": 0}  # which argument's sign it is


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
    is_loop = isinstance(node, (ast.While, ast.For))
    found = search_of(node) if is_loop else None
    steps = steps_of(node) if is_loop and found is None else None
    if found is None and steps is None:
        yield node
        return
    name = f"__lift_k{next(numbers)}__"
    bounds, points = found or (set(), {steps[0]} if steps else set())
    _Linker(node, bounds, points, name, steps[1] if steps else None).write()
    yield locate(_assign(name, ast.Constant(None)), node)
    yield node


class _Linker:
    """Write the links into one loop.

    Args:
        loop: the loop.
        bounds: the variables that are bounds of a bracket; none, if a step is made
            smaller.
        points: the variables that are points between them, or the one that is moved.
        k: the variable for what is known of the search.
        step: the variable by which the point is moved.

    """

    def __init__(
        self, loop: Any, bounds: set[str], points: set[str], k: str, step: str | None
    ) -> None:
        self.loop = loop
        self.bounds = bounds
        self.points = points
        self.k = k
        self.step = step
        self.moved = bounds or points
        # Variables by which bounds are set: ``condition = r < s``.
        self.deciding = {
            name
            for target, value in assignments(loop)
            if target in self.moved
            for name in names_in(value)
        } | (points if step else set())

        # A point that other steps set as well, as Newton's, has its slope from these.
        self.stepping = {
            target
            for target, value in assignments(loop)
            if target in points
            and len(points) == 1
            and step is None
            and not (is_linear(value) and names_in(value) == bounds)
        }

    def write(self) -> None:
        """Change the loop."""
        for node in within_loop(self.loop):
            for field in ("body", "orelse"):
                body = getattr(node, field, None)
                if isinstance(body, list):
                    new = [x for part in body for x in self._statement(part)]
                    setattr(node, field, new)

    def _statement(self, node: Any) -> list[Any]:
        if isinstance(node, ast.If) and self._decides(node) and _is_ordered(node.test):
            before, node.test = self._compared(node.test)
            after: list[ast.stmt] = []
            for x in self.stepping - {target for target, _ in assignments(node)}:
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
        if self.step and any(
            target in self.deciding for target, _ in of_statement(node)
        ):
            return self._signed(node)
        return [node]

    def _signed(self, node: Any) -> list[Any]:
        """Return a statement that asks for a sign, after what links the point."""
        for part in ast.walk(node.value):
            if isinstance(part, ast.IfExp) and _is_ordered(part.test):
                before, part.test = self._compared(part.test)
                return [*(locate(x, node) for x in before), node]
            called = getattr(part, "func", None)
            which = SIGNS.get(getattr(called, "attr", getattr(called, "id", "")))
            if which is not None and len(part.args) == which + 1:  # type: ignore[attr-defined]
                zero = ast.Compare(
                    part.args[which],  # type: ignore[attr-defined]
                    [ast.Lt()],
                    [ast.Constant(0.0)],
                )
                before, test = self._compared(zero)
                part.args[which] = test.left  # type: ignore[attr-defined]
                return [*(locate(x, node) for x in before), node]
        return [node]

    def _decides(self, node: ast.If) -> bool:
        return any(
            target in self.moved and bool(names_in(value) & self.points)
            for part in (*node.body, *node.orelse)
            if isinstance(part, (ast.Assign, ast.AugAssign, ast.AnnAssign))
            for target, value in assignments(part)
        )

    def _compared(self, test: Any) -> tuple[list[ast.stmt], Any]:
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
        bracket: list[ast.expr] = [_load(x) for x in sorted(self.bounds)]
        if self.step:
            bracket = [ast.Constant(0.0), _load(self.step)]
        link = _call(
            "__lift_halve__",
            _load(self.k),
            compared,
            _load(r_),
            ast.Tuple(bracket, ast.Load()),
            point,
        )
        if self.step:
            link.keywords = [ast.keyword("steps", ast.Constant(True))]
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


def _load(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _call(hook: str, *args: ast.expr) -> ast.Call:
    return ast.Call(_load(hook), list(args), [])


def _assign(name: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([ast.Name(name, ast.Store())], value)
