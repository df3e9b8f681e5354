"""lower: a Program becomes machine code, with loops where the code repeats itself.

A program has no loops, so code of its own length for each of its instructions would
take LLVM seconds and minutes. But scalar code that was written with loops repeats
itself: a layer is many sums of products of the same length, none of which needs
another. Such instructions are grouped (`autograd.compiler.schedule`), and LLVM gets a
loop with tables of where the operands are. What does not repeat is written out, in
functions of limited length, so that LLVM's time stays proportional to the length of the
code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd.compiler.collector import waiting
from autograd.compiler.machine import host
from autograd.compiler.machine.functions import write_single
from autograd.compiler.machine.rows import write_batch
from autograd.compiler.machine.spellings import CORE
from autograd.compiler.machine.text import Module
from autograd.compiler.passes.pipeline import machine_passes, run
from autograd.compiler.program import Program
from autograd.compiler.schedule.layout import Layout
from autograd.compiler.schedule.plan import Plan


@dataclass(frozen=True)
class Code:
    """A program's machine code, with all that must live as long.

    Attributes:
        program: what is computed, in primitives that the machine has.
        layout: the memory that the functions need.
        module: the functions' text, and Python's functions that they call.
        engine: LLVM's, which holds the code.

    """

    program: Program
    layout: Layout
    module: Module
    engine: Any

    def address(self, name: str = "run") -> int:
        """Return a function's address."""
        found: int = self.engine.get_function_address(name)
        return found


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
    plan = Plan(core, width, rows, reduce=reduce)
    module = lower(plan)
    return Code(core, plan.layout, module, host.build(str(module)))
