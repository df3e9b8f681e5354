"""A recording is what a function did to its numbers, and it misses none of them."""

from __future__ import annotations

import copy
import itertools
import math
import pickle
import random
import sys
import time

import pytest
from outcomes import without_source

from autograd import Value, grad, no_grad, value_and_grad
from autograd import math as am
from autograd.compiler import Guard, Program, jit, limit, room, trace
from autograd.compiler.record import tape
from autograd.compiler.record.trace import record_once

COUNTER = itertools.count()
MODULE = sys.modules["autograd.compiler.record.tape"]


def rows(program):
    return [step.primitive.name for step in program.code]


def test_what_nothing_depends_on_is_not_recorded_unless_it_may_raise():
    def f(x):
        am.exp(am.tanh(x)) * 3.0
        return x + 1.0

    assert rows(trace(f, 2.0)) == ["tanh", "exp", "add"]
    assert rows(trace(lambda x: (am.tanh(x) * x, -x)[1], 2.0)) == ["neg"]


def test_inputs_are_the_numbers_of_any_structure_in_order():
    def f(p, x):
        return p["b"] - x[1] * p["a"][0]

    program = trace(f, {"a": [2.0], "b": 3.0}, (4.0, 5.0))
    assert len(program.inputs) == 4
    assert program(2.0, 3.0, 4.0, 5.0) == [-7.0]
    assert program(10.0, 20.0, 30.0, 40.0) == [-380.0]


def test_results_of_any_structure_are_outputs_in_order():
    assert trace(lambda x: {"b": [x, 2.0 * x], "a": -x}, 3.0)(5.0) == [-5.0, 5.0, 10.0]


def test_constants_are_kept_once_and_to_the_last_bit():
    program = trace(lambda x: (x + 0.1) * 0.1 - math.pi * Value(math.pi), 1.0)
    assert program.constants == (0.1, math.pi)
    zeros = trace(lambda x: am.copysign(x, 0.0) + am.copysign(x, -0.0), 1.0)
    assert [math.copysign(1.0, c) for c in zeros.constants] == [1.0, -1.0]


def test_comparisons_are_guards_in_the_order_they_were_asked():
    def f(x, y):
        if x > y or x == 1.0 or y <= 0:
            return x
        return y

    program = trace(without_source(f), 1.0, 2.0)
    assert [(g.relation, g.a, g.holds) for g in program.guards] == [
        (">", 0, False),
        ("==", 0, True),
    ]
    assert not program.code


@pytest.mark.parametrize(
    "f",
    [
        lambda x: 1.0 if x else 2.0,
        lambda x: max(x, 1.0),
        lambda x: min([x, 1.0, 5.0]),
        lambda x: sorted([x, 1.0, 5.0])[1],
        lambda x: x if x in (7.0, 1.0) or x in [1.0, 2.5] else -x,
        lambda x: sum(1.0 for i in range(5) if i < x),
        lambda x: [x, -x][x > 1.5],
        lambda x: x if 0.0 < x <= 3.0 else -x,
        lambda x: am.sqrt(x) if not x < 0.0 else am.sqrt(-x),
    ],
    ids=["bool", "max", "min", "sorted", "in", "range", "index", "between", "not"],
)
def test_whatever_asks_a_comparison_is_guarded(f):
    program = trace(without_source(f), 2.5)
    assert program.guards
    for x in (2.5, 2.4, -1.0, 0.0, 1.0, 1.5, 3.5, 7.0, 100.0):
        try:
            results = program.run([x])
        except ValueError:
            continue
        if program.holds(results):
            assert program(x) == [f(x)]


def test_values_that_were_there_before_are_captured():
    w = Value(3.0, name="weight")
    inner = w * 2.0
    recording = record_once(lambda xs: xs[0] * inner + w, [5.0], "f")
    assert {id(x) for x in recording.captured} == {id(inner), id(w)}
    assert sorted(recording.program.inputs) == ["", "", "weight"]
    numbers = [x.data for x in recording.captured]
    assert recording.program(5.0, *numbers) == [33.0]


def test_a_derivative_inside_is_recorded_as_what_it_computes():
    program = trace(grad(lambda x: x**3 + am.sin(x)), 2.0)
    for x in (2.0, 0.7, -3.0, 0.0):
        assert program(x) == [pytest.approx(3.0 * x * x + math.cos(x), rel=1e-15)]


def test_what_is_detached_still_varies():
    def f(x):
        with no_grad():
            y = x * x
        return y + x.detach()

    assert trace(f, 3.0)(5.0) == [30.0]


# --- Numbers that escape ------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * random.random(),
        lambda x: x * time.perf_counter(),
        lambda x: x * next(COUNTER),
        lambda x: x if x < random.random() + 5.0 else -x,
    ],
    ids=["random", "clock", "counter", "bound"],
)
def test_a_number_from_elsewhere_is_an_error_that_says_what_to_write(f):
    with pytest.raises(
        RuntimeError, match=r"no function of its arguments.*stay a Value"
    ):
        trace(f, 2.5)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: x + float(repr(x).split("data=")[-1].split(",")[0]), "repr"),
        (lambda x: x + float(f"{x:.9g}"), "format"),
        (lambda x: x + float(str(x).split("data=")[-1].split(",")[0]), "repr"),
        (lambda x: x * (x * x).partials[0], "partials"),
        (lambda x: x * (1.0 + x.grad), r"\.grad"),
        (lambda x: x if x in {2.5, 3.0} else -x, "hash"),
        (lambda x: x * copy.copy(x), "copied"),
        (lambda x: x * len(pickle.dumps(x)), "copied"),
        (lambda x: 2 * x if isinstance(x, float) else x, "type"),
        (lambda x: 2 * x if x.as_integer_ratio()[1] == 1 else x, "as_integer_ratio"),
    ],
    ids=[
        "repr",
        "format",
        "str",
        "partials",
        "grad",
        "hash",
        "copy",
        "pickle",
        "class",
        "method",
    ],
)
def test_a_number_that_leaves_a_value_is_refused_and_jit_runs_eagerly(f, message):
    f = without_source(f)
    with pytest.raises(RuntimeError, match=rf"cannot be a program.*{message}"):
        trace(f, 2.5)
    compiled = jit(lambda x: x)
    compiled.f = f
    if message not in {"partials", r"\.grad"}:  # which floats have not
        assert [compiled(x) for x in (2.5, 3.0, 7.0)] == [f(x) for x in (2.5, 3.0, 7.0)]
        assert not compiled.programs
        assert message in compiled.why_eager


def test_a_random_number_is_found_without_any_argument():
    w = Value(2.0)
    with pytest.raises(RuntimeError, match="did not do the same twice"):
        jit(lambda: w * random.random())()


def test_a_random_number_is_found_where_all_points_nearby_go_another_way():
    def f(x):
        return x * random.random() if x == 3.0 else x

    with pytest.raises(RuntimeError, match="did not do the same twice"):
        trace(f, 3.0)


def test_reading_data_is_an_error_that_says_what_to_write():
    with pytest.raises(RuntimeError, match=r"\.data.*Compare the Value itself"):
        trace(lambda x: x * x.data, 2.0)


def test_backward_inside_is_an_error_that_names_value_and_grad():
    with pytest.raises(RuntimeError, match="value_and_grad"):
        trace(lambda x: (x * x).backward(), 2.0)


def test_a_complex_result_is_an_error_that_shows_it():
    with pytest.raises(TypeError, match=r"returned Complex\(6\.25, 0\.0\)"):
        trace(lambda x: x * complex(x), 2.5)
    program = trace(lambda x: abs(x * complex(x, 1.0)), 2.5)
    assert program(2.0)[0] == pytest.approx(abs(2.0 * (2.0 + 1j)))


@pytest.mark.parametrize("convert", [float, int, math.exp, math.floor])
def test_converting_to_a_plain_number_is_an_error_or_stays_a_value(convert):
    try:
        program = trace(lambda x: x * convert(x), 2.5)
    except TypeError as error:
        assert ".data" in str(error) or "autograd.math" in str(error)  # noqa: PT017
    else:
        assert program(2.5) == [2.5 * convert(2.5)]
        if program.holds(program.run([4.5])):
            assert program(4.5) == [4.5 * convert(4.5)]


# --- Results and ends ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "is a return statement missing"),
        ("1.0", "'1.0'"),
        ([1.0, None], "None"),
        (True, "True"),
        (1j, "1j"),
        ({1.0}, "set"),
        (object(), "object"),
    ],
    ids=str,
)
def test_what_is_no_number_cannot_be_returned(result, message):
    with pytest.raises(TypeError, match=f"f returned .*{message}"):
        jit(named_f(lambda _: result))(1.0)


def named_f(f):
    f.__name__ = "f"
    return f


def test_a_loop_that_never_ends_is_an_error(monkeypatch):
    monkeypatch.setattr(MODULE, "LIMIT", [1000])

    def f(x):
        while True:
            x = x + 1.0

    with pytest.raises(MemoryError, match="f recorded 1,000 operations"):
        trace(f, 1.0)


def test_a_loop_of_comparisons_that_never_ends_is_an_error(monkeypatch):
    monkeypatch.setattr(MODULE, "LIMIT", [1000])

    def f(x):
        while x > 0.0:
            pass

    with pytest.raises(MemoryError, match="did not come to an end"):
        trace(f, 1.0)


def test_a_recursion_that_never_ends_is_pythons_own_error():
    def f(x):
        return f(x + 1.0)

    with pytest.raises(RecursionError):
        trace(f, 1.0)
    assert trace(lambda x: x + 1.0, 1.0)(2.0) == [3.0]


def test_an_error_in_the_function_is_raised_as_it_is_and_leaves_nothing_behind():
    for f, error in (
        (lambda x: 1.0 / (x - x), ZeroDivisionError),
        (lambda x: am.log(-x), ValueError),
        (lambda x: am.exp(1000.0 * x), OverflowError),
        (lambda x: x.nothing, AttributeError),
    ):
        with pytest.raises(error):
            trace(f, 1.0)
    assert Value(2.0).data == 2.0


def test_a_recording_is_well_formed_and_names_the_function():
    def pythagoras(a, b):
        return am.hypot(a, b) if a > 0 else b

    program = trace(without_source(pythagoras), 3.0, 4.0)
    assert isinstance(program.check(), Program)
    assert program.name == "pythagoras"
    assert program.guards == (Guard(">", 0, 2),)
    assert trace(lambda x: x, 1.0).name == "f"


def test_a_leak_is_told_with_the_line_that_used_the_number():
    def f(x):
        y = x * x
        return y + random.random()

    line = f.__code__.co_firstlineno + 2
    with pytest.raises(RuntimeError, match=rf"at .*test_trace\.py:{line}\)"):
        trace(f, 2.0)


def test_the_limit_is_what_fits_into_half_of_the_memory_that_a_group_may_take(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(room, "GROUP", tmp_path)
    monkeypatch.setattr(tape, "LIMIT", [None])
    free = limit()
    files = {"memory.max": "2000000000\n", "memory.current": "1200000000\n"}
    files["memory.stat"] = "anon 5\ninactive_file 160000000\n"
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert limit() == min(free, 960_000_000 // (2 * tape.BYTES))
    (tmp_path / "memory.max").write_text("max\n")
    assert limit() > 960_000_000 // (2 * tape.BYTES)


def test_a_search_that_never_ends_at_a_point_nearby_ends_where_it_was_asked_for():
    def f(x):
        y = 8.0
        while abs(y - x) > 1e-15:  # at other numbers it goes to and fro for ever
            y = x + 1.0 * (x != 2.0)
        return y * x

    assert jit(f)(2.0) == 4.0
    assert jit(value_and_grad(f))(2.0) == value_and_grad(f)(2.0)
    with pytest.raises(MemoryError):
        record_once(lambda xs: f(*xs), [2.1], "f", most=1_000)
