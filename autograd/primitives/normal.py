"""Rows of the error function and the normal distribution, and SciPy's door.

What `math` does not have comes from SciPy, imported when first used. SciPy's functions
raise nothing: they are infinite at a pole, and NaN outside their domain.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from autograd.primitives.row import REAL, row

# What `autograd.math` takes from here.
__all__ = ["erf", "erfc", "erfcinv", "erfinv", "log_ndtr", "ndtr", "ndtri"]

TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)
HALF_SQRT_PI = math.sqrt(math.pi) / 2.0
ONE_OVER_SQRT_TWO_PI = 1.0 / math.sqrt(2.0 * math.pi)
# The root of 1/2 in two parts: the second is what the first lacks.
SQRT_HALF = math.sqrt(0.5)
SQRT_HALF_REST = -4.833646656726457e-17
UNIT = (-1.0, 1.0)
PROBABILITY = (0.05, 0.95)

MSG_SCIPY = "{0}() is SciPy's, and SciPy is not installed: pip install scipy"
MSG_WHOLE = "the order of {0} is an integer, not {1!r}"
MSG_ORDER = "the order of {0} is an integer, so there is no derivative by it"


def special(name: str, *, order: bool = False) -> Callable[..., float]:
    """Return SciPy's function of that name; the first argument may be an order."""

    def function(*args: float) -> float:
        try:
            import scipy.special
        except ImportError:
            raise ImportError(MSG_SCIPY.format(name)) from None
        first = whole(name, args[0]) if order else args[0]
        return float(getattr(scipy.special, name)(first, *args[1:]))

    return function


def whole(name: str, n: float) -> int:
    """Return the order of a function as an int."""
    if math.fmod(n, 1.0) != 0.0:  # so is that of NaN
        raise ValueError(MSG_WHOLE.format(name, n))
    return int(n)


def by_order(name: str) -> Callable[..., float]:
    """Return the partial of a row by its order, which only says that there is none."""

    def partial(_y: Any, *_args: Any) -> float:
        raise TypeError(MSG_ORDER.format(name))

    return partial


def _exp_minus_square(x: float) -> float:
    # x*x is rounded, and exp multiplies its error by x*x: at x = 20 a plain
    # exp(-x*x) has lost 8 bits. The head h has 26 bits, so h*h is exact.
    if not abs(x) <= 40.0:
        return x if math.isnan(x) else 0.0
    h = math.ldexp(round(math.ldexp(x, 20)), -20)
    return math.exp(-h * h) * math.exp((h - x) * (h + x))


def _hermite(n: float, x: float, s: int) -> float:
    """Return the Hermite polynomial He_n (s = 1) or H_n (s = 2), rounded once."""
    if n == 1.0:
        return s * x
    exact, before, now = Fraction(x), Fraction(0), Fraction(1)
    for k in range(int(n)):
        before, now = now, s * (exact * now - k * before)
    return float(now)


def _exp_minus_square_partial(n: float, x: float) -> float:
    if not abs(x) <= 40.0:
        return x if math.isnan(x) else 0.0
    h = math.ldexp(round(math.ldexp(x, 20)), -20)
    root = math.exp(-0.5 * h * h)  # in two factors, so that only the last underflows
    y = _hermite(n, x, 2) * root * math.exp((h - x) * (h + x)) * root
    return -y if n % 2.0 else y


def _normal_density_partial(n: float, x: float) -> float:
    if not abs(x) <= 40.0:
        return x if math.isnan(x) else 0.0
    h = math.ldexp(round(math.ldexp(x, 20)), -20)
    root = math.exp(-0.25 * h * h)
    rest = ONE_OVER_SQRT_TWO_PI * math.exp(0.5 * (h - x) * (h + x))
    y = _hermite(n, x, 1) * root * rest * root
    return -y if n % 2.0 else y


def _erfinv_slope(x: float) -> float:
    return _inverse_slope(_erfinv(x), 1.0 - abs(x))


def _erfcinv_slope(x: float) -> float:
    return -_inverse_slope(_erfcinv(x), min(x, 2.0 - x))


def _inverse_slope(y: float, tail: float) -> float:
    """Return 1 / erf'(y) at the y whose erfc(abs(y)) is the tail.

    exp(y*y) multiplies the error of y by y*y; so y is corrected to first order.
    """
    t = HALF_SQRT_PI * _exp_square(y)
    if not math.isfinite(t):
        return t
    y = abs(y)
    return t * (1.0 + 2.0 * y * (t * (math.erfc(y) - tail)))


def _ndtri_slope(x: float) -> float:
    y = abs(_ndtri(x))
    density = _normal_density(y)
    if not density:
        return math.inf
    off = (_ndtr(-y) - min(x, 1.0 - x)) / density
    return (1.0 + y * off) / density


def _exp_square(x: float) -> float:
    if not abs(x) < 30.0:
        return x if math.isnan(x) else math.inf
    h = math.ldexp(round(math.ldexp(x, 20)), -20)
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


_erfinv = special("erfinv")
_erfcinv = special("erfcinv")
_ndtri = special("ndtri")


exp_minus_square = row(
    "exp_minus_square",
    _exp_minus_square,
    lambda y, x: exp_minus_square_partial(1.0, x),
    methods=(),  # it is there for the partials of others
    exact=lambda mp, x: mp.exp(-x * x),
    safe=(),
    doc="Return exp(-x*x) to full precision.",
)
exp_minus_square_partial = row(
    "exp_minus_square_partial",
    _exp_minus_square_partial,
    by_order("exp_minus_square_partial"),
    lambda y, n, x: exp_minus_square_partial(n + 1.0, x),
    domain=((1.0, 1.0), REAL),
    exact=lambda mp, n, x: (-1) ** int(n) * mp.hermite(int(n), x) * mp.exp(-x * x),
    elementary=False,
    doc="Return the n-th derivative of exp(-x*x) at x.",
    safe=(),
)
exp_square = row(
    "exp_square",
    _exp_square,
    lambda y, x: 2.0 * (x * y),
    methods=(),  # it is there for the partials of others
    exact=lambda mp, x: mp.exp(x * x),
    extent=((-26.0, 26.0),),
    doc="Return exp(x*x) to full precision.",
    safe=(),
)
erf = row(
    "erf",
    math.erf,
    lambda y, x: TWO_OVER_SQRT_PI * exp_minus_square(x),
    exact=lambda mp, x: mp.erf(x) if abs(x) < 100 else mp.sign(x),
    safe=(),
)
erfc = row(
    "erfc",
    math.erfc,
    lambda y, x: -TWO_OVER_SQRT_PI * exp_minus_square(x),
    exact=_exact_erfc,
    safe=(),
)
erfinv = row(
    "erfinv",
    _erfinv,
    lambda y, x: erfinv_slope(x),
    domain=((-0.95, 0.95),),
    extent=(UNIT,),
    elementary=False,
    doc="Return the number whose erf is x, of -1 to 1.",
    safe=(),
)
erfinv_slope = row(
    "erfinv_slope",
    _erfinv_slope,
    lambda y, x: 2.0 * erfinv(x) * y * y,
    methods=(),  # it is there for the partials of others
    domain=((-0.95, 0.95),),
    extent=(UNIT,),
    exact=lambda mp, x: mp.sqrt(mp.pi) / 2 * mp.exp(mp.erfinv(x) ** 2),
    elementary=False,
    doc="Return the derivative of erfinv.",
    safe=(),
)
erfcinv = row(
    "erfcinv",
    _erfcinv,
    lambda y, x: erfcinv_slope(x),
    domain=((0.05, 1.95),),
    extent=((1e-20, 2.0),),
    exact=lambda mp, x: mp.erfinv(1 - x),
    elementary=False,
    doc="Return the number whose erfc is x, of 0 to 2.",
    safe=(),
)
erfcinv_slope = row(
    "erfcinv_slope",
    _erfcinv_slope,
    lambda y, x: 2.0 * erfcinv(x) * y * y,
    methods=(),  # it is there for the partials of others
    domain=((0.05, 1.95),),
    extent=((1e-20, 2.0),),
    exact=lambda mp, x: -mp.sqrt(mp.pi) / 2 * mp.exp(mp.erfinv(1 - x) ** 2),
    elementary=False,
    doc="Return the derivative of erfcinv.",
    safe=(),
)
normal_density = row(
    "normal_density",
    _normal_density,
    lambda y, x: normal_density_partial(1.0, x),
    methods=(),  # it is there for the partials of others
    exact=lambda mp, x: mp.npdf(x),
    safe=(),
    doc="Return the density of the standard normal distribution at x.",
)
normal_density_partial = row(
    "normal_density_partial",
    _normal_density_partial,
    by_order("normal_density_partial"),
    lambda y, n, x: normal_density_partial(n + 1.0, x),
    domain=((1.0, 1.0), REAL),
    exact=lambda mp, n, x: (
        (-1) ** int(n)
        * mp.hermite(int(n), x / mp.sqrt(2))
        / mp.sqrt(2) ** n
        * mp.npdf(x)
    ),
    elementary=False,
    doc="Return the n-th derivative of the standard normal density at x.",
    safe=(),
)
ndtr = row(
    "ndtr",
    _ndtr,
    lambda y, x: normal_density(x),
    exact=lambda mp, x: _exact_erfc(mp, -x / mp.sqrt(2)) / 2,
    safe=(),
    doc="Return the standard normal distribution function at x.",
)
log_ndtr = row(
    "log_ndtr",
    special("log_ndtr"),
    lambda y, x: inverse_mills(0.0, x),
    exact=lambda mp, x: mp.log(_exact_erfc(mp, -x / mp.sqrt(2)) / 2),
    extent=((-1e6, 40.0),),
    elementary=False,
    doc="Return the logarithm of the standard normal distribution function at x.",
    safe=(),
)
inverse_mills = row(
    "inverse_mills",
    _inverse_mills,
    by_order("inverse_mills"),
    lambda y, n, x: inverse_mills(n + 1.0, x),
    domain=((0.0, 0.0), REAL),
    extent=((0.0, 0.0), (-1e6, 40.0)),
    exact=lambda mp, n, x: mp.diff(
        lambda t: mp.npdf(t) / (_exact_erfc(mp, -t / mp.sqrt(2)) / 2), x, int(n)
    ),
    elementary=False,
    doc="Return the n-th derivative of normal density over distribution function at x.",
    safe=(),
)
ndtri = row(
    "ndtri",
    _ndtri,
    lambda y, x: ndtri_slope(x),
    domain=(PROBABILITY,),
    extent=((1e-20, 1.0),),
    exact=lambda mp, x: mp.sqrt(2) * mp.erfinv(2 * x - 1),
    elementary=False,
    doc="Return the number at which the normal distribution function is x.",
    safe=(),
)
ndtri_slope = row(
    "ndtri_slope",
    _ndtri_slope,
    lambda y, x: ndtri(x) * y * y,
    methods=(),  # it is there for the partials of others
    domain=(PROBABILITY,),
    extent=((1e-20, 1.0),),
    exact=lambda mp, x: mp.sqrt(2 * mp.pi) * mp.exp(mp.erfinv(2 * x - 1) ** 2),
    elementary=False,
    doc="Return the derivative of ndtri.",
    safe=(),
)
