"""Optimisers: from gradients to better parameters.

A step is all or nothing: the new parameters are computed first, and if one of them is
not finite, none is changed. A learning rate is a float, or a *schedule*, any function
of the number of steps taken so far (`nn.schedules`). Parameters may come in groups with
settings of their own: ``SGD([{"params": a}, {"params": b, "lr": 0.01}], lr=0.1)``.

The rules themselves are in `nn.rules`.
"""
# ruff: noqa: SLF001 - the members of an optimiser are copies of it

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self

from autograd import Value
from nn.checks import number_of, real
from nn.module import is_leaf
from nn.schedules import Schedule

Rule = Callable[..., tuple[Any, ...]]

# What a setting of that name may be, from the first number to under the second.
BOUNDS = {
    "momentum": (0.0, 1.0),
    "alpha": (0.0, 1.0),
    "weight_decay": (0.0, math.inf),
    "eps": (1e-300, math.inf),  # 0 would divide by 0 where all gradients are 0
}

MSG_PARAMETERS = (
    "an optimiser takes one or more leaf Values, each once, as model.parameters() "
    "gives them; {what}"
)
MSG_GROUP = (
    "a group is a dict with 'params' and settings of {kind}, like {{'params': "
    "layer.parameters(), 'lr': 0.01}}; it has no setting {name!r}"
)
MSG_STEP = (
    "this step would make parameter {i} {new} (it is {old}, its gradient {grad}), so "
    "none was changed. A smaller learning rate or a smaller start helps"
)
MSG_PROPOSE = (
    "{kind} does not say how it steps: define _propose(rate, gradients), which returns "
    "the new numbers and the new state"
)
MSG_STATE = (
    "the state does not fit this {kind} of {n} parameters, and nothing was loaded: "
    "{what}. It must come from state_dict() of an optimiser like this one"
)


class Optimizer:
    """Hold parameters and change them step by step; the base class.

    A subclass defines a rule, ``_rule(rate, sqrt)``, which treats all parameters alike:
    a function, of floats or of arrays of them, from a parameter, its gradient and
    columns of state to the new parameter and the new state. `nn.fit` runs it over
    arrays where it does the same with them. A subclass may define
    ``_propose(rate, gradients)`` instead, which returns all new numbers and the new
    state, and changes nothing itself. Its settings are set before those here, which
    are looked through together.

    Attributes:
        params: the parameters, a tuple.
        lr: the learning rate, a float or a schedule; assignable.
        steps: the number of steps taken.

    """

    __slots__ = ("_groups", "_state", "lr", "params", "steps")

    def __init__(
        self, params: Iterable[Value] | Iterable[dict[str, Any]], lr: float | Schedule
    ) -> None:
        if not isinstance(params, Iterable):
            what = f"a {type(params).__name__} is no sequence of them"
            raise TypeError(MSG_PARAMETERS.format(what=what))
        given: list[Any] = list(params)
        self._groups: list[tuple[slice, dict[str, Any]]] = []
        if given and all(isinstance(g, Mapping) and "params" in g for g in given):
            everything: list[Any] = []
            for group in given:
                start = len(everything)
                everything += group["params"]
                own = {k: v for k, v in group.items() if k != "params"}
                self._groups.append((slice(start, len(everything)), own))
            given = everything
        self.params: Any = tuple(given)
        self.lr = lr if callable(lr) else real("the learning rate", lr)
        self.steps = 0
        self._state: tuple[list[float], ...] = ()
        _check_params(self.params)
        self._rate()
        self._check()
        for _, member in self._members():
            member._check()

    def __post_init__(self) -> None:
        Optimizer.__init__(self, self.params, self.lr)

    def step(self) -> None:
        """Change every parameter according to its gradient.

        Raises:
            FloatingPointError: if a parameter would not be finite; none is changed.
            ValueError: if the learning rate is not a positive number.

        """
        gradients = [p.grad for p in self.params]
        numbers, state = self._propose(self._rate(), gradients)
        # One sum finds what is not finite; only then is it looked for.
        if not math.isfinite(sum(map(sum, (numbers, *state)))):
            self._refuse(numbers, gradients, state)
        put(self.params, numbers)
        self._state = state
        self.steps += 1

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.params:
            p.grad = 0.0

    def state_dict(self) -> dict[str, Any]:
        """Return the number of steps and what is kept of them; JSON can hold it.

        Settings like the learning rate are not part of it, as they are given anew.
        """
        return {"steps": self.steps, "state": [list(c) for c in self._state]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned.

        Raises:
            TypeError, ValueError: if it is none, or of other parameters; nothing is
                changed then.

        """
        kind, n = type(self).__name__, len(self.params)

        def check(
            what: str, *, fits: bool, error: type[Exception] = ValueError
        ) -> None:
            if not fits:
                raise error(MSG_STATE.format(kind=kind, n=n, what=what))

        fits = isinstance(state, Mapping) and {"steps", "state"} <= set(state)
        check("it is no dict of 'steps' and 'state'", fits=fits, error=TypeError)
        steps, columns = state["steps"], state["state"]
        whole = hasattr(steps, "__index__") and not isinstance(steps, bool)
        check(f"{steps!r} steps", fits=bool(whole and steps >= 0))
        columns = columns.tolist() if hasattr(columns, "tolist") else columns
        check("its state is no list", fits=isinstance(columns, list | tuple))
        own = self._width()
        check(f"{len(columns)} columns of state", fits=len(columns) in {0, own})
        for column in columns:
            check("a column of another length", fits=len(column) == n)
        numbers = [[number_of(x) for x in column] for column in columns]
        finite = all(math.isfinite(x) for column in numbers for x in column)
        check("a number that is not finite", fits=finite)
        self.steps, self._state = int(steps), tuple(numbers)

    def _check(self) -> None:
        """Raise unless the settings can be used."""
        real("the learning rate", 0.0 if callable(self.lr) else self.lr)
        for name, (low, below) in BOUNDS.items():
            if hasattr(self, name):
                setattr(self, name, real(name, getattr(self, name), low, below))
        self._check_own()

    def _check_own(self) -> None:
        """Raise unless what no other optimiser has can be used."""

    def _rule(self, rate: float, sqrt: Callable[[Any], Any]) -> Rule:
        """Return the rule of the next step, given the square root for its numbers."""
        raise NotImplementedError(MSG_PROPOSE.format(kind=type(self).__name__))

    def _columns(self) -> int:
        """Return how many numbers of state a parameter has."""
        return len(self._state)

    def _width(self) -> int:
        return max(member._columns() for _, member in self._members())

    def _members(self) -> Iterator[tuple[slice, Self]]:
        """Yield for each group where its parameters are, and what steps them.

        Raises:
            TypeError: if a group has a setting that there is not.

        """
        if not self._groups:
            yield slice(None), self
        for place, settings in self._groups:
            member = copy.copy(self)
            for name, setting in settings.items():
                if name.startswith("_") or not hasattr(member, name):
                    kind = type(self).__name__
                    raise TypeError(MSG_GROUP.format(kind=kind, name=name))
                setattr(member, name, setting)
            yield place, member

    def _rules(
        self, rate: float, sqrt: Callable[[Any], Any], *columns: Any
    ) -> Iterator[tuple[Rule, list[Any]]]:
        """Yield each group's rule of this step, and its part of all columns."""
        for place, member in self._members():
            own = rate if member is self else member._rate()
            yield member._rule(own, sqrt), [column[place] for column in columns]

    def _propose(
        self, rate: float, gradients: list[float]
    ) -> tuple[list[float], tuple[list[float], ...]]:
        numbers = [p.data for p in self.params]
        state = self._state or ([0.0] * len(numbers),) * self._width()
        rows: list[tuple[float, ...]] = []
        for rule, columns in self._rules(rate, math.sqrt, numbers, gradients, *state):
            rows += map(rule, *columns)
        new, *kept = map(list, zip(*rows, strict=True))
        return new, tuple(kept)

    def propose_arrays(
        self, x: Any, g: Any, state: tuple[Any, ...]
    ) -> tuple[Any, tuple[Any, ...]]:
        """Return new parameters and the new state, all as arrays; change nothing."""
        import numpy as np

        state = state or (np.zeros(len(x)),) * self._width()
        rules = self._rules(self._rate(), np.sqrt, x, g, *state)
        found = [rule(*columns) for rule, columns in rules]
        if len(found) > 1:
            found = [(*map(np.concatenate, zip(*found, strict=True)),)]
        ((numbers, *columns),) = found
        return numbers, tuple(columns)

    def _rate(self) -> float:
        rate = self.lr(self.steps) if callable(self.lr) else self.lr
        return real("the learning rate", rate)

    def _refuse(
        self,
        numbers: list[float],
        gradients: list[float],
        state: tuple[list[float], ...],
    ) -> None:
        for i, (p, number) in enumerate(zip(self.params, numbers, strict=True)):
            if not all(math.isfinite(x) for x in (number, *(s[i] for s in state))):
                which, grad = f"{i} ({p.name})" if p.name else i, gradients[i]
                message = MSG_STEP.format(i=which, new=number, old=p.data, grad=grad)
                raise FloatingPointError(message)


def put(params: Iterable[Value], numbers: Iterable[float]) -> None:
    """Set some parameters to numbers."""
    for p, number in zip(params, numbers, strict=True):
        p.data = number


def clip_gradients(
    params: Iterable[Value], norm: float = math.inf, value: float = math.inf
) -> float:
    """Bound the gradients of some parameters, before a step; return their norm before.

    Args:
        params: the parameters.
        norm: if the root of the sum of all squares is greater, all are scaled to it.
        value: each is kept between this and its negative, first.

    >>> p, q = Value(0.0), Value(0.0)
    >>> p.grad, q.grad = 3.0, 4.0
    >>> clip_gradients([p, q], norm=1.0)
    5.0
    >>> round(p.grad, 9), round(q.grad, 9)
    (0.6, 0.8)

    """
    params = list(params)
    slopes = [min(max(p.grad, -value), value) for p in params]
    size = math.hypot(*slopes)
    if size > norm:
        slopes = [g * (norm / size) for g in slopes]
    for p, g in zip(params, slopes, strict=True):
        p.grad = g
    return size


def _check_params(params: tuple[Any, ...]) -> None:
    if not params:
        raise ValueError(MSG_PARAMETERS.format(what="there is none"))
    for i, p in enumerate(params):
        if not isinstance(p, Value):
            raise TypeError(MSG_PARAMETERS.format(what=f"number {i} is {p!r}"))
        if not is_leaf(p):
            what = f"number {i} was computed by {p.op!r} from others"
            raise ValueError(MSG_PARAMETERS.format(what=what))
    if len(set(map(id, params))) < len(params):
        raise ValueError(MSG_PARAMETERS.format(what="one is there twice"))
