"""variables: what is known of a function's variables from its source alone.

Which a branch sets, which nothing reads behind it, which are only asked whether they
are true: for these, nothing or less has to stand for what either side has left.
"""

from __future__ import annotations

import ast

from autograd.lifting.branches.purity import loads, targets
from autograd.lifting.scopes import bound_names


def is_call_of(node: ast.AST, hook: str) -> bool:
    """Return whether a node is a call of a hook."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == hook
    )


def is_unread(node: ast.If, variable: str, function: ast.AST, *, in_loop: bool) -> bool:
    """Return whether nothing but a branch reads a variable that it sets."""
    if loads(function).get(variable, 0) > loads(node).get(variable, 0):
        return False
    if not in_loop:
        return True
    return all(sets_first(side, variable) for side in (node.body, node.orelse))


def inner_targets(node: ast.If) -> set[str]:
    """Return the variables of comprehensions, which are not the function's."""
    inner: set[str] = set()
    outer: set[str] = set()
    todo: list[ast.AST] = [node]
    while todo:
        part = todo.pop()
        if isinstance(part, (ast.ListComp, ast.GeneratorExp)):
            inner |= {x for g in part.generators for x in targets(g.target) or ()}
            todo += [part.elt, *(g.iter for g in part.generators)]
            continue
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            outer.add(part.id)
        todo += ast.iter_child_nodes(part)
    return inner - outer


def sets_first(body: list[ast.stmt], variable: str) -> bool:
    """Return whether statements set a variable before they read it, if they read it."""
    for statement in body:
        if (
            isinstance(statement, ast.For)
            and is_call_of(statement.iter, "__lift_turns__")
            and targets(statement.target) == [variable]
        ):
            return True  # there is a first turn, to see that there is none
        if variable not in loads(statement):
            if isinstance(statement, ast.Assign) and any(
                variable in (targets(x) or ()) for x in statement.targets
            ):
                return True
            continue
        return False
    return True


def asked_only(node: ast.FunctionDef) -> set[str]:
    """Return the variables that are only asked whether they are true."""
    asked: dict[str, int] = {}
    todo: list[tuple[ast.AST, bool]] = [(x, False) for x in node.body]
    while todo:
        part, test = todo.pop()
        if isinstance(part, ast.Name) and test and isinstance(part.ctx, ast.Load):
            asked[part.id] = asked.get(part.id, 0) + 1
        if isinstance(part, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            continue
        keeps = test and (
            isinstance(part, ast.BoolOp)
            or (isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.Not))
        )
        for field, value in ast.iter_fields(part):
            is_test = keeps or (
                field == "test" and isinstance(part, (ast.If, ast.While, ast.IfExp))
            )
            parts = value if isinstance(value, list) else [value]
            todo += [(x, is_test) for x in parts if isinstance(x, ast.AST)]
    everywhere = loads(node)
    return {x for x, n in asked.items() if everywhere.get(x) == n} & bound_names(node)
