"""A training as it was asked for: what learns, from what, and how."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from autograd import Value
from nn.optim import Optimizer
from nn.training.data import Table


class Model(Protocol):
    """What `fit` asks of a model; a Module with ``__call__`` has it."""

    def parameters(self) -> list[Value]:
        """Return what may be changed."""

    def __call__(self, row: Any, /) -> Any:
        """Return the prediction for one row."""


Loss = Callable[[list[Any], list[Any]], Any]
Metric = Callable[[list[Any], list[Any]], float]

MSG_STRANGER = (
    "the optimiser holds none of this model's parameters, so the model would not "
    "learn: make it with model.parameters()"
)


@dataclass
class Job:
    """A training as it was asked for.

    Attributes:
        penalty: the factors of the sums of squares and of absolute values.
        clip: bounds of the gradient's norm and of each number in it.
        tables: what is trained on, and what is held out if there is any.
        size: the number of rows of a batch.
        steady: whether the model is a function of its row.
        params: those of the model, and then the optimiser's that are not its own.

    """

    model: Model
    loss: Loss
    metrics: Sequence[Metric]
    optimizer: Optimizer
    penalty: tuple[float, float]
    clip: tuple[float, float]
    tables: Sequence[Table]
    size: int
    epochs: int
    steady: bool
    params: list[Value] = field(init=False)

    def __post_init__(self) -> None:
        if set(self.model.parameters()).isdisjoint(self.optimizer.params):
            raise ValueError(MSG_STRANGER)
        self.params = []
        self.look()

    def look(self) -> bool:
        """Look for the parameters; return whether they are others than before."""
        own, before = self.model.parameters(), list(map(id, self.params))
        self.params = list(dict.fromkeys((*own, *self.optimizer.params)))
        return before != list(map(id, self.params))
