"""vmap_runner: one Program for many rows, in lanes, blocks and threads.

A batch's rows are cut into pieces whose size depends on the program and the number of
rows alone. Each piece's sums are computed by whatever thread comes, and added in the
pieces' order, so that the result has the same bits for any number of threads.
"""

from __future__ import annotations

import ctypes
import math
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from functools import cache
from typing import Any

from autograd.compiler import room
from autograd.compiler.calls.building import building, once
from autograd.compiler.calls.native import address_of
from autograd.compiler.machine.ask import listening, taken
from autograd.compiler.machine.lower import compile_native
from autograd.compiler.passes.pipeline import GUARD, run
from autograd.compiler.program import Guard, Program
from autograd.compiler.targets import compile_numpy

PIECE = 400_000  # operations of a piece: some tenths of a millisecond
FLOAT = 8  # bytes
LITTLE = 2**26  # bytes that are taken without asking how many are free

MSG_MEMORY = (
    "{0} on {1:,} rows takes {2:,} MB for its results and {3:,} MB to work in; {4:,} "
    "MB are free. If it is the results, map fewer rows at a time, or have them summed "
    "(reduce='sum'). If it is the work, which goes by the steps of one row, map the "
    "function of some steps and call it in a loop"
)

_threads = [0]
_pools: list[ThreadPoolExecutor] = []


def threads(n: int | None = None) -> int:
    """Return how many threads batches use; set it, if n is given.

    Args:
        n: a positive number; 0 for as many as there are processors, or no more than the
            environment's OMP_NUM_THREADS, by which Dask, joblib and Ray have workers
            share a machine.

    >>> threads()  # doctest: +SKIP
    2

    """
    if n is not None:
        if not isinstance(n, int) or isinstance(n, bool) or n < 0:
            message = f"the number of threads is an int from 0 on, not {n!r}"
            raise ValueError(message)
        _threads[0] = n
        _pools.clear()
    if _threads[0]:
        return _threads[0]
    if hasattr(os, "sched_getaffinity"):
        processors = len(os.sched_getaffinity(0))
    else:
        processors = os.cpu_count() or 1
    return min(processors, _bound() or processors)


@cache
def _bound() -> int:
    """Return what the environment bounds threads by, 0 if by nothing."""
    first, _, _ = os.environ.get("OMP_NUM_THREADS", "").partition(",")
    return int(first) if first.strip().isdecimal() else 0


def _pool() -> ThreadPoolExecutor:
    """Return the threads that help; one that is not kept ends when it has worked."""
    if not _pools:
        _pools.append(ThreadPoolExecutor(threads(), thread_name_prefix="autograd"))
    return _pools[-1]


if hasattr(os, "register_at_fork"):  # a child has none of its parent's threads
    os.register_at_fork(after_in_child=_pools.clear)


class Together:
    """Work that some threads do at once, each until nothing is left.

    A thread that is late finds the work closed: whoever asked waits for no more than
    those that have begun. Where no thread can be started, as when Python exits or the
    system has no more, one thread does it all.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        self.work = work
        self.lock = threading.Lock()
        self.is_closed = False
        self.begun: list[threading.Event] = []

    def run(self, helpers: int) -> None:
        """Do the work, with the help of so many threads."""
        for _ in range(helpers):
            try:
                _pool().submit(self._help)
            except RuntimeError:
                break
        try:
            self.work()
        finally:
            with self.lock:
                self.is_closed = True
        for done in self.begun:
            done.wait()

    def _help(self) -> None:
        done = threading.Event()
        with self.lock:
            if self.is_closed:
                return
            self.begun.append(done)
        try:
            self.work()
        finally:
            done.set()


class Columns:
    """The rows of some arrays, as machine code reads them.

    Args:
        arrays: of the same length; what follows the first axis is laid out flat.

    """

    def __init__(self, arrays: Sequence[Any]) -> None:
        import numpy as np

        n = len(arrays[0])
        self.arrays = [
            np.ascontiguousarray(a, dtype=np.float64).reshape(n, -1) for a in arrays
        ]
        self.height = n
        addresses, strides = [], []
        for a in self.arrays:
            start, width = address_of(a), a.shape[1]
            addresses += [start + 8 * k for k in range(width)]
            strides += [width] * width
        self.addresses = np.array(addresses, dtype=np.uint64)
        self.strides = np.array(strides, dtype=np.int64)

    def take(self, rows: Any) -> Columns:
        """Return some of the rows."""
        return Columns([a[rows] for a in self.arrays])

    def row(self, i: int) -> list[float]:
        """Return one row as floats."""
        return [x for a in self.arrays for x in a[i].tolist()]


class BatchRunner:
    """A program compiled for rows.

    Args:
        program: the program.
        rows: which of its inputs are different for each row.
        reduce: whether its outputs are summed over the rows.

    """

    def __init__(self, program: Program, rows: Sequence[int], *, reduce: bool) -> None:
        if not reduce:  # a row's results are to be finite; of a sum that shows
            finite = [Guard("finite", x, x) for x in program.outputs]
            program = program.replace(guards=(*program.guards, *finite))
        self.program = program
        self.rows = tuple(rows)
        self.reduce = reduce
        self.function: Any = None
        of_rows = set(rows)
        self.shared = [i for i in range(len(program.inputs)) if i not in of_rows]
        with suppress(ImportError):  # then NumPy does it
            self._compile()

    def _compile(self) -> None:
        with building():
            code = compile_native(self.program, self.rows, reduce=self.reduce)
        self.code, self.layout, self.address = code, code.layout, code.address()
        word, pointer = ctypes.c_int64, ctypes.c_void_p
        self.function = ctypes.CFUNCTYPE(
            ctypes.c_int,
            *[pointer, word, word, pointer, pointer, pointer],
            *[word, pointer, word, pointer, pointer],
        )(code.address("run_pieces"))
        self.weight = 1 + 2 * code.program.performed

    def run(self, shared: Sequence[float], columns: Columns) -> tuple[Any, Any]:
        """Return the outputs, and for each row whether the program was right for it.

        Returns:
            An array of a number for each output if they are summed, else of a row for
            each output and a column for each row; and an array of bools, or None if
            all is right. A row with a result that is not finite is not right.

        """
        import numpy as np

        if self.function is None:
            return self._interpret(shared, columns)
        n, block = columns.height, self.layout.block
        size = block * max(1, round(PIECE / (self.weight * block)))
        count = -(-n // size)
        height = -(-n // block) * block
        m = len(self.program.outputs)
        shape = (count, m) if self.reduce else (m, height)
        helpers = self._threads(count, n, FLOAT * math.prod(shape) + height)
        out = np.empty(shape)
        flags = np.empty(height, dtype=np.uint8)
        flags.fill(1)

        following = ctypes.c_int64(0)
        fine: list[bool] = []
        errors: list[BaseException] = []

        def work() -> None:
            """Compute pieces as long as there are any.

            What it works on stays alive with it, even if who asked is interrupted.
            """
            u = np.empty(max(1, self.layout.uniform))
            u[: len(shared)] = shared
            v = np.empty(self.layout.room)
            pieces = ctypes.addressof(following), size, m if self.reduce else 0
            rows = address_of(columns.addresses), address_of(columns.strides), n
            results = address_of(out), height, address_of(flags)
            memory = address_of(u), *rows, *results, address_of(v)
            try:
                with listening() if self.code.module.asks else nullcontext():
                    fine.append(bool(self.function(*pieces, *memory)))
                error = taken()
            except BaseException as raised:  # noqa: BLE001 - who asked raises it
                error = raised
            if error is not None:
                errors.append(error)
                if self._is_raised(error):
                    following.value = n  # the others need not go on

        Together(work).run(helpers - 1)
        for error in sorted(errors, key=lambda error: isinstance(error, Exception)):
            if self._is_raised(error):  # an interruption first
                raise error
        if not all(fine):
            flags[:] = 0
        right = None if flags[:n].all() else flags[:n].astype(bool)
        return (out.sum(axis=0) if self.reduce else out[:, :n]), right

    def _threads(self, pieces: int, rows: int, results: int) -> int:
        """Return how many threads are to work: no more than there is memory for.

        Raises:
            MemoryError: if there is not even enough for one.

        """
        most = min(threads(), pieces)
        each = FLOAT * (self.layout.uniform + self.layout.room)
        if results + most * each <= LITTLE:
            return most
        free = room.free()
        if free is None:
            return most
        if results + each > free:
            sizes = [x // 10**6 for x in (results, each, free)]
            raise MemoryError(MSG_MEMORY.format(self.program.name, rows, *sizes))
        return min(most, (free - results) // each)

    def _is_raised(self, error: BaseException) -> bool:
        """Return whether an error in machine code is one of the whole call.

        A program without outputs only tells which rows are right for it. An error in it
        may be on a way that Python does not go; the row then counts as not right.
        """
        return bool(self.program.outputs) or not isinstance(error, Exception)

    @once
    def _numpy(self) -> Any:
        """The program as NumPy source, where there is no machine code."""
        return compile_numpy(run(GUARD, self.program), guards=True)

    def _interpret(self, shared: Sequence[float], columns: Columns) -> tuple[Any, Any]:
        import numpy as np

        inputs: list[Any] = [None] * len(self.program.inputs)
        for i, x in zip(self.shared, shared, strict=True):
            inputs[i] = x
        rows = np.concatenate(columns.arrays, axis=1).T
        for i, row in zip(self.rows, rows, strict=True):
            inputs[i] = row
        outputs, holds = self._numpy(*inputs)
        n = columns.height
        out = np.empty((len(outputs), n))
        for k, y in enumerate(outputs):
            out[k] = y
        flags = np.broadcast_to(holds, n)
        total = out.sum(axis=1) if self.reduce else out
        return total, None if flags.all() else flags
