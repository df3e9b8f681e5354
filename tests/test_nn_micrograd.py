"""Code written for micrograd, with nothing changed but where Value and MLP come from.

The numbers that micrograd itself gives for the same seed are written down here.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from autograd import Value
from nn import MLP, Layer, Module, Neuron, micrograd

ROWS = [[2.0, 3.0], [-1.0, -1.5], [0.5, 1.0], [1.0, -1.0]]
LABELS = [1, -1, -1, 1]


def train(model: MLP, steps: int) -> list[float]:
    totals = []
    for k in range(steps):
        inputs = [list(map(Value, xrow)) for xrow in ROWS]
        scores = list(map(model, inputs))
        losses = [
            (1 + -yi * scorei).relu() for yi, scorei in zip(LABELS, scores, strict=True)
        ]
        data_loss = sum(losses) * (1.0 / len(losses))
        alpha = 1e-4
        reg_loss = alpha * sum(p * p for p in model.parameters())
        total_loss = data_loss + reg_loss
        model.zero_grad()
        total_loss.backward()
        learning_rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= learning_rate * p.grad
        totals.append(total_loss.data)
    return totals


MICROGRADS_LOSSES = [
    1.2984487073832536,
    5.665710627155555,
    0.23193976007926886,
    0.23465091146624675,
    12.785536727034048,
    0.7593555402634877,
    0.5757825339728363,
    0.511884772352033,
    0.5118803183567339,
    0.5118759087918054,
]


def test_the_demo_gives_micrograds_numbers() -> None:
    random.seed(1337)
    model = MLP(2, [16, 16, 1], init="uniform")
    assert train(model, 10) == pytest.approx(MICROGRADS_LOSSES, rel=1e-9)


def test_the_demo_runs_as_it_stands_and_learns() -> None:
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    losses = train(model, 50)
    assert losses[-1] < 0.1 < losses[0]


def test_a_model_is_shown_as_micrograd_shows_it() -> None:
    assert str(MLP(2, [2, 1])) == (
        "MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]"
    )


def test_neurons_take_nonlin() -> None:
    assert str(Neuron(3, nonlin=False)) == "LinearNeuron(3)"
    assert str(Neuron(3, False)) == "LinearNeuron(3)"
    assert str(Neuron(3, True)) == str(Neuron(3)) == "ReLUNeuron(3)"
    assert str(Layer(3, 1, nonlin=False)) == "Layer of [LinearNeuron(3)]"
    with pytest.raises(TypeError, match="either activation or nonlin"):
        Neuron(3, "tanh", nonlin=True)


def test_weights_are_where_micrograd_has_them() -> None:
    n = Neuron(2)
    assert [p.data for p in n.w] == [p.data for p in n.parameters()[:2]]
    n.b.data = 1.0
    act: Any = sum((wi * xi for wi, xi in zip(n.w, [1.0, 2.0], strict=True)), n.b)
    assert n([1.0, 2.0]).data == pytest.approx(act.relu().data)
    assert len(MLP(3, [4, 4, 1]).parameters()) == 41


def test_a_module_of_ones_own_is_written_as_there() -> None:
    class Pair(Module):
        def __init__(self) -> None:
            self.one, self.two = Neuron(2), Neuron(2)

        def __call__(self, x: list[float]) -> Any:
            return self.one(x) + self.two(x)

        def parameters(self) -> list[Value]:
            return self.one.parameters() + self.two.parameters()

    pair = Pair()
    pair([1.0, 2.0]).backward()
    pair.zero_grad()
    assert [p.grad for p in pair.parameters()] == [0.0] * 6


def test_parameters_are_named_as_drawings_name_them():
    model = micrograd.MLP(2, [2, 1])
    assert [name for name, _ in model.named_parameters()] == [
        "layer1/neuron1/w1", "layer1/neuron1/w2", "layer1/neuron1/b",
        "layer1/neuron2/w1", "layer1/neuron2/w2", "layer1/neuron2/b",
        "layer2/neuron1/w1", "layer2/neuron1/w2", "layer2/neuron1/b",
    ]  # fmt: skip
    assert [p for _, p in model.named_parameters()] == model.parameters()

    class Half(micrograd.MLP):
        def parameters(self):
            return super().parameters()[::2]

    half = Half(2, [2, 1])
    assert [p for _, p in half.named_parameters()] == half.parameters()
