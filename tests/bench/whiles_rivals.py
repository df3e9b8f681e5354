"""The functions of `whiles`, for JAX: a `while_loop`, or a `fori_loop` and masks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from whiles import MOST, TOLERANCE

TURNS = {"newton": 16, "mandelbrot": MOST, "runge_kutta": 256}

Loop = tuple[Any, Callable[[Any], Any], Callable[[Any], Any], Callable[[Any], Any]]


def newton(a: Any) -> Loop:
    """Return start, condition, step and result."""
    return (
        a,
        lambda x: jnp.abs(x * x - a) > 1e-12 * a,
        lambda x: x - (x * x - a) / (2.0 * x),
        lambda x: x,
    )


def mandelbrot(a: Any, b: Any) -> Loop:
    """Return start, condition, step and result."""

    def step(s: Any) -> Any:
        x, y, n = s
        return x * x - y * y + a, 2.0 * x * y + b, n + 1.0

    return (
        (0.0 * a, 0.0 * a, 0.0 * a),
        lambda s: (s[2] < MOST) & (s[0] * s[0] + s[1] * s[1] <= 16.0),
        step,
        lambda s: s[2] - s[0] * s[0] - s[1] * s[1],
    )


def runge_kutta(a: Any) -> Loop:
    """Return start, condition, step and result."""

    def step(s: Any) -> Any:
        t, y, h = s
        h = jnp.minimum(h, 1.0 - t)
        k1 = -a * y * y
        k2 = -a * (y + h * k1) * (y + h * k1)
        error = jnp.abs(h * (k2 - k1) / 2.0)
        fine = error <= TOLERANCE
        t = jnp.where(fine, t + h, t)
        y = jnp.where(fine, y + h * (k1 + k2) / 2.0, y)
        wanted = 0.9 * jnp.sqrt(TOLERANCE / (error + 1e-300))
        return t, y, h * jnp.minimum(2.0, jnp.maximum(0.3, wanted))

    return (
        (0.0 * a, 1.0 + 0.0 * a, 0.1 + 0.0 * a),
        lambda s: s[0] < 1.0,
        step,
        lambda s: s[1],
    )


def made(name: str, what: str) -> Callable[..., Any]:
    """Return the value, or value and gradient, of columns of rows."""
    f = {"newton": newton, "mandelbrot": mandelbrot, "runge_kutta": runge_kutta}[name]

    def value(*args: Any) -> Any:
        start, holds, step, result = f(*args)
        return result(lax.while_loop(holds, step, start))

    def masked(*args: Any) -> Any:
        start, holds, step, result = f(*args)

        def turn(_: Any, s: Any) -> Any:
            on = holds(s)
            return jax.tree.map(lambda new, old: jnp.where(on, new, old), step(s), s)

        return result(lax.fori_loop(0, TURNS[name], turn, start))

    by = tuple(range(2 if name == "mandelbrot" else 1))
    g = value if what == "value" else jax.value_and_grad(masked, by)
    run = jax.jit(jax.vmap(g))
    return lambda *columns: jax.block_until_ready(run(*columns))
