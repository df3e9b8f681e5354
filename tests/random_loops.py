"""Random functions with loops: nested, with strides, lags, odd iterations, comparisons.

A function is made from a seed and is a closure over plain data, so that it can be run
on floats and on Values alike. All its operations keep numbers of a usual magnitude.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from autograd import math as m

Function = Callable[..., Any]

# Each keeps numbers between -2 and 2, and is defined everywhere there.
STEPS: tuple[Callable[[Any, Any, Any], Any], ...] = (
    lambda a, b, c: 0.5 * a - 0.25 * b + 0.1 * c,
    lambda a, b, c: 0.3 * a * b + 0.5 * c,
    lambda a, b, c: m.sin(a + b) * 0.9 + 0.01 * c,
    lambda a, b, c: m.tanh(a - c) + 0.1 * b,
    lambda a, b, c: a / (4.0 + b * b) + c * 0.3,
    lambda a, b, c: m.exp(-(a * a)) * c - 0.2 * b,
    lambda a, b, c: m.maximum(a, b) * 0.5 + 0.4 * c,
    lambda a, b, c: -(a - 0.5 * b) * 0.7 + 0.1 * c,
    lambda a, b, c: m.log(3.0 + a * b) * 0.5 + 0.2 * c,
)


def random_function(seed: int) -> tuple[Function, list[float]]:
    """Return a function of some numbers that runs loops over them, and the numbers."""
    rng = random.Random(seed)
    size = rng.choice([12, 20, 31])
    data = [rng.uniform(-1.0, 1.0) for _ in range(size)]
    constants = [rng.uniform(-1.0, 1.0) for _ in range(size)]
    parts = [_part(rng, size) for _ in range(rng.choice([1, 2, 2, 3]))]

    def f(*xs: Any) -> Any:
        lists = [list(xs), list(constants)]
        state = [xs[0], 0.5, xs[1] * 0.5]
        for part in parts:
            part(lists, state)
        picked = [lists[-1][i] for i in (0, len(lists[-1]) // 2, -1)]
        return [*state, *picked] if seed % 3 else sum(state) + sum(picked)

    return f, data


def _part(
    rng: random.Random, size: int
) -> Callable[[list[list[Any]], list[Any]], None]:
    """Return a loop that changes the state, and appends a list of what it kept."""
    count = rng.choice([5, 9, size - 3, size, 40])
    steps = [
        (rng.choice(STEPS), [rng.randrange(8) for _ in range(3)])
        for _ in range(rng.choice([1, 2, 4, 9]))
    ]
    source, stride, start = (
        rng.randrange(9),
        rng.choice([1, 1, -1, 2, 0]),
        rng.randrange(3),
    )
    lag = rng.choice([1, 1, 2, 3])
    inner = rng.choice([0, 0, 0, 5, 7])
    compares = rng.random() < 0.3
    odd = rng.choice([-1, -1, 0, 1])
    table = [rng.randrange(size) for _ in range(count)] if rng.random() < 0.3 else None

    def run(lists: list[list[Any]], state: list[Any]) -> None:
        values = lists[source % len(lists)]
        kept: list[Any] = [state[i % 3] for i in range(lag)]
        for k in range(count):
            at = table[k] if table else start + stride * k
            x = values[at % len(values)]
            numbers = [x, kept[-1], kept[-lag], *state]
            if k == odd:
                numbers[0] = numbers[0] * 2.0
            for step, at3 in steps:
                y = step(*[numbers[i % len(numbers)] for i in at3])
                for j in range(inner):
                    y = 0.5 * y + 0.1 * lists[0][j]
                numbers.append(y)
            if compares and numbers[-1] > -50.0:
                numbers[-1] = numbers[-1] * 0.75
            state[k % 2 if odd == 1 else 0] = numbers[-1]
            state[2] = state[2] * 0.5 + numbers[-2] * 0.25
            kept.append(numbers[-1])
        lists.append(kept)

    return run
