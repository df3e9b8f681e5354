"""purity: whether source has no effect but on the variables of its own function.

Such code can be run for nothing. What it calls, and whose operators and attributes it
uses, is seen when it runs (`operations`, `recorded`); here it is what the statements
are. What raises has no effect either: an error in a side fails that side.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from autograd.lifting.scopes import bound_names

EXPRESSIONS = (
    ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.BinOp,
    ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.keyword, ast.Tuple,
    ast.List, ast.Dict, ast.Lambda, ast.ListComp, ast.GeneratorExp, ast.comprehension,
    ast.Starred, ast.arguments, ast.arg, ast.expr_context, ast.operator, ast.unaryop,
    ast.boolop, ast.cmpop,
)  # fmt: skip
# Their frames are what they look at.
FRAMES = {"super", "locals", "globals", "vars", "dir", "eval", "exec", "print", "open"}


def is_pure_expression(node: ast.AST) -> bool:
    """Return whether an expression has no effects, for all that its form tells."""
    for part in ast.walk(node):
        if not isinstance(part, EXPRESSIONS):
            return False
        if isinstance(part, ast.Name) and part.id in FRAMES:
            return False
    return True


def targets(node: ast.expr) -> list[str] | None:
    """Return the variables that an assignment sets, None if it sets something else."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, (ast.Tuple, ast.List)):
        parts = [targets(part) for part in node.elts]
        if all(part is not None for part in parts):
            return [name for part in parts for name in part or []]
    return None


def is_pure(body: Sequence[ast.stmt], *, exits: bool, outer: set[str]) -> bool:
    """Return whether statements have no effect but on variables.

    Args:
        body: the statements.
        exits: whether they may return, raise, break and continue.
        outer: variables that are not the function's own.

    """
    return all(_is_pure(statement, exits, outer) for statement in body)


def _is_pure(node: ast.stmt, exits: bool, outer: set[str]) -> bool:
    if isinstance(node, ast.Pass):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
        return _is_pure_assignment(node, outer)
    if _raising_if(node):
        return True  # it raises under its own condition, see `running.never`
    if isinstance(node, ast.If):
        parts = (node.body, node.orelse)
        return is_pure_expression(node.test) and all(
            is_pure(part, exits=exits, outer=outer) for part in parts
        )
    if isinstance(node, ast.For):
        names = targets(node.target)
        return (
            names is not None
            and not outer.intersection(names)
            and is_pure_expression(node.iter)
            and is_pure(node.body, exits=exits or _inside(node), outer=outer)
            and is_pure(node.orelse, exits=exits, outer=outer)
        )
    if isinstance(node, ast.While):
        return (
            is_pure_expression(node.test)
            and is_pure(node.body, exits=exits or _inside(node), outer=outer)
            and is_pure(node.orelse, exits=exits, outer=outer)
        )
    if isinstance(node, (ast.Raise, ast.Assert)):
        values = [x for x in ast.iter_child_nodes(node) if isinstance(x, ast.expr)]
        return all(map(is_pure_expression, values)) and not isinstance(node, ast.Raise)
    if exits and isinstance(node, (ast.Return, ast.Break, ast.Continue)):
        value = getattr(node, "value", None)
        return value is None or is_pure_expression(value)
    return False


def _inside(loop: ast.For | ast.While) -> bool:
    """Return whether a loop's exits are only its own."""
    return not any(isinstance(x, ast.Return) for x in ast.walk(loop))


def _is_pure_assignment(
    node: ast.Assign | ast.AugAssign | ast.AnnAssign, outer: set[str]
) -> bool:
    where = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in where:
        names = targets(target)
        if names is None or outer.intersection(names):
            return False
    return node.value is None or is_pure_expression(node.value)


def raises_only(body: Sequence[ast.stmt]) -> bool:
    """Return whether statements do nothing but raise."""
    return len(body) == 1 and isinstance(body[0], ast.Raise)


def is_pure_function(node: ast.FunctionDef | ast.Lambda) -> bool:
    """Return whether a function has no effects, for all that its source tells."""
    if isinstance(node, ast.Lambda):
        return is_pure_expression(node.body)
    declared = [
        name
        for part in ast.walk(node)
        if isinstance(part, (ast.Global, ast.Nonlocal))
        for name in part.names
    ]
    if declared or any(
        isinstance(x, (ast.Yield, ast.YieldFrom)) for x in ast.walk(node)
    ):
        return False
    return all(
        (isinstance(x, ast.FunctionDef) and is_pure_function(x))
        or _is_pure(x, True, set())
        for x in node.body
    ) and bool(bound_names(node) or True)


def _raising_if(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.If)
        and not node.orelse
        and raises_only(node.body)
        and is_pure_expression(node.test)
    )


def loads(node: ast.AST) -> dict[str, int]:
    """Return how often each name is read."""
    found: dict[str, int] = {}
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load):
            found[part.id] = found.get(part.id, 0) + 1
        elif isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Name):
            found[part.target.id] = found.get(part.target.id, 0) + 1
    return found
