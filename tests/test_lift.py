"""Functions that were written for floats, lifted: same on floats, exact on Values."""

from __future__ import annotations

import bisect
import cmath
import copy
import functools
import math
import pickle
import traceback
from math import exp as e_to_the

import numpy as np
import pytest
from outcomes import bits, outcome
from scipy import integrate, special, stats

from autograd import Value, grad, jit, lift, value_and_grad
from autograd.lifting import LiftError


def swamee_jain(re, roughness):
    return 0.25 / math.log10(float(roughness) / 3.7 + 5.74 / re**0.9) ** 2


def with_a_helper(x):
    return swamee_jain(1e5 * x, 1e-4) + e_to_the(-x)


class Spring:
    pi = float  # a class attribute that is a function

    def __init__(self, k):
        self.__k = self.pi(k)

    def energy(self, x):
        return math.fabs(self.__k) * self.square(x) / 2

    @staticmethod
    def square(x):
        if not isinstance(x, float):
            raise TypeError(x)
        return math.pow(x, 2)

    @classmethod
    def made(cls, k):
        return cls(k)

    @property
    def k(self):
        return self.__k

    def __call__(self, x):
        return math.sqrt(self.energy(x))


def spring(k):
    return Spring(k).energy(3.0)


def spring_by_class(k):
    return Spring.made(k)(3.0) + Spring(k).k


def tables(x):
    xs = [0.0, 1.0, 2.0, 4.0]
    i = bisect.bisect_right(xs, x) - 1
    return xs[i] * x + {1.0: 10.0, 2.0: 20.0}.get(xs[i], 0.0) * x


def rounding(x):
    n = int(x) + math.floor(x) + round(x) + math.ceil(x) + math.trunc(-x)
    return x * n + round(x, 1) + (x - math.floor(x)) ** 2


def handed(x):
    apply = lambda f, y: f(y)  # noqa: E731
    return apply(math.sin, x) + sum(map(float, [x, 1])) + max([x, 2.5], key=math.cos)


def parts(x):
    z = x.real * 2 + x.imag
    return z if x.is_integer() else z + x.conjugate()


def texts(x):
    return x * len("%.3f" % x) * len(f"{x:.1f}") + float(len(str(x)))  # noqa: UP031


def caught_errors(x):
    try:
        return math.log(x)
    except ValueError:
        return math.atan(x)


def through_numpy(x):
    y = np.where(x > 1, np.sqrt(x), np.exp(x)) + np.interp(x, [0, 1, 3], [1, 2, 0])
    a = np.array([x, 1.0, 2.0])
    return y + np.sum(np.log(a)) + np.linalg.norm(a) + np.float64(x) + np.sign(x)


def through_scipy(x):
    y = special.erf(x) + stats.norm.cdf(x) + special.gammaln(x + 1)
    return y + float(special.lambertw(x).real)


def complex_where_real(x):
    return cmath.sqrt(x).real + cmath.atanh(x + 2).real


@functools.lru_cache
def cached(x):
    return math.tanh(x)


def through_a_cache(x):
    return cached(x) + cached(1.0)


def a_generator(x):
    def terms():
        for n in range(4):
            yield math.sin(x * n)

    return sum(terms())


def is_between(x):
    return x if x in (1.41, 2.5) else math.exp(x)


FUNCTIONS = [
    swamee_jain, with_a_helper, spring, spring_by_class, tables, rounding, handed,
    parts, texts, caught_errors, through_numpy, through_scipy, complex_where_real,
    through_a_cache, a_generator, is_between,
]  # fmt: skip
POINTS = (1.41, 0.3, 2.7)


def arguments(f, x):
    return (1e5 * x, 1e-4) if f is swamee_jain else (x,)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("x", POINTS)
def test_a_lifted_function_does_the_same_on_floats_and_on_values(f, x):
    args = arguments(f, x)
    plain = f(*args)
    assert bits(float(lift(f)(*args))) == bits(float(plain))
    y = lift(f)(Value(args[0]), *args[1:])
    assert y.data == pytest.approx(float(plain), rel=4e-16)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("x", POINTS)
def test_its_gradient_is_the_difference_quotient(f, x):
    first, *others = arguments(f, x)
    h = 1e-6 * first
    if f is texts:
        expected = len(f"{x:.3f}") * len(f"{x:.1f}")
    elif f is is_between and x == 1.41:
        expected = 1.0
    else:
        expected = (f(first + h, *others) - f(first - h, *others)) / (2 * h)
    assert grad(lift(f))(first, *others) == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize("f", [spring, with_a_helper, rounding, tables, handed])
def test_it_compiles(f):
    g = jit(value_and_grad(lift(f)))
    for x in (*POINTS, 1.6):
        assert g(x) == pytest.approx(value_and_grad(lift(f))(x), rel=1e-14)


def test_what_was_lifted_is_untouched():
    code = swamee_jain.__code__
    lift(with_a_helper)(Value(1.0))
    assert swamee_jain.__code__ is code
    assert "__lift_call__" not in globals()
    with pytest.raises(TypeError, match="in silence"):
        swamee_jain(Value(1e5), 1e-4)


def failing(x):
    y = x - 2.0
    return (
        math.sqrt(y)
        / 1.0
    )  # fmt: skip


@pytest.mark.parametrize("number", [1.0, Value(1.0)])
def test_exceptions_come_from_the_line_they_came_from(number):
    with pytest.raises(ValueError, match="math domain error") as caught:
        lift(failing)(number)
    frames = traceback.extract_tb(caught.tb)
    ours = [f for f in frames if f.name == "failing"]
    plain = failing.__code__.co_firstlineno
    assert [(f.filename, f.lineno) for f in ours] == [(__file__, plain + 3)]


LAMBDAS = [lambda x: math.exp(x), lambda x: math.sin(x), lambda y: math.exp(y)]  # noqa: PLW0108


@pytest.mark.parametrize("k", range(3))
def test_lambdas_on_one_line_are_told_apart(k):
    derivative = (math.exp, math.cos, math.exp)[k]
    assert grad(lift(LAMBDAS[k]))(0.7) == pytest.approx(derivative(0.7), rel=1e-15)


def test_a_closure_shares_its_variables_with_the_original():
    count = 0

    def f(x):
        nonlocal count
        count += 1
        return math.exp(x) * count

    assert grad(lift(f))(0.0) == 1.0
    assert grad(lift(f))(0.0) == 2.0
    assert f(0.0) == 3.0
    assert count == 3


def test_a_value_in_a_closure_is_differentiated():
    k = Value(2.0)

    def f(x):
        return math.exp(k * x)

    y = lift(f)(1.5)
    y.backward()
    assert k.grad == pytest.approx(1.5 * math.exp(3.0))


def test_code_made_by_exec_is_returned_as_it_is_and_says_why():
    names = {}
    exec("def f(x):\n    return x * 2", names)  # noqa: S102
    with pytest.warns(UserWarning, match="its source is not in"):
        assert lift(names["f"]) is names["f"]


def test_a_source_that_was_edited_is_not_believed(tmp_path, monkeypatch):
    file = tmp_path / "edited_later.py"
    file.write_text("import math\ndef f(x):\n    return math.exp(x)\n")
    monkeypatch.syspath_prepend(tmp_path)
    import edited_later

    file.write_text("import math\ndef f(x):\n    return math.sin(x) * 3.0\n")
    with pytest.warns(UserWarning, match="edited"):
        assert lift(edited_later.f) is edited_later.f


def test_the_standard_library_is_returned_as_it_is():
    with pytest.warns(UserWarning, match="standard library"):
        assert lift(traceback.extract_tb) is traceback.extract_tb


def swallows(x):
    from struct import pack

    try:
        return np.frombuffer(pack("d", x))[0]
    except Exception:  # noqa: BLE001
        return 0.0


def takes_floats(x):
    from struct import pack

    return pack("d", x)


def test_what_takes_floats_only_is_an_error_that_names_the_line():
    with pytest.raises(LiftError) as caught:
        lift(takes_floats)(Value(1.0))
    line = takes_floats.__code__.co_firstlineno + 3
    assert f"{__file__}:{line} calls _struct.pack" in str(caught.value)
    assert "autograd.primitive" in str(caught.value)


def test_an_error_that_saves_a_gradient_is_not_swallowed():
    assert lift(swallows)(1.0) == 1.0
    with pytest.raises(LiftError, match=r"test_lift\.py"):
        lift(swallows)(Value(1.0))


def test_copies_of_containers_keep_their_values():
    def f(x):
        return copy.deepcopy({"a": [x]})["a"][0] * copy.copy(x)

    assert grad(lift(f))(3.0) == 6.0


@lift
def decorated(x):
    return math.sin(x)


def test_lifted_functions_pickle():
    assert pickle.loads(pickle.dumps(decorated)) is decorated  # noqa: S301
    again = pickle.loads(pickle.dumps(lift(swamee_jain)))  # noqa: S301
    assert grad(again)(1e5, 1e-4) == grad(lift(swamee_jain))(1e5, 1e-4)


def test_a_bound_method_and_a_callable_object_can_be_lifted():
    assert grad(lift(Spring(2.0).energy))(3.0) == 6.0
    assert grad(lift(Spring(2.0)))(3.0) == pytest.approx(1.0)


def test_a_method_decorated_by_lift_is_one():
    class Box:
        k = 2.0

        @lift
        def f(self, x):
            return math.exp(self.k * x)

    assert grad(Box().f)(0.0) == 2.0


def test_lifting_twice_is_lifting_once():
    assert lift(decorated) is decorated


@pytest.mark.parametrize("thing", [3.0, None, [math.exp]])
def test_only_functions_and_modules_are_lifted(thing):
    with pytest.raises(TypeError, match="lift takes a function"):
        lift(thing)


def area(a, b, k):
    return integrate.quad(lambda x: math.exp(-k * x) * math.cos(x), a, b)[0]


def tail(a, k):
    return integrate.quad(lambda x: math.exp(-k * x * x), a, math.inf)[0]


def test_an_integral_is_differentiated_by_its_limits_and_its_parameters():
    a, b, k = 0.3, 2.0, 0.7
    f = lambda x: math.exp(-k * x) * math.cos(x)  # noqa: E731
    by_k = integrate.quad(lambda x: -x * f(x), a, b)[0]
    assert grad(lift(area), (0, 1, 2))(a, b, k) == pytest.approx((-f(a), f(b), by_k))
    assert lift(area)(a, b, k) == area(a, b, k)


def test_an_integral_to_infinity_is_differentiated():
    by_k = integrate.quad(lambda x: -x * x * math.exp(-0.7 * x * x), 0.3, math.inf)[0]
    expected = (-math.exp(-0.7 * 0.09), by_k)
    assert grad(lift(tail), (0, 1))(0.3, 0.7) == pytest.approx(expected)
    assert grad(grad(lift(tail)))(0.3, 0.7) == pytest.approx(
        2 * 0.7 * 0.3 * math.exp(-0.7 * 0.09)
    )


def test_a_singular_integral_is_an_error():
    def f(k):
        return integrate.quad(lambda x: k * x**-0.9, 0.0, 1.0)[0]

    with pytest.raises(LiftError, match="singular"):
        lift(f)(Value(1.0))


@pytest.mark.parametrize("x", [-1.0, 0.0, 1e400, math.nan, -3.0])
def test_bad_numbers_raise_what_floats_raise(x):
    for f in (rounding, caught_errors):
        assert outcome(lift(f), Value(x)) == outcome(f, x)
