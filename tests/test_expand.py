"""Hold that definitions say what their rows say: at points of all sizes, row by row."""

from __future__ import annotations

import itertools
import math

import pytest
from compiled import (
    EVERYWHERE,
    ORDERS,
    ieee,
    off_by,
    order_count,
    points_of,
    program_of,
    value_of,
)

from autograd.compiler.passes.definitions import DEFINITIONS
from autograd.compiler.passes.definitions.normal import hermite_roots
from autograd.compiler.passes.expand import expand
from autograd.compiler.program import Guard, Instruction, Program
from autograd.primitives import TABLE, Primitive

CORE = {
    "add", "sub", "mul", "neg", "quotient", "abs", "sqrt", "exp", "exp2", "expm1",
    "log", "log2", "log10", "log1p", "sin", "cos", "tan", "asin", "acos", "atan",
    "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "atan2", "cbrt", "power", "fmod",
    "floor", "ceil", "trunc", "rint", "copysign", "fma", "erf", "erfc", "gamma",
    "lgamma", "greater", "equal", "where", "maximum", "minimum",
}  # fmt: skip
# What rests on SciPy, is about single bits, or rounds to decimals.
UNDEFINED = {
    "nextafter", "ulp", "round", "erfinv", "erfcinv", "ndtri", "log_ndtr",
    "inverse_mills", "digamma", "polygamma", "polygamma_difference", "beta",
    "beta_partial", "lbeta",
    "j0", "j1", "jn", "i0", "i1", "iv",
}  # fmt: skip
ALLOWED = {"sumprod": 0.0, "cbrt": 3.0, "power_slope": 4.0, "power_log": 4.0,
           "silu_partial": 6.0, "mish_partial": 6.0, "sinc_partial": 4.0,
           "cosine": 3.0, "exp_minus_square_partial": 4.0,
           "normal_density_partial": 4.0}  # fmt: skip
# Sums of terms that cancel: as right as the largest of their terms allows. What the
# terms are is known by the row's values nearby; these are of the order of 1.
OF_THE_LARGEST = {"silu_partial", "mish_partial", "sinc_partial"}
DEFINED = {
    *DEFINITIONS,
    *[name for name, row in TABLE.items() if row.composed],
}
CASES = [
    pytest.param(name, orders, count, id="-".join(map(str, [name, *orders, count])))
    for name in sorted(DEFINED)
    for orders in itertools.product(ORDERS[:3], repeat=order_count(TABLE[name]))
    for count in ((2, 4, 10) if TABLE[name].arity is None else (TABLE[name].arity,))
    if name != "power_partial"
]
# Of a derivative that underflows, the sign tells nothing.
SIGNED = [
    x for x in sorted(DEFINED) if x not in EVERYWHERE and not order_count(TABLE[x])
]


def expanded(row: Primitive, count: int, orders: tuple[float, ...] = ()) -> Program:
    program = expand(program_of(row, count, orders), CORE - {row.name})
    return program.check()


def test_every_row_is_core_has_a_definition_or_is_known_to_have_none():
    missing = TABLE.keys() - CORE - DEFINED - UNDEFINED
    assert not missing, f"compose the value of {missing}, or define it in `definitions`"
    assert not UNDEFINED & (CORE | DEFINED)
    assert not {name for name in DEFINITIONS if TABLE[name].composed}


def test_a_value_with_a_branch_is_not_composed():
    def value(x):
        return x or 1.0

    for branch in (value, lambda x: float(x == 0.0)):
        with pytest.MonkeyPatch.context() as patch:
            row = Primitive("own", branch, [lambda _y, _x: 1.0], composed=True)
            patch.setitem(TABLE, "own", row)
            with pytest.raises(TypeError, match="write a condition as a primitive"):
                expand(program_of(row, 1), CORE)


@pytest.mark.parametrize("name", sorted(DEFINED))
def test_an_expanded_program_has_core_rows_alone(name):
    row = TABLE[name]
    orders = ORDERS[: order_count(row)]
    rows = {s.primitive.name for s in expanded(row, row.arity or 4, orders).code}
    assert rows <= CORE | UNDEFINED
    assert rows & UNDEFINED <= {name.removesuffix("_slope")}


@pytest.mark.parametrize(("name", "orders", "count"), CASES)
def test_a_definition_agrees_with_its_row(name, orders, count):
    row = TABLE[name]
    program = expanded(row, count, orders)
    finite = 0
    for point in points_of(row, 100, count):
        found = program.run(point, ieee)[program.outputs[0]]
        expected = value_of(row, [*orders, *point])
        if expected is None:  # it raises
            assert not math.isfinite(found), point
            continue
        if unclear(row, point):
            continue
        finite += math.isfinite(expected)
        off = off_by(found, expected)
        if off <= ALLOWED.get(name, 1.0):
            continue
        if name == "logsumexp":
            assert abs(found - expected) <= 2.0**-51, point
            continue
        if name == "sumprod":
            n = count // 2
            terms = [a * b for a, b in zip(point[:n], point[n:], strict=True)]
            size = sum(map(abs, terms))
            assert abs(found - expected) <= n * 2.0**-52 * size or not size < 1e300
            continue
        if name in OF_THE_LARGEST and orders[0] > 1.0:
            assert abs(found - expected) <= 1e-14, point
            continue
        pytest.fail(f"{name}{point}: {found!r}, not {expected!r}: {off} ulp off")
    assert finite > 100


def unclear(row: Primitive, point: list[float]) -> bool:
    """Return whether the row itself has no answer that means something there."""
    if any(map(math.isnan, point)):
        # max() keeps or loses a NaN by its place; 1**nan is 1.
        return row.name in {"scale", "power_slope", "power_log"}
    if row.name not in {"power_slope", "power_log"}:
        return False
    return point[0] == -math.inf or (math.isinf(point[1]) and point[0] < 0.0)


@pytest.mark.parametrize("name", SIGNED)
def test_a_definition_keeps_the_sign_of_zero(name):
    row = TABLE[name]
    count = row.arity or 2
    program = expanded(row, count)
    for point in points_of(row, 20, count):
        found = program.run(point, ieee)[program.outputs[0]]
        if found == 0.0 == value_of(row, point):
            assert math.copysign(1.0, found) == math.copysign(1.0, row.value(*point))


@pytest.mark.parametrize("orders", [*itertools.product((0.0, 1.0, 2.0, 3.0), repeat=2)])
def test_derivatives_of_powers_are_right_to_the_largest_of_their_terms(orders):
    n, m = map(int, orders)
    row = TABLE["power_partial"]
    program = expanded(row, 4, orders)
    for a, b in itertools.product((0.05, 0.7, 1.0, 2.5, 300.0), (-2.6, -1.0, 0.5, 3.0)):
        found = program.run([a, b], ieee)[program.outputs[0]]
        log = abs(math.log(a))
        falling = math.prod(abs(b) + k for k in range(n))
        size = (
            a ** (b - n)
            * falling
            * sum(
                math.comb(m, j) * math.perm(n, min(j, n)) * log ** (m - j)
                for j in range(m + 1)
            )
        )
        assert abs(found - row.value(*orders, a, b)) <= 8 * 2.0**-52 * size + 1e-300


@pytest.mark.parametrize("b", [1.0, 2.0, 3.0, -1.0, 2.5, 0.0, 0.3, 9.0, 1e300])
def test_the_slope_of_a_power_knows_a_constant_exponent(b):
    row = TABLE["power_slope"]
    program = Program(("",), (b,), (Instruction(row, (0, 1)),), (2,))
    program = expand(program, CORE)
    for a in (5e-324, 1e-300, 0.3, 1.0, 7.0, -2.0, -0.5, 0.0, 1e300, math.inf):
        found = program.run([a], ieee)[program.outputs[0]]
        assert off_by(found, row.value(a, b)) <= 4.0, (a, b)


@pytest.mark.parametrize("name", ["silu_partial", "mish_partial"])
def test_a_slope_keeps_its_digits_near_its_root(name):
    program = expanded(TABLE[name], 2, (1.0,))
    root = -1.2784645427610738 if name == "silu_partial" else -1.1924312145154952
    for k in range(-50, 50):
        x = root * (1.0 + k * 2.0**-52)
        found = program.run([x], ieee)[program.outputs[0]]
        assert off_by(found, TABLE[name].value(1.0, x)) <= 6.0


@pytest.mark.parametrize("n", range(2, 9))
def test_the_roots_of_hermite_polynomials_are_roots(n):
    roots = hermite_roots(n)
    assert len(roots) == n // 2
    assert list(roots) == sorted(set(roots))
    for root in roots:
        before, now = 0, 1  # in u = x**2, each odd polynomial without its factor x
        for k in range(n):
            following = (root if k % 2 else 1) * now - k * before
            before, now = now, following
        assert abs(now) < 1e-25


def test_hypot_stays_where_it_is_of_two_and_is_done_in_pairs_elsewhere():
    two, five = (expand(program_of(TABLE["hypot"], n), {"hypot"}) for n in (2, 5))
    assert [s.primitive.name for s in two.code] == ["hypot"]
    names = [s.primitive.name for s in five.code]
    assert names.count("hypot") == 4
    assert five(3.0, 0.0, 0.0, 0.0, 4.0) == [5.0]


def test_an_order_that_is_computed_leaves_the_row_as_it_is():
    row = TABLE["silu_partial"]
    program = expand(program_of(row, 2), CORE)
    assert program.code[-1].primitive is row
    assert program.outputs == (program.size - 1,)


def test_a_row_of_the_same_name_that_is_not_the_tables_stays():
    own = Primitive("sigmoid", lambda x: x, [lambda _y, _x: 1.0])
    code = (Instruction(own, (0,)),)
    program = expand(Program(("",), (), code, (1,)), CORE)
    assert [s.primitive for s in program.code] == [own]


def test_guards_and_outputs_move_with_their_places():
    code = (Instruction(TABLE["sigmoid"], (0,)), Instruction(TABLE["mul"], (2, 1)))
    guards = (Guard("<", 2, 1), Guard("finite", 3, 3), Guard(">", 0, 1, holds=False))
    program = Program(("x",), (0.75,), code, (3, 0, 1), guards).check()
    shown = expand(program, CORE)
    for x in (-1.0, 0.5, 3.0):
        results = shown.run([x], ieee)
        sigmoid = 1.0 / (1.0 + math.exp(-x))
        assert [results[i] for i in shown.outputs] == [sigmoid * 0.75, x, 0.75]
        assert shown.holds(results) == (sigmoid < 0.75 and not x > 0.75)
    assert [g.relation for g in shown.guards] == ["<", "finite", ">"]


def test_what_is_there_twice_is_written_once():
    code = (Instruction(TABLE["sigmoid"], (0,)), Instruction(TABLE["silu"], (0,)))
    both = expand(Program(("x",), (), code, (1, 2)), CORE)
    one = expand(Program(("x",), (), code[1:], (1,)), CORE)
    assert len(both.code) == len(one.code)
