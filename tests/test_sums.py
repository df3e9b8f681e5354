"""Sums, products and norms of n numbers: one node of n parents, accurate to the end."""

from __future__ import annotations

import math
import random
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from outcomes import bits

from autograd import Value
from autograd import math as am
from autograd.primitives import TABLE

deterministic = settings(derandomize=True, max_examples=200, deadline=None)

N_ARY = {
    "fsum": am.fsum,
    "prod": am.prod,
    "logsumexp": am.logsumexp,
    "hypot": lambda xs: am.hypot(*xs),
    "sumprod": lambda xs: am.sumprod(xs, [1.0] * len(xs)),
    "dist": lambda xs: am.dist(xs, [0.0] * len(xs)),
}


@pytest.mark.parametrize("name", N_ARY)
@pytest.mark.parametrize("n", [1, 2, 3, 17])
def test_a_function_of_n_numbers_is_one_node_with_n_parents(name, n):
    xs = [Value(0.5 + i / 7) for i in range(n)]
    node = N_ARY[name](xs)
    assert (node.op, node.parents) == (name, tuple(xs))
    assert len(node.partials) == n


@pytest.mark.parametrize("name", N_ARY)
def test_it_takes_any_iterable_and_constants_among_the_values(name):
    if name in {"fsum", "prod", "logsumexp"}:
        x = Value(2.0)
        node = N_ARY[name](item for item in (1, x, Fraction(1, 2)))
        assert node.operands == (1.0, x, 0.5)
    node = N_ARY[name]([Value(2.0), 3.0])
    assert len(node.parents) == 1


@pytest.mark.parametrize("name", N_ARY)
def test_it_gives_a_plain_float_for_floats(name):
    assert type(N_ARY[name]([0.5, 1.5])) is float


def test_a_product_has_right_partials_with_one_zero_and_with_two():
    assert am.prod([Value(x) for x in (2.0, 0.0, 3.0)]).partials == (0.0, 6.0, 0.0)
    assert am.prod([Value(x) for x in (0.0, 0.0, 3.0)]).partials == (0.0, 0.0, 0.0)


def test_a_product_starts_where_asked():
    x = Value(3.0)
    assert am.prod([x], start=Value(2.0)).data == 6.0
    assert am.prod([2.0, 3.0], start=2.0) == 12.0
    assert am.prod([]) == 1


exponents = st.integers(-60, 60)
terms = st.tuples(st.floats(-1.0, 1.0), exponents, st.floats(-1.0, 1.0), exponents)


@deterministic
@given(st.lists(terms, max_size=12), st.booleans())
@example([(1.0, 60, 1.0, 60), (1.0, 0, 1.0, 0)], True)
def test_sumprod_is_as_good_as_twice_the_precision(quads, mirror):
    p = [math.ldexp(a, i) for a, i, _, _ in quads]
    q = [math.ldexp(b, j) for _, _, b, j in quads]
    if mirror:  # what is large cancels
        p, q = [*p, *p], [*q, *(-b for b in q)]
        p, q = [*p, 0.1], [*q, 0.3]
    exact = sum((Fraction(a) * Fraction(b) for a, b in zip(p, q, strict=True)), start=0)
    size = sum(abs(Fraction(a) * Fraction(b)) for a, b in zip(p, q, strict=True))
    found = am.sumprod([Value(a) for a in p], q)
    y = found.data if p else found
    n, unit = len(p), Fraction(1, 2**53)
    bound = unit * abs(exact) + 2 * (n * unit) ** 2 * size + Fraction(n, 2**1070)
    assert abs(Fraction(y) - exact) <= bound
    assert bits(am.sumprod(p, q)) == bits(y)


def test_sumprod_has_the_bits_of_its_row():
    generator = random.Random(1)
    for _ in range(200):
        n = generator.randrange(1, 20)
        scale = generator.choice([1.0, 1e-300, 1e300, 1e150])
        p = [generator.gauss(0, 1) * scale for _ in range(n)]
        q = [generator.choice([1.0, scale, 1e10]) * generator.gauss(0, 1) for _ in p]
        assert bits(am.sumprod(p, q)) == bits(TABLE["sumprod"].value(*p, *q))


def test_sumprod_of_infinities_is_what_the_loop_gives():
    assert am.sumprod([Value(math.inf), 1.0], [2.0, 3.0]).data == math.inf
    assert math.isnan(am.sumprod([Value(math.inf)], [0.0]).data)
    assert am.sumprod([Value(1e300), 1.0], [2.0, 3.0]).data == 2e300


def test_sumprod_of_values_on_both_sides_differentiates_by_both():
    w, x = [Value(1.0), Value(2.0)], [Value(3.0), 4]
    y = am.sumprod(w, x)
    assert (y.data, y.parents) == (11.0, (*w, x[0]))
    assert y.operands == (*w, x[0], 4.0)
    y.backward()
    assert [v.grad for v in (*w, x[0])] == [3.0, 4.0, 1.0]


def test_sumprod_takes_many_integers_and_numpy_numbers_in_linear_time():
    n = 200_000
    x = Value(1.0)
    assert am.sumprod([x] * n, range(n)).data == n * (n - 1) / 2
    assert am.sumprod(np.ones(n), [x] * n).data == n
