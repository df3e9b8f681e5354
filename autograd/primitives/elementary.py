"""Rows of the elementary functions: exponentials, trigonometry, and sums."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from autograd.primitives.arithmetic import (
    _scale,
    equal,
    quotient,
    scale,
)
from autograd.primitives.powers import power
from autograd.primitives.row import (
    EVERY,
    POSITIVE,
    REAL,
    at_one,
    at_zero,
    row,
    row_of_any_number,
)

# What `autograd.math` takes from here.
__all__ = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "cos",
    "cosh",
    "degrees",
    "exp",
    "exp2",
    "expm1",
    "hypot",
    "log1p",
    "log2",
    "log10",
    "radians",
    "rsqrt",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
]

LN2 = math.log(2.0)
LN10 = math.log(10.0)
FEW = 8  # up to so many arguments, partials of hypot are worth n*n operations
SPLITTER = 134217729.0  # 2**27 + 1: Veltkamp's, cuts a double into two halves


def _logsumexp(*xs: float) -> float:
    top = max(xs)
    if math.isinf(top):
        return math.nan if any(x != x for x in xs) else top
    # The largest's own weight is 1: without it, what is left shows however small.
    i = xs.index(top)
    others = xs[:i] + xs[i + 1 :]
    return top + math.log1p(math.fsum([math.exp(x - top) for x in others]))


def _dist(*pq: float) -> float:
    n = len(pq) // 2
    return math.dist(pq[:n], pq[n:])


def _sumprod(*pq: float) -> float:
    """Return the dot product as if in twice the precision, then rounded.

    Ogita, Rump, Oishi: Accurate Sum and Dot Product, SIAM J. Sci. Comput. 26 (2005),
    algorithm Dot2. The engine has the same arithmetic, bit for bit, in C.
    """
    n = len(pq) // 2
    total = error = 0.0
    for i in range(n):
        a, b = pq[i], pq[n + i]
        product = a * b
        t = SPLITTER * a
        a_high = t - (t - a)
        a_low = a - a_high
        t = SPLITTER * b
        b_high = t - (t - b)
        b_low = b - b_high
        product_error = a_low * b_low - (
            ((product - a_high * b_high) - a_low * b_high) - a_high * b_low
        )
        new = total + product
        t = new - total
        error += ((total - (new - t)) + (product - t)) + product_error
        total = new
    result = total + error
    if result - result != 0.0:  # overflow in the splitting, or infinite operands
        result = 0.0
        for i in range(n):  # not sum(), which compensates from Python 3.12 on
            result += pq[i] * pq[n + i]
    return result


def _difference(a: float, b: float) -> tuple[float, float]:
    """Return a - b rounded, and what rounding took away (Knuth's TwoSum)."""
    d = a - b
    z = d - a
    return d, (a - (d - z)) - (b + z)


def _exp_of_difference(a: float, b: float) -> float:
    d, rest = _difference(a, b)
    y = math.exp(d)
    return y + y * rest if math.isfinite(rest) else y


def _softmax(y: Any, *xs: Any) -> list[Any]:
    """Return the weight of each x in logsumexp, whose rounding error cancels here."""
    if type(y) is float:  # the rows on floats, without asking each for Values
        weights = [_exp_of_difference(x, y) for x in xs]
        total = math.fsum(weights)
    else:
        weights = [exp_of_difference(x, y) for x in xs]
        total = fsum(*weights)
    return [weight / total for weight in weights]


def _direction(xs: Sequence[Any]) -> list[Any]:
    """Return each x over the hypot of all, which is 0 where all are 0."""
    if len(xs) <= FEW:
        return [cosine(x, *xs[:i], *xs[i + 1 :]) for i, x in enumerate(xs)]
    s = scale(*xs)
    scaled = [x * s for x in xs]
    length = hypot(*scaled)
    length = length + equal(length, 0.0)
    return [x / length for x in scaled]


def _cosine(x: float, *others: float) -> float:
    s = _scale(x, *others)
    length = math.hypot(x * s, *(other * s for other in others))
    return x * s / length if length else 0.0


def _cosine_partials(y: Any, x: Any, *others: Any) -> list[Any]:
    s = scale(x, *others)
    scaled = [other * s for other in others]
    length = hypot(x * s, *scaled)
    sine = quotient(hypot(*scaled), length)
    return [
        quotient(sine * sine, length) * s,
        *[-quotient(y * quotient(other, length), length) * s for other in scaled],
    ]


def _dist_partials(*pq: Any) -> list[Any]:
    toward_p = _direction([a - b for a, b in _pairs(pq)])
    return toward_p + [-x for x in toward_p]


def _over_squares(x: Any, a: Any, b: Any) -> Any:
    """Return x / (a*a + b*b), where x is one of the two, scaled as above."""
    s = scale(a, b)
    length = hypot(a * s, b * s)
    return quotient(quotient(x * s, length), length) * s


def _pairs(pq: Sequence[Any]) -> Iterable[tuple[Any, Any]]:
    return zip(pq[: len(pq) // 2], pq[len(pq) // 2 :], strict=True)


def _products_of_the_others(y: Any, *xs: Any) -> list[Any]:
    """Return for each x the product of all the others, without dividing by it."""
    n = len(xs)
    if n <= FEW:
        return [product(*xs[:i], *xs[i + 1 :]) for i in range(n)]
    before = [1.0] * n
    after = [1.0] * n
    for i in range(1, n):
        before[i] = before[i - 1] * xs[i - 1]
        after[n - 1 - i] = after[n - i] * xs[n - i]
    return [left * right for left, right in zip(before, after, strict=True)]


def _product(*xs: float) -> float:
    if len(xs) <= FEW and all(1e-30 < abs(x) < 1e30 for x in xs):
        return math.prod(xs)
    y, exponent = 1.0, 0
    for x in xs:
        mantissa, e = math.frexp(x)
        y, shift = math.frexp(y * mantissa)
        exponent += e + shift
    try:
        return math.ldexp(y, exponent)
    except OverflowError:
        return math.copysign(math.inf, y)


# --- Roots, exponentials and logarithms --------------------------------------------

exp_of_difference = row(
    "exp_of_difference",
    _exp_of_difference,
    lambda y, a, b: y,
    lambda y, a, b: -y,
    domain=(REAL, REAL),
    exact=lambda mp, a, b: mp.exp(a - b),
    doc="Return exp(a - b), accurate though a - b be rounded.",
)
sqrt = row(
    "sqrt",
    math.sqrt,
    lambda y, x: quotient(0.5, y),
    domain=(POSITIVE,),
    at_kink=at_zero,
    kinks={(0.0,): (math.inf,)},
    spreads=EVERY,
    safe=((0, ">=", 0.0),),
)
rsqrt = row(
    "rsqrt",
    lambda x: 1.0 / math.sqrt(x),
    lambda y, x: -0.5 * y / x,
    domain=(POSITIVE,),
    exact=lambda mp, x: 1 / mp.sqrt(x),
    doc="Return 1 / sqrt(x).",
    safe=((0, ">", 0.0),),
)
cbrt = row(
    "cbrt",
    math.cbrt,
    lambda y, x: quotient(1.0, 3.0 * y * y),
    domain=(POSITIVE,),
    at_kink=at_zero,
    kinks={(0.0,): (math.inf,)},
    spreads=EVERY,
    safe=(),
)
exp = row("exp", math.exp, lambda y, x: y, safe=((0, "<", 709.0),))
exp2 = row(
    "exp2",
    math.exp2,
    lambda y, x: LN2 * y,
    exact=lambda mp, x: mp.power(2, x),
    safe=((0, "<", 1023.0),),
)
expm1 = row("expm1", math.expm1, lambda y, x: exp(x), safe=((0, "<", 709.0),))
log = row(
    "log",
    math.log,
    lambda y, x: 1.0 / x,
    domain=(POSITIVE,),
    spreads=EVERY,
    safe=((0, ">", 0.0),),
    methods=("log", "ln"),
    doc="Return the natural logarithm of x.",
)
log2 = row(
    "log2",
    math.log2,
    lambda y, x: 1.0 / LN2 / x,
    domain=(POSITIVE,),
    exact=lambda mp, x: mp.log(x) / mp.log(2),
    spreads=EVERY,
    safe=((0, ">", 0.0),),
)
log10 = row(
    "log10",
    math.log10,
    lambda y, x: 1.0 / LN10 / x,
    domain=(POSITIVE,),
    exact=lambda mp, x: mp.log(x) / mp.log(10),
    spreads=EVERY,
    safe=((0, ">", 0.0),),
)
log1p = row(
    "log1p",
    math.log1p,
    lambda y, x: 1.0 / (1.0 + x),
    domain=((-0.9, 4.0),),
    extent=((-1.0, math.inf),),
    spreads=EVERY,
    safe=((0, ">", -1.0),),
)
log_or_nan = row(
    "log_or_nan",
    lambda x: math.log(x) if x > 0.0 else (-math.inf if x == 0.0 else math.nan),
    lambda y, x: quotient(1.0, x),
    methods=(),  # it is there for the partials of others
    domain=(POSITIVE,),
    safe=(),
    doc="Return the logarithm as IEEE 754 has it: -inf at 0, NaN below.",
    exact=lambda mp, x: mp.log(x),
)

# --- Trigonometric and hyperbolic functions -----------------------------------------

one_minus_square = row(
    "one_minus_square",
    lambda x: (1.0 - x) * (1.0 + x),
    lambda y, x: -2.0 * x,
    methods=(),  # it is there for the partials of others
    domain=((-0.95, 0.95),),
    extent=((-1.0, 1.0),),
    composed=True,
    exact=lambda mp, x: 1 - x * x,
    safe=(),
    doc="Return 1 - x**2 without cancellation near 1, nor in its derivative near 0.",
)
sin = row(
    "sin", math.sin, lambda y, x: cos(x), spreads=EVERY, safe=((0, "finite", 0.0),)
)
cos = row(
    "cos", math.cos, lambda y, x: -sin(x), spreads=EVERY, safe=((0, "finite", 0.0),)
)
tan = row(
    "tan",
    math.tan,
    lambda y, x: 1.0 + y * y,
    domain=((-1.4, 1.4),),
    extent=((-math.inf, math.inf),),
    spreads=EVERY,
    safe=((0, "finite", 0.0),),
)
asin = row(
    "asin",
    math.asin,
    lambda y, x: quotient(1.0, sqrt(one_minus_square(x))),
    domain=((-0.95, 0.95),),
    at_kink=at_one,
    kinks={(1.0,): (math.inf,), (-1.0,): (math.inf,)},
    methods=("asin", "arcsin"),
    extent=((-1.0, 1.0),),
    safe=((0, ">=", -1.0), (0, "<=", 1.0)),
)
acos = row(
    "acos",
    math.acos,
    lambda y, x: -quotient(1.0, sqrt(one_minus_square(x))),
    domain=((-0.95, 0.95),),
    at_kink=at_one,
    kinks={(1.0,): (-math.inf,), (-1.0,): (-math.inf,)},
    methods=("acos", "arccos"),
    extent=((-1.0, 1.0),),
    safe=((0, ">=", -1.0), (0, "<=", 1.0)),
)
atan = row(
    "atan",
    math.atan,
    lambda y, x: 1.0 / hypot(1.0, x) / hypot(1.0, x),
    methods=("atan", "arctan"),
    safe=(),
)
sinh = row(
    "sinh",
    math.sinh,
    lambda y, x: cosh(x),
    spreads=EVERY,
    safe=((0, ">", -710.0), (0, "<", 710.0)),
)
cosh = row(
    "cosh",
    math.cosh,
    lambda y, x: sinh(x),
    spreads=EVERY,
    safe=((0, ">", -710.0), (0, "<", 710.0)),
)
tanh = row("tanh", math.tanh, lambda y, x: sech_squared(x), safe=())
sech_squared = row(
    "sech_squared",
    lambda x: 4.0 * (t := math.exp(-2.0 * abs(x))) / ((1.0 + t) * (1.0 + t)),
    lambda y, x: -2.0 * tanh(x) * y,
    safe=(),
    methods=(),  # it is there for the partials of others
    doc="Return 1/cosh(x)**2, the derivative of tanh, as 4t/(1+t)**2, t = e**-2|x|.",
    exact=lambda mp, x: mp.sech(x) ** 2,
)
asinh = row(
    "asinh",
    math.asinh,
    lambda y, x: 1.0 / hypot(1.0, x),
    methods=("asinh", "arcsinh"),
    safe=(),
)
acosh = row(
    "acosh",
    math.acosh,
    lambda y, x: quotient(1.0, sqrt(x - 1.0) * sqrt(x + 1.0)),
    domain=((1.05, 4.0),),
    at_kink=at_one,
    kinks={(1.0,): (math.inf,)},
    methods=("acosh", "arccosh"),
    extent=((1.0, math.inf),),
    safe=((0, ">=", 1.0),),
)
atanh = row(
    "atanh",
    math.atanh,
    lambda y, x: 1.0 / one_minus_square(x),
    domain=((-0.95, 0.95),),
    methods=("atanh", "arctanh"),
    extent=((-1.0, 1.0),),
    safe=((0, ">", -1.0), (0, "<", 1.0)),
)
atan2 = row(
    "atan2",
    math.atan2,
    lambda y, a, b: _over_squares(b, a, b),
    lambda y, a, b: -_over_squares(a, a, b),
    domain=(REAL, POSITIVE),
    methods=("atan2", "arctan2"),
    extent=((-math.inf, math.inf), (-math.inf, math.inf)),
    safe=(),
)
degrees = row(
    "degrees",
    math.degrees,
    lambda y, x: 180.0 / math.pi,
    methods=("degrees", "rad2deg"),
    exact=lambda mp, x: x * 180 / mp.pi,
    safe=(),
)
radians = row(
    "radians",
    math.radians,
    lambda y, x: math.pi / 180.0,
    methods=("radians", "deg2rad"),
    exact=lambda mp, x: x * mp.pi / 180,
    safe=(),
)

# --- Any number of arguments --------------------------------------------------------

hypot = row_of_any_number(
    "hypot",
    math.hypot,
    lambda y, *xs: _direction(xs),
    at_kink=lambda *xs: not any(xs),
    kinks={(0.0, 0.0): (0.0, 0.0)},
    methods=("hypot",),
    exact=lambda mp, *xs: mp.sqrt(mp.fsum(x * x for x in xs)),
    safe=(),
)
cosine = row_of_any_number(
    "cosine",
    _cosine,
    _cosine_partials,
    exact=lambda mp, x, *others: x / mp.sqrt(mp.fsum(o * o for o in (x, *others))),
    at_kink=lambda *xs: not any(xs),
    safe=(),
    doc="Return the first argument over the hypot of all; 0 where all are 0.",
)
dist = row_of_any_number(
    "dist",
    _dist,
    lambda y, *pq: _dist_partials(*pq),
    at_kink=lambda *pq: pq[: len(pq) // 2] == pq[len(pq) // 2 :],
    kinks={(1.0, 2.0, 1.0, 2.0): (0.0, 0.0, 0.0, 0.0)},
    exact=lambda mp, *pq: mp.sqrt(mp.fsum((a - b) ** 2 for a, b in _pairs(pq))),
    safe=(),
)
sumprod = row_of_any_number(
    "sumprod",
    _sumprod,
    lambda y, *pq: pq[len(pq) // 2 :] + pq[: len(pq) // 2],
    exact=lambda mp, *pq: mp.fsum(a * b for a, b in _pairs(pq)),
    spreads=EVERY,
    safe=(),
)
fsum = row_of_any_number(
    "fsum",
    lambda *xs: math.fsum(xs),
    lambda y, *xs: [1.0] * len(xs),
    exact=lambda mp, *xs: mp.fsum(xs),
    spreads=EVERY,
)
prod = row_of_any_number(
    "prod",
    lambda *xs: math.prod(xs),
    _products_of_the_others,
    exact=lambda mp, *xs: mp.fprod(xs),
    spreads=EVERY,
    safe=(),
)
product = row_of_any_number(
    "product",
    _product,
    _products_of_the_others,
    doc="Return the product, in or out of range on the way to it: see `prod`.",
    exact=lambda mp, *xs: mp.fprod(xs),
    safe=(),
)
logsumexp = row_of_any_number(
    "logsumexp",
    _logsumexp,
    _softmax,
    exact=lambda mp, *xs: max(xs) + mp.log(mp.fsum(mp.exp(x - max(xs)) for x in xs)),
    safe=(),
)
ldexp = row(
    "ldexp",
    lambda x, i: math.ldexp(x, int(i)),
    lambda y, x, i: power(2.0, i),
    lambda y, x, i: LN2 * y,
    domain=(REAL, (2.0, 2.0)),
    doc="Return x * 2**i.",
    exact=lambda mp, x, i: x * mp.mpf(2) ** i,
)
