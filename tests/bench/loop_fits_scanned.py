"""The functions of `loop_fits`, written for JAX: each loop a `lax.scan`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.nn import log_softmax, sigmoid
from jax.scipy.special import logsumexp
from loop_fits import runge_kutta

Function = Callable[[Any], Any]


def kalman(series: Sequence[float]) -> Function:
    """Return the likelihood of a local level."""
    ys = jnp.array(series)

    def f(p: Any) -> Any:
        q, r = jnp.exp(p[0]), jnp.exp(p[1])

        def step(state: Any, y: Any) -> Any:
            x, variance, total = state
            variance = variance + q
            spread, error = variance + r, y - x
            gain = variance / spread
            total = total + 0.5 * (jnp.log(spread) + error * error / spread)
            return (x + gain * error, (1.0 - gain) * variance, total), None

        return jax.lax.scan(step, (0.0, 1.0, 0.0), ys)[0][2]

    return f


def hmm(symbols: Sequence[int], states: int = 3, letters: int = 4) -> Function:
    """Return the forward algorithm's negative log-likelihood of symbols."""
    xs = jnp.array(symbols)

    def f(p: Any) -> Any:
        step_ = log_softmax(p[: states * states].reshape(states, states))
        emit = log_softmax(p[states * states :].reshape(states, letters))

        def step(alpha: Any, x: Any) -> Any:
            return logsumexp(alpha[:, None] + step_, axis=0) + emit[:, x], None

        return -logsumexp(jax.lax.scan(step, emit[:, xs[0]], xs[1:])[0])

    return f


def lstm(series: Sequence[float], size: int = 3) -> Function:
    """Return the squared error of an LSTM that predicts a series' next number."""
    width, ys = size + 2, jnp.array(series)

    def f(p: Any) -> Any:
        weights = p[: 4 * size * width].reshape(4 * size, width)
        last = p[4 * size * width :]

        def step(state: Any, xy: Any) -> Any:
            h, c, total = state
            z = weights @ jnp.concatenate([jnp.array([xy[0], 1.0]), h])
            keep, put, show = sigmoid(z[0::4]), sigmoid(z[1::4]), sigmoid(z[2::4])
            c = keep * c + put * jnp.tanh(z[3::4])
            h = show * jnp.tanh(c)
            return (h, c, total + (last @ h - xy[1]) ** 2), None

        start = jnp.zeros(size), jnp.zeros(size), 0.0
        return jax.lax.scan(step, start, (ys[:-1], ys[1:]))[0][2]

    return f


def garch(series: Sequence[float]) -> Function:
    """Return the negative log-likelihood of a GARCH(1,1), but for constants."""
    xs = jnp.array(series)

    def f(p: Any) -> Any:
        w, a, b = jnp.exp(p[0]), 0.2 * sigmoid(p[1]), 0.79 * sigmoid(p[2])

        def step(state: Any, x: Any) -> Any:
            h, s = state
            return (w + a * x * x + b * h, s + jnp.log(h) + x * x / h), None

        return 0.5 * jax.lax.scan(step, (w / (1 - a - b), 0.0), xs)[0][1]

    return f


def edit_distance(a: str, b: str) -> Function:
    """Return a soft edit distance of words, by the costs of each kind of edit."""
    differ = jnp.array([[float(x != y) for y in b] for x in a])

    def f(p: Any) -> Any:
        change, drop, add = jnp.exp(p)

        def across(new: Any, cell: Any) -> Any:
            corner, above, other = cell
            ways = jnp.array(
                [-(corner + other * change), -(above + drop), -(new + add)]
            )
            new = -logsumexp(ways)
            return new, new

        def down(row: Any, others: Any) -> Any:
            first = row[0] + drop
            _, rest = jax.lax.scan(across, first, (row[:-1], row[1:], others))
            return jnp.concatenate([first[None], rest]), None

        row, _ = jax.lax.scan(down, add * jnp.arange(len(b) + 1.0), differ)
        return (row[-1] - 10.0) ** 2

    return f


def crf(features: Sequence[Sequence[float]], labels: Sequence[int]) -> Function:
    """Return the negative log-likelihood of a chain of labels."""
    n, m = 3, len(features[0])
    xs, ys = jnp.array(features), jnp.array(labels)

    def f(p: Any) -> Any:
        move, own = p[: n * n].reshape(n, n), p[n * n :].reshape(n, m)

        def step(state: Any, given: Any) -> Any:
            scores, path = state
            before, x, y = given
            local = own @ x
            path = path + move[before, y] + local[y]
            return (logsumexp(scores[:, None] + move, axis=0) + local, path), None

        scores = own @ xs[0]
        start = scores, scores[ys[0]]
        scores, path = jax.lax.scan(step, start, (ys[:-1], xs[1:], ys[1:]))[0]
        return logsumexp(scores) - path

    return f


def pendulum(angles: Sequence[float], dt: float = 0.02) -> Function:
    """Return the squared error of a damped pendulum, by Runge and Kutta, to angles."""
    seen = jnp.array(angles)

    def f(p: Any) -> Any:
        g, damping = p

        def slope(a: Any, v: Any) -> tuple[Any, Any]:
            return v, -g * jnp.sin(a) - damping * v

        def step(state: Any, angle: Any) -> Any:
            a, v, total = state
            a, v = runge_kutta(slope, a, v, dt)
            return (a, v, total + (a - angle) ** 2), None

        return jax.lax.scan(step, (1.0, 0.0, 0.0), seen)[0][2]

    return f


def value_and_grad(f: Function) -> Function:
    """Return a function's value and gradient as SciPy takes them, compiled."""
    compiled = jax.jit(jax.value_and_grad(f))

    def run(x: Any) -> tuple[float, Any]:
        import numpy as np

        value, gradient = compiled(x)
        return float(value), np.asarray(gradient)

    return run
