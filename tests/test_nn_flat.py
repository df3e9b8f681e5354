"""Epochs on arrays are those on Values, to the bit, and nobody sees the difference."""

from __future__ import annotations

import itertools
import math
import pickle
from typing import Any

import pytest

import nn
from autograd import Value
from nn import SGD, Adam, fit, hinge_loss, linear_decay, mse_loss

pytest.importorskip("llvmlite")
flat = pytest.importorskip("nn.training.flat")

ROWS = [[math.sin(k), math.cos(3.0 * k)] for k in range(23)]
SIGNS = [1 if a * b > 0.1 else -1 for a, b in ROWS]

OPTIMIZERS = {
    "sgd": lambda p: SGD(p, lr=0.05),
    "scheduled": lambda p: SGD(p, lr=linear_decay(0.1, 0.01, steps=40)),
    "momentum": lambda p: SGD(p, lr=0.02, momentum=0.9),
    "nesterov": lambda p: SGD(p, 0.02, 0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p: Adam(p, lr=0.01),
}


class Signs(SGD):
    """A rule of one's own, of floats or arrays: with a velocity that shrinks."""

    def _columns(self):
        return 1

    def _rule(self, rate, sqrt):
        def rule(x, g, v):
            v = 0.5 * v + g / sqrt(g * g + 1.0)
            return x - rate * v, v

        return rule


OPTIMIZERS["one's own"] = lambda p: Signs(p, lr=0.05)


class Wrapped(nn.Module):
    """No chain of nn's own layers."""

    def __init__(self) -> None:
        self.inner = nn.MLP(2, [5, 4, 1], seed=3)

    def __call__(self, row: Any) -> Any:
        return self.inner(row)


def trained(optimizer: Any, make: Any = Wrapped, **settings: Any) -> tuple[Any, ...]:
    """Return everything that two trainings, one after the other, leave behind."""
    model = make()
    optimizer = optimizer(model.parameters())
    found = []
    for _ in range(2):
        history = fit(
            model, ROWS, SIGNS, optimizer=optimizer, epochs=6, batch_size=8, seed=5,
            compiled=True, progress=False, **{"loss": hinge_loss, **settings},
        )  # fmt: skip
        found.append((history.losses, history.accuracy))
    numbers = [(p.data, p.grad) for p in model.parameters()]
    return found, numbers, optimizer._state, optimizer.steps


@pytest.mark.shared
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("metrics", [None, []])
def test_epochs_on_arrays_have_the_bits_of_those_on_values(
    optimizer: Any, metrics: Any, monkeypatch: Any
) -> None:
    steps = []
    take = flat.Flat.step

    def counted(*arguments: Any, **settings: Any) -> Any:
        found = take(*arguments, **settings)
        steps.append(found is not None)
        return found

    monkeypatch.setattr(flat.Flat, "step", counted)
    on_arrays = trained(optimizer, metrics=metrics)
    assert steps == [True] * 36
    assert pickle.loads(pickle.dumps(on_arrays)) == on_arrays  # noqa: S301 - all floats
    monkeypatch.undo()
    monkeypatch.setattr(flat, "follows_rule", lambda _: False)
    assert trained(optimizer, metrics=metrics) == on_arrays


def test_who_looks_after_an_epoch_sees_the_numbers_of_then() -> None:
    model = nn.MLP(2, [5, 1], seed=3)
    seen: list[list[float]] = []

    def look(*_: Any) -> float:
        seen.append([p.data for p in model.parameters()])
        return 0.0

    def rate(_: int) -> float:
        look()
        return 0.05

    fit(
        model, ROWS, SIGNS, loss=mse_loss, optimizer=SGD(model.parameters(), lr=rate),
        epochs=3, batch_size=8, compiled=True, progress=False, metrics=[look],
        each_epoch=look,
    )  # fmt: skip
    assert len(seen) == 1 + 3 * (3 + 2)  # each step, the metric, and each epoch
    steps = [numbers for k, numbers in enumerate(seen[1:]) if k % 5 < 3]
    assert all(a != b for a, b in itertools.pairwise(steps))
    assert seen[4::5] == seen[5::5] == [*seen[6::5], seen[-1]]


def test_an_optimizer_of_some_parameters_changes_these_alone() -> None:
    model = nn.MLP(2, [5, 1], seed=3)
    some, others = model.parameters()[::2], model.parameters()[1::2]
    before = [p.data for p in others]
    fit(
        model, ROWS, SIGNS, loss=mse_loss, optimizer=Adam(some, lr=0.05), epochs=3,
        compiled=True, progress=False,
    )  # fmt: skip
    assert [p.data for p in others] == before
    assert all(p.grad != 0.0 for p in others)


def test_a_training_that_diverges_on_arrays_says_so_and_goes_back() -> None:
    model = nn.MLP(2, [5, 1], seed=3)
    optimizer = SGD(model.parameters(), lr=1e200)
    with pytest.raises(FloatingPointError, match="fit stopped in epoch"):
        fit(
            model, ROWS, SIGNS, loss=mse_loss, optimizer=optimizer, epochs=9,
            batch_size=8, compiled=True, progress=False,
        )  # fmt: skip
    assert all(math.isfinite(p.data) for p in model.parameters())


@pytest.mark.parametrize("compiled", [True, False])
def test_a_training_that_is_interrupted_leaves_the_last_step(compiled: bool) -> None:
    model = nn.MLP(2, [5, 1], seed=3)

    def rate(k: int) -> float:
        if k == 4:
            raise KeyboardInterrupt
        return 0.05

    start = [p.data for p in model.parameters()]
    optimizer = SGD(model.parameters(), lr=rate)
    history = fit(
        model, ROWS, SIGNS, loss=mse_loss, optimizer=optimizer, epochs=9,
        batch_size=8, compiled=compiled, progress=False,
    )  # fmt: skip
    assert history.stopped_because == "interrupted"
    assert history.epochs == len(history.losses) == 1
    assert optimizer.steps == 4
    assert [p.data for p in model.parameters()] != start


def test_a_parameter_from_elsewhere_is_left_to_the_ordinary_steps() -> None:
    class Shifted(nn.Module):
        def __init__(self) -> None:
            self.inner = nn.MLP(2, [4, 1], seed=1)

        def __call__(self, row: Any) -> Any:
            return self.inner(row) + shift

    shift = Value(0.25)
    model = Shifted()
    history = fit(
        model, ROWS, SIGNS, loss=mse_loss, epochs=3, compiled=True, progress=False,
        optimizer=SGD(model.parameters(), lr=0.05),
    )  # fmt: skip
    assert history.path == "compiled"
    assert history.losses[2] < history.losses[0]
    assert shift.data == 0.25


def test_a_rule_that_arrays_do_not_follow_takes_ordinary_steps() -> None:
    class Clipped(SGD):
        def _rule(self, rate, _sqrt):
            return lambda x, g: (x - rate * max(g, -0.1),)

    class Shared(SGD):
        def _rule(self, rate, _sqrt):
            return lambda x, g: (x - rate * getattr(g, "sum", lambda: g)(),)

    class Watching(SGD):
        def step(self):
            super().step()
            seen.append(self.params[0].data)

    seen: list[float] = []
    for kind in (Clipped, Shared, Watching):
        assert not flat.follows_rule(kind([Value(1.0)], lr=0.1))
        on_machine = trained(lambda p, kind=kind: kind(p, lr=0.05))
        assert on_machine[3] == 36
    assert len(set(seen)) >= 30
