"""Operators of somebody's class are lifted with the code that uses them.

Each function makes objects whose methods call `math`, or ask whether something is a
float: Python calls these methods, not lifted code. The oracle is the function on floats
and its central difference.
"""

from __future__ import annotations

import functools
import math
import operator

import numpy as np
import pytest

from autograd import Value, grad, jit, lift, vmap


class Angle:
    """A number with every operator, each of which needs floats."""

    def __init__(self, a):
        self.a = a

    def __add__(self, other):
        if isinstance(other, (int, float)):
            return Angle(self.a + math.cos(other))
        return Angle(math.sin(self.a) + other.a)

    def __radd__(self, other):
        return Angle(math.sin(self.a) + math.exp(other))

    def __iadd__(self, other):
        self.a = math.sin(self.a) * other
        return self

    def __mul__(self, other):
        return Angle(self.a * other) if isinstance(other, float) else NotImplemented

    def __rmul__(self, other):
        return Angle(math.exp(self.a * other))

    def __neg__(self):
        return Angle(math.exp(-self.a))

    def __abs__(self):
        return math.sqrt(self.a * self.a + 1.0)

    def __round__(self, digits=0):
        return math.sin(self.a) * 10.0**digits

    def __divmod__(self, other):
        return math.floor(self.a / other), math.fmod(self.a, other)

    def __lt__(self, other):
        return math.exp(self.a) < math.exp(other.a)

    def __eq__(self, other):
        return isinstance(other, float) and math.isclose(self.a, other)

    __hash__ = None

    def __bool__(self):
        return math.sin(self.a) > 0.0

    def __getitem__(self, k):
        return math.sin(self.a + k)

    def __iter__(self):
        for k in range(3):
            yield math.sin(self.a * k)

    def __contains__(self, x):
        return math.floor(self.a) == x

    @property
    def height(self):
        return math.sin(self.a)

    @functools.cached_property
    def width(self):
        return math.cos(self.a)


class Unit(Angle):
    """A derived class, whose reflected operator comes first."""

    def __radd__(self, other):
        return Unit(math.tanh(self.a) * getattr(other, "a", 1.0))


class Waves:
    """An iterator."""

    def __init__(self, a):
        self.a = a
        self.k = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.k += 1
        if self.k > 3:
            raise StopIteration
        return math.sin(self.a * self.k)


def adds_a_float(x):
    return (Angle(0.3) + x).a


def adds_objects(x):
    return (Angle(x) + Angle(0.5)).a


def reflected(x):
    return (0.5 + Angle(x)).a + (x * Angle(0.3)).a + (Angle(x) * 2.0).a


def of_a_derived_class_first(x):
    return (Angle(x) + Unit(0.4)).a + (Unit(x) + Unit(0.4)).a


def in_place(x):
    angle = Angle(x)
    angle += 0.5
    return angle.a


def scales(x):
    return (Angle(0.5) * x).a


def signs(x):
    return (-Angle(x)).a + abs(Angle(x)) + round(Angle(x)) + round(Angle(x), 1)


def divides(x):
    return divmod(Angle(x), 0.3)[1]


def compares(x):
    return (
        x if Angle(x) < Angle(0.3) else 2.0 * x * (Angle(0.3) > Angle(x + 9.0)) + x * x
    )


def equals(x):
    return x * x if Angle(0.7) == x else 3.0 * x * (Angle(0.7) != x)


def is_true(x):
    return x if Angle(x) else (2.0 * x if not Angle(x - 3.0) else x * x)


def indexes(x):
    return Angle(x)[2] + getattr(Angle(x), "height")  # noqa: B009


def loops(x):
    total = 0.0
    for y in Angle(x):
        total += y
    a, b, c = Angle(x)
    return total + a + b * c + sum(Angle(x)) + list(Angle(x))[1] + sum(Waves(x))


def comprehends(x):
    return sum([y * y for y in Angle(x)]) + sum(y for y in Waves(x))


def contains(x):
    return 2.0 * x if 0 in Angle(x) else x * x


def extremes(x):
    angles = [Angle(x), Angle(0.3), Angle(-1.0)]
    middle = sorted(angles)[1].a * 2.0 + sorted(angles, reverse=True)[1].a
    by_key = max(angles, key=lambda z: math.cos(z.a)).a
    return middle + min(angles).a + max(Angle(x), Angle(0.2)).a + by_key


def adds_up(x):
    total = sum([Angle(x), Angle(0.3)], Angle(0.0)).a
    return total + functools.reduce(operator.add, [Angle(x), Angle(0.1), 0.4]).a


def remembers(x):
    angle = Angle(x)
    return angle.width * angle.width + angle.height


FUNCTIONS = [
    adds_a_float, adds_objects, reflected, of_a_derived_class_first, in_place, scales,
    signs, divides, compares, equals, is_true, indexes, loops, comprehends, contains,
    extremes, adds_up, remembers,
]  # fmt: skip
STEP = 1e-6


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize("x", [0.72, 1.9, -0.41])
def test_operators_of_a_class_are_what_they_are_on_floats(f, x):
    slope = (f(x + STEP) - f(x - STEP)) / (2.0 * STEP)
    lifted = lift(f)
    assert lifted(x) == f(x)
    assert lifted(Value(x)).data == pytest.approx(f(x), rel=1e-12)
    assert grad(lifted)(x) == pytest.approx(slope, rel=1e-6, abs=1e-6)
    assert jit(grad(f))(x) == pytest.approx(slope, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("f", FUNCTIONS)
def test_compiled_operators_of_a_class_go_the_way_of_each_number(f):
    compiled, points = jit(f), [0.72, 1.9, -0.41, 0.7, 2.6]
    for x in (*points, points[0]):
        assert compiled(x) == pytest.approx(f(x), rel=1e-12)
    assert vmap(f)(np.array(points)) == pytest.approx([*map(f, points)], rel=1e-12)


def test_an_operator_that_nobody_has_raises_what_python_raises():
    def f(x):
        return Angle(x) - x

    with pytest.raises(TypeError) as right:
        f(1.0)
    with pytest.raises(TypeError) as found:
        lift(f)(Value(1.0))
    words = str(right.value).removesuffix("'float'")
    assert str(found.value).startswith(words)


class Counting:
    """A number that notes who compares it."""

    asked = 0

    def __init__(self, a):
        self.a = a

    def __lt__(self, other):
        Counting.asked += 1
        return self.a < other


def test_a_comparison_with_an_effect_does_not_happen_for_nothing():
    def f(x):
        y = -x
        if x > 1.0:
            y = x if Counting(x) < 2.0 else 3.0 * x
        return y

    compiled = jit(f)
    assert compiled(0.5) == -0.5
    assert Counting.asked == 0
    assert [compiled(x) for x in (1.5, 2.5, 0.5)] == [1.5, 7.5, -0.5]


def test_keys_are_asked_for_once_and_odd_calls_raise_what_python_raises():
    asked = []

    def f(x):
        def key(y):
            asked.append(1)
            return -y

        return max([x, 2.0 * x, 0.1], key=key) + min([], default=x) + max(x, 0.2, 0.1)

    assert lift(f)(Value(1.0)).data == f(1.0)
    assert len(asked) == 6
    wrong = {
        "nothing": lambda x: max([]) * x,
        "one": lambda x: min(x) * x,
        "several": lambda x: max(x, 1.0, default=0),
    }
    for g in wrong.values():
        with pytest.raises((TypeError, ValueError)) as right:
            g(1.0)
        with pytest.raises(right.type):
            lift(g)(Value(1.0))
