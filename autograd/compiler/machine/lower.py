"""lower: a Program becomes LLVM functions, loops where the code repeats itself.

A program has no loops, so code of its own length for each of its instructions would
take LLVM seconds and minutes. But scalar code that was written with loops repeats
itself: a layer is many sums of products of the same length, none of which needs
another. Such instructions are grouped: one row, one depth, their results side by side
in memory, and LLVM gets a loop with tables of where the operands are. What does not
repeat is written out, in functions of limited length, so that LLVM's time stays
proportional to the length of the code.

A number is *uniform*, one for all rows of a batch, or *varying*, one for each row. What
uniform numbers alone decide is computed once, before the rows. Rows are taken in
blocks: in the block's memory, each varying place has its numbers for all rows side by
side, and the machine computes as many at once as it has lanes. A program for single
numbers is a batch without rows: all is uniform.

What writes a program grows from file to file, each a class on top of the one before:
schedule, loops, products, uniform, sums, functions, rows, and here.

Letters: ``u`` is the memory of uniform numbers, ``v`` that of varying ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd.compiler.collector import waiting
from autograd.compiler.machine.functions import in_functions
from autograd.compiler.machine.llvm import Module
from autograd.compiler.machine.rows import Rows
from autograd.compiler.machine.spellings import CORE
from autograd.compiler.passes.expand import expand
from autograd.compiler.passes.gather import dots, in_pieces
from autograd.compiler.passes.simplify import guarded, live, optimize, optimize_guarded
from autograd.compiler.program import Program
from autograd.compiler.schedule.layout import Layout

CACHED = 30_000  # vectors of a block


class Lowering(Rows):
    """Turn one program into one module."""

    def write(self) -> None:
        """Write all functions into the module."""
        before = in_functions(self.schedule(uniform=True))
        during = in_functions(self.schedule(uniform=False))
        self._find_used(before + during)
        self.layout.uniform = self._assign(before, self.layout.uniform)
        self.layout.varying = self._assign(during, self.layout.varying)
        self.layout.sums = len(self.program.outputs) if self.reduce else 0
        deep = any(g.is_sum and len(g.places) > 1 for stages in during for g in stages)
        vectors = self._vectors(self.layout.varying) if deep else 1
        self.layout.block = self.lanes * vectors
        once = self._parts("once", before, uniform=True)
        if self.rows is None:
            self._single(once)
        else:
            self._batch(once, self._parts("rows", during, uniform=False))

    @staticmethod
    def _vectors(width: int) -> int:
        """Return how many vectors of rows a block has, for so many varying places.

        Many rows share the loads of what is uniform, and of the sums over rows; but
        what a few loops work on is to stay in the processor's cache.
        """
        return next((k for k in (16, 8) if width * k < CACHED), 4)


@waiting()
def for_machine(program: Program) -> Program:
    """Return the program in the rows that machine code has, errors made guards."""
    core = expand(guarded(optimize(program)), CORE)
    return live(in_pieces(dots(optimize_guarded(core))))


@waiting()
def lower(
    program: Program,
    module: Module,
    *,
    rows: Sequence[int] | None = None,
    reduce: bool = False,
) -> Layout:
    """Write a program, of rows in core alone, into a module.

    Args:
        program: what is to be computed.
        module: where it is written.
        rows: which of the inputs are different for each row; None if there are no rows.
        reduce: whether results are summed over the rows.

    Returns:
        How much memory the function needs, and of what kind.

    """
    lowering = Lowering(program, module, rows, reduce=reduce)
    lowering.write()
    return lowering.layout
