from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import Any

import pytest

from autograd import Value
from autograd import math as functions
from nn import MLP, History, Module, fit, mse_loss
from nn.training import by_row, path

RNG = random.Random(0)
ROWS = [[RNG.gauss(0.0, 1.0), RNG.gauss(0.0, 1.0)] for _ in range(8)]
TARGETS = [a - b for a, b in ROWS]
LABELS = [0, 1] * 4


@pytest.fixture(autouse=True)
def _always_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path, "COMPILING", dict.fromkeys(path.COMPILING, (-1e9, 0.0)))


def quiet(model: Any, rows: Any, targets: Any, **settings: Any) -> History:
    chosen = {"progress": False, "patience": None, "epochs": 2, "loss": mse_loss}
    return fit(model, rows, targets, **(chosen | settings))


class Scaled(Module):
    def __init__(self, factor: Callable[[Any], Any] = lambda _: 1.0) -> None:
        self.w = [Value(0.5), Value(-0.5)]
        self.factor = factor
        self.calls = 0
        self.dice = random.Random(1)

    def __call__(self, row: Any) -> Any:
        return self.factor(self) * functions.sumprod(self.w, row)


class Lookup(Module):
    def __init__(self) -> None:
        self.rows = [Value(0.1), Value(0.2), Value(0.3)]

    def __call__(self, row: list[int]) -> Any:
        return functions.fsum([self.rows[i] for i in row])


class Kinds(Module):
    """Does something else with ints than with floats."""

    def __init__(self) -> None:
        self.w = Value(0.5)

    def __call__(self, x: Any) -> Any:
        return self.w * x if isinstance(x, int) else 2.0 * self.w * x


class Wrapped(Scaled):
    def __call__(self, row: Any) -> Any:
        return {"y": super().__call__(row)}["y"], 1.0


def own_loss(predictions: list[Any], targets: list[float]) -> Any:
    return mse_loss(predictions, targets) ** 0.5


def count(model: Scaled) -> float:
    model.calls += 1
    return 1.0


def drop_out(_: Scaled) -> float:
    return 2.0 if random.random() < 0.5 else 0.0


def own_dice(model: Scaled) -> float:
    return model.dice.random()


def peek(model: Scaled) -> float:
    return 1.0 if model.w[0].data < 100.0 else 2.0


def scaled(factor: Any) -> Callable[[], Scaled]:
    return lambda: Scaled(factor)


EAGER: dict[str, tuple[Callable[[], Any], Any, Any, dict[str, Any], str]] = {
    "a loss of all rows": (
        Scaled, ROWS, TARGETS, {"loss": own_loss}, "write it as nn.mean_of(f)",
    ),
    "dropout": (scaled(drop_out), ROWS, TARGETS, {}, "draws random numbers"),
    "dice of its own": (scaled(own_dice), ROWS, TARGETS, {}, "draws random numbers"),
    "a counter": (scaled(count), ROWS, TARGETS, {}, "or changes it"),
    "a look at numbers": (scaled(peek), ROWS, TARGETS, {}, "data"),
    "an embedding": (Lookup, [[0], [2], [1]], [1.0, 2.0, 3.0], {}, "with nn.Embedding"),
    "rows of several lengths": (
        Lookup, [[0], [1, 2], [1]], [1.0, 2.0, 3.0], {}, "the rows are not numbers",
    ),
    "Values in rows": (
        Scaled, [[Value(1.0), 2.0], [1.0, 1.0]], [1, 2], {}, "the rows are not numbers",
    ),
    "ints that are no floats": (
        Kinds, [1, 2**60 + 1], [1, 2], {}, "hold ints that no float is equal to",
    ),
    "ints that are treated as such": (
        Kinds, [1, 2], [1, 2], {}, "the loss of the first batch is another",
    ),
    "outputs that are no Values": (
        Wrapped, ROWS, ROWS, {}, "does not return a Value or a flat list",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", EAGER)
def test_what_cannot_be_compiled_is_trained_eagerly_and_says_why(case: Any) -> None:
    pytest.importorskip("llvmlite")
    make, rows, targets, settings, reason = EAGER[case]

    def run(by_machine: bool | None) -> tuple[History, list[float]]:
        random.seed(5)
        model = make()
        history = quiet(model, rows, targets, compiled=by_machine, **settings)
        return history, [p.data for p in model.parameters()]

    usual, numbers = run(None)
    plain, others = run(False)
    assert usual.path == plain.path == "eager"
    assert reason in usual.why_eager
    assert plain.why_eager == "compiled=False"
    assert numbers == others
    assert usual.losses == plain.losses


@pytest.mark.parametrize("case", EAGER)
def test_what_must_be_compiled_and_cannot_changes_nothing(case: Any) -> None:
    pytest.importorskip("llvmlite")
    make, rows, targets, settings, reason = EAGER[case]
    model = make()
    params = model.parameters()
    params[0].grad = 0.25
    before = [(p.data, p.grad) for p in params]
    with pytest.raises(RuntimeError, match="compiled=True asks for") as caught:
        quiet(model, rows, targets, compiled=True, **settings)
    assert reason in str(caught.value)
    assert [(p.data, p.grad) for p in params] == before


@pytest.mark.parametrize("library", ["llvmlite", "numpy"])
def test_without_a_library_training_is_eager(library: str, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    model = Scaled()
    history = quiet(model, ROWS, TARGETS)
    assert history.path == "eager"
    assert f"{library} is not installed: pip install" in history.why_eager
    with pytest.raises(RuntimeError, match=f"{library} is not installed"):
        quiet(model, ROWS, TARGETS, compiled=True)


def test_numpys_dice_are_seen() -> None:
    numpy = pytest.importorskip("numpy")
    model = Scaled(lambda own: own.generator.random())
    model.generator = numpy.random.default_rng(0)
    assert "draws random" in quiet(model, ROWS, TARGETS).why_eager
    model = Scaled(lambda _: numpy.random.random())
    assert "draws random" in quiet(model, ROWS, TARGETS).why_eager


def test_a_model_that_holds_itself_is_trained_as_others_are() -> None:
    class Circle:
        def __init__(self) -> None:
            self.w = Value(0.5)
            self.around = [self.__dict__]

        def parameters(self) -> list[Value]:
            return [self.w]

        def __call__(self, row: list[float]) -> Any:
            return self.w * row[0]

    pytest.importorskip("llvmlite")
    history = quiet(Circle(), ROWS, TARGETS)
    assert history.path == "compiled"
    assert history.losses[1] < history.losses[0]


@pytest.mark.parametrize("factor", [1.0 + 1e-7, 1.0])
def test_a_wrong_formula_for_a_row_is_found_out(
    factor: float, monkeypatch: Any
) -> None:
    pytest.importorskip("llvmlite")
    right = by_row.OF_A_ROW[mse_loss]
    monkeypatch.setitem(by_row.OF_A_ROW, mse_loss, lambda p, t: factor * right(p, t))
    history = quiet(Scaled(), ROWS, TARGETS)
    assert history.path == ("compiled" if factor == 1.0 else "eager")
    assert ("the loss of the first batch is another" in history.why_eager) == (
        factor != 1.0
    )


@pytest.mark.parametrize("make", [lambda: MLP(2, [2, 1], seed=0), Scaled])
def test_a_wrong_gradient_is_found_out(make: Any, monkeypatch: Any) -> None:
    pytest.importorskip("llvmlite")

    def doubled(gradient: Any) -> Any:
        def wrong(*arguments: Any, **settings: Any) -> Any:
            loss, g, scores = gradient(*arguments, **settings)
            return loss, 2.0 * g, scores

        return wrong

    from nn.training.batches import Batches
    from nn.training.dense import Dense

    for kind in (Batches, Dense):
        monkeypatch.setattr(kind, "gradient", doubled(kind.gradient))
    history = quiet(make(), ROWS, TARGETS)
    assert "the gradient of the first batch is another" in history.why_eager


def test_comparisons_that_differ_for_every_row_are_not_compiled_for_ever(
    monkeypatch: Any,
) -> None:
    pytest.importorskip("llvmlite")
    monkeypatch.setattr("nn.training.batches.WAYS", 2)

    def ways(border: float) -> Any:
        def factor(model: Any) -> Any:
            return 1.0 if model.w[0] > border else 2.0

        return factor

    class Sorted(Scaled):
        def __call__(self, row: Any) -> Any:
            a, b = row
            y = self.w[0] * max(a, b)
            return y if a * b > 0 else y + self.w[1]

    assert quiet(Scaled(ways(0.0)), ROWS, TARGETS).path == "compiled"
    history = quiet(Sorted(), ROWS, TARGETS)
    assert history.why_eager == "its comparisons go more than 2 ways"


def test_an_error_of_the_model_is_told_by_the_training_and_not_by_the_trial() -> None:
    model = Scaled(lambda own: functions.exp(own.w[0] * 1e4))
    with pytest.raises(FloatingPointError, match="epoch 1, batch 1: ") as caught:
        quiet(model, ROWS, TARGETS)
    assert isinstance(caught.value.__cause__, OverflowError)
    with pytest.raises(RuntimeError, match="asks for: OverflowError: "):
        quiet(model, ROWS, TARGETS, compiled=True)


def test_a_loss_that_has_no_hash_is_one_of_the_users() -> None:
    class Loss:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self, predictions: Any, targets: Any) -> Any:
            return mse_loss(predictions, targets)

    pytest.importorskip("llvmlite")
    assert quiet(Scaled(), ROWS, TARGETS, loss=Loss()).path == "compiled"


@pytest.mark.parametrize("wrong", [1, 0, "yes", 1.0])
def test_compiled_is_a_bool_or_none(wrong: object) -> None:
    with pytest.raises(TypeError, match="compiled is True, False or None"):
        quiet(MLP(2, [1]), ROWS, TARGETS, compiled=wrong)
