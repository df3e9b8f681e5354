"""What `nn.fit` is given: looked through before anything changes, and made a `Job`."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Protocol

from autograd import Value, no_grad
from nn.checks import count
from nn.optim import Optimizer
from nn.training.by_row import OF_A_ROW, is_among
from nn.training.data import Table, plain_numbers, read_table

MSG_STRANGER = (
    "the optimiser holds none of this model's parameters, so the model would not "
    "learn: make it with model.parameters()"
)
MSG_LOSS_TYPE = (
    "the loss returned {got!r}. It must return a Value computed from the predictions: "
    "with a plain number, taken by .data perhaps, nothing can be learnt"
)
MSG_LOSS = (
    "the loss of fit is a function of a list of predictions and a list of targets, "
    "like nn.mse_loss, not {got!r}"
)
MSG_METRICS = (
    "the metrics of fit are functions of a list of predictions and a list of targets, "
    "like [nn.accuracy], not {got!r}"
)
MSG_MODEL = (
    "fit trains a model, something with parameters() that is called with a row, like "
    "nn.MLP, not {got!r}"
)
MSG_OPTIMIZER = (
    "the optimizer of fit is one like SGD(model.parameters(), lr=0.1), not {got!r}"
)
MSG_OPTIMIZER_CLASS = "; {got} is the class: write {got}(model.parameters())"
MSG_VALIDATION = (
    "validation is a pair, (rows, targets), or the share of the rows that is held out, "
    "from 0 to less than 1, not {got!r}"
)
MSG_SHARE = "validation={got!r} of {n} rows leaves none to {what}"
MSG_COMPILED = "compiled is True, False or None, not {got!r}"
MSG_EACH = "each_epoch is called with the history, so it is a function, not {got!r}"


class Model(Protocol):
    """What `fit` asks of a model; a Module with ``__call__`` has it."""

    def parameters(self) -> list[Value]:
        """Return what may be changed."""

    def __call__(self, row: Any, /) -> Any:
        """Return the prediction for one row."""


Loss = Callable[[list[Any], list[Any]], Any]
Metric = Callable[[list[Any], list[Any]], float]


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


def check_parts(model: object, loss: object, optimizer: Any) -> None:
    """Raise unless these can be called, and have what `fit` asks of them."""
    if not callable(model) or not hasattr(model, "parameters"):
        raise TypeError(MSG_MODEL.format(got=model))
    if not callable(loss):
        raise TypeError(MSG_LOSS.format(got=loss))
    is_class = isinstance(optimizer, type)
    if optimizer is not None and (
        is_class or not (hasattr(optimizer, "params") and hasattr(optimizer, "step"))
    ):
        message = MSG_OPTIMIZER.format(got=optimizer)
        if is_class and issubclass(optimizer, Optimizer):
            message += MSG_OPTIMIZER_CLASS.format(got=optimizer.__name__)
        raise TypeError(message)


def functions(given: Any, message: str) -> tuple[Callable[..., Any], ...]:
    """Return one function, or several, or none, as a tuple."""
    several = isinstance(given, Iterable) and not callable(given)
    found = () if given is None else tuple(given) if several else (given,)
    if isinstance(given, str) or not all(map(callable, found)):
        raise TypeError(message.format(got=given))
    return found


def count_or_none(what: str, number: Any) -> int | None:
    """Return a setting as an int of Python's, if it is given."""
    return None if number is None else count(what, number, " or None")


def bool_or_none(compiled: Any) -> bool | None:
    """Return whether to compile, as a bool of Python's, if it is given."""
    if compiled is not None and type(compiled).__name__ not in {"bool_", "bool"}:
        raise TypeError(MSG_COMPILED.format(got=compiled))  # NumPy's are taken as well
    return None if compiled is None else bool(compiled)


def tables_of(
    model: Any,
    X: Any,  # noqa: N803 - as in `fit`
    y: Any,
    validation: Any,
    weights: tuple[Any, Any],
    rng: random.Random,
) -> list[Table]:
    """Return what is trained on, and what is held out if there is any."""
    data = read_table("X", X, y, model, weights)
    if validation is None:
        return [data]
    if isinstance(validation, tuple | list) and len(validation) == 2:
        inputs, labels = validation
        of_class = None, weights[1]
        held_out = read_table("validation X", inputs, labels, model, of_class)
        if held_out.weights is None and data.weights is not None:
            held_out.weights = [1.0] * len(held_out)
        return [data, held_out]
    if not isinstance(validation, Real) or not 0.0 <= float(validation) < 1.0:
        raise TypeError(MSG_VALIDATION.format(got=validation))
    n = len(data)
    order = list(range(n))
    held = round(float(validation) * n)
    if not 0 < held < n:
        what = "train on" if held else "hold out"
        raise ValueError(MSG_SHARE.format(got=validation, n=n, what=what))
    rng.shuffle(order)
    return [data.take(order[held:]), data.take(order[:held])]


def try_loss(model: Any, loss: Any, table: Table) -> None:
    """Find what the loss says to all targets, with one prediction for all of them."""
    # An overflow is reported by the training itself, which knows where it was.
    with no_grad(), suppress(ArithmeticError):
        y, targets = model(table.rows[0]), table.targets
        plain = plain_numbers(y)
        known = is_among(loss, OF_A_ROW)
        once = targets  # nn's own say the same to the same label
        if known and not any(isinstance(t, list) for t in targets):
            once = list({(type(t), t): t for t in targets}.values())
        try:
            loss([plain if known else y] * len(once), once)
        except (TypeError, ValueError):  # which is to be told with its number
            loss([plain if known else y] * len(targets), targets)
            raise
        result = loss([y], targets[:1])
        if not isinstance(result, Value):
            raise TypeError(MSG_LOSS_TYPE.format(got=result))
