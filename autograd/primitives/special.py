"""Rows of special functions: the error function, the gamma function and their kin.

What `math` does not have comes from SciPy, imported when first used. SciPy's functions
raise nothing: they are infinite at a pole, and NaN outside their domain.
"""
# cython: language_level=3, binding=True

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd.primitives.arithmetic import (
    absolute,
    equal,
    greater,
    quotient,
    select,
)
from autograd.primitives.elementary import exp, expm1, log_or_nan, tanh
from autograd.primitives.row import POSITIVE, REAL, row

TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)
HALF_SQRT_PI = math.sqrt(math.pi) / 2.0
SQRT_TWO_OVER_PI = math.sqrt(2.0 / math.pi)
SQRT_TWO_PI = math.sqrt(2.0 * math.pi)
ONE_OVER_SQRT_TWO_PI = 1.0 / math.sqrt(2.0 * math.pi)
# The root of 1/2 in two parts: the second is what the first lacks.
SQRT_HALF = math.sqrt(0.5)
SQRT_HALF_REST = -4.833646656726457e-17
UNIT = (-1.0, 1.0)
PROBABILITY = (0.05, 0.95)

MSG_SCIPY = "{0}() is SciPy's, and SciPy is not installed: pip install scipy"
MSG_ORDER = "the order of {0} is an integer, so there is no derivative by it"


def _special(name: str, *, order: bool = False) -> Callable[..., float]:
    """Return SciPy's function of that name; the first argument may be an order."""

    def function(*args: float) -> float:
        try:
            import scipy.special
        except ImportError:
            raise ImportError(MSG_SCIPY.format(name)) from None
        first = int(args[0]) if order else args[0]
        return float(getattr(scipy.special, name)(first, *args[1:]))

    return function


def _by_order(name: str) -> Callable[..., float]:
    def partial(_y: Any, *_args: Any) -> float:
        raise TypeError(MSG_ORDER.format(name))

    return partial


# --- The error function and the normal distribution ---------------------------------


def _exp_minus_square(x: float) -> float:
    # x*x is rounded, and exp multiplies its error by x*x: at x = 20 a plain
    # exp(-x*x) has lost 8 bits. The head h has 26 bits, so h*h is exact.
    if not abs(x) <= 40.0:
        return x if math.isnan(x) else 0.0
    h = math.ldexp(round(math.ldexp(x, 20)), -20)
    return math.exp(-h * h) * math.exp((h - x) * (h + x))


def _exp_square(x: float) -> float:
    if math.isnan(x):
        return x
    h = math.ldexp(round(math.ldexp(x, 20)), -20) if abs(x) < 30.0 else x
    try:
        return math.exp(h * h) * math.exp((x - h) * (x + h))
    except OverflowError:
        return math.inf


def _normal_density(x: float) -> float:
    if not abs(x) <= 40.0:
        return x if math.isnan(x) else 0.0
    h = math.ldexp(round(math.ldexp(x, 20)), -20)
    head = ONE_OVER_SQRT_TWO_PI * math.exp(-0.5 * h * h)
    return head * math.exp(0.5 * (h - x) * (h + x))


def _ndtr(x: float) -> float:
    # As above: erfc multiplies the rounding of x / sqrt(2) by x*x, so what rounding
    # took away is put back to first order.
    z = -x * SQRT_HALF
    y = math.erfc(z)
    if not abs(x) <= 40.0:
        return 0.5 * y
    rest = -x * SQRT_HALF_REST - _product_error(x, SQRT_HALF)
    return 0.5 * (y - rest * TWO_OVER_SQRT_PI * _exp_minus_square(z))


def _product_error(a: float, b: float) -> float:
    """Return a*b minus its rounded value (Dekker 1971, with Veltkamp's splitting)."""
    t = 134217729.0 * a
    a_high = t - (t - a)
    a_low = a - a_high
    t = 134217729.0 * b
    b_high = t - (t - b)
    b_low = b - b_high
    p = a * b
    return a_low * b_low - (((p - a_high * b_high) - a_low * b_high) - a_high * b_low)


def _inverse_mills(n: float, x: float) -> float:
    """Return the n-th derivative of h = density/distribution, n an integer >= 0."""
    order = int(n)
    if x < -2.0:
        # h = t + 1/(t + 2/(t + 3/...)) with t = -x, by Laplace; as a series about t.
        t = -x
        tail = [0.0] * (order + 1)
        for k in range(40 + int(600.0 / (t * t)), 0, -1):
            below = [t + tail[0], *tail[1:]]
            if order:
                below[1] += 1.0
            tail[0] = k / below[0]
            for m in range(1, order + 1):
                rest = sum(below[j] * tail[m - j] for j in range(1, m + 1))
                tail[m] = -rest / below[0]
        series = t if order == 0 else 1.0 if order == 1 else 0.0
        return (-1.0) ** order * math.factorial(order) * (series + tail[order])
    # h' = -h * (x + h), and so on by Leibniz.
    h = [_normal_density(x) / _ndtr(x)]
    excess = [x + h[0]]
    for k in range(order):
        terms = [math.comb(k, j) * h[j] * excess[k - j] for j in range(k + 1)]
        h.append(-sum(terms))
        excess.append(h[-1] + 1.0 if k == 0 else h[-1])
    return h[order]


def _exact_erfc(mp: Any, x: Any) -> Any:
    """Return erfc, which mpmath does not try beyond what any float distinguishes."""
    far = 1e6
    return mp.erfc(x) if abs(x) < far else mp.mpf(1) - mp.sign(x)


exp_minus_square = row(
    "exp_minus_square",
    _exp_minus_square,
    lambda y, x: -2.0 * (x * y),
    exact=lambda mp, x: mp.exp(-x * x),
    doc="Return exp(-x*x) to full precision.",
)
exp_square = row(
    "exp_square",
    _exp_square,
    lambda y, x: 2.0 * (x * y),
    exact=lambda mp, x: mp.exp(x * x),
    extent=((-26.0, 26.0),),
    doc="Return exp(x*x) to full precision.",
)
erf = row(
    "erf",
    math.erf,
    lambda y, x: TWO_OVER_SQRT_PI * exp_minus_square(x),
    exact=lambda mp, x: mp.erf(x) if abs(x) < 100 else mp.sign(x),
)
erfc = row(
    "erfc",
    math.erfc,
    lambda y, x: -TWO_OVER_SQRT_PI * exp_minus_square(x),
    exact=_exact_erfc,
)
erfinv = row(
    "erfinv",
    _special("erfinv"),
    lambda y, x: HALF_SQRT_PI * exp_square(y),
    domain=((-0.95, 0.95),),
    extent=(UNIT,),
    elementary=False,
    doc="Return the number whose erf is x, of -1 to 1.",
)
erfcinv = row(
    "erfcinv",
    _special("erfcinv"),
    lambda y, x: -HALF_SQRT_PI * exp_square(y),
    domain=((0.05, 1.95),),
    extent=((1e-20, 2.0),),
    exact=lambda mp, x: mp.erfinv(1 - x),
    elementary=False,
    doc="Return the number whose erfc is x, of 0 to 2.",
)
normal_density = row(
    "normal_density",
    _normal_density,
    lambda y, x: -x * y,
    exact=lambda mp, x: mp.npdf(x),
    doc="Return the density of the standard normal distribution at x.",
)
ndtr = row(
    "ndtr",
    _ndtr,
    lambda y, x: normal_density(x),
    exact=lambda mp, x: _exact_erfc(mp, -x / mp.sqrt(2)) / 2,
    doc="Return the standard normal distribution function at x.",
)
log_ndtr = row(
    "log_ndtr",
    _special("log_ndtr"),
    lambda y, x: inverse_mills(0.0, x),
    exact=lambda mp, x: mp.log(_exact_erfc(mp, -x / mp.sqrt(2)) / 2),
    extent=((-1e6, 40.0),),
    elementary=False,
    doc="Return the logarithm of the standard normal distribution function at x.",
)
inverse_mills = row(
    "inverse_mills",
    _inverse_mills,
    _by_order("inverse_mills"),
    lambda y, n, x: inverse_mills(n + 1.0, x),
    domain=((0.0, 0.0), REAL),
    extent=((0.0, 0.0), (-1e6, 40.0)),
    exact=lambda mp, n, x: mp.diff(
        lambda t: mp.npdf(t) / (_exact_erfc(mp, -t / mp.sqrt(2)) / 2), x, int(n)
    ),
    elementary=False,
    doc="Return the n-th derivative of normal density over distribution function at x.",
)
ndtri = row(
    "ndtri",
    _special("ndtri"),
    lambda y, x: SQRT_TWO_PI * exp_square(SQRT_HALF * y),
    domain=(PROBABILITY,),
    extent=((1e-20, 1.0),),
    exact=lambda mp, x: mp.sqrt(2) * mp.erfinv(2 * x - 1),
    elementary=False,
    doc="Return the number at which the normal distribution function is x.",
)

# --- The gamma function and its kin -------------------------------------------------


# Nodes and weights of 8 points on -1 to 1: Abramowitz and Stegun, table 25.4.
GAUSS_LEGENDRE = (
    (0.1834346424956498, 0.3626837833783620),
    (0.5255324099163290, 0.3137066458778873),
    (0.7966664774136267, 0.2223810344533745),
    (0.9602898564975363, 0.1012285362903763),
)


def _polygamma_difference(n: float, a: float, b: float) -> float:
    """Return polygamma(n, a) - polygamma(n, a + b), as an integral where it cancels."""
    if not b <= 0.25 * a:
        return _polygamma(n, a) - _polygamma(n, a + b)
    return -0.5 * math.fsum(
        weight * b * _polygamma(n + 1.0, a + 0.5 * b * (1.0 + node))
        for x, weight in GAUSS_LEGENDRE
        for node in (x, -x)
    )


def _lbeta(a: float, b: float) -> float:
    small, large = min(a, b), max(a, b)
    if not 0.0 < 4.0 * small <= large or not 100.0 < large < math.inf:
        return _betaln(a, b)
    # Where SciPy subtracts two logarithms of gamma: at 1e5 that leaves 9 digits.
    return math.lgamma(small) + _polygamma_difference(-1.0, large, small)


def _beta(a: float, b: float) -> float:
    if min(a, b) > 1e-300 and 170.0 < max(a, b) < math.inf:
        return math.exp(_lbeta(a, b))
    return _scipy_beta(a, b)


_betaln = _special("betaln")
_polygamma = _special("polygamma", order=True)
_scipy_beta = _special("beta")


gamma = row(
    "gamma",
    math.gamma,
    lambda y, x: y * digamma(x),
    domain=(POSITIVE,),
    elementary=False,
)
lgamma = row(
    "lgamma",
    math.lgamma,
    lambda y, x: digamma(x),
    domain=(POSITIVE,),
    exact=lambda mp, x: mp.loggamma(x),
    elementary=False,
)
digamma = row(
    "digamma",
    _special("digamma"),
    lambda y, x: polygamma(1.0, x),
    domain=(POSITIVE,),
    elementary=False,
    doc="Return the derivative of lgamma at x.",
)
polygamma = row(
    "polygamma",
    _polygamma,
    _by_order("polygamma"),
    lambda y, n, x: polygamma(n + 1.0, x),
    domain=((1.0, 1.0), POSITIVE),
    exact=lambda mp, n, x: mp.psi(int(n), x),
    elementary=False,
    doc="Return the n-th derivative of digamma at x.",
)
polygamma_difference = row(
    "polygamma_difference",
    _polygamma_difference,
    _by_order("polygamma_difference"),
    lambda y, n, a, b: polygamma_difference(n + 1.0, a, b),
    lambda y, n, a, b: -polygamma(n + 1.0, a + b),
    domain=((0.0, 0.0), POSITIVE, POSITIVE),
    exact=lambda mp, n, a, b: mp.psi(int(n), a) - mp.psi(int(n), a + b),
    elementary=False,
    doc="Return polygamma(n, a) - polygamma(n, a + b) without cancellation.",
)
beta = row(
    "beta",
    _beta,
    lambda y, a, b: y * polygamma_difference(0.0, a, b),
    lambda y, a, b: y * polygamma_difference(0.0, b, a),
    domain=(POSITIVE, POSITIVE),
    exact=lambda mp, a, b: mp.beta(a, b),
    elementary=False,
    doc="Return gamma(a) * gamma(b) / gamma(a + b).",
)
lbeta = row(
    "lbeta",
    _lbeta,
    lambda y, a, b: polygamma_difference(0.0, a, b),
    lambda y, a, b: polygamma_difference(0.0, b, a),
    domain=(POSITIVE, POSITIVE),
    exact=lambda mp, a, b: mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b),
    elementary=False,
    doc="Return the logarithm of beta(a, b).",
)

# --- Bessel functions ---------------------------------------------------------------

WAVES = ((-1e3, 1e3),)  # SciPy's lose the phase of a wave far out


def _near_zero(name: str) -> Callable[..., float]:
    """Return SciPy's function of order n, near 0 by the first term of its series."""
    far = _special(name, order=True)

    def function(n: float, x: float) -> float:
        if abs(x) > 1e-100 or n < 0.0:
            return far(n, x)
        return (0.5 * x) ** int(n) / math.factorial(int(n))

    return function


j0 = row(
    "j0",
    _special("j0"),
    lambda y, x: -j1(x),
    extent=WAVES,
    exact=lambda mp, x: mp.besselj(0, x),
    elementary=False,
    doc="Return the Bessel function of the first kind, of order 0.",
)
j1 = row(
    "j1",
    _special("j1"),
    lambda y, x: 0.5 * (j0(x) - jn(2.0, x)),
    extent=WAVES,
    exact=lambda mp, x: mp.besselj(1, x),
    elementary=False,
    doc="Return the Bessel function of the first kind, of order 1.",
)
jn = row(
    "jn",
    _near_zero("jn"),
    _by_order("jn"),
    lambda y, n, x: 0.5 * (jn(n - 1.0, x) - jn(n + 1.0, x)),
    domain=((2.0, 2.0), REAL),
    extent=((2.0, 2.0), *WAVES),
    exact=lambda mp, n, x: mp.besselj(int(n), x),
    elementary=False,
    doc="Return the Bessel function of the first kind, of integer order n.",
)
i0 = row(
    "i0",
    _special("i0"),
    lambda y, x: i1(x),
    extent=((-700.0, 700.0),),
    exact=lambda mp, x: mp.besseli(0, x),
    elementary=False,
    doc="Return the modified Bessel function of order 0.",
)
i1 = row(
    "i1",
    _special("i1"),
    lambda y, x: 0.5 * (i0(x) + iv(2.0, x)),
    extent=((-700.0, 700.0),),
    exact=lambda mp, x: mp.besseli(1, x),
    elementary=False,
    doc="Return the modified Bessel function of order 1.",
)
iv = row(
    "iv",
    _near_zero("iv"),
    _by_order("iv"),
    lambda y, n, x: 0.5 * (iv(n - 1.0, x) + iv(n + 1.0, x)),
    domain=((2.0, 2.0), REAL),
    extent=((2.0, 2.0), (-700.0, 700.0)),
    exact=lambda mp, n, x: mp.besseli(int(n), x),
    elementary=False,
    doc="Return the modified Bessel function of integer order n.",
)

# --- Logarithms of what is small, and sinc ------------------------------------------


def _log1mexp(x: float) -> float:
    if x > math.log(2.0):
        return math.log1p(-math.exp(-x))
    return math.log(-math.expm1(-x))


def _xlogy(x: float, y: float) -> float:
    return 0.0 if x == 0.0 and not math.isnan(y) else x * math.log(y)


def _logit(p: float) -> float:
    if 0.25 < p < 0.75:  # where p/(1-p) is near 1, and its logarithm would cancel
        return 2.0 * math.atanh(2.0 * p - 1.0)
    return math.log(p) - math.log1p(-p)


def _sin_pi(x: float) -> float:
    # The remainder is exact, so no phase is lost, and 0 stays 0 at every integer.
    turn = math.remainder(x, 2.0)
    if abs(turn) > 0.5:
        turn = math.copysign(1.0, turn) - turn
    return math.sin(math.pi * turn)


def _sinc(x: float) -> float:
    return _sin_pi(x) / (math.pi * x) if x else 1.0


def _sinc_slope(x: float) -> float:
    if abs(x) > 0.5:
        return (_sin_pi(math.remainder(x, 2.0) + 0.5) - _sinc(x)) / x
    z = math.pi * x
    # sum of (-1)**k 2k z**(2k-1) / (2k+1)!, the derivative of sin(z)/z
    term, total = -z / 3.0, 0.0
    for k in range(1, 12):
        total += term
        term *= -z * z * (k + 1.0) / k / ((2.0 * k + 2.0) * (2.0 * k + 3.0))
    return math.pi * total


log1mexp = row(
    "log1mexp",
    _log1mexp,
    lambda y, x: -exp(-x) / expm1(-x),
    domain=(POSITIVE,),
    exact=lambda mp, x: mp.log(-mp.expm1(-x)),
    doc="Return log(1 - e**-x) for a positive x.",
)
xlogy = row(
    "xlogy",
    _xlogy,
    lambda y, a, b: log_or_nan(b),
    lambda y, a, b: select(equal(a, 0.0), 0.0, quotient(a, b)),
    domain=(REAL, POSITIVE),
    exact=lambda mp, a, b: a * mp.log(b),
    kinks={(0.0, 0.0): (-math.inf, 0.0)},
    doc="Return x * log(y), 0 where x is 0.",
)
logit = row(
    "logit",
    _logit,
    lambda y, x: quotient(1.0, x * (1.0 - x)),
    domain=(PROBABILITY,),
    extent=((0.0, 1.0),),
    exact=lambda mp, x: mp.log(x / (1 - x)),
    doc="Return log(x / (1 - x)), the inverse of sigmoid.",
)
sinc = row(
    "sinc",
    _sinc,
    lambda y, x: sinc_slope(x),
    exact=lambda mp, x: mp.sinc(mp.pi * x),
    extent=((-1e15, 1e15),),
    elementary=False,
    doc="Return sin(pi*x) / (pi*x), 1 at 0, as NumPy's sinc.",
)
sinc_slope = row(
    "sinc_slope",
    _sinc_slope,
    lambda y, x: select(
        greater(1e-100, absolute(x)),
        -(math.pi**2) / 3.0,
        -quotient(2.0 * y + math.pi**2 * x * sinc(x), x),
    ),
    exact=lambda mp, x: (
        (mp.cos(mp.pi * x) - mp.sinc(mp.pi * x)) / x if x else mp.mpf(0)
    ),
    extent=((-1e15, 1e15),),
    elementary=False,
    doc="Return the derivative of sinc.",
)
log_cosh = row(
    "log_cosh",
    lambda x: (
        math.log1p(2.0 * math.sinh(0.5 * x) ** 2)
        if abs(x) < 1.0
        else abs(x) + math.log1p(math.exp(-2.0 * abs(x))) - math.log(2.0)
    ),
    lambda y, x: tanh(x),
    exact=lambda mp, x: abs(x) + mp.log1p(mp.exp(-2 * abs(x))) - mp.log(2),
    doc="Return log(cosh(x)), without overflow.",
)
