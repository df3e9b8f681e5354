"""A plan says what is computed in which order, and where numbers lie; without LLVM."""

from __future__ import annotations

import math
from itertools import chain

import pytest
from compiled import as_program
from programs import random_program

from autograd import math as am
from autograd.compiler import Guard, trace
from autograd.compiler.schedule.groups import FUNCTION, Group, Grouping, in_functions
from autograd.compiler.schedule.layout import (
    are_in_line,
    common_width,
    lines_of,
    plane_of,
    stride_of,
)
from autograd.compiler.schedule.plan import CACHED, Plan
from autograd.primitives import TABLE

LANES = [1, 2, 3, 8]


def each(n, f):
    """Return the program that applies f to each of n inputs."""
    return trace(lambda *xs: [f(x) for x in xs], *[0.5] * n)


def stages(plan):
    return [*chain(*plan.once), *chain(*plan.per_row)]


def groups(plan):
    return [group for stage in stages(plan) for group in stage.stage]


# --- What repeats --------------------------------------------------------------------


def test_a_short_program_is_written_out():
    (stage, *others) = stages(Plan(each(3, am.exp), 4))
    assert len(others) == 2
    assert not stage.is_loop


def test_like_instructions_of_a_long_program_are_one_group():
    (stage,) = stages(Plan(each(301, am.exp), 4))
    assert stage.is_loop
    assert (stage.primitive, len(stage.places)) == (TABLE["exp"], 301)


def test_a_group_that_takes_results_one_by_one_is_the_tail_of_their_loop():
    plan = Plan(each(301, lambda x: am.sin(am.exp(x))), 4)
    (stage,) = stages(plan)
    assert [group.primitive.name for group in stage.stage] == ["exp", "sin"]
    first = plan.program.first_result
    exps = [
        first + i for i, s in enumerate(plan.program.code) if s.primitive.name == "exp"
    ]
    assert plan.used.isdisjoint(exps)


def test_a_tail_is_put_in_the_order_of_what_it_takes():
    def f(*xs):
        return [am.sin(y) for y in [am.exp(x) for x in xs][::-1]]

    (stage,) = stages(Plan(trace(f, *[0.5] * 301), 4))
    exps, sins = stage.stage
    assert [x for (x,) in sins.operands] == exps.places


def test_results_taken_by_two_others_in_turn_are_no_tail():
    def f(*xs):
        ys = [am.exp(x) for x in xs]
        return [a * b for a, b in zip(ys, ys[1:] + ys[:1], strict=True)]

    plan = Plan(trace(f, *[0.5] * 301), 4)
    assert [len(stage.tail) for stage in stages(plan)] == [0, 0]


@pytest.mark.parametrize("seed", range(40))
def test_every_instruction_is_in_one_group_after_what_it_needs(seed):
    program = as_program(random_program(seed))
    for rows in (None, range(0, len(program.inputs), 2)):
        plan = Plan(program, 4, rows)
        seen = set(range(program.first_result))
        for group in groups(plan):
            assert seen.issuperset(*group.operands)
            assert seen.isdisjoint(group.places)
            seen.update(group.places)
        assert len(seen) == program.size


def test_functions_are_of_limited_length_and_keep_the_order():
    exp = TABLE["exp"]
    alone = [Group(exp, [i], [(0,)]) for i in range(2 * FUNCTION + 1)]
    parts = in_functions(alone)
    assert [len(part) for part in parts] == [FUNCTION, FUNCTION, 1]
    assert [*chain(*parts)] == alone


# --- Where numbers lie ----------------------------------------------------------------


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("seed", range(20))
def test_no_two_numbers_that_are_kept_share_a_slot(seed, lanes):
    program = as_program(random_program(seed))
    plan = Plan(program, lanes, range(0, len(program.inputs), 2))
    for uniform, size in ((True, plan.layout.uniform), (False, plan.layout.varying)):
        kept = [x for x in plan.slots if plan.is_uniform[x] == uniform]
        slots = {plan.slots[x] for x in kept}
        assert len(slots) == len(kept)
        assert all(0 <= slot < size for slot in slots)
    assert plan.used <= plan.slots.keys()


@pytest.mark.parametrize("seed", range(20))
def test_what_another_run_of_code_reads_is_kept(seed):
    program = as_program(random_program(seed))
    plan = Plan(program, 4, [0])
    for stage in stages(plan):
        if stage.is_loop:
            own = {x for group in stage.stage for x in group.places}
            read = {x for group in stage.stage for o in group.operands for x in o}
            assert read - own <= plan.slots.keys()
    assert set(program.outputs) <= plan.slots.keys()


def test_what_a_row_decides_is_varying_and_all_else_is_uniform():
    p = trace(lambda w, x: am.exp(w) * x + am.sin(w), 0.5, 2.0)
    plan = Plan(p, 4, [1])
    names = {
        step.primitive.name: plan.is_uniform[place]
        for place, step in enumerate(p.code, p.first_result)
    }
    assert names == {"exp": True, "sin": True, "mul": False, "add": False}
    assert all(Plan(p, 4).is_uniform)


@pytest.mark.parametrize("lanes", LANES)
def test_the_number_of_lanes_is_what_is_handed_in(lanes):
    p = trace(lambda w, x: w * x, 0.5, 2.0)
    assert Plan(p, lanes, [1]).layout.block == lanes
    assert Plan(p, lanes).lanes == 1


def rotated_sums(*xs):
    """Return 20 sums of 10 products each, of the first 30 numbers."""
    return [am.sumprod(xs[:10], xs[k : k + 10]) for k in range(20)]


@pytest.mark.parametrize(("width", "vectors"), [(100, 16), (2000, 8), (4000, 4)])
def test_many_rows_share_long_sums_as_long_as_their_numbers_stay_cached(width, vectors):
    p = trace(rotated_sums, *[0.5] * width)
    assert Plan(p, 8, range(width)).layout.block == 8 * vectors
    assert width * vectors < CACHED
    assert Plan(p.replace(outputs=(0,)), 8, []).layout.block == 8


def test_products_that_are_only_added_up_are_not_stored():
    def f(a, b, x):
        y = a * x
        return [y, b * x, am.exp(y)]

    p = trace(f, 0.5, 0.25, 2.0)
    plan = Plan(p, 4, [2], reduce=True)
    (group,) = plan.summed
    assert group.places == [p.outputs[1]]
    assert not plan.slots.keys() & set(group.places)
    assert not Plan(p, 4, [2]).summed


def test_rows_have_flags_only_if_a_guard_differs_from_row_to_row():
    p = trace(lambda w, x: w * x, 0.5, 2.0)
    assert not Plan(p.replace(guards=(Guard("<", 0, 0),)), 4, [1]).layout.flagged
    assert Plan(p.replace(guards=(Guard("<", 0, 1),)), 4, [1]).layout.flagged


# --- Lines and planes -----------------------------------------------------------------


def test_slots_in_line_have_a_stride():
    assert stride_of([7]) == 0
    assert stride_of([7, 7, 7]) == 0
    assert stride_of([7, 5, 3]) == -2
    assert stride_of([7, 8, 10]) is None


def test_lines_at_even_distances_are_a_plane():
    assert plane_of([[3, 5], [13, 15], [23, 25]]) == (3, 10, 2)
    assert plane_of([[3, 5], [13, 15], [23, 26]]) is None


def test_the_common_width_is_that_of_lines_in_which_all_columns_are_planes():
    rows = [100 * a + b for a in range(3) for b in range(16)]
    assert common_width([rows, [*range(48)]], 48) == 16
    assert common_width([[*range(48)]], 48) == 48
    assert common_width([[math.isqrt(k) for k in range(48)]], 48) == 48
    assert lines_of(rows, 16)[1] == [*range(100, 116)]


def test_neighbours_and_one_and_the_same_are_in_line():
    assert are_in_line([[4, 5, 6], [2, 2, 2], [9, 8, 7]], 3)
    assert not are_in_line([[4, 6, 8]], 3)
    assert are_in_line([[4, 5, 9]], 2)


def test_the_results_of_a_program_without_calls_are_nobodys():
    p = each(3, am.exp)
    assert not Grouping(p, [True] * p.size).results
