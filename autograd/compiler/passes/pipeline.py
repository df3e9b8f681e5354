"""pipeline: the passes, in their order, and what each list of them is for.

A pass takes a program and returns one that means the same. `SHORTEN` is for every
recording, `GUARD` for code that cannot raise, `machine_passes` for a machine. Tests
check the program between any two passes (`watchers`).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import suppress
from functools import partial

from autograd.collector import waiting
from autograd.compiler.element import Element
from autograd.compiler.listing import Listing
from autograd.compiler.loop import Loop
from autograd.compiler.passes.blocks import by_blocks
from autograd.compiler.passes.builder import live
from autograd.compiler.passes.exits import exits
from autograd.compiler.passes.expand import expand
from autograd.compiler.passes.gather import gather, in_pieces
from autograd.compiler.passes.guards import guarded
from autograd.compiler.passes.prune import prune
from autograd.compiler.passes.roll import pays, roll
from autograd.compiler.passes.simplify import simplify
from autograd.compiler.program import Program
from autograd.primitives.arithmetic import maximum, select

Pass = tuple[str, Callable[[Program], Program]]

SHORTEN: tuple[Pass, ...] = (
    ("simplify", simplify),
    ("live", live),
)
# Where Python would raise, a guard: for code that gives NaN or an infinity instead.
GUARD: tuple[Pass, ...] = (*SHORTEN, ("guarded", guarded))


def machine_passes(core: Container[str]) -> tuple[Pass, ...]:
    """Return the passes that make a program fit for a machine.

    Args:
        core: the names of the primitives that the machine has.

    """
    return (
        *GUARD,
        ("expand", partial(expand, core=core)),
        ("simplify guarded", partial(simplify, guarded=True)),
        ("live once more", partial(live, raising=False)),
        ("gather", gather),
        ("in pieces", in_pieces),
        ("live at last", partial(live, raising=False)),
    )


SHORT = 1500  # instructions of two operands whose straight code is faster
OPERAND = 8  # bytes
LEAVING = 100  # instructions, of which loops are worth it that stop early
LEAST = 0.25  # of the code is to be repetition, or it can hardly pay

watchers: list[Callable[[str, Program], object]] = []


@waiting()
def run(passes: Iterable[Pass], program: Program) -> Program:
    """Return what the passes make of a program, of its loops block by block."""
    passes = [*passes]

    def change(part: Program, shown: Sequence[bool]) -> Program:
        for name, change in passes:
            part = guarded(part, shown) if change is guarded else change(part)
            for watch in watchers:
                watch(name, part)
        return part

    changed = by_blocks(program, change)
    if not program.has_loops:
        return changed
    checked = any(change is guarded for _, change in passes)
    pruned = prune(changed, raising=not checked)
    for watch in watchers:
        watch("by blocks", changed)
        watch("prune", pruned)
    return pruned


def shorten(listing: Listing) -> Program:
    """Return a recording as short as passes make it, with loops where it pays.

    Loops pay where iterations need one another, or where there are very many: code that
    stands side by side is better off in the groups of `autograd.compiler.schedule`.
    """
    calls = any(isinstance(row.value, Element) for row, _ in listing.forms)
    size = max(len(listing), len(listing.operands) // (2 * OPERAND))
    is_long = size >= SHORT
    if not calls and (is_long or _may_leave(listing)):  # loops do not know batches
        with suppress(ImportError):  # NumPy is not everywhere
            rolled = roll(listing, least=LEAST if is_long else 0.0)
            shorter = optimize(rolled)
            pay = _size(shorter) >= SHORT and pays(shorter)
            if pay or (is_long and not rolled.has_loops) or exits(shorter):
                return shorter
    return optimize(listing.program)


def _may_leave(listing: Listing) -> bool:
    """Return whether a loop might stop early, as `autograd.compiler.passes.exits` has.

    Then it pays however short it is: most of its iterations do not run.
    """
    return len(listing) >= LEAVING and {maximum, select} <= {
        row for row, _ in listing.forms
    }


def _size(program: Program) -> float:
    """Return how many instructions of two operands are performed."""
    return sum(
        step.count * _size(step.body)
        if type(step) is Loop
        else max(1.0, 0.5 * len(step.operands))
        for step in program.code
    )


def optimize(program: Program) -> Program:
    """Return the program as short as passes make it without changing a number.

    >>> from autograd import grad
    >>> from autograd.compiler import trace
    >>> print(optimize(trace(grad(lambda x: x**3 + x), 2.0)))
    f(v0):
        v3 = v0 ** 3.0
        v4 = v0 * v0
        v5 = 3.0 * v4
        v6 = 1.0 + v5
        return v6

    The power stays, since Python raises where it overflows.

    """
    return run(SHORTEN, program)
