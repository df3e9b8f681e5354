"""inline: calls in lifted code that floats do not pay for.

Whether the arguments of `math`'s functions are floats, and those of NumPy's are
numbers, is asked where the call is:

    math.exp(x)        -> math.exp(x) if type(x) is float
                          else __lift_call__(math.exp, x)
    np.exp(x)          -> np.exp(x) if type(x) in __lift_numbers__
                          else __lift_call__(np.exp, x)
    float(x)           -> x if type(x) is float else float(x) if
                          type(x) in __lift_numbers__ else __lift_call__(float, x)
    isinstance(x, T)   -> type(x) is not Value and isinstance(x, T)
                          or __lift_is__(x, T)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from autograd.lifting.nodes import call, name

TEMPORARY = "__lift_x"


def in_line(node: ast.Call, kind: str, temporaries: Iterator[int] | None) -> ast.expr:
    """Return a call that asks whether its arguments are plain numbers first.

    Args:
        node: the call.
        kind: of what: "float", "math", or "numpy", whose numbers are of more types.
        temporaries: numbers of names that were not used, None where nothing may be
            assigned.

    """
    tests: list[ast.expr] = []
    args: list[ast.expr] = []
    simple = True
    for x in node.args:
        if isinstance(x, ast.Constant):
            args.append(x)
            continue
        one: ast.expr = x
        args.append(x)
        if not isinstance(x, ast.Name):
            if temporaries is None:
                return call("__lift_call__", node.func, *node.args)
            simple = False
            # A name of its own: what is asked next may be such a call itself.
            temporary = f"{TEMPORARY}{next(temporaries)}__"
            one = ast.NamedExpr(name(temporary, store=True), x)
            args[-1] = name(temporary)
        test = ast.Compare(call("__lift_type__", one), [ast.Is()], [])
        test.comparators = [name("__lift_float__")]
        if kind == "numpy":
            test.ops, test.comparators = [ast.In()], [name("__lift_numbers__")]
        tests.append(test)
    if not tests:
        return node
    asked: ast.expr = tests[0]
    for further in tests[1:]:
        # All are to be evaluated, unless they are names.
        asked = (
            ast.BoolOp(ast.And(), [asked, further])
            if simple
            else ast.BinOp(asked, ast.BitAnd(), further)
        )
    other: ast.expr = call("__lift_call__", node.func, *args)
    plain = ast.Call(node.func, args, [])
    if kind != "float":
        return ast.IfExp(asked, plain, other)
    kinds = name("__lift_numbers__")
    of_ints = ast.Compare(call("__lift_type__", args[0]), [ast.In()], [kinds])
    return ast.IfExp(asked, args[0], ast.IfExp(of_ints, plain, other))


def of_isinstance(node: ast.Call, general: ast.Call) -> ast.expr:
    """Return a call of `isinstance` that asks first whether it is about a Value.

    Args:
        node: the call.
        general: how a call is rewritten in general.

    """
    x, kind = node.args
    simple = isinstance(kind, (ast.Name, ast.Attribute, ast.Tuple))
    if isinstance(x, ast.Name) and simple:
        asked = call("__lift_type__", x)
        other = ast.Compare(asked, [ast.IsNot()], [name("__lift_value__")])
        plain = ast.BoolOp(ast.And(), [other, node])
        return ast.BoolOp(ast.Or(), [plain, call("__lift_is__", x, kind)])
    return general
