"""Second derivatives at kinks are right or not finite, in eager and compiled code."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autograd import grad, hessian, hvp, jit, jvp, value_and_grad, vmap
from autograd import math as am

SQUARED_NORMS = {
    "hypot": lambda v: am.hypot(*v) ** 2,
    "hypot times itself": lambda v: (h := am.hypot(*v)) * h,
    "sqrt": lambda v: am.sqrt(v[0] * v[0] + v[1] * v[1]) ** 2,
    "dist": lambda v: am.dist(v, [0.0, 0.0]) ** 2,
    "a power": lambda v: ((v[0] ** 2 + v[1] ** 2) ** 0.5) ** 2,
    "cbrt": lambda v: am.cbrt(v[0] ** 2 + v[1] ** 2) ** 3,
    "abs": lambda v: abs(v[0] + v[1]) ** 2 / 2 + abs(v[0] - v[1]) ** 2 / 2,
    "maximum": lambda v: am.maximum(v[0], -v[0]) ** 2 + am.minimum(v[1], -v[1]) ** 2,
    "relu": lambda v: sum((am.relu(x) + am.relu(-x)) ** 2 for x in v),
    "clip": lambda v: sum((am.clip(x, 0, 9) + am.clip(-x, 0, 9)) ** 2 for x in v),
    "with more": lambda v: am.exp(am.hypot(*v) ** 2) + v[0] - 3.0 * v[1],
    "a sine": lambda v: 2.0 - 2.0 * am.cos(am.hypot(*v)),
}  # fmt: skip


def forward_twice(f, v, x_dot, y_dot):
    """Return the second derivative in two directions, by forward mode alone."""
    return jvp(lambda x: jvp(f, (x,), (x_dot,))[1], (v,), (y_dot,))[1]


@pytest.mark.parametrize("name", SQUARED_NORMS)
def test_the_hessian_of_a_squared_norm_at_the_origin_is_not_a_finite_wrong_one(name):
    f, origin = SQUARED_NORMS[name], [0.0, 0.0]
    found = [x for row in hessian(f)(origin) for x in row]
    found += hvp(f)(origin, [1.0, 0.0])
    found += [forward_twice(f, origin, [1.0, 0.0], [1.0, 0.0])]
    found += grad(lambda v: jvp(f, (v,), ([1.0, 0.0],))[1])(origin)
    assert not any(map(math.isfinite, found)), found


@pytest.mark.parametrize("name", SQUARED_NORMS)
def test_the_compiled_hessian_says_the_same(name):
    f = SQUARED_NORMS[name]
    compiled = jit(hessian(f))
    elsewhere = [0.3, 0.4]
    first = compiled(elsewhere)
    assert first[0][0] == pytest.approx(hessian(f)(elsewhere)[0][0])
    assert not any(math.isfinite(x) for row in compiled([0.0, 0.0]) for x in row)
    assert compiled(elsewhere) == first


def mean_over_rows(f):
    """Return the function that is the mean of f over rows, by one compiled call."""
    rows = vmap(lambda v, x: f(v) + x, (None, 0), reduce="mean")
    return lambda v: rows(v, np.array([1.0, -1.0]))


def along(f):
    return lambda v: jvp(f, (v,), ([1.0, 0.0],))[1]


# Differentiated once inside of what is compiled and once outside, or twice outside.
THROUGH_COMPILED = {
    "hessian(jit(f))": lambda f: hessian(jit(f)),
    "jit(hessian(jit(f)))": lambda f: jit(hessian(jit(f))),
    "jit(grad) by its rows": lambda f: lambda v: [
        grad(lambda v, i=i: jit(grad(f))(v)[i])(v)[i] for i in range(2)
    ],
    "value_and_grad": lambda f: grad(lambda v: jit(value_and_grad(jit(f)))(v)[1][0]),
    "hvp(jit(f))": lambda f: lambda v: hvp(jit(f))(v, [1.0, 0.0]),
    "jvp(jit(grad(f)))": lambda f: along(jit(grad(f))),
    "jvp of jvp of jit": lambda f: along(along(jit(f))),
    "grad of jvp of jit": lambda f: grad(along(jit(f))),
    "hessian(vmap(f))": lambda f: hessian(mean_over_rows(f)),
    "jit(hessian(vmap(f)))": lambda f: jit(hessian(mean_over_rows(f))),
    "hvp(vmap(f))": lambda f: lambda v: hvp(mean_over_rows(f))(v, [1.0, 0.0]),
    "vmap(hessian(jit(f)))": lambda f: lambda v: vmap(hessian(jit(f)))(np.array([v])),
    "seen elsewhere": lambda f: [h := hessian(jit(f)), h([0.3, 0.4])][0],
}  # fmt: skip


@pytest.mark.shared
@pytest.mark.parametrize("way", THROUGH_COMPILED)
@pytest.mark.parametrize("name", SQUARED_NORMS)
def test_derivatives_through_a_compiled_function_say_the_same(name, way):
    found = THROUGH_COMPILED[way](SQUARED_NORMS[name])([0.0, 0.0])
    assert not np.isfinite(np.asarray(found, float).ravel()[0]), found


@pytest.mark.parametrize("name", SQUARED_NORMS)
def test_first_derivatives_at_the_kink_stay_what_is_published(name):
    f = SQUARED_NORMS[name]
    plain = grad(f)([0.0, 0.0])
    assert all(map(math.isfinite, plain))
    inner = []
    grad(lambda v: inner.append(value_and_grad(f)(v)[1]) or v[0])([0.0, 0.0])
    assert [x.data for x in inner[0]] == plain


def squares(v):
    return v[0] ** 2 + v[1] ** 2


UNAFFECTED = {
    "not chosen": lambda v: am.where(v[0] > 1, am.hypot(*v) ** 2, squares(v)),
    "not the larger": lambda v: am.maximum(am.hypot(*v) ** 2 - 1.0, squares(v)),
    "flat before": lambda v: am.hypot(am.where(v[0] > 1, v[1], 0.0), 3.0) + squares(v),
    "away from it": lambda v: am.hypot(v[0] + 3.0, v[1] + 4.0) ** 2,
    "zero of second order": lambda v: am.relu(v[0]) ** 3 + abs(v[1]) ** 3 + squares(v),
    "and by products": lambda v: v[0] * v[0] * abs(v[0]) + squares(v),
    "no kink": lambda v: am.elu(v[0]) ** 2 + v[1] ** 2,
    "a constant": lambda v: am.hypot(0.0, 0.0) ** 2 + squares(v),
}  # fmt: skip


@pytest.mark.parametrize("name", UNAFFECTED)
def test_what_does_not_count_takes_nothing_away(name):
    f = UNAFFECTED[name]
    for found in (hessian(f)([0.0, 0.0]), hessian(jit(f))([0.0, 0.0])):
        assert [x for row in found for x in row] == pytest.approx([2.0, 0.0, 0.0, 2.0])
    assert hvp(jit(f))([0.0, 0.0], [1.0, 0.0]) == pytest.approx([2.0, 0.0])
    forwards = forward_twice(f, [0.0, 0.0], [1.0, 0.0], [1.0, 0.0])
    is_careful = name in {"zero of second order", "and by products"}
    assert math.isnan(forwards) if is_careful else forwards == pytest.approx(2.0)


def test_a_gradient_that_is_nan_has_no_finite_derivative():
    def f(x):
        return am.sqrt(x**4)

    assert hvp(f)(3.0, 1.0) == pytest.approx(2.0)
    for second in (hvp(f), hvp(jit(f)), jit(hvp(f))):
        assert math.isnan(second(0.0, 1.0))


def test_the_mixed_derivative_of_xlogy_stands_twice_in_its_hessian():
    for compile_it in (lambda f: f, jit):
        second = compile_it(hessian(lambda v: am.xlogy(v[0], v[1])))
        assert second([0.0, 1.27]) == [[0.0, 1.0 / 1.27], [1.0 / 1.27, 0.0]]
        assert second([0.0, 2.0]) == [[0.0, 0.5], [0.5, 0.0]]
    at_the_corner = hessian(lambda v: am.xlogy(v[0], v[1]))([0.0, 0.0])
    assert at_the_corner == [[0.0, math.inf], [math.inf, 0.0]]
