"""Rows of the activations of neural networks, and of their logarithms."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from typing import Any

from autograd.primitives.arithmetic import clip, minimum, select, square, step
from autograd.primitives.elementary import _difference, exp, expm1, tanh
from autograd.primitives.normal import (
    _exact_erfc,
    _ndtr,
    _product_error,
    by_order,
    ndtr,
    normal_density_partial,
)
from autograd.primitives.row import REAL, at_zero, row

# What `autograd.math` takes from here.
__all__ = [
    "elu",
    "gelu",
    "gelu_tanh",
    "leaky_relu",
    "log_sigmoid",
    "logaddexp",
    "mish",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "softsign",
    "tanhshrink",
]

# Klambauer, Unterthiner, Mayr, Hochreiter: Self-Normalizing Neural Networks (2017).
SELU_SCALE = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717
# Hendrycks, Gimpel: Gaussian Error Linear Units (2016), their approximation by tanh:
# x * sigmoid(u) with u = 2 * sqrt(2/pi) * (x + 0.044715 * x**3).
GELU_LINEAR = 1.5957691216057308
GELU_CUBIC = 0.044715
GELU_SLOPE = 3.0 * GELU_CUBIC * GELU_LINEAR
GELU_FAR = 30.0  # beyond this, e**-abs(u) is no float but 0
# x - tanh(x) is the sum of c[k] * x**(2k+3), all of one sign, over cosh(x).
SHRINK = [2.0 * k / math.factorial(2 * k + 1) for k in range(1, 15)]
SHRINK_NEAR = 2.0
DIGITS = 60
NEAR = 700.0  # below minus this, e**x soon has lost bits
FAR = 2000.0  # beyond this, e**-abs(x) times x is no float but 0
CANCELS = 0.25


def _sigmoid(x: float) -> float:
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    t = math.exp(x)
    return t / (1.0 + t)


def _sigmoid_slope(x: float) -> float:
    t = math.exp(-abs(x))
    return t / ((1.0 + t) * (1.0 + t))


def _sigmoid_of_difference(a: float, b: float) -> float:
    d, rest = _difference(a, b)
    y = _sigmoid(d)
    return y + _sigmoid_slope(d) * rest if math.isfinite(rest) else y


def _sigmoid_slope_of_difference(a: float, b: float) -> float:
    d, rest = _difference(a, b)
    y = _sigmoid_slope(d)
    return y - y * math.tanh(0.5 * d) * rest if math.isfinite(rest) else y


def _silu(x: float) -> float:
    if x > -700.0:
        return x * _sigmoid(x)
    half = math.exp(0.5 * x)
    return x * half * half


def _mish(x: float) -> float:
    if x > -700.0:
        return x * math.tanh(_softplus(x))
    half = math.exp(0.5 * x)
    return x * half * half if half else -0.0


def _gelu_argument(x: float) -> tuple[float, float]:
    """Return u, and what rounding took away: e**u has it times abs(u) more ulp."""
    x = min(max(x, -GELU_FAR), GELU_FAR)
    x2 = x * x
    a = GELU_CUBIC * x2
    b, rest = _difference(1.0, -a)
    rest += _product_error(GELU_CUBIC, x2) + GELU_CUBIC * _product_error(x, x)
    c = x * b
    rest = _product_error(x, b) + x * rest
    return GELU_LINEAR * c, _product_error(GELU_LINEAR, c) + GELU_LINEAR * rest


def _gelu_tanh(x: float) -> float:
    u, rest = _gelu_argument(x)
    if u > -NEAR:
        return x * (_sigmoid(u) + _sigmoid_slope(u) * rest)
    half = math.exp(0.5 * u)
    return x * (half + half * rest) * half if half else -0.0


def _gelu_tanh_slope(x: float) -> float:
    u, rest = _gelu_argument(x)
    x = min(max(x, -GELU_FAR), GELU_FAR)
    slope = GELU_LINEAR + GELU_SLOPE * (x * x)
    if u > -NEAR:
        low, bend = _sigmoid(u), _sigmoid_slope(u)
        bend -= bend * math.tanh(0.5 * u) * rest
        return low + bend * rest + x * (bend * slope)
    half = math.exp(0.5 * u)
    return (half + half * rest) * (1.0 + x * slope) * half


def _gelu_tanh_bend(y: Any, x: Any) -> Any:
    """Return the second derivative, of the row before."""
    x = clip(x, -GELU_FAR, GELU_FAR)
    u = GELU_LINEAR * x + (GELU_LINEAR * GELU_CUBIC) * (x * x * x)
    slope = GELU_LINEAR + GELU_SLOPE * square(x)
    twice = 2.0 * slope + x * (2.0 * GELU_SLOPE * x - tanh(0.5 * u) * square(slope))
    return sigmoid_slope(u) * twice


def _exact_gelu_argument(x: Any) -> Any:
    return GELU_LINEAR * (x + GELU_CUBIC * x**3)


def _tanhshrink(x: float) -> float:
    if not abs(x) < SHRINK_NEAR:
        return x - math.tanh(x)
    x2 = x * x
    y = 0.0
    for c in reversed(SHRINK):
        y = y * x2 + c
    return y * x2 * x / math.cosh(x)


def _silu_partial(n: float, x: float) -> float:
    if n == 1.0 and -NEAR < x < FAR:
        low = _sigmoid(x)
        y = low + x * _sigmoid_slope(x)
        if abs(y) > CANCELS * low:
            return y
    return _gated_partial(n, x, lambda e, k: e, 1)


def _mish_partial(n: float, x: float) -> float:
    if n == 1.0 and -NEAR < x < FAR:
        # tanh(softplus(x)) is p/d with p = e**2x + 2*e**x and d = p + 2; its derivative
        # 4 * e**x * (1 + e**x) / d**2. All is divided by e**2x where that is large.
        t = math.exp(-abs(x))
        if x > 0.0:
            p, d, slope = 1.0 + 2.0 * t, 1.0 + 2.0 * t * (1.0 + t), 4.0 * t * t
        else:
            p, d, slope = t * (2.0 + t), 2.0 + t * (2.0 + t), 4.0 * t
        y = p / d + x * slope * (1.0 + t) / (d * d)
        if abs(y) > CANCELS * p / d:
            return y
    return _gated_partial(n, x, lambda e, k: (2**k * e + 2) * e, 2)


def _gated_partial(
    n: float, x: float, terms: Callable[[Decimal, int], Decimal], c: int
) -> float:
    """Return the derivative of order n >= 1 of x * p/(p+c), by its series in decimals.

    ``terms(e, k)`` is the k-th derivative of p at x, where e is e**x. Far from 0 and
    near a root of the derivative, floats would have lost its digits.
    """
    if not abs(x) < FAR:
        return x if math.isnan(x) else float(x > 0.0 and n == 1.0)
    order, z = int(n), Decimal(x)
    # Near 0, terms of the order of 1 may cancel down to x.
    with localcontext(Context(prec=DIGITS - min(0, z.adjusted()))):
        e = z.exp()
        p = [terms(e, k) / math.factorial(k) for k in range(order + 1)]
        # Of p/(p+c) = 1 - c/(p+c), the series of 1/(p+c).
        d = p[0] + c
        series = [1 / d]
        for k in range(1, order + 1):
            series.append(-sum(p[j] * series[k - j] for j in range(1, k + 1)) / d)
        below = -c * series[order - 1] if order > 1 else p[0] / d
        return float(math.factorial(order) * (below - z * c * series[order]))


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _logaddexp(a: float, b: float) -> float:
    if a == b:
        return a + math.log(2.0)
    return max(a, b) + math.log1p(math.exp(-abs(a - b)))


sigmoid = row(
    "sigmoid",
    _sigmoid,
    lambda y, x: sigmoid_slope(x),
    methods=("sigmoid", "expit"),
    exact=lambda mp, x: 1 / (1 + mp.exp(-x)),
    safe=(),
    doc="Return 1 / (1 + e**-x).",
)
sigmoid_slope = row(
    "sigmoid_slope",
    _sigmoid_slope,
    lambda y, x: -y * tanh(0.5 * x),
    methods=(),  # it is there for the partials of others
    exact=lambda mp, x: mp.sech(x / 2) ** 2 / 4,
    safe=(),
    doc="Return sigmoid(x) * sigmoid(-x), its derivative, without cancellation.",
)
sigmoid_of_difference = row(
    "sigmoid_of_difference",
    _sigmoid_of_difference,
    lambda y, a, b: sigmoid_slope_of_difference(a, b),
    lambda y, a, b: -sigmoid_slope_of_difference(a, b),
    domain=(REAL, REAL),
    exact=lambda mp, a, b: 1 / (1 + mp.exp(b - a)),
    safe=(),
    doc="Return sigmoid(a - b), accurate though a - b be rounded.",
)
sigmoid_slope_of_difference = row(
    "sigmoid_slope_of_difference",
    _sigmoid_slope_of_difference,
    lambda y, a, b: -y * tanh(0.5 * (a - b)),
    lambda y, a, b: y * tanh(0.5 * (a - b)),
    domain=(REAL, REAL),
    exact=lambda mp, a, b: mp.sech((a - b) / 2) ** 2 / 4,
    doc="Return sigmoid_slope(a - b), accurate though a - b be rounded.",
    safe=(),
)
log_sigmoid = row(
    "log_sigmoid",
    lambda x: -_softplus(-x),
    lambda y, x: sigmoid(-x),
    exact=lambda mp, x: -mp.log1p(mp.exp(-x)),
    safe=(),
    doc="Return log(sigmoid(x)), accurate where sigmoid is 0 or 1.",
)
softplus = row(
    "softplus",
    _softplus,
    lambda y, x: sigmoid(x),
    exact=lambda mp, x: mp.log1p(mp.exp(x)),
    safe=(),
    doc="Return log(1 + e**x), without overflow.",
)
logaddexp = row(
    "logaddexp",
    _logaddexp,
    lambda y, a, b: sigmoid_of_difference(a, b),
    lambda y, a, b: sigmoid_of_difference(b, a),
    domain=(REAL, REAL),
    methods=("logaddexp",),
    exact=lambda mp, a, b: max(a, b) + mp.log1p(mp.exp(-abs(a - b))),
    safe=(),
    doc="Return log(e**a + e**b), without overflow.",
)
relu = row(
    "relu",
    lambda x: x if x > 0.0 or math.isnan(x) else 0.0,
    lambda y, x: step(x),
    selects=True,
    exact=lambda mp, x: max(x, mp.mpf(0)),
    at_kink=at_zero,
    kinks={(0.0,): (0.0,)},
    safe=(),
    doc="Return max(x, 0).",
)
leaky_relu = row(
    "leaky_relu",
    lambda x, slope: x if x > 0.0 else slope * x,
    lambda y, x, slope: select(step(x), 1.0, slope),
    lambda y, x, slope: select(step(x), 0.0, x),
    defaults=(0.01,),
    domain=(REAL, (0.01, 0.5)),
    exact=lambda mp, x, slope: x if x > 0 else slope * x,
    at_kink=at_zero,
    kinks={(0.0, 0.25): (0.25, 0.0)},
    safe=(),
    doc="Return x where positive, slope * x elsewhere.",
)
elu = row(
    "elu",
    lambda x, alpha: x if x > 0.0 else alpha * math.expm1(x),
    lambda y, x, alpha: select(step(x), 1.0, alpha * exp(minimum(x, 0.0))),
    lambda y, x, alpha: select(step(x), 0.0, expm1(minimum(x, 0.0))),
    defaults=(1.0,),
    domain=(REAL, (0.5, 2.0)),
    exact=lambda mp, x, alpha: x if x > 0 else alpha * mp.expm1(x),
    at_kink=at_zero,
    kinks={(0.0, 0.5): (0.5, 0.0)},
    safe=(),
    doc="Return x where positive, alpha * (e**x - 1) elsewhere.",
)
selu = row(
    "selu",
    lambda x: SELU_SCALE * (x if x > 0.0 else SELU_ALPHA * math.expm1(x)),
    lambda y, x: SELU_SCALE * select(step(x), 1.0, SELU_ALPHA * exp(minimum(x, 0.0))),
    exact=lambda mp, x: SELU_SCALE * (x if x > 0 else SELU_ALPHA * mp.expm1(x)),
    at_kink=at_zero,
    kinks={(0.0,): (SELU_SCALE * SELU_ALPHA,)},
    safe=(),
    doc="Return the self-normalizing exponential linear unit of x.",
)
gelu = row(
    "gelu",
    lambda x: x * _ndtr(x),
    lambda y, x: ndtr(x) - normal_density_partial(1.0, x),
    exact=lambda mp, x: x * _exact_erfc(mp, -x / mp.sqrt(2)) / 2,
    safe=(),
    doc="Return x times the normal distribution function at x (exact, not by tanh).",
)
gelu_tanh = row(
    "gelu_tanh",
    _gelu_tanh,
    lambda y, x: gelu_tanh_slope(x),
    exact=lambda mp, x: x / (1 + mp.exp(-_exact_gelu_argument(x))),
    safe=(),
    doc="Return x * sigmoid(1.5957691216057308 * (x + 0.044715 * x**3)), nearly gelu.",
)
gelu_tanh_slope = row(
    "gelu_tanh_slope",
    _gelu_tanh_slope,
    _gelu_tanh_bend,
    methods=(),  # it is there for the partials of others
    exact=lambda mp, x: mp.diff(lambda t: gelu_tanh.exact(mp, t), x),
    elementary=False,
    safe=(),
    doc="Return the derivative of gelu_tanh at x.",
)
silu = row(
    "silu",
    _silu,
    lambda y, x: silu_partial(1.0, x),
    exact=lambda mp, x: x / (1 + mp.exp(-x)),
    safe=(),
    doc="Return x * sigmoid(x), also called swish.",
)
silu_partial = row(
    "silu_partial",
    _silu_partial,
    by_order("silu_partial"),
    lambda y, n, x: silu_partial(n + 1.0, x),
    domain=((1.0, 1.0), REAL),
    exact=lambda mp, n, x: mp.diff(lambda t: silu.exact(mp, t), x, int(n)),
    elementary=False,
    doc="Return the n-th derivative of silu at x.",
    safe=(),
)
mish = row(
    "mish",
    _mish,
    lambda y, x: mish_partial(1.0, x),
    exact=lambda mp, x: x * mp.tanh(mp.log1p(mp.exp(x))),
    safe=(),
    doc="Return x * tanh(softplus(x)).",
)
mish_partial = row(
    "mish_partial",
    _mish_partial,
    by_order("mish_partial"),
    lambda y, n, x: mish_partial(n + 1.0, x),
    domain=((1.0, 1.0), REAL),
    exact=lambda mp, n, x: mp.diff(lambda t: mish.exact(mp, t), x, int(n)),
    elementary=False,
    doc="Return the n-th derivative of mish at x.",
    safe=(),
)
softsign = row(
    "softsign",
    lambda x: x / (1.0 + abs(x)),
    lambda y, x: 1.0 / (1.0 + abs(x)) / (1.0 + abs(x)),
    composed=True,
    exact=lambda mp, x: x / (1 + abs(x)),
    safe=(),
    doc="Return x / (1 + |x|).",
)
tanhshrink = row(
    "tanhshrink",
    _tanhshrink,
    lambda y, x: square(tanh(x)),
    exact=lambda mp, x: x - mp.tanh(x),
    safe=(),
    doc="Return x - tanh(x), without cancellation.",
)
