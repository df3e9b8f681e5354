"""What the benchmarks of compiled functions share: one core, C by hand, and a table.

Import this before numpy and jax: it sets how many threads they may start.
"""

from __future__ import annotations

import ctypes
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
)
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

FLAGS = ("-O3", "-march=native", "-shared", "-fPIC")
HEAD = ("figure", "asked", "stretch", "measured", "")


def one_core() -> None:
    """Keep this process, rivals and all, on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def c_library(source: str) -> ctypes.CDLL:
    """Compile a file beside this one with `cc -O3 -march=native`, and load it."""
    folder = tempfile.mkdtemp()
    target = str(Path(folder) / "rival.so")
    path = str(Path(__file__).with_name(source))
    subprocess.run(["cc", *FLAGS, path, "-o", target, "-lm"], check=True)
    return ctypes.CDLL(target)


def pointer(array: Any) -> ctypes.c_void_p:
    """Return an array's address."""
    return ctypes.c_void_p(array.ctypes.data)


def fresh(file: str, *arguments: str) -> float:
    """Run a benchmark's file in a new process; return the number it prints last."""
    command = [sys.executable, "-P", file, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def show_time(what: str, seconds: float) -> None:
    """Print a time."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9)):
        if seconds >= size or unit == "ns":
            print(f"    {what:44} {seconds / size:10.1f} {unit}")
            return


class Table:
    """Figures beside what was asked of them."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, ...]] = []

    def at_most(
        self, what: str, found: float, asked: float, stretch: float = math.nan
    ) -> None:
        """Enter a figure that is to be small."""
        self._enter(what, found, asked, stretch, met=found <= asked, word="<=")

    def at_least(
        self, what: str, found: float, asked: float, stretch: float = math.nan
    ) -> None:
        """Enter a figure that is to be large."""
        self._enter(what, found, asked, stretch, met=found >= asked, word=">=")

    def _enter(
        self,
        what: str,
        found: float,
        asked: float,
        stretch: float,
        *,
        met: bool,
        word: str,
    ) -> None:
        beyond = "" if math.isnan(stretch) else f"{word} {stretch:g}"
        verdict = "reached" if met else "MISSED"
        self.rows.append((what, f"{word} {asked:g}", beyond, f"{found:.2f}", verdict))

    def show(self) -> None:
        """Print the table."""
        for what, asked, stretch, measured, verdict in [HEAD, *self.rows]:
            print(f"  {what:58} {asked:>8} {stretch:>8} {measured:>9}  {verdict}")
