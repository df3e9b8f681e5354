"""Complex numbers between real ends, in lifted code: against Python and differences."""

from __future__ import annotations

import cmath
import itertools
import math

import numpy as np
import pytest
from scipy import special

from autograd import Value, grad, jit, lift, value_and_grad, vmap
from autograd.lifting.complexes import Complex
from autograd.lifting.plane import FUNCTIONS, of_the_plane

PLACES = [
    *(complex(x, y) for x in (-2.7, -0.4, 0.3, 1.9) for y in (-1.6, -0.2, 0.7, 2.2)),
    *(complex(x, zero) for x in (-3.0, -0.5, 0.5, 2.0) for zero in (0.0, -0.0)),
    *(complex(0.0, y) for y in (-3.0, -0.5, 0.5, 2.0)),
]
OF_CMATH = sorted(name for name in FUNCTIONS if hasattr(cmath, name))


def as_python(z):
    return complex(z.real, z.imag) if type(z) is Complex else z


@pytest.mark.parametrize("name", OF_CMATH)
def test_functions_of_the_plane_are_those_of_cmath_on_their_cuts_too(name):
    f = FUNCTIONS[name] if name[:2] in {"is", "ph"} else of_the_plane(name)
    for z in PLACES:
        found = as_python(f(Complex(z.real, z.imag)))
        expected = getattr(cmath, name)(z)
        assert found == pytest.approx(expected, rel=1e-13)
        if expected.imag:
            assert math.copysign(1.0, found.imag) == math.copysign(1.0, expected.imag)


def test_operators_are_those_of_complex_numbers():
    for a, b in itertools.pairwise(PLACES):
        x = Complex(a.real, a.imag)
        for other in (b, 2, -3, 0.5):
            pairs = [
                (x + other, a + other), (other - x, other - a), (x * other, a * other),
                (x / other, a / other), (other / x, other / a), (x**other, a**other),
                (other**x, other**a), (abs(x), abs(a)), (x == other, a == other),
            ]  # fmt: skip
            for found, expected in pairs:
                assert as_python(found) == pytest.approx(expected, rel=1e-13)


def cubic(p, q):
    d = cmath.sqrt(q * q / 4 + p**3 / 27)
    u = (-q / 2 + d) ** (1 / 3)
    return (u - p / (3 * u)).real


def modulus_of_a_root(a, b, c):
    return abs((-b + cmath.sqrt(b * b - 4 * a * c)) / (2 * a))


def literals(x, y):
    z = x + 1j * y
    return (z * z.conjugate() / (1 + 2j * x)).imag


def reflection(n, angle):
    inside = cmath.asin(n * math.sin(angle))
    r = cmath.cos(inside) / (1.0 + complex(n, angle) ** 2)
    return abs(r) ** 2 + cmath.phase(r) + cmath.polar(r)[0]


def of_arrays(x, y):
    z = np.exp(1j * np.array([x, y, x * y]))
    z = z * np.array([1.0, 2.0 + 1j, 3.0])
    return float(np.abs(np.sum(z)) + z.real[1] + np.angle(z[2]) + np.imag(z).sum())


def filled(x, y):
    z = np.zeros(3, dtype=complex)
    for k in range(3):
        z[k] = complex(x, k * y) ** 2
    return abs(z.sum())


def asked_for_its_type(x, y):
    z = cmath.exp(complex(x, y))
    return z.imag if isinstance(z, complex) and not isinstance(z, float) else x


def line_shape(x, width):
    return special.wofz((x + 1j * width) / 1.4).real


def of_gammas(x, y):
    return special.loggamma(complex(x, y)).real + special.psi(x + 1j * y).imag


def roots_of_a_cubic(a, b):
    found = np.roots([1.0, a, 2.0, b])
    real = np.extract(np.isreal(found), np.real(found))
    return real[0] + np.abs(found).max()


CASES = [
    (cubic, (1.0, 2.0)), (cubic, (-3.0, 0.5)), (modulus_of_a_root, (1.0, 2.0, 5.0)),
    (modulus_of_a_root, (1.0, 3.0, 1.0)), (literals, (0.4, 0.7)),
    (reflection, (1.3, 0.4)), (reflection, (1.5, 1.2)), (of_arrays, (0.4, 0.9)),
    (filled, (0.4, 0.9)), (asked_for_its_type, (0.4, 0.9)), (line_shape, (0.3, 0.8)),
    (of_gammas, (1.3, 0.8)), (of_gammas, (-2.3, 0.8)), (roots_of_a_cubic, (0.5, -1.0)),
]  # fmt: skip
IDS = [f"{f.__name__}{point}" for f, point in CASES]


def slopes(f, point):
    def quotient(k, h):
        above, below = list(point), list(point)
        above[k] += h
        below[k] -= h
        return (f(*above) - f(*below)) / (2 * h)

    return [(4 * quotient(k, 5e-4) - quotient(k, 1e-3)) / 3 for k in range(len(point))]


@pytest.mark.parametrize(("f", "point"), CASES, ids=IDS)
def test_a_real_function_through_complex_numbers_has_its_gradient(f, point):
    argnums = tuple(range(len(point)))
    lifted = lift(f)
    assert lifted(*point) == f(*point)
    y, found = value_and_grad(lifted, argnums)(*point)
    assert y == pytest.approx(f(*point), rel=1e-12)
    assert found == pytest.approx(slopes(f, point), rel=1e-7, abs=1e-9)
    compiled = jit(value_and_grad(f, argnums))
    for scale in (1.0, 1.001):
        at = [x * scale for x in point]
        y, found = compiled(*at)
        assert (y, *found) == pytest.approx(
            (f(*at), *grad(lifted, argnums)(*at)), rel=1e-11, abs=1e-13
        )
    rows = [np.array([x, x * 1.001]) for x in point]
    ys, columns = vmap(value_and_grad(f, argnums))(*rows)
    assert ys.tolist() == pytest.approx([f(*row) for row in zip(*rows, strict=True)])
    expected = grad(lifted, argnums)(*[float(row[1]) for row in rows])
    assert [c[1] for c in columns] == pytest.approx(expected, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("f", [line_shape, of_gammas, roots_of_a_cubic])
def test_analytic_functions_have_second_derivatives(f):
    point = (0.6, 0.8) if f is not roots_of_a_cubic else (0.5, -1.0)
    lifted = lift(f)
    first = grad(lifted, (0, 1))
    for k in (0, 1):
        found = grad(grad(lifted, k), (0, 1))(*point)
        expected = slopes(lambda *xs, k=k: first(*xs)[k], point)
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_a_complex_number_is_no_real_one():
    with pytest.raises(TypeError, match="not complex"):
        grad(lift(lambda x: float(cmath.sqrt(x))))(-2.0)
    with pytest.raises(TypeError, match="not complex"):
        grad(lift(lambda x: float(x + 0j)))(2.0)
    with pytest.raises(TypeError, match="takes real coefficients"):
        grad(lift(lambda x: np.roots([x, 1j])[0].real))(2.0)


def test_outside_of_lifted_code_a_value_meets_no_complex_number():
    for f in (lambda x: x + 1j, lambda x: 1j * x, lambda x: x**1j, lambda x: 2j / x):
        with pytest.raises(TypeError, match="real numbers"):
            f(Value(2.0))
