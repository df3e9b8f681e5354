"""Thousands of random programs against arithmetic of 60 digits and more.

A program (see `programs`) is run on Values, and everything that differentiates it must
give the same as `truth`: the value, `backward` and `grad` (the same bits; a second
`backward` adds the same again), `jvp`, and the Hessian times a vector by `hvp`.

A float is right if it is within 1e-10 of the truth, relatively. If not, the program may
be ill-conditioned: then what relative errors of 1e-13, some thousand roundings, in
every result and every local derivative do to the truth is measured, and four times that
is the tolerance. So no program is excused that rounding does not excuse; and where
rounding excuses more than 1e-4, the number is unclear, and few may be.

The first 2,000 programs are run by default, all 100,000 with ``pytest -m fuzz`` (about
15 minutes). A mismatch is shrunk to a program from which nothing can be left out.
"""

from __future__ import annotations

import math
import pickle
from collections import Counter
from functools import cache

import pytest
from oracle import UnclearError
from outcomes import bits
from programs import (
    ROWS,
    Program,
    Step,
    by_operator,
    output,
    random_program,
    shrink,
)
from truth import judge

from autograd import Value, grad, hvp, jvp, scope
from autograd.primitives import TABLE, Primitive

BY_DEFAULT = 2_000
BLOCK = 100
KEPT = cache(random_program)  # what several tests use


def along(program):
    """Return the direction of derivatives: of any length, and nowhere 0."""
    return [math.cos(2.0 * i) for i in range(len(program.inputs))]


def gradient_by_backward(program, call):
    """Return the output and the gradient, which a second pass adds again."""
    leaves = [Value(x) for x in program.inputs]
    y = program.run(leaves, call)[-1]
    y.backward()
    gradient = [x.grad for x in leaves]
    y.backward()
    twice = [x.grad for x in leaves]
    assert bits_of(twice) == bits_of([d + d for d in gradient]), "second backward"
    return y, gradient


def bits_of(numbers):
    return [bits(x) for x in numbers]


def derivatives(program, call):
    """Return what `truths` does, from the engine; and hold its ways to each other."""
    f, inputs, direction = output(program, call), list(program.inputs), along(program)
    y, gradient = gradient_by_backward(program, call)
    assert bits_of(grad(f)(inputs)) == bits_of(gradient), "grad is not backward"
    value, tangent = jvp(f, (inputs,), (direction,))
    assert bits(value) == bits(y.data), "jvp has another value"
    return [y.data, *gradient, tangent, *hvp(f)(inputs, direction)]


def reverse_over_reverse(program, call):
    """Return the same with a Hessian product that `hvp` does not compute."""
    f, inputs, direction = output(program, call), list(program.inputs), along(program)

    def slope(xs):
        return TABLE["sumprod"](*grad(f)(xs), *direction)

    return [*derivatives(program, call)[: len(inputs) + 2], *grad(slope)(inputs)]


def complaints(program, call=by_operator, differentiate=derivatives):
    """Return what is wrong, in words, and how many numbers were unclear."""
    try:
        found = differentiate(program, call)
    except UnclearError:
        raise
    except Exception as error:  # noqa: BLE001 - the program is valid: it is the engine's
        return [f"{type(error).__name__}: {error}"], 0
    verdicts = judge(program, along(program), found)
    n = len(program.inputs)
    names = ["value", *[f"derivative by v{i}" for i in range(n)], "tangent"]
    names += [f"Hessian product, entry {i}" for i in range(n)]
    wrong = [
        f"{name}: {verdict.message}"
        for name, verdict in zip(names, verdicts, strict=True)
        if not verdict.right
    ]
    return wrong, sum(not verdict.clear for verdict in verdicts)


def wrong_shrunk(program, call=by_operator, differentiate=derivatives):
    """Return a smallest program that is wrong too, and what is wrong with it."""

    def fails(candidate):
        try:
            return bool(complaints(candidate, call, differentiate)[0])
        except UnclearError:
            return False

    smallest = shrink(program, fails)
    wrong, _ = complaints(smallest, call, differentiate)
    return "\n".join([f"{smallest}", f"direction = {along(smallest)}", *wrong])


def assert_right(programs, differentiate=derivatives):
    numbers = unclear = at_kinks = 0
    for program in programs:
        try:
            wrong, doubtful = complaints(program, differentiate=differentiate)
        except UnclearError:
            at_kinks += 1
            continue
        if wrong:
            pytest.fail(wrong_shrunk(program, differentiate=differentiate))
        numbers += 2 * len(program.inputs) + 2
        unclear += doubtful
    assert at_kinks <= 0.05 * len(programs)
    assert unclear <= 0.05 * numbers


@pytest.mark.shared
@pytest.mark.parametrize("block", range(BY_DEFAULT // BLOCK))
def test_values_and_derivatives_of_random_programs_are_exact(block):
    assert_right([KEPT(seed) for seed in range(block * BLOCK, (block + 1) * BLOCK)])


@pytest.mark.fuzz
@pytest.mark.parametrize("block", range(100_000 // BLOCK))
def test_values_and_derivatives_of_all_random_programs_are_exact(block):
    first = block * BLOCK
    assert_right([random_program(seed) for seed in range(first, first + BLOCK)])


FOUND = [
    Program((-5330.7,), (Step("inverse_mills", (0.0, 0)),)),
    Program((-88.3,), (Step("logsumexp", (0.0, 0)),)),
    Program((480500.8,), (Step("beta", (0.96, 0)),)),
    Program((155698.4,), (Step("lbeta", (0.76, 0)), Step("mod", (1, 0.153)))),
    Program((747000.0,), (Step("lbeta", (0, 0.498)),)),
    Program((-2200.0,), (Step("pow", (2.5, 0)), Step("power_slope", (1, 0.0)))),
]


@pytest.mark.parametrize("program", FOUND, ids=lambda p: p.steps[-1].name)
def test_what_the_programs_once_found_is_right(program):
    assert_right([program])


def test_a_gradient_of_a_gradient_gives_the_same_hessian_product():
    programs = [KEPT(seed) for seed in range(0, BY_DEFAULT, 20)]
    assert_right(programs, reverse_over_reverse)


def test_a_scope_changes_no_derivative_and_names_every_step():
    for seed in range(0, BY_DEFAULT, 20):
        program = KEPT(seed)
        _, gradient = gradient_by_backward(program, by_operator)
        leaves = [Value(x) for x in program.inputs]
        with scope("random"), scope("program"):
            results = program.run(leaves, by_operator)
        results[-1].backward()
        assert bits_of([x.grad for x in leaves]) == bits_of(gradient)
        places = {y.scope for y in results[len(leaves) :]}
        assert places == {"random/program"}


def test_a_pickled_program_has_the_same_derivatives():
    for seed in range(0, BY_DEFAULT, 20):
        program = KEPT(seed)
        _, gradient = gradient_by_backward(program, by_operator)
        leaves = [Value(x) for x in program.inputs]
        y = program.run(leaves, by_operator)[-1]
        y, leaves = pickle.loads(pickle.dumps((y, leaves)))  # noqa: S301 - our own
        y.backward()
        assert bits_of([x.grad for x in leaves]) == bits_of(gradient)


def test_programs_have_the_promised_size_share_have_dead_ends_and_constants():
    programs = [KEPT(seed) for seed in range(BY_DEFAULT)]
    assert {len(p.steps) for p in programs} == set(range(10, 61))
    assert {len(p.inputs) for p in programs} == set(range(2, 7))
    operands = [[x for s in p.steps for x in s.operands] for p in programs]
    uses = [Counter(x for x in xs if type(x) is int) for xs in operands]
    assert sum(max(count.values()) > 1 for count in uses) > 0.99 * len(programs)
    assert sum(float in map(type, xs) for xs in operands) > 0.9 * len(programs)
    places = sum(len(p.inputs) + len(p.steps) for p in programs)
    live = sum(len(p.live()) for p in programs)
    assert 0.5 * places < live < 0.9 * places
    assert random_program(7) == random_program(7) != random_program(8)


def test_each_row_is_live_in_several_programs():
    used = Counter()
    for seed in range(BY_DEFAULT):
        program = KEPT(seed)
        n, live = len(program.inputs), program.live()
        used.update({s.name for i, s in enumerate(program.steps, n) if i in live})
    assert min(used[row.name] for row in ROWS) >= 5


# --- Test the tester ----------------------------------------------------------------


def planted(name, error):
    """Return a call that has this row's partials multiplied by ``error(operands)``."""
    row = TABLE[name]
    if row.arity is None:
        partials = lambda y, *xs: [error(xs) * d for d in row.partials_at(y, xs)]  # noqa: E731
    else:
        partials = [lambda y, *xs, d=d: error(xs) * d(y, *xs) for d in row.partials]
    wrong = Primitive(name, row.value, partials, defaults=row.defaults)
    return lambda other, *xs: (wrong if other == name else TABLE[other])(*xs)


def first_found(name, call):
    for seed in range(BY_DEFAULT):
        program = KEPT(seed)
        places = enumerate(program.steps, len(program.inputs))
        if any(step.name == name and i in program.live() for i, step in places):
            try:
                if complaints(program, call)[0]:
                    return program
            except UnclearError:
                pass
    return None


PLANTED = "add mul div pow fma tanh hypot fsum logsumexp sumprod beta gelu relu where"


@pytest.mark.parametrize("name", PLANTED.split())
def test_a_partial_planted_wrong_by_a_twentieth_of_a_percent_is_found(name):
    assert first_found(name, planted(name, lambda _: 1.0005))


@pytest.mark.parametrize("name", ["div", "exp", "cosine", "erf"])
def test_a_partial_that_is_wrong_in_second_order_alone_is_found(name):
    def error(operands):
        return 1.0 if all(type(x) is float for x in operands) else 1.0005

    assert first_found(name, planted(name, error))


def test_a_mismatch_is_shrunk_to_the_step_that_is_wrong():
    call = planted("tanh", lambda _: 1.0005)
    message = wrong_shrunk(first_found("tanh", call), call)
    program, _, words = message.partition("direction")
    assert program.count("\n") <= 3
    assert "= tanh(v" in program
    assert "derivative by v0" in words
    assert "rounding explains" in words


def test_an_engine_that_raises_is_a_mismatch():
    def call(name, *operands):
        if name == "exp":
            raise OverflowError("out of range")
        return TABLE[name](*operands)

    program = Program((0.5, 2.0), (Step("exp", (0,)), Step("mul", (2, 1))))
    assert complaints(program)[0] == []
    assert complaints(program, call)[0] == ["OverflowError: out of range"]


def test_a_program_is_excused_only_by_what_rounding_explains():
    # (x + 1e6) - 1e6 keeps 10 digits of x in value, and all of them in its derivatives.
    steps = Step("add", (0, 1e6)), Step("sub", (1, 1e6)), Step("exp", (2,))
    program = Program((0.1,), steps)
    found = derivatives(program, by_operator)
    assert found[0] != pytest.approx(math.exp(0.1), rel=1e-13)
    assert all(verdict.right for verdict in judge(program, [1.0], found))
    found[1] *= 1.0 + 1e-5
    assert [v.right for v in judge(program, [1.0], found)] == [True, False, True, True]
