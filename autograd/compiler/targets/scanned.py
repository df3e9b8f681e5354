"""scanned: a program with loops over jax.numpy, each loop a `fori_loop`.

JAX changes nothing in place: what a loop gives is what its function returns. So the
statements of an iteration are a function of the counter and a *state*: the array of all
places (see `autograd.compiler.targets.loops`), the carried numbers, and, where guards
are asked for, whether they have held. XLA updates the array where it lies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from autograd.compiler.loop import COUNTERS, Loop
from autograd.compiler.program import Guard, Program
from autograd.compiler.targets.loops import (
    PYTHON,
    Frame,
    Statements,
    returned,
)
from autograd.compiler.targets.source import Target, holds

JAX = replace(
    PYTHON,
    store="{0} = {0}.at[{1}].set({2})",
    room="{0} = jnp.zeros(({1}, *shape))",
    table=("{0} = jnp.array((", "))"),
)
NUMBER = "jnp.asarray({0}, dtype=jnp.float64)".format


class Scanned(Statements):
    """Write a program's statements for JAX.

    Args:
        target: how primitives and numbers are spelled.
        guards: whether ``ok`` tells if all guards hold.

    """

    def __init__(self, target: Target, *, guards: bool) -> None:
        super().__init__(target, JAX, _check if guards else None)
        self.functions = 0

    def loop(self, frame: Frame, first: int, loop: Loop) -> Iterator[str]:
        """Yield the statements of a loop, whose places begin at first."""
        inner = Frame(loop.body, frame.depth + 1)
        counter = COUNTERS[frame.depth]
        carried = [f"{frame.letter}{first + j}" for j in range(len(loop.carried))]
        starts = [f"full({self.text(frame, x).text})" for x in loop.carried]
        around = [frame.letter] if loop.kept else []
        around += ["ok"] if self.guard else []
        name = f"step{self.functions}"
        self.functions += 1
        reads = [self.read(frame, read, counter) for read in loop.reads]
        state = _tuple([*around, *carried])
        yield f"def {name}({counter}, state):"
        yield f"    {state} = state"
        for line in self.iteration(frame, inner, first, loop, reads):
            yield f"    {line}"
        full = [f"full({x})" for x in carried]
        yield f"    return {_tuple([*around, *full])}"
        yield (
            f"{state} = lax.fori_loop(0, {loop.count}, {name}, "
            f"{_tuple([*around, *starts])})"
        )
        for place, name in enumerate(carried, first):
            frame.known[place] = name
            if place in frame.moving:
                yield self.syntax.store.format(frame.letter, place, name)


def _tuple(names: list[str]) -> str:
    return f"({', '.join(names)}{',' * (len(names) == 1)})"


def _check(guard: Guard, a: str, b: str) -> list[str]:
    return [f"ok = ok & {holds(guard, a, b, 'jnp')}"]


def body(program: Program, target: Target, *, guards: bool) -> list[str]:
    """Return the lines of a function ``f(*v)``.

    Args:
        program: with loops, in primitives that the target can spell.
        target: JAX.
        guards: whether it returns a pair, the outputs and whether all guards hold.

    """
    statements = Scanned(target, guards=guards)
    lines = statements.of(program)
    n = len(program.inputs)
    moving = statements.frame.moving
    given = [
        f"v = jnp.broadcast_arrays(*[{NUMBER('x')} for x in v])",
        "shape = v[0].shape",
        f"v = jnp.concatenate([jnp.stack(v), jnp.zeros(({program.size - n}, *shape))])",
    ]
    return [
        *statements.tables,
        *(given if n else ["shape = ()", f"v = jnp.zeros(({program.size},))"]),
        "",
        "def full(x):",
        f"    return jnp.broadcast_to({NUMBER('x')}, shape)",
        "",
        *["ok = full(1.0) > 0.0"] * guards,
        *[
            JAX.store.format("v", x, target.number(c).text)
            for x, c in enumerate(program.constants, n)
            if x in moving
        ],
        *lines,
        f"return [{returned(program, statements)}]" + ", ok" * guards,
    ]
