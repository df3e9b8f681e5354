"""What a function reads of classes, modules and contexts, changed between calls."""

from __future__ import annotations

import contextvars
import sys
import types
import weakref
from collections import OrderedDict

import numpy as np
import pandas as pd
import pytest

from autograd import grad, jit, vmap


def make(name, *bases, kind=type, **attributes):
    return kind(name, bases, attributes)


def of_module(source):
    names = {"w": 2.0}
    exec(source, names)  # noqa: S102 - our own
    return names["f"], names


def a_class():
    c = make("C", w=2.0)
    return lambda x: c.w * x * x, [lambda: setattr(c, "w", 3.0)]


def a_class_whose_base_has_it():
    b = make("B", w=2.0)
    c = make("C", b)
    held = c()
    return lambda x: held.w * c.w * x * x, [
        lambda: setattr(b, "w", 3.0),
        lambda: setattr(c, "w", 4.0),
        lambda: setattr(held, "w", 5.0),
        lambda: delattr(c, "w"),
    ]


def another_base():
    a, b = make("A", w=2.0), make("B", w=3.0)
    c = make("C", a)
    held = c()
    return lambda x: held.w * x * x, [lambda: setattr(c, "__bases__", (b,))]


def a_metaclass():
    meta = make("M", type, k=2.0, w=property(lambda c: c.k))
    c = make("C", kind=meta)
    return lambda x: c.w * x * x, [
        lambda: setattr(meta, "k", 3.0),
        lambda: setattr(c, "k", 4.0),
        lambda: setattr(meta, "w", 5.0),
    ]


def a_method_of_a_class():
    c = make("C", w=2.0, f=classmethod(lambda c, x: c.w * x * x))
    return c.f, [lambda: setattr(c, "w", 3.0)]


def a_static_method():
    c = make("C", f=staticmethod(lambda x: x * x))
    f = lambda x: 1.0 * c.f(x)  # noqa: E731
    return f, [lambda: setattr(c, "f", staticmethod(lambda x: 7 * x))]


def a_descriptor():
    made = make("D", __get__=lambda d, *_: d.k)()
    made.k = 2.0
    held = make("C", w=made)()
    return lambda x: held.w * x * x, [lambda: setattr(made, "k", 3.0)]


def an_ordered_dict():
    held = OrderedDict(a=1.0, b=2.0)
    f = lambda x: next(iter(held.values())) * x * x  # noqa: E731
    return f, [lambda: held.move_to_end("a")]


def its_globals_by_a_computed_name():
    f, names = of_module("def f(x): return globals()['w' * 1] * x * x")
    return f, [lambda: names.update(w=3.0)]


def what_is_evaluated():
    f, names = of_module("def f(x): return eval('w * x * x', {'w': w, 'x': x})")
    return f, [lambda: names.update(w=3.0)]


def a_builtin_hidden_by_a_global():
    f, names = of_module("def f(x): return abs(x) * x")
    return f, [lambda: names.update(abs=lambda x: 5 * x), lambda: names.pop("abs")]


def a_context_variable():
    held = contextvars.ContextVar("held", default=2.0)
    return lambda x: held.get() * x * x, [lambda: held.set(3.0), lambda: held.set(4.0)]


def a_weak_reference():
    kept = [make("C", w=0.0)()]
    kept[0].w = 2.0
    held = weakref.ref(kept[0])
    return lambda x: (9.0 if held() is None else held().w) * x * x, [
        lambda: setattr(kept[0], "w", 3.0),
        kept.clear,
    ]


def notes_of_a_frame():
    frame = pd.DataFrame({"a": [1.0]})
    frame.attrs["w"] = 2.0
    return lambda x: frame.attrs["w"] * x * x, [lambda: frame.attrs.update(w=4.0)]


def a_module_that_it_imports():
    module = sys.modules["probed_by_tests"] = types.ModuleType("probed_by_tests")
    module.w = 2.0

    def f(x):
        import probed_by_tests
        from probed_by_tests import w

        return probed_by_tests.w * w * x * x

    return f, [lambda: setattr(module, "w", 3.0)]


def an_object_that_counts():
    class Model:
        def __init__(self):
            self.w, self.calls, self.inner = 2.0, 0, types.SimpleNamespace(v=[1.0])

        def __call__(self, x):
            self.calls += 1
            return self.w * x * x + self.inner.v[0]

    held = Model()
    return held, [
        lambda: setattr(held, "w", 3.0),
        lambda: held.inner.v.__setitem__(0, 4.0),
        lambda: setattr(held, "w", 5.0),
    ]


def slots_that_count():
    class Model:
        __slots__ = ("calls", "w")

        def __call__(self, x):
            self.calls += 1
            return self.w * x * x

    held = Model()
    held.w, held.calls = 2.0, 0
    return held, [lambda: setattr(held, "w", 3.0), lambda: setattr(held, "w", 4.0)]


def a_dict_that_counts():
    held = {"calls": 0, "w": 2.0, "log": []}

    def f(x):
        held["calls"] += 1
        held["log"].append(held["calls"])
        held["last"] = 1
        return held["w"] * x * x

    return f, [lambda: held.update(w=3.0), lambda: held.update(w=4.0)]


def what_is_not_there_yet():
    module, held = types.ModuleType("held"), make("C")

    def f(x):
        try:
            return module.w * x * x
        except AttributeError:
            return getattr(f, "w", 3.0) * getattr(held, "v", 5.0) * x

    return f, [
        lambda: setattr(held, "v", 7.0),
        lambda: setattr(f, "w", 9.0),
        lambda: setattr(module, "w", 11.0),
        lambda: delattr(module, "w"),
    ]


def an_empty_cell():
    def inner():
        def f(x):
            try:
                return w * x * x
            except NameError:
                return 3.0 * x

        def fill():
            nonlocal w
            w = 5.0

        if not fill:
            w = 1.0
        return f, fill

    f, fill = inner()
    return f, [fill]


CASES = [
    a_class, a_class_whose_base_has_it, another_base, a_metaclass, a_method_of_a_class,
    a_static_method, a_descriptor, an_ordered_dict, its_globals_by_a_computed_name,
    what_is_evaluated, a_builtin_hidden_by_a_global, a_context_variable,
    a_weak_reference, notes_of_a_frame, a_module_that_it_imports, an_object_that_counts,
    slots_that_count, a_dict_that_counts, what_is_not_there_yet, an_empty_cell,
]  # fmt: skip
WAYS = {
    "jit": (lambda f: f, jit),
    "jit(grad)": (grad, lambda f: jit(grad(f))),
    "grad(jit)": (grad, lambda f: grad(jit(f))),
    "vmap": (lambda f: f, lambda f: one_row(vmap(f))),
    "vmap(grad)": (grad, lambda f: one_row(vmap(grad(f)))),
}


def one_row(mapped):
    return lambda x: float(mapped(np.array([x]))[0])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_what_is_changed_between_calls_is_seen(case, way):
    f, changes = case()
    plain, compiled = (made(f) for made in WAYS[way])
    for change in [lambda: None, *changes]:
        change()
        for x in (1.5, 0.5, 0.5, 2.5):
            assert compiled(x) == pytest.approx(plain(x), rel=1e-14)


def test_an_object_that_counts_takes_no_recording_for_each_count():
    f, (change, *_) = an_object_that_counts()
    compiled = jit(f)
    for x in (1.0, 2.0, 3.0):
        compiled(x)
    change()
    for x in (1.0, 2.0, 3.0):
        assert compiled(x) == 3.0 * x * x + 1.0
    assert len(compiled.programs) == 2


def int_here_value_there(x):
    y = 0
    if x > 1.2:
        y = x * 2
    return x * x if isinstance(y, int) else y * 3


def int_here_float_there(x):
    y = 1 if x < 1.2 else 1.0
    return x * x if type(y) is int else x * 3


def computed_from_an_int_here(x):
    y = 0
    if x > 1.2:
        y = x * 2
    y = y + 1
    return x * x if isinstance(y, int) else y * 3


INTS = [int_here_value_there, int_here_float_there, computed_from_an_int_here]


@pytest.mark.parametrize("f", INTS)
def test_an_int_on_one_side_of_a_branch_is_an_int_there(f):
    for compile_it in (jit, lambda f: one_row(vmap(f))):
        compiled = compile_it(f)
        for x in (0.5, 1.5, 2.5, 0.9, 1.5, 0.5):
            assert compiled(x) == pytest.approx(f(x), rel=1e-14)


def test_a_kind_that_ints_and_floats_both_are_may_be_asked():
    def f(x):
        y = 0 if x < 1.2 else x
        return y * 3.0 if isinstance(y, (int, float)) else x

    compiled = jit(f)
    assert [compiled(x) for x in (0.5, 1.5)] == [0.0, 4.5]
    assert not compiled.why_eager
