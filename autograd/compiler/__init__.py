"""Scalar code in, native speed out: record a function, shorten it, write machine code.

How a call goes. ``f = jit(g)``; the first call, ``f(2.0, 3.0)``, goes down through the
rooms of this package, and never climbs back:

1. `calls` takes the arguments apart: their floats, and all else, which is the call's
   *structure* (`calls.forms`). Nothing was recorded for this structure yet.
2. `record` calls ``g`` with Values in place of the floats. What ``g`` does with them
   stands on a tape, each comparison as a *guard*, and the tape becomes a `Program`
   (`program`: data, with a checker, an interpreter and a printer). ``g`` is recorded
   twice, at two points: a constant that differs between them is a number that has
   leaked out of its Value, and is an error (`record.leaks`).
3. `passes` make the program shorter: what repeats becomes a loop, constants are folded,
   what is computed twice is computed once. Then they make it fit for a machine: a guard
   stands where Python would raise, every primitive is expanded into those that the
   machine has, sums of products are gathered. `passes.pipeline` is the list.
4. `schedule` groups like instructions, in straight code to loops and in the bodies of
   loops to vectors, and says where in memory each number lies.
5. `machine` writes that plan in LLVM's assembly, and LLVM makes machine code of it.
6. `calls` keeps program and code as a *variant* (`calls.variant`), and runs the code.

The second call, ``f(5.0, 7.0)``, begins in `calls.native`, compiled by Cython: as many
floats as before, be they in lists, tuples or arrays, go straight into memory, the
machine code runs, and its results come back. Only if that is refused does Python look
closer (`calls.jit`), in this order:

- other arguments (an array, a dict, a Value): their structure finds its own variants;
- a guard does not hold: the next variant is asked, and if none is right, ``g`` is
  recorded once more, for the way that it goes now;
- a result is not finite: ``g`` itself is called, and raises what Python raises;
- among Values, the machine code gives partials too, and each result is one node.

`vmap` goes the same way with rows of arrays: `calls.vmap_runner` is to a batch what
`calls.runner` is to one call. Without llvmlite, a program runs as Python or NumPy
source (`targets`), which is also what ``f.source()`` shows.
"""

from __future__ import annotations

from autograd.compiler.calls.jit import jit
from autograd.compiler.calls.vmap import vmap
from autograd.compiler.calls.vmap_runner import threads
from autograd.compiler.program import Guard, Instruction, Program
from autograd.compiler.record.trace import limit, trace
from autograd.compiler.targets import to

__all__ = [
    "Guard",
    "Instruction",
    "Program",
    "jit",
    "limit",
    "threads",
    "to",
    "trace",
    "vmap",
]
