"""Are loops over time steps compiled in the time of their bodies, and do they run fast?

Likelihoods, integrators, filters and nets that are written as Python loops: value and
gradient of each, compiled. What the first call takes, and a call after that; for the
GARCH likelihood also the first call for a series of another length, and an adjoint
written by hand for numba, and `lax.scan` of JAX, where these are installed.

    python -P tests/bench/loops.py
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from alternating import medians
from setting import one_core

from autograd import jit, math, value_and_grad

POINT = (1e-6, 0.08, 0.9)


def garch(w: Any, a: Any, b: Any, series: Any) -> Any:
    """Return the negative log-likelihood of a GARCH(1,1), but for constants."""
    h, s = w / (1 - a - b), 0.0
    for x in series:
        s = s + math.log(h) + x * x / h
        h = w + a * x * x + b * h
    return 0.5 * s


def lorenz(steps: int) -> Callable[..., Any]:
    """Return where x is after so many Runge-Kutta steps, by the three parameters."""

    def f(p: Any, r: Any, b: Any) -> Any:
        def slope(x: Any, y: Any, z: Any) -> list[Any]:
            return [p * (y - x), x * (r - z) - y, x * y - b * z]

        s, dt = [1.0, 1.0, 1.0], 0.01
        for _ in range(steps):
            k1 = slope(*s)
            k2 = slope(*[u + 0.5 * dt * k for u, k in zip(s, k1, strict=True)])
            k3 = slope(*[u + 0.5 * dt * k for u, k in zip(s, k2, strict=True)])
            k4 = slope(*[u + dt * k for u, k in zip(s, k3, strict=True)])
            s = [
                u + dt / 6 * (a + 2 * b_ + 2 * c + d)
                for u, a, b_, c, d in zip(s, k1, k2, k3, k4, strict=True)
            ]
        return s[0]

    return f


def kalman(series: list[float]) -> Callable[..., Any]:
    """Return the likelihood of a local level, by the variances of level and noise."""

    def f(q: Any, r: Any) -> Any:
        x, variance, total = 0.0, 1.0, 0.0
        for y in series:
            variance = variance + q
            spread, error = variance + r, y - x
            gain = variance / spread
            total = total + 0.5 * (math.log(spread) + error * error / spread)
            x, variance = x + gain * error, (1.0 - gain) * variance
        return total

    return f


def by_hand() -> Callable[..., Any] | None:
    """Return GARCH's value and gradient, written by hand for numba."""
    if find_spec("numba") is None:
        return None
    import numba
    import numpy as np

    @numba.njit  # type: ignore[untyped-decorator]
    def adjoint(w: float, a: float, b: float, r: Any) -> Any:
        n, s, x = len(r), 0.0, w / (1 - a - b)
        h = np.empty(n)
        for i in range(n):
            h[i] = x
            s += np.log(x) + r[i] * r[i] / x
            x = w + a * r[i] * r[i] + b * x
        w_bar = a_bar = b_bar = h_bar = 0.0
        for i in range(n - 1, -1, -1):
            w_bar += h_bar
            a_bar += h_bar * r[i] * r[i]
            b_bar += h_bar * h[i]
            h_bar = h_bar * b + 0.5 * (1.0 / h[i] - r[i] * r[i] / (h[i] * h[i]))
        d = 1 - a - b
        return (
            0.5 * s,
            w_bar + h_bar / d,
            a_bar + h_bar * w / (d * d),
            b_bar + h_bar * w / (d * d),
        )

    return adjoint


def by_scan() -> Callable[..., Any] | None:
    """Return GARCH's value and gradient by `lax.scan`."""
    if find_spec("jax") is None:
        return None
    import jax
    import jax.numpy as jnp

    def f(p: Any, series: Any) -> Any:
        w, a, b = p

        def step(state: Any, x: Any) -> Any:
            h, s = state
            return (w + a * x * x + b * h, s + jnp.log(h) + x * x / h), None

        (_, s), _ = jax.lax.scan(step, (w / (1 - a - b), 0.0), series)
        return 0.5 * s

    compiled = jax.jit(jax.value_and_grad(f))
    return lambda w, a, b, r: jax.block_until_ready(compiled((w, a, b), r))


def first(run: Callable[[], Any]) -> float:
    """Return the seconds of a first call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def report(name: str, steps: int, run: Callable[[], Any]) -> None:
    """Print what a compiled function's first call takes, and a call after that."""
    begun = first(run)
    call = medians({name: run})[name]
    print(
        f"{name:34} first call {begun:7.3f} s   a call {call * 1e6:9.1f} us   "
        f"a step {call / steps * 1e9:7.2f} ns"
    )


def main() -> None:
    """Print the table."""
    import numpy as np

    one_core()
    jit(lambda x: x * 2.0)(1.0)  # loads LLVM
    rng = np.random.default_rng(0)
    compiled = jit(value_and_grad(garch, (0, 1, 2)))
    for n in (1_000, 10_000, 12_000):
        series = 0.01 * rng.standard_normal(n)
        report(
            f"GARCH, {n:,} observations", n, functools.partial(compiled, *POINT, series)
        )
        rivals: dict[str, Callable[[], object]] = {
            "ours": functools.partial(compiled, *POINT, series)
        }
        for name, rival in (("numba by hand", by_hand()), ("JAX's scan", by_scan())):
            if rival is not None:
                print(
                    f"  {name}: {first(lambda r=series, f=rival: f(*POINT, r)):.3f} s"
                )  # type: ignore[misc]
                rivals[name] = lambda r=series, f=rival: f(*POINT, r)  # type: ignore[misc]
        found = medians(rivals)
        for name, seconds in found.items():
            print(f"  {name:20} {seconds / found['ours']:6.2f} times ours")
    for n in (1_000, 10_000):
        g = jit(value_and_grad(lorenz(n), (0, 1, 2)))
        report(
            f"Lorenz by RK4, {n:,} steps", n, functools.partial(g, 10.0, 28.0, 8 / 3)
        )
    level = rng.standard_normal(2_000).cumsum().tolist()
    k = jit(value_and_grad(kalman(level), (0, 1)))
    report("Kalman filter, 2,000 steps", 2_000, lambda: k(0.5, 1.0))


if __name__ == "__main__":
    main()
