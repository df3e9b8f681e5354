"""lower: a Program becomes machine code, with loops where the code repeats itself.

Where a program has loops (`autograd.compiler.loop`), so has its machine code. In
straight code, each instruction in code of its own would take LLVM seconds and minutes.
But such code repeats itself, too: a layer is many sums of products of the same length,
none of which needs another. Such instructions are grouped
(`autograd.compiler.schedule`), and LLVM gets a loop with tables of where the operands
are. What does not repeat is written out, in functions of limited length, so that LLVM's
time stays proportional to the length of the code.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograd.collector import waiting
from autograd.compiler.element import Element
from autograd.compiler.machine import host
from autograd.compiler.machine.flat import flattened
from autograd.compiler.machine.functions import write_single
from autograd.compiler.machine.rolled import write_with_loops
from autograd.compiler.machine.rolled_rows import write_rows_with_loops
from autograd.compiler.machine.rows import write_batch
from autograd.compiler.machine.spellings import CORE
from autograd.compiler.machine.text import Module
from autograd.compiler.passes.checkpoints import checkpoints
from autograd.compiler.passes.exits import Exit, exits_shown
from autograd.compiler.passes.pipeline import machine_passes, run
from autograd.compiler.program import Program
from autograd.compiler.schedule.layout import Layout
from autograd.compiler.schedule.plan import Plan

WRITTEN = 60  # letters for each instruction, where code is written out
LITTLE = 60_000  # letters: some hundredths of a second at leisure
WORTH = 400  # instructions performed, for each letter of the text, that quick code gets


@dataclass(frozen=True)
class Code:
    """A program's machine code, with all that must live as long.

    Attributes:
        program: what is computed, in primitives that the machine has.
        layout: the memory that the functions need.
        module: the functions' text, and Python's functions that they call.
        engine: LLVM's, which holds the code.
        given: what a function with loops is handed: its whole numbers, and its tables.
        calls: after how many calls it is worth making better, None if it is good.

    """

    program: Program
    layout: Layout
    module: Module
    engine: Any
    given: tuple[Any, ...] = ()
    calls: int | None = None

    @property
    def data(self) -> int:
        """The address of what the function is handed, 0 if it is nothing."""
        return ctypes.addressof(self.given[0]) if self.given else 0

    def address(self, name: str = "run") -> int:
        """Return a function's address."""
        found: int = self.engine.get_function_address(name)
        return found

    def better(self) -> Code:
        """Return the same code, made at leisure: it runs faster, to the same bits."""
        return replace(self, engine=host.build(str(self.module)), calls=None)


def lower(plan: Plan) -> Module:
    """Return a plan's functions in LLVM's assembly: for single numbers, or for rows."""
    module = Module()
    (write_single if plan.rows is None else write_batch)(module, plan)
    return module


@waiting()
def compile_native(
    program: Program, rows: Sequence[int] | None = None, *, reduce: bool = False
) -> Code:
    """Return a program as machine code.

    Args:
        program: what is to be computed.
        rows: which of the inputs are different for each row; None if there are no rows.
        reduce: whether results are summed over the rows.

    Raises:
        ImportError: if llvmlite is not installed, or cannot be used here.

    """
    host.machine()
    width = host.lanes()
    core = run(machine_passes(CORE), program)
    if core.has_loops:
        leaves = exits_shown(program, core)
        if rows is not None:
            return _rows_with_loops(core, leaves, rows, reduce=reduce)
        return _with_loops(flattened(core, width), leaves)
    plan = Plan(core, width, rows, reduce=reduce)
    module = lower(plan)
    text = str(module)
    if rows is not None or not _is_written_out(core, text):
        return Code(core, plan.layout, module, host.build(text))
    engine = host.build(text, quickly=True)
    return Code(core, plan.layout, module, engine, calls=calls_for(text, core))


def _is_written_out(program: Program, text: str) -> bool:
    """Return whether most of a program is no loops over like instructions.

    Such loops are vectors and few letters; made quickly, they gain little and run long.
    Neither is there much to gain where there is little code.
    """
    calls = any(isinstance(s.primitive.value, Element) for s in program.straight)
    return not calls and len(text) > max(LITTLE, WRITTEN * program.performed)


def calls_for(text: str, program: Program) -> int:
    """Return how many calls code that was made quickly is good for.

    What these take longer is then about what it takes to make it better. Calls are
    counted, nothing is timed, so that a program runs the same way each time.
    """
    return 1 + WORTH * len(text) // max(1, program.performed)


def _rows_with_loops(
    core: Program, leaves: dict[int, Exit], rows: Sequence[int], *, reduce: bool
) -> Code:
    """Return a program that has loops as machine code for rows."""
    module = Module()
    lanes = host.lanes()
    cuts = checkpoints(core, host.cache_size() / lanes, leaves)
    layout = write_rows_with_loops(
        module, core, leaves, cuts, lanes, rows, reduce=reduce
    )
    return Code(core, layout, module, host.build(str(module)))


def _with_loops(core: Program, leaves: dict[int, Exit]) -> Code:
    """Return a program that has loops as machine code for single numbers."""
    module = Module()
    engine, written = write_with_loops(module, core, leaves)
    layout = Layout(uniform=written.room)
    whole = (ctypes.c_int64 * len(written.data))(*written.data)
    given = (whole, *written.tables)
    calls = calls_for(str(module), core)
    return Code(core, layout, module, engine, given, calls)
