"""Definitions of activations, and of the derivatives of silu and mish."""

from __future__ import annotations

import math
from functools import cache

from autograd.compiler.passes.definitions.tools import (
    Definition,
    Number,
    corrected,
    polynomial,
    total,
    two_difference,
    two_product,
    two_sum,
)
from autograd.primitives.activations import (
    GELU_CUBIC,
    GELU_FAR,
    GELU_LINEAR,
    GELU_SLOPE,
    NEAR,
    SELU_ALPHA,
    SELU_SCALE,
    SHRINK,
    SHRINK_NEAR,
    sigmoid,
    sigmoid_slope,
    softplus,
)
from autograd.primitives.arithmetic import (
    greater,
    maximum,
    minimum,
    quotient,
    select,
    step,
)
from autograd.primitives.elementary import cosh, exp, expm1, log1p, tanh
from autograd.primitives.normal import ndtr

# Where the derivatives of silu and mish are 0, and what these roots lack.
SILU_ROOT, SILU_REST = -1.2784645427610737, -1.0946994183093437e-16
MISH_ROOT, MISH_REST = -1.1924312145154952, -4.8484829848031044e-17
# Of mish, the coefficients of expm1(d), expm1(2*d) and expm1(3*d).
MISH_TERMS = (0.3733670191691929, 0.3684065968836178, 0.027951242009170138)
FAR = 2000.0  # beyond, all of these are what they are at infinity


def _silu(x: Number) -> Number:
    half = exp(0.5 * x)
    return select(greater(x, -700.0), x * sigmoid(x), x * half * half)


@cache
def slope_factors(order: int) -> tuple[float, ...]:
    """Return q's coefficients: sigmoid's n-th derivative is slope * q(tanh(x/2)).

    With h = tanh(x/2), slope' = -h * slope and h' = (1 - h**2) / 2.
    """
    if order == 1:
        return (1.0,)
    q = slope_factors(order - 1)
    following = [0.0] * (len(q) + 1)
    for i, coefficient in enumerate(q):
        following[i + 1] -= coefficient * (1.0 + 0.5 * i)
        if i:
            following[i - 1] += coefficient * 0.5 * i
    return tuple(following)


def _silu_partial(n: Number, x: Number) -> Number:
    x = minimum(maximum(x, -FAR), FAR)
    order = int(n)
    if order > 1:
        h = tanh(0.5 * x)
        q, following = (polynomial(slope_factors(k), h) for k in (order - 1, order))
        return sigmoid_slope(x) * (float(order) * q + x * following)
    # (1 + e**-x)**-2 * e**-x * (1 + x + e**x): the last factor is 0 at the root.
    d = (x - SILU_ROOT) - SILU_REST
    half = exp(-0.5 * abs(x))
    t = 1.0 + half * half
    left = quotient((d - (1.0 + SILU_ROOT) * expm1(d)) * half * half, t * t)
    return select(step(x), sigmoid(x) + x * sigmoid_slope(x), left)


def _mish(x: Number) -> Number:
    half = exp(0.5 * x)
    left = select(half, x * half * half, -0.0)
    return select(greater(x, -700.0), x * tanh(softplus(x)), left)


def _mish_partial(n: Number, x: Number) -> Number:
    x = minimum(maximum(x, -FAR), FAR)
    half = exp(-0.5 * abs(x))
    t = half * half
    if int(n) > 1:
        return _higher_mish(int(n), x, t)
    # With p = e**2x + 2*e**x, mish is x * p/(p+2). Its derivative left of 0 has a
    # factor that is 0 at the root; right of it, all is divided by e**2x.
    d = (x - MISH_ROOT) - MISH_REST
    c, c2, c3 = MISH_TERMS
    factor = 4.0 * d * (1.0 + t) + c * expm1(d)
    factor = factor + (c2 * expm1(2.0 * d) + c3 * expm1(3.0 * d))
    below = 2.0 + t * (2.0 + t)
    left = quotient(factor * half * half, below * below)
    below = 1.0 + 2.0 * t * (1.0 + t)
    bend = quotient(x * (4.0 * (t * t)) * (1.0 + t), below * below)
    return select(step(x), quotient(1.0 + 2.0 * t, below) + bend, left)


def _higher_mish(order: int, x: Number, t: Number) -> Number:
    """Return the derivative of an order above 1, by the series of 1 - p/(p+2)."""
    right = step(x)
    twice = select(right, 1.0, t * t)
    once = 2.0 * t
    two = select(right, 2.0 * (t * t), 2.0)
    inverse = quotient(1.0, twice + once + two)
    series = [two * inverse]
    p = []
    for k in range(1, order + 1):
        p.append((2.0**k * twice + once) / float(math.factorial(k)))
        products = [p[j] * series[k - 1 - j] for j in range(k)]
        series.append(-total(products) * inverse)
    return -float(math.factorial(order)) * (series[order - 1] + x * series[order])


def _gelu_argument(x: Number) -> tuple[Number, Number]:
    """Return what gelu_tanh has the sigmoid of, and what rounding took away."""
    x2, lost = two_product(x, x)
    a, rest = two_product(GELU_CUBIC, x2)
    b, lost_again = two_sum(1.0, a)
    rest = rest + GELU_CUBIC * lost + lost_again
    c, lost = two_product(x, b)
    u, lost_again = two_product(GELU_LINEAR, c)
    return u, lost_again + GELU_LINEAR * (lost + x * rest)


def _gelu_tanh(x: Number) -> Number:
    u, rest = _gelu_argument(minimum(maximum(x, -GELU_FAR), GELU_FAR))
    half = exp(0.5 * u)
    left = select(half, x * (half + half * rest) * half, -0.0)
    return select(greater(u, -NEAR), x * (sigmoid(u) + sigmoid_slope(u) * rest), left)


def _gelu_tanh_slope(x: Number) -> Number:
    x = minimum(maximum(x, -GELU_FAR), GELU_FAR)
    u, rest = _gelu_argument(x)
    slope = GELU_LINEAR + GELU_SLOPE * (x * x)
    bend = sigmoid_slope(u)
    bend = bend - bend * tanh(0.5 * u) * rest
    half = exp(0.5 * u)
    left = (half + half * rest) * (1.0 + x * slope) * half
    return select(
        greater(u, -NEAR), sigmoid(u) + bend * rest + x * (bend * slope), left
    )


def _tanhshrink(x: Number) -> Number:
    x2 = x * x
    near = polynomial(SHRINK, x2) * x2 * x / cosh(x)
    return select(greater(SHRINK_NEAR, abs(x)), near, x - tanh(x))


def _elu(x: Number, alpha: Number) -> Number:
    return select(step(x), x, alpha * expm1(x))


DEFINITIONS: dict[str, Definition] = {
    "sigmoid": lambda x: quotient(
        select(step(x), 1.0, exp(-abs(x))), 1.0 + exp(-abs(x))
    ),
    "sigmoid_slope": lambda x: quotient(
        exp(-abs(x)), (1.0 + exp(-abs(x))) * (1.0 + exp(-abs(x)))
    ),
    "sigmoid_of_difference": lambda a, b: corrected(
        sigmoid(a - b), sigmoid_slope(a - b), two_difference(a, b)[1]
    ),
    "sigmoid_slope_of_difference": lambda a, b: corrected(
        sigmoid_slope(a - b),
        -sigmoid_slope(a - b) * tanh(0.5 * (a - b)),
        two_difference(a, b)[1],
    ),
    "log_sigmoid": lambda x: -softplus(-x),
    "softplus": lambda x: maximum(x, 0.0) + log1p(exp(-abs(x))),
    "relu": lambda x: maximum(0.0, x),
    "leaky_relu": lambda x, slope: select(step(x), x, slope * x),
    "elu": _elu,
    "selu": lambda x: SELU_SCALE * _elu(x, SELU_ALPHA),
    "gelu": lambda x: x * ndtr(x),
    "gelu_tanh": _gelu_tanh,
    "gelu_tanh_slope": _gelu_tanh_slope,
    "silu": _silu,
    "silu_partial": _silu_partial,
    "mish": _mish,
    "mish_partial": _mish_partial,
    "tanhshrink": _tanhshrink,
}
