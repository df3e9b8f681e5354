"""Do gradients over long time, mapped over rows, stay as fast as over short time?

An ensemble of Lorenz systems, each with parameters of its own, by Runge-Kutta steps:
value and gradient of each. What a gradient keeps of 1,000 steps of a few rows fits into
the second-level cache, of 10,000 it does not: then checkpoints are kept, and segments
run again. The time of a row's step, with that and without, against JAX's `scan` if it
is installed, and how many numbers there are to work in.

    python -P tests/bench/ensembles.py [steps ...]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from alternating import medians
from loops import lorenz
from setting import one_core

from autograd import value_and_grad, vmap
from autograd.compiler.machine import lower

ROWS = 64


def ensemble(steps: int, points: Any) -> tuple[Callable[[], Any], int]:
    """Return what computes all, and how many numbers a row has to work in."""
    batch = vmap(value_and_grad(lorenz(steps), (0, 1, 2)), (0, 0, 0))
    batch(*points)
    (variant,) = next(iter(batch.variants.values()))
    layout = variant.runner(partials=False, reduce=False).layout
    return (lambda: batch(*points)), layout.varying


def remembering(steps: int, points: Any) -> tuple[Callable[[], Any], int]:
    """Return the same without checkpoints."""
    cut = lower.checkpoints
    lower.checkpoints = lambda *_: []
    try:
        return ensemble(steps, points)
    finally:
        lower.checkpoints = cut


def of_jax(steps: int, points: Any) -> Callable[[], Any]:
    """Return the same by JAX."""
    import jax
    import jax.numpy as jnp

    def last(p: Any, r: Any, b: Any) -> Any:
        def slope(s: Any) -> Any:
            x, y, z = s
            return jnp.stack([p * (y - x), x * (r - z) - y, x * y - b * z])

        def step(s: Any, _: Any) -> Any:
            k1 = slope(s)
            k2 = slope(s + 0.005 * k1)
            k3 = slope(s + 0.005 * k2)
            k4 = slope(s + 0.01 * k3)
            return s + 0.01 / 6 * (k1 + 2 * k2 + 2 * k3 + k4), None

        return jax.lax.scan(step, jnp.ones(3), length=steps)[0][0]

    compiled = jax.jit(jax.vmap(jax.value_and_grad(last, (0, 1, 2))))
    given = [jnp.asarray(x) for x in points]
    return lambda: jax.block_until_ready(compiled(*given))


def main(*lengths: int) -> None:
    """Print the figures."""
    import numpy as np

    one_core()
    rng = np.random.default_rng(0)
    points = [x + 0.1 * rng.random(ROWS) for x in (10.0, 0.5, 2.5)]
    for steps in lengths or (1_000, 10_000):
        ours, numbers = ensemble(steps, points)
        before, all_numbers = remembering(steps, points)
        rivals = {"ours": ours, "without checkpoints": before}
        if find_spec("jax") is not None:
            rivals["JAX's scan"] = of_jax(steps, points)
        print(
            f"{steps:,} steps of {ROWS} rows: {numbers:,} numbers, of {all_numbers:,}"
        )
        found = medians(rivals, 7)
        for name, seconds in found.items():
            print(
                f"  {name:20} {seconds / ROWS / steps * 1e9:7.2f} ns a step of a row, "
                f"{seconds / found['ours']:6.2f} times ours"
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
