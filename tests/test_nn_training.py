from __future__ import annotations

import json
import math
import random
import sys
import types
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from autograd import math as functions
from nn import (
    MLP,
    SGD,
    Adam,
    History,
    Module,
    accuracy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    fit,
    hinge_loss,
    linear_decay,
    mse_loss,
)
from nn.training import fit as training
from nn.training import run

XOR = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
SIGNS = [-1, 1, 1, -1]
BITS = [0, 1, 1, 0]


def moons(n: int, noise: float, seed: int) -> tuple[list[list[float]], list[int]]:
    """Return points on two half circles that reach into each other, and -1 or 1."""
    rng = random.Random(seed)
    rows, labels = [], []
    for i in range(n):
        angle = rng.uniform(0.0, math.pi)
        x, y = math.cos(angle), math.sin(angle)
        if i % 2:
            x, y = 1.0 - x, 0.5 - y
        rows.append([x + rng.gauss(0.0, noise), y + rng.gauss(0.0, noise)])
        labels.append(1 if i % 2 else -1)
    return rows, labels


def quiet(model: Any, rows: Any, targets: Any, **settings: Any) -> History:
    return fit(model, rows, targets, **({"progress": False} | settings))


def state(model: Module) -> list[tuple[float, float]]:
    return [(p.data, p.grad) for p in model.parameters()]


def test_moons_are_told_apart_and_so_are_new_ones() -> None:
    model = MLP(2, [16, 16, 1], seed=0)
    rows, labels = moons(100, 0.1, seed=1)
    history = quiet(
        model, rows, labels, loss=hinge_loss, epochs=60, batch_size=10, patience=None
    )
    assert history.epochs == 60
    assert history.stopped_because == "epochs"
    assert history.losses[-1] < 0.05 < history.losses[0]
    assert accuracy(map(model, rows), labels) >= 0.99
    fresh, their_labels = moons(200, 0.1, seed=2)
    assert accuracy(map(model, fresh), their_labels) >= 0.97


@pytest.mark.parametrize(
    ("loss", "outputs", "targets"),
    [
        (hinge_loss, 1, SIGNS),
        (binary_cross_entropy_with_logits, 1, BITS),
        (cross_entropy, 2, BITS),
        (mse_loss, 1, BITS),
        (mse_loss, 2, [[b, 1 - b] for b in BITS]),
    ],
    ids=["hinge", "binary", "classes", "squares", "rows of squares"],
)
def test_every_loss_learns_xor(loss: Any, outputs: Any, targets: Any) -> None:
    model = MLP(2, [8, outputs], "tanh", seed=1)
    history = quiet(
        model,
        XOR,
        targets,
        loss=loss,
        optimizer=Adam(model.parameters(), lr=0.05),
        epochs=300,
        patience=None,
    )
    assert history.losses[-1] < 0.05
    assert history.accuracy[-1:] == ([] if loss is mse_loss else [1.0])


def test_training_is_the_same_each_time() -> None:
    def run(**settings: Any) -> Any:
        model = MLP(2, [4, 1], seed=0)
        rows, labels = moons(20, 0.1, seed=1)
        quiet(model, rows, labels, loss=hinge_loss, epochs=3, batch_size=7, **settings)
        return model.state_dict()

    assert run() == run() == run(seed=random.Random(0))
    assert run() != run(seed=1)
    assert run(shuffle=False) == run(shuffle=False, seed=5)


def test_full_batches_are_plain_gradient_descent() -> None:
    one, two = MLP(2, [4, 1], seed=0), MLP(2, [4, 1], seed=0)
    rate = linear_decay(1.0, 0.1, 10)
    quiet(
        one,
        XOR,
        SIGNS,
        loss=hinge_loss,
        optimizer=SGD(one.parameters(), rate),
        epochs=10,
        batch_size=None,
        shuffle=False,
    )
    optimizer = SGD(two.parameters(), rate)
    for _ in range(10):
        optimizer.zero_grad()
        hinge_loss(map(two, XOR), SIGNS).backward()
        optimizer.step()
    assert one.state_dict() == two.state_dict()


def test_the_loss_of_an_epoch_weighs_its_batches_by_their_size() -> None:
    model = MLP(2, [4, 1], seed=0)
    still = SGD(model.parameters(), lr=0.0)
    rows, labels = moons(10, 0.1, seed=1)
    history = quiet(
        model, rows, labels, loss=hinge_loss, optimizer=still, epochs=1, batch_size=4
    )
    whole = hinge_loss(map(model, rows), labels).data
    assert history.losses == [pytest.approx(whole, rel=1e-14)]
    assert history.accuracy == [accuracy(map(model, rows), labels)]


def test_training_stops_when_the_loss_no_longer_falls() -> None:
    model = MLP(2, [4, 1], seed=0)
    still = SGD(model.parameters(), lr=0.0)
    history = quiet(model, XOR, SIGNS, loss=hinge_loss, optimizer=still, patience=3)
    assert history.stopped_because == "converged"
    assert history.epochs == len(history.losses) == 4


def test_patience_counts_epochs_without_enough_progress() -> None:
    losses = [1.0, 0.9, 0.8999, 0.8998, 0.85, 0.85, 0.849]
    patient = run.Best(MLP(1, [1]), 0.01, 2, keeps=False)
    assert [patient.is_over(x) for x in losses] == [False] * 3 + [
        True,
        False,
        False,
        True,
    ]


def test_validation_data_are_measured_and_decide_when_to_stop() -> None:
    rows, labels = moons(20, 0.1, seed=1)
    model = MLP(2, [4, 1], seed=0)
    wrong = [-label for label in labels]
    history = quiet(
        model,
        rows,
        labels,
        loss=hinge_loss,
        patience=3,
        validation=(rows, wrong),
    )
    assert history.stopped_because == "converged"
    assert history.epochs < 100
    assert history.losses[-1] < history.losses[0]
    assert len(history.validation_losses) == history.epochs
    expected = hinge_loss(map(model, rows), wrong).data
    assert history.validation_losses[-1] == expected
    assert history.validation_accuracy[-1] == accuracy(map(model, rows), wrong)


def test_a_metric_of_ones_own_is_kept() -> None:
    history = quiet(
        MLP(2, [4, 1], seed=0),
        XOR,
        BITS,
        loss=mse_loss,
        metrics=[lambda ps, ts: float(len(ps) + len(ts))],
        epochs=2,
    )
    assert history.metrics == {"<lambda>": [8.0, 8.0]}


def test_a_history_shows_its_last_figures() -> None:
    history = quiet(MLP(2, [4, 1], seed=0), XOR, SIGNS, loss=hinge_loss, epochs=2)
    assert repr(history).startswith("History(epochs=2, stopped_because='epochs', loss=")
    assert history.seconds > 0.0
    assert set(history.latest()) == {"loss", "accuracy"}
    assert json.dumps(vars(history))


def test_a_model_may_be_anything_with_parameters() -> None:
    class Line:
        def __init__(self) -> None:
            self.slope, self.offset = Value(0.0), Value(0.0)

        def parameters(self) -> list[Value]:
            return [self.slope, self.offset]

        def __call__(self, x: float) -> Value:
            return self.slope * x + self.offset

    line = Line()
    quiet(
        line,
        [0.0, 1.0, 2.0],
        [1.0, 3.0, 5.0],
        loss=mse_loss,
        optimizer=SGD(line.parameters(), 0.2, 0.5),
        epochs=300,
        patience=None,
    )
    assert [p.data for p in line.parameters()] == pytest.approx([2.0, 1.0])


def test_ints_stay_ints_so_that_a_model_may_look_them_up() -> None:
    class Table(Module):
        def __init__(self) -> None:
            self.rows = [Value(0.0), Value(0.0), Value(0.0)]

        def __call__(self, row: list[int]) -> Value:
            return sum((self.rows[i] for i in row), Value(0.0))

    table = Table()
    quiet(
        table,
        [[0], [1, 2], [2]],
        [1.0, 5.0, 3.0],
        loss=mse_loss,
        optimizer=SGD(table.parameters(), 0.3),
        epochs=300,
        patience=None,
    )
    assert [p.data for p in table.rows] == pytest.approx([1.0, 2.0, 3.0], abs=1e-4)


def test_arrays_are_taken_as_lists_are() -> None:
    numpy = pytest.importorskip("numpy")
    one, two, three = (MLP(2, [4, 1], seed=0) for _ in range(3))
    rows, labels = moons(20, 0.1, seed=1)
    quiet(one, rows, labels, loss=hinge_loss, epochs=2)
    quiet(two, numpy.array(rows), numpy.array(labels), loss=hinge_loss, epochs=2)
    quiet(three, list(numpy.array(rows)), tuple(labels), loss=hinge_loss, epochs=2)
    assert one.state_dict() == two.state_dict() == three.state_dict()


# What is found before the first step.


def table(row: int, column: int, item: object) -> list[list[object]]:
    rows: list[list[object]] = [list(r) for r in XOR]
    rows[row][column] = item
    return rows


NAN, INF = math.nan, math.inf
BAD: dict[str, Any] = {
    "NaN": (table(2, 1, NAN), SIGNS, {}, ValueError, "X, row 2, column 1 is nan"),
    "infinity": (table(3, 0, -INF), SIGNS, {}, ValueError, "row 3, column 0 is -inf"),
    "a string": (table(0, 1, "1"), SIGNS, {}, TypeError, "row 0, column 1 is '1'"),
    "None": (table(0, 1, None), SIGNS, {}, TypeError, "row 0, column 1 is None"),
    "complex": (table(0, 1, 1j), SIGNS, {}, TypeError, "row 0, column 1 is 1j"),
    "a Value that is NaN": (table(1, 1, Value(NAN)), SIGNS, {}, ValueError, "is nan"),
    "NaN in y": (XOR, [1, 1, NAN, 1], {}, ValueError, "targets of X, row 2 is nan"),
    "a string in y": (XOR, ["a", "b", "c", "d"], {}, TypeError, "targets of X"),
    "a short row": ([*XOR[:3], [1.0]], SIGNS, {}, ValueError, "row 3 has 1 numbers"),
    "long rows": ([[1.0] * 3] * 4, SIGNS, {}, ValueError, "the model expects 2"),
    "scalars": ([1.0] * 4, SIGNS, {}, ValueError, "row 0 has 1 numbers"),
    "too few targets": (XOR, [1, 1], {}, ValueError, "4 rows and its targets are 2"),
    "no rows": ([], [], {}, ValueError, "X has no rows"),
    "a dict": ({"a": XOR}, SIGNS, {}, TypeError, "not dict"),
    "text": ("abcd", SIGNS, {}, TypeError, "not str"),
    "a number": (3.0, SIGNS, {}, TypeError, "not float"),
    "None as X": (None, SIGNS, {}, TypeError, "not NoneType"),
    "a late wrong label": (XOR, [1, -1, 1, 0], {}, ValueError, "target 3 is 0"),
    "a wrong number of classes": (
        XOR,
        BITS,
        {"loss": cross_entropy},
        TypeError,
        "row of scores",
    ),
    "a loss that is a float": (
        XOR,
        SIGNS,
        {"loss": lambda ps, _: ps[0].data},
        TypeError,
        "must return a Value",
    ),
    "no epochs": (XOR, SIGNS, {"epochs": 0}, ValueError, "epochs is a positive int"),
    "half epochs": (XOR, SIGNS, {"epochs": 1.5}, TypeError, "epochs is a positive"),
    "no batch": (XOR, SIGNS, {"batch_size": 0}, ValueError, "batch_size .* or None"),
    "no patience": (XOR, SIGNS, {"patience": 0}, ValueError, "patience .* or None"),
    "tolerance": (XOR, SIGNS, {"tolerance": 1.0}, ValueError, "tolerance"),
    "a seed": (XOR, SIGNS, {"seed": "x"}, TypeError, "a seed is"),
    "bad validation": (
        XOR,
        SIGNS,
        {"validation": (table(1, 0, NAN), SIGNS)},
        ValueError,
        "validation X, row 1, column 0 is nan",
    ),
    "a stranger": (
        XOR,
        SIGNS,
        {"optimizer": SGD([Value(1.0)], 0.1)},
        ValueError,
        "none of this model's parameters",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_before_anything_changes(case: Any) -> None:
    rows, targets, settings, error, message = BAD[case]
    model = MLP(2, [4, 1], seed=0)
    hinge_loss(map(model, XOR), SIGNS).backward()
    before = state(model)
    random_state = random.getstate()
    with pytest.raises(error, match=message):
        quiet(model, rows, targets, **({"loss": hinge_loss} | settings))
    assert state(model) == before
    assert random.getstate() == random_state


# What goes wrong later.


class Growing(Module):
    """Its loss is finite until its parameter has grown."""

    def __init__(self, wrong: Any) -> None:
        self.p = Value(1.0)
        self.wrong = wrong

    def __call__(self, x: float) -> Any:
        return self.p * x if self.p.data < 4.5 else self.wrong(self.p)


def infinite(p: Value) -> Value:
    return p * 1e308


def overflowing(p: Value) -> Any:
    return functions.exp(p * 1000.0)


def dividing(p: Value) -> Value:
    return 1.0 / (p - p)


def minus_sum(predictions: list[Value], _: list[float]) -> Value:
    return -sum(predictions, Value(0.0)) / len(predictions)


@pytest.mark.parametrize("wrong", [infinite, overflowing, dividing])
def test_a_loss_that_is_not_finite_stops_with_the_last_good_parameters(
    wrong: Any,
) -> None:
    model = Growing(wrong)
    optimizer = SGD([model.p], lr=1.0)
    with pytest.raises(FloatingPointError, match="epoch 3, batch 1: ") as caught:
        quiet(
            model,
            [1.0, 1.0],
            [0.0, 0.0],
            loss=minus_sum,
            optimizer=optimizer,
            batch_size=1,
            shuffle=False,
        )
    # At 5 it was not finite; 4 is the latest place at which it was.
    assert model.p.data == 4.0
    assert "last good step" in str(caught.value)


def test_a_loss_that_is_not_finite_at_once_changes_nothing() -> None:
    model = Growing(infinite)
    model.p.data, model.p.grad = 10.0, 0.25
    with pytest.raises(FloatingPointError, match="epoch 1, batch 1: the loss is -inf"):
        quiet(model, [1.0], [0.0], loss=minus_sum)
    assert state(model) == [(10.0, 0.25)]


def test_a_step_that_is_not_finite_says_where() -> None:
    model = MLP(2, [4, 1], seed=0)
    optimizer = SGD(model.parameters(), lr=1e300)
    rows = [[1e30, 1e30]] * 4
    with pytest.raises(FloatingPointError, match="epoch 1, batch 1: this step would"):
        quiet(model, rows, SIGNS, loss=hinge_loss, optimizer=optimizer)
    assert model.state_dict() == MLP(2, [4, 1], seed=0).state_dict()


def test_a_validation_loss_that_is_not_finite_says_so() -> None:
    model = Growing(infinite)
    with pytest.raises(FloatingPointError, match="epoch 4, validation: the loss"):
        quiet(
            model,
            [1.0],
            [0.0],
            loss=minus_sum,
            optimizer=SGD([model.p], lr=1.0),
            validation=([1.0], [0.0]),
        )
    assert model.p.data == 4.0


def test_another_error_of_the_model_keeps_its_type_and_says_where() -> None:
    def logarithm(p: Value) -> Any:
        return functions.log(-p)

    model = Growing(logarithm)
    optimizer = SGD([model.p], lr=1.0)
    with pytest.raises(ValueError, match="log") as caught:
        quiet(model, [1.0], [0.0], loss=minus_sum, optimizer=optimizer)
    assert caught.value.__notes__ == ["This was in epoch 5, batch 1, of nn.fit."]
    assert model.p.data == 4.0


# Progress.


def test_progress_is_shown_by_tqdm(monkeypatch: Any) -> None:
    shown: list[object] = []

    class Bar:
        def __init__(self, **settings: object) -> None:
            shown.append(settings["total"])

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *exception: object) -> None:
            shown.append("closed")

        def update(self) -> None:
            shown.append("epoch")

        def set_postfix(self, figures: dict[str, float]) -> None:
            shown.append(sorted(figures))

    module = types.SimpleNamespace(tqdm=Bar)
    monkeypatch.setitem(sys.modules, "tqdm", module)
    training._tqdm.cache_clear()
    fit(MLP(2, [1], seed=0), XOR, SIGNS, loss=hinge_loss, epochs=2)
    training._tqdm.cache_clear()
    epoch = ["epoch", ["accuracy", "loss"]]
    assert shown == [2, *epoch, *epoch, "closed"]


def test_without_tqdm_training_works_and_says_so_once(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    training._tqdm.cache_clear()
    model = MLP(2, [1], seed=0)
    with pytest.warns(UserWarning, match="pip install tqdm") as caught:
        fit(model, XOR, SIGNS, loss=hinge_loss, epochs=2)
    history = fit(model, XOR, SIGNS, loss=hinge_loss, epochs=2)  # warns no more
    training._tqdm.cache_clear()
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert history.epochs == 2


def test_each_epoch_is_seen_while_the_training_goes_on():
    model = MLP(2, [4, 1], "tanh", seed=0)
    seen = []
    history = fit(
        model,
        [[0.0, 1.0], [1.0, 0.0]],
        [-1, 1],
        loss=hinge_loss,
        epochs=3,
        patience=None,
        progress=False,
        each_epoch=lambda so_far: seen.append((so_far.epochs, so_far.losses[-1])),
    )
    assert seen == list(enumerate(history.losses, 1))
    with pytest.raises(TypeError, match="each_epoch is called with the history"):
        fit(model, [[0.0, 1.0]], [1], loss=hinge_loss, each_epoch=3)


@given(st.integers(0, 300), st.integers())
def test_rows_are_shuffled_as_the_standard_library_does(n: int, seed: int) -> None:
    ours, theirs = list(range(n)), list(range(n))
    one, two = random.Random(seed), random.Random(seed)
    run._shuffle(ours, one)
    two.shuffle(theirs)
    assert ours == theirs
    assert one.getstate() == two.getstate()
