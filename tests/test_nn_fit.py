"""What `fit` offers besides batches: each setting, on both paths."""

from __future__ import annotations

import gc
import json
import math
import weakref
from functools import partial
from typing import Any

import pytest

import nn
from autograd import Value
from nn import (
    MLP,
    SGD,
    Adam,
    Module,
    binary_cross_entropy_with_logits,
    cross_entropy,
    fit,
    hinge_loss,
    huber_loss,
    mae_loss,
    mean_of,
    mse_loss,
)
from nn.training import predict

numpy = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")
dense = pytest.importorskip("nn.training.dense")

ROWS = [[math.sin(k), math.cos(3.0 * k)] for k in range(23)]
REAL = [a - b * b for a, b in ROWS]
BITS = [int(a * b > 0.1) for a, b in ROWS]
SIGNS = [2 * bit - 1 for bit in BITS]
CLASSES = [k % 3 for k in range(23)]
PAIRS = [[a + b, a - b] for a, b in ROWS]


class Wrapped(Module):
    """No chain of nn's own layers, so that machine code runs over its rows."""

    def __init__(self, *sizes: Any, **settings: Any) -> None:
        self.inner = MLP(*sizes, **settings)

    def __call__(self, row: Any) -> Any:
        return self.inner(row)


def both(
    kind: Any, outputs: int, targets: Any, activation: Any = "tanh", **settings: Any
) -> Any:
    """Train on both paths, which have to agree; return the eager model and history."""
    found = []
    for compiled in (False, True):
        model = kind(2, [5, 4, outputs], activation, seed=3)
        optimizer = settings.get("optimizer", partial(Adam, lr=0.02))
        given = {"epochs": 3, "batch_size": 8, "patience": None, "progress": False}
        given |= settings | {"optimizer": optimizer(model.parameters())}
        history = fit(model, ROWS, targets, compiled=compiled, **given)
        assert history.path == ("compiled" if compiled else "eager")
        numbers = [p.data for p in model.parameters()]
        figures = [*history.curves().values()]
        found.append((numbers, [x for curve in figures for x in curve]))
    assert found[1][0] == pytest.approx(found[0][0], rel=1e-9, abs=1e-12)
    assert found[1][1] == pytest.approx(found[0][1], rel=1e-9, abs=1e-12)
    return model, history


LOSSES: dict[str, tuple[Any, int, Any]] = {
    "squares": (mse_loss, 1, REAL),
    "rows of squares": (mse_loss, 2, PAIRS),
    "absolute": (mae_loss, 1, REAL),
    "rows of absolute": (mae_loss, 2, PAIRS),
    "huber": (partial(huber_loss, delta=0.5), 1, REAL),
    "hinge": (hinge_loss, 1, SIGNS),
    "binary": (binary_cross_entropy_with_logits, 1, BITS),
    "classes": (cross_entropy, 3, CLASSES),
    "smoothed": (partial(cross_entropy, label_smoothing=0.2), 3, CLASSES),
    "of a row": (mean_of(lambda p, t: (p - t) ** 4), 1, REAL),
    "one's own mean": (
        lambda ps, ts: sum((p - t) ** 2 for p, t in zip(ps, ts, strict=True)) / len(ps),
        1, REAL,
    ),
    "one's own sum": (
        lambda ps, ts: sum((p - t) ** 2 for p, t in zip(ps, ts, strict=True)), 1, REAL,
    ),
    "one's own of classes": (
        lambda ps, ts: 0.5 * cross_entropy(ps, ts), 3, CLASSES,
    ),
}  # fmt: skip


@pytest.mark.shared
@pytest.mark.parametrize("kind", [MLP, Wrapped])
@pytest.mark.parametrize("case", LOSSES)
def test_every_loss_is_the_same_on_both_paths(case: str, kind: Any) -> None:
    loss, outputs, targets = LOSSES[case]
    both(kind, outputs, targets, loss=loss, validation=(ROWS[:5], targets[:5]))


@pytest.mark.parametrize(
    "activation",
    ["relu", "tanh", "sigmoid", "gelu", "relu6", "swish", None, lambda z: z * z],
)
def test_every_activation_is_the_same_on_both_paths(activation: Any) -> None:
    both(MLP, 1, REAL, activation, loss=mse_loss)


SETTINGS: dict[str, dict[str, Any]] = {
    "sample weights": {"sample_weight": [k % 4 for k in range(23)]},
    "class weights": {"class_weight": {0: 0.5, 1: 3.0}},
    "penalties": {"l2": 0.1, "l1": 0.05},
    "a bound of the norm": {"clip_norm": 0.05},
    "a bound of the numbers": {"clip_value": 0.01},
    "one batch": {"batch_size": None},
    "L-BFGS": {"batch_size": None, "optimizer": partial(nn.LBFGS, iterations=5)},
    "L-BFGS, bounded": {
        "batch_size": None,
        "optimizer": partial(nn.LBFGS, iterations=3),
        "clip_norm": 0.05,
    },
    "L-BFGS, penalized": {
        "batch_size": None,
        "optimizer": partial(nn.LBFGS, iterations=3),
        "l2": 0.1,
    },
    "RMSprop": {"optimizer": nn.RMSprop},
    "AdamW": {"optimizer": nn.AdamW},
    "groups": {
        "optimizer": lambda ps: SGD(
            [{"params": ps[:7]}, {"params": ps[7:], "lr": 0.1, "momentum": 0.5}], 0.01
        )
    },
    "one cycle": {"optimizer": lambda ps: Adam(ps, nn.one_cycle(0.05, 9))},
    "a plateau": {"optimizer": lambda ps: SGD(ps, nn.Plateau(0.5, patience=1))},
    "no metrics": {"metrics": []},
}


@pytest.mark.shared
@pytest.mark.parametrize("kind", [MLP, Wrapped])
@pytest.mark.parametrize("case", SETTINGS)
def test_every_setting_is_the_same_on_both_paths(case: str, kind: Any) -> None:
    loss = binary_cross_entropy_with_logits
    both(kind, 1, BITS, loss=loss, **SETTINGS[case])


def test_weights_are_factors_of_the_losses_of_rows() -> None:
    model = MLP(2, [3, 1], seed=0)
    weights = [k % 4 for k in range(23)]
    history = fit(
        model, ROWS, REAL, loss=mse_loss, sample_weight=weights, epochs=1,
        optimizer=SGD(model.parameters(), 0.0), batch_size=None, progress=False,
    )  # fmt: skip
    rows = zip(weights, ROWS, REAL, strict=True)
    expected = sum(w * (model(x).data - t) ** 2 for w, x, t in rows) / 23
    assert history.losses == [pytest.approx(expected)]


def test_a_penalty_adds_to_the_loss_that_is_trained_on_alone() -> None:
    model = MLP(2, [3, 1], seed=0)
    history = fit(
        model, ROWS, REAL, loss=mse_loss, l2=0.5, l1=0.25, epochs=1, batch_size=None,
        optimizer=SGD(model.parameters(), 0.0), progress=False, validation=(ROWS, REAL),
    )  # fmt: skip
    numbers = [p.data for p in model.parameters()]
    penalty = 0.5 * sum(x * x for x in numbers) + 0.25 * sum(map(abs, numbers))
    assert history.losses[0] - history.validation_losses[0] == pytest.approx(penalty)


def test_label_smoothing_is_the_mean_over_shared_labels() -> None:
    row = [0.5, -1.0, 2.0]
    total = math.log(sum(map(math.exp, row)))
    expected = -sum((0.1 + 0.7 * (k == 2)) * (x - total) for k, x in enumerate(row))
    found = cross_entropy([row], [2], label_smoothing=0.3)
    assert found == pytest.approx(expected)
    with pytest.raises(ValueError, match="label_smoothing"):
        cross_entropy([row], [2], label_smoothing=1.5)


def test_a_share_that_is_held_out_is_not_trained_on() -> None:
    seen: list[int] = []

    class Seeing(Module):
        def __init__(self) -> None:
            self.w = Value(0.5)

        def __call__(self, row: Any) -> Any:
            seen.append((row[0], self.training))
            return self.w * row[0]

    rows = [[float(k)] for k in range(20)]
    fit(
        Seeing(), rows, [x for (x,) in rows], loss=mse_loss, validation=0.25, epochs=2,
        progress=False, compiled=False,
    )  # fmt: skip
    trained = {x for x, training in seen[2:] if training}
    held = {x for x, training in seen[2:] if not training}
    assert len(trained) == 15
    assert held == {x for (x,) in rows} - trained
    for wrong in (1.0, -0.1, "half", True and 0.001):
        with pytest.raises((TypeError, ValueError), match="validation"):
            fit(Seeing(), rows, rows, loss=mse_loss, validation=wrong)


def test_a_callback_can_stop_and_several_are_called_in_order() -> None:
    seen: list[str] = []
    history = fit(
        MLP(2, [3, 1], seed=0), ROWS, REAL, loss=mse_loss, progress=False,
        each_epoch=[
            lambda h: seen.append(f"a{h.epochs}"),
            lambda h: h.stop("good enough") if h.epochs == 2 else None,
            lambda h: seen.append(f"b{h.epochs}"),
        ],
    )  # fmt: skip
    assert seen == ["a1", "b1", "a2", "b2"]
    assert (history.epochs, history.stopped_because) == (2, "good enough")


@pytest.mark.parametrize("compiled", [False, True])
def test_the_best_epoch_is_restored(compiled: bool) -> None:
    model = MLP(2, [3, 1], seed=0)
    kept: list[Any] = []

    def keep(_: Any) -> None:
        kept.append([p.data for p in model.parameters()])

    history = fit(
        model, ROWS, REAL, loss=mse_loss, validation=(ROWS[:4], [-y for y in REAL[:4]]),
        epochs=30, patience=5, restore_best=True, progress=False, compiled=compiled,
        optimizer=SGD(model.parameters(), 0.1), each_epoch=keep,
    )  # fmt: skip
    losses = history.validation_losses
    best = losses.index(min(losses))
    assert best < len(losses) - 1
    assert [p.data for p in model.parameters()] == kept[best]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    "optimizer",
    [Adam, partial(SGD, lr=0.05, momentum=0.9), lambda ps: SGD(ps, nn.Plateau(0.2))],
)
def test_a_run_that_is_resumed_ends_with_the_same_bits(
    optimizer: Any, compiled: bool, tmp_path: Any
) -> None:
    def run(model: Any, epochs: int, **settings: Any) -> Any:
        return fit(
            model, ROWS, BITS, loss=binary_cross_entropy_with_logits, epochs=epochs,
            optimizer=optimizer(model.parameters()), batch_size=5, progress=False,
            compiled=compiled, seed=7, validation=0.2, **settings,
        )  # fmt: skip

    whole = MLP(2, [4, 1], seed=0)
    usual = run(whole, 6)
    path = tmp_path / "run.json"
    run(MLP(2, [4, 1], seed=0), 3, checkpoint=path, resume=True)
    other = MLP(2, [4, 1], seed=99)
    history = run(other, 6, checkpoint=path, resume=True)
    assert other.state_dict() == whole.state_dict()
    assert history.curves() == usual.curves()
    assert history.epochs == 6
    with pytest.raises(ValueError, match="another training"):
        run(MLP(2, [5, 1], seed=0), 6, checkpoint=path, resume=True)
    path.write_text(path.read_text()[:-40])
    with pytest.raises(ValueError, match="no file of a checkpoint"):
        run(MLP(2, [4, 1], seed=0), 6, checkpoint=path, resume=True)


def test_frames_are_taken_with_the_names_of_their_columns() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(ROWS, columns=["length", "width"])
    one, two = MLP(2, [3, 1], seed=0), MLP(2, [3, 1], seed=0)
    fit(one, frame, pandas.Series(REAL), loss=mse_loss, epochs=2, progress=False)
    fit(two, ROWS, REAL, loss=mse_loss, epochs=2, progress=False)
    assert one.state_dict() == two.state_dict()
    assert one.predict(frame).tolist() == one.predict(ROWS).tolist()
    frame["width"] = frame["width"].astype(object)
    frame.loc[3, "width"] = "wide"
    with pytest.raises(TypeError, match="row 3, column 'width' is 'wide', not a num"):
        fit(one, frame, REAL, loss=mse_loss)
    labels = pandas.Series(["a", "b"] * 11 + ["a"], dtype="category")
    with pytest.raises(TypeError, match=r"classes = sorted\(set\(y\)\)"):
        fit(one, ROWS, labels, loss=mse_loss)


def test_polars_frames_are_taken() -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(ROWS, schema=["length", "width"], orient="row")
    one, two = MLP(2, [3, 1], seed=0), MLP(2, [3, 1], seed=0)
    fit(one, frame, polars.Series(REAL), loss=mse_loss, epochs=2, progress=False)
    fit(two, ROWS, REAL, loss=mse_loss, epochs=2, progress=False)
    assert one.state_dict() == two.state_dict()


def test_masked_and_sparse_arrays_are_refused_by_name() -> None:
    scipy_sparse = pytest.importorskip("scipy.sparse")
    model = MLP(2, [1])
    with pytest.raises(TypeError, match=r"X is sparse.*X\.toarray\(\)"):
        fit(model, scipy_sparse.csr_matrix(ROWS), REAL, loss=mse_loss)
    masked = numpy.ma.masked_array(ROWS, mask=numpy.zeros((23, 2)))
    with pytest.raises(TypeError, match=r"masked array.*X\.filled"):
        fit(model, masked, REAL, loss=mse_loss)


# Predictions.


def test_predictions_are_what_the_model_says_to_each_row() -> None:
    rows = numpy.array([[math.sin(k), math.cos(k)] for k in range(400)])
    for model in (
        MLP(2, [4, 1], "tanh", seed=0), MLP(2, [4, 3], "gelu", seed=0),
        Wrapped(2, [3, 2], seed=1), Wrapped(2, [3, 1], seed=1),
    ):  # fmt: skip
        found = model.predict(rows)
        said = [model(row) for row in rows.tolist()]
        plain = [
            [y.data for y in ys] if isinstance(ys, list) else ys.data for ys in said
        ]
        assert found.dtype == numpy.float64
        assert found.tolist() == [pytest.approx(y, rel=1e-12) for y in plain]
    assert MLP(2, [1]).predict([]).shape == (0,)
    with pytest.raises(ValueError, match="the model expects 2"):
        MLP(2, [1]).predict([[1.0]])


def test_predictions_follow_the_parameters_and_the_model() -> None:
    model = Wrapped(2, [3, 1], seed=1)
    rows = ROWS * 20
    before = model.predict(rows)
    model.inner.layers[1].neurons[0].b.data += 1.0
    assert model.predict(rows) == pytest.approx(before + 1.0)
    model.inner.layers[1].neurons[0].activation = "relu"
    assert model.predict(rows) == pytest.approx(numpy.maximum(before + 1.0, 0.0))


def test_a_model_that_was_asked_is_not_kept_alive() -> None:
    model = Wrapped(2, [3, 1], seed=1)
    assert len(model.predict(ROWS * 20)) == 460
    assert model in predict._compiled
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_predictions_drop_nothing_out_and_leave_the_mode_as_it_was() -> None:
    model = nn.Sequential(nn.Dropout(0.5, seed=0), nn.Linear(2, 1, seed=0))
    expected = [model.layers[1](row).data for row in ROWS]
    assert model.predict(ROWS).tolist() == pytest.approx(expected)
    assert model.training


def test_probabilities_are_those_of_the_classes() -> None:
    model = MLP(2, [3], seed=0)
    found = model.predict_proba(ROWS)
    from autograd.math import sigmoid, softmax

    for row, shares in zip(ROWS, found.tolist(), strict=True):
        expected = [p.data for p in softmax(model(row))]
        assert shares == pytest.approx(expected)
    model = MLP(2, [1], seed=0)
    model.layers[0].neurons[0].b.data = 800.0
    ones = model.predict_proba(ROWS)
    assert ones.shape == (23, 2)
    assert ones[0].tolist() == [0.0, 1.0]
    model.layers[0].neurons[0].b.data = -0.5
    p = sigmoid(model(ROWS[0])).data
    assert model.predict_proba(ROWS)[0].tolist() == pytest.approx([1.0 - p, p])


def test_a_history_can_be_plotted() -> None:
    pytest.importorskip("matplotlib")
    history = fit(
        MLP(2, [2, 1], seed=0), ROWS, BITS, loss=binary_cross_entropy_with_logits,
        epochs=2, progress=False, validation=0.2,
    )  # fmt: skip
    losses, metrics = history.plot().axes
    assert [line.get_label() for line in losses.lines] == ["loss", "validation_loss"]
    assert metrics.lines[0].get_ydata().tolist() == history.accuracy
    assert json.dumps(vars(history))


def test_shared_weights_are_trained_by_products_too() -> None:
    def shared(*sizes: Any, **settings: Any) -> Any:
        model = MLP(*sizes, **settings)
        model.layers[0].neurons[1].w = model.layers[0].neurons[0].w
        return model

    model, _ = both(shared, 1, REAL, loss=mse_loss)
    assert dense.Chain(model, model.parameters()).at is not None


def test_rows_of_an_array_are_as_they_were_when_training_began() -> None:
    numpy = pytest.importorskip("numpy")
    rows = numpy.array(ROWS, dtype=numpy.float32)
    losses = []
    for given in (rows, rows.tolist()):
        for compiled in (False, True):
            model = MLP(len(ROWS[0]), [3, 1], seed=0)

            def overwrite(_history: Any) -> None:
                rows[:] = 7.0

            history = fit(
                model, given, REAL, loss=mse_loss, epochs=3, batch_size=2,
                progress=False, compiled=compiled, each_epoch=overwrite,
            )  # fmt: skip
            losses.append(history.losses)
            rows[:] = ROWS
    for other in losses[1:]:
        assert other == pytest.approx(losses[0], rel=1e-12)
    with pytest.raises(TypeError, match="X is a list of rows or an array, not float"):
        fit(model, numpy.array(2.0), REAL, loss=mse_loss)
