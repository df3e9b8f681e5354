"""Special functions at negative arguments, against 50-digit arithmetic."""

from __future__ import annotations

import math

import mpmath
import pytest

from autograd import grad, hessian
from autograd import math as am

mp = mpmath.MPContext()
mp.dps = 60

NEAR_POLES = [
    math.nextafter(-float(n), toward)
    for n in (1, 2, 3, 10, 60, 150)
    for toward in (0.0, -math.inf)
]
NEAR_POLES += [-n - d for n in (1, 7, 33) for d in (1e-12, 1e-9, -1e-6, 1e-3, 0.25)]


def psi(n, x):
    return mp.psi(n, mp.mpf(x))


@pytest.mark.parametrize("x", [*NEAR_POLES, -0.5, -1.5, -20.3, -1e5 - 0.25, -1e-9])
def test_digamma_and_what_rests_on_it_are_accurate_near_negative_poles(x):
    g = mp.gamma(mp.mpf(x))
    truths = [
        (am.digamma(x), psi(0, x)),
        (am.polygamma(0, x), psi(0, x)),
        (grad(am.lgamma)(x), psi(0, x)),
        (grad(am.digamma)(x), psi(1, x)),
        (grad(grad(am.lgamma))(x), psi(1, x)),
    ]
    if abs(x) < 170.0:
        truths.append((grad(am.gamma)(x), g * psi(0, x)))
        truths.append((grad(grad(am.gamma))(x), g * (psi(0, x) ** 2 + psi(1, x))))
    for found, truth in truths:
        if 1e-300 < abs(truth) < 1e308:
            assert abs(found - truth) < 1e-13 * abs(truth), (found, float(truth))


NEGATIVE_PAIRS = [
    (-1.5, -0.3), (-0.5, 0.7), (-3.3, 4.1), (0.5, -7.3), (-1.5, 3.2), (-2.4, -1.9),
    (-1e-3, 2.5), (6.39, -7.71), (-3.26, -0.0032), (2.5, -0.6),
]  # fmt: skip


@pytest.mark.parametrize(("a", "b"), NEGATIVE_PAIRS)
def test_second_derivatives_of_beta_at_negative_arguments_are_right(a, b):
    by_a, by_b = psi(0, a) - psi(0, a + mp.mpf(b)), psi(0, b) - psi(0, a + mp.mpf(b))
    s = psi(1, a + mp.mpf(b))
    log = [[psi(1, a) - s, -s], [-s, psi(1, b) - s]]
    y = mp.beta(mp.mpf(a), mp.mpf(b))
    squares = [[by_a * by_a, by_a * by_b], [by_b * by_a, by_b * by_b]]
    for f, truth in (
        (am.lbeta, log),
        (am.beta, [[y * (log[i][j] + squares[i][j]) for j in (0, 1)] for i in (0, 1)]),
    ):
        found = hessian(lambda v, f=f: f(*v))([a, b])
        for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
            off = abs(found[i][j] - truth[i][j])
            assert off < 1e-11 * abs(truth[i][j]), (f, i, j, found[i][j])


def test_digamma_at_a_pole_is_what_scipy_says():
    assert math.isnan(am.digamma(-1.0))
    assert am.digamma(0.0) == -math.inf
