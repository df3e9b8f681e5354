"""What does a batch cost? Against JAX, on one thread; and what do two threads bring?

- The Black-Scholes price and its five partials of 10^5 options, row by row.
- The mean squared error and gradient of an MLP 10-128-128-1 with tanh over 1,000 rows,
  and of one row: scalar code on our side, tensors on JAX's.

    python -P tests/bench/compiled_batch.py
"""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from alternating import medians
from compiled_calls import black_scholes, jax_functions
from setting import Table, one_core, show_time

OPTIONS = 100_000
SIZES = [10, 128, 128, 1]
ROWS = 1_000
REPEAT = 200  # rows of a turn


def options() -> list[Any]:
    """Return columns of spot, strike, time, rate and volatility."""
    rng = np.random.default_rng(0)
    bounds = [(50, 150), (50, 150), (0.1, 2.0), (0.0, 0.05), (0.1, 0.5)]
    return [rng.uniform(low, high, OPTIONS) for low, high in bounds]


def batched_options(table: Table) -> None:
    """Measure the options on one thread."""
    import jax

    from autograd import math, value_and_grad, vmap

    columns, all_five = options(), (0, 1, 2, 3, 4)
    ours = vmap(value_and_grad(black_scholes(math), all_five))
    theirs = jax.jit(
        jax.vmap(jax.value_and_grad(black_scholes(jax_functions()), all_five))
    )
    on_device = [jax.numpy.array(c) for c in columns]
    value, slopes = ours(*columns)
    other, others = theirs(*on_device)
    for a, b in zip([value, *slopes], [other, *others], strict=True):
        assert np.allclose(a, b, rtol=1e-9, atol=1e-9)
    times = medians(
        {
            "ours": lambda: ours(*columns),
            "JAX": lambda: jax.block_until_ready(theirs(*on_device)),
        }
    )
    for name, seconds in times.items():
        show_time(f"an option and five partials, {name}", seconds / OPTIONS)
    ratio = times["JAX"] / times["ours"]
    table.at_least("10^5 options, JAX's time / ours", ratio, 1.0, 1.5)


def layers(w: Any) -> Any:
    """Yield each layer's part of the parameters: a row for each neuron, bias last."""
    at = 0
    for n, m in pairwise(SIZES):
        yield w[at : at + m * (n + 1)].reshape(m, n + 1)
        at += m * (n + 1)


def scalar_loss(w: Any, x: Any, y: Any) -> Any:
    """Return the squared error of one row, as scalar code."""
    from autograd import math

    at, h = 0, list(x)
    for n, m in pairwise(SIZES):
        zs = []
        for _ in range(m):
            zs.append(math.sumprod(w[at : at + n], h) + w[at + n])
            at += n + 1
        h = zs if m == 1 else [math.tanh(z) for z in zs]
    return (h[0] - y) ** 2


def tensor_loss(w: Any, xs: Any, y: Any) -> Any:
    """Return the mean squared error of rows, as one writes it with tensors."""
    import jax.numpy as jnp

    h = xs
    for layer in layers(w):
        z = h @ layer[:, :-1].T + layer[:, -1]
        h = z if len(layer) == 1 else jnp.tanh(z)
    return jnp.mean((h[:, 0] - y) ** 2)


def network(table: Table) -> None:
    """Measure the network on one thread."""
    import jax

    from autograd import jit, value_and_grad, vmap

    rng = np.random.default_rng(1)
    count = sum((n + 1) * m for n, m in pairwise(SIZES))
    w = rng.normal(size=count) * 0.1
    xs, y = rng.normal(size=(ROWS, SIZES[0])), rng.normal(size=ROWS)
    of_rows = jit(value_and_grad(vmap(scalar_loss, (None, 0, 0), reduce="mean")))
    of_one = jit(value_and_grad(scalar_loss))
    theirs = jax.jit(jax.value_and_grad(tensor_loss))

    def compare(name: str, ours: Any, data: list[Any], rows: list[Any]) -> float:
        on_device = [jax.numpy.array(a) for a in (w, *rows)]
        value, gradient = ours(w, *data)
        other, slope = theirs(*on_device)
        assert abs(float(value) - float(other)) < 1e-9
        assert np.allclose(gradient, slope, rtol=1e-9, atol=1e-12)
        repeat = max(1, REPEAT // len(rows[0]))

        def turn(step: Any) -> Any:
            def run() -> None:
                for _ in range(repeat):
                    step()

            return run

        times = medians(
            {
                "ours": turn(lambda: ours(w, *data)),
                "JAX": turn(lambda: jax.block_until_ready(theirs(*on_device))),
            }
        )
        for whose, seconds in times.items():
            what = f"loss and gradient of {count:,} weights, {name}"
            show_time(f"{what}, {whose}", seconds / repeat)
        return times["ours"] / times["JAX"]

    ratio = compare("1,000 rows", of_rows, [xs, y], [xs, y])
    table.at_most("MLP 10-128-128-1, our time / JAX's", ratio, 2.0, 1.0)
    ratio = compare("one row", of_one, [xs[0], float(y[0])], [xs[:1], y[:1]])
    table.at_most("the same of one row, our time / JAX's", ratio, 1.0)


def two_threads(table: Table) -> None:
    """Measure what a second core brings to the options."""
    from autograd import math, value_and_grad, vmap
    from autograd.compiler.calls.vmap_runner import threads

    columns = options()
    ours = vmap(value_and_grad(black_scholes(math), (0, 1, 2, 3, 4)))

    def on(n: int) -> Any:
        def run() -> None:
            threads(n)  # which starts threads anew, hence the turns of many calls
            for _ in range(20):
                ours(*columns)

        return run

    times = medians({"one": on(1), "two": on(2)}, rounds=11)
    ratio = times["one"] / times["two"]
    table.at_least("10^5 options, one thread's time / two's", ratio, 1.8)


def main() -> None:
    """Print the table."""
    from autograd.compiler.calls.vmap_runner import threads

    table = Table()
    if len(os.sched_getaffinity(0)) > 1:
        two_threads(table)
    threads(1)
    one_core()
    batched_options(table)
    network(table)
    table.show()


if __name__ == "__main__":
    main()
