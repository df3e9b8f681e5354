"""Rows of the activations of neural networks, and of their logarithms."""
# cython: language_level=3, binding=True

from __future__ import annotations

import math

from autograd.primitives.arithmetic import minimum, select, step
from autograd.primitives.elementary import _difference, exp, expm1, sech_squared, tanh
from autograd.primitives.row import REAL, row
from autograd.primitives.special import _exact_erfc, _ndtr, ndtr, normal_density

# Klambauer, Unterthiner, Mayr, Hochreiter: Self-Normalizing Neural Networks (2017).
SELU_SCALE = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717


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


def _silu(x: float) -> float:
    if x > -700.0:
        return x * _sigmoid(x)
    half = math.exp(0.5 * x)
    return x * half * half


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
    doc="Return 1 / (1 + e**-x).",
)
sigmoid_slope = row(
    "sigmoid_slope",
    _sigmoid_slope,
    lambda y, x: -y * tanh(0.5 * x),
    exact=lambda mp, x: mp.sech(x / 2) ** 2 / 4,
    doc="Return sigmoid(x) * sigmoid(-x), its derivative, without cancellation.",
)
sigmoid_of_difference = row(
    "sigmoid_of_difference",
    _sigmoid_of_difference,
    lambda y, a, b: sigmoid_slope(a - b),
    lambda y, a, b: -sigmoid_slope(a - b),
    domain=(REAL, REAL),
    exact=lambda mp, a, b: 1 / (1 + mp.exp(b - a)),
    doc="Return sigmoid(a - b), accurate though a - b be rounded.",
)
log_sigmoid = row(
    "log_sigmoid",
    lambda x: -_softplus(-x),
    lambda y, x: sigmoid(-x),
    exact=lambda mp, x: -mp.log1p(mp.exp(-x)),
    doc="Return log(sigmoid(x)), accurate where sigmoid is 0 or 1.",
)
softplus = row(
    "softplus",
    _softplus,
    lambda y, x: sigmoid(x),
    exact=lambda mp, x: mp.log1p(mp.exp(x)),
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
    doc="Return log(e**a + e**b), without overflow.",
)
relu = row(
    "relu",
    lambda x: x if x > 0.0 or math.isnan(x) else 0.0,
    lambda y, x: step(x),
    selects=True,
    exact=lambda mp, x: max(x, mp.mpf(0)),
    kinks={(0.0,): (0.0,)},
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
    kinks={(0.0, 0.25): (0.25, 0.0)},
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
    kinks={(0.0, 0.5): (0.5, 0.0)},
    doc="Return x where positive, alpha * (e**x - 1) elsewhere.",
)
selu = row(
    "selu",
    lambda x: SELU_SCALE * (x if x > 0.0 else SELU_ALPHA * math.expm1(x)),
    lambda y, x: SELU_SCALE * select(step(x), 1.0, SELU_ALPHA * exp(minimum(x, 0.0))),
    exact=lambda mp, x: SELU_SCALE * (x if x > 0 else SELU_ALPHA * mp.expm1(x)),
    kinks={(0.0,): (SELU_SCALE * SELU_ALPHA,)},
    doc="Return the self-normalizing exponential linear unit of x.",
)
gelu = row(
    "gelu",
    lambda x: x * _ndtr(x),
    lambda y, x: ndtr(x) + x * normal_density(x),
    exact=lambda mp, x: x * _exact_erfc(mp, -x / mp.sqrt(2)) / 2,
    doc="Return x times the normal distribution function at x (exact, not by tanh).",
)
silu = row(
    "silu",
    _silu,
    lambda y, x: sigmoid(x) * (1.0 + x * sigmoid(-x)),
    exact=lambda mp, x: x / (1 + mp.exp(-x)),
    doc="Return x * sigmoid(x), also called swish.",
)
mish = row(
    "mish",
    lambda x: x * math.tanh(_softplus(x)),
    lambda y, x: tanh(softplus(x)) + x * sech_squared(softplus(x)) * sigmoid(x),
    exact=lambda mp, x: x * mp.tanh(mp.log1p(mp.exp(x))),
    doc="Return x * tanh(softplus(x)).",
)
softsign = row(
    "softsign",
    lambda x: x / (1.0 + abs(x)),
    lambda y, x: 1.0 / (1.0 + abs(x)) / (1.0 + abs(x)),
    exact=lambda mp, x: x / (1 + abs(x)),
    doc="Return x / (1 + |x|).",
)
