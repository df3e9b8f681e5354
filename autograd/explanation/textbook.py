"""Partials as a textbook writes them, and whether numbers are at a kink.

The table's own formulas are made for accuracy: ``tanh`` has ``sech_squared(x)``, since
``1 - y**2`` is 0 at 20. A reader wants the other one. The forms here are for reading
only, never for computing: each is written like a row's partial, with the output first,
and a test holds it to the row's. A row without a form has one of its own that reads
well.

Letters: ``y`` is the output, ``x`` the only argument, ``a b c`` the arguments, ``i``
the number of the argument that a function of many is differentiated by.
"""

# ruff: noqa: ARG001, ARG005 - each form gets the output and all arguments, as a row's

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd.primitives import Primitive, normal, special
from autograd.primitives import activations as act
from autograd.primitives import arithmetic as ar
from autograd.primitives import elementary as el
from autograd.value import Value

Form = Callable[..., Any]

PI = Value(math.pi, name="pi")
TWO = Value(2.0)
TEN = Value(10.0)


def _gelu_argument(x: Any) -> Any:
    return act.GELU_LINEAR * (x + act.GELU_CUBIC * x**3)


TEXTBOOK: dict[str, tuple[Form, ...]] = {
    # arithmetic and powers
    "div": (lambda y, a, b: 1.0 / b, lambda y, a, b: -a / b**2),
    "quotient": (lambda y, a, b: 1.0 / b, lambda y, a, b: -a / b**2),
    "over_square": (lambda y, a, b: 1.0 / b**2, lambda y, a, b: -2.0 * a / b**3),
    "reciprocal": (lambda y, x: -1.0 / x**2,),
    "pow": (lambda y, a, b: b * a ** (b - 1.0), lambda y, a, b: y * el.log(a)),
    "power": (lambda y, a, b: b * a ** (b - 1.0), lambda y, a, b: y * el.log(a)),
    "fmod": (lambda y, a, b: 1.0, lambda y, a, b: -ar.trunc(a / b)),
    "remainder": (lambda y, a, b: 1.0, lambda y, a, b: -ar.rint(a / b)),
    "sqrt": (lambda y, x: 1.0 / (2.0 * y),),
    "rsqrt": (lambda y, x: -y / (2.0 * x),),
    "cbrt": (lambda y, x: 1.0 / (3.0 * y**2),),
    # exponentials and logarithms
    "exp2": (lambda y, x: y * el.log(TWO),),
    "ldexp": (lambda y, x, i: 2.0**i, lambda y, x, i: y * el.log(TWO)),
    "log2": (lambda y, x: 1.0 / (x * el.log(TWO)),),
    "log10": (lambda y, x: 1.0 / (x * el.log(TEN)),),
    "log_or_nan": (lambda y, x: 1.0 / x,),
    "log1mexp": (lambda y, x: 1.0 / (el.exp(x) - 1.0),),
    "xlogy": (lambda y, a, b: el.log(b), lambda y, a, b: a / b),
    # trigonometric and hyperbolic functions
    "tan": (lambda y, x: 1.0 + y**2,),
    "asin": (lambda y, x: 1.0 / el.sqrt(1.0 - x**2),),
    "acos": (lambda y, x: -1.0 / el.sqrt(1.0 - x**2),),
    "atan": (lambda y, x: 1.0 / (1.0 + x**2),),
    "atan2": (
        lambda y, a, b: b / (a**2 + b**2),
        lambda y, a, b: -a / (a**2 + b**2),
    ),
    "tanh": (lambda y, x: 1.0 - y**2,),
    "asinh": (lambda y, x: 1.0 / el.sqrt(1.0 + x**2),),
    "acosh": (lambda y, x: 1.0 / el.sqrt(x**2 - 1.0),),
    "atanh": (lambda y, x: 1.0 / (1.0 - x**2),),
    "degrees": (lambda y, x: 180.0 / PI,),
    "radians": (lambda y, x: PI / 180.0,),
    # the error function and the normal distribution
    "erf": (lambda y, x: 2.0 / el.sqrt(PI) * el.exp(-(x**2)),),
    "erfc": (lambda y, x: -2.0 / el.sqrt(PI) * el.exp(-(x**2)),),
    "erfinv": (lambda y, x: el.sqrt(PI) / 2.0 * el.exp(y**2),),
    "erfcinv": (lambda y, x: -el.sqrt(PI) / 2.0 * el.exp(y**2),),
    "exp_minus_square": (lambda y, x: -2.0 * x * y,),
    "exp_square": (lambda y, x: 2.0 * x * y,),
    "normal_density": (lambda y, x: -x * y,),
    "log_ndtr": (lambda y, x: normal.normal_density(x) / normal.ndtr(x),),
    "ndtri": (lambda y, x: 1.0 / normal.normal_density(y),),
    # gamma and its kin
    "beta": (
        lambda y, a, b: y * (special.digamma(a) - special.digamma(a + b)),
        lambda y, a, b: y * (special.digamma(b) - special.digamma(a + b)),
    ),
    "lbeta": (
        lambda y, a, b: special.digamma(a) - special.digamma(a + b),
        lambda y, a, b: special.digamma(b) - special.digamma(a + b),
    ),
    "sinc": (lambda y, x: (el.cos(PI * x) - y) / x,),
    "logit": (lambda y, x: 1.0 / (x * (1.0 - x)),),
    # activations
    "sigmoid": (lambda y, x: y * (1.0 - y),),
    "sigmoid_slope": (lambda y, x: y * (1.0 - 2.0 * act.sigmoid(x)),),
    "logaddexp": (lambda y, a, b: el.exp(a - y), lambda y, a, b: el.exp(b - y)),
    "gelu": (lambda y, x: normal.ndtr(x) + x * normal.normal_density(x),),
    "gelu_tanh": (
        lambda y, x: (
            act.sigmoid(_gelu_argument(x))
            + x
            * act.sigmoid(_gelu_argument(x))
            * (1.0 - act.sigmoid(_gelu_argument(x)))
            * (act.GELU_LINEAR * (1.0 + 3.0 * act.GELU_CUBIC * x**2))
        ),
    ),
    "silu": (lambda y, x: y + act.sigmoid(x) * (1.0 - y),),
    "mish": (
        lambda y, x: (
            el.tanh(act.softplus(x))
            + x * act.sigmoid(x) * (1.0 - el.tanh(act.softplus(x)) ** 2)
        ),
    ),
    "elu": (
        lambda y, x, alpha: ar.select(ar.step(x), 1.0, y + alpha),
        lambda y, x, alpha: ar.select(ar.step(x), 0.0, el.expm1(x)),
    ),
    "softsign": (lambda y, x: 1.0 / (1.0 + ar.absolute(x)) ** 2,),
}


def _product_of_the_others(y: Any, i: int, *xs: Any) -> Any:
    others = xs[:i] + xs[i + 1 :]
    if len(others) > 3:
        return el.product(*others)
    total = others[0] if others else 1.0
    for x in others[1:]:
        total = total * x
    return total


def _half(i: int, xs: tuple[Any, ...]) -> int:
    """Return where the partner of argument i is, of p1, p2, ..., q1, q2, ..."""
    return (i + len(xs) // 2) % len(xs)


# Of any number of arguments: the partial by argument i, called with (y, i, *xs).
TEXTBOOK_OF_MANY: dict[str, Form] = {
    "sumprod": lambda y, i, *xs: xs[_half(i, xs)],
    "fsum": lambda y, i, *xs: 1.0,
    "prod": _product_of_the_others,
    "product": _product_of_the_others,
    "hypot": lambda y, i, *xs: xs[i] / y,
    "dist": lambda y, i, *xs: (xs[i] - xs[_half(i, xs)]) / y,
    "logsumexp": lambda y, i, *xs: el.exp(xs[i] - y),
}


def at_a_kink(row: Primitive, numbers: tuple[float, ...]) -> bool:
    """Return whether a row's derivative is a matter of policy at these numbers."""
    try:
        return row.at_kink is not None and bool(row.at_kink(*numbers))
    except (ArithmeticError, ValueError):  # far beyond where there are kinks
        return False
