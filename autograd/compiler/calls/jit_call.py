"""jit_call: one call of a compiled function: its numbers, and what answers it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd.compiler.calls.dispatch import Ways
from autograd.compiler.calls.forms import Arguments, LookedIntoError
from autograd.compiler.calls.runner import goes
from autograd.compiler.calls.variant import Variant
from autograd.compiler.program import Program
from autograd.compiler.record.arrays import RecordedArray
from autograd.context import tape_in_use
from autograd.primitives import Primitive
from autograd.value import Value, number

INTERPRETED = 2_000_000  # instructions at most, to find out where an error is from
SCALARS = {float, Value}  # all other numbers of a call are arrays


class Call:
    """The numbers of one call: floats and Values, and arrays of numbers.

    Attributes:
        structure: all of the arguments but their numbers.
        around: what the function reads besides them.
        ways: the recordings for both.
        rebuild: makes arguments of other numbers.
        as_primitive: makes a primitive of a program of one output.

    """

    structure: Any
    around: Any
    ways: Ways

    def __init__(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        arguments: Arguments,
        rebuild: Callable[..., Any],
        as_primitive: Callable[[Program], Primitive],
    ) -> None:
        self.args = args
        self.kwargs = kwargs
        self.rebuild = rebuild
        self.as_primitive = as_primitive
        self.places = arguments.places
        self.numbers = numbers = arguments.numbers
        self.scalars = numbers
        self.arrays: list[Any] = []
        # By type: a Value takes long to answer for what it lacks.
        kinds = {*map(type, numbers)}
        if not kinds <= SCALARS:
            self.arrays = [x for x in numbers if type(x) not in SCALARS]
            self.scalars = [x for x in numbers if type(x) in SCALARS]
        self.nodes = Value in kinds
        self.floats = self.scalars
        if self.nodes:
            self.floats = [number(x) if type(x) is Value else x for x in self.scalars]

    def recorded(self, values: list[Value], step: float) -> list[Any]:
        """Return what a recording is called with, arrays as far off as floats."""
        late = tape_in_use().late
        scalars = iter(values)
        arrays = (
            RecordedArray(late, k, array, step)
            if array.dtype.kind == "f"
            else _RecordedInts(late, k, array, self.places[k])
            for k, array in enumerate(self.arrays)
        )
        return [
            next(scalars) if type(x) in SCALARS else next(arrays) for x in self.numbers
        ]

    def array(self, source: Any) -> Any:
        """Return an array in a row, as machine code reads it."""
        import numpy as np

        array = self.arrays[source] if isinstance(source, int) else source
        return np.ascontiguousarray(array, dtype=np.float64).reshape(-1)

    def late(self, variant: Variant) -> list[float]:
        """Return the numbers of the arrays that a variant's recording looked into."""
        return [x for source, _ in variant.sources for x in self.array(source).tolist()]

    def all_floats(self, variant: Variant, late: list[float]) -> list[float]:
        """Return a variant's inputs as floats: this call's, late and captured ones."""
        captured = [number(x) for x in variant.captured]
        return [*self.floats, *late, *captured]

    def plain(self) -> list[Any]:
        """Return what the function itself is called with: floats, and arrays."""
        floats = iter(self.floats)
        return [next(floats) if type(x) in SCALARS else x for x in self.numbers]

    def by(self, variant: Variant) -> Any:
        """Return what a variant returns, or None if it gives up."""
        if variant.is_plain and not self.nodes:
            outputs = variant.native.run(self.floats)
            return None if outputs is None else variant.read(outputs)
        if not variant.fits():
            return None
        if variant.has_batch or (variant.sources and not self._has_nodes(variant)):
            return self._by_arrays(variant)
        late = self.late(variant)
        floats = self.all_floats(variant, late)
        if self._has_nodes(variant):
            outputs = variant.nodes(
                self.scalars + late + variant.captured, floats, self.as_primitive
            )
        else:
            outputs = variant.native.run(floats)
        return None if outputs is None else variant.read(outputs)

    def exactly(self, variant: Variant) -> tuple[Any, bool]:
        """Return what a variant gives in Python, which may be infinite, or None.

        And whether all of its comparisons turn out as recorded. A NaN is left to the
        function: a choice of two, recorded, has 0 times an infinity where Python leaves
        one out.
        """
        if self._has_nodes(variant) or variant.has_batch:
            return None, self.goes(variant)
        if not variant.fits():
            return None, False
        outputs = variant.exactly(self.all_floats(variant, self.late(variant)))
        if outputs is None or any(map(math.isnan, outputs)):
            return None, outputs is not None
        return variant.read(outputs), True

    def excused(self, ways: Ways) -> Any:
        """Return the results where some are not finite and errors are ignored.

        The program is interpreted, on Values as they came: IEEE's results are not
        those of all machine code (a definition of `gamma` has a NaN at a pole). None if
        no variant is right.
        """
        for variant in ways:
            if not variant.fits() or variant.has_batch:
                continue
            inputs = self.scalars + self.late(variant) + variant.captured
            program = variant.program
            results = program.run(inputs)
            if program.holds(results):
                return variant.read([results[i] for i in program.outputs])
        return None

    def name_step(self, error: Exception) -> None:
        """Note in which iteration an error was raised, where a recording has loops."""
        for variant in self.ways:
            program = variant.program
            straight = not program.has_loops or program.performed > INTERPRETED
            if straight or variant.has_batch or not variant.fits():
                continue
            floats = self.all_floats(variant, self.late(variant))
            try:
                program.run(floats)  # to where it raises, which may be early
                continue
            except Exception as raised:  # noqa: BLE001 - of a user's own function, any
                same = raised
            notes = getattr(same, "__notes__", ())
            if not notes or type(same) is not type(error):
                continue
            # With guards, Python may have gone another way.
            if program.is_guarded and not program.holds(program.run(floats, _if_known)):
                continue
            for note in notes:
                error.add_note(note)
            return

    def _has_nodes(self, variant: Variant) -> bool:
        return self.nodes or bool(variant.captured)

    def _by_arrays(self, variant: Variant) -> Any:
        if self._has_nodes(variant):
            return None
        sources = [(self.array(source), kind) for source, kind in variant.sources]
        out = variant.native.fill(tuple(self.floats), sources)
        return None if out is None else variant.read(out)

    def goes(self, variant: Variant) -> bool:
        """Return whether all of a variant's comparisons turn out as recorded."""
        if not variant.fits():
            return False
        if variant.has_batch:
            return True  # the function itself will find out
        return goes(variant.program, self.all_floats(variant, self.late(variant)))


def _if_known(primitive: Primitive, *xs: Any) -> Any:
    """Apply a primitive; None is what is not known since something raised."""
    if None in xs:
        return None
    try:
        return primitive(*xs)
    except (ArithmeticError, ValueError):
        return None


class _RecordedInts(RecordedArray):
    """An array of ints or bools: rows of floats for `vmap`, for all else structure."""

    def __init__(self, late: Any, source: int, array: Any, place: int) -> None:
        super().__init__(late, source, array)
        self.dtype = array.dtype
        self._place = place

    def values(self) -> Any:
        """Have the function recorded anew, with the ints as they are."""
        raise LookedIntoError(self._place)
