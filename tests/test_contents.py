"""What a model consists of: every change of it is seen, and nothing else is one."""

from __future__ import annotations

import array
import collections
import dataclasses
import functools
import random
import types
from typing import Any

import pytest

from autograd import Value
from autograd.contents import contents, values_in
from nn import MLP, Layer, Module, Neuron

numpy = pytest.importorskip("numpy")
FACTOR = {"of all": 1.0}
CALLS = 0


class Slotted:
    __slots__ = ("__hidden", "shown")

    def __init__(self) -> None:
        self.__hidden = 1.0
        self.shown = 2.0


@dataclasses.dataclass
class Data:
    number: float = 1.0


class Other(Data):
    pass


class Held(Module):
    def __init__(self, thing: Any) -> None:
        self.thing = thing


def by_global(x: Any) -> Any:
    return [lambda: FACTOR["of all"] * x][0]()


def counting_globally() -> None:
    global CALLS  # noqa: PLW0603 - that it is seen
    CALLS += 1


def closed_over() -> Any:
    box = [1.0]
    return lambda x=2.0: (x, box)


def change(thing: Any, name: str, item: Any) -> None:
    setattr(thing, name, item)


CHANGES: dict[str, tuple[Any, Any]] = {
    "an array": (lambda: numpy.ones(3), lambda a: a.__setitem__(1, 2.0)),
    "a list in a dict": (lambda: {"a": [1]}, lambda d: d["a"].append(2)),
    "the order of a dict": (
        lambda: {"a": 1, "b": 1}, lambda d: d.update(a=d.pop("a")),
    ),
    "an int made a float": (lambda: [1], lambda x: x.__setitem__(0, 1.0)),
    "a zero made negative": (lambda: [0.0], lambda x: x.__setitem__(0, -0.0)),
    "a namespace": (lambda: types.SimpleNamespace(a=1), lambda n: change(n, "a", 2)),
    "a data class": (Data, lambda d: change(d, "number", 2.0)),
    "a class": (Data, lambda d: change(d, "__class__", Other)),
    "a slot": (Slotted, lambda s: change(s, "shown", 3.0)),
    "a hidden slot": (Slotted, lambda s: change(s, "_Slotted__hidden", 3.0)),
    "a deque": (lambda: collections.deque([1.0]), lambda d: d.append(1.0)),
    "an array of bytes": (lambda: bytearray(b"a"), lambda b: b.extend(b"b")),
    "a machine's array": (
        lambda: array.array("d", [1.0]), lambda a: a.__setitem__(0, 2.0),
    ),
    "dice": (lambda: random.Random(0), lambda r: r.random()),
    "NumPy's dice": (lambda: numpy.random.default_rng(0), lambda r: r.random()),
    "a default": (closed_over, lambda f: change(f, "__defaults__", (3.0,))),
    "code": (
        closed_over, lambda f: change(f, "__code__", f.__code__.replace(co_name="g")),
    ),
    "what is closed over": (
        closed_over, lambda f: f.__closure__[0].cell_contents.append(1),
    ),
    "a cell": (
        closed_over, lambda f: change(f.__closure__[0], "cell_contents", 2.0),
    ),
    "a partial": (
        lambda: functools.partial(max, [1.0]), lambda p: p.args[0].append(2.0),
    ),
    "a method's object": (
        lambda: Held([]).parameters, lambda m: change(m.__self__, "thing", 1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_every_change_is_seen_and_no_other(case: str) -> None:
    make, edit = CHANGES[case]
    thing = make()
    model = Held([thing])
    before, of_model = contents(thing), model.structure()
    assert contents(thing) == before
    assert hash(contents(thing)) == hash(before)
    edit(thing)
    assert contents(thing) != before
    assert model.structure() != of_model


def test_globals_and_classes_that_are_changed_are_seen(monkeypatch: Any) -> None:
    before = contents(by_global)
    monkeypatch.setitem(FACTOR, "of all", 2.0)
    assert contents(by_global) != before
    model = Held(1.0)
    before = contents(model)
    monkeypatch.setattr(Held, "scale", 3.0, raising=False)
    assert contents(model) != before


def test_what_a_function_changes_itself_is_seen() -> None:
    calls = 0

    def counting() -> None:
        nonlocal calls
        calls += 1

    for f in (counting, counting_globally):
        before = contents(f)
        assert contents(f) == before
        f()
        assert contents(f) != before


def test_values_are_found_in_modules_and_in_what_functions_read() -> None:
    model, x = MLP(2, [1], seed=0), Value(1.0)
    schedule = functools.partial(lambda model, _: x * model.nin, [model])
    assert {*map(id, values_in(schedule))} == {*map(id, [x, *model.parameters()])}
    assert values_in(by_global) == []


def test_what_holds_itself_can_be_looked_into() -> None:
    one: list[Any] = [1.0]
    one.append(one)
    model = Held(one)
    model.again = model
    before = contents(model)
    assert contents(model) == before
    one[0] = 2.0
    assert contents(model) != before


def test_what_cannot_be_looked_into_is_named() -> None:
    def numbers() -> Any:
        yield 1.0

    unread: list[object] = []
    flow = numbers()
    contents([flow], unread)
    assert unread == [flow]


def test_a_value_is_the_same_while_it_is_the_same_object() -> None:
    p = Value(1.0)
    model = Held([p])
    before = model.structure()
    p.data = 2.0
    assert model.structure() == before
    model.thing[0] = Value(2.0)
    assert model.structure() != before


class Closed(MLP):
    __slots__ = ("scale", "shift")


ASSIGNMENTS: dict[str, Any] = {
    "a weight": lambda m: change(m.layers[0].neurons[0], "w", [Value(1.0)] * 2),
    "a bias": lambda m: change(m.layers[0].neurons[0], "b", Value(1.0)),
    "an activation": lambda m: change(m.layers[0].neurons[0], "activation", "tanh"),
    "neurons": lambda m: change(m.layers[0], "neurons", [Neuron(2), Neuron(2)]),
    "layers": lambda m: change(m, "layers", [Layer(2, 1)]),
    "a class": lambda m: change(m.layers[0], "__class__", Halved),
}


class Halved(Layer):
    __slots__ = ()

    def __call__(self, x: Any) -> Any:
        return [0.5 * y for y in super().__call__(x)]


@pytest.mark.parametrize("kind", [MLP, Closed])
@pytest.mark.parametrize("case", ASSIGNMENTS)
def test_an_assignment_to_a_part_of_a_network_is_seen(case: str, kind: Any) -> None:
    model, bystander = kind(2, [2, 1], seed=0), MLP(2, [1], seed=0)
    before, of_other = model.structure(), bystander.structure()
    assert model.structure() == before
    model.parameters()
    ASSIGNMENTS[case](model)
    assert model.structure() != before
    assert bystander.structure() == of_other
    found = {id(p) for p in model.parameters()}
    assert found == {id(p) for layer in model.layers for p in layer.parameters()}


def test_the_slots_of_a_subclass_hold_parameters_and_are_seen() -> None:
    model = Closed(2, [2, 1], seed=0)
    model.scale = Value(2.0)
    assert model.named_parameters()[-1][0] == "scale"
    before = model.structure()
    model.shift = Value(1.0)
    assert model.structure() != before
    assert len(model.parameters()) == 9 + 2
    del model.shift
    assert len(model.parameters()) == 9 + 1


def test_training_is_said_to_all_modules() -> None:
    inner = Held(1.0)
    model = Held([MLP(2, [2, 1]), {"inner": inner}])
    assert [m.training for m in model.modules()] == [True] * 8
    assert model.eval() is model
    assert [m.training for m in model.modules()] == [False] * 8
    before = model.structure()
    inner.train()
    assert (model.training, inner.training) == (False, True)
    assert model.structure() != before


def test_modules_are_found_where_parameters_are_given_by_hand() -> None:
    class Micro(Module):
        def __init__(self) -> None:
            self.inner = Held(Value(1.0))

        def parameters(self) -> list[Value]:
            return [self.inner.thing]

    model = Held([Micro()])
    assert len(model.modules()) == 3
    model.eval()
    assert not model.thing[0].inner.training
