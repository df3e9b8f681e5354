"""Do the first call and the replay stay in proportion to a program's length?

Two programs of any length: a *chain*, in which each operation needs the one before, and
so nothing repeats side by side; and a *sum* over data rows written out, (a*x + b - y)
squared for each row, as a loop over data in Python becomes. Value and gradient of both,
of two floats; for an operation of the function, the time of the first call, of those
that follow it, and of a replay: a call when machine code has run so often that it was
made better.

    python -P tests/bench/compiled_growth.py
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from operations import chain
from setting import Table, one_core

from autograd import jit, value_and_grad

FIRST = (100, 1_000, 10_000, 100_000)
REPLAY = (*FIRST, 1_000_000)
POINT = (0.999, 0.5)
LONG = 1_000  # operations, beside which a call itself takes nothing
GOOD = 40  # calls after which machine code of a million operations is good


def links(operations: int) -> Callable[..., Any]:
    """Return a function of so many operations, one after the other."""
    return lambda a, b: chain(b, a, operations)


def rows(operations: int) -> Callable[..., Any]:
    """Return a function of so many operations, five for each of some data rows."""
    data = [(k % 97 / 97.0, k % 89 / 89.0) for k in range(operations // 5)]

    def f(a: Any, b: Any) -> Any:
        total = 0.0
        for x, y in data:
            residual = a * x + b - y
            total = total + residual * residual
        return total

    return f


def timed(run: Callable[[], object], repeat: int) -> float:
    """Return the median of some turns, in seconds a call."""
    turns = []
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(repeat):
            run()
        turns.append((time.perf_counter() - start) / repeat)
    return statistics.median(turns)


def measure(
    f: Callable[..., Any], operations: int
) -> tuple[float, float, Callable[[], object]]:
    """Return the seconds for each operation of first calls, and what replays.

    That is the first call, those that follow it, and the call itself when it is good.
    """
    compiled = jit(value_and_grad(f, (0, 1)))

    def run() -> object:
        return compiled(*POINT)

    start = time.perf_counter()
    run()
    first = time.perf_counter() - start
    soon = timed(run, 1)
    for _ in range(max(GOOD, 3_000_000 // operations)):
        run()
    return first / operations, soon / operations, run


def main() -> None:
    """Print the table."""
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else REPLAY[-1]
    one_core()
    table = Table()
    measure(links(100), 100)  # loads LLVM
    for name, make in (("chain", links), ("rows", rows)):
        firsts, soons, runs = {}, {}, {}
        for n in REPLAY:
            if n > largest:
                break
            tries = [measure(make(n), n) for _ in range(5 if n <= 1_000 else 1)]
            firsts[n] = statistics.median(first for first, _, _ in tries)
            soons[n] = statistics.median(soon for _, soon, _ in tries)
            runs[n] = tries[-1][2]
        turns: dict[int, list[float]] = {n: [] for n in runs}
        for _ in range(7):  # in turns: a machine's speed drifts
            for n, run in runs.items():
                turns[n].append(timed(run, max(1, 30_000 // n)) / n)
        replays = {n: statistics.median(found) for n, found in turns.items()}
        for n in runs:
            print(
                f"    {name:6} {n:>9,} operations: first call {firsts[n] * 1e6:8.1f} "
                f"us each, soon after {soons[n] * 1e9:8.2f} ns, replay "
                f"{replays[n] * 1e9:8.2f} ns each"
            )
        asked = [firsts[n] for n in FIRST if n in firsts]
        growth = max(asked) / asked[0]
        table.at_most(f"first call, {name}: worst / at 100", growth, 2.0)
        growth = max(replays.values()) / replays[100]
        table.at_most(f"replay, {name}: worst / at 100", growth, 1.3, 1.0)
        growth = max(x for n, x in replays.items() if n >= LONG) / replays[LONG]
        table.at_most(f"replay, {name}: worst / at {LONG:,}", growth, 1.3, 1.0)
    table.show()


if __name__ == "__main__":
    main()
