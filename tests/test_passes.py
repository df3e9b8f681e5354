"""Passes make a program shorter, or fit for machine code, and change no number."""

from __future__ import annotations

import itertools
import math

import pytest
from compiled import as_program, off_by, order_count, points_of
from outcomes import bits, outcome, without_source
from programs import random_program

from autograd import grad, jit
from autograd import math as am
from autograd.compiler import Guard, Instruction, Program, trace
from autograd.compiler.machine.spellings import CORE
from autograd.compiler.passes import pipeline
from autograd.compiler.passes import simplify as simplify_module
from autograd.compiler.passes.builder import live
from autograd.compiler.passes.gather import gather, in_pieces
from autograd.compiler.passes.guards import guarded
from autograd.compiler.passes.pipeline import SHORTEN, machine_passes, optimize
from autograd.compiler.passes.simplify import simplify
from autograd.compiler.program import RELATIONS
from autograd.compiler.record.trace import record_once
from autograd.primitives import TABLE
from autograd.primitives.arithmetic import neg

SEEDS = range(300)
POINTS = 25


def optimize_guarded(program):
    return live(simplify(program, guarded=True), raising=False)


def rows(program):
    return [step.primitive.name for step in program.code]


def test_products_and_quotients_by_one_vanish_and_minus_one_is_a_sign():
    assert rows(optimize(trace(lambda x: 1.0 * x / 1.0 * 1.0, 3.0))) == []
    assert rows(optimize(trace(lambda x: -1.0 * x, 3.0))) == ["neg"]
    assert rows(optimize(trace(lambda x: neg(neg(x)), 3.0))) == []
    assert rows(optimize(trace(lambda x: -1.0 * (x * -1.0), 3.0))) == []


def test_adding_zero_stays_because_of_the_sign_of_zero():
    assert rows(optimize(trace(lambda x: x + 0.0, 3.0))) == ["add"]


def test_what_is_computed_twice_is_computed_once():
    def f(x, y):
        return am.exp(x * y) + am.exp(y * x)

    assert rows(optimize(trace(f, 1.0, 2.0))) == ["mul", "exp", "add"]


def test_constants_are_folded_but_not_where_python_would_raise():
    code = (
        Instruction(TABLE["log"], (1,)),
        Instruction(TABLE["exp"], (2,)),
        Instruction(TABLE["add"], (3, 4)),
        Instruction(TABLE["mul"], (5, 0)),
    )
    p = Program(("x",), (-1.0, 0.0), code, (6,)).check()
    assert rows(optimize(p)) == ["log", "add", "mul"]


def test_small_powers_become_products_only_where_guards_stand_for_errors():
    p = trace(lambda x: am.atan(x**3), 2.0)
    assert rows(optimize(p)) == ["pow", "atan"]
    native = optimize_guarded(guarded(p))
    assert rows(native) == ["mul", "mul", "atan"]
    assert [g.relation for g in native.guards] == ["finite"]
    assert native(2.0) == p(2.0)


def test_a_power_that_shows_needs_no_guard():
    assert not guarded(trace(lambda x: x**2 + 1.0, 2.0)).guards


def test_what_hides_an_infinity_is_guarded():
    assert guarded(trace(lambda x: 1.0 / (1.0 + am.exp(-x)), 0.0)).guards
    assert not guarded(trace(am.sigmoid, 0.0)).guards
    assert not guarded(trace(lambda x: 1.0 + am.exp(-x), 0.0)).guards


def test_guards_on_constants_are_dropped_and_others_kept_once():
    code = (Instruction(TABLE["add"], (1, 2)),)
    guards = (Guard("<", 1, 2), Guard("<", 0, 1), Guard("<", 0, 1), Guard(">", 3, 1))
    p = Program(("x",), (1.0, 2.0), code, (3,), guards).check()
    (guard,) = optimize(p).guards
    assert (guard.relation, guard.a, guard.b) == ("<", 0, 1)


def test_live_keeps_what_guards_need_and_drops_the_rest():
    def f(x):
        y = am.exp(x)
        return x if y > 2.0 else -x

    p = trace(without_source(f), 3.0)
    assert rows(live(p)) == ["exp"]
    assert rows(live(p.replace(guards=()))) == ["exp"]
    assert rows(live(p.replace(guards=()), raising=False)) == []


def test_chains_of_products_become_one_sumprod():
    p = trace(lambda a, b, c, d: a * b + c * d + b * c + 5.0, 1.0, 2.0, 3.0, 4.0)
    gathered = gather(p)
    assert rows(gathered) == ["sumprod"]
    assert gathered(1.0, 2.0, 3.0, 4.0) == p(1.0, 2.0, 3.0, 4.0)


def test_a_product_or_a_sum_used_elsewhere_is_not_taken_in():
    def f(a, b, c):
        ab = a * b
        total = ab + c * c + b * c
        return total, ab, total + 1.0 if total > 0 else ab

    p = trace(f, 1.0, 2.0, 3.0)
    for point in ((1.0, 2.0, 3.0), (0.1, 0.2, 0.3)):
        assert gather(p)(*point) == pytest.approx(p(*point), rel=1e-15)


def chain_and_squares(x, *cs):
    """Return the end of a chain of links x * y + c, and the sum of squares of all c."""
    y = 1.0
    for c in cs:
        y = x * y + c
    return y, am.sumprod(cs, cs)


@pytest.mark.parametrize("links", [9, 64, 333])
def test_a_sum_over_a_long_chain_is_cut_and_one_over_inputs_is_not(links):
    def slope(xs):
        slope = grad(lambda x: chain_and_squares(x, *xs[1:])[0])(xs[0])
        return [slope, chain_and_squares(*xs)[1]]

    inputs = [0.875, *[1.0 / k for k in range(1, links + 1)]]
    p = gather(optimize(record_once(slope, inputs, "f").program))
    cut = in_pieces(p).check()
    if links < 16:
        assert cut == p
        return
    *others, squares = sorted(
        len(s.operands) // 2 for s in cut.code if s.primitive.name == "sumprod"
    )
    assert (squares, max(others)) == (links, 8)
    assert cut(*inputs) == pytest.approx(p(*inputs), rel=1e-13)
    assert in_pieces(cut) == cut


@pytest.mark.parametrize(
    "change", [optimize, live, gather, guarded], ids=lambda f: f.__name__
)
def test_passes_change_no_number_of_random_programs(change):
    for seed in SEEDS:
        p = as_program(random_program(seed))
        inputs = random_program(seed).inputs
        changed = change(p).check()
        (expected,), (found,) = p(*inputs), changed(*inputs)
        exact = change is not gather
        same = bits(found) == bits(expected)
        assert same or (not exact and found == pytest.approx(expected, rel=1e-9)), seed
        assert change(changed).check()(*inputs) == changed(*inputs)


@pytest.mark.parametrize(
    "passes", [SHORTEN, machine_passes(CORE)], ids=["shorten", "machine"]
)
def test_every_pass_is_named_and_the_program_is_checked_after_each(passes, monkeypatch):
    seen = []
    watchers = [*pipeline.watchers, lambda name, p: seen.append((name, p))]
    monkeypatch.setattr(pipeline, "watchers", watchers)
    found = pipeline.run(passes, trace(lambda x: 1.0 * am.exp(x), 0.5))
    assert [name for name, _ in seen] == [name for name, _ in passes]
    assert len({name for name, _ in passes}) == len(passes)
    assert seen[-1][1] is found


def test_a_pass_that_leaves_a_hole_is_found_where_it_does():
    p = trace(lambda x: 1.0 * am.exp(x), 0.5)
    hole = ("hole", lambda p: p.replace(outputs=(99,)))
    with pytest.raises(ValueError, match="place that does not exist"):
        pipeline.run((*SHORTEN, hole, *SHORTEN), p)


def test_optimizing_twice_changes_nothing_more():
    for seed in SEEDS:
        once = optimize(as_program(random_program(seed)))
        assert optimize(once) == once
        assert optimize_guarded(optimize_guarded(once)) == optimize_guarded(once)


def test_optimized_derivatives_are_short():
    p = optimize(trace(grad(grad(lambda x: x**4 + 2.0 * x)), 2.0))
    assert p(3.0) == [108.0]
    assert len(p.code) <= 4


# --- Python's errors ----------------------------------------------------------------


def all_points(row, count):
    """Return points of a row, its orders of derivation left out."""
    n = (row.arity or 4) - order_count(row)
    points = points_of(row, count, row.arity or 4)
    return [xs[:n] for xs in itertools.islice(points, 6 * count)]


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_rows_raise_nothing_where_they_say_that_it_is_safe(row):
    orders = [1.0] * order_count(row)
    checked = 0
    for xs in all_points(row, 200):
        operands = [*orders, *xs]
        if row.safe is not None and all(holds(c, operands) for c in row.safe):
            row.value(*operands)
            checked += 1
    assert row.safe is None or checked > 200


def holds(condition, operands):
    k, relation, bound = condition
    x = operands[k]
    return math.isfinite(x) if relation == "finite" else RELATIONS[relation](x, bound)


HIDING = {
    "shown": lambda y: y,
    "in an arctangent": am.atan,
    "in a denominator": lambda y: 1.0 / (2.0 + y * y),
    "in a choice": lambda y: am.where(0.0 * am.atan(y), y, 1.5),
}


@pytest.mark.shared
@pytest.mark.parametrize("hide", HIDING)
@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_compiled_rows_raise_where_python_does_and_nowhere_else(row, hide):
    orders = [1.0] * order_count(row)

    def f(*xs):
        return HIDING[hide](row(*orders, *xs))

    compiled = jit(f)
    for xs in all_points(row, POINTS):
        expected, found = outcome(f, *xs), outcome(compiled, *xs)
        if isinstance(expected, type) or isinstance(found, type):
            assert found is expected, xs
            continue
        x, y = f(*xs), compiled(*xs)
        if isinstance(x, complex) or (
            row.name == "power_slope" and math.inf in map(abs, xs)
        ):
            continue  # no number, or the sign of an infinity that means nothing
        assert off_by(y, x) <= 64 or abs(x - y) < 1e-15 * (1.0 + abs(x)), (xs, x, y)


def test_what_both_sides_of_a_branch_pass_back_is_joined(monkeypatch):
    def f(x, y):
        z = x * y
        z = z + x if x > 1.0 else z - y * y
        return z * am.exp(z)

    gradient = trace(grad(f, (0, 1)), 2.0, 0.5)
    short = optimize(gradient)
    without = {k: v for k, v in simplify_module.RULES.items() if k is not TABLE["add"]}
    monkeypatch.setattr(simplify_module, "RULES", without)
    assert rows(short).count("add") < rows(optimize(gradient)).count("add")
    for point in ((2.0, 0.5), (0.3, 0.5), (1.0, -2.0)):
        assert short(*point) == pytest.approx(gradient(*point), rel=1e-15)
        assert short(*point) == pytest.approx(grad(f, (0, 1))(*point), rel=1e-15)
