"""A user's own primitive is one of the engine's: all orders, all consumers, all forms.

What is done with bad functions and partials is in test_custom_errors.py.
"""
# ruff: noqa: ARG005 - each partial gets the output and all arguments, needed or not

from __future__ import annotations

import copy
import functools
import gc
import math
import pickle
import weakref

import mpmath
import numpy as np
import pytest
from mpmath import mp
from scipy import special

from autograd import (
    Value,
    check_grads,
    debug,
    diagnose,
    draw,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    primitive,
    scope,
    value_and_grad,
    vjp,
)
from autograd import math as am
from autograd.primitives import TABLE, Primitive
from autograd.render import view_of

lambert_w = primitive(
    lambda x: special.lambertw(x).real,
    lambda w, x: 1.0 / (x + am.exp(w)),
    name="W",
)
wave = primitive(
    lambda a, b: math.exp(a) * math.sin(b),
    [lambda y, a, b: y, lambda y, a, b: am.exp(a) * am.cos(b)],
    name="wave",
)
beam = primitive(
    lambda a, b, c: a * b**2 / c,
    [
        lambda y, a, b, c: b**2 / c,
        lambda y, a, b, c: 2.0 * a * b / c,
        lambda y, a, b, c: -y / c,
    ],
    name="beam",
)


# --- Values and derivatives ---------------------------------------------------------


@pytest.mark.parametrize("x", [-0.3, 0.0, 0.5, 1.0, 20.0, 1e6])
def test_three_orders_of_a_scipy_function_are_those_of_50_digits(x):
    derivative = lambert_w
    with mp.workdps(50):
        for order in range(4):
            truth = float(mpmath.diff(mpmath.lambertw, mpmath.mpf(x), order).real)
            assert derivative(x) == pytest.approx(truth, rel=1e-12), order
            derivative = grad(derivative)


@pytest.mark.parametrize("orders", [(i, j) for i in range(4) for j in range(4 - i)])
def test_mixed_derivatives_to_third_order_are_those_of_the_closed_form(orders):
    by_a, by_b = orders
    f = wave
    for argnum in [0] * by_a + [1] * by_b:
        f = grad(f, argnum)
    truth = math.exp(0.3) * math.sin(1.1 + by_b * math.pi / 2.0)
    assert f(0.3, 1.1) == pytest.approx(truth, rel=1e-14)


def test_a_primitive_of_three_arguments_agrees_with_its_formula_in_operators():
    def formula(a, b, c):
        return a * b**2 / c

    point = (1.5, -0.7, 2.3)
    for transform in (grad, lambda f, argnums: jacobian(grad(f, argnums), argnums)):
        found = transform(beam, argnums=(0, 1, 2))(*point)
        truth = transform(formula, argnums=(0, 1, 2))(*point)
        assert np.array(found) == pytest.approx(np.array(truth), rel=1e-14)


def test_floats_give_a_float_and_a_value_anywhere_gives_one_node():
    assert type(wave(1, np.float32(0.5))) is float
    a, b = Value(0.3, "a"), Value(1.1, "b")
    for operands in ((a, b), (a, 1.1), (0.3, b)):
        y = wave(*operands)
        assert y.data == wave(0.3, 1.1)
        assert y.operands == operands
        assert (y.op, y.primitive) == ("wave", wave)
        assert all(type(d) is float for d in y.partials)
    y = beam(a, 2, b)
    assert y.parents == (a, b)
    assert y.partials == (2.0**2 / 1.1, -y.data / 1.1)


def test_a_partial_is_not_computed_for_a_constant_operand_or_under_no_grad():
    calls = []
    product = primitive(
        lambda a, b: a * b,
        [
            lambda _, a, b: calls.append("a") or b,
            lambda _, a, b: calls.append("b") or a,
        ],
        name="product",
    )
    product(2.0, Value(3.0))
    assert calls == ["b"]
    with no_grad():
        y = product(Value(2.0), Value(3.0))
    assert (calls, y.data, y.op, y.parents) == (["b"], 6.0, "const", ())


def test_every_transform_takes_it():
    def f(x):
        return wave(x[0], x[1]) * x[0]

    x, v = np.array([0.3, 1.1]), np.array([0.7, -0.2])
    e, s, c = math.exp(0.3), math.sin(1.1), math.cos(1.1)
    gradient = np.array([e * s * 1.3, e * c * 0.3])
    second = np.array([[e * s * 2.3, e * c * 1.3], [e * c * 1.3, -e * s * 0.3]])
    near = functools.partial(pytest.approx, rel=1e-14)
    value, found = value_and_grad(f)(x)
    assert (value, found) == (near(e * s * 0.3), near(gradient))
    assert hessian(f)(x) == near(second)
    assert hvp(f)(x, v) == near(second @ v)
    assert vjp(f, x)[1](2.0)[0] == near(2.0 * gradient)
    assert jvp(f, (x,), (v,))[1] == near(gradient @ v)


def test_backward_adds_to_the_leaves_and_twice_adds_twice():
    x = Value(1.0)
    y = lambert_w(x) * lambert_w(x)
    y.backward()
    once = x.grad
    y.backward()
    w = lambert_w(1.0)
    assert once == pytest.approx(2.0 * w / (1.0 + math.exp(w)), rel=1e-15)
    assert x.grad == 2.0 * once


def test_partials_may_be_constant_numbers_and_steps():
    line = primitive(lambda x: 3.0 * x + 1.0, lambda y, x: 3, name="line")
    ramp = primitive(
        lambda x: max(x, 0.0), lambda y, x: 1.0 if x > 0 else 0.0, name="ramp"
    )
    distance = primitive(
        abs, lambda y, x: float((x > 0) - (x < 0)), name="distance"
    )  # 0 at 0, and there the slopes on both sides are others
    for x in (-2.0, 0.0, 1e-12, 2.0):
        assert [grad(line)(x), grad(grad(line))(x)] == [3.0, 0.0]
        assert [grad(ramp)(x), grad(grad(ramp))(x)] == [float(x > 0), 0.0]
        assert [grad(distance)(x), grad(grad(distance))(x)] == [np.sign(x), 0.0]


def test_a_partial_may_be_another_primitive_or_the_same_one():
    negative_sine = primitive(
        lambda x: -math.sin(x), lambda y, x: -cosine(x), name="negative_sine"
    )
    cosine = primitive(math.cos, lambda y, x: negative_sine(x), name="cosine")
    assert grad(grad(grad(cosine)))(0.4) == pytest.approx(math.sin(0.4), rel=1e-15)


def test_check_grads_passes_the_right_partials_and_finds_a_planted_error():
    check_grads(lambert_w, 0.5, order=3)
    check_grads(wave, 0.3, 1.1, order=3)
    check_grads(beam, 1.5, -0.7, 2.3, order=2)
    planted = primitive(
        lambda a, b: math.exp(a) * math.sin(b),
        [lambda y, a, b: y, lambda y, a, b: 1.0005 * am.exp(a) * am.cos(b)],
        name="planted",
    )
    with pytest.raises(
        AssertionError, match=r"(?s)order 1 of planted is wrong.*argument 1"
    ):
        check_grads(planted, 0.3, 1.1)


def test_an_error_planted_in_the_second_order_alone_is_found():
    # The slope of a primitive that is right about cos, and wrong about cos's slope.
    slope = primitive(math.cos, lambda y, x: -1.0005 * am.sin(x), name="slope")
    planted = primitive(math.sin, lambda y, x: slope(x), name="planted")
    check_grads(planted, 0.7, order=1)
    with pytest.raises(AssertionError, match="order 2 of planted is wrong"):
        check_grads(planted, 0.7, order=2)


# --- Everything that walks nodes ----------------------------------------------------


def test_numpy_maps_it_over_arrays_of_values():
    xs = [Value(0.5), Value(1.0), Value(2.0)]
    ys = np.frompyfunc(lambert_w, 1, 1)(np.array(xs))
    (ys @ ys).backward()
    for x in xs:
        w = lambert_w(x.data)
        assert x.grad == pytest.approx(2.0 * w * lambert_w(x).partials[0], rel=1e-15)


def test_a_network_with_it_inside_trains():
    from nn import MLP, SGD, mse_loss

    inputs, targets = [[0.1, 0.9], [0.8, 0.2]], [0.2, 0.6]
    model = MLP(2, [4, 1], seed=0)
    optimizer = SGD(model.parameters(), lr=0.5)
    losses = []
    for _ in range(60):
        loss = mse_loss([lambert_w(am.exp(model(x))) for x in inputs], targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.data)
    assert losses[-1] < 0.1 * losses[0]


def test_a_drawing_shows_its_name():
    x = Value(1.0, name="x")
    nameless = primitive(lambda x: 2.0 * x, lambda y, x: 2.0)
    picture = draw(nameless(wave(lambert_w(x), 2.0)), partials=True)
    svg = picture.pipe("svg", encoding="utf-8")
    for text in ("W(x)", "wave", "&lt;lambda&gt;"):
        assert text in svg


def test_diagnose_names_it():
    root = primitive(
        lambda x: x**0.25,
        lambda y, x: 0.25 * y / x if x else math.inf,
        name="fourth_root",
    )
    x = Value(0.0, name="x")
    with debug():
        y = root(x) + 1.0
    y.backward()
    text = " ".join(str(diagnose(y, [x])).split())
    assert "INFINITE SLOPE" in text
    assert "fourth_root(x) = 0.0" in text
    assert "test_custom.py:" in text

    huge = primitive(lambda x: math.inf, lambda y, x: 0.0, name="huge")
    assert "huge(x) = inf" in " ".join(str(diagnose(huge(x), [x])).split())


def test_diagnose_sees_that_a_leaf_was_changed_since():
    x = Value(1.0, name="x")
    y = lambert_w(x)
    y.backward()
    assert not diagnose(y, [x])
    x.data = 2.0
    (finding,) = diagnose(y, [x])
    assert finding.kind == "changed"
    assert "W(x)" in finding.message


@pytest.mark.parametrize("name", ["*", "const", "dist", "sumprod", "relu", "tanh"])
def test_by_the_name_of_another_it_is_still_taken_for_itself(name):
    x = Value(0.5, name="x")
    total = primitive(
        lambda a, b: a + b, [lambda y, a, b: 1.0, lambda y, a, b: 1.0], name=name
    )
    y = total(x, Value(2.0, name="k"))
    y.backward()
    (inner,) = [node for node in view_of(y + 1.0).nodes if node.op == name]
    assert (inner.kind, inner.formula) == ("inner", f"{name}(x, k)")
    assert not diagnose(y, [x])
    x.data = 0.75
    (finding,) = diagnose(y, [x])
    assert [finding.kind, *[node.name for node in finding.nodes]] == [
        "changed",
        "x",
        "k",
    ]
    assert f"{name}(x, k)" in finding.message

    # A slope of 0, and a slope that is infinite, mean nothing as they do for another.
    flat = primitive(lambda a: -1.0, lambda y, a: 0.0, name=name)
    assert not [f for f in diagnose(flat(x)) if f.kind in {"dead", "saturated"}]


def test_nodes_know_their_scope_and_under_debug_their_line():
    with scope("model"), debug():
        y = lambert_w(Value(1.0))
    assert y.scope == "model"
    assert "test_custom.py:" in y.where


def test_it_is_no_row_of_the_table_but_of_the_same_class():
    assert type(lambert_w) is Primitive
    assert lambert_w not in TABLE.values()
    assert (lambert_w.name, repr(lambert_w)) == ("W", "<primitive W>")
    assert (wave.arity, beam.arity) == (2, 3)


def test_the_name_and_the_docstring_are_the_function_s_where_none_is_given():
    def area(width, height):
        """Return the area of a rectangle."""
        return width * height

    row = primitive(area, [lambda y, w, h: h, lambda y, w, h: w])
    assert (row.name, row.__name__, row.__doc__) == ("area", "area", area.__doc__)
    times = functools.partial(math.ldexp, 1.5)
    assert primitive(lambda x: x, lambda y, x: 1.0).name == "<lambda>"
    assert primitive(times, lambda y, n: 0.0).name == "partial"


# --- Copies, pickles, memory --------------------------------------------------------


def test_copies_of_it_are_itself_and_copies_of_its_values_keep_it():
    for local in (lambert_w, primitive(lambda x: x, lambda y, x: 1.0, name="local")):
        assert copy.copy(local) is copy.deepcopy(local) is local
        x = Value(1.0)
        y = copy.deepcopy(local(x))
        assert y.primitive is copy.copy(local(x)).primitive is local
        y.backward()
        assert (y.parents[0].grad, x.grad) == (y.partials[0], 0.0)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_pickles_by_the_global_variable_that_holds_it(protocol):
    y = lambert_w(Value(1.0)) + beam(1.0, Value(2.0), 3.0)
    again, row = pickle.loads(pickle.dumps((y, lambert_w), protocol))  # noqa: S301
    assert row is lambert_w
    assert [node.primitive for node in again.parents] == [lambert_w, beam]
    assert grad(row)(1.0) == y.parents[0].partials[0]


SPAWNED = """
import multiprocessing
from autograd import Value, grad, primitive

cube = primitive(lambda x: x * x * x, lambda y, x: 3.0 * x * x, name="of another name")

def slope(y):
    y.backward()
    return y.op, y.parents[0].grad, grad(grad(y.primitive))(2.0), y

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        op, first, second, y = pool.apply(slope, (cube(Value(2.0)),))
    print(op, first, second, y.primitive is cube, sep="|")
"""


def test_a_spawned_process_gets_it_and_gives_it_back(tmp_path, run_python):
    script = tmp_path / "script.py"
    script.write_text(SPAWNED)
    shown = run_python(script)
    assert shown.stderr == ""
    assert shown.stdout == "of another name|12.0|12.0|True\n"


def test_a_local_primitive_cannot_be_pickled_and_says_what_to_do():
    local = primitive(lambda x: x, lambda y, x: 1.0, name="local")
    for thing in (local, local(Value(1.0)), [local(Value(1.0)) * 2.0]):
        with pytest.raises(pickle.PicklingError, match=r"local cannot be pickled.*top"):
            pickle.dumps(thing)


def test_one_made_by_another_module_s_function_pickles_once_it_knows_its_home():
    made = eval(  # noqa: S307 - a module of another name, which holds no such variable
        "primitive(lambda x: x, lambda y, x: 1.0, name='made')",
        {"primitive": primitive, "__name__": "collections"},
    )
    assert made.__module__ == "collections"
    with pytest.raises(pickle.PicklingError, match="none of collections holds"):
        pickle.dumps(made)
    made.__module__ = __name__
    globals()["held"] = made
    try:
        assert pickle.loads(pickle.dumps(made)) is made  # noqa: S301
    finally:
        del globals()["held"]
    made.__module__ = "a module that is gone"
    with pytest.raises(pickle.PicklingError, match="gone"):
        pickle.dumps(made)


def test_a_primitive_that_nobody_has_goes_without_the_garbage_collector():
    def f(x):
        return 2.0 * x

    known = weakref.ref(f)
    gc.disable()
    try:
        y = primitive(f, lambda y, x: 2.0)(Value(1.0))
        assert known() is not None
        del f, y
        assert known() is None
    finally:
        gc.enable()
