"""What a function captured is looked at in every call, in machine code if it can be."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from autograd import grad, jit, vmap


@dataclass
class Line:
    slope: float
    ends: list = field(default_factory=lambda: [1.0, 2.0])


@dataclass(slots=True)
class Slotted:
    slope: float


@dataclass(frozen=True)
class Frozen:
    slope: float


class Rates(SimpleNamespace):
    @property
    def total(self):
        return self.a + self.b


class Sides(enum.Enum):
    LEFT = 1.5


class Pair(NamedTuple):
    first: Any
    second: Any


def new_class(**attributes):
    return type("Model", (), attributes)


def put(thing, name, x):
    object.__setattr__(thing, name, x)


# What is captured, what is computed of it, and changes of it.
CAPTURED = {
    "a list": (
        lambda: [1.0, [2.0, 3.0]],
        lambda x, c: x * c[0] + x * x * c[1][1],
        [
            lambda c: c.__setitem__(0, 5.0),
            lambda c: c[1].__setitem__(1, 7.0),
            lambda c: c.__setitem__(1, (0.0, 9.0)),
        ],
    ),
    "a dict": (
        lambda: {"a": 1.0, "b": {"c": 2.0}},
        lambda x, c: sum(x**k * v for k, v in enumerate([c["a"], *c["b"].values()])),
        [
            lambda c: c.update(a=4.0),
            lambda c: c["b"].update(c=-1.0),
            lambda c: c["b"].update(d=6.0),
            lambda c: c["b"].update({"c": c["b"].pop("d"), "d": c["b"]["c"]}),
            lambda c: c["b"].clear(),
        ],
    ),
    "the order of a dict": (
        lambda: {1: 2.0, 2: 3.0},
        lambda x, c: x * next(iter(c.values())),
        [lambda c: c.update({1: c.pop(1)})],
    ),
    "a dataclass": (
        lambda: Line(3.0),
        lambda x, c: x * c.slope + x * x * c.ends[1],
        [
            lambda c: setattr(c, "slope", 5.0),
            lambda c: c.ends.__setitem__(1, 0.5),
            lambda c: setattr(c, "ends", [0.0, 11.0]),
            lambda c: setattr(c, "__dict__", {"slope": 1.0, "ends": [0.0, 1.0]}),
        ],
    ),
    "slots": (
        lambda: Slotted(3.0),
        lambda x, c: x * c.slope,
        [lambda c: setattr(c, "slope", 5.0)],
    ),
    "a frozen dataclass": (
        lambda: Frozen(3.0),
        lambda x, c: x * c.slope,
        [lambda c: put(c, "slope", 5.0)],
    ),
    "a property": (
        lambda: Rates(a=1.0, b=2.0),
        lambda x, c: x * c.total,
        [lambda c: setattr(c, "b", 5.0), lambda c: vars(c).update(a=9.0)],
    ),
    "an array": (
        lambda: np.array([[1.0, 2.0], [3.0, 4.0]]),
        lambda x, c: x * float(c[0, 1]) + float(c.sum()) * len(c),
        [
            lambda c: c.__setitem__((0, 1), 8.0),
            lambda c: c.__imul__(2.0),
            lambda c: c.resize((4, 2), refcheck=False),
        ],
    ),
    "an array of ints": (
        lambda: np.arange(4),
        lambda x, c: x * int(c[2]),
        [lambda c: c.__setitem__(2, -5)],
    ),
    "a view": (
        lambda: {"base": (base := np.arange(6.0)), "view": base[::2]},
        lambda x, c: x * float(c["view"][1]),
        [lambda c: c["base"].__setitem__(2, 10.0)],
    ),
    "what cannot change, in a list": (
        lambda: [Pair(1.0, [2.0]), Decimal("0.5"), np.float32(2.5), Sides.LEFT],
        lambda x, c: (
            x * (c[0].first + c[0].second[0] + float(c[1]) + float(c[2]) + c[3].value)
        ),
        [
            lambda c: c[0].second.__setitem__(0, 6.0),
            lambda c: c.__setitem__(0, Pair(0.0, [1.0])),
            lambda c: c.__setitem__(1, Decimal(4)),
            lambda c: c.__setitem__(2, np.float32(0.25)),
        ],
    ),
    "one that refers to itself": (
        lambda: [loop := {"a": 2.0}, loop.update(me=loop)],
        lambda x, c: x * c[0]["me"]["a"],
        [lambda c: c[0].update(a=3.0)],
    ),
    "a class": (
        new_class(w=2.0),
        lambda x, c: x * c.w,
        [
            lambda c: setattr(type(c), "w", 3.0),
            lambda c: setattr(c, "w", 4.0),
            lambda c: setattr(c, "__class__", new_class(w=0.0)),
            lambda c: delattr(c, "w"),
        ],
    ),
}


def times_x(f):
    return lambda x: f(x) * x


def one_row(mapped):
    return lambda x: float(mapped(np.array([x, 1.0]))[0])


WAYS = {
    "jit": (lambda f: f, jit),
    "jit(grad)": (lambda f: grad(times_x(f)), lambda f: jit(grad(times_x(f)))),
    "vmap": (lambda f: f, lambda f: one_row(vmap(f))),
    "vmap(grad)": (
        lambda f: grad(times_x(f)),
        lambda f: one_row(vmap(grad(times_x(f)))),
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CAPTURED)
def test_a_change_in_place_is_seen_by_the_next_call(name, way):
    make, f, changes = CAPTURED[name]
    captured = make()
    plain, compiled = (made(lambda x: f(x, captured)) for made in WAYS[way])
    for change in [lambda _: None, *changes]:
        change(captured)
        for x in (2.0, 2.0, 0.5, 3.0):
            assert compiled(x) == pytest.approx(plain(x), rel=1e-14)


@pytest.mark.parametrize("name", sorted(CAPTURED.keys() - {"a view"}))
def test_calls_between_changes_are_answered_by_machine_code_alone(name):
    pytest.importorskip("llvmlite")
    make, f, changes = CAPTURED[name]
    captured = make()
    compiled = jit(lambda x: f(x, captured))
    asked = []
    general = compiled.general
    compiled.general = lambda *call: asked.append(call) or general(*call)
    for change in [lambda _: None, *changes]:
        change(captured)
        for _ in range(3):
            compiled(2.0)
        asked.clear()
        for x in (2.0, 0.5, 4.0):
            assert compiled(x) == pytest.approx(f(x, captured), rel=1e-14)
        assert not asked


def test_an_equal_list_in_place_of_the_old_one_takes_no_new_recording():
    held = SimpleNamespace(weights=[1.0, 2.0])
    compiled = jit(lambda x: x * held.weights[0] + held.weights[1])
    for _ in range(5):
        held.weights = [float(text) for text in ("1", "2")]
        assert compiled(3.0) == 5.0
    assert len(compiled.programs) == 1
    held.weights[1] = 7.0
    assert compiled(3.0) == 10.0
