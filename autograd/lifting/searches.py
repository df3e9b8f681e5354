"""searches: where source narrows a bracket, a loop of somebody's.

A loop is a search by halving where it computes a point as an average of two variables
and sets each of these to that point, as comparisons say; or, where it computes two
points, one for each. Or it moves a point by a step, up or down as a sign or a
comparison says, and makes the step smaller each time. What is written into it is
`autograd.lifting.links`, what is done about it `autograd.lifting.halving`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
LINEAR = (
    ast.BinOp, ast.UnaryOp, ast.Constant, ast.Name, ast.Add, ast.Sub, ast.Mult, ast.Div,
    ast.USub, ast.expr_context,
)  # fmt: skip

Assignments = dict[str, list[ast.expr]]


def search_of(loop: Any) -> tuple[set[str], set[str]] | None:
    """Return the bounds of a search by halving and the points between them, or None."""
    assigned: Assignments = {}
    for target, value in assignments(loop):
        assigned.setdefault(target, []).append(value)
    candidates = [(x, v) for x, values in assigned.items() for v in values]
    for x, value in candidates:
        bounds = names_in(value) & assigned.keys()
        if len(bounds) != 2 or x in bounds or not is_linear(value):
            continue
        points = {
            p
            for p, v in candidates
            if p not in bounds
            and is_linear(v)
            and names_in(v) & assigned.keys() == bounds
            and (names_in(v) != bounds or _is_between(v, *bounds))
        }
        halves = names_in(value) == bounds and _is_between(value, *bounds)
        if not halves and len(points) < 2:
            continue
        if all(
            any(_moves(v, bounds, points, halves) for v in assigned[b]) for b in bounds
        ):
            return bounds, points
    return None


def steps_of(loop: Any) -> tuple[str, str] | None:
    """Return the point and the step of a search by smaller and smaller steps, or None.

    The step is a variable of the loop itself that is multiplied by one number in each
    turn; so no loop is meant that makes a step smaller only where that was too large.
    """
    own = [x for part in loop.body for x in of_statement(part)]
    assigned: Assignments = {}
    for target, value in assignments(loop):
        assigned.setdefault(target, []).append(value)
    for step, value in own:
        if len(assigned[step]) != 1 or not _shrinks(value, step):
            continue
        for x, values in assigned.items():
            moves = [_direction(v, x, step) for v in values]
            if (
                x != step
                and None not in moves
                and (moves == [0] or {1, -1} == {*moves})
            ):
                return x, step
    return None


def _shrinks(node: ast.expr, name: str) -> bool:
    """Return whether an expression is a variable times a number below one."""
    if names_in(node) != {name} or not is_linear(node):
        return False
    code = compile(ast.fix_missing_locations(ast.Expression(node)), "", "eval")
    try:
        at = [eval(code, {"__builtins__": {}}, {name: x}) for x in (0.0, 1.0, 8.0)]  # noqa: S307
    except (ArithmeticError, TypeError):
        return False
    return bool(at[0] == 0.0 < at[1] < 1.0 and abs(at[2] - 8.0 * at[1]) < 1e-9)


def _direction(node: Any, x: str, step: str) -> int | None:
    """Return by what sign x is moved by a step: 0 if that is computed, None if not."""
    moves = isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub))
    if not moves or not (isinstance(node.left, ast.Name) and node.left.id == x):
        return None
    right = node.right
    if isinstance(right, ast.Name):
        up = isinstance(node.op, ast.Add)
        return None if right.id != step else 1 if up else -1
    # What decides the sign may read x.
    decides = (ast.Compare, ast.Call)
    parts = [right]
    for part in parts:
        inner = ast.iter_child_nodes(part)
        parts += [y for y in inner if not isinstance(y, decides)]
    names = {part.id for part in parts if isinstance(part, ast.Name)}
    factors = isinstance(right, ast.BinOp) and isinstance(right.op, ast.Mult)
    chosen = isinstance(right, ast.IfExp)
    return 0 if (factors or chosen) and step in names and x not in names else None


def is_linear(node: ast.expr) -> bool:
    """Return whether an expression is made of plus, minus, times and divided by."""
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
    return halves and bool(names_in(value) & points) and bool(names_in(value) & bounds)


def assignments(loop: Any) -> Iterator[tuple[str, ast.expr]]:
    """Yield what a loop assigns: variables and expressions."""
    for node in within_loop(loop):
        yield from of_statement(node)


def of_statement(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield what a statement assigns itself."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _pairs(target, node.value)
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        before = ast.Name(node.target.id, ast.Load())
        yield node.target.id, ast.BinOp(before, node.op, node.value)
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        yield from _pairs(node.target, node.value)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for part, x in zip(target.elts, value.elts, strict=False):
            yield from _pairs(part, x)


def within_loop(loop: ast.AST) -> list[ast.AST]:
    """Return all nodes of a loop but those of functions in it."""
    found: list[ast.AST] = []
    todo = [loop]
    while todo:
        part = todo.pop()
        found.append(part)
        if not isinstance(part, SCOPES):
            todo += ast.iter_child_nodes(part)
    return found


def names_in(node: ast.AST) -> set[str]:
    """Return the names in an expression."""
    return {x.id for x in ast.walk(node) if isinstance(x, ast.Name)}
