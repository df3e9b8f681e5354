"""Time rivals fairly: turn by turn in one run, as ratios of medians.

A machine's speed drifts while a benchmark runs. Rivals that take turns drift together,
so the ratio of their medians holds where the times themselves do not.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable


def medians(
    rivals: dict[str, Callable[[], object]], rounds: int = 21
) -> dict[str, float]:
    """Return each rival's median time in seconds over rounds of one turn each.

    Each turn starts from a collected heap; one round goes by unmeasured.
    """
    times: dict[str, list[float]] = {name: [] for name in rivals}
    for turn in range(rounds + 1):
        for name, run in rivals.items():
            gc.collect()
            start = time.perf_counter()
            run()
            elapsed = time.perf_counter() - start
            if turn:
                times[name].append(elapsed)
    return {name: statistics.median(samples) for name, samples in times.items()}


def show(unit: str, per: float, found: dict[str, float], ours: str) -> None:
    """Print each rival's time divided by ``per`` in ns, and its ratio to ours."""
    for name, seconds in found.items():
        ratio = seconds / found[ours]
        print(f"  {name:28} {seconds / per * 1e9:12.1f} ns {unit}   {ratio:8.2f} x")
