"""Rows of special functions: gamma, Bessel functions, logarithms of what is small."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd.primitives.arithmetic import (
    TINY,
    _quotient,
    _scale,
    equal,
    quotient,
    select,
    strong_mul,
)
from autograd.primitives.elementary import exp, expm1, log_or_nan, tanh
from autograd.primitives.normal import PROBABILITY, by_order, special, whole
from autograd.primitives.row import POSITIVE, REAL, row

# What `autograd.math` takes from here.
__all__ = [
    "beta",
    "digamma",
    "gamma",
    "i0",
    "i1",
    "iv",
    "j0",
    "j1",
    "jn",
    "lbeta",
    "lgamma",
    "log1mexp",
    "log_cosh",
    "logit",
    "polygamma",
    "sinc",
    "xlogy",
]

# --- The gamma function and its kin -------------------------------------------------


# Nodes and weights of 8 points on -1 to 1: Abramowitz and Stegun, table 25.4.
GAUSS_LEGENDRE = (
    (0.1834346424956498, 0.3626837833783620),
    (0.5255324099163290, 0.3137066458778873),
    (0.7966664774136267, 0.2223810344533745),
    (0.9602898564975363, 0.1012285362903763),
)


def _polygamma_difference(n: float, a: float, b: float, k: float = 1.0) -> float:
    y = _difference_of_polygammas(n, a, b)
    if k == 1.0 or abs(y) > TINY or not 0.0 < b < math.inf:
        return k * y
    # It has underflown: but b is small beside a, and it is proportional to b.
    shift = math.frexp(a)[1] - math.frexp(b)[1] - 60
    if shift <= 0:
        return k * y
    return math.ldexp(k, -shift) * _difference_of_polygammas(n, a, math.ldexp(b, shift))


def _digamma(x: float) -> float:
    # SciPy knows the root near -0.5, and has the word at poles and at infinity.
    if not -math.inf < x < 0.0 or abs(x + 0.5) < 0.2 or x % 1.0 == 0.0:
        return _scipy_digamma(x)
    # By reflection; how far x is from a pole is exact, where 1 - x is rounded.
    return _scipy_digamma(1.0 - x) - math.pi / math.tan(math.pi * (x - round(x)))


def _polygamma(n: float, x: float) -> float:
    return _scipy_polygamma(n, x) if n else _digamma(x)


def _difference_of_polygammas(n: float, a: float, b: float) -> float:
    if a > 1e20 and b >= 0.0 and n >= 0.0:  # where ψ(a) is log(a), to 20 digits
        log = -math.log1p(b / a)
        if n == 0.0:
            return log
        y = math.factorial(int(n) - 1) * (1.0 / a) ** int(n) * -math.expm1(n * log)
        return y if n % 2.0 else -y
    if not -0.25 * a <= b <= 0.25 * a:  # nor are there poles in between
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


def _beta_partial(n: float, m: float, a: float, b: float) -> float:
    """Return the derivative of beta of order n by a and m by b, whole numbers."""
    y = _beta(a, b)
    if m > n:
        return _beta_partial(m, n, b, a)
    if n == m == 1.0:
        return _mixed_beta(y, a, b)
    if n > 2.0 or m:
        return float(
            _leibniz(int(n), int(m), y, _polygamma, _polygamma_difference, a, b)
        )
    k = _scale(min(b, 1.0))  # where y is large if b is small
    first = _quotient(y, k) * _polygamma_difference(0.0, a, b, k)
    if n == 1.0:
        return first if n else y
    again = _quotient(first, k) * _polygamma_difference(0.0, a, b, k)
    return again + _quotient(y, k) * _polygamma_difference(1.0, a, b, k)


def _mixed_beta(y: float, a: float, b: float) -> float:
    small, large = min(a, b), max(a, b)
    if not 0.0 < 4.0 * small <= large < math.inf:
        by_a, by_b = (_polygamma_difference(0.0, *p) for p in ((a, b), (b, a)))
        return y * (by_a * by_b - _polygamma(1.0, a + b))
    # As y goes like 1/small, the terms of that order cancel; what they leave is small
    # times the mean of t * polygamma(2, large + t * small), t from 0 to 1.
    k = _scale(min(small, 1.0))
    rest = -0.25 * math.fsum(
        weight * (1.0 + node) * _polygamma(2.0, large + 0.5 * small * (1.0 + node))
        for x, weight in GAUSS_LEGENDRE
        for node in (x, -x)
    )
    tail = _scipy_digamma(1.0 + small) - _digamma(large + small)
    difference = _polygamma_difference(0.0, large, small, k)
    return _quotient(y, k) * (difference * tail + k * small * rest)


def _leibniz(n: int, m: int, y: Any, psi: Any, difference: Any, a: Any, b: Any) -> Any:
    """Return the derivative of y = beta(a, b), by the derivatives of its logarithm.

    Args:
        n: the order by a.
        m: the order by b.
        y: the value.
        psi: gives ``polygamma(k, x)``.
        difference: gives ``polygamma(k, x) - polygamma(k, x + z)`` of k, x and z.
        a: the first argument.
        b: the second.

    """

    def of_log(i: int, j: int) -> Any:
        k = i + j - 1
        if i and j:
            return -psi(k, a + b)
        return difference(k, a, b) if i else difference(k, b, a)

    found = {(0, 0): y}
    for i in range(n + 1):
        for j in range(m + 1):
            if (i, j) == (0, 0):
                continue
            di, dj = (1, 0) if i else (0, 1)
            found[i, j] = sum(
                math.comb(i - di, p)
                * math.comb(j - dj, q)
                * found[p, q]
                * of_log(i - p, j - q)
                for p in range(i - di + 1)
                for q in range(j - dj + 1)
            )
    return found[n, m]


def _exact_beta_partial(mp: Any, n: Any, m: Any, a: Any, b: Any) -> Any:
    def difference(k: int, x: Any, z: Any) -> Any:
        return mp.psi(k, x) - mp.psi(k, x + z)

    return _leibniz(int(n), int(m), mp.beta(a, b), mp.psi, difference, a, b)


_betaln = special("betaln")
_scipy_digamma = special("digamma")
_scipy_polygamma = special("polygamma", order=True)
_scipy_beta = special("beta")


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
    _digamma,
    lambda y, x: polygamma(1.0, x),
    domain=(POSITIVE,),
    elementary=False,
    doc="Return the derivative of lgamma at x.",
    safe=(),
)
polygamma = row(
    "polygamma",
    _polygamma,
    by_order("polygamma"),
    lambda y, n, x: polygamma(n + 1.0, x),
    domain=((1.0, 1.0), POSITIVE),
    exact=lambda mp, n, x: mp.psi(int(n), x),
    elementary=False,
    doc="Return the n-th derivative of digamma at x.",
)
polygamma_difference = row(
    "polygamma_difference",
    _polygamma_difference,
    by_order("polygamma_difference"),
    lambda y, n, a, b, k: polygamma_difference(n + 1.0, a, b, k),
    lambda y, n, a, b, k: -k * polygamma(n + 1.0, a + b),
    lambda y, n, a, b, k: polygamma_difference(n, a, b, 1.0),
    defaults=(1.0,),
    domain=((0.0, 0.0), POSITIVE, POSITIVE, (1.0, 1.0)),
    exact=lambda mp, n, a, b, k: k * (mp.psi(int(n), a) - mp.psi(int(n), a + b)),
    elementary=False,
    doc="Return k * (polygamma(n, a) - polygamma(n, a + b)) without cancellation.",
)
beta = row(
    "beta",
    _beta,
    lambda y, a, b: beta_partial(1.0, 0.0, a, b),
    lambda y, a, b: beta_partial(0.0, 1.0, a, b),
    domain=(POSITIVE, POSITIVE),
    exact=lambda mp, a, b: mp.beta(a, b),
    elementary=False,
    doc="Return gamma(a) * gamma(b) / gamma(a + b).",
)
beta_partial = row(
    "beta_partial",
    _beta_partial,
    by_order("beta_partial"),
    by_order("beta_partial"),
    lambda y, n, m, a, b: beta_partial(n + 1.0, m, a, b),
    lambda y, n, m, a, b: beta_partial(n, m + 1.0, a, b),
    domain=((1.0, 1.0), (0.0, 0.0), POSITIVE, POSITIVE),
    # Third derivatives of beta, which are its second ones, keep few digits far out.
    extent=((1.0, 1.0), (0.0, 0.0), (0.5, 20.0), (0.5, 20.0)),
    exact=_exact_beta_partial,
    elementary=False,
    doc="Return the derivative of beta(a, b), n times by a and m times by b.",
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
    far = special(name, order=True)

    def function(n: float, x: float) -> float:
        if abs(x) > 1e-100 or n < 0.0:
            return far(n, x)
        order = whole(name, n)
        return (0.5 * x) ** order / math.factorial(order)

    return function


j0 = row(
    "j0",
    special("j0"),
    lambda y, x: -j1(x),
    extent=WAVES,
    exact=lambda mp, x: mp.besselj(0, x),
    elementary=False,
    doc="Return the Bessel function of the first kind, of order 0.",
    safe=(),
)
j1 = row(
    "j1",
    special("j1"),
    lambda y, x: 0.5 * (j0(x) - jn(2.0, x)),
    extent=WAVES,
    exact=lambda mp, x: mp.besselj(1, x),
    elementary=False,
    doc="Return the Bessel function of the first kind, of order 1.",
    safe=(),
)
jn = row(
    "jn",
    _near_zero("jn"),
    by_order("jn"),
    lambda y, n, x: 0.5 * (jn(n - 1.0, x) - jn(n + 1.0, x)),
    domain=((2.0, 2.0), REAL),
    extent=((2.0, 2.0), *WAVES),
    exact=lambda mp, n, x: mp.besselj(int(n), x),
    elementary=False,
    doc="Return the Bessel function of the first kind, of integer order n.",
    safe=(),
)
i0 = row(
    "i0",
    special("i0"),
    lambda y, x: i1(x),
    extent=((-700.0, 700.0),),
    exact=lambda mp, x: mp.besseli(0, x),
    elementary=False,
    doc="Return the modified Bessel function of order 0.",
    safe=(),
)
i1 = row(
    "i1",
    special("i1"),
    lambda y, x: 0.5 * (i0(x) + iv(2.0, x)),
    extent=((-700.0, 700.0),),
    exact=lambda mp, x: mp.besseli(1, x),
    elementary=False,
    doc="Return the modified Bessel function of order 1.",
    safe=(),
)
iv = row(
    "iv",
    _near_zero("iv"),
    by_order("iv"),
    lambda y, n, x: 0.5 * (iv(n - 1.0, x) + iv(n + 1.0, x)),
    domain=((2.0, 2.0), REAL),
    extent=((2.0, 2.0), (-700.0, 700.0)),
    exact=lambda mp, n, x: mp.besseli(int(n), x),
    elementary=False,
    doc="Return the modified Bessel function of integer order n.",
    safe=(),
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


def _sinc_partial(n: float, x: float) -> float:
    z, order = math.pi * x, int(n)
    if abs(z) < 1.5 + 0.7 * order:
        # sum of (-1)**k z**2k / (2k+1)!, differentiated term by term
        odd = order % 2  # then x is a factor, and taken last
        total = math.fsum(
            (-1.0) ** k
            * z ** (2 * k - order - odd)
            / ((2 * k + 1) * math.factorial(2 * k - order))
            for k in range((order + odd) // 2, order // 2 + 20)
        )
        return total * math.pi ** (order + odd) * (x if odd else 1.0)
    # x * sinc(x) is sin(pi*x)/pi: by Leibniz, each derivative from the one before.
    turn, y = math.remainder(x, 2.0), _sinc(x)
    for k in range(1, order + 1):
        wave = math.pi ** (k - 1) * _sin_pi(turn + 0.5 * (k % 4))
        y = (wave - k * y) / x
    return y


def _exact_sinc_partial(mp: Any, n: int, x: Any) -> Any:
    if not x:
        return mp.mpf(0) if n % 2 else (-1) ** (n // 2) * mp.pi**n / (n + 1)
    y = mp.sinc(mp.pi * x)
    for k in range(1, n + 1):
        y = (mp.pi ** (k - 1) * mp.sin(mp.pi * (x + mp.mpf(k) / 2)) - k * y) / x
    return y


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
    # 0 at the origin, where it changes infinitely fast with a; elsewhere a / b.
    # Infinity is nowhere else, lest a tangent through what is not chosen be NaN.
    lambda y, a, b: select(
        (origin := equal(a, 0.0) * equal(b, 0.0)),
        strong_mul(a, select(origin, math.inf, 0.0)),
        quotient(a, b),
    ),
    domain=(REAL, POSITIVE),
    exact=lambda mp, a, b: a * mp.log(b),
    at_kink=lambda a, b: b == 0.0,
    kinks={(0.0, 0.0): (-math.inf, 0.0)},
    doc="Return x * log(y), 0 where x is 0.",
    safe=((1, ">", 0.0),),
)
logit = row(
    "logit",
    _logit,
    lambda y, x: logit_slope(x),
    domain=(PROBABILITY,),
    extent=((0.0, 1.0),),
    exact=lambda mp, x: mp.log(x / (1 - x)),
    doc="Return log(x / (1 - x)), the inverse of sigmoid.",
    safe=((0, ">", 0.0), (0, "<", 1.0)),
)
logit_slope = row(
    "logit_slope",
    lambda x: _quotient(1.0, x * (1.0 - x)),
    lambda y, x: (2.0 * x - 1.0) * y * y,
    methods=(),  # it is there for the partials of others
    domain=(PROBABILITY,),
    extent=((0.0, 1.0),),
    exact=lambda mp, x: 1 / (x * (1 - x)),
    doc="Return 1 / (x * (1 - x)), the derivative of logit.",
    safe=(),
)
sinc = row(
    "sinc",
    _sinc,
    lambda y, x: sinc_partial(1.0, x),
    exact=lambda mp, x: mp.sinc(mp.pi * x),
    extent=((-1e15, 1e15),),
    elementary=False,
    doc="Return sin(pi*x) / (pi*x), 1 at 0, as NumPy's sinc.",
    safe=((0, "finite", 0.0),),
)
sinc_partial = row(
    "sinc_partial",
    _sinc_partial,
    by_order("sinc_partial"),
    lambda y, n, x: sinc_partial(n + 1.0, x),
    domain=((1.0, 1.0), REAL),
    extent=((1.0, 1.0), (-1e15, 1e15)),
    exact=lambda mp, n, x: _exact_sinc_partial(mp, int(n), x),
    elementary=False,
    doc="Return the n-th derivative of sinc at x.",
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
    safe=(),
)
