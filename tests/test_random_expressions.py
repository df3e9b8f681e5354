"""Random programs out of the table, against 50-digit arithmetic of the same program.

A program is a list of steps; each applies a row to constants, inputs and the results of
earlier steps, so there is sharing and there are dead ends. An operand that lies outside
a row's domain goes through a sine into it first. The same list is run on Values and on
mpmath's numbers, through the independent functions of the oracle.

How far floats may be off is measured, not guessed: the mpmath run is repeated with
every result multiplied by 1 ± 1e-11, some 10⁵ rounding errors, and what that changes is
the tolerance. It is large exactly where a program cancels or comes close to a jump.
"""

from __future__ import annotations

import functools
import math
import random
import sys
from dataclasses import dataclass
from pathlib import Path

import mpmath
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from mpmath import mp

sys.path.insert(0, str(Path(__file__).parent))
from oracle import DIGITS, UnclearError, intervals, oracle_of

from autograd import Value, grad
from autograd.primitives import TABLE, Primitive

deterministic = settings(derandomize=True, max_examples=250, deadline=None)
# What it gives is a matter of the last bit, which 50 digits do not have.
LEFT_OUT = {"nextafter"}
ROWS = [row for row in TABLE.values() if row.name not in LEFT_OUT]
INPUTS = 3
JITTER = 1e-11


@dataclass
class Step:
    """Apply a row to constants, or to places of results, each with its squash."""

    row: Primitive
    operands: list


def program(seed: int, size: int) -> tuple[list[float], list[Step]]:
    """Make inputs and steps; all follows from the seed."""
    generator = random.Random(seed)
    inputs = [generator.uniform(-3.0, 3.0) for _ in range(INPUTS)]
    results = list(inputs)
    steps = []
    while len(steps) < size:
        row = generator.choice(ROWS)
        operands = []
        for low, high in intervals(row):
            if low == high or generator.random() < 0.15:
                operands.append(generator.uniform(low, high))
            else:
                place = int(len(results) * generator.random() ** 0.5)
                inside = low <= results[place] <= high
                operands.append((place, None if inside else (low, high)))
        step = Step(row, operands)
        result = apply(step, results, lambda row, *args: row(*args), math.sin)
        if math.isfinite(result):
            results.append(result)
            steps.append(step)
    return inputs, steps


def apply(step, results, call, sine):
    """Run one step on any kind of number."""
    args = []
    for operand in step.operands:
        if isinstance(operand, float):
            args.append(operand)
            continue
        place, squash = operand
        x = results[place]
        if squash is not None:
            low, high = squash
            x = (low + high) / 2 + (high - low) / 2 * sine(x)
        args.append(x)
    return call(step.row, *args)


def run(steps, inputs):
    """Return the sum of an input and the last results, from floats or Values."""
    results = list(inputs)
    for step in steps:
        results.append(
            apply(step, results, lambda row, *args: row(*args), TABLE["sin"])
        )
    return TABLE["fsum"](results[0], *results[-3:])


def exact_run(steps, inputs, jitter):
    """Do the same on mpmath's numbers, each result off by the jitter."""
    signs = random.Random(1)

    def call(row, *args):
        try:
            exact = oracle_of(row)(*[mpmath.mpf(x) for x in args])
        except (ValueError, ZeroDivisionError):  # a jump before led to a pole
            raise UnclearError from None
        if isinstance(exact, mpmath.mpc):  # or out of a domain
            raise UnclearError
        return exact * (1 + jitter * signs.choice((-1, 1)))

    results = list(inputs)
    for step in steps:
        results.append(apply(step, results, call, mpmath.sin))
    return mpmath.fsum([results[0], *results[-3:]])


def where_clear(test):
    """Pass over programs that lie on a jump, where floats may go either way."""

    @functools.wraps(test)
    def test_where_clear(*args, **kwargs):
        try:
            test(*args, **kwargs)
        except UnclearError:
            reject()

    return test_where_clear


def truth_and_tolerance(f):
    """Return f without jitter, and how much jitter of either sign changes it."""
    with mp.workdps(DIGITS):
        truth, *others = [mpmath.re(f(j)) for j in (0, JITTER, -3 * JITTER)]
        change = max(abs(other - truth) for other in others)
        return truth, change + JITTER * abs(truth) + mpmath.mpf(JITTER)


def assert_agrees(found, f):
    truth, tolerance = truth_and_tolerance(f)
    if tolerance > 1e-3 * (1 + abs(truth)):  # a comparison would mean nothing
        raise UnclearError
    error = abs(mpmath.mpf(found) - truth)
    assert error <= tolerance, f"{found!r} is not {mpmath.nstr(truth, 20)}"


def by_input(steps, inputs, i):
    orders = tuple(int(k == i) for k in range(INPUTS))
    return lambda jitter: mpmath.diff(
        lambda *xs: exact_run(steps, xs, jitter), tuple(map(mpmath.mpf, inputs)), orders
    )


seeds = st.integers(0, 2**40)
sizes = st.integers(1, 14)


@deterministic
@given(seeds, sizes)
@where_clear
def test_value_and_gradient_agree_with_50_digits(seed, size):
    inputs, steps = program(seed, size)
    leaves = [Value(x) for x in inputs]
    y = run(steps, leaves)
    y.backward()
    exact = [mpmath.mpf(x) for x in inputs]
    assert_agrees(y.data, lambda jitter: exact_run(steps, exact, jitter))
    i = seed % INPUTS
    assert_agrees(leaves[i].grad, by_input(steps, inputs, i))
    transformed = grad(lambda xs: run(steps, xs))(inputs)
    assert transformed == pytest.approx([x.grad for x in leaves], rel=1e-12, abs=1e-300)


@deterministic
@given(seeds, sizes)
@where_clear
def test_second_derivatives_agree_with_50_digits(seed, size):
    inputs, steps = program(seed, size)
    direction = [1.0, -0.7, 0.4]

    def along(t, kind):
        return [kind(x) + t * d for x, d in zip(inputs, direction, strict=True)]

    found = grad(grad(lambda t: run(steps, along(t, float))))(0.0)
    assert_agrees(
        found,
        lambda jitter: mpmath.diff(
            lambda t: exact_run(steps, along(t, mpmath.mpf), jitter), mpmath.mpf(0), 2
        ),
    )


@deterministic
@given(seeds, sizes)
@where_clear
def test_the_graph_that_a_nested_gradient_walks_gives_the_same_first_derivative(
    seed, size
):
    inputs, steps = program(seed, size)
    f = lambda xs: run(steps, xs)  # noqa: E731
    plain = grad(f)(inputs)
    as_graph = grad(f)([Value(x) for x in inputs])
    numbers = [d.data if isinstance(d, Value) else d for d in as_graph]
    assert numbers == pytest.approx(plain, rel=1e-12, abs=1e-300)


def test_programs_share_and_leave_dead_ends_and_reach_the_whole_table():
    used = set()
    for seed in range(300):
        _, steps = program(seed, 10)
        used |= {step.row.name for step in steps}
    assert used == {row.name for row in ROWS}


def test_a_rule_planted_wrong_by_a_twentieth_of_a_percent_is_found():
    row = TABLE["tanh"]
    wrong = Primitive(
        "tanh", row.value, [lambda _, x: 1.0005 * TABLE["sech_squared"](x)]
    )
    steps = [Step(wrong, [(0, None)]), Step(TABLE["mul"], [(3, None), (1, None)])]
    inputs = [0.3, 1.5, 0.0]
    leaves = [Value(x) for x in inputs]
    run(steps, leaves).backward()
    with pytest.raises(AssertionError, match="is not"):
        assert_agrees(leaves[0].grad, by_input(steps, inputs, 0))
    assert_agrees(leaves[1].grad, by_input(steps, inputs, 1))
