"""Lists and tuples of floats go straight into machine code, and only what fits."""

from __future__ import annotations

import math as plain
import pickle
from typing import Any

import numpy as np
import pytest

from autograd import COMPILED, Value, grad, jacobian, jit, math, value_and_grad

pytest.importorskip("llvmlite")

native = pytest.mark.skipif(not COMPILED, reason="ctypes takes floats alone")


def f(p: Any, q: Any, x: Any) -> list[Any]:
    (a, b), c = p
    return [a * q[0] + x, (b * c, [math.exp(q[1] * x)], ()), math.fsum([*q, a])]


ARGS = ((1.5, 2.5), 3.5), [0.25, -0.75, 2.0], 0.5


def test_lists_and_tuples_come_and_go_as_they_do_in_python() -> None:
    compiled = jit(f)
    for scale in (1.0, 2.0, -0.5):
        (a, b), c = ARGS[0]
        args = ((a * scale, b), c), [scale * x for x in ARGS[1]], ARGS[2]
        found, want = compiled(*args), f(*args)
        assert repr(found) == repr(want)
        assert type(found) is list
        assert type(found[1]) is tuple
    assert len(compiled.programs) == 1


@native
@pytest.mark.parametrize(
    ("function", "args"),
    [
        (f, ARGS),
        (lambda p: p[0] * p[1], ([2.0, 3.0],)),
        (lambda p, x: [p[0] * x[1], p[1] * x[0]], ((2.0, 3.0), np.array([1.0, 2.0]))),
        (lambda x, y: [x * y, [x + y]], (2.0, 3.0)),
        (lambda p, q: (p[0][0] * p[1][2] + q, []), ([[2.0], [1.0, 2.0, 3.0]], 0.5)),
        (value_and_grad(math.prod), ([2.0, 3.0, 4.0],)),
        (jacobian(lambda p: [p[0] * p[1], p[1]]), ([2.0, 3.0],)),
    ],
)
def test_what_was_compiled_answers_without_asking_python(
    function: Any, args: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = jit(function)
    want = compiled(*args)
    monkeypatch.setattr(type(compiled), "general", None)
    assert repr(compiled(*args)) == repr(want)
    assert want == function(*args)


def summed(p: Any, x: Any) -> Any:
    return math.fsum([v * x for v in p]) + len(p)


@pytest.mark.parametrize(
    "args",
    [
        ([1.0, 2.0], 3.0),
        ((1.0, 2.0, 3.0), 3.0),
        ([1.0, 2.0, 3.0, 4.0], 3.0),
        ([], 3.0),
        ([1, 2.0, 3.0], 3.0),
        ([1.0, True, 3.0], 3.0),
        ([1.0, np.float64(2.0), 3.0], 3.0),
        ([1.0, 2.0, 3.0], 3),
        ([1.0, 2.0, 1e308], 1e10),
        (np.array([1.0, 2.0, 3.0]), 3.0),
    ],
)
def test_what_does_not_fit_is_answered_as_the_function_does(args: Any) -> None:
    compiled = jit(summed)
    assert compiled([1.0, 2.0, 3.0], 2.0) == summed([1.0, 2.0, 3.0], 2.0)
    assert compiled([1.0, 2.5, 3.0], 2.0) == summed([1.0, 2.5, 3.0], 2.0)
    try:
        want = summed(*args)
    except OverflowError:
        with pytest.raises(OverflowError):
            compiled(*args)
        return
    assert compiled(*args) == want
    assert compiled([1.0, 2.0, 3.0], 2.0) == summed([1.0, 2.0, 3.0], 2.0)


def test_values_in_a_list_get_their_gradients() -> None:
    compiled = jit(summed)
    assert compiled([1.0, 2.0], 3.0) == 11.0
    p = [Value(1.0), Value(2.0)]
    y = compiled(p, 3.0)
    y.backward()
    assert [v.grad for v in p] == [3.0, 3.0]
    assert compiled([1.0, p[1]], 3.0).data == 11.0


def test_a_guard_within_a_list_takes_another_way() -> None:
    def either(p: list[float]) -> float:
        found = []
        if p[0] < p[1]:
            found.append(p[0] * 2.0)
        else:
            found.append(math.exp(p[1]))
        return found[0]

    compiled = jit(either)
    for p in ([1.0, 2.0], [2.0, 1.0], [1.5, 2.0], [3.0, 0.5]) * 3:
        assert compiled(p) == pytest.approx(
            p[0] * 2.0 if p[0] < p[1] else plain.exp(p[1]), rel=1e-15
        )
    assert len(compiled.programs) == 2


def test_a_list_that_changes_is_read_anew() -> None:
    compiled, p = jit(grad(lambda p: math.sumprod(p, p))), [1.0, 2.0, 3.0]
    for k in range(5):
        p[1] = float(k)
        assert compiled(p) == [2.0, 2.0 * k, 6.0]
    found = compiled(p)
    found[0] = 7.0
    assert compiled(p) == [2.0, 8.0, 6.0]
    p.append(4.0)
    assert compiled(p) == [2.0, 8.0, 6.0, 8.0]


def test_a_list_that_turns_while_it_is_recorded_is_not_taken_for_what_it_was() -> None:
    pair: list[Any] = [1.0, [2.0, 3.0]]

    def turning(xs: Any) -> Any:
        twice = xs[0] * 2.0 if type(xs[1]) is list else math.fsum(xs[0]) * 100.0
        pair.reverse()
        return twice

    compiled = jit(turning)
    assert compiled(pair) == 2.0
    assert pair == [[2.0, 3.0], 1.0]
    assert compiled(pair) == 500.0


def test_compiled_functions_of_lists_pickle() -> None:
    compiled = jit(summed)
    assert compiled([1.0, 2.0], 3.0) == 11.0
    again = pickle.loads(pickle.dumps(compiled))  # noqa: S301
    assert again([1.0, 2.0], 3.0) == 11.0
    assert again([1.0, 2.5], 3.0) == 12.5
