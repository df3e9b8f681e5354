"""spellings: how each primitive of the table is written in LLVM's assembly.

Primitives without a spelling are expanded before (`autograd.compiler.passes.expand`);
what cannot be expanded calls back into Python (`autograd.compiler.machine.callbacks`).

A primitive is known by what it is, not by its name: somebody's own may be called
``log``, and is another function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from autograd.compiler.machine import host
from autograd.compiler.machine.callbacks import call_python
from autograd.compiler.machine.text import Text
from autograd.compiler.schedule.lines import Cost
from autograd.primitives import Primitive

Spelling = Callable[..., str]

# Primitives that are a function of the C library, and its name.
LIBM = {
    **{name: name for name in (
        "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan",
        "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
        "atan2", "cbrt", "erf", "erfc", "lgamma", "fmod",
    )},
    "gamma": "tgamma", "pow": "pow", "power": "pow", "log_or_nan": "log",
}  # fmt: skip
INTRINSICS = {
    "sqrt": "sqrt", "abs": "fabs", "floor": "floor", "ceil": "ceil", "trunc": "trunc",
    "rint": "rint", "whole": "rint", "copysign": "copysign", "fma": "fma",
}  # fmt: skip
OPERATORS = {
    "add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv", "quotient": "fdiv",
}  # fmt: skip
RELATIONS = {"<": "olt", "<=": "ole", ">": "ogt", ">=": "oge", "==": "oeq", "!=": "une"}
OPPOSITES = {"<": "uge", "<=": "ugt", ">": "ule", ">=": "ult", "==": "une", "!=": "oeq"}


def _truth(t: Text, flag: str) -> str:
    return t.select(flag, t.number(1.0), t.number(0.0))


def _larger(t: Text, relation: str, a: str, b: str) -> str:
    chosen = t.select(t.compare(relation, a, b), a, b)
    return t.select(t.compare("uno", a, a), a, chosen)


def _sumprod(t: Text, *pq: str) -> str:
    n = len(pq) // 2
    y = t.binary("fmul", pq[0], pq[n])
    for i in range(1, n):
        y = t.intrinsic("fma", pq[i], pq[n + i], y)
    return y


def _operator(instruction: str) -> Spelling:
    return lambda t, *xs: t.binary(instruction, *xs)


def _intrinsic(function: str) -> Spelling:
    return lambda t, *xs: t.intrinsic(function, *xs)


def _library(function: str) -> Spelling:
    return lambda t, *xs: t.library(function, *xs)


SPELLINGS: dict[str, Spelling] = {
    **{name: _operator(word) for name, word in OPERATORS.items()},
    **{name: _intrinsic(word) for name, word in INTRINSICS.items()},
    **{name: _library(word) for name, word in LIBM.items()},
    "neg": lambda t, x: t.new(f"fneg {t.type} {x}"),
    "square": lambda t, x: t.binary("fmul", x, x),
    "greater": lambda t, a, b: _truth(t, t.compare("ogt", a, b)),
    "equal": lambda t, a, b: _truth(t, t.compare("oeq", a, b)),
    "step": lambda t, x: _truth(t, t.compare("ogt", x, t.number(0.0))),
    "where": lambda t, c, a, b: t.select(t.compare("une", c, t.number(0.0)), a, b),
    "relu": lambda t, x: t.select(
        t.compare("ugt", x, t.number(0.0)), x, t.number(0.0)
    ),
    "maximum": lambda t, a, b: _larger(t, "oge", a, b),
    "minimum": lambda t, a, b: _larger(t, "ole", a, b),
    "strong_mul": lambda t, a, b: t.select(
        t.compare("oeq", a, t.number(0.0)),
        t.binary("fmul", a, t.number(0.0)),
        t.binary("fmul", a, b),
    ),
    "sumprod": _sumprod,
}  # fmt: skip
CORE = frozenset(SPELLINGS)

# Costs in half cycles, measured: of one number, and of a vector of eight.
SIMPLE, CALL = Cost(1, 2), Cost(32, 64)
COSTS = {
    **dict.fromkeys(("div", "quotient", "sqrt"), Cost(8, 32)),
    **dict.fromkeys(("log", "log_or_nan"), Cost(25, 80)),
    **dict.fromkeys(("sin", "cos"), Cost(40, 64)),
    **dict.fromkeys(("tanh", "sinh", "cosh", "pow", "power"), Cost(100, 150)),
}


def spell(t: Text, primitive: Primitive, operands: Sequence[str]) -> str:
    """Write a primitive applied to values, and return the result's name."""
    if primitive.in_table and primitive.name in SPELLINGS:
        return SPELLINGS[primitive.name](t, *operands)
    return call_python(t, primitive, operands)


def weigh(primitive: Primitive) -> Cost | None:
    """Return what a primitive costs; None if vectors take as long for each lane.

    Those are functions that the vector library does not have, and Python's.
    """
    name = primitive.name
    if not primitive.in_table or name not in SPELLINGS:
        return None
    if name not in LIBM:
        return COSTS.get(name, SIMPLE)
    function = LIBM[name]
    if function not in host.VECTOR:
        return None
    there = host.vector_function(function, primitive.arity or 0)
    return COSTS.get(name, CALL) if there else None
