"""The rules of the usual optimisers, with PyTorch's settings and numbers.

Letters, as in the papers: ``x`` a parameter, ``g`` its gradient, ``v`` a velocity; in
those that adapt ``m`` and ``v`` the running means of ``g`` and ``g**2``, ``t`` the
number of steps. Settings are fields, and fields are slots: another's name raises.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Any

from autograd import Value
from nn.checks import count, real
from nn.optim import Optimizer, Rule, put
from nn.schedules import Schedule

Params = Iterable[Value] | Iterable[dict[str, Any]]

MSG_BETAS = "betas are a pair of numbers, like (0.9, 0.999), not {got!r}"
MSG_CLOSURE = (
    "LBFGS tries several points in a step, so it takes a function that computes the "
    "loss: step(closure), which calls zero_grad() and backward() and returns the loss"
)


@dataclass(slots=True, eq=False, repr=False)
class SGD(Optimizer):
    """Step against the gradient; with momentum, along a running sum of gradients.

    Args:
        params: the parameters, or groups of them.
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

    params: Params
    lr: float | Schedule
    momentum: float = 0.0
    _: KW_ONLY
    nesterov: bool = False
    weight_decay: float = 0.0

    def _check_own(self) -> None:
        if self.nesterov and not self.momentum:
            message = "nesterov needs a momentum: SGD(params, lr, 0.9, nesterov=True)"
            raise ValueError(message)

    def _columns(self) -> int:
        return 1 if self.momentum else 0

    def _rule(self, rate: float, _sqrt: Callable[[Any], Any]) -> Rule:
        mu, decay, ahead = self.momentum, self.weight_decay, self.nesterov

        def rule(x: Any, g: Any, *velocity: Any) -> tuple[Any, ...]:
            if decay:
                g = g + decay * x
            if not mu:
                return x - rate * g, *velocity
            v = mu * velocity[0] + g
            return x - rate * (g + mu * v if ahead else v), v

        return rule


@dataclass(slots=True, eq=False, repr=False)
class RMSprop(Optimizer):
    """Divide each gradient by the root of the running mean of its squares.

    Tieleman & Hinton, lecture 6.5 of "Neural networks for machine learning", 2012.

    Args:
        params, lr, weight_decay, momentum: as for `SGD`.
        alpha: how much of the mean of g**2 is kept at each step.
        eps: is added to the root.

    """

    params: Params
    lr: float | Schedule = 0.01
    alpha: float = 0.99
    eps: float = 1e-8
    _: KW_ONLY
    weight_decay: float = 0.0
    momentum: float = 0.0

    def _columns(self) -> int:
        return 2 if self.momentum else 1

    def _rule(self, rate: float, sqrt: Callable[[Any], Any]) -> Rule:
        a, eps, mu, decay = self.alpha, self.eps, self.momentum, self.weight_decay

        def rule(x: Any, g: Any, v: Any, *velocity: Any) -> tuple[Any, ...]:
            if decay:
                g = g + decay * x
            v = a * v + (1.0 - a) * (g * g)
            step = g / (sqrt(v) + eps)
            if not mu:
                return x - rate * step, v, *velocity
            step = mu * velocity[0] + step
            return x - rate * step, v, step

        return rule


@dataclass(slots=True, eq=False, repr=False)
class Adagrad(Optimizer):
    """Divide each gradient by the root of the sum of all its squares so far.

    Duchi, Hazan & Singer, "Adaptive subgradient methods for online learning and
    stochastic optimization", JMLR 2011.

    Args:
        params, lr, weight_decay: as for `SGD`.
        eps: is added to the root.

    """

    params: Params
    lr: float | Schedule = 0.01
    eps: float = 1e-10
    _: KW_ONLY
    weight_decay: float = 0.0

    def _columns(self) -> int:
        return 1

    def _rule(self, rate: float, sqrt: Callable[[Any], Any]) -> Rule:
        eps, decay = self.eps, self.weight_decay

        def rule(x: Any, g: Any, v: Any) -> tuple[Any, ...]:
            if decay:
                g = g + decay * x
            v = v + g * g
            return x - rate * g / (sqrt(v) + eps), v

        return rule


@dataclass(slots=True, eq=False, repr=False)
class Adam(Optimizer):
    """Step by about the learning rate in each parameter, whatever its gradient's size.

    Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.

    Args:
        params: the parameters, or groups of them.
        lr: the learning rate or a schedule.
        betas: how much of the means of g and of g**2 is kept at each step.
        eps: keeps a division by the root of a tiny mean of squares finite.
        weight_decay: as for `SGD`.

    """

    params: Params
    lr: float | Schedule = 0.001
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    _: KW_ONLY
    weight_decay: float = 0.0

    def _check_own(self) -> None:
        try:
            first, second = self.betas
        except (TypeError, ValueError):
            raise TypeError(MSG_BETAS.format(got=self.betas)) from None
        self.betas = real("a beta", first, 0.0, 1.0), real("a beta", second, 0.0, 1.0)

    def _columns(self) -> int:
        return 2

    def _decayed(self, x: Any, g: Any, _rate: float) -> tuple[Any, Any]:
        """Return a parameter and its gradient, with the decay in one of them."""
        return x, g + self.weight_decay * x if self.weight_decay else g

    def _rule(self, rate: float, sqrt: Callable[[Any], Any]) -> Rule:
        b1, b2 = map(float, self.betas)
        c1, c2 = 1.0 - b1, 1.0 - b2
        t = self.steps + 1
        size = rate / (1.0 - b1**t)
        correction = 1.0 - b2**t
        eps = self.eps

        def rule(x: Any, g: Any, m: Any, v: Any) -> tuple[Any, ...]:
            x, g = self._decayed(x, g, rate)
            m, v = b1 * m, b2 * v
            m += c1 * g  # into what was made a line above, where they are arrays
            v += c2 * (g * g)
            return x - size * m / (sqrt(v / correction) + eps), m, v

        return rule


@dataclass(slots=True, eq=False, repr=False)
class AdamW(Adam):
    """`Adam`, with a decay of the parameters themselves, by lr * weight_decay a step.

    Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019.
    """

    _: KW_ONLY
    weight_decay: float = 0.01

    def _decayed(self, x: Any, g: Any, rate: float) -> tuple[Any, Any]:
        return x * (1.0 - rate * self.weight_decay), g


class LBFGS(Optimizer):
    """Look for the nearest minimum with SciPy's L-BFGS-B, some iterations a step.

    For small data, all of them in one batch: it takes the curvature into account, and
    finds minima to many digits. Liu & Nocedal, "On the limited memory BFGS method for
    large scale optimization", 1989.

    Args:
        params: the parameters.
        iterations: at most so many for one step.
        memory: how many of the latest iterations tell of the curvature.

    >>> p = Value(5.0)
    >>> optimizer = LBFGS([p])
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (p - 2.0) ** 2
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure)
    >>> round(p.data, 6)
    2.0

    """

    __slots__ = ("iterations", "memory")

    def __init__(
        self, params: Iterable[Value], iterations: int = 20, memory: int = 10
    ) -> None:
        super().__init__(params, 1.0)
        self.iterations = count("iterations", iterations)
        self.memory = count("memory", memory)

    def step(self, closure: Callable[[], Any] | None = None) -> None:
        """Change the parameters so that the loss that ``closure`` returns is smaller.

        Raises:
            FloatingPointError: if nothing finite was found; nothing is changed then.
            TypeError: without a closure.

        """
        if closure is None:
            raise TypeError(MSG_CLOSURE)

        def evaluate(numbers: Any) -> tuple[float, list[float]]:
            put(self.params, numbers.tolist())
            try:
                loss = closure()
            except ArithmeticError:  # a step too far; SciPy takes a shorter one
                return math.inf, [0.0] * len(self.params)
            return float(getattr(loss, "data", loss)), [p.grad for p in self.params]

        from scipy.optimize import minimize

        start = [p.data for p in self.params]
        options = {"maxiter": self.iterations, "maxcor": self.memory}
        numbers = start
        try:
            found = minimize(
                evaluate, start, jac=True, method="L-BFGS-B", options=options
            )
            reached = found.x.tolist()
            if not (math.isfinite(found.fun) and all(map(math.isfinite, reached))):
                message = f"no step was taken: the loss is {found.fun}"
                raise FloatingPointError(message)
            numbers = reached
        finally:
            put(self.params, numbers)
        self.steps += 1
