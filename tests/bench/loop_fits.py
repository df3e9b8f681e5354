"""Is a whole fit faster compiled than eagerly, the first call included?

Functions with loops over time steps, symbols or cells, each minimised by L-BFGS for a
few evaluations: the time of the fit, eagerly and compiled, and how many eager
evaluations the compiled one takes; and the same with JAX's `scan`, where it is
installed.

    python -P tests/bench/loop_fits.py
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from loops import garch, kalman
from setting import one_core

from autograd import jit, math, value_and_grad

Function = Callable[[Any], Any]
Case = tuple[Function, list[float]]

EVALUATIONS = 30


def hmm(symbols: Sequence[int], states: int = 3, letters: int = 4) -> Case:
    """Return the forward algorithm's negative log-likelihood of symbols."""

    def f(p: Any) -> Any:
        rows = [p[i * states : (i + 1) * states] for i in range(states)]
        rest = p[states * states :]
        out = [rest[i * letters : (i + 1) * letters] for i in range(states)]
        step = [math.log_softmax(list(row)) for row in rows]
        emit = [math.log_softmax(list(row)) for row in out]
        alpha = [emit[j][symbols[0]] for j in range(states)]
        for x in symbols[1:]:
            alpha = [
                math.logsumexp([alpha[i] + step[i][j] for i in range(states)])
                + emit[j][x]
                for j in range(states)
            ]
        return -math.logsumexp(alpha)

    return f, [0.1 * math.sin(float(k)) for k in range(states * (states + letters))]


def lstm(series: Sequence[float], size: int = 3) -> Case:
    """Return the squared error of an LSTM that predicts a series' next number."""
    width = size + 2

    def f(p: Any) -> Any:
        weights = [p[i * width : (i + 1) * width] for i in range(4 * size)]
        last = p[4 * size * width :]
        h, c, total = [0.0] * size, [0.0] * size, 0.0
        for x, y in pairwise(series):
            z = [math.sumprod(w, [x, 1.0, *h]) for w in weights]
            keep, put, show = ([math.sigmoid(u) for u in z[i::4]] for i in range(3))
            new = [math.tanh(u) for u in z[3::4]]
            c = [a * b + d * e for a, b, d, e in zip(keep, c, put, new, strict=True)]
            h = [a * math.tanh(b) for a, b in zip(show, c, strict=True)]
            total = total + (math.sumprod(last, h) - y) ** 2
        return total

    return f, [0.3 * math.sin(float(k)) for k in range(4 * size * width + size)]


def edit_distance(a: str, b: str) -> Case:
    """Return a soft edit distance of words, by the costs of each kind of edit."""

    def f(p: Any) -> Any:
        change, drop, add = (math.exp(x) for x in p)
        row = [add * float(j) for j in range(len(b) + 1)]
        for x in a:
            new = [row[0] + drop]
            for j, y in enumerate(b):
                same = row[j] + (0.0 if x == y else change)
                ways = [-same, -(row[j + 1] + drop), -(new[j] + add)]
                new.append(-math.logsumexp(ways))
            row = new
        return (row[-1] - 10.0) ** 2

    return f, [0.1, 0.2, 0.3]


def crf(features: Sequence[Sequence[float]], labels: Sequence[int]) -> Case:
    """Return the negative log-likelihood of a chain of labels."""
    n, m = 3, len(features[0])

    def f(p: Any) -> Any:
        move = [p[i * n : (i + 1) * n] for i in range(n)]
        rest = p[n * n :]
        own = [rest[i * m : (i + 1) * m] for i in range(n)]
        scores = [math.sumprod(own[j], features[0]) for j in range(n)]
        path = scores[labels[0]]
        for before, (x, y) in zip(
            labels, zip(features[1:], labels[1:], strict=True), strict=False
        ):
            local = [math.sumprod(own[j], x) for j in range(n)]
            path = path + move[before][y] + local[y]
            scores = [
                math.logsumexp([scores[i] + move[i][j] for i in range(n)]) + local[j]
                for j in range(n)
            ]
        return math.logsumexp(scores) - path

    return f, [0.1 * math.cos(float(k)) for k in range(n * (n + m))]


def runge_kutta(
    slope: Callable[..., Any], a: Any, v: Any, dt: float
) -> tuple[Any, Any]:
    """Return angle and velocity after a time step, in whatever numbers."""
    a1, v1 = slope(a, v)
    a2, v2 = slope(a + 0.5 * dt * a1, v + 0.5 * dt * v1)
    a3, v3 = slope(a + 0.5 * dt * a2, v + 0.5 * dt * v2)
    a4, v4 = slope(a + dt * a3, v + dt * v3)
    a = a + dt / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
    return a, v + dt / 6 * (v1 + 2 * v2 + 2 * v3 + v4)


def pendulum(angles: Sequence[float], dt: float = 0.02) -> Case:
    """Return the squared error of a damped pendulum, by Runge and Kutta, to angles."""

    def f(p: Any) -> Any:
        g, damping = p

        def slope(a: Any, v: Any) -> tuple[Any, Any]:
            return v, -g * math.sin(a) - damping * v

        a, v, total = 1.0, 0.0, 0.0
        for seen in angles:
            a, v = runge_kutta(slope, a, v, dt)
            total = total + (a - seen) ** 2
        return total

    return f, [7.0, 0.2]


def positive(p: Any) -> tuple[Any, Any, Any]:
    """Return parameters of GARCH(1,1) for any numbers."""
    return math.exp(p[0]), 0.2 * math.sigmoid(p[1]), 0.79 * math.sigmoid(p[2])


def cases() -> dict[str, tuple[Case, str, tuple[Any, ...]]]:
    """Return all functions, each with the point that its fit begins at.

    And what JAX's is called, and made of.
    """
    rng = random.Random(0)
    level = [rng.gauss(0.0, 1.0) for _ in range(500)]
    steps = [0.01 * x for x in level]
    filtered = kalman(level)
    symbols = [rng.randrange(4) for _ in range(300)]
    waves = [math.sin(0.2 * k) for k in range(101)]
    words = "gattacacta" * 3, "catta" * 5
    features = [[rng.gauss(0.0, 1.0) for _ in range(4)] for _ in range(100)]
    labels = [rng.randrange(3) for _ in range(100)]
    angles = [math.cos(0.06 * k) for k in range(300)]
    return {
        "Kalman filter, 500 steps": (
            (lambda p: filtered(math.exp(p[0]), math.exp(p[1])), [0.5, 0.1]),
            "kalman",
            (level,),
        ),
        "HMM forward, 300 symbols": (hmm(symbols), "hmm", (symbols,)),
        "LSTM, 100 steps": (lstm(waves), "lstm", (waves,)),
        "GARCH, 500 observations": (
            (lambda p: garch(*positive(p), steps), [-9.0, 0.0, 0.0]),
            "garch",
            (steps,),
        ),
        "edit distance, 30 by 25": (edit_distance(*words), "edit_distance", words),
        "CRF, 100 labels": (crf(features, labels), "crf", (features, labels)),
        "pendulum, 300 steps": (pendulum(angles), "pendulum", (angles,)),
    }


def start_of(start: list[float]) -> Any:
    """Return where a fit begins, as an array."""
    import numpy as np

    return np.array(start)


def seconds(f: Function, start: list[float], evaluations: int) -> tuple[float, int]:
    """Return how long a fit takes, and how often it evaluates."""
    from scipy.optimize import minimize

    begun = time.process_time()
    options = {"maxfun": evaluations, "ftol": 0.0, "gtol": 0.0}
    found = minimize(f, start_of(start), jac=True, method="L-BFGS-B", options=options)
    return time.process_time() - begun, found.nfev


def main() -> None:
    """Print the table."""
    one_core()
    warm = jit(value_and_grad(lambda p: garch(*p, [0.01] * 500)))
    warm([1e-6, 0.08, 0.9])  # loads LLVM, and what finds loops
    seconds(lambda x: (float(x @ x), 2.0 * x), [1.0], 3)  # and SciPy
    rivals: Any = None
    if find_spec("jax") is not None:
        import loop_fits_scanned as rivals

        seconds(rivals.value_and_grad(lambda x: x @ x), [1.0], 3)
    for name, ((f, start), rival, given) in cases().items():
        eager, n = seconds(value_and_grad(f), start, EVALUATIONS)
        function = jit(value_and_grad(f))
        compiled, m = seconds(function, start, EVALUATIONS)
        line = (
            f"{name:26} eager {eager * 1e3:5.0f} ms ({n} evaluations)   compiled "
            f"{compiled * 1e3:5.0f} ms ({m})   which {compiled / eager * n:5.1f} take"
        )
        if rivals is not None:
            scan = rivals.value_and_grad(getattr(rivals, rival)(*given))
            of_jax, k = seconds(scan, start, EVALUATIONS)
            assert (
                abs(scan(start_of(start))[0] / function(start_of(start))[0] - 1) < 1e-9
            )
            line += f"   JAX {of_jax * 1e3:5.0f} ms ({k})"
        print(line)


if __name__ == "__main__":
    main()
