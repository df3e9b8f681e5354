"""complexes: complex numbers of Values, as real code goes through them.

The roots of a cubic, a reflection at a layer, a line shape: such code is real at both
ends and complex in between. A Value is a real number; where lifted code combines one
with a complex number, or asks for a complex root, it goes on with a `Complex`: two
numbers, Values or floats. Outside of lifted code that is an error, as before.
"""

from __future__ import annotations

import math
import sys
from typing import Any

from autograd import math as am
from autograd import value
from autograd.value import Value, number

NUMBERS = (float, int, Value)


class Complex:
    """A complex number.

    Attributes:
        real: its real part, a Value or a float.
        imag: its imaginary part, likewise.

    """

    __slots__ = ("imag", "real")

    def __init__(self, real: Any, imag: Any = 0.0) -> None:
        self.real = real
        self.imag = imag

    def __add__(self, other: Any) -> Any:
        z = as_complex(other)
        if z is NotImplemented:
            return z
        return Complex(self.real + z.real, self.imag + z.imag)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        z = as_complex(other)
        if z is NotImplemented:
            return z
        return Complex(self.real - z.real, self.imag - z.imag)

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, NUMBERS):
            return Complex(self.real * other, self.imag * other)
        z = as_complex(other)
        if z is NotImplemented:
            return z
        a, b = self.real, self.imag
        return Complex(a * z.real - b * z.imag, a * z.imag + b * z.real)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, NUMBERS):
            return Complex(self.real / other, self.imag / other)
        z = as_complex(other)
        return z if z is NotImplemented else self * z.inverse()

    def __rtruediv__(self, other: Any) -> Any:
        return self.inverse() * other

    def inverse(self) -> Complex:
        """Return 1 / z, without squares that overflow."""
        a, b = self.real, self.imag
        if abs(a) >= abs(b):
            ratio = b / a
            below = a + b * ratio
            return Complex(1.0 / below, -ratio / below)
        ratio = a / b
        below = a * ratio + b
        return Complex(ratio / below, -1.0 / below)

    def __pow__(self, other: Any) -> Any:
        whole = type(other) is int or (type(other) is float and other.is_integer())
        if whole and abs(other) <= 100:
            return self._whole_power(int(other))
        z = as_complex(other)
        if z is NotImplemented:
            return z
        if is_real(self) and is_real(z) and self.real > 0.0:
            return Complex(self.real**z.real)
        if not self:
            return Complex(0.0, 0.0) if z.real > 0.0 else self.inverse()
        return exp(z * log(self))

    def __rpow__(self, other: Any) -> Any:
        z = as_complex(other)
        return z if z is NotImplemented else z**self

    def _whole_power(self, n: int) -> Complex:
        if n < 0:
            return self._whole_power(-n).inverse()
        power, square = Complex(1.0), self
        while n:
            power = power * square if n & 1 else power
            n >>= 1
            square = square * square if n else square
        return power

    def __neg__(self) -> Complex:
        return Complex(-self.real, -self.imag)

    def __pos__(self) -> Complex:
        return self

    def __abs__(self) -> Any:
        return abs(self.real) if is_real(self) else am.hypot(self.real, self.imag)

    def __eq__(self, other: object) -> bool:
        z = as_complex(other)
        return z is not NotImplemented and bool(
            self.real == z.real and self.imag == z.imag
        )

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return bool(self.real != 0.0 or self.imag != 0.0)

    def __complex__(self) -> complex:
        return complex(self.real, self.imag)  # raises, as a gradient would be lost

    def conjugate(self) -> Complex:
        """Return the number with the other imaginary part."""
        return Complex(self.real, -self.imag)

    def __repr__(self) -> str:
        parts = [number(x) if type(x) is Value else x for x in (self.real, self.imag)]
        return f"Complex({parts[0]!r}, {parts[1]!r})"


UNIT = Complex(0.0, 1.0)


def is_real(z: Complex) -> bool:
    """Return whether a number has no imaginary part, for all Values."""
    return type(z.imag) is float and z.imag == 0.0


def as_complex(x: Any) -> Any:
    """Return a number as a Complex; NotImplemented for anything else."""
    if type(x) is Complex:
        return x
    if isinstance(x, NUMBERS):
        return Complex(x)
    return Complex(x.real, x.imag) if isinstance(x, complex) else NotImplemented


def made(real: Any = 0.0, imag: Any = None) -> Any:
    """Return ``complex(real, imag)``."""
    z = as_complex(real)
    if z is NotImplemented:
        return complex(real, imag)
    return z if imag is None else z + UNIT * imag


def exp(z: Complex) -> Complex:
    """Return e to a complex number."""
    size = am.exp(z.real)
    return Complex(size * am.cos(z.imag), size * am.sin(z.imag))


def log(z: Complex, *base: Any) -> Any:
    """Return the logarithm, on the branch that `cmath` has."""
    if base:
        return log(z) / log(as_complex(base[0]))
    if is_real(z):
        over = z.real > 0.0
        angle = z.imag if over else math.copysign(math.pi, z.imag)
        return Complex(am.log(z.real if over else -z.real), angle)
    return Complex(am.log(am.hypot(z.real, z.imag)), am.atan2(z.imag, z.real))


def _in_lifted_code() -> bool:
    """Return whether it is lifted code that combines a Value with a complex number."""
    from autograd.lifting.functions import OURS, is_lifted_code

    frame: Any = sys._getframe(1)  # noqa: SLF001 - there is no other way
    while frame is not None:
        if is_lifted_code(frame.f_code, frame.f_globals):
            return True
        home = str(frame.f_globals.get("__name__"))
        if home.partition(".")[0] not in OURS:
            return False
        frame = frame.f_back
    return False


def _beside(name: str, x: Value, other: Any) -> Any:
    """Return what an operator gives of a Value and a complex number."""
    return getattr(Complex(x), name)(other)


def enter() -> None:
    """Let Values know what complex numbers come to in lifted code."""
    value.COMPLEX.update(asked=_in_lifted_code, beside=_beside)
