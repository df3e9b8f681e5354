"""A model that somebody changes while it is trained: compiled training sees it."""

from __future__ import annotations

import math
import types
from typing import Any

import pytest

from autograd import Value
from nn import MLP, SGD, Layer, Module, Neuron, fit, mse_loss
from nn.training import path

numpy = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

ROWS = [[math.sin(k), math.cos(3.0 * k)] for k in range(12)]
TARGETS = [a - b for a, b in ROWS]
SCALE = {"of all": 1.0}


class Slotted(Module):
    __slots__ = ("scale", "w")

    def __init__(self, scale: Any) -> None:
        self.w = [Value(0.5), Value(-0.25)]
        self.scale = scale

    def factor(self) -> Any:
        return self.scale

    def __call__(self, row: Any) -> Any:
        a, b = row
        return self.factor() * (self.w[0] * a + self.w[1] * b)


class Listed(Slotted):
    __slots__ = ()

    def factor(self) -> Any:
        return self.scale[0]


class Named(Slotted):
    __slots__ = ()

    def factor(self) -> Any:
        return self.scale.a


class Calling(Slotted):
    __slots__ = ()

    def factor(self) -> Any:
        return self.scale()


class Twice(Slotted):
    __slots__ = ()

    def factor(self) -> Any:
        return 2.0 * self.scale


class Global(Slotted):
    __slots__ = ()

    def factor(self) -> Any:
        return SCALE["of all"]


class Plain:
    """No Module."""

    def __init__(self) -> None:
        self.w, self.scale = Value(0.5), 1.0

    def parameters(self) -> list[Value]:
        return [self.w]

    def __call__(self, row: Any) -> Any:
        return self.scale * self.w * row[0]


class Sliced(MLP):
    __slots__ = ("shift",)

    def __call__(self, row: Any) -> Any:
        return super().__call__(row) + self.shift


def sliced() -> Any:
    model = Sliced(2, [3, 1], seed=0)
    model.shift = 0.5
    return model


class Halved(Layer):
    __slots__ = ()

    def __call__(self, row: Any) -> Any:
        return 0.5 * super().__call__(row)


def closed_over() -> Any:
    box = [1.0]
    return lambda: box[0]


def network() -> Any:
    return MLP(2, [3, 1], "tanh", seed=0)


def change(thing: Any, name: str, item: Any) -> None:
    setattr(thing, name, item)


CHANGES: dict[str, tuple[Any, Any]] = {
    "a slot": (lambda: Slotted(1.0), lambda m: change(m, "scale", 3.0)),
    "a list": (lambda: Listed([1.0]), lambda m: m.scale.__setitem__(0, 3.0)),
    "an array": (
        lambda: Listed(numpy.ones(1)), lambda m: m.scale.__setitem__(0, 3.0),
    ),
    "a namespace": (
        lambda: Named(types.SimpleNamespace(a=1.0)),
        lambda m: change(m.scale, "a", 3.0),
    ),
    "a lambda": (
        lambda: Calling(lambda: 1.0), lambda m: change(m, "scale", lambda: 3.0),
    ),
    "what a lambda holds": (
        lambda: Calling(closed_over()),
        lambda m: m.scale.__closure__[0].cell_contents.__setitem__(0, 3.0),
    ),
    "a class": (lambda: Slotted(1.0), lambda m: change(m, "__class__", Twice)),
    "a global": (lambda: Global(1.0), lambda _: SCALE.update({"of all": 3.0})),
    "a parameter": (lambda: Slotted(1.0), lambda m: m.w.__setitem__(0, Value(3.0))),
    "a number of a parameter": (
        lambda: Slotted(1.0), lambda m: change(m.w[0], "data", 3.0),
    ),
    "an attribute of no Module": (Plain, lambda m: change(m, "scale", 3.0)),
    "a slot of a network": (sliced, lambda m: change(m, "shift", 3.0)),
    "a weight of a network": (
        network, lambda m: change(m.layers[1].neurons[0], "b", Value(3.0)),
    ),
    "an activation": (
        network, lambda m: change(m.layers[0].neurons[1], "activation", "sigmoid"),
    ),
    "a neuron": (
        network, lambda m: change(m.layers[0], "neurons", [
            *m.layers[0].neurons[:2], Neuron(2, "tanh", seed=5)]),
    ),
    "the class of a layer": (
        network, lambda m: change(m.layers[1], "__class__", Halved),
    ),
    "layers": (
        network, lambda m: change(m, "layers", [Layer(2, 1, None, seed=7)]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_compiled_training_sees_a_change_after_an_epoch(case: str) -> None:
    make, edit = CHANGES[case]
    found = []
    for compiled in (False, True):
        SCALE["of all"] = 1.0
        model = make()
        unchanged = [p.data for p in model.parameters()]

        def after(history: Any, model: Any = model) -> None:
            if history.epochs == 2:
                edit(model)

        history = fit(
            model, ROWS, TARGETS, loss=mse_loss, epochs=4, batch_size=5,
            optimizer=SGD(model.parameters(), lr=0.01), progress=False,
            patience=None, compiled=compiled, each_epoch=after,
        )  # fmt: skip
        assert history.path == ("compiled" if compiled else "eager")
        assert [p.data for p in model.parameters()] != unchanged
        found.append((history.losses, [p.data for p in model.parameters()]))
    (losses, numbers), (others, theirs) = found
    assert others == pytest.approx(losses, rel=1e-10)
    assert theirs == pytest.approx(numbers, rel=1e-10)
    assert losses[2] > 0.0
    assert losses[2] != pytest.approx(losses[1], rel=1e-3)


def test_what_a_recording_cannot_see_makes_training_eager(monkeypatch: Any) -> None:
    monkeypatch.setenv("SCALE", "1.0")

    class Outside(Slotted):
        __slots__ = ()

        def factor(self) -> Any:
            import os

            return float(os.environ["SCALE"])

    found = []
    for compiled in (False, None):
        monkeypatch.setenv("SCALE", "1.0")
        monkeypatch.setattr(
            path, "COMPILING", dict.fromkeys(path.COMPILING, (-1e9, 0.0))
        )
        model = Outside(1.0)
        history = fit(
            model, ROWS, TARGETS, loss=mse_loss, epochs=3, progress=False,
            optimizer=SGD(model.parameters(), lr=0.01), patience=None,
            compiled=compiled, each_epoch=lambda _: monkeypatch.setenv("SCALE", "3.0"),
        )  # fmt: skip
        found.append(history.losses)
    assert history.path == "eager"
    assert "from epoch 2, batch 1 on: the model was changed" in history.why_eager
    assert found[1] == pytest.approx(found[0], rel=1e-10)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("make", [network, lambda: Slotted(1.0)])
def test_parameters_that_a_callback_sets_to_nan_are_put_back(
    make: Any, compiled: bool
) -> None:
    model = make()
    seen: list[list[float]] = []

    def spoil(history: Any) -> None:
        seen.append([p.data for p in model.parameters()])
        if history.epochs == 2:
            for p in model.parameters():
                p.data = math.nan

    with pytest.raises(FloatingPointError, match=r"epoch 3, batch 1.*last good step"):
        fit(
            model, ROWS, TARGETS, loss=mse_loss, epochs=5, progress=False,
            optimizer=SGD(model.parameters(), lr=0.01), compiled=compiled,
            each_epoch=spoil,
        )  # fmt: skip
    numbers = [p.data for p in model.parameters()]
    assert all(map(math.isfinite, numbers))
    assert numbers == pytest.approx(seen[1], abs=0.1)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_metric_sees_the_parameters_of_its_epoch(compiled: bool) -> None:
    model = network()
    seen: list[list[float]] = []

    def metric(_: Any, __: Any) -> float:
        seen.append([p.data for p in model.parameters()])
        return 0.0

    optimizer = SGD(model.parameters(), lr=0.1)
    settings = {"progress": False, "compiled": compiled, "metrics": [metric]}
    fit(model, ROWS, TARGETS, loss=mse_loss, optimizer=optimizer, epochs=3, **settings)
    assert seen[-1] == [p.data for p in model.parameters()]
    assert seen[0] != seen[1] != seen[2]


@pytest.mark.parametrize("when", [3, 5, 6])
def test_a_schedule_that_changes_the_model_is_seen_at_once(when: int) -> None:
    found = []
    for compiled in (False, True):
        model = network()

        def rate(k: int, model: Any = model) -> float:
            if k == when:
                model.layers[0].neurons[1].activation = "sigmoid"
                model.layers[1].neurons[0].b = Value(3.0)
            return 0.01

        history = fit(
            model, ROWS, TARGETS, loss=mse_loss, epochs=4, batch_size=5, patience=None,
            optimizer=SGD(model.parameters(), rate), compiled=compiled, progress=False,
        )  # fmt: skip
        found.append([*history.losses, *[p.data for p in model.parameters()]])
    assert found[1] == pytest.approx(found[0], rel=1e-10)


def test_a_compiled_step_that_fails_alone_says_so(monkeypatch: Any) -> None:
    from nn.training import dense

    gradient = dense.Dense.gradient
    calls = []

    def failing(*arguments: Any, **settings: Any) -> Any:
        calls.append(1)
        if len(calls) > 5:
            message = "the machine is gone"
            raise OSError(message)
        return gradient(*arguments, **settings)

    pays = dict.fromkeys(path.COMPILING, (-1e9, 0.0))
    monkeypatch.setattr(path, "COMPILING", pays)
    one, two = network(), network()
    settings = {"loss": mse_loss, "epochs": 3, "batch_size": 4, "progress": False}
    usual = fit(one, ROWS, TARGETS, compiled=False, **settings)
    monkeypatch.setattr(dense.Dense, "gradient", failing)
    history = fit(two, ROWS, TARGETS, **settings)
    assert history.why_eager == "from epoch 2, batch 2 on: OSError: the machine is gone"
    assert history.path == "eager"
    assert history.losses == pytest.approx(usual.losses, rel=1e-10)
