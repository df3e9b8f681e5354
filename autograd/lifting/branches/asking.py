"""asking: conditions rewritten, of which only is asked whether they are true.

    not a              -> __lift_not__(a)
    a and b            -> __lift_and__(a, lambda: b)
    a < b              -> __lift_compare__("<", a, b)
    a < b < c          -> __lift_chained__(a, "<", lambda: b, "<", lambda: c)
    any(c for x in xs) -> __lift_any__((c for x in xs), every=False)
    f(x)               -> __lift_test_call__(f, x)
    x                  -> __lift_asked__(x)

Each may return a condition (`autograd.lifting.branches.conditions`), a Value that says
whether it holds, where Python has a bool.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, cast

from autograd.lifting.branches.purity import is_pure_expression
from autograd.lifting.branches.variables import is_call_of
from autograd.lifting.nodes import RELATIONS, call, later, quoted

if TYPE_CHECKING:
    from autograd.lifting.branches.statements import Recorder

# What cannot raise on numbers.
SIMPLE = (
    ast.Compare, ast.Name, ast.Constant, ast.Subscript, ast.cmpop, ast.expr_context,
    ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.UnaryOp, ast.USub,
)  # fmt: skip


def asked(node: ast.expr, recorder: Recorder) -> ast.expr:
    """Return a condition rewritten.

    Args:
        node: the condition.
        recorder: what rewrites the expressions in it.

    """
    visit: Any = recorder.visit
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return call("__lift_not__", recorder.test(node.operand))
    if isinstance(node, ast.BoolOp) and all(map(is_pure_expression, node.values)):
        hook = "__lift_and__" if isinstance(node.op, ast.And) else "__lift_or__"
        first, *others = node.values
        made = recorder.test(first)
        for other in others:
            made = call(hook, made, later(recorder.test(other)))
        return made
    if isinstance(node, ast.Compare) and all(type(x) in RELATIONS for x in node.ops):
        words = [quoted(RELATIONS[type(x)]) for x in node.ops]
        if len(words) == 1:
            a, b = visit(node.left), visit(node.comparators[0])
            return call("__lift_compare__", words[0], a, b)
        if is_pure_expression(node):
            args = [visit(node.left)]
            for word, x in zip(words, node.comparators, strict=True):
                args += [word, later(visit(x))]
            return call("__lift_chained__", *args)
    if isinstance(node, ast.Call):
        return _of_call(node, recorder)
    new = cast("ast.expr", visit(node))
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.BinOp)):
        return call("__lift_asked__", new)
    return new


def _of_call(node: ast.Call, recorder: Recorder) -> ast.expr:
    meaning = recorder.meaning(node.func)
    if (
        isinstance(node.func, ast.Name)
        and meaning in (any, all)
        and len(node.args) == 1
        and isinstance(node.args[0], (ast.GeneratorExp, ast.ListComp))
        and all(isinstance(x, SIMPLE) for x in ast.walk(node.args[0].elt))
    ):
        made = ast.GeneratorExp(node.args[0].elt, node.args[0].generators)
        found = call("__lift_any__", recorder.conditions(made, node))
        found.keywords = [ast.keyword("every", ast.Constant(meaning is all))]
        return found
    new: Any = recorder.visit(node)
    if is_call_of(new, "__lift_call__"):
        new.func.id = "__lift_test_call__"
        return cast("ast.expr", new)
    return call("__lift_asked__", new)
