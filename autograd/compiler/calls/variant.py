"""Variant: one recording of a function, and what is compiled of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from autograd.compiler.calls.building import once
from autograd.compiler.calls.forms import Slot, reader
from autograd.compiler.calls.runner import Runner
from autograd.compiler.passes.pipeline import shorten
from autograd.compiler.program import Program
from autograd.compiler.record.tape import is_raising
from autograd.compiler.record.trace import Recording, record_deferring
from autograd.compiler.targets import compile_python
from autograd.context import tape_in_use
from autograd.primitives import Primitive
from autograd.primitives.row import ALIAS
from autograd.transforms import pullback
from autograd.value import Value, apply, fused, number

OFTEN = 8  # calls


class Variant:
    """One recording of a function, and what was compiled of it."""

    def __init__(self, recording: Recording, floats: Sequence[float]) -> None:
        self.program = shorten(recording.listing)
        late = [number(x) for x in recording.late.leaves]
        self.example = [*floats, *late, *map(number, recording.captured)]
        self.sources = recording.late.sources
        self.captured = recording.captured
        self.shapes = [getattr(source, "shape", None) for source, _ in self.sources]
        outputs = len(self.program.outputs)
        self.form = recording.rebuild(Slot(k) for k in range(outputs))
        self.exact = 0  # times that Python computed it
        # A primitive for each output; None for one that does not depend on inputs.
        self.primitives: list[Primitive | None] | None = None

    @once
    def read(self) -> Callable[[Any], Any]:
        """What reads a result off a list or an array of all outputs."""
        return reader(self.form)

    @property
    def mapped(self) -> list[Any]:
        """The arrays that the function captured and mapped."""
        return [
            x for x, kind in self.sources if kind == "address" and type(x) is not int
        ]

    def fits(self) -> bool:
        """Return whether captured arrays still have the shape that was recorded."""
        return all(
            shape is None or source.shape == shape
            for (source, _), shape in zip(self.sources, self.shapes, strict=True)
        )

    @once
    def is_plain(self) -> bool:
        """Whether its inputs are the call's own floats, and nothing else."""
        return not self.sources and not self.captured

    def exactly(self, floats: Sequence[float]) -> list[float] | None:
        """Return the outputs as Python computes them; None if it is not right here.

        Where machine code gives an infinity or a NaN, this tells whether that is right,
        or Python raises, or a comparison turns out otherwise. Asked often, it is worth
        some Python source.
        """
        program = self.program
        try:
            if self.exact > OFTEN:
                outputs, holds = self._python(*floats)
            else:
                results = program.run(floats)
                outputs = [results[i] for i in program.outputs]
                holds = program.holds(results)
        except Exception:  # noqa: BLE001 - of a user's own function, any
            return None
        self.exact += 1
        return [float(y) for y in outputs] if holds else None

    @once
    def _python(self) -> Callable[..., Any]:
        """The program as Python source."""
        return compile_python(self.program, guards=True)

    @property
    def can_travel(self) -> bool:
        """Whether another process could use it."""
        whole = all(kind == "numbers" for _, kind in self.sources)
        primitives = self.program.primitives()
        caught = any(map(is_raising, primitives))
        travel = all(primitive.can_travel for primitive in primitives)
        return whole and travel and not self.captured and not caught

    def __getstate__(self) -> dict[str, Any]:
        names = ("program", "example", "sources", "captured", "shapes", "form")
        return {
            "primitives": None,
            "exact": 0,
            **{name: getattr(self, name) for name in names},
        }

    @property
    def has_batch(self) -> bool:
        """Whether it calls batches, which only machine code can."""
        return any(kind == "address" for _, kind in self.sources)

    @once
    def native(self) -> Runner:
        """The compiled program."""
        return Runner(self.program)

    def was_renewed(self) -> bool:
        """Return whether its machine code was made anew since this was asked."""
        runner = vars(self).get("native")
        if runner is None or not runner.renewed:
            return False
        runner.renewed = False
        return True

    @once
    def with_partials(self) -> Runner:
        """The program with all partials of its outputs as further outputs, compiled."""
        return Runner(with_partials(self.program, self.example))

    def nodes(
        self,
        inputs: list[Any],
        floats: list[float],
        as_primitive: Callable[[Program], Primitive],
    ) -> list[Any] | None:
        """Return the outputs as nodes, or None if something is wrong.

        Args:
            inputs: Values and floats.
            floats: the numbers of the inputs.
            as_primitive: makes a primitive of a program of one output.

        """
        if self.primitives is None:
            p = self.program
            self.primitives = [
                None
                if p.is_constant(place)
                else as_primitive(p.replace(outputs=(place,)))
                for place in p.outputs
            ]
        found = self.with_partials.run(floats)
        if found is None:
            return None
        n, m = len(inputs), len(self.program.outputs)
        operands = tuple(inputs)
        return [
            y
            if primitive is None
            else fused(primitive, y, operands, found[m + k * n : m + (k + 1) * n])
            for k, (y, primitive) in enumerate(
                zip(found[:m], self.primitives, strict=True)
            )
        ]


def with_partials(
    program: Program, example: Sequence[float], by: Collection[int] | None = None
) -> Program:
    """Return the program that also computes partials, output by output.

    Args:
        program: the program.
        example: inputs at which its guards hold; it is run there once more, on Values.
        by: which inputs the partials are by; None for all.

    """
    chosen = [i for i in range(len(program.inputs)) if by is None or i in by]

    def run(inputs: list[Value]) -> list[Any]:
        # As a transform does: so that a long gradient is written out afterwards.
        inputs = [apply(ALIAS, (x,)) for x in inputs]
        results = program.run(inputs)
        program.holds(results)  # compares, and so takes the guards over
        outputs = [results[i] for i in program.outputs]
        wanted = [inputs[i] for i in chosen]
        return outputs + [x for y in outputs for x in _deferred(y, wanted)]

    return shorten(record_deferring(run, example, program.name))


def _deferred(y: Any, inputs: list[Value]) -> list[Any]:
    """Return the derivatives of y, by nodes that say what they are if it is long."""
    later = tape_in_use().defer(y, inputs) if isinstance(y, Value) else None
    return gradient_of(y, inputs) if later is None else later


def gradient_of(y: Any, inputs: Sequence[Any]) -> list[Any]:
    """Return the derivatives of y by each input; y may be a number."""
    if isinstance(y, Value):
        return pullback(y, 1.0, inputs)
    return [0.0] * len(inputs)


def slopes(f: Callable[..., Any], inputs: Sequence[Any]) -> list[Any]:
    """Return the derivatives of f by each input, floats if all of these are floats.

    Where they are Values, they will be differentiated again, and as in any transform
    an alias tells so: at a kink, what cannot be is then not finite (`autograd.kinks`).
    """
    values = [apply(ALIAS, (x,)) if type(x) is Value else Value(x) for x in inputs]
    found = gradient_of(f(*values), values)
    if any(type(x) is Value for x in inputs):
        return found
    return [number(x) if type(x) is Value else x for x in found]
