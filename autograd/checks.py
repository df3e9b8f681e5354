"""check_grads: are the derivatives of a function right? Finite differences answer.

The oracle is the function itself, called on floats, at points a step apart. A central
difference errs by the square of the step and by the rounding of f divided by the step,
so no one step is good for every function. Ridders' way is to halve the step again and
again, to extrapolate each pair of differences to step 0, and to keep the result that
agrees best with its neighbour, which also tells how far it can be trusted.

Letters: ``x`` is a point, a flat list of floats; ``h`` a step.

C. J. F. Ridders, Accurate computation of F'(x) and F'(x)F''(x), Advances in Engineering
Software 4 (1982).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd.transforms import jacobian
from autograd.trees import flatten, places
from autograd.value import Value

Flat = Callable[[list[Any]], list[Any]]

HALVINGS = 24
MSG_WRONG = (
    "a derivative of order {order} of {name} is wrong, worst by {input}:\n"
    "  {derivative} at {x}\n"
    "  by autograd            {found!r}\n"
    "  by finite differences  {numeric!r}, to within {error:.1e}\n"
    "Look at the partials of the primitives on the way, above all your own; or move "
    "the point, if it is on a kink"
)
MSG_FUNCTION = (
    "check_grads takes a function and its arguments, not {0!r}: write check_grads(f, x)"
)
MSG_ORDER = "order is a whole number of 1 or more, not {0!r}"
MSG_RTOL = "rtol is a number above 0, like 1e-6, not {0!r}"
MSG_NOT_FINITE = "{name} cannot be checked at {x}: {input} is not finite"
MSG_NO_POINT = (
    "{name} cannot be checked at {x}: it raises {error} at every step to both sides of "
    "{input}. Check it inside its domain"
)


def check_grads(
    f: Callable[..., Any], *args: Any, order: int = 2, rtol: float = 1e-6
) -> None:
    """Compare the derivatives of a function with central differences.

    Args:
        f: takes and returns numbers, NumPy arrays, or nested structures of them.
        args: the point at which to check.
        order: check the derivatives up to this order.
        rtol: how far, in relation to the largest derivative of the same output, a
            derivative may be off. The differences' own error comes on top.

    Raises:
        AssertionError: if one is off, with the worst output and input, both numbers
            and the point.
        TypeError: if f is no function, or an argument holds something that is no
            number.
        ValueError: if f cannot be evaluated around the point, or an option is none.

    >>> from autograd import math
    >>> check_grads(math.tanh, 0.5)
    >>> check_grads(lambda x, y: x * math.exp(y), 2.0, 0.5, order=3)

    """
    if not callable(f):
        raise TypeError(MSG_FUNCTION.format(f))
    if not isinstance(order, int) or isinstance(order, bool) or order < 1:
        raise ValueError(MSG_ORDER.format(order))
    if not isinstance(rtol, (int, float)) or not rtol > 0.0:
        raise ValueError(MSG_RTOL.format(rtol))
    numbers, rebuild = flatten(args, "the arguments")
    x = [v.data if isinstance(v, Value) else v for v in numbers]
    name = getattr(f, "__name__", repr(f))
    inputs = [
        place for i, arg in enumerate(args) for place in places(arg, f"argument {i}")
    ]
    for place, number in zip(inputs, x, strict=True):
        if not math.isfinite(number):
            raise ValueError(MSG_NOT_FINITE.format(name=name, x=x, input=place))

    def outputs(numbers: list[Any]) -> list[Any]:
        return flatten(f(*rebuild(numbers)), f"the result of {name}")[0]

    flat: Flat = outputs
    for n in range(1, order + 1):
        _check(flat, x, rtol, {"order": n, "name": name, "inputs": inputs})
        flat = _next_order(flat)


def _next_order(flat: Flat) -> Flat:
    return lambda x: [number for row in jacobian(flat)(x) for number in row]


def _check(flat: Flat, x: list[float], rtol: float, words: dict[str, Any]) -> None:
    """Raise if the jacobian at x is not that of the differences; name the worst."""
    found = jacobian(flat)(x)
    columns = [_differences(flat, x, i, words) for i in range(len(x))]
    worst, complaint = 0.0, {}
    for output, row in enumerate(found):
        scale = max((abs(v) for v in row), default=0.0)
        for i, value in enumerate(row):
            numeric, error = columns[i][output]
            allowed = rtol * max(scale, abs(numeric)) + 4.0 * error
            excess = _excess(value, numeric, allowed)
            if excess > worst:
                worst = excess
                complaint = {"output": output, "i": i, "found": value}
                complaint |= {"numeric": numeric, "error": error}
    if complaint:
        complaint |= {"input": words["inputs"][complaint["i"]]}
        complaint |= {"derivative": _derivative(**complaint, **words)}
        raise AssertionError(MSG_WRONG.format(x=x, **words, **complaint))


def _derivative(output: int, i: int, order: int, inputs: list[str], **_: Any) -> str:
    """Return words for the derivative by input i of an output of that order."""
    by = [inputs[i]]
    for _step in range(order - 1):
        output, i = divmod(output, len(inputs))
        by.append(inputs[i])
    return f"output {output}, " + ", ".join(f"by {place}" for place in reversed(by))


def _excess(value: float, numeric: float, allowed: float) -> float:
    """Return how many times too far apart two derivatives are, 0 if they are not."""
    if value == numeric or (math.isnan(value) and math.isnan(numeric)):
        return 0.0
    apart = abs(value - numeric)
    if not apart <= allowed:
        return apart / allowed if allowed and not math.isnan(apart) else math.inf
    return 0.0


def _differences(
    flat: Flat, x: list[float], i: int, words: dict[str, Any]
) -> list[tuple[float, float]]:
    """Return each output's derivative by x[i], with the error to expect."""
    h = abs(x[i]) / 16.0 or 2.0**-6
    best: list[tuple[float, float]] = []
    before: list[float] = []
    raised: Exception | None = None
    for _ in range(HALVINGS):
        try:
            above = flat([*x[:i], x[i] + h, *x[i + 1 :]])
            below = flat([*x[:i], x[i] - h, *x[i + 1 :]])
        except (ArithmeticError, ValueError) as error:
            raised = error
        else:
            pairs = zip(above, below, strict=True)
            slopes = [(float(a) - float(b)) / (2.0 * h) for a, b in pairs]
            size = [max(abs(a), abs(b)) for a, b in zip(above, below, strict=True)]
            rounding = [2.0**-52 * s / h for s in size]
            if before:
                # the error falls to a quarter with each halving -> it cancels
                fine = [s + (s - b) / 3.0 for s, b in zip(slopes, before, strict=True)]
                new = [
                    (value, abs(value - s) + r)
                    for value, s, r in zip(fine, slopes, rounding, strict=True)
                ]
                best = [
                    min(old, now, key=lambda pair: pair[1])
                    for old, now in zip(best or new, new, strict=True)
                ]
            before = slopes
        h /= 2.0
    if raised is not None and not best:
        place = words["inputs"][i]
        message = MSG_NO_POINT.format(x=x, input=place, error=raised, **words)
        raise ValueError(message)
    return best
