"""Optimisers: from gradients to better parameters.

A step is all or nothing: the new parameters are computed first, and if one of them is
not finite, none is changed. A learning rate is a float, or a *schedule*, any function
of the number of steps taken so far: ``SGD(params, lr=lambda k: 1.0 - 0.009 * k)``.

Letters, as in the papers: ``g`` a gradient, ``v`` a velocity, ``m`` and ``v`` in Adam
the running means of ``g`` and ``g**2``, ``t`` the number of steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from autograd import Value
from nn.module import is_leaf

Schedule = Callable[[int], float]
Rule = Callable[..., tuple[Any, ...]]

MSG_PARAMETERS = (
    "an optimiser takes one or more leaf Values, each once, as model.parameters() "
    "gives them; {what}"
)
MSG_STEP = (
    "this step would make parameter {i} {new} (it is {old}, its gradient {grad}), so "
    "none was changed. A smaller learning rate or a smaller start helps"
)
MSG_RANGE = "{what} is {bounds}, not {got!r}"
MSG_BETAS = "betas are a pair of numbers, like (0.9, 0.999), not {got!r}"
MSG_PROPOSE = (
    "{kind} does not say how it steps: define _propose(rate, gradients), which returns "
    "the new numbers and the new state"
)


class Optimizer:
    """Hold parameters and change them step by step; the base class.

    A subclass defines ``_propose(rate, gradients)``, which returns new numbers and
    the new state, and changes nothing itself.

    Attributes:
        params: the parameters, a tuple.
        lr: the learning rate, a float or a schedule; assignable.
        steps: the number of steps taken.

    """

    __slots__ = ("_state", "lr", "params", "steps")

    def __init__(self, params: Iterable[Value], lr: float | Schedule) -> None:
        if not isinstance(params, Iterable):
            what = f"a {type(params).__name__} is no sequence of them"
            raise TypeError(MSG_PARAMETERS.format(what=what))
        self.params = tuple(params)
        self.lr = lr
        self.steps = 0
        self._state: tuple[list[float], ...] = ()
        if not self.params:
            raise ValueError(MSG_PARAMETERS.format(what="there is none"))
        for i, p in enumerate(self.params):
            if not isinstance(p, Value):
                raise TypeError(MSG_PARAMETERS.format(what=f"number {i} is {p!r}"))
            if not is_leaf(p):
                what = f"number {i} was computed by {p.op!r} from others"
                raise ValueError(MSG_PARAMETERS.format(what=what))
        if len(set(map(id, self.params))) < len(self.params):
            raise ValueError(MSG_PARAMETERS.format(what="one is there twice"))
        self._rate()

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
        for p, number in zip(self.params, numbers, strict=True):
            p.data = number
        self._state = state
        self.steps += 1

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.params:
            p.grad = 0.0

    def _propose(
        self, rate: float, gradients: list[float]
    ) -> tuple[list[float], tuple[list[float], ...]]:
        raise NotImplementedError(MSG_PROPOSE.format(kind=type(self).__name__))

    def _rate(self) -> float:
        rate = self.lr(self.steps) if callable(self.lr) else self.lr
        _check("the learning rate", rate, low=0.0)
        return rate

    def _refuse(
        self,
        numbers: list[float],
        gradients: list[float],
        state: tuple[list[float], ...],
    ) -> None:
        for i, (p, number) in enumerate(zip(self.params, numbers, strict=True)):
            if not all(math.isfinite(x) for x in (number, *(s[i] for s in state))):
                message = MSG_STEP.format(
                    i=i if p.name is None else f"{i} ({p.name})",
                    new=number,
                    old=p.data,
                    grad=gradients[i],
                )
                raise FloatingPointError(message)


class ByRule(Optimizer):
    """An optimiser that treats all parameters alike, each by itself.

    A subclass defines a rule, of floats or of arrays of them: from a parameter, its
    gradient and columns of state to the new parameter and the new state.
    """

    __slots__ = ()

    def _columns(self) -> int:
        """Return how many numbers of state a parameter has."""
        raise NotImplementedError

    def _rule(self, rate: float, sqrt: Callable[[Any], Any]) -> Rule:
        """Return the rule of the next step, given the square root for its numbers."""
        raise NotImplementedError

    def _propose(
        self, rate: float, gradients: list[float]
    ) -> tuple[list[float], tuple[list[float], ...]]:
        rule = self._rule(rate, math.sqrt)
        old = [p.data for p in self.params]
        state = self._state or ([0.0] * len(old),) * self._columns()
        numbers, *columns = zip(*map(rule, old, gradients, *state), strict=True)
        return list(numbers), tuple(map(list, columns))

    def propose_arrays(
        self, x: Any, g: Any, state: tuple[Any, ...]
    ) -> tuple[Any, tuple[Any, ...]]:
        """Return new parameters and the new state, all as arrays; change nothing."""
        import numpy as np

        rule = self._rule(self._rate(), np.sqrt)
        numbers, *columns = rule(x, g, *state or (np.zeros(len(x)),) * self._columns())
        return numbers, tuple(columns)


class SGD(ByRule):
    """Step against the gradient; with momentum, along a running sum of gradients.

    Args:
        params: the parameters.
        lr: the learning rate or a schedule.
        momentum: the share of the velocity that is kept, v = momentum * v + g; 0 <= 1.
        nesterov: look ahead, stepping along g + momentum * v. Sutskever, Martens, Dahl
            & Hinton, "On the importance of initialization and momentum in deep
            learning", ICML 2013.
        weight_decay: is multiplied with each parameter and added to its gradient: the
            gradient of weight_decay / 2 times the sum of squares.

    Raises:
        TypeError, ValueError: if an argument is none of these.

    >>> p = Value(1.0)
    >>> p.grad = 0.5
    >>> SGD([p], lr=0.1).step()
    >>> p.data
    0.95

    """

    __slots__ = ("momentum", "nesterov", "weight_decay")

    def __init__(
        self,
        params: Iterable[Value],
        lr: float | Schedule,
        momentum: float = 0.0,
        *,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr)
        _check("momentum", momentum, low=0.0, below=1.0)
        _check("weight_decay", weight_decay, low=0.0)
        if nesterov and not momentum:
            message = "nesterov needs a momentum: SGD(params, lr, 0.9, nesterov=True)"
            raise ValueError(message)
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay

    def _columns(self) -> int:
        return 1 if self.momentum else 0

    def _rule(self, rate: float, _sqrt: Callable[[Any], Any]) -> Rule:
        mu, decay = self.momentum, self.weight_decay

        def rule(x: Any, g: Any, *velocity: Any) -> tuple[Any, ...]:
            if decay:
                g = g + decay * x
            if not mu:
                return (x - rate * g,)
            v = mu * velocity[0] + g
            return x - rate * (g + mu * v if self.nesterov else v), v

        return rule


class Adam(ByRule):
    """Step by about the learning rate in each parameter, whatever its gradient's size.

    Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.

    Args:
        params: the parameters.
        lr: the learning rate or a schedule.
        betas: how much of the means of g and of g**2 is kept at each step.
        eps: keeps a division by the root of a tiny mean of squares finite.

    Raises:
        TypeError, ValueError: if an argument is none of these.

    >>> p = Value(1.0)
    >>> p.grad = 500.0
    >>> Adam([p], lr=0.1).step()
    >>> round(p.data, 9)
    0.9

    """

    __slots__ = ("betas", "eps")

    def __init__(
        self,
        params: Iterable[Value],
        lr: float | Schedule = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(params, lr)
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise TypeError(MSG_BETAS.format(got=betas))
        for beta in betas:
            _check("a beta", beta, low=0.0, below=1.0)
        _check("eps", eps, low=1e-300)  # 0 would divide by 0 where all g are 0
        self.betas = betas
        self.eps = eps

    def _columns(self) -> int:
        return 2

    def _rule(self, rate: float, sqrt: Callable[[Any], Any]) -> Rule:
        b1, b2 = self.betas
        c1, c2 = 1.0 - b1, 1.0 - b2
        t = self.steps + 1
        size = rate / (1.0 - b1**t)
        correction = 1.0 - b2**t
        eps = self.eps

        def rule(x: Any, g: Any, m: Any, v: Any) -> tuple[Any, ...]:
            m = b1 * m + c1 * g
            v = b2 * v + c2 * (g * g)
            return x - size * m / (sqrt(v / correction) + eps), m, v

        return rule


# --- Schedules: functions of the number of steps taken, which pickle ----------------


def linear_decay(start: float, end: float, steps: int) -> Schedule:
    """Return a schedule in a straight line from ``start`` to ``end``, then constant.

    >>> [linear_decay(1.0, 0.1, steps=100)(k) for k in (0, 50, 100, 200)]
    [1.0, 0.55, 0.1, 0.1]

    """
    _check_numbers(start=start, end=end)
    _check("steps", steps, low=1)
    return partial(_linear, start, end, steps)


def cosine_decay(start: float, end: float, steps: int) -> Schedule:
    """Return a schedule along half a cosine from ``start`` to ``end``, then constant.

    Loshchilov & Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR
    2017, equation 5, without the restarts.

    >>> [round(cosine_decay(1.0, 0.0, steps=4)(k), 3) for k in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]

    """
    _check_numbers(start=start, end=end)
    _check("steps", steps, low=1)
    return partial(_cosine, start, end, steps)


def exponential_decay(start: float, factor: float, every: int = 1) -> Schedule:
    """Return a schedule that multiplies by ``factor`` after ``every`` steps.

    >>> [exponential_decay(1.0, 0.5, every=10)(k) for k in (0, 9, 10, 25)]
    [1.0, 1.0, 0.5, 0.25]

    """
    _check_numbers(start=start, factor=factor)
    _check("every", every, low=1)
    return partial(_exponential, start, factor, every)


def _linear(start: float, end: float, steps: int, k: int) -> float:
    share = min(k / steps, 1.0)
    return (1.0 - share) * start + share * end


def _cosine(start: float, end: float, steps: int, k: int) -> float:
    return end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * min(k / steps, 1.0)))


def _exponential(start: float, factor: float, every: int, k: int) -> float:
    return start * factor ** (k // every)


def _check_numbers(**numbers: object) -> None:
    for what, number in numbers.items():
        _check(what, number, low=0.0)


def _check(what: str, number: object, *, low: float, below: float = math.inf) -> None:
    """Raise unless ``number`` is a real number from ``low`` to under ``below``."""
    bounds = f"a number from {low}"
    bounds += "" if below == math.inf else f" to less than {below}"
    if not isinstance(number, int | float) or isinstance(number, bool):
        raise TypeError(MSG_RANGE.format(what=what, bounds=bounds, got=number))
    if not low <= number < below:
        raise ValueError(MSG_RANGE.format(what=what, bounds=bounds, got=number))
