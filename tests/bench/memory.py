"""What does a node weigh, and do large graphs and the collector stay cheap?

Prints, beside the figures that the project set itself, as ratios within one run:

- the memory of a node, from the growth of the process over a chain of 10⁶ nodes;
- the time of a node (built, walked, freed) at 3·10⁶ nodes against 10³;
- a graph of 60,000 nodes made and dropped 100 times, collector on against off;
- the time of ``import autograd`` in a new process.

    python -P tests/bench/memory.py
"""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from alternating import medians

import autograd
from autograd import Value

SMALL, LARGE, CHAIN = 1_000, 3_000_000, 1_000_000


def chain(nodes: int) -> Value:
    """Return the end of a chain of that many nodes."""
    x = y = Value(0.5)
    for _ in range(nodes // 2):
        y = y * 0.999
        y = y + x
    return y


def work(nodes: int, repeat: int = 1) -> None:
    """Build a chain, walk it and free it."""
    for _ in range(repeat):
        chain(nodes).backward()


def resident() -> int:
    """Return the bytes of memory that this process occupies (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def line(what: str, found: float, unit: str, at_most: float, stretch: float) -> None:
    """Print one figure beside what it should be."""
    verdict = "reached" if found <= at_most else "MISSED"
    print(f"  {what:52} {found:8.2f} {unit:6} {verdict} ({at_most:g}; {stretch:g})")


def bytes_a_node() -> float:
    """Return how much the process grows for each node of a chain."""
    chain(1000)
    gc.collect()
    before = resident()
    y = chain(CHAIN)
    after = resident()
    assert y.data > 0.0
    return (after - before) / CHAIN


def times_a_node() -> tuple[float, float]:
    """Return the time of a node in small graphs and in one large, turn by turn."""
    rivals: dict[str, Callable[[], object]] = {
        "small": lambda: work(SMALL, 1000),
        "large": lambda: work(LARGE),
    }
    found = medians(rivals, rounds=5)
    return found["small"] / (1000 * SMALL), found["large"] / LARGE


def collector() -> float:
    """Return the time with the garbage collector on, against off."""

    def switched_off() -> None:
        gc.disable()
        try:
            work(60_000, 20)
        finally:
            gc.enable()

    # Five rounds of twenty graphs each: a hundred of them with, a hundred without.
    found = medians({"on": lambda: work(60_000, 20), "off": switched_off}, rounds=5)
    return found["on"] / found["off"]


def import_time() -> float:
    """Return the median seconds that the import adds to a new process."""
    code = (
        "import time; t = time.perf_counter(); import autograd;"
        "print(time.perf_counter() - t)"
    )
    command = [sys.executable, "-P", "-c", code]
    times = [
        float(
            subprocess.run(command, capture_output=True, text=True, check=True).stdout
        )
        for _ in range(15)
    ]
    return statistics.median(times)


def main() -> None:
    """Print one line a figure: what was found, at least, and the stretch."""
    print(f"autograd is {'compiled' if autograd.COMPILED else 'interpreted'}")
    line("memory a node, chain of 10^6", bytes_a_node(), "bytes", 120, 96)
    start = time.perf_counter()
    small, large = times_a_node()
    print(f"  a node at 10^3: {small * 1e9:.0f} ns, at 3*10^6: {large * 1e9:.0f} ns")
    line("time a node, 3*10^6 nodes against 10^3", large / small, "times", 2.5, 1.5)
    line("60,000 nodes, collector on against off", collector(), "times", 1.05, 1.0)
    line("import autograd", import_time() * 1e3, "ms", 60, 30)
    print(f"  measured in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
