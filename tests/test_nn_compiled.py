from __future__ import annotations

import math
import random
from typing import Any

import pytest

import nn
from autograd import COMPILED, Value, jit
from autograd import math as functions
from nn import (
    MLP,
    SGD,
    Adam,
    History,
    Module,
    binary_cross_entropy_with_logits,
    cross_entropy,
    fit,
    hinge_loss,
    mse_loss,
)
from nn.training import path
from nn.training.data import Table
from nn.training.job import Job

pytest.importorskip("llvmlite")
numpy = pytest.importorskip("numpy")
batches = pytest.importorskip("nn.training.batches")

RNG = random.Random(0)
ROWS = [[RNG.gauss(0.0, 1.0), RNG.gauss(0.0, 1.0)] for _ in range(20)]
BITS = [int(a * b > 0.1) for a, b in ROWS]
SIGNS = [2 * bit - 1 for bit in BITS]
PAIRS = [[a + b, a - b] for a, b in ROWS]
LOSSES: dict[str, tuple[Any, int, list[Any]]] = {
    "hinge": (hinge_loss, 1, SIGNS),
    "binary": (binary_cross_entropy_with_logits, 1, BITS),
    "shares": (binary_cross_entropy_with_logits, 1, [(b + 0.1) / 2 for b in BITS]),
    "classes": (cross_entropy, 3, [b + (i % 2) for i, b in enumerate(BITS)]),
    "squares": (mse_loss, 1, [a for a, _ in ROWS]),
    "rows of squares": (mse_loss, 2, PAIRS),
}


class Wrapped(Module):
    """No chain of nn's own layers."""

    def __init__(self, outputs: int = 1) -> None:
        self.inner = MLP(2, [4, outputs], seed=0)

    def __call__(self, row: Any) -> Any:
        return self.inner(row)


def quiet(model: Any, rows: Any, targets: Any, **settings: Any) -> History:
    chosen = {"progress": False, "patience": None, "epochs": 4, "batch_size": 7}
    return fit(model, rows, targets, **(chosen | settings))


def both(make: Any, rows: Any, targets: Any, **settings: Any) -> tuple[Any, Any]:
    """Train two equal models on the two paths; return the eager one and its history."""
    models, histories = [], []
    for by_machine in (False, True):
        model = make()
        models.append(model)
        histories.append(quiet(model, rows, targets, compiled=by_machine, **settings))
    eager, native = histories
    assert (eager.path, native.path) == ("eager", "compiled")
    assert native.losses == pytest.approx(eager.losses, rel=1e-12, abs=0.0)
    assert native.accuracy == eager.accuracy
    assert native.validation_accuracy == eager.validation_accuracy
    assert native.validation_losses == pytest.approx(
        eager.validation_losses, rel=1e-12, abs=0.0
    )
    ours, theirs = ([p.data for p in m.parameters()] for m in models[::-1])
    assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-15)
    start = [p.data for p in make().parameters()]
    assert ours != start
    return models[0], eager


@pytest.mark.parametrize("case", LOSSES)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_both_paths_train_the_same_network(case: str, activation: str) -> None:
    loss, outputs, targets = LOSSES[case]
    _, history = both(
        lambda: MLP(2, [5, outputs], activation, seed=0),
        ROWS,
        targets,
        loss=loss,
        validation=(ROWS[:5], targets[:5]),
    )
    assert len(history.validation_losses) == 4
    assert bool(history.accuracy) == (loss is not mse_loss)


def test_the_first_steps_are_the_same_to_the_last_digits() -> None:
    for epochs in (1, 2):
        both(
            lambda: MLP(2, [4, 4, 1], seed=2),
            ROWS,
            SIGNS,
            loss=hinge_loss,
            epochs=epochs,
            batch_size=None,
        )


@pytest.mark.parametrize("make", [SGD, Adam])
def test_the_optimizer_is_the_same_on_both_paths(make: Any) -> None:
    found = []
    for by_machine in (False, True):
        model = MLP(2, [4, 1], seed=0)
        optimizer = make(model.parameters(), lr=0.05)
        quiet(
            model,
            ROWS,
            SIGNS,
            loss=hinge_loss,
            optimizer=optimizer,
            compiled=by_machine,
        )
        assert optimizer.steps == 4 * 3
        found.append([p.data for p in model.parameters()])
    assert found[1] == pytest.approx(found[0], rel=1e-12)


class Branching(Module):
    """Goes one of three ways, by the row and by a parameter."""

    def __init__(self) -> None:
        self.slopes = [Value(0.5), Value(-0.25)]
        self.border = Value(0.1)

    def __call__(self, row: list[Any]) -> Any:
        a, b = row
        if a > self.border:
            return self.slopes[0] * a
        return self.slopes[1] * b if b > 0 else a * b * self.slopes[0] + self.border


class Line:
    """No Module, and its rows are plain numbers."""

    def __init__(self) -> None:
        self.slope, self.offset = Value(0.1), Value(0.0)
        self.factor = 2.0

    def parameters(self) -> list[Value]:
        return [self.slope, self.offset]

    def __call__(self, x: Any) -> Any:
        return self.factor * self.slope * x + self.offset


class Appending(Module):
    """Needs its row to be a list, to which a number can be appended."""

    def __init__(self) -> None:
        self.weights = [Value(0.1), Value(0.2), Value(0.3)]

    def __call__(self, row: Any) -> Any:
        return functions.sumprod(self.weights, [*(row + [1.0])])  # noqa: RUF005


def test_a_model_may_branch_on_its_row_and_its_parameters() -> None:
    both(Branching, ROWS, [a for a, _ in ROWS], loss=mse_loss)


def test_a_model_may_be_anything_with_parameters() -> None:
    xs = [a for a, _ in ROWS]
    both(Line, xs, [3.0 * x - 1.0 for x in xs], loss=mse_loss)


def test_rows_are_lists_on_both_paths() -> None:
    both(Appending, ROWS, [a for a, _ in ROWS], loss=mse_loss)


def test_ints_arrays_and_rows_of_rows_are_trained_on() -> None:
    ints = [[round(5 * a), round(5 * b)] for a, b in ROWS]
    both(lambda: MLP(2, [4, 1], seed=0), ints, SIGNS, loss=hinge_loss)
    arrays = numpy.array(ROWS), numpy.array(SIGNS)
    both(lambda: MLP(2, [4, 1], seed=0), *arrays, loss=hinge_loss)

    class Deep(Branching):
        def __call__(self, row: Any) -> Any:
            return super().__call__([row[0][0], row[1][0]])

    deep = [[[a], [b]] for a, b in ROWS]
    both(Deep, deep, [a for a, _ in ROWS], loss=mse_loss)


def test_an_attribute_that_changes_between_epochs_counts() -> None:
    def halve(line: Line) -> Any:
        def rate(step: int) -> float:
            line.factor = 2.0 if step < 6 else 1.0
            return 0.05

        return SGD(line.parameters(), rate)

    xs = [a for a, _ in ROWS]
    found = []
    for by_machine in (False, True):
        line = Line()
        settings = {"optimizer": halve(line), "compiled": by_machine}
        history = quiet(line, xs, xs, loss=mse_loss, **settings)
        found.append([*history.losses, line.slope.data, line.offset.data])
    assert found[1] == pytest.approx(found[0], rel=1e-12)


def test_metrics_are_functions_of_all_predictions_of_an_epoch_as_floats() -> None:
    seen: list[Any] = []

    def metric(predictions: list[Any], targets: list[Any]) -> float:
        seen.append((type(predictions[0][0]), len(predictions), len(targets)))
        return round(sum(p[0] for p in predictions), 9)

    for make in (lambda: MLP(2, [4, 2], seed=0), lambda: Wrapped(2)):
        both(make, ROWS, PAIRS, loss=mse_loss, metrics=[metric], epochs=1)
    assert seen == [(float, 20, 20)] * 4


# What goes wrong later.


def test_a_loss_that_is_not_finite_ends_alike_on_both_paths() -> None:
    found = []
    for by_machine in (False, True):
        model = MLP(2, [4, 1], seed=0)
        with pytest.raises(FloatingPointError) as caught:
            quiet(
                model,
                ROWS,
                PAIRS[0] * 10,
                loss=mse_loss,
                optimizer=SGD(model.parameters(), lr=20.0),
                epochs=50,
                compiled=by_machine,
            )
        found.append((str(caught.value), [p.data for p in model.parameters()]))
    (eager, numbers), (native, others) = found
    assert "fit stopped in epoch " in eager
    assert native.partition(": ")[0] == eager.partition(": ")[0]
    assert all(map(math.isfinite, others))
    assert others == pytest.approx(numbers, rel=1e-6)


def fail_after(monkeypatch: Any, calls: int) -> None:
    count = [0]
    gradient = batches.Batches.gradient

    def failing(self: Any, *arguments: Any, **settings: Any) -> Any:
        count[0] += 1
        if count[0] > calls:
            message = "the machine is gone"
            raise OSError(message)
        return gradient(self, *arguments, **settings)

    monkeypatch.setattr(batches.Batches, "gradient", failing)


def test_what_fails_compiled_alone_goes_on_eagerly(monkeypatch: Any) -> None:
    monkeypatch.setitem(path.COMPILING, "code", (-math.inf, 0.0))
    one, two = Wrapped(), Wrapped()
    usual = quiet(one, ROWS, SIGNS, loss=hinge_loss, compiled=False)
    fail_after(monkeypatch, 1 + 4)  # the trial, and an epoch with another batch
    history = quiet(two, ROWS, SIGNS, loss=hinge_loss)
    assert history.path == "eager"
    why = "from epoch 2, batch 2 on: OSError: the machine is gone"
    assert history.why_eager == why
    assert history.losses == pytest.approx(usual.losses, rel=1e-12)
    assert history.accuracy == usual.accuracy


def test_what_must_be_compiled_and_fails_later_raises(monkeypatch: Any) -> None:
    fail_after(monkeypatch, 1 + 4)
    model = Wrapped()
    with pytest.raises(RuntimeError, match="from epoch 2, batch 2 on: OSError"):
        quiet(model, ROWS, SIGNS, loss=hinge_loss, compiled=True)


# Which path is taken.


def way(model: Any, epochs: int, must: bool, size: int = 20, times: int = 1) -> Any:
    table = Table([*ROWS] * times, [*SIGNS] * times)
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    how = (), optimizer, (0.0, 0.0), (math.inf, math.inf), [table], size, epochs, True
    return path.compiled(Job(model, hinge_loss, *how), must=must)


@pytest.mark.parametrize("make", [lambda: MLP(2, [4, 4, 1], seed=0), Wrapped])
def test_small_trainings_are_eager_and_large_ones_compiled(make: Any) -> None:
    source, why = way(make(), 1, must=False)
    assert source is None
    assert why.startswith("too little to do")
    source, why = way(make(), 10**7, must=False, size=400, times=20)
    assert source is not None
    assert why == ""
    assert way(make(), 1, must=True)[0] is not None
    if path.COMPILED:  # a row at a time is sooner done than handed over
        assert way(make(), 10**7, must=False, size=1)[0] is None


def test_a_history_says_which_path_was_taken() -> None:
    model = MLP(2, [4, 1], seed=0)
    history = quiet(model, ROWS, SIGNS, loss=hinge_loss, compiled=True)
    assert (history.path, history.why_eager) == ("compiled", "")
    assert repr(history).endswith(", path='compiled')")
    history = quiet(model, ROWS[:4], SIGNS[:4], loss=hinge_loss, epochs=1)
    assert history.path == "eager"
    assert repr(history).endswith(
        "path='eager', why_eager='too little to do: compiling would take longer')"
    )


@pytest.mark.parametrize("make", [lambda: MLP(2, [2, 1], seed=0), Wrapped])
def test_a_trial_leaves_the_gradients_as_they_were(make: Any) -> None:
    model = make()
    model.parameters()[2].grad = 0.5
    assert way(model, 1, must=True)[0] is not None
    assert model.parameters()[2].grad == 0.5
    assert sum(p.grad for p in model.parameters()) == 0.5


class Recurrent(nn.Module):
    """One cell, called for each number of a sequence."""

    def __init__(self):
        self.cell = nn.Layer(5, 4, activation="tanh")
        self.out = nn.Layer(4, 1)

    def __call__(self, x):
        state = [0.0] * 4
        for number in x:
            state = self.cell([number, *state])
        return self.out(state)


def test_a_recurrent_model_is_compiled_as_its_cell_and_trains_as_eagerly():
    rng = random.Random(0)
    rows = [[rng.gauss(0.0, 1.0) for _ in range(100)] for _ in range(40)]
    targets = [sum(row[-3:]) for row in rows]
    losses = []
    epochs = 60 if COMPILED else 10  # work enough to be worth compiling
    for compiled in (None, False):
        random.seed(1)
        model = Recurrent()
        for k, p in enumerate(model.parameters()):
            p.data = math.sin(k)
        history = nn.fit(
            model, rows, targets, loss=nn.mse_loss, epochs=epochs, batch_size=8,
            patience=None, progress=False, compiled=compiled,
        )  # fmt: skip
        assert bool(history.why_eager) is (compiled is False)
        losses.append(history.losses)
    assert losses[0] == pytest.approx(losses[1], rel=1e-7)


def test_a_neuron_that_is_an_activation_is_looked_into_by_compiled_functions() -> None:
    inner = nn.Neuron(1, None, seed=0)
    model = nn.Neuron(2, inner, seed=1)
    compiled = jit(lambda model, x: model([x, 1.0]))
    assert compiled(model, 2.0).data == pytest.approx(model([2.0, 1.0]).data)
    inner.w = [Value(3.0)]
    assert compiled(model, 2.0).data == pytest.approx(model([2.0, 1.0]).data)
