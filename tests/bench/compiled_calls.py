"""What does calling a compiled function of a few floats cost? Against CasADi and JAX.

- The value and gradient of a chain of 800 operations `* + - *` over two variables,
  against a CasADi Function (SX, value and gradient in one) called through its buffers,
  which is the fastest way that it has of being called from Python.
- The Black-Scholes price and its five partials, from five floats, against JAX.

    python -P tests/bench/compiled_calls.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from alternating import medians
from operations import chain
from setting import Table, one_core, show_time

OPERATIONS = 800
POINT = (1.5, 0.99)
OPTION = (100.0, 95.0, 0.75, 0.03, 0.25)


def black_scholes(maths: Any) -> Any:
    """Return the price of a call, by a module that has log, sqrt, exp and erf."""

    def price(spot: Any, strike: Any, years: Any, rate: Any, sigma: Any) -> Any:
        root = sigma * maths.sqrt(years)
        drift = (rate + 0.5 * sigma * sigma) * years
        d1 = (maths.log(spot / strike) + drift) / root
        discount = maths.exp(-rate * years)
        return spot * _phi(maths, d1) - strike * discount * _phi(maths, d1 - root)

    return price


def _phi(maths: Any, x: Any) -> Any:
    return 0.5 * (1.0 + maths.erf(x * 0.7071067811865476))


def jax_functions() -> Any:
    """Return JAX's functions under the names of Python's."""
    import jax
    import jax.numpy as jnp

    class Maths:
        log, sqrt, exp, erf = jnp.log, jnp.sqrt, jnp.exp, jax.scipy.special.erf

    return Maths


def casadi_chain() -> Any:
    """Return a call of CasADi's function, and where its results are."""
    import casadi
    import numpy as np

    xs = casadi.SX.sym("x", len(POINT))
    y = chain(*casadi.vertsplit(xs), OPERATIONS)
    function = casadi.Function("f", [xs], [y, casadi.gradient(y, xs)])
    buffer, run = function.buffer()
    point, value, gradient = np.array(POINT), np.zeros(1), np.zeros(len(POINT))
    buffer.set_arg(0, memoryview(point))
    buffer.set_res(0, memoryview(value))
    buffer.set_res(1, memoryview(gradient))
    return run, (point, value, gradient, function, buffer)


def against_casadi(table: Table) -> None:
    """Measure the chain."""
    from autograd import jit, value_and_grad

    ours = jit(value_and_grad(lambda x, w: chain(x, w, OPERATIONS), (0, 1)))
    run, kept = casadi_chain()
    run()
    value, gradient = ours(*POINT)
    for a, b in zip([value, *gradient], [*kept[1], *kept[2]], strict=True):
        assert abs(a - b) < 1e-9 * max(abs(a), 1.0), (a, b)
    repeat = 2000

    def our_turn() -> None:
        for _ in range(repeat):
            ours(*POINT)

    def casadi_turn() -> None:
        for _ in range(repeat):
            run()

    times = medians({"ours": our_turn, "CasADi": casadi_turn})
    for name, seconds in times.items():
        show_time(f"an operation of 800, {name}", seconds / repeat / OPERATIONS)
    ratio = times["CasADi"] / times["ours"]
    table.at_least("chain of 800, CasADi's time / ours", ratio, 8.0, 15.0)


def against_jax(table: Table) -> None:
    """Measure the option."""
    import jax

    from autograd import jit, math, value_and_grad

    all_five = (0, 1, 2, 3, 4)
    ours = jit(value_and_grad(black_scholes(math), all_five))
    theirs = jax.jit(jax.value_and_grad(black_scholes(jax_functions()), all_five))
    value, gradient = ours(*OPTION)
    other, slopes = theirs(*OPTION)
    for a, b in zip([value, *gradient], [other, *slopes], strict=True):
        assert abs(a - float(b)) < 1e-9 * max(abs(a), 1.0), (a, b)
    repeat = 2000

    def our_turn() -> None:
        for _ in range(repeat):
            ours(*OPTION)

    def jax_turn() -> None:
        for _ in range(repeat):
            jax.block_until_ready(theirs(*OPTION))

    times = medians({"ours": our_turn, "JAX": jax_turn})
    for name, seconds in times.items():
        show_time(f"price and five partials, {name}", seconds / repeat)
    ratio = times["JAX"] / times["ours"]
    table.at_least("a small call, JAX's time / ours", ratio, 5.0, 15.0)


def main() -> None:
    """Print the table."""
    table = Table()
    one_core()
    against_casadi(table)
    against_jax(table)
    table.show()


if __name__ == "__main__":
    main()
