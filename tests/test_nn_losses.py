from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, topological_order
from nn import (
    MLP,
    accuracy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge_loss,
    l2,
    mse_loss,
)

bce = binary_cross_entropy_with_logits
scores = st.lists(st.floats(-30.0, 30.0), min_size=1, max_size=6)


def gradient(loss: Any, numbers: Any, targets: Any) -> Any:
    """Return loss and gradient with respect to numbers, nested or not."""
    rows = [
        [Value(x) for x in row] if isinstance(row, list) else Value(row)
        for row in numbers
    ]
    y = loss(rows, targets)
    y.backward()
    grads = [[v.grad for v in r] if isinstance(r, list) else r.grad for r in rows]
    return y.data, grads


def sigmoid(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-z)) if z > 0 else math.exp(z) / (1.0 + math.exp(z))


@given(scores)
def test_mse_is_the_mean_of_squares_with_gradient_2_errors_over_n(zs: Any) -> None:
    n = len(zs)
    y, grads = gradient(mse_loss, zs, [1.0] * n)
    assert y == pytest.approx(sum((z - 1.0) ** 2 for z in zs) / n)
    assert grads == pytest.approx([2.0 * (z - 1.0) / n for z in zs])


def test_mse_takes_rows_of_several_outputs() -> None:
    y, grads = gradient(mse_loss, [[1.0, 2.0], [3.0, 4.0]], [[0.0, 2.0], [3.0, 2.0]])
    assert y == 5.0 / 4.0
    assert grads == [[0.5, 0.0], [0.0, 1.0]]


def test_mse_passes_its_gradient_on_to_targets_that_are_values() -> None:
    target = Value(1.0)
    mse_loss([3.0], [target]).backward()
    assert target.grad == -4.0


@given(scores, st.floats(0.0, 1.0))
def test_binary_cross_entropy_has_its_closed_form_and_gradient(zs: Any, t: Any) -> None:
    targets = [(0, 1, t)[i % 3] for i in range(len(zs))]
    y, grads = gradient(bce, zs, targets)
    terms = [
        t * math.log1p(math.exp(-z)) + (1 - t) * math.log1p(math.exp(z))
        for z, t in zip(zs, targets, strict=True)
    ]
    n = len(zs)
    assert y == pytest.approx(sum(terms) / n, rel=1e-12)
    expected = [(sigmoid(z) - t) / n for z, t in zip(zs, targets, strict=True)]
    assert grads == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("z", [40.0, 700.0, 1e300])
def test_binary_cross_entropy_is_exact_for_great_logits(z: Any) -> None:
    assert gradient(bce, [z], [1]) == (
        pytest.approx(math.exp(-z), rel=1e-12),
        [pytest.approx(-math.exp(-z), rel=1e-12)],
    )
    assert gradient(bce, [z], [0]) == (z, [1.0])
    assert gradient(bce, [-z], [1]) == (z, [-1.0])


@given(st.lists(st.floats(-30.0, 30.0), min_size=2, max_size=5), st.data())
def test_cross_entropy_has_its_closed_form_and_gradient(row: Any, data: Any) -> None:
    t = data.draw(st.integers(0, len(row) - 1))
    total = math.fsum(map(math.exp, row))
    y, (grads,) = gradient(cross_entropy, [row], [t])
    assert y == pytest.approx(math.log(total) - row[t], rel=1e-12, abs=1e-13)
    expected = [math.exp(z) / total - (i == t) for i, z in enumerate(row)]
    assert grads == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_cross_entropy_is_the_mean_over_rows() -> None:
    rows, targets = [[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]], [0, 2]
    parts = [cross_entropy([r], [t]) for r, t in zip(rows, targets, strict=True)]
    assert cross_entropy(rows, targets) == pytest.approx(sum(parts) / 2, rel=1e-15)


def test_cross_entropy_neither_overflows_nor_vanishes() -> None:
    assert gradient(cross_entropy, [[1e300, 0.0]], [1]) == (1e300, [[1.0, -1.0]])
    assert gradient(cross_entropy, [[-1e300, -1e300]], [1]) == (
        pytest.approx(math.log(2.0), abs=1e285),
        [[0.5, -0.5]],
    )


def test_cross_entropy_of_two_classes_is_the_binary_one_on_the_difference() -> None:
    two = cross_entropy([[0.3, 1.1], [2.0, -0.5]], [1, 0])
    assert two == pytest.approx(bce([0.8, -2.5], [1, 0]), rel=1e-15)


@given(scores)
def test_hinge_has_its_closed_form_and_gradient(zs: Any) -> None:
    ts = [1 if i % 2 else -1 for i in range(len(zs))]
    y, grads = gradient(hinge_loss, zs, ts)
    n = len(zs)
    pairs = list(zip(zs, ts, strict=True))
    assert y == pytest.approx(sum(max(0.0, 1.0 - t * z) for z, t in pairs) / n)
    assert grads == pytest.approx(
        [-t / n if 1.0 - t * z > 0 else 0.0 for z, t in pairs]
    )


def test_hinge_passes_nothing_on_exactly_at_the_margin() -> None:
    assert gradient(hinge_loss, [1.0, -1.0], [1, -1]) == (0.0, [0.0, 0.0])


LOSSES: dict[Any, Any] = {
    mse_loss: ([0.5, -1.0], [0.0, 1.0]),
    bce: ([0.5, -1.0], [0, 1]),
    hinge_loss: ([0.5, -1.0], [-1, 1]),
    cross_entropy: ([[0.5, -1.0], [2.0, 0.1]], [1, 0]),
}
every_loss = pytest.mark.parametrize(
    "loss", list(LOSSES), ids=[loss.__name__ for loss in LOSSES]
)


@every_loss
def test_floats_in_give_the_same_number_as_a_float(loss: Any) -> None:
    numbers, targets = LOSSES[loss]
    y = loss(numbers, targets)
    assert type(y) is float
    assert y == gradient(loss, numbers, targets)[0]


@every_loss
def test_tuples_iterators_and_arrays_are_taken_too(loss: Any) -> None:
    numpy = pytest.importorskip("numpy")
    numbers, targets = LOSSES[loss]
    y = loss(numbers, targets)
    assert loss(iter(numbers), tuple(targets)) == y
    assert loss(numpy.array(numbers), numpy.array(targets)) == y
    assert loss(numbers, list(numpy.array(targets))) == y


@every_loss
def test_few_nodes_are_made(loss: Any) -> None:
    numbers, targets = LOSSES[loss]
    rows = [
        [Value(x) for x in row] if isinstance(row, list) else Value(row)
        for row in numbers * 50
    ]
    y = loss(rows, targets * 50)
    made = [node for node in topological_order(y) if node.op]
    assert len(made) <= 3 * len(rows) + 2


@pytest.mark.parametrize("loss", [*LOSSES, accuracy])
def test_lengths_that_differ_are_refused(loss: Any) -> None:
    with pytest.raises(ValueError, match="got 2 predictions and 3 targets"):
        loss([[1.0, 2.0]] * 2, [1] * 3)


@pytest.mark.parametrize("loss", [*LOSSES, accuracy])
def test_no_samples_are_refused(loss: Any) -> None:
    with pytest.raises(ValueError, match="the mean over no samples"):
        loss([], [])


@pytest.mark.parametrize("loss", [*LOSSES, accuracy])
def test_one_prediction_outside_a_list_is_refused(loss: Any) -> None:
    with pytest.raises(TypeError, match="takes predictions as a sequence"):
        loss(Value(1.0), [1])


BAD: dict[str, Any] = {
    "hinge with label 0": (hinge_loss, [1.0], [0], ValueError, "2 [*] y - 1"),
    "hinge with label 2": (hinge_loss, [1.0], [2], ValueError, "target 0 is 2"),
    "hinge with NaN": (hinge_loss, [1.0], [math.nan], ValueError, "is nan"),
    "hinge with a string": (hinge_loss, [1.0], ["1"], ValueError, "is '1'"),
    "hinge with None": (hinge_loss, [1.0], [None], ValueError, "is None"),
    "hinge with a row": (hinge_loss, [[1.0, 2.0]], [1], TypeError, "one score"),
    "binary with label -1": (bce, [1.0], [-1], ValueError, "between 0 and 1"),
    "binary with label 2": (bce, [1.0, 1.0], [1, 2], ValueError, "target 1 is 2"),
    "binary with NaN": (bce, [1.0], [math.nan], ValueError, "is nan"),
    "binary with a string": (bce, [1.0], ["1"], ValueError, "is '1'"),
    "binary with a row": (bce, [[1.0, 2.0]], [1], TypeError, "cross_entropy"),
    "classes, label too great": (cross_entropy, [[1.0, 2.0]], [2], ValueError, "to 1"),
    "classes, label below 0": (cross_entropy, [[1.0, 2.0]], [-1], ValueError, "is -1"),
    "classes, label no int": (cross_entropy, [[1.0, 2.0]], [1.0], TypeError, "ints"),
    "classes, a string": (cross_entropy, [[1.0, 2.0]], ["1"], TypeError, "is '1'"),
    "classes, no row": (cross_entropy, [1.0], [0], TypeError, "a row of scores"),
    "classes, one score": (cross_entropy, [[1.0]], [0], TypeError, "a row of scores"),
    "classes, rows that differ": (
        cross_entropy,
        [[1.0, 2.0], [1.0]],
        [0, 0],
        (TypeError, ValueError),
        "row",
    ),
    "squares, a row for a number": (mse_loss, [1.0], [[1.0]], TypeError, "sequence"),
    "squares, rows that differ": (
        mse_loss,
        [[1.0, 2.0]],
        [[1.0]],
        ValueError,
        "2 predictions and 1",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_targets_that_a_loss_cannot_take_are_refused(case: Any) -> None:
    loss, numbers, targets, error, message = BAD[case]
    with pytest.raises(error, match=message):
        gradient(loss, numbers, targets)


def test_a_value_as_label_would_lose_its_gradient_and_is_refused() -> None:
    label: Any = Value(1.0)
    for loss in (hinge_loss, bce):
        with pytest.raises((TypeError, ValueError)):
            loss([0.5], [label])


def test_l2_is_one_node_over_all_parameters() -> None:
    model = MLP(2, [3, 1], seed=0)
    y = l2(model)
    y.backward()
    assert y.op == "sumprod"
    assert y.data == pytest.approx(sum(p.data**2 for p in model.parameters()))
    assert [p.grad for p in model.parameters()] == [
        2.0 * p.data for p in model.parameters()
    ]


@pytest.mark.parametrize(
    ("predictions", "targets", "share"),
    [
        ([0.5, -0.5, 2.0, -2.0], [1, -1, -1, -1], 0.75),
        ([0.5, -0.5, 2.0, -2.0], [1, 0, 0, 0], 0.75),
        ([0.0], [-1], 1.0),
        ([[0.1, 0.7, 0.2], [0.9, 0.0, 0.1]], [1, 2], 0.5),
    ],
    ids=["signs", "bits", "undecided", "classes"],
)
def test_accuracy_is_the_share_of_right_classes(
    predictions: Any, targets: Any, share: Any
) -> None:
    assert accuracy(predictions, targets) == share
    values = [
        [Value(x) for x in p] if isinstance(p, list) else Value(p) for p in predictions
    ]
    assert accuracy(values, targets) == share
