"""Sequential, Linear, Dropout, LayerNorm, Embedding, and how weights start."""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path
from typing import Any

import pytest

from autograd import Value, check_grads
from nn import (
    MLP,
    SGD,
    Adam,
    Dropout,
    Embedding,
    Layer,
    LayerNorm,
    Linear,
    Module,
    Neuron,
    Sequential,
    cross_entropy,
    fit,
    mse_loss,
)


def test_a_linear_layer_is_rows_of_weights_and_maybe_a_bias() -> None:
    layer = Linear(3, 2, seed=0)
    row = [0.5, -1.0, 2.0]
    expected = [
        sum(w.data * x for w, x in zip(n.w, row, strict=True)) + n.b.data
        for n in layer.neurons
    ]
    assert [y.data for y in layer(row)] == pytest.approx(expected)
    bare = Linear(3, 2, bias=False, seed=0)
    assert len(bare.parameters()) == 6
    assert [n.b for n in bare.neurons] == [None, None]
    assert all(y.data == 0.0 for y in bare([0.0, 0.0, 0.0]))
    bare.neurons[0].b = Value(1.0)
    assert [y.data for y in bare([0.0, 0.0, 0.0])] == [1.0, 0.0]
    bare.neurons[0].b = None
    assert [y.data for y in bare([0.0, 0.0, 0.0])] == [0.0, 0.0]


def test_a_sequence_applies_what_it_is_given() -> None:
    class Double(Module):
        def __call__(self, row: Any) -> Any:
            return [2.0 * x for x in row]

    model = Sequential(Layer(2, 3, "tanh", seed=0), Double(), Linear(3, 1, seed=1))
    y = model([0.1, 0.2])
    hidden = [2.0 * h.data for h in model.layers[0]([0.1, 0.2])]
    assert y.data == pytest.approx(model.layers[2](hidden).data)
    assert len(model.parameters()) == 9 + 4


def test_dropout_keeps_the_mean_and_is_off_in_eval() -> None:
    layer = Dropout(0.25, seed=0)
    kept = layer([1.0] * 20_000)
    assert {*kept} == {0.0, 1.0 / 0.75}
    assert statistics.fmean(kept) == pytest.approx(1.0, abs=0.02)
    assert layer.eval()([1.0, 2.0]) == [1.0, 2.0]
    assert layer.train()(Value(1.0)).data in {0.0, 1.0 / 0.75}


def test_a_model_with_dropout_trains_eagerly_and_is_measured_without_it() -> None:
    rows = [[math.sin(k), math.cos(k)] for k in range(20)]
    model = Sequential(Layer(2, 8, seed=0), Dropout(0.5, seed=1), Linear(8, 1, seed=2))
    history = fit(
        model, rows, [a for a, _ in rows], loss=mse_loss, epochs=3, progress=False,
        validation=(rows, [a for a, _ in rows]),
    )  # fmt: skip
    assert history.path == "eager"
    assert "random" in history.why_eager or "too little" in history.why_eager
    assert model.training
    model.eval()
    loss = mse_loss([model(row) for row in rows], [a for a, _ in rows]).data
    assert history.validation_losses[-1] == loss


def test_a_normalized_row_has_mean_0_and_variance_1() -> None:
    layer = LayerNorm(3)
    ys = [y.data for y in layer([1.0, 5.0, 9.0])]
    assert statistics.fmean(ys) == pytest.approx(0.0, abs=1e-12)
    assert statistics.pvariance(ys) == pytest.approx(1.0, rel=1e-5)
    layer.scale, layer.shift = [1.5, 1.0, 0.5], [0.0, 1.0, 2.0]
    check_grads(lambda a, b, c: sum(k * y for k, y in enumerate(layer([a, b, c]))),
                1.0, -0.5, 2.0)  # fmt: skip


def test_an_embedding_looks_up_and_says_what_it_takes() -> None:
    table = Embedding(4, 2, seed=0)
    assert table(3) == table.rows[3]
    assert table([1, 1])[0] == table.rows[1]
    for wrong, error in ((4, IndexError), (-1, IndexError), (1.5, TypeError),
                         (True, TypeError), (Value(7.0), IndexError)):  # fmt: skip
        with pytest.raises(error, match="an int from 0 to 3"):
            table(wrong)
    assert [y.data for y in table(Value(2.0))] == [p.data for p in table.rows[2]]


class Words(Module):
    def __init__(self) -> None:
        self.table = Embedding(5, 3, seed=0)
        self.last = Linear(6, 5, seed=1)

    def __call__(self, row: Any) -> Any:
        a, b = row
        return self.last([*self.table(a), *self.table(b)])


def test_ints_that_are_looked_up_are_compiled() -> None:
    pytest.importorskip("llvmlite")
    rows = [[k % 5, (3 * k) % 5] for k in range(20)]
    labels = [(a + b) % 5 for a, b in rows]
    found = []
    for compiled in (False, True):
        model = Words()
        history = fit(
            model, rows, labels, loss=cross_entropy, epochs=5, batch_size=6,
            optimizer=SGD(model.parameters(), lr=0.5), progress=False,
            compiled=compiled, patience=None,
        )  # fmt: skip
        assert history.path == ("compiled" if compiled else "eager")
        found.append([*history.losses, *[p.data for p in model.parameters()]])
    assert found[1] == pytest.approx(found[0], rel=1e-9)


def spread(init: Any, nin: int = 50, nout: int = 40) -> tuple[list[float], list[float]]:
    layer = Layer(nin, nout, "tanh", init=init, seed=0)
    weights = [w.data for n in layer.neurons for w in n.w]
    return weights, [n.b.data for n in layer.neurons]


UNIFORM = {
    "lecun_uniform": 1.0 / math.sqrt(50), "he_uniform": math.sqrt(6.0 / 50),
    "kaiming_uniform": math.sqrt(6.0 / 50), "glorot_uniform": math.sqrt(6.0 / 90),
    "xavier_uniform": math.sqrt(6.0 / 90),
}  # fmt: skip


@pytest.mark.parametrize("init", UNIFORM)
def test_uniform_starts_have_their_bounds(init: str) -> None:
    weights, biases = spread(init)
    assert 0.98 * UNIFORM[init] < max(weights) < UNIFORM[init]
    assert -UNIFORM[init] < min(weights) < -0.98 * UNIFORM[init]
    if init == "lecun_uniform":  # PyTorch's, for both
        assert 0.8 * UNIFORM[init] < max(map(abs, biases)) < UNIFORM[init]
    else:
        assert {*biases} == {0.0}


def test_constants_and_zeros_are_what_they_say() -> None:
    assert {*spread(0.5)[0]} == {0.5}
    assert {*spread("zeros")[0]} == {0.0}
    neuron = Neuron(2, init="zeros", bias_init=lambda *_: 3.0)
    assert (neuron.w[0].data, neuron.b.data) == (0.0, 3.0)


@pytest.mark.parametrize(("nin", "nout"), [(5, 3), (3, 3), (3, 7)])
def test_orthogonal_rows_are_orthogonal(nin: int, nout: int) -> None:
    layer = Layer(nin, nout, init="orthogonal", seed=0)
    rows = [[w.data for w in n.w] for n in layer.neurons]
    for start in range(0, nout, nin):
        block = rows[start : start + nin]
        for i, a in enumerate(block):
            for j, b in enumerate(block):
                product = sum(x * y for x, y in zip(a, b, strict=True))
                assert product == pytest.approx(float(i == j), abs=1e-12)


def test_biases_start_as_pytorchs_unless_the_activation_is_a_rectifier() -> None:
    of_tanh = [n.b.data for n in Layer(4, 20, "tanh", seed=0).neurons]
    assert 0.3 < max(map(abs, of_tanh)) <= 0.5
    assert {n.b.data for n in Layer(4, 20, "relu", seed=0).neurons} == {0.0}
    assert len(MLP(2, [3, 1], bias=False).parameters()) == 9


def test_networks_learn_from_their_start_as_pytorchs_do() -> None:
    # Ten seeds each, which tests/bench/training_start.py wrote.
    path = Path(__file__).with_name("training_start.json")
    runs = json.loads(path.read_text("utf-8"))["runs"]

    def medians(name: str) -> list[float]:
        columns = zip(*[run[name] for run in runs], strict=True)
        return [statistics.median(column) for column in columns]

    assert len(runs) == 10
    spirals, sine = medians("nn")
    assert spirals >= medians("PyTorch")[0] >= 0.98
    assert sine >= 0.99
    assert medians("zero biases")[1] < 0.5


def test_a_sine_is_learnt_from_the_start_that_is_chosen() -> None:
    xs = [-1.0 + 2.0 * k / 199.0 for k in range(200)]
    ys = [math.sin(3.0 * math.pi * x) for x in xs]
    model = MLP(1, [32, 32, 1], "tanh", seed=0)
    fit(
        model, [[x] for x in xs], ys, loss=mse_loss, progress=False, patience=None,
        optimizer=Adam(model.parameters(), 0.01), epochs=150, metrics=[],
    )  # fmt: skip
    left = mse_loss([model([x]) for x in xs], ys).data
    assert 1.0 - left / statistics.pvariance(ys) > 0.97
