"""analytic: functions of the complex plane that SciPy computes, and polynomials' roots.

An analytic function w(x + iy) is two primitives of two real numbers, whose partials
are those of its one derivative w' (Cauchy and Riemann):

    d re w = Re w' dx - Im w' dy,    d im w = Im w' dx + Re w' dy.

A root r of c₀ rⁿ + … + cₙ = 0 moves by dr = -Σ rⁿ⁻ᵏ dcₖ / p'(r).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from autograd.custom import primitive
from autograd.lifting.complexes import Complex, as_complex

FAR = 12.0  # from where the series of the trigamma function is exact
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)

MSG_ROOTS = "np.roots of Values takes real coefficients, of which the first is not 0"


def analytic(
    name: str,
    value: Callable[[complex], complex],
    slope: Callable[[Complex, Complex], Any],
) -> Callable[[Any], Complex]:
    """Return an analytic function of Values and Complexes.

    Args:
        name: what drawings call it.
        value: the function on complex numbers.
        slope: takes the function's output and its argument; returns its derivative.

    """

    def whole(x: Any, y: Any) -> Complex:
        return Complex(real(x, y), imag(x, y))

    def derivative(x: Any, y: Any) -> Any:
        return as_complex(slope(whole(x, y), Complex(x, y)))

    real = primitive(
        lambda x, y: value(complex(x, y)).real,
        (
            lambda _, x, y: derivative(x, y).real,
            lambda _, x, y: -derivative(x, y).imag,
        ),
        name=f"re_{name}",
    )
    imag = primitive(
        lambda x, y: value(complex(x, y)).imag,
        (
            lambda _, x, y: derivative(x, y).imag,
            lambda _, x, y: derivative(x, y).real,
        ),
        name=f"im_{name}",
    )

    def apply(z: Any) -> Complex:
        z = as_complex(z)
        return whole(z.real, z.imag)

    return apply


def _of_scipy(name: str) -> Callable[[complex], complex]:
    def value(z: complex) -> complex:
        from scipy import special

        return complex(getattr(special, name)(z))

    return value


def trigamma(z: Complex) -> Any:
    """Return the second derivative of the logarithm of the gamma function."""
    if z.real < 0.5:
        from autograd.lifting.plane import FUNCTIONS

        sine = FUNCTIONS["sin"](math.pi * z)
        return (math.pi * math.pi) / (sine * sine) - trigamma(1.0 - z)
    total: Any = Complex(0.0)
    while z.real < FAR:
        total = total + 1.0 / (z * z)
        z = z + 1.0
    square = (z * z).inverse()
    power = z.inverse()
    total = total + power + square / 2.0
    for b in BERNOULLI:
        power = power * square
        total = total + b * power
    return total


wofz = analytic(
    "wofz",
    _of_scipy("wofz"),
    lambda w, z: Complex(0.0, 2.0 / math.sqrt(math.pi)) - 2.0 * z * w,
)
digamma = analytic("digamma", _of_scipy("psi"), lambda _, z: trigamma(z))
loggamma = analytic("loggamma", _of_scipy("loggamma"), lambda _, z: digamma(z))


@functools.lru_cache(maxsize=100)
def _found(coefficients: tuple[float, ...]) -> tuple[complex, ...]:
    import numpy as np

    return tuple(complex(r) for r in np.roots(coefficients))


@functools.lru_cache(maxsize=200)
def _root(n: int, i: int) -> tuple[Any, Any]:
    """Return both parts of a root of polynomials of degree n as primitives."""

    def by(k: int, c: tuple[Any, ...]) -> Any:
        r, slope = Complex(real(*c), imag(*c)), Complex(0.0)
        for j, x in enumerate(c[:-1]):
            slope = slope * r + (n - j) * x
        return -(r ** (n - k)) / slope

    real = primitive(
        lambda *c: _found(c)[i].real,
        [lambda _, *c, k=k: by(k, c).real for k in range(n + 1)],
        name=f"re_root_{i}",
    )
    imag = primitive(
        lambda *c: _found(c)[i].imag,
        [lambda _, *c, k=k: by(k, c).imag for k in range(n + 1)],
        name=f"im_root_{i}",
    )
    return real, imag


def roots(p: Any) -> Any:
    """Return the roots of a polynomial of Values, as `np.roots` orders them."""
    import numpy as np

    c = [x if x.imag != 0.0 else x.real for x in np.ravel(np.asarray(p, object))]
    while c and c[0] == 0.0:
        c = c[1:]
    if len(c) < 2 or any(type(x) in {Complex, complex} for x in c):
        raise TypeError(MSG_ROOTS)
    n = len(c) - 1
    found = np.empty(n, dtype=object)
    found[:] = [Complex(*[part(*c) for part in _root(n, i)]) for i in range(n)]
    return found
