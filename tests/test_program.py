"""A Program is plain data that says what was computed, and nothing else."""

from __future__ import annotations

import copy
import math
import pickle

import pytest
from outcomes import bits

from autograd import Value
from autograd.compiler import Guard, Instruction, Program, trace
from autograd.compiler.program import RELATIONS, primitive_named
from autograd.primitives import TABLE, Primitive

ADD, MUL, EXP = TABLE["add"], TABLE["mul"], TABLE["exp"]


def program(**changes):
    """Return x, y -> x * y + 2.0 for x > y, or that with some fields changed."""
    fields = {
        "inputs": ("x", "y"),
        "constants": (2.0,),
        "code": (Instruction(MUL, (0, 1)), Instruction(ADD, (3, 2))),
        "outputs": (4,),
        "guards": (Guard(">", 0, 1),),
    }
    return Program(**(fields | changes))


def test_a_program_runs_on_floats_and_gives_all_places():
    assert program().run([3.0, 4.0]) == [3.0, 4.0, 2.0, 12.0, 14.0]
    assert program()(3.0, 4.0) == [14.0]


def test_a_program_runs_on_values_and_has_their_derivatives():
    x, y = Value(3.0), Value(4.0)
    program()(x, y)[0].backward()
    assert (x.grad, y.grad) == (4.0, 3.0)


def test_a_program_says_how_many_numbers_it_takes():
    with pytest.raises(ValueError, match="f takes 2 numbers, not 3"):
        program()(1.0, 2.0, 3.0)


def test_a_guard_holds_where_the_comparison_turns_out_as_recorded():
    for relation, compare in RELATIONS.items():
        for holds in (True, False):
            p = program(guards=(Guard(relation, 0, 1, holds),))
            for x in (1.0, 2.0, 3.0, math.nan, math.inf):
                expected = compare(x, 2.0) == holds
                assert p.holds(p.run([x, 2.0])) == expected, (relation, holds, x)


def test_a_finite_guard_fails_for_infinities_and_nan():
    p = program(guards=(Guard("finite", 0, 0),))
    found = [p.holds(p.run([x, 2.0])) for x in (1.0, math.inf, -math.inf, math.nan)]
    assert found == [True, False, False, False]


def test_a_listing_shows_operators_functions_constants_and_guards():
    code = (
        Instruction(EXP, (0,)),
        Instruction(TABLE["neg"], (3,)),
        Instruction(TABLE["atan2"], (4, 2)),
        Instruction(MUL, (5, 1)),
    )
    guards = Guard("<", 0, 2, holds=False), Guard("finite", 3, 3)
    p = program(code=code, outputs=(6, 0), guards=guards, name="g").check()
    assert str(p) == (
        "g(v0, v1):\n"
        "    v3 = exp(v0)\n"
        "    v4 = -v3\n"
        "    v5 = atan2(v4, 2.0)\n"
        "    v6 = v5 * v1\n"
        "    guard not v0 < 2.0\n"
        "    guard v3 is finite\n"
        "    return v6, v0"
    )


ILL_FORMED = {
    "place 4, which has no": program(code=(Instruction(EXP, (4,)),), outputs=(3,)),
    "place 3, which has no": program(code=(Instruction(EXP, (3,)),), outputs=(3,)),
    "place -1, which has no": program(code=(Instruction(EXP, (-1,)),), outputs=(3,)),
    "place True, which": program(code=(Instruction(EXP, (True,)),), outputs=(3,)),
    "place x, which": program(code=(Instruction(EXP, ("x",)),), outputs=(3,)),
    "exp takes 1 operands, not 2": program(
        code=(Instruction(EXP, (0, 1)),), outputs=(3,)
    ),
    "which is no primitive": program(code=(Instruction(math.exp, (0,)),), outputs=(3,)),
    "constants are floats": program(constants=(2,)),
    "a place that does not exist": program(outputs=(5,)),
    "is at a place that does not": program(outputs=(1.0,)),
    "at a place that does": program(guards=(Guard("<", 0, -1),)),
    "has a relation that does not": program(guards=(Guard("~", 0, 1),)),
    "guards are Guards": program(guards=((">", 0, 1),)),
    "are strings": program(inputs=("x", 1)),
    "is an identifier": program(name="f(): import os\ndef g"),
}


@pytest.mark.parametrize("message", ILL_FORMED)
def test_check_says_what_is_ill_formed(message):
    with pytest.raises((TypeError, ValueError), match=message):
        ILL_FORMED[message].check()


def test_check_returns_what_is_well_formed():
    assert program().check() is not None
    empty = Program((), (1.5,), (), (0,))
    assert empty.check() is empty
    assert empty() == [1.5]


def test_a_program_survives_pickle_and_copies():
    p = trace(lambda x, y: [math.pi * x if x > y else y, TABLE["gelu"](x)], 2.0, 1.0)
    for again in (pickle.loads(pickle.dumps(p)), copy.copy(p), copy.deepcopy(p)):  # noqa: S301
        assert again == p
        assert again(3.0, 1.0) == p(3.0, 1.0)


def poisoned(**changes):
    """Give a new program a state as unpickling does."""
    state = program().__getstate__() | changes
    new = Program.__new__(Program)
    new.__setstate__(state)


RAN = []


def run_me(*_, **__):
    RAN.append(1)


@pytest.mark.parametrize(
    "changes",
    [
        {"check": run_me},
        {"__call__": run_me},
        {"first_result": 0},
        {"code": [(run_me, (0,))]},
        {"code": [(EXP, (99,))]},
        {"code": [(EXP, (-2,))]},
        {"code": [(EXP, "01")]},
        {"code": [(EXP, (0, 1))]},
        {"outputs": (2**40,)},
        {"outputs": (-1,)},
        {"guards": (run_me,)},
        {"guards": (Guard("<", 0, 10**9),)},
        {"guards": (Guard("finite", 0, 10**9),)},
        {"constants": ("2.0",)},
        {"constants": (Value(2.0),)},
        {"name": "f(x):\n    import os\n#"},
        {"inputs": (run_me, run_me)},
    ],
    ids=str,
)
def test_a_poisoned_state_is_refused_and_nothing_in_it_runs(changes):
    RAN.clear()
    with pytest.raises((TypeError, ValueError)):
        poisoned(**changes)
    assert not RAN


def test_a_state_that_lacks_something_is_refused():
    state = program().__getstate__()
    del state["guards"]
    with pytest.raises(ValueError, match="guards"):
        Program.__new__(Program).__setstate__(state)


def test_a_row_is_found_by_its_name_in_the_table_alone():
    assert primitive_named("exp") is EXP
    with pytest.raises(ValueError, match="no primitive called 'system'"):
        primitive_named("system")


def test_rows_of_a_user_are_rows_too():
    double = Primitive("double", lambda x: 2.0 * x, [lambda _y, _x: 2.0])
    p = program(code=(Instruction(double, (0,)),), outputs=(3,)).check()
    assert [bits(x) for x in p(1.5, 0.0)] == [bits(3.0)]
    assert "double(v0)" in str(p)
