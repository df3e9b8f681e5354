"""writing: the statements that an ``if`` becomes whose sides have no effect.

    branch = __lift_branch__(condition, where, locals(), names, unread, flags, rest,
                             turns)
    for side in branch:
        if branch.again: x = branch.old("x"); ...
        try:
            if side: ...
            else: ...
        except Exception:
            if branch.plain: raise
            branch.fail()
        else:
            branch.leave(locals())
    if branch.is_merged: x = branch.new("x"); ...

where a variable that has no value is deleted (`autograd.lifting.branches.running` is
what they do when they run).
"""

from __future__ import annotations

import ast

from autograd.lifting.nodes import call, name, quoted
from autograd.lifting.source import locate


def written(
    node: ast.If,
    test: ast.expr,
    site: tuple[str, int],
    names: list[str],
    kinds: list[list[str]],
    turns: str | None,
) -> list[ast.stmt]:
    """Return an ``if`` as statements that run both sides.

    Args:
        node: whose sides are rewritten already.
        test: its condition, rewritten.
        site: which one it is.
        names: the variables that it sets.
        kinds: which of these are unread, flags, and read by the rest alone.
        turns: the variable of the turns of the ``while`` whose body it is, if any.

    """
    where, number = site
    branch, side = f"_lift_b{number}", f"_lift_s{number}"

    def method(which: str, *args: ast.expr) -> ast.expr:
        return ast.Call(ast.Attribute(name(branch), which, ast.Load()), [*args], [])

    def assignments(which: str) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for variable in names:
            value = method(which, quoted(variable))
            made.append(ast.Assign([name(variable, store=True)], value))
            absent = ast.Compare(name(variable), [ast.Is()], [name("__lift_unbound__")])
            gone = ast.Delete([ast.Name(variable, ast.Del())])
            made.append(ast.If(absent, [gone], []))
        return made or [ast.Pass()]

    locals_ = ast.Call(name("locals"), [], [])
    start = call(
        "__lift_branch__",
        test,
        ast.Tuple([quoted(where), ast.Constant(number)], ast.Load()),
        locals_,
        ast.Tuple([quoted(x) for x in names], ast.Load()),
        *map(_frozen, kinds),
        name(turns) if turns else ast.Constant(None),
    )

    def attribute(which: str) -> ast.expr:
        return ast.Attribute(name(branch), which, ast.Load())

    inner = ast.If(name(side), node.body, node.orelse)
    handler = ast.ExceptHandler(
        name("Exception"),
        None,
        [
            ast.If(attribute("plain"), [ast.Raise()], []),
            ast.Expr(method("fail")),
        ],
    )
    left = ast.Expr(method("leave", ast.Call(name("locals"), [], [])))
    attempt = ast.Try([inner], [handler], [left], [])
    again = ast.If(attribute("again"), assignments("old"), [])
    made: list[ast.stmt] = [
        ast.Assign([name(branch, store=True)], start),
        ast.For(name(side, store=True), name(branch), [again, attempt], [], None),
        ast.If(attribute("is_merged"), assignments("new"), []),
    ]
    for x in made:
        locate(x, node)
    return made


def _frozen(names: list[str]) -> ast.expr:
    # A call of frozenset() by its own constant: no name of the user's is in the way.
    items = ast.Tuple([quoted(x) for x in names], ast.Load())
    return call("__lift_frozen__", items)
