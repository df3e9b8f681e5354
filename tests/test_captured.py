"""What a function reads besides its arguments is read anew in every call.

Each case makes a function and a way to change what it reads. Plain Python, called
before and after, is the oracle for `jit`, `vmap` and their derivatives.
"""

# ruff: noqa: PLW0108 - a lambda reads a name when it is called
from __future__ import annotations

import array
import collections
import copy
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import operator
import types
import warnings

import numpy as np
import pytest

from autograd import (
    Value,
    check_grads,
    grad,
    hessian,
    jit,
    math,
    primitive,
    value_and_grad,
    vmap,
)
from autograd.compiler.calls import vmap_call

X = 1.5


@dataclasses.dataclass
class Rate:
    a: float = 2.0


@dataclasses.dataclass(slots=True)
class Slotted:
    a: float = 2.0


class Base:
    __slots__ = ("a",)


class Both(Base):
    __slots__ = ("__dict__",)


class Numbers(list):
    pass


class Table(dict):
    pass


class Model:
    scale = 2.0

    def __init__(self):
        self.a = 2.0
        self.table = {"k": [1.0, 2.0]}

    def times(self, x):
        return x * x * self.a * self.scale

    def __call__(self, x):
        return self.times(x)

    def __add__(self, other):
        return other * self.a


class Kind(enum.Enum):
    ONE = 1
    TWO = 2


def setting(thing, **what):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of an array's new dtype
        for name, value in what.items():
            setattr(thing, name, value)


def case_of_attributes(thing):
    thing.a = 2.0
    return lambda x: x * x * thing.a, lambda: setattr(thing, "a", 7.0)


def case_of_items(thing, key=0):
    return lambda x: x * x * thing[key], lambda: thing.__setitem__(key, 7)


def a_closure():
    k = 2.0

    def set_k():
        nonlocal k
        k = 7.0

    return lambda x: x * x * k, set_k


GLOBAL = 2.0
GLOBALS = {"k": [2.0, {"deep": 3.0}]}


def helper(x):
    return x * x * GLOBAL


def set_global(value):
    global GLOBAL  # noqa: PLW0603 - that is what is tested
    GLOBAL = value


def a_global():
    set_global(2.0)
    return helper, lambda: set_global(7.0)


def a_global_of_a_helper():
    set_global(2.0)
    return lambda x: helper(x) + 1.0, lambda: set_global(7.0)


def deep_in_a_global():
    GLOBALS["k"][1]["deep"] = 3.0
    return (
        lambda x: x * x * GLOBALS["k"][1]["deep"],
        lambda: GLOBALS["k"][1].update(deep=7.0),
    )


def a_default():
    def f(x, k=2.0):
        return x * x * k

    return f, lambda: setting(f, __defaults__=(7.0,))


def a_mutable_default():
    def f(x, ks=[2.0]):  # noqa: B006 - that is what is tested
        return x * x * ks[0]

    return f, lambda: f.__defaults__[0].__setitem__(0, 7.0)


def a_default_by_name():
    def f(x, *, k=2.0):
        return x * x * k

    return f, lambda: f.__kwdefaults__.update(k=7.0)


def code_that_is_replaced():
    def g(x):
        return x * x

    return lambda x: g(x), lambda: setting(g, __code__=(lambda x: x * x * x).__code__)


def a_function_under_a_name():
    table = {"f": lambda x: x * x}
    return lambda x: table["f"](x), lambda: table.update(f=lambda x: x * x * x)


def a_functions_attribute():
    def f(x):
        return x * x * f.k

    f.k = 2.0
    return f, lambda: setting(f, k=7.0)


def a_method():
    model = Model()
    return model.times, lambda: setting(model, a=7.0)


def a_callable_object():
    model = Model()
    return model, lambda: setting(model, a=7.0)


def a_class_attribute():
    Model.scale = 2.0
    model = Model()
    return lambda x: model(x), lambda: setting(Model, scale=7.0)


def a_replaced_method():
    class Own(Model):
        def times(self, x):
            return x * x

    model = Own()
    return lambda x: model(x), lambda: setting(Own, times=lambda _, x: x * x * x)


def an_exchanged_class():
    class Own(Model):
        def times(self, x):
            return x * x * x

    model = Model()
    return lambda x: model(x), lambda: setting(model, __class__=Own)


def deep_in_an_object():
    model = Model()
    return (
        lambda x: x * x * model.table["k"][0],
        lambda: model.table["k"].__setitem__(0, 7.0),
    )


def a_partial():
    model = Model()
    f = functools.partial(lambda m, x: x * x * m.a, model)
    return f, lambda: setting(model, a=7.0)


def a_module():
    module = types.ModuleType("module_of_a_test")
    module.k = 2.0
    return lambda x: x * x * module.k, lambda: setting(module, k=7.0)


def a_cached_function():
    ks = [2.0]

    @functools.wraps(math.exp)
    def wrapper(x):
        return x * x * ks[0]

    return lambda x: wrapper(x), lambda: ks.__setitem__(0, 7.0)


def partials_of_a_primitive():
    ks = [2.0]
    square = primitive(lambda x: 2.0 * x * x, lambda _y, x: 2.0 * x * ks[0])
    return square, lambda: ks.__setitem__(0, 7.0)


def a_set():
    s = {2.0, 3.0}
    return lambda x: x * x * sum(s), lambda: s.add(10.0)


def a_bytearray():
    b = bytearray(b"\x02\x03")
    return case_of_items(b)


def a_pandas_frame():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [2.0, 3.0], "b": [1, 2]})

    def change():
        frame.loc[0, "a"] = 7.0

    return lambda x: x * x * float(frame["a"].iloc[0]), change


def a_pandas_series():
    pandas = pytest.importorskip("pandas")
    series = pandas.Series([2.0, 3.0])

    def change():
        series.iloc[0] = 7.0

    return lambda x: x * x * float(series.iloc[0]), change


def a_masked_array():
    m = np.ma.masked_array([2.0, 3.0], mask=[False, True])

    def change():
        m.mask = [False, False]

    return lambda x: x * x * float(m.sum()), change


def a_resized_array():
    a = np.array([2.0, 3.0, 4.0])
    return lambda x: x * x * float(a.sum()), lambda: a.resize(1, refcheck=False)


def a_retyped_array():
    a = np.array([2.0, 3.0])
    return lambda x: x * x * float(a[0]), lambda: setting(a, dtype=np.int64)


def an_array_of_objects():
    a = np.array([Rate(), 3.0], dtype=object)
    return lambda x: x * x * a[0].a, lambda: setting(a[0], a=7.0)


def signed_zero():
    z = [0.0]
    return lambda x: x * x + math.copysign(1.0, z[0]), lambda: z.__setitem__(0, -0.0)


def an_int_for_a_bool():
    z = [True]
    return (
        lambda x: x * x * (2.0 if z[0] is True else 3.0),
        lambda: z.__setitem__(0, 1),
    )


def a_rebound(name):
    values = {
        "enum": (Kind.ONE, Kind.TWO, lambda v: v.value),
        "decimal": (
            decimal.Decimal("1.5"),
            decimal.Decimal("1.50"),
            lambda v: len(str(v)),
        ),
        "fraction": (fractions.Fraction(1, 3), fractions.Fraction(2, 3), float),
        "complex": (1 + 2j, 1 + 3j, lambda v: v.imag),
        "date": (
            dt.date(2020, 1, 1),
            dt.date(2020, 1, 2),
            lambda v: v.day,
        ),
        "range": (range(3), range(4), len),
        "slice": (slice(3), slice(4), lambda v: v.stop),
        "bytes": (b"ab", b"abc", len),
        "frozenset": (frozenset({1}), frozenset({1, 2}), len),
        "tuple": (Rate(2.0), Rate(7.0), lambda v: (v,)[0].a),
        "float32": (np.float32(2), np.float32(3), float),
        "int64": (np.int64(2), np.int64(3), int),
    }
    old, new, read = values[name]

    def made():
        v = old

        def f(x):
            return x * x * read(v)

        def change():
            nonlocal v
            v = new

        return f, change

    return made()


CASES = {
    "dataclass": lambda: case_of_attributes(Rate()),
    "dataclass with slots": lambda: case_of_attributes(Slotted()),
    "slots": lambda: case_of_attributes(Base()),
    "slots and a dict": lambda: case_of_attributes(Both()),
    "namespace": lambda: case_of_attributes(types.SimpleNamespace()),
    "attribute of a list": lambda: case_of_attributes(Numbers([1.0])),
    "attribute of a dict": lambda: case_of_attributes(Table(a=1.0)),
    "list": lambda: case_of_items([2.0, 3.0]),
    "list of objects": lambda: case_of_items([2.0, Rate()]),
    "own list": lambda: case_of_items(Numbers([2.0])),
    "dict": lambda: case_of_items({"a": 2.0}, "a"),
    "own dict": lambda: case_of_items(Table(a=2.0), "a"),
    "ordered dict": lambda: case_of_items(collections.OrderedDict(a=2.0), "a"),
    "default dict": lambda: case_of_items(collections.defaultdict(float, a=2.0), "a"),
    "user dict": lambda: case_of_items(collections.UserDict(a=2.0), "a"),
    "counter": lambda: case_of_items(collections.Counter(a=2), "a"),
    "deque": lambda: case_of_items(collections.deque([2.0, 3.0])),
    "array.array": lambda: case_of_items(array.array("d", [2.0])),
    "array": lambda: case_of_items(np.array([2.0, 3.0])),
    "array of ints": lambda: case_of_items(np.array([2, 3])),
    "memoryview": lambda: case_of_items(memoryview(bytearray(b"\x02\x03"))),
    "frozen dataclass": lambda: case_of_items([Rate(2.0), 2.0], 1),
    **{f.__name__: f for f in (
        a_closure, a_global, a_global_of_a_helper, deep_in_a_global, a_default,
        a_mutable_default, a_default_by_name, code_that_is_replaced,
        a_function_under_a_name, a_functions_attribute, a_method, a_callable_object,
        a_class_attribute, a_replaced_method, an_exchanged_class, deep_in_an_object,
        a_partial, a_module, a_cached_function, partials_of_a_primitive, a_set,
        a_bytearray, a_pandas_frame,
        a_pandas_series, a_masked_array, a_resized_array, a_retyped_array,
        an_array_of_objects, signed_zero, an_int_for_a_bool,
    )},
    **{
        f"rebound {name}": functools.partial(a_rebound, name)
        for name in (
            "enum", "decimal", "fraction", "complex", "date", "range", "slice",
            "bytes", "frozenset", "tuple", "float32", "int64",
        )
    },
}  # fmt: skip

WAYS = {
    "jit": lambda f: (jit(f), f),
    "jit of grad": lambda f: (jit(grad(f)), grad(f)),
    "grad of jit": lambda f: (grad(jit(f)), grad(f)),
    "jit of value_and_grad": lambda f: (jit(value_and_grad(f)), value_and_grad(f)),
    "jit of hessian": lambda f: (jit(hessian(f)), hessian(f)),
    "jit of jit": lambda f: (jit(lambda x: jit(f)(x)), f),
    "vmap": lambda f: (rows_of(vmap(f)), f),
    "vmap of grad": lambda f: (rows_of(vmap(grad(f))), grad(f)),
    "vmap sum": lambda f: (lambda x: vmap(f, reduce="sum")(np.array([x])), f),
    "jit of vmap": lambda f: (
        lambda_of(jit(vmap(f, reduce="sum"))),
        f,
    ),
}


def rows_of(mapped):
    return lambda x: mapped(np.array([x, x + 1.0])).tolist()[0]


def lambda_of(compiled):
    return lambda x: compiled(np.array([x]))


@pytest.mark.shared
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_read_is_read_anew(case, way):
    f, change = case()
    compiled, plain = way(f)
    for x in (X, 2.5):
        assert compiled(x) == pytest.approx(plain(x), rel=1e-13)
    change()
    for x in (X, 2.5):
        assert compiled(x) == pytest.approx(plain(x), rel=1e-13)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_function_that_reads_something_is_still_compiled(case):
    f, change = case()
    compiled = jit(f)
    for _ in range(3):
        compiled(X)
    assert (len(compiled.programs), compiled.why_eager) == (1, "")
    change()
    for _ in range(3):
        compiled(X)
    assert (len(compiled.programs), compiled.why_eager) == (2, "")


FRESH = {
    "list": lambda: [2.0, [3.0]],
    "dict": lambda: {"a": 2.0},
    "namespace": lambda: types.SimpleNamespace(a=2.0),
    "dataclass": Rate,
    "slots": Slotted,
    "model": Model,
    "deque": lambda: collections.deque([2.0]),
    "array": lambda: np.array([2, 3]),
    "decimal": lambda: decimal.Decimal("1.5"),
    "function": lambda: lambda y: 2.0 * y,
    "partial": lambda: functools.partial(max, 2.0),
    "set": lambda: {"a"},
}


@pytest.mark.parametrize("make", FRESH.values(), ids=FRESH)
def test_a_fresh_equal_object_is_no_new_recording(make):
    held = [make()]

    def captured(x):
        return x * len(held) if held[0] is not None else x

    compiled = jit(captured)
    given = jit(lambda x, thing: x if thing is None else 2.0 * x)
    for _ in range(3):
        held[0] = make()
        assert compiled(X) == X
        assert given(X, make()) == 2.0 * X
    assert len(compiled.programs) == len(given.programs) == 1


ARGUMENTS = {
    "namespace": (lambda: types.SimpleNamespace(a=2.0), "a"),
    "dataclass": (Rate, "a"),
    "dataclass with slots": (Slotted, "a"),
    "model": (Model, "a"),
    "own list": (lambda: Numbers([1.0]), "a"),
    "own dict": (lambda: Table(b=1.0), "a"),
}


@pytest.mark.parametrize("case", ARGUMENTS.values(), ids=ARGUMENTS)
def test_an_object_that_is_given_is_read_anew(case):
    make, name = case
    thing = make()

    def f(x, thing):
        return x * x * getattr(thing, name)

    rows = np.array([X, 2.5])
    run = {
        "jit": (jit(f), f),
        "grad": (jit(grad(f)), grad(f)),
        "rows": (lambda _, t: vmap(f, (0, None))(rows, t)[0], f),
    }
    for k in (2.0, 7.0, 2.0):
        setattr(thing, name, k)
        for compiled, plain in run.values():
            assert compiled(X, thing) == pytest.approx(plain(X, thing), rel=1e-13)
    assert len(run["jit"][0].programs) == 2


def test_a_method_that_is_compiled_reads_its_object_anew():
    class Own(Model):
        @jit
        def twice(self, x):
            return 2.0 * x * self.a

    one, other = Own(), Own()
    other.a = 5.0
    assert [one.twice(X), other.twice(X)] == [2.0 * X * 2.0, 2.0 * X * 5.0]
    one.a = 3.0
    assert [one.twice(X), other.twice(X)] == [2.0 * X * 3.0, 2.0 * X * 5.0]


def test_what_cannot_be_read_runs_as_it_stands():
    numbers = iter(range(100))
    f = jit(lambda x: x * next(numbers))
    assert [f(X) for _ in range(4)] == [X * k for k in range(4)]
    assert "list_iterator" in f.why_eager or "range_iterator" in f.why_eager
    generator = np.random.default_rng(0)
    g = jit(lambda x: x * generator.random())
    other = np.random.default_rng(0)
    assert [g(X) for _ in range(4)] == [X * other.random() for _ in range(4)]
    h = jit(lambda x, more: x * next(more))
    assert [h(X, iter([k])) for k in (1.0, 2.0)] == [X, 2.0 * X]


def test_a_function_that_changes_what_it_is_given_runs_as_it_stands():
    def f(x, thing):
        thing.a += 1.0
        return x * 2.0

    compiled, one, other = jit(f), Rate(), Rate()
    for _ in range(20):
        assert compiled(X, one) == f(X, other)
    assert "changes an object" in compiled.why_eager


def test_what_only_a_recording_changes_is_no_reason_to_record_again():
    calls = []
    cache = {}

    def f(x):
        calls.append(1)
        if "k" not in cache:
            cache["k"] = 2.0
        return x * cache["k"]

    compiled = jit(f)
    for _ in range(5):
        assert compiled(X) == 2.0 * X
    assert len(compiled.programs) == 1


def test_captured_values_are_those_that_stand_there_now():
    p = Value(2.0)

    def f(x):
        return x * p

    compiled = jit(f)
    compiled(X).backward()
    assert p.grad == X
    old, p = p, Value(3.0)
    y = compiled(X)
    y.backward()
    assert (y.data, p.grad, old.grad) == (3.0 * X, X, X)


def test_captured_arrays_that_are_mapped_are_read_anew_and_may_be_resized():
    data = np.arange(6.0)
    f = jit(lambda w: vmap(lambda x: (w - x) ** 2, reduce="sum")(data))

    def right(w):
        return sum((w - x) ** 2 for x in data)

    assert f(1.0) == right(1.0)
    data[:] = 2.0 * data
    assert f(1.0) == right(1.0)
    assert len(f.programs) == 1
    data.resize(2, refcheck=False)
    assert f(1.0) == right(1.0)
    data = np.arange(4.0)
    assert f(1.0) == right(1.0)
    data.resize(1000, refcheck=False)
    assert f(1.0) == right(1.0)


def test_dicts_are_taken_in_the_order_of_all_transforms():
    from autograd.compiler import trace

    def f(p):
        return p["b"] - 2.0 * p["a"]

    point = {"b": 1.0, "a": 2.0}
    compiled = jit(f)
    assert compiled(point) == f(point)
    listed = [line.partition("=")[2] for line in str(trace(f, point)).splitlines()]
    assert [
        line.partition("=")[2] for line in str(compiled.programs[0]).splitlines()
    ] == (listed)
    first = jit(lambda p: next(iter(p.values())) * 3.0)
    assert first({"b": 1.0, "a": 2.0}) == 3.0
    assert first({"a": 2.0, "b": 1.0}) == 6.0
    assert jit(grad(f))(point) == grad(f)(point)


@pytest.mark.parametrize(
    "kind", [np.int64, np.int8, np.uint16, np.bool_, int, bool], ids=repr
)
def test_numpys_ints_and_bools_are_structure_as_pythons_are(kind):
    def f(x, n):
        many = len([x] * operator.index(n)) if kind is not np.bool_ else 3
        return many * x + {1: 10.0, 0: 20.0}[n] + isinstance(n, np.generic)

    compiled = jit(f)
    for n in (0, 1):
        assert compiled(X, kind(n)) == f(X, kind(n))
    rows = vmap(f, (0, None))
    for n in (0, 1):
        assert rows(np.array([X]), kind(n)).tolist() == [f(X, kind(n))]
    assert len(compiled.programs) == 2


def test_a_batch_of_labels_is_data_and_no_structure():
    def objective(w, xs, labels):
        of_row = vmap(lambda w, x, y: (w * x - y) ** 2, (None, 0, 0), reduce="mean")
        return of_row(w, xs, labels)

    step = jit(value_and_grad(objective))
    rng = np.random.default_rng(0)
    for kind in (np.int64, np.int32, np.bool_):
        for _ in range(5):
            xs, labels = rng.normal(size=8), rng.integers(0, 2, 8).astype(kind)
            found, right = (
                step(2.0, xs, labels),
                value_and_grad(objective)(2.0, xs, labels),
            )
            assert found == pytest.approx(right, rel=1e-12)
    assert len(step.programs) == 1


def test_ints_that_a_function_looks_into_are_structure():
    table = [2.0, 3.0, 5.0]

    def f(x, which):
        return sum(x * table[k] for k in which) + which[0]

    compiled = jit(f)
    for which in ([0, 1], [2, 2], [0, 1]):
        assert compiled(X, np.array(which)) == f(X, np.array(which))
    assert len(compiled.programs) == 2


def test_many_structures_are_bounded_with_one_warning():
    compiled = jit(lambda x, n: x * n)
    with pytest.warns(RuntimeWarning, match="more than 64 kinds") as caught:
        found = [compiled(X, n) for n in range(100)]
    assert found == [X * n for n in range(100)]
    assert [w.filename for w in caught] == [__file__]
    assert len(compiled.programs) == 64
    assert [p.constants for p in compiled.programs][-1] == (99.0,)


def test_a_mapped_function_made_anew_is_recorded_once(monkeypatch):
    recorded = []

    def record(*args, **options):
        recorded.append(args)
        return original(*args, **options)

    original = vmap_call.record
    monkeypatch.setattr(vmap_call, "record", record)

    def total(w, xs, k):
        return vmap(lambda x: (w - x) ** 2 * k, reduce="sum")(xs)

    xs = np.arange(4.0)
    for w in (1.0, 2.0, 1.0, 2.0):
        for k in (1, 2):
            assert total(w, xs, k) == sum((w - x) ** 2 * k for x in xs)
    assert len(recorded) == 4


def test_copies_of_what_was_captured_are_checked_by_finite_differences():
    model = copy.deepcopy(Model())
    check_grads(jit(model.times), X, order=2)
