"""The NumPy target: a function of floats, and of arrays, element by element.

Nothing raises and nothing warns: where Python would raise, the result is a NaN or an
infinity. Special functions are SciPy's; where SciPy is a detail short of the table, the
primitive itself is applied to each element.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from autograd.compiler.program import Guard, Program
from autograd.compiler.targets.loops import PYTHON, Statements, pythonic
from autograd.compiler.targets.run import run
from autograd.compiler.targets.source import (
    Infix,
    Spelling,
    Target,
    Writer,
    holds,
    named,
)
from autograd.primitives import TABLE

SAME = (
    "sqrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos",
    "tan", "sinh", "cosh", "tanh", "cbrt", "fmod", "copysign", "maximum", "minimum",
    "hypot", "square", "where", "nextafter", "abs",
)  # fmt: skip
ARC = ("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh")
SCIPY = ("erf", "erfc", "erfinv", "erfcinv", "ndtr", "ndtri", "log_ndtr", "digamma",
         "gamma", "j0", "j1", "i0", "i1")  # fmt: skip
EACH = ("round", "ulp", "jn", "iv", "polygamma", "polygamma_difference", "beta",
        "beta_partial", "lbeta", "inverse_mills")  # fmt: skip

ARITHMETIC: dict[str, Spelling] = {
    "add": Infix("+", 1),
    "sub": Infix("-", 1),
    "mul": Infix("*", 2),
    "quotient": Infix("/", 2),
    "div": Infix("/", 2),
    "neg": Infix("-", 3),
    "power": Infix("**", 4),
    "pow": Infix("**", 4),
}
SPELLINGS: dict[str, Spelling] = {
    **ARITHMETIC,
    "mod": Infix("%", 2),
    "floordiv": Infix("//", 2),
    **{name: f"np.{name}" for name in SAME},
    **{name: f"np.arc{name[1:]}" for name in ARC},
    **{name: f"special.{name}" for name in SCIPY},
    "lgamma": "special.gammaln",
    # A primitive gives no -0.0 here, as it rounds to an int.
    **{name: f"np.{name}({{0}}) + 0.0" for name in ("floor", "ceil", "trunc", "rint")},
    "greater": "np.float64({0} > {1})",
    "equal": "np.float64({0} == {1})",
    **{name: f"each_{name}" for name in EACH},
}
RESERVED = {"np", "special", "each", "ok", *map("each_{}".format, EACH)}
NUMPY = Target("NumPy", SPELLINGS, ("np.inf", "np.nan"), "np.float64", RESERVED)


def each(name: str) -> Callable[..., Any]:
    """Return a primitive of the table as a function of arrays, NaN where it raises."""
    import numpy as np

    value = TABLE[name].value

    def function(*xs: Any) -> float:
        try:
            return float(value(*map(float, xs)))
        except (ValueError, ArithmeticError):
            return math.nan

    return np.vectorize(function, otypes=[float])


def numpy_source(program: Program, *, guards: bool = False) -> str:
    """Return a function of floats or arrays that returns the outputs.

    Args:
        program: any program.
        guards: whether the function returns a pair, the outputs and whether all guards
            hold, element by element.

    Raises:
        NotImplementedError: if the program has a primitive that is not in the table, or
            an order of derivation that is computed.

    >>> from autograd import math
    >>> from autograd.compiler import trace
    >>> print(numpy_source(trace(lambda x, y: math.exp(x * y) / y, 1.0, 2.0)))
    import numpy as np
    <BLANKLINE>
    <BLANKLINE>
    @np.errstate(all="ignore")
    def f(v0, v1):
        v0, v1 = np.float64(v0), np.float64(v1)
        v4 = np.exp(v0 * v1) / v1
        return [v4]

    """
    program = NUMPY.expanded(program)
    if program.has_loops:
        return _looping(program, guards=guards)
    writer = Writer(program, NUMPY)
    body = [f"{line.name} = {line.text}" for line in writer.write()]
    names = writer.names[: len(program.inputs)]
    if names:
        body.insert(
            0, f"{', '.join(names)} = {', '.join(map('np.float64({})'.format, names))}"
        )
    if guards:
        body += ["ok = np.True_"]
    for guard in program.guards if guards else ():
        a, b = (writer.text_of(x).text for x in (guard.a, guard.b))
        body.append(f"ok = ok & {holds(guard, a, b, 'np')}")
    outputs = ", ".join(writer.text_of(x).text for x in program.outputs)
    body.append(f"return [{outputs}]" + ", ok" * guards)
    name = named(program.name, "f", {*writer.names, *RESERVED})
    return _function(program, f"def {name}({', '.join(names)}):", body)


def _looping(program: Program, *, guards: bool) -> str:
    """Return the function of a program with loops; its inputs are ``v``."""

    def check(guard: Guard, a: str, b: str) -> list[str]:
        return [f"ok = ok & {holds(guard, a, b, 'np')}"]

    syntax = replace(PYTHON, stop="")  # not all rows stop at once
    statements = Statements(NUMPY, syntax, check if guards else None)
    returns = "return [{0}]" + ", ok" * guards
    body = pythonic(program, statements, "np.float64({0})", returns)
    body[:0] = ["ok = np.True_"] * guards
    name = named(program.name, "f", {"v", *RESERVED})
    return _function(program, f"def {name}(*v):", body)


def _function(program: Program, head_line: str, body: list[str]) -> str:
    """Return a function with what it imports."""
    used = {primitive.name for primitive in program.primitives()}
    head = ["import numpy as np"]
    if any(str(SPELLINGS.get(name)).startswith("special.") for name in used):
        head.append("from scipy import special")
    if used & {*EACH}:
        head += ["", f"from {__name__} import each", ""]
        head += [f'each_{name} = each("{name}")' for name in EACH if name in used]
    head += ["", "", '@np.errstate(all="ignore")', head_line]
    return "\n".join([*head, *[f"    {line}" for line in body]])


def compile_numpy(program: Program, *, guards: bool = False) -> Callable[..., Any]:
    """Return the function of `numpy_source`.

    >>> from autograd.compiler import trace
    >>> f = compile_numpy(trace(lambda x, y: x / y, 1.0, 2.0))
    >>> [float(y) for y in f(3.0, [1.0, 0.0])[0]]
    [3.0, inf]

    """
    return run(numpy_source(program, guards=guards), {})
