"""nodes: the pieces of trees that rewritten code is made of."""

from __future__ import annotations

import ast

RELATIONS: dict[type, str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==",
    ast.NotEq: "!=",
}  # fmt: skip


def name(identifier: str, store: bool = False) -> ast.Name:
    """Return a name to be read, or to be set."""
    return ast.Name(identifier, ast.Store() if store else ast.Load())


def call(hook: str, *args: ast.expr) -> ast.Call:
    """Return a call of a hook."""
    return ast.Call(name(hook), list(args), [])


def quoted(text: str) -> ast.Constant:
    """Return text as an expression."""
    return ast.Constant(text)


def later(body: ast.expr) -> ast.Lambda:
    """Return an expression as a function of nothing."""
    return ast.Lambda(ast.arguments([], [], None, [], [], None, []), body)
