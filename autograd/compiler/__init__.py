"""Scalar code in, native speed out: record a function, lower it, run it.

A function is recorded as a `Program` (`trace`), the program is shortened (`passes`),
said in fewer rows (`expand`), and made into source or machine code (`targets`,
`lower`, `llvm`). `jit` and `vmap` do all of that when a function is called.
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
