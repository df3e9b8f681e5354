"""Random programs, compiled by every way there is, on other inputs than recorded.

A program (see `programs`) is given a branch in its middle and recorded at the inputs it
was made with. Then it runs at other inputs: by the interpreter, as Python and NumPy
source, in machine code, and row by row in a batch. Value, gradient and Hessian-vector
product must be those of the engine, which `test_random_programs` holds to exact
arithmetic.

Compiled sums are rounded otherwise. So a number is right if it is within 1e-10 of the
engine's; if it is not, what relative errors of 1e-13 in every step do to the engine's
own number is measured, in steps of the program alone and in those of its derivatives
too, out of three seeds, and four times that is the tolerance; or 1e-12 of the largest
of the program's numbers, where terms cancel to nothing.

The first programs of `BY_DEFAULT` are run by default, more with ``pytest -m fuzz``.
"""

from __future__ import annotations

import math
import random
from functools import cache

import numpy as np
import pytest
from outcomes import without_source
from programs import by_operator, by_row, random_program

from autograd import grad, hvp, jit, value_and_grad, vmap
from autograd.compiler import trace
from autograd.compiler.targets import compile_numpy, compile_python

BY_DEFAULT = 60
BLOCK = 10
MANY = 2_000
RIGHT, NOTHING = 1e-10, 1e-40
JITTER, SAFETY = 1e-13, 4.0
CANCELLED = 1e-12
CLEAR = 1e-4
OFF = (0.0, 1e-3, -1e-3, 0.02, -0.02, 0.1)  # relative: where a program runs again


def by_way(name, *operands):
    """Do a step as users write it, on floats as the table has it."""
    plain = all(type(x) is float for x in operands)
    return (by_row if plain else by_operator)(name, *operands)


def branched(program, call=by_way):
    """Return the program with a branch on a result in its middle."""
    n, steps = len(program.inputs), program.steps
    places = sorted(program.live() - set(range(n)))
    middle = places[len(places) // 2]
    limit = program.run(program.inputs, by_row)[middle] * 1.001

    def f(inputs):
        results = program.run(inputs, call)
        y = results[n + len(steps) - 1]
        if results[middle] < limit:
            return y * 1.5 + inputs[0]
        return y - inputs[-1] * y

    return f


def direction(program):
    return [math.cos(2.0 * i) for i in range(len(program.inputs))]


def derivatives(f, along, order=2):
    """Return the function of inputs to value, gradient and Hessian-vector product."""

    def all_of_it(inputs):
        value, gradient = value_and_grad(f)(inputs)
        return [value, *gradient, *(hvp(f)(inputs, along) if order == 2 else [])]

    return all_of_it


def points(program):
    return [[x + off * x for x in program.inputs] for off in OFF]


def evaluated(f, point):
    """Return the results, or None where the engine has none that are finite."""
    try:
        found = [float(x) for x in f(point)]
    except (ArithmeticError, ValueError):
        return None
    return found if all(map(math.isfinite, found)) else None


@cache
def expected_of(seed):
    """Return the points at which the engine has derivatives, and these."""
    program = random_program(seed)
    f = derivatives(branched(program), direction(program))
    found = [(point, evaluated(f, point)) for point in points(program)]
    return [(point, numbers) for point, numbers in found if numbers is not None]


def tolerances(seed, point):
    """Return by how much rounding excuses each of the engine's numbers."""
    program = random_program(seed)
    recorded = trace(derivatives(branched(program), direction(program)), point)
    runs = []
    for k in range(3):
        generator = random.Random(k)

        def call(name, *operands, generator=generator):
            y = by_way(name, *operands)
            return y * (1.0 + JITTER * generator.uniform(-1.0, 1.0))

        def backward_too(point, call=call):
            results = recorded.run(point, lambda row, *xs: call(row.name, *xs))
            return [results[place] for place in recorded.outputs]

        f = derivatives(branched(program, call), direction(program))
        runs += [evaluated(f, point), evaluated(backward_too, point)]
    runs = [run for run in runs if run is not None]
    (expected,) = [numbers for where, numbers in expected_of(seed) if where == point]
    if not runs:
        return [math.inf] * len(expected)
    least = CANCELLED * max(map(abs, expected))
    return [
        max(least, *[SAFETY * abs(run[k] - x) for run in runs])
        for k, x in enumerate(expected)
    ]


def is_right(x, y):
    return abs(x - y) <= RIGHT * abs(y) + NOTHING


class Count:
    """How many numbers were compared, and how many of them rounding excuses."""

    def __init__(self):
        self.numbers = self.unclear = 0

    def compare(self, seed, point, found, expected, way):
        assert len(found) == len(expected)
        self.numbers += len(found)
        if all(map(is_right, found, expected)):
            return
        allowed = tolerances(seed, point)[: len(found)]
        for k, (x, y, tolerance) in enumerate(
            zip(found, expected, allowed, strict=True)
        ):
            if not is_right(x, y):
                assert abs(x - y) <= tolerance, (
                    f"program {seed}, {way}, number {k}: {x!r} is not {y!r}, "
                    f"rounding explains {tolerance!r}\n{random_program(seed)}\n{point}"
                )
                self.unclear += tolerance > CLEAR * abs(y)


def assert_compiled_are_right(seeds, every_way=1):
    count = Count()
    left_out = 0
    for seed in seeds:
        expected = expected_of(seed)
        program = random_program(seed)
        left_out += len(OFF) - len(expected)
        if not expected or expected[0][0] != list(program.inputs):
            continue
        check_interpreter_and_sources(count, seed, expected, every_way)
        check_jit(count, seed, expected, 2 if seed % every_way == 0 else 1)
        if seed % every_way == 0:
            check_rows(count, seed, expected)
            check_nodes(count, seed, expected)
    assert left_out <= 0.3 * len(OFF) * len(seeds)
    assert count.unclear <= 0.05 * count.numbers


def check_interpreter_and_sources(count, seed, expected, every_way):
    program = random_program(seed)
    f = derivatives(branched(program), direction(program))
    for k in (0, -1):
        recorded = trace(f, expected[k][0])
        ways = {"interpreted": recorded}
        if seed % every_way == 0:
            ways["Python source"] = compile_python(recorded)
            ways["NumPy source"] = compile_numpy(recorded)
        for point, numbers in expected:
            try:
                if not recorded.holds(recorded.run(point)):
                    continue
            except (ArithmeticError, ValueError):
                continue  # the other way
            for way, run in ways.items():
                found = np.ravel(run(*point)).tolist()
                if all(map(math.isfinite, found)):  # if not, it is for the engine
                    count.compare(seed, point, found, numbers, way)


def check_jit(count, seed, expected, order):
    program = random_program(seed)
    compiled = jit(derivatives(branched(program), direction(program), order))
    for point, all_numbers in expected + expected[::-1]:
        numbers = all_numbers[: order * len(point) + 1]
        count.compare(seed, point, compiled(point), numbers, "jit of derivatives")
    assert 1 <= len(compiled.programs) <= 2


def check_rows(count, seed, expected):
    program = random_program(seed)
    rows = np.array([point for point, _ in expected] * 3)
    f = derivatives(branched(program), direction(program))
    found = np.array(vmap(lambda xs: f(list(xs)))(rows)).T.tolist()
    for numbers, (point, right) in zip(found, expected * 3, strict=True):
        count.compare(seed, point, numbers, right, "vmap of derivatives")


def check_nodes(count, seed, expected):
    program = random_program(seed)
    f, along = branched(program), direction(program)
    compiled, gradient = jit(f), jit(grad(f))
    n = len(along)
    for point, numbers in expected[::2]:
        value, slopes = value_and_grad(compiled)(point)
        found = [value, *slopes, *hvp(compiled)(point, along)]
        count.compare(seed, point, found, numbers, "derivatives of jit")
        found = [compiled(point), *gradient(point), *numbers[n + 1 :]]
        count.compare(seed, point, found, numbers, "jit of grad")


@pytest.mark.shared
@pytest.mark.parametrize("block", range(BY_DEFAULT // BLOCK))
def test_compiled_random_programs_are_the_engines_on_other_inputs(block):
    first = block * BLOCK
    assert_compiled_are_right(range(first, first + BLOCK), every_way=12)


@pytest.mark.fuzz
@pytest.mark.parametrize("block", range(MANY // BLOCK))
def test_many_compiled_random_programs_are_the_engines(block):
    first = block * BLOCK
    assert_compiled_are_right(range(first, first + BLOCK))


def test_a_branch_takes_both_ways_in_many_programs():
    both = 0
    for seed in range(BY_DEFAULT):
        program = random_program(seed)
        compiled = jit(without_source(branched(program)))
        for point, _ in expected_of(seed):
            compiled(point)
        both += len(compiled.programs) == 2
    assert both > BY_DEFAULT // 2


def test_a_compiler_that_is_wrong_by_a_billionth_is_found():
    seed = 7  # a program that cancels little
    program = random_program(seed)
    count = Count()
    (point, numbers), *_ = expected_of(seed)
    count.compare(seed, point, numbers, numbers, "itself")
    wrong = [x * (1.0 + 1e-9) for x in numbers]
    with pytest.raises(AssertionError, match="rounding explains"):
        count.compare(seed, point, wrong, numbers, "planted")
    assert len(program.inputs) * 2 + 1 == len(numbers)
