"""pipeline: the passes in their order."""

from __future__ import annotations

from collections.abc import Container

from autograd.compiler.passes.expand import expand
from autograd.compiler.passes.gather import dots, in_pieces
from autograd.compiler.passes.simplify import guarded, live, optimize, optimize_guarded
from autograd.compiler.program import Program


def for_machine(program: Program, core: Container[str]) -> Program:
    """Return the program in the primitives of a core, errors made guards."""
    core_program = expand(guarded(optimize(program)), core)
    return live(in_pieces(dots(optimize_guarded(core_program))))
