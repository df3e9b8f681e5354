"""Hold that each row's source has its value and gradient, zeros and ties included.

The oracle is the interpreter, on points that the row was not recorded at. What a
library cannot say may be NaN, infinite, complex or an error; never another number.
"""

from __future__ import annotations

import itertools
import math
import random

import pytest
from compiled import ORDERS, order_count, program_of

from autograd import math as amath
from autograd import value_and_grad
from autograd.compiler import trace
from autograd.compiler.targets import SOURCES, to
from autograd.primitives import TABLE

pytestmark = pytest.mark.targets

LIBRARIES = {"numpy": "scipy", "jax": "jax", "torch": "torch", "sympy": "sympy"}
SMALL = (0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -3.0, 0.25, 40.0, -40.5, -8.0, 4.0)
# Rows that a library leaves undefined where they have a number: it is NaN there.
UNDEFINED = {
    "jax": {"beta", "lbeta", "polygamma", "digamma"},  # at negative arguments
    "sympy": {"atan2"},  # at the origin, where the signs of zeros decide
}
ROUGH = {("torch", "j0"): 1e-7, ("torch", "j1"): 1e-7, ("jax", "beta"): 1e-7}
WITHOUT = {
    "numpy": set(),
    "jax": {
        "beta_partial", "inverse_mills", "iv", "j0", "j1", "jn", "polygamma_difference",
        "round", "ulp",
    },
    "torch": {
        "beta", "beta_partial", "gamma", "inverse_mills", "iv", "jn", "lbeta",
        "polygamma", "polygamma_difference", "round", "ulp",
    },
    "sympy": {
        "beta_partial", "copysign", "inverse_mills", "nextafter",
        "polygamma_difference", "power_partial", "remainder", "rint", "round",
        "scale", "sinc_partial", "ulp", "whole",
    },
}  # fmt: skip
CASES = [
    pytest.param(name, target, id=f"{name}-{target}")
    for target in LIBRARIES
    for name in TABLE
]


def domain_of(row, count):
    domain = row.domain[order_count(row) :]
    return domain * count if row.arity is None else domain


def points(row, count):
    generator = random.Random(row.name)
    domain = domain_of(row, count)
    for _ in range(4):
        yield [generator.uniform(low, high) for low, high in domain]
    if len(domain) <= 2:
        special = list(itertools.product(SMALL, repeat=len(domain)))
    else:
        special = [[generator.choice(SMALL[:8]) for _ in domain] for _ in range(40)]
        special += [[x] * len(domain) for x in SMALL]
    yield from generator.sample(special, min(50, len(special)))


def programs(row, count, orders):
    """Return the row's value and its gradient as programs."""
    generator = random.Random(row.name)
    at = [generator.uniform(low, high) for low, high in domain_of(row, count)]
    every = tuple(range(len(at)))
    gradient = value_and_grad(lambda *xs: row(*orders, *xs), argnums=every)
    return program_of(row, count, orders), trace(gradient, *at)


def loaded(program, target):
    names = {}
    exec(compile(to(program, target), "source", "exec"), names)  # noqa: S102
    return names[program.name if program.name in names else "f"]


def numbers(function, point, count):
    """Return floats; None for what is none: a complex number, or an error."""
    try:
        found = [complex(x) for x in function(*point)]
    except (ArithmeticError, ValueError, TypeError):
        return [None] * count
    return [None if x.imag else x.real for x in found]


def is_finite(x):
    return x is not None and math.isfinite(x)


def agree(found, expected, rough):
    if not is_finite(expected):
        return not is_finite(found)
    return is_finite(found) and abs(found - expected) <= rough * (1 + abs(expected))


def expected_of(program, point):
    try:
        return [float(x) for x in program(*point)]
    except (ArithmeticError, ValueError):
        return [None] * len(program.outputs)


@pytest.mark.shared
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("name", "target"), CASES)
def test_source_has_a_rows_value_and_gradient_or_says_so(name, target):
    pytest.importorskip(LIBRARIES[target], reason=f"{target} is not installed")
    row = TABLE[name]
    count = 4 if row.arity is None else row.arity
    rough = ROUGH.get((target, name), 1e-9)
    undefined = name in UNDEFINED.get(target, ())
    spelled = 0
    for orders in itertools.product(ORDERS[:2], repeat=order_count(row)):
        for program in programs(row, count, orders):
            try:
                function = loaded(program, target)
            except NotImplementedError:
                continue
            spelled += 1
            for point in points(row, count):
                if target == "sympy":  # it has no sign of zero
                    point = [x + 0.0 for x in point]  # noqa: PLW2901
                wanted = expected_of(program, point)
                found = numbers(function, point, len(wanted))
                raised = not any(map(is_finite, found)) and len(found) > 1
                if raised and not all(map(is_finite, wanted)):
                    continue
                if None in wanted:  # Python raises: one result tells
                    assert not all(map(is_finite, found)), point
                    continue
                for x, y in zip(found, wanted, strict=True):
                    is_left_out = undefined and (x is None or math.isnan(x))
                    assert is_left_out or agree(x, y, rough), (point, found, wanted)
    assert bool(spelled) == (name not in WITHOUT[target])


@pytest.mark.parametrize("target", sorted({*SOURCES} - {"c"}))
@pytest.mark.parametrize(
    "function",
    [
        lambda x, y, z: amath.softmax([x, y, z])[0] * z,
        lambda x, y, z: amath.log_softmax([x, y, z])[1] * z,
        lambda x, y, z: (x * y).detach() * z + x.detach() * x,
        lambda x, y, z: amath.prod([x, y, z]),
    ],
    ids=["softmax", "log_softmax", "detach", "prod"],
)
def test_source_has_what_functions_of_several_numbers_become(target, function):
    pytest.importorskip(LIBRARIES.get(target, "math"), reason=f"no {target} here")
    for recorded in (function, value_and_grad(function, argnums=(0, 1, 2))):
        program = trace(recorded, 1.0, 2.0, 3.0)
        run = loaded(program, target)
        for point in ((1.0, 2.0, 3.0), (-0.7, 2.5, 0.3), (2.0, 2.0, -2.0)):
            wanted = [float(x) for x in program(*point)]
            found = numbers(run, point, len(wanted))
            assert all(map(agree, found, wanted, [1e-12] * len(wanted)))


@pytest.mark.parametrize("function", [amath.prod, amath.hypot, amath.fsum])
def test_compiled_by_jax_the_source_has_the_same_numbers(function):
    jax = pytest.importorskip("jax", reason="jax is not installed")
    gradient = value_and_grad(lambda *xs: function(list(xs)), argnums=(0, 1, 2))
    if function is amath.hypot:
        gradient = value_and_grad(function, argnums=(0, 1, 2))
    program = trace(gradient, 1.0, 2.0, 3.0)
    run = jax.jit(loaded(program, "jax"))
    for point in ((1.0, 2.0, 3.0), (-0.7, 2.53, 0.31), (1e200, 1.3e-200, 7.7)):
        wanted = [float(x) for x in program(*point)]
        found = numbers(run, point, len(wanted))
        assert all(map(agree, found, wanted, [1e-9] * len(wanted))), (found, wanted)
