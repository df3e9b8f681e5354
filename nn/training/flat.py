"""An epoch on arrays: what is many Values to everybody else, while nobody looks.

A compiled batch takes microseconds; reading a number from each parameter, adding to its
gradient and changing it takes as many for every twenty of them. So between the first
and the last batch of an epoch parameters, gradients and the optimiser's state are NumPy
arrays, and the Values get their numbers back at its end, or before anyone looks at
them. The numbers are the same, to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd import Value
from nn.losses import accuracy
from nn.optim import ByRule, Optimizer
from nn.training.batches import Batches
from nn.training.data import Table


def can_be_flat(optimizer: Optimizer, metric: Callable[..., Any] | None) -> bool:
    """Return whether nobody looks at the parameters during an epoch.

    A rule is the same for floats and for arrays, and this is tried out.
    """
    if not isinstance(optimizer, ByRule):
        return False
    kind = type(optimizer)
    by_rule = (
        kind.step is Optimizer.step
        and kind._propose is ByRule._propose  # noqa: SLF001 - a door of its own kind
        and kind.propose_arrays is ByRule.propose_arrays
    )
    return by_rule and metric in {None, accuracy} and _is_of_arrays(optimizer)


def _is_of_arrays(optimizer: ByRule) -> bool:
    """Return whether a rule does the same with arrays as with each of their floats."""
    import numpy as np

    x, g = [0.5, -1.25, 3.0], [0.125, 0.0, -2.5]
    columns = [[0.5, 0.25, 1.5]] * optimizer._columns()  # noqa: SLF001 - as above
    try:
        one = optimizer._rule(0.125, math.sqrt)  # noqa: SLF001 - as above
        all_of_them = optimizer._rule(0.125, np.sqrt)  # noqa: SLF001 - as above
        right = [tuple(map(float, ys)) for ys in map(one, x, g, *columns)]
        found = all_of_them(*map(np.array, (x, g, *columns)))
        arrays = [np.broadcast_to(ys, len(x)).tolist() for ys in found]
    except Exception:  # noqa: BLE001 - whatever a rule of floats raises on arrays
        return False
    return right == list(zip(*arrays, strict=True))


class Flat:
    """Parameters and an optimiser's state as arrays.

    Args:
        params: all parameters.
        optimizer: an SGD or Adam that holds some of them.
        batches: computes losses and gradients.

    Attributes:
        good: the parameters before the last step, to go back to.

    """

    def __init__(
        self, params: Sequence[Value], optimizer: Any, batches: Batches
    ) -> None:
        self.params = params
        self.optimizer = optimizer
        self.batches = batches
        self._place = {id(p): i for i, p in enumerate(params)}
        self._places: dict[int, tuple[Any, Any]] = {}

    def load(self) -> None:
        """Take the numbers from the Values."""
        import numpy as np

        self._w = np.array([p.data for p in self.params])
        self._g = np.zeros(len(self.params))
        self._held = self.places(self.optimizer.params)
        self._state = tuple(map(np.array, self.optimizer._state))  # noqa: SLF001
        self.good = self._w
        self._moved = False

    def store(self) -> None:
        """Give the numbers back, if there are new ones."""
        if not self._moved:
            return
        for p, number, slope in zip(
            self.params, self._w.tolist(), self._g.tolist(), strict=True
        ):
            p.data = number
            p.grad = slope
        self.optimizer._state = tuple(s.tolist() for s in self._state)  # noqa: SLF001
        self._moved = False

    def places(self, values: Sequence[Value]) -> Any:
        """Return which of the parameters some Values are, None if some are none."""
        import numpy as np

        known = self._places.get(id(values))
        if known is None:
            found = [self._place.get(id(value)) for value in values]
            at = None if None in found else np.array(found, dtype=int)
            known = self._places[id(values)] = values, at  # they live as long as this
        return known[1]

    def step(
        self, table: Table, batch: list[int], *, predict: bool
    ) -> tuple[float, list[Any]] | None:
        """Learn from a batch; return its loss, and predictions if they are asked for.

        It is None, and nothing is changed, where something is not as usual.
        """
        import numpy as np

        with np.errstate(all="ignore"):  # what is not finite is looked for
            found = self.batches.flat(table, batch, self._w, self.places)
            if found is None or not math.isfinite(found[0]):
                return None
            loss, g = found
            predictions: list[Any] | None = []
            if predict:
                predictions = self.batches.flat_predictions(
                    table, batch, self._w, self.places
                )
            if predictions is None:
                return None
            w = self._w.copy()
            w[self._held], state = self.optimizer.propose_arrays(
                w[self._held], g[self._held], self._state
            )
            if not all(np.isfinite(x).all() for x in (w, *state)):
                return None
        self.good, self._w, self._g, self._state = self._w, w, g, state
        self.optimizer.steps += 1
        self._moved = True
        return loss, predictions
