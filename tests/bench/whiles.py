"""Loops whose end is data: how many programs they take, and how fast rows are.

Newton's root, Mandelbrot's escape time, an adaptive Runge-Kutta step: values and
gradients of 10,000 rows, with JAX's `while_loop` under its `vmap` beside, where it is
installed (it has no gradient of a `while_loop`: that is of a `fori_loop` with masks).
Then a friction factor by fixed point, one row a call: what a call takes on average, the
first one and its compilation included, against the eager engine.

    python -P tests/bench/whiles.py
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from alternating import medians, show
from setting import one_core

from autograd import jit, lift, value_and_grad, vmap

ROWS = 10_000
CALLS = 1_000
MOST = 50  # turns of Mandelbrot
TOLERANCE = 1e-4


def newton(a: float) -> float:
    """Return a square root."""
    x = a
    while abs(x * x - a) > 1e-12 * a:
        x = x - (x * x - a) / (2.0 * x)
    return x


def mandelbrot(a: float, b: float) -> float:
    """Return a smooth escape time."""
    x = y = 0.0
    n = 0
    while n < MOST and x * x + y * y <= 16.0:
        x, y = x * x - y * y + a, 2.0 * x * y + b
        n += 1
    return n - x * x - y * y


def runge_kutta(a: float) -> float:
    """Return y(1) of y' = -a y², with steps as large as the tolerance allows."""
    t, y, h = 0.0, 1.0, 0.1
    while t < 1.0:
        h = min(h, 1.0 - t)
        k1 = -a * y * y
        k2 = -a * (y + h * k1) * (y + h * k1)
        error = abs(h * (k2 - k1) / 2.0)
        if error <= TOLERANCE:
            t, y = t + h, y + h * (k1 + k2) / 2.0
        h = h * min(2.0, max(0.3, 0.9 * math.sqrt(TOLERANCE / (error + 1e-300))))
    return y


def colebrook(reynolds: float, roughness: float) -> float:
    """Return a friction factor by fixed point."""
    x = 8.0
    while True:
        new = -2.0 * math.log10(roughness / 3.7 + 2.51 * x / reynolds)
        if abs(new - x) <= 1e-15 * abs(new):
            break
        x = new
    return 1.0 / x**2


def rows_of(name: str) -> list[Any]:
    """Return columns of random rows."""
    random = np.random.default_rng(5)
    if name == "mandelbrot":
        return [random.uniform(-2.0, 0.6, ROWS), random.uniform(-1.2, 1.2, ROWS)]
    return [random.uniform(0.5, 20.0, ROWS)]


def measure(f: Callable[..., float], rivals: Any) -> None:
    """Print programs, the first call, and the times of value and gradient."""
    columns = rows_of(f.__name__)
    by = tuple(range(len(columns)))
    for what, g in (("value", f), ("gradient", value_and_grad(f, by))):
        run = vmap(g)
        start = time.perf_counter()
        found = run(*columns)
        first = time.perf_counter() - start
        for _ in range(30):
            run(*columns)  # what is called often is compiled with more care
        rival = rivals and rivals.made(f.__name__, what)
        turns: dict[str, Callable[[], object]] = {"ours": lambda run=run: run(*columns)}
        if rival:
            theirs = rival(*columns)
            error = np.nanmax(np.abs(np.asarray(_first(theirs)) - _first(found)))
            print(f"  largest difference {error:.1e}")
            turns["jax"] = lambda rival=rival: rival(*columns)
        print(
            f"{f.__name__}, {what}: {len(run.programs)} program(s), first {first:.2f} s"
        )
        show("a row", ROWS, medians(turns, 11), "ours")


def _first(found: Any) -> Any:
    return found[0] if isinstance(found, tuple) else found


def calls() -> None:
    """Print what a call of different rows takes on average, eagerly and compiled."""
    random = np.random.default_rng(3)
    rows = [
        (10.0 ** random.uniform(4, 7), 10.0 ** random.uniform(-6, -2))
        for _ in range(CALLS)
    ]
    slopes = value_and_grad(colebrook, (0, 1))
    eager = value_and_grad(lift(colebrook), (0, 1))
    compiled = jit(slopes)
    took = {}
    for name, run in (("eager", eager), ("compiled", compiled)):
        start = time.perf_counter()
        for row in rows:
            run(*row)
        took[name] = time.perf_counter() - start
    print(f"colebrook, {CALLS} rows by jit: {len(compiled.programs)} program(s)")
    print(f"  eager {took['eager'] / CALLS * 1e6:.0f} us a call")
    print(f"  compiled {took['compiled'] / took['eager']:.3f} times that")


def main() -> None:
    """Print all figures."""
    one_core()
    rivals = None
    if find_spec("jax"):
        import whiles_rivals as rivals
    for f in (newton, mandelbrot, runge_kutta):
        measure(f, rivals)
    calls()


if __name__ == "__main__":
    main()
