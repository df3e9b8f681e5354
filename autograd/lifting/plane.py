"""plane: the functions of `cmath` on complex numbers of Values.

Each has the branch that `cmath` has, on its cuts too, where the sign of a zero tells
the side. Where a real number has a real result, that is the real function's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd import math as am
from autograd.lifting.complexes import UNIT, Complex, as_complex, exp, is_real, log


def sqrt(z: Complex) -> Complex:
    """Return the root whose real part is not negative."""
    a, b = z.real, z.imag
    if is_real(z):
        if a >= 0.0:
            return Complex(am.sqrt(a), b)
        return Complex(0.0, am.copysign(am.sqrt(-a), b))
    if not z:
        return Complex(am.sqrt(a), b)
    part = am.sqrt((abs(a) + am.hypot(a, b)) / 2.0)
    if a >= 0.0:
        return Complex(part, b / (2.0 * part))
    return Complex(abs(b) / (2.0 * part), am.copysign(part, b))


def sinh(z: Complex) -> Complex:
    """Return the hyperbolic sine."""
    a, b = z.real, z.imag
    return Complex(am.sinh(a) * am.cos(b), am.cosh(a) * am.sin(b))


def cosh(z: Complex) -> Complex:
    """Return the hyperbolic cosine."""
    a, b = z.real, z.imag
    return Complex(am.cosh(a) * am.cos(b), am.sinh(a) * am.sin(b))


def tanh(z: Complex) -> Any:
    """Return the hyperbolic tangent, for large numbers too."""
    t, s = am.tanh(z.real), am.tan(z.imag)
    return Complex(t, s) / Complex(1.0, t * s)


def asinh(z: Complex) -> Complex:
    """Return the inverse hyperbolic sine."""
    if type(z.real) is float and z.real == 0.0:
        found = asin(Complex(z.imag, -z.real))
        return Complex(-found.imag, found.real)
    return log(z + sqrt(z * z + 1.0)) if z.real >= 0.0 else -asinh(-z)


def asin(z: Complex) -> Complex:
    """Return the inverse sine."""
    if is_real(z):
        if abs(z.real) <= 1.0:
            return Complex(am.asin(z.real), z.imag)
        size = am.acosh(abs(z.real))
        turn = math.pi / 2.0 if z.real > 0.0 else -math.pi / 2.0
        return Complex(turn, am.copysign(size, z.imag))
    return _turned(asinh)(z)


def acos(z: Complex) -> Any:
    """Return the inverse cosine."""
    return Complex(math.pi / 2.0, 0.0) - asin(z)


def acosh(z: Complex) -> Any:
    """Return the inverse hyperbolic cosine."""
    if is_real(z) and z.real < 1.0:
        found = acos(Complex(z.real, math.copysign(0.0, z.imag)))
        return Complex(abs(found.imag), found.real * math.copysign(1.0, z.imag))
    return log(z + sqrt(z + 1.0) * sqrt(z - 1.0))


def atanh(z: Complex) -> Any:
    """Return the inverse hyperbolic tangent."""
    if is_real(z):
        if abs(z.real) < 1.0:
            return Complex(am.atanh(z.real), z.imag)
        turn = math.copysign(math.pi / 2.0, z.imag)
        return Complex(am.atanh(1.0 / z.real), turn)
    return (log(z + 1.0) - log(1.0 - z)) / 2.0


def atan(z: Complex) -> Complex:
    """Return the inverse tangent."""
    if is_real(z):
        return Complex(am.atan(z.real), z.imag)
    return _turned(atanh)(z)


def _turned(f: Callable[[Complex], Complex]) -> Callable[[Complex], Complex]:
    """Return -i f(i z), without a product, in which the sign of a zero is lost."""

    def turned(z: Complex) -> Complex:
        found = f(Complex(-z.imag, z.real))
        return Complex(found.imag, -found.real)

    return turned


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": exp, "log": log, "sqrt": sqrt, "sinh": sinh, "cosh": cosh, "tanh": tanh,
    "asinh": asinh, "acosh": acosh, "atanh": atanh, "sin": _turned(sinh),
    "tan": _turned(tanh), "asin": asin, "atan": atan, "acos": acos,
    "cos": lambda z: cosh(UNIT * z), "log10": lambda z: log(z) / math.log(10.0),
    "phase": lambda z: am.atan2(z.imag, z.real), "abs": abs,
    "square": lambda z: z * z, "reciprocal": lambda z: z.inverse(),
    "isnan": lambda z: am.isnan(z.real) or am.isnan(z.imag),
    "isinf": lambda z: am.isinf(z.real) or am.isinf(z.imag),
    "isfinite": lambda z: am.isfinite(z.real) and am.isfinite(z.imag),
}  # fmt: skip
# Where results of real numbers are real; elsewhere cmath goes on in the plane.
INSIDE: dict[str, Callable[[Any], Any]] = {
    "sqrt": lambda x: x >= 0.0, "log": lambda x: x > 0.0, "log10": lambda x: x > 0.0,
    "acos": lambda x: abs(x) <= 1.0, "asin": lambda x: abs(x) <= 1.0,
    "acosh": lambda x: x >= 1.0, "atanh": lambda x: abs(x) < 1.0,
}  # fmt: skip


def of_the_plane(name: str) -> Callable[..., Any]:
    """Return a function of `cmath`, of Values and Complexes."""
    f: Callable[..., Any] = FUNCTIONS[name]
    real: Callable[..., Any] | None = getattr(am, name, None)
    inside: Callable[[Any], Any] = INSIDE.get(name, lambda _: True)

    def apply(x: Any, *base: Any) -> Any:
        z = as_complex(x)
        if is_real(z) and real is not None and not base and inside(z.real):
            return Complex(real(z.real))
        return f(z, *base)

    return apply


def of_either(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of real numbers that takes a Complex, too, as NumPy's do."""
    f = FUNCTIONS.get(name)
    if f is None:
        return real

    def apply(x: Any, *rest: Any) -> Any:
        return f(as_complex(x)) if type(x) in {Complex, complex} else real(x, *rest)

    return apply
