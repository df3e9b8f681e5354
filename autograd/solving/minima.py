"""minima: SciPy's searches for a minimum, in lifted code.

They search as ever, on floats. A minimum that depends on Values is then a node of
these: the place where the derivative of what is minimised is 0, which moves as the
implicit function theorem says (`autograd.solving.implicit`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from autograd.lifting.calls import call
from autograd.lifting.errors import LiftError, has_values, place_of
from autograd.lifting.silent import on_floats, silence
from autograd.lifting.stand_ins import plain
from autograd.solving.implicit import solution
from autograd.transforms import value_and_grad

MSG_BOUND = (
    "{0}: the minimum that {1} finds lies at a bound, or under a constraint, and then "
    "it is not where the derivative is 0: solve the equations that hold there with "
    "autograd.solve"
)
NEAR = 1e-5  # to a bound, where bounded searches stop


def least(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a search for a minimum whose place has the right derivatives."""
    signature = inspect.signature(original)

    def minimize(*given: Any, **options: Any) -> Any:
        named = dict(signature.bind(*given, **options).arguments)
        named |= named.pop("other", {})
        search = _Search(original, named)
        return search.result() if search.moves else original(*given, **options)

    return minimize


class _Search:
    """One search for a minimum.

    Attributes:
        moves: whether what is minimised holds Values.

    """

    def __init__(self, original: Callable[..., Any], named: dict[str, Any]) -> None:
        self.original = original
        self.name: str = original.__name__
        self.f = named.pop("fun")
        args = named.pop("args", ())
        self.args = args if isinstance(args, tuple) else (args,)
        self.several = "x0" in named
        self.start = flat(named.pop("x0", ()))  # Values may say where it starts
        # Slopes are asked of the function alone: by differences, as SciPy does it.
        self.without = {"jac", "hess"} & {k for k, v in named.items() if v is not None}
        self.options = {k: v for k, v in named.items() if k not in self.without}
        self.moves = False
        if named.get("jac") is not True:
            with silence():
                self.moves = has_values(self.at(list(map(plain, self.start)) or [1.0]))

    def at(self, xs: Sequence[Any]) -> Any:
        """Return what is minimised at a place."""
        import numpy as np

        return call(self.f, np.array(xs) if self.several else xs[0], *self.args)

    def run(self, f: Callable[[list[Any]], Any], start: list[float]) -> Any:
        """Search on floats."""
        starts = [list(map(plain, start))] if self.several else []
        return self.original(lambda x: f(flat(x)), *starts, **self.options)

    def result(self) -> Any:
        """Return SciPy's result, where the place and the minimum are nodes."""
        import numpy as np

        found = self.run(on_floats(lambda xs: flat(self.at(xs))[0]), self.start)
        x = [float(t) for t in flat(found.x)]
        if self.options.get("constraints") or self._is_stopped(x):
            raise LiftError(MSG_BOUND.format(place_of(1), self.name))

        def slopes(xs: list[Any]) -> list[Any]:
            value, by = value_and_grad(lambda ts: flat(self.at(list(ts)))[0])(list(xs))
            return [*by, value]  # the search needs the value alone

        def find(g: Callable[..., Any], start: list[Any]) -> list[float]:
            again = self.run(lambda xs: g(xs)[-1], start)
            return [float(t) for t in flat(again.x)]

        key = self.name, tuple(sorted(map(repr, self.options.items())))
        at = solution(slopes, find, self.start, self.name, key, lambda *_: x)
        found.x = np.array(at) if self.several else at[0]
        found.fun = flat(self.at(at))[0]
        return found

    def _is_stopped(self, x: list[float]) -> bool:
        """Return whether a minimum lies where the search was stopped."""
        bounds = self.options.get("bounds")
        pairs = [bounds] if bounds is not None and not self.several else bounds or ()
        return any(
            end is not None and abs(t - end) <= NEAR * (1.0 + abs(end))
            for t, pair in zip(x, pairs, strict=False)
            for end in pair
        )


def flat(x: Any) -> list[Any]:
    """Return the numbers of an array, or of a number."""
    import numpy as np

    return list(np.ravel(np.asarray(x, dtype=object)).tolist())
