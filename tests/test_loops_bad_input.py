"""Series of odd lengths and contents, and loops that run very long."""

from __future__ import annotations

import math
import re
import signal

import numpy as np
import pytest
from work import calls_of

from autograd import math as m
from autograd import value_and_grad, vmap
from autograd.compiler import Program, jit, room, trace
from autograd.compiler.calls import vmap_runner
from autograd.compiler.calls.runner import Runner
from autograd.compiler.loop import Loop


def garch(w, a, b, series):
    h = w / (1.0 - a - b)
    s = 0.0 * w
    for x in series:
        s = s + m.log(h) + x * x / h
        h = w + a * x * x + b * h
    return 0.5 * s


def series_of(n):
    return 0.01 * np.random.default_rng(n).standard_normal(n)


POINT = (1e-5, 0.08, 0.9)
with_gradient = value_and_grad(garch, (0, 1, 2, 3))


def flat(found):
    value, (w, a, b, series) = found
    return [value, w, a, b, *series]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 6, 9, 30, 31, 100, 257])
def test_a_series_of_any_length_has_the_eager_gradient(n):
    series = series_of(n)
    found = jit(with_gradient)(*POINT, series)
    np.testing.assert_allclose(
        flat(found), flat(with_gradient(*POINT, series)), rtol=1e-12
    )


def test_one_compiled_function_takes_series_of_several_lengths():
    compiled = jit(value_and_grad(garch, (0, 1, 2)))
    for n in (100, 120, 3, 100, 77):
        value, gradient = compiled(*POINT, series_of(n))
        want, expected = value_and_grad(garch, (0, 1, 2))(*POINT, series_of(n))
        np.testing.assert_allclose([value, *gradient], [want, *expected], rtol=1e-12)
    assert any(program.has_loops for program in compiled.programs)


@pytest.mark.parametrize("k", [0, 1, 57, 98, 99])
@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf, 1e200])
def test_a_number_that_is_not_finite_gives_what_it_gives_eagerly(k, x):
    compiled = jit(value_and_grad(garch, (0, 1, 2)))
    series = series_of(100).tolist()
    compiled(*POINT, series)
    series = [*series]
    series[k] = x
    value, gradient = compiled(*POINT, series)
    want, expected = value_and_grad(garch, (0, 1, 2))(*POINT, series)
    np.testing.assert_array_equal([value, *gradient], [want, *expected])


@pytest.mark.parametrize("k", [0, 3, 50, 99])
def test_an_error_in_the_middle_is_the_one_of_the_eager_function(k):
    def f(scale, series):
        total = 0.0 * scale
        for x in series:
            total = 0.9 * total + m.sqrt(scale * x)
        return total

    compiled = jit(f)
    series = np.linspace(1.0, 2.0, 100)
    assert compiled(1.0, series) == pytest.approx(f(1.0, series.tolist()))
    series[k] = -1.0
    with pytest.raises(ValueError, match=r"sqrt|domain|nonneg") as eager:
        f(1.0, series.tolist())
    with pytest.raises(ValueError, match=re.escape(str(eager.value))):
        compiled(1.0, series)


@pytest.mark.parametrize("k", [1, 57, 998])
def test_an_error_in_a_loop_names_the_step(k):
    def f(scale, series):
        total = scale
        for x in series:
            total = 0.9 * total + m.sqrt(scale * x)
        return total

    compiled = jit(f)
    series = np.linspace(1.0, 2.0, 1000)
    compiled(1.0, series)
    series[k] = -1.0
    with pytest.raises(ValueError, match=r"sqrt|domain|nonneg") as caught:
        compiled(1.0, series)
    (note,) = caught.value.__notes__
    (loop,) = (s for s in compiled.programs[0].code if isinstance(s, Loop))
    assert note == (
        f"this happened in iteration {k - 1000 + loop.count} (from 0 on) of a loop of "
        f"{loop.count}"
    )


def test_an_error_at_the_beginning_of_a_long_program_is_raised_at_once():
    def f(x):
        y = m.log(x)
        for _ in range(2000):
            y = 0.5 * y + x
        return y

    def asked():
        with pytest.raises(ValueError, match=r"domain|positive"):
            compiled(-1.0)

    compiled = jit(f)
    compiled(1.0)
    assert compiled.programs[0].has_loops
    assert calls_of(asked)[0] < 2000


def test_an_error_names_no_step_of_a_way_that_was_not_gone():
    def f(x, series):
        total = x
        for y in series if x > 0.0 else series[::-1]:
            total = 0.9 * total + m.sqrt(abs(x) * y)
        return total

    compiled = jit(f)
    series = np.linspace(1.0, 2.0, 1000)
    compiled(1.0, series)
    series[57] = -1.0
    with pytest.raises(ValueError, match=r"sqrt|domain|nonneg") as caught:
        compiled(-1.0, series)
    assert "iteration 57 " not in "".join(getattr(caught.value, "__notes__", []))


def test_an_error_of_the_function_itself_names_no_step():
    def f(x, most):
        for _ in range(2000):
            x = 3.5 * x * (1.0 - x)
        if x > most:
            raise ValueError("too large")
        return x

    compiled = jit(f)
    compiled(0.3, 2.0)
    with pytest.raises(ValueError, match="too large") as caught:
        compiled(0.3, 0.0)
    assert not getattr(caught.value, "__notes__", [])


def test_a_block_that_changes_shape_half_way_is_two_loops():
    def f(x):
        for k in range(2000):
            x = m.sin(x) + 0.5 if k < 1200 else m.cos(0.5 * x) * x
        return x

    compiled = jit(f)
    assert compiled(0.3) == pytest.approx(f(0.3), rel=1e-14)
    loops = [s for s in compiled.programs[0].code if isinstance(s, Loop)]
    assert sorted(loop.count for loop in loops) == pytest.approx([800, 1200], abs=2)


def test_a_comparison_that_turns_out_otherwise_in_one_iteration_is_noticed():
    def f(a, xs):
        y = 0.0 * a
        for x in xs:
            y = 0.5 * y + (a * x if x > 0.1 else x)
        return y

    compiled = jit(f)
    xs = np.linspace(1.0, 2.0, 80)
    assert compiled(2.0, xs) == pytest.approx(f(2.0, xs.tolist()))
    for k in (0, 1, 40, 78, 79):
        other = xs.copy()
        other[k] = 0.05
        assert compiled(2.0, other) == pytest.approx(f(2.0, other.tolist()))


def test_ctrl_c_ends_a_long_native_loop_and_leaves_all_usable():
    step = trace(lambda x: 3.7 * x * (1.0 - x), 0.3)
    body = Program(("",), step.constants, step.code, step.outputs)
    # It would take hours.
    runner = Runner(Program(("",), (), (Loop(10**13, body, (0,), ()),), (1,)))

    def interrupt(_number, _frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(KeyboardInterrupt):
            runner.run([0.3])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    short = Runner(Program(("",), (), (Loop(3, body, (0,), ()),), (1,)))
    x = 0.3
    for _ in range(3):
        x = 3.7 * x * (1.0 - x)
    assert short.run([0.3]) == [pytest.approx(x)]


# --- Memory that would not suffice ----------------------------------------------------


@pytest.fixture
def batch(monkeypatch):
    """A batch with loops that has run, and asks for memory from the first byte on."""
    f = vmap(value_and_grad(garch, (0, 1, 2)), (0, 0, 0, None))
    points = [np.full(100_000, x) for x in POINT]
    series = series_of(600)
    want = f(*(x[:3] for x in points), series)
    monkeypatch.setattr(vmap_runner, "LITTLE", 0)
    return f, points, series, want


def test_a_batch_says_how_much_memory_it_lacks_before_it_takes_any(batch, monkeypatch):
    f, points, series, want = batch
    monkeypatch.setattr(room, "free", lambda: 3_000_000)
    with pytest.raises(MemoryError, match=r"garch on 100,000 rows takes 3 MB for its"):
        f(*points, series)
    found = f(*(x[:3] for x in points), series)  # which is little
    assert found[0].tolist() == want[0].tolist()
    monkeypatch.setattr(room, "free", lambda: 100_000)
    with pytest.raises(MemoryError, match="map the function of some steps"):
        f(*(x[:3] for x in points), series)


def test_no_more_threads_work_on_a_batch_than_there_is_memory_for(batch, monkeypatch):
    f, points, series, _ = batch
    helpers = []
    together = vmap_runner.Together.run
    monkeypatch.setattr(
        vmap_runner.Together,
        "run",
        lambda self, n: helpers.append(n) or together(self, n),
    )
    monkeypatch.setattr(vmap_runner, "threads", lambda: 8)
    (variant,) = next(iter(f.variants.values()))
    layout = variant.runner(partials=False, reduce=False).layout
    each, results = 8 * (layout.room + layout.uniform), 1000 * (4 * 8 + 1)
    for free in (results + 7 * each // 2, None):
        monkeypatch.setattr(room, "free", lambda free=free: free)
        f(*(x[:1000] for x in points), series)
    assert helpers == [2, 7]


def test_free_memory_is_what_the_system_could_give(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "GROUP", tmp_path)
    monkeypatch.setattr(room, "SYSTEM", tmp_path / "meminfo")
    (tmp_path / "meminfo").write_text("MemFree: 5 kB\nMemAvailable:   70 kB\n")
    assert room.free() == 70 * 1024
    (tmp_path / "meminfo").write_text("MemFree: 5 kB\n")
    assert room.free() is None or room.free() > 10**6
