"""A vmapped function is the function of one row, for each row."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest
from outcomes import without_source

from autograd import Value, grad, hessian, hvp, jit, primitive, value_and_grad, vmap
from autograd import math as am
from autograd.compiler.calls.vmap_runner import threads
from nn import MLP


class Pair(NamedTuple):
    a: object
    b: object


@pytest.fixture
def use_threads():
    yield threads
    threads(0)


def bent(x):
    return am.log(x) * x if x > 1.0 else am.exp(x) - 1.0 if x > 0.0 else x * x


def smooth(x, y):
    return am.exp(-x * y) * am.sin(x) + x / (2.0 + y * y)


def loss(w, x, y):
    return (am.tanh(w[0] * x + w[1]) - y) ** 2


def row_by_row(f, *columns):
    return [f(*row) for row in zip(*[c.tolist() for c in columns], strict=True)]


def numbers(n, seed=0):
    return np.random.default_rng(seed).normal(size=n) * 2.0


def close(found, expected, rel=1e-13):
    np.testing.assert_allclose(np.array(found, float), expected, rel, 1e-14)


# --- Rows ---------------------------------------------------------------------------


@pytest.mark.parametrize("n", range(1, 71))
def test_any_number_of_rows_is_right(n):
    x, y = numbers(n), numbers(n, 1)
    close(SMOOTH(x, y), row_by_row(smooth, x, y))
    close(BENT(x), row_by_row(bent, x))
    assert SUM(x, y) == pytest.approx(math.fsum(row_by_row(smooth, x, y)), rel=1e-12)
    assert MEAN(x) == pytest.approx(math.fsum(row_by_row(bent, x)) / n, rel=1e-12)


SMOOTH, BENT = vmap(smooth), vmap(without_source(bent))
SUM, MEAN = vmap(smooth, reduce="sum"), vmap(bent, reduce="mean")


def test_rows_beyond_the_last_are_not_written_or_added():
    ones = np.ones(70)
    for n in range(1, 71):
        assert vmap_sum_of_ones(ones[:n]) == n


vmap_sum_of_ones = vmap(lambda x: x / x, reduce="sum")


def test_axes_other_than_the_first_and_arrays_with_gaps():
    a = numbers(60).reshape(5, 3, 4)

    def f(x):
        return sum(v * v * (k + 1.0) for k, v in enumerate(np.ravel(x)))

    for axis in (0, 1, 2, -1, -3):
        rows = np.moveaxis(a, axis, 0)
        close(vmap(f, axis)(a), [float(f(row)) for row in rows])
    for part in (a[::2], a[:, ::-1], a.T, np.asfortranarray(a), a[1:4, :, 2:]):
        close(vmap(f)(part), [float(f(row)) for row in part])
    close(vmap(lambda x: 2.0 * x)(a[0, 0, ::-1]), 2.0 * a[0, 0, ::-1])
    mixed = vmap(lambda x, y: sum(x) * y, (1, 0))
    close(mixed(a[0], a[0, 0]), a[0].sum(axis=0) * a[0, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, int, bool, np.uint8, ">f8"])
def test_rows_of_any_real_type_are_floats(dtype):
    x = np.array([0, 1, 1, 0, 1]).astype(dtype)
    close(vmap(lambda x: x * 2.5 + 1.0)(x), np.asarray(x, float) * 2.5 + 1.0)
    close(vmap(lambda x: x * 2.5)([1, 2, 3]), [2.5, 5.0, 7.5])


def test_the_callers_arrays_stay_as_they_are():
    x = numbers(9)
    before = x.copy()
    y = vmap(lambda x: x)(x)
    y[:] = 0.0
    assert x.tolist() == before.tolist()


def test_results_have_the_structure_of_one_rows_result_with_arrays():
    def f(x):
        z = np.array([[x, 2.0 * x], [1.0, x * x]], dtype=object)
        return {"p": Pair(x, [x * x, 1.5]), "z": z, "t": (-x,)}

    found = vmap(f)(np.array([1.0, 2.0, 3.0]))
    assert type(found["p"]) is Pair
    assert found["p"].a.tolist() == [1.0, 2.0, 3.0]
    assert [part.tolist() for part in found["p"].b] == [[1.0, 4.0, 9.0], [1.5] * 3]
    assert found["t"][0].tolist() == [-1.0, -2.0, -3.0]
    assert found["z"].shape == (3, 2, 2)
    assert found["z"][2].tolist() == [[3.0, 6.0], [1.0, 9.0]]
    sums = vmap(f, reduce="sum")(np.array([1.0, 2.0, 3.0]))
    assert sums["p"] == Pair(6.0, [14.0, 4.5])
    assert sums["z"].tolist() == [[6.0, 12.0], [3.0, 14.0]]
    means = vmap(f, reduce="mean")(np.array([1.0, 2.0, 3.0]))
    assert means["t"][0] == pytest.approx(-2.0, rel=1e-15)


def test_what_is_not_mapped_is_the_same_for_all_rows():
    def f(x, w, n, name):
        return w["a"] * x**n if name == "power" else w["b"][0] + x

    run = vmap(f, (0, None, None, None))
    x, w = np.array([1.0, 2.0, 3.0]), {"a": 2.0, "b": [5.0]}
    assert run(x, w, 2, "power").tolist() == [2.0, 8.0, 18.0]
    assert run(x, w, 1, "power").tolist() == [2.0, 4.0, 6.0]
    assert run(x, w | {"a": 3.0}, 2, "power").tolist() == [3.0, 12.0, 27.0]
    assert run(x, w, 2, "sum").tolist() == [6.0, 7.0, 8.0]
    assert len(run.programs) == 3


def test_what_all_rows_share_is_computed_once_and_right_for_each():
    def f(x, w):
        scale = am.exp(w) * w + 1.0
        return scale * x, scale, x / scale if w > 0.0 else x * scale

    x, w = numbers(19), Value(0.3)
    for reduce in (None, "sum"):
        run = vmap(f, (0, None), reduce)
        for number in (0.3, -1.2, 0.3):
            s = math.exp(number) * number + 1.0
            expected = [s * x, s + 0.0 * x, x / s if number > 0.0 else x * s]
            close(run(x, number), [e.sum() if reduce else e for e in expected], 1e-12)
            w.data = number
            nodes = [np.array([y.data for y in np.ravel(part)]) for part in run(x, w)]
            expected = [np.ravel(e.sum() if reduce else e) for e in expected]
            close(nodes, expected, 1e-12)


def test_another_shape_is_another_recording():
    run = vmap(sum)
    for shape in ((3, 2), (3, 5), (4, 2), (1, 1)):
        a = numbers(shape[0] * shape[1]).reshape(shape)
        close(run(a), a.sum(axis=1), 1e-12)


def test_a_function_that_is_already_compiled_or_vmapped_inside_is_the_same():
    x = numbers(20)
    close(vmap(jit(bent))(x), row_by_row(bent, x))


def test_a_batch_inside_a_compiled_function_reads_arrays_with_gaps():
    total = vmap(bent, reduce="sum")
    plain = np.abs(numbers(40)) + 1.1
    run = jit(lambda x: 2.0 * total(x))
    for x in (plain, plain[::2], plain[::-1], np.asfortranarray(plain[:20])):
        expected = 2.0 * math.fsum(row_by_row(bent, x))
        assert run(x) == pytest.approx(expected, rel=1e-13)
        assert run(x) == pytest.approx(expected, rel=1e-13)


# --- Guards -------------------------------------------------------------------------


def test_rows_are_computed_by_the_variant_of_their_way():
    run = vmap(without_source(bent))
    x = np.array([2.0, -1.0, 0.5, 3.0, 0.0, 1.0, -7.0] * 5)
    for _ in range(2):
        close(run(x), row_by_row(bent, x))
    assert len(run.programs) == 3
    close(run(x[:1]), row_by_row(bent, x[:1]))
    close(run(x[1:2]), row_by_row(bent, x[1:2]))
    assert len(run.programs) == 3


def test_a_comparison_of_what_is_the_same_for_all_rows():
    run = vmap(lambda x, w: w * x if w > 0.0 else x, (0, None))
    x = numbers(20)
    for w in (1.0, -1.0, 2.0, -3.0):
        close(run(x, w), w * x if w > 0.0 else x)


def test_rows_with_nan_and_infinities_are_as_python_has_them():
    def f(x):
        return am.atan(x) if x > 1.0 else x - 1.0

    def g(x):
        return x if am.sqrt(x * x + 1.0) > 2.0 else 2.0 * x

    x = np.array([math.nan, 1.0, math.inf, 5.0, -math.inf, -2.0, math.nan, 0.1])
    for h, count in ((f, 1), (g, 1), (without_source(f), 2), (without_source(g), 2)):
        run = vmap(h)
        close(run(x), row_by_row(h, x))
        assert len(run.programs) == count
        usual = x[np.isfinite(x)]
        total = vmap(h, reduce="sum")
        assert total(usual) == pytest.approx(math.fsum(row_by_row(h, usual)), rel=1e-14)
        assert math.isnan(total(x))


def test_rows_that_are_rightly_infinite_are_not_left_to_the_function(monkeypatch):
    run = vmap(grad(am.sqrt))
    x = np.array([0.0, 1.0, 4.0] * 10)
    assert run(x).tolist() == [math.inf, 0.5, 0.25] * 10
    monkeypatch.setattr(run, "f", None)
    assert run(x).tolist() == [math.inf, 0.5, 0.25] * 10


def test_rows_of_many_numbers_have_the_results_of_each_row_by_itself():
    def f(x, w):
        logs = [am.log(x[i]) * x[i + 1] for i in range(0, 200, 2)]
        return am.fsum(
            [*logs, *[w[i] * x[i] * 3.0 for i in range(100, 150)], 2.0 * w[0]]
        )

    rng = np.random.default_rng(0)
    x, w = rng.uniform(0.5, 2.0, (21, 200)), rng.normal(size=150)
    x[5, 1], x[11, 3] = math.inf, -math.inf
    run = vmap(value_and_grad(f, (0, 1)), (0, None))
    value, (by_x, by_w) = run(x, w)
    for k, row in enumerate(x):
        y, (d, e) = value_and_grad(f, (0, 1))(row, w)
        assert close_or_nan(value[k], y)
        assert close_or_nan(by_x[k], d)
        assert close_or_nan(by_w[k], e)
    x[17, 40] = -1.0
    with pytest.raises(ValueError, match=r"domain|log"):
        run(x, w)
    machine = vmap(grad(lambda x: am.fsum([am.sin(x[i]) for i in range(1000)])))
    machine(x[:, np.arange(1000) % 200].clip(0.5, 2.0))
    ((variant,),) = machine.variants.values()
    text = str(variant.runner(partials=False, reduce=False).code.module)
    assert text.partition(" @run(")[2].partition("\n}")[0].count("\n") < 500


def close_or_nan(found, expected):
    return np.allclose(found, expected, rtol=1e-13, atol=1e-14, equal_nan=True)


def test_rows_that_take_further_ways_than_64_run_by_themselves():
    def steps(x):
        seen = []
        while x > len(seen):
            seen.append(x)
        return x * len(seen)

    close(vmap(steps)(np.arange(20.0)), np.arange(20.0) ** 2)
    run = vmap(steps)
    with pytest.warns(RuntimeWarning, match="64 different ways") as caught:
        close(run(np.arange(100.0)), np.arange(100.0) ** 2)
    close(run(np.arange(100.0)), np.arange(100.0) ** 2)
    assert len(caught) == 1
    line = steps.__code__.co_firstlineno + 2
    assert f"{__file__}:{line}" in str(caught[0].message)


def test_rows_that_return_other_structures_are_an_error():
    x = np.array([1.0, -1.0])
    for f in (
        lambda x: (x, x) if x > 0.0 else x,
        lambda x: (x, x) if x > 0.0 else [x, x],
        lambda x: {"a": x} if x > 0.0 else {"b": x},
    ):
        for reduce in (None, "sum"):
            with pytest.raises(ValueError, match="another structure of numbers"):
                vmap(f, reduce=reduce)(x)


# --- Errors -------------------------------------------------------------------------

RAISING = {
    "division": (lambda x: 1.0 / x, 0.0, ZeroDivisionError),
    "log": (am.log, -1.0, ValueError),
    "exp": (am.exp, 1000.0, OverflowError),
    "hidden exp": (lambda x: 1.0 / (1.0 + am.exp(-x)), -1000.0, OverflowError),
    "hidden inverse": (lambda x: am.atan(1.0 / x), 0.0, ZeroDivisionError),
    "hidden power": (lambda x: am.atan(x**2), 1e200, OverflowError),
    "in a comparison": (lambda x: x if am.sqrt(x) > 0.5 else -x, -1.0, ValueError),
    "on one way": (lambda x: am.log(x + 1.0) if x < 0.0 else x, -2.0, ValueError),
}


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
@pytest.mark.parametrize("name", RAISING)
def test_one_row_that_raises_raises_what_python_would(name, reduce):
    f, bad, error = RAISING[name]
    run = vmap(f, reduce=reduce)
    good = np.array([0.5, 2.0, 1.0] * 7)
    w = Value(2.0)
    noded = vmap(lambda x: f(x) * w, reduce=reduce)
    for place in (0, 7, 20):
        x = good.copy()
        x[place] = bad
        with pytest.raises(error):
            run(x)
        with pytest.raises(error):
            noded(x)
        run(good)
        noded(good)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: vmap(smooth)(np.ones(3), np.ones(4)), ValueError, r"rows: \[3, 4\]"),
        (lambda: vmap(bent)(np.ones(0)), ValueError, "zero rows.*bent"),
        (lambda: vmap(bent, reduce="mean")(np.ones((0, 3))), ValueError, "zero rows"),
        (lambda: vmap(bent)(1.0), ValueError, r"shape \(\), and so no axis 0"),
        (lambda: vmap(bent, 1)(np.ones(3)), ValueError, "no axis 1"),
        (lambda: vmap(bent, -2)(np.ones(3)), ValueError, "no axis -2"),
        (
            lambda: vmap(bent)(np.array([Value(1.0)])),
            TypeError,
            "rows are arrays of flo",
        ),
        (lambda: vmap(bent)(np.array(["a"])), TypeError, "rows are numbers"),
        (lambda: vmap(bent)(np.array([1j])), TypeError, "rows are arrays of floats"),
        (lambda: vmap(bent)([1.0, None]), TypeError, "rows are arrays of floats"),
        (lambda: vmap(smooth, (0,))(np.ones(3), 1.0), TypeError, "1 entries.*2 argum"),
        (lambda: vmap(bent, "0")(np.ones(3)), TypeError, "int or None, not '0'"),
        (lambda: vmap(bent, (True,))(np.ones(3)), TypeError, "int or None, not True"),
        (lambda: vmap(bent, None)(np.ones(3)), ValueError, "argument to run over"),
        (lambda: vmap(bent)(x=np.ones(3)), TypeError, "positional arguments only.*x"),
        (lambda: vmap(bent, reduce="max"), ValueError, "'max'"),
        (lambda: vmap(np.ones(3)), TypeError, r"vmap\(f\)\(X\)"),
        (lambda: vmap(lambda _: None)(np.ones(3)), TypeError, "return statement"),
        (lambda: vmap(lambda _: "a")(np.ones(3)), TypeError, "returns numbers"),
        (lambda: vmap(lambda x: x.data)(np.ones(3)), RuntimeError, "Compare the Value"),
        (lambda: threads(-1), ValueError, "from 0 on, not -1"),
        (lambda: threads(True), ValueError, "from 0 on, not True"),
    ],
    ids=range(22),
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


# --- Gradients ----------------------------------------------------------------------


def data(n=37):
    return numbers(n), np.sign(numbers(n, 1))


@pytest.mark.parametrize("reduce", ["sum", "mean"])
def test_the_gradient_of_a_reduced_loss_is_that_of_the_rows(reduce):
    x, y = data()
    total = vmap(loss, (None, 0, 0), reduce)

    def plain(w):
        rows = [loss(w, a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
        return sum(rows) * (1.0 / len(rows) if reduce == "mean" else 1.0)

    w = [0.3, -0.2]
    value, gradient = value_and_grad(total)(w, x, y)
    assert value == pytest.approx(plain(w), rel=1e-13)
    close(gradient, grad(plain)(w), 1e-12)
    close(hessian(lambda w: total(w, x, y))(w), hessian(plain)(w), 1e-11)
    close(
        hvp(lambda w: total(w, x, y))(w, [1.0, 2.0]), hvp(plain)(w, [1.0, 2.0]), 1e-11
    )
    compiled = jit(value_and_grad(lambda w: total(w, x, y)))
    close(compiled(w)[1], gradient, 1e-13)


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
def test_values_that_were_captured_get_gradients_on_each_way(reduce):
    v, w = Value(0.7), Value(-1.3)
    x = numbers(23)

    def f(x):
        return am.exp(v * x) if x > 1.0 else w * v * x if x < -1.0 else x * x

    run = vmap(f, reduce=reduce)
    for number in (0.7, -0.4):
        v.data, v.grad, w.grad = number, 0.0, 0.0
        found = run(x) if reduce else sum(run(x))
        found.backward()
        gradient = v.grad, w.grad
        v.grad = w.grad = 0.0
        plain = sum(f(a) for a in x.tolist()) * (1.0 / 23 if reduce == "mean" else 1.0)
        plain.backward()
        close([found.data, *gradient], [plain.data, v.grad, w.grad], 1e-12)


def test_results_of_rows_are_nodes_only_where_they_depend_on_values():
    w = Value(2.0)
    f = without_source(lambda x: x if x > 0.0 else w * x)  # so it has two ways
    found = vmap(f)(np.array([1.0, -1.0, 3.0]))
    assert [type(y) for y in found] == [float, Value, float]
    assert [getattr(y, "data", y) for y in found] == [1.0, -2.0, 3.0]


def test_a_module_is_trained_as_by_single_rows():
    model = MLP(2, [5, 1])
    x = numbers(40).reshape(20, 2)
    y = np.sign(numbers(20, 3))

    def row_loss(model, x, y):
        out = model(list(x))
        return am.relu(1.0 - y * (out[0] if isinstance(out, list) else out))

    for total in (
        vmap(row_loss, (None, 0, 0), "mean"),
        lambda m, x, y: vmap(lambda x, y: row_loss(m, x, y), reduce="mean")(x, y),
    ):
        for p in model.parameters():
            p.grad = 0.0
        found = total(model, x, y)
        found.backward()
        gradient = [p.grad for p in model.parameters()]
        for p in model.parameters():
            p.grad = 0.0
        rows = [
            row_loss(model, a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)
        ]
        plain = sum(rows) * (1.0 / 20.0)
        plain.backward()
        assert found.data == pytest.approx(plain.data, rel=1e-12)
        close(gradient, [p.grad for p in model.parameters()], 1e-11)


def test_an_infinite_partial_of_one_row_is_as_without_compiling():
    w = Value(0.0)
    x = np.array([0.0, 1.0, 4.0])
    run = vmap(lambda x: am.sqrt(x + w) * (x + w), reduce="sum")
    total = run(x)
    total.backward()
    found = w.grad
    w.grad = 0.0
    sum(am.sqrt(a + w) * (a + w) for a in x.tolist()).backward()
    assert found == pytest.approx(w.grad)


def test_partials_of_a_users_primitive_may_compare():
    def slope(_y, x):
        return 3.0 if x > 0.0 else 0.5

    crooked = primitive(lambda x: 3.0 * x if x > 0.0 else 0.5 * x, slope)
    w, x = Value(1.5), np.array([1.0, -1.0, 2.0, -3.0, 0.5])
    vmap(lambda x: crooked(w * x), reduce="sum")(x).backward()
    assert w.grad == pytest.approx(3.0 * 3.5 - 0.5 * 4.0)


# --- Threads ------------------------------------------------------------------------


def test_the_bits_are_the_same_for_any_number_of_threads(use_threads):
    n = 40_001
    x, y = numbers(n), numbers(n, 1)
    deep = vmap(lambda x, y: sum(am.sin(x * k) * y for k in range(1, 40)), reduce="sum")
    w = [0.3, -0.2]
    total = value_and_grad(vmap(loss, (None, 0, 0), "mean"))
    found = set()
    for count in (1, 2, 5, 0):
        use_threads(count)
        value, gradient = total(w, x, y)
        results = [deep(x, y), value, *gradient]
        rows = hash(vmap(smooth)(x, y).tobytes())
        found.add((*(v.hex() for v in results), rows))
    assert len(found) == 1
    exact = math.fsum(row_by_row(smooth, x, y))
    assert vmap(smooth, reduce="sum")(x, y) == pytest.approx(exact, rel=1e-11)


def test_an_error_in_one_of_many_pieces_is_raised(use_threads):
    use_threads(3)
    x = np.ones(100_000)
    x[77_777] = 0.0
    with pytest.raises(ZeroDivisionError):
        vmap(lambda x: am.atan(1.0 / x), reduce="sum")(x)
    with pytest.raises(ZeroDivisionError):
        vmap(lambda x: sum(am.atan(k / x) for k in range(1, 9)))(x)


FORKED = """
import os, sys
import numpy as np
from autograd import vmap
from autograd.compiler.calls.vmap_runner import threads
threads(2)
f = vmap(lambda x: sum(x * k for k in range(60)), reduce="sum")
x = np.ones(100_000)
expected = f(x)
child = os.fork()
if child == 0:
    os._exit(0 if f(x) == expected else 1)
print(os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="no fork here")
def test_a_forked_process_starts_threads_of_its_own(run_python):
    done = run_python("-W", "ignore", "-c", FORKED)
    assert done.stdout == "0\n", done.stderr


def test_rows_that_would_lose_digits_or_their_mask_are_refused():
    with pytest.raises(TypeError, match="more digits than a float"):
        vmap(lambda x: x)(np.ones(2, dtype=np.longdouble))
    with pytest.raises(TypeError, match="mask would be lost"):
        vmap(lambda x: x)(np.ma.masked_array([1.0, 2.0], mask=[0, 1]))
    sparse = pytest.importorskip("scipy.sparse").csr_array([[1.0, 0.0]])
    with pytest.raises(TypeError, match=r"argument 0 is mapped and sparse.*toarray"):
        vmap(lambda x: x)(sparse)


def test_without_numpy_lists_of_floats_are_compiled(run_python):
    program = """
import sys
sys.modules["numpy"] = None
from autograd import jit
f = jit(lambda v: v[0] * v[1])
assert [f([2.0, 3.0]), f([4.0, 3.0])] == [6.0, 12.0]
"""
    done = run_python("-c", program)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_numpy_a_batch_says_what_to_write(run_python):
    program = """
import sys
sys.modules["numpy"] = None
from autograd import vmap
try:
    vmap(lambda v: v * v)([2.0, 3.0])
except ModuleNotFoundError as error:
    print(error)
"""
    done = run_python("-c", program)
    assert done.stderr == ""
    assert "NumPy is not installed: pip install numpy" in done.stdout
    assert "[g(row) for row in rows]" in done.stdout
