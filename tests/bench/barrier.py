"""Is an option with a barrier, valued on many paths, faster than JAX's `scan`?

A call option that is lost where its path falls below a barrier, on 252 steps, with
`heaviside` at each of them: the mean over rows of normal draws, and its gradient by
price, volatility and rate. What the first call takes, and a step of a path after that.

    python -P tests/bench/barrier.py [rows]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from alternating import medians
from setting import one_core

from autograd import jit, math, value_and_grad, vmap

STEPS = 252
DT = 1.0 / STEPS
STRIKE, BARRIER = 100.0, 85.0
POINT = (100.0, 0.2, 0.03)


def payoff(s: Any, v: Any, r: Any, draws: Any) -> Any:
    """Return what the option pays on one path."""
    drift, scale = (r - 0.5 * v * v) * DT, v * DT**0.5
    alive = 1.0
    for z in draws:
        s = s * math.exp(drift + scale * z)
        alive = alive * math.heaviside(s - BARRIER, 1.0)
    return math.exp(-r) * alive * math.relu(s - STRIKE)


def ours() -> Callable[..., Any]:
    """Return the mean and its gradient, compiled."""
    mean = vmap(payoff, (None, None, None, 0), reduce="mean")
    return jit(value_and_grad(mean, (0, 1, 2)))


def of_jax() -> Callable[..., Any]:
    """Return the same by JAX."""
    import jax
    import jax.numpy as jnp

    def mean(s: Any, v: Any, r: Any, draws: Any) -> Any:
        drift, scale = (r - 0.5 * v * v) * DT, v * DT**0.5

        def step(state: Any, z: Any) -> Any:
            s, alive = state
            s = s * jnp.exp(drift + scale * z)
            return (s, alive * jnp.heaviside(s - BARRIER, 1.0)), None

        start = jnp.full(draws.shape[1], s), jnp.ones(draws.shape[1])
        (s, alive), _ = jax.lax.scan(step, start, draws)
        return jnp.mean(jnp.exp(-r) * alive * jax.nn.relu(s - STRIKE))

    compiled = jax.jit(jax.value_and_grad(mean, (0, 1, 2)))
    return lambda *args: jax.block_until_ready(compiled(*args))


def main(rows: int = 100_000) -> None:
    """Print the figures."""
    import numpy as np

    one_core()
    jit(lambda x: x * 2.0)(1.0)  # loads LLVM
    draws = np.random.default_rng(0).standard_normal((rows, STEPS))
    step = ours()
    rivals: dict[str, Callable[[], Any]] = {"ours": lambda: step(*POINT, draws)}
    if find_spec("jax") is not None:
        import jax

        by_step = jax.device_put(np.ascontiguousarray(draws.T))
        scan = of_jax()
        rivals["JAX's scan"] = lambda: scan(*POINT, by_step)
    results = {}
    for name, run in rivals.items():
        begun = time.process_time()
        results[name] = run()
        print(
            f"  {name:12} first call {time.process_time() - begun:6.2f} s (processor)"
        )
    found = medians(rivals, 5)
    for name, seconds in found.items():
        value, gradient = results[name]
        print(
            f"  {name:12} {seconds / rows / STEPS * 1e9:6.2f} ns a path step, "
            f"{seconds / found['ours']:5.2f} times ours   {float(value):.10f} "
            f"{[f'{x:.8f}' for x in map(float, gradient)]}"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
