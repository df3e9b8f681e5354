"""Which names a function binds: all others are global, or of what encloses it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

Scope = (
    ast.FunctionDef
    | ast.AsyncFunctionDef
    | ast.Lambda
    | ast.ListComp
    | ast.SetComp
    | ast.DictComp
    | ast.GeneratorExp
    | ast.ClassDef
)


def within(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands in a scope itself, not in those that it contains.

    Of a scope inside it is only the node; a walrus in a comprehension counts, too.
    """
    todo = list(_own(node))
    while todo:
        part = todo.pop()
        yield part
        if isinstance(
            part, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
        ):
            yield from (
                x.target for x in ast.walk(part) if isinstance(x, ast.NamedExpr)
            )
        if not isinstance(part, Scope):
            todo += ast.iter_child_nodes(part)


def _own(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield from node.body
    elif isinstance(node, ast.Lambda):
        yield node.body
    else:
        yield from ast.iter_child_nodes(node)


def bound_names(node: ast.AST) -> set[str]:
    r"""Return the names that a scope binds: parameters, targets, imports, definitions.

    >>> function = ast.parse("def f(a, *b):\n    c = a\n    import d.e").body[0]
    >>> sorted(bound_names(function))
    ['a', 'b', 'c', 'd']

    """
    names: set[str] = set()
    outer: set[str] = set()
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        names |= {arg.arg for arg in ast.walk(node.args) if isinstance(arg, ast.arg)}
    for part in within(node):
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
            names.add(part.id)
        elif isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(part.name)
        elif isinstance(part, (ast.Import, ast.ImportFrom)):
            names |= {(x.asname or x.name).partition(".")[0] for x in part.names}
        elif (isinstance(part, ast.ExceptHandler) and part.name) or (
            isinstance(part, (ast.MatchAs, ast.MatchStar)) and part.name
        ):
            names.add(part.name)
        elif isinstance(part, ast.MatchMapping) and part.rest:
            names.add(part.rest)
        elif isinstance(part, (ast.Global, ast.Nonlocal)):
            outer |= set(part.names)
    return names - outer
