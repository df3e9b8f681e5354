"""vmap_variant: a recording of a function of a row, compiled, and its results as nodes.

Where what is the same for all rows holds Values, a result is a node over them, whose
partials came out of the same pass over the rows. Its derivatives of higher order are
further functions of rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.compiler.calls.building import building, once
from autograd.compiler.calls.variant import Variant, slopes, with_partials
from autograd.compiler.calls.vmap_runner import BatchRunner, Columns
from autograd.compiler.element import EagerlyError, Element, NestedBatch
from autograd.compiler.passes.prune import prune
from autograd.primitives import Primitive
from autograd.value import Value, fused

Function = Callable[..., Any]


class BatchVariant(Variant):
    """A variant of a function of a row.

    Args:
        recording: of the function at one row.
        floats: the inputs there.
        rows: which of the inputs are the row's.
        derive: makes of a function of what is shared, and of a row, the one of all
            rows that sums it over them.

    """

    def __init__(
        self,
        recording: Any,
        floats: Sequence[float],
        rows: range,
        derive: Callable[[Function], Any],
    ) -> None:
        super().__init__(recording, floats)
        self.derive = derive
        self.row_inputs = rows
        self.runners: dict[tuple[bool, bool], BatchRunner] = {}
        self.gradients: dict[int, Any] = {}

    @once
    def guards_only(self) -> BatchRunner:
        """What tells which rows the variant is right for, as its comparisons say.

        Where an operation raises is found out when it is computed.
        """
        comparisons = prune(self.program.replace(outputs=()), raising=False)
        return BatchRunner(comparisons, self.row_inputs, reduce=False)

    def runner(self, *, partials: bool, reduce: bool) -> BatchRunner:
        """Return the compiled outputs, with the partials by what is not of rows."""
        key = partials, reduce
        known_runner = self.runners.get(key)
        if known_runner is not None:
            return known_runner
        with building():
            if key not in self.runners:
                program = self.program
                if partials:
                    shared = {*range(len(program.inputs))}.difference(self.row_inputs)
                    program = with_partials(program, self.example, shared)
                known = len(program.guards) == len(self.program.guards)
                if reduce and known and not program.has_loops:
                    program = program.replace(guards=())  # they were asked before
                runner = BatchRunner(program, self.row_inputs, reduce=reduce)
                self.runners.setdefault(key, runner)
            return self.runners[key]


def constants(numbers: Any) -> Any:
    """Return an array of Values that remember nothing, as under `no_grad`."""
    import numpy as np

    array = np.empty(len(numbers), dtype=object)
    array[:] = [Value(x).detach() for x in numbers.tolist()]
    return array


def node_rows(
    variant: BatchVariant, inputs: list[Any], out: Any, columns: Columns
) -> list[Any]:
    """Return for each output an array of nodes, one for each row."""
    import numpy as np

    m, n = len(variant.program.outputs), len(inputs)
    operands = tuple(inputs)
    arrays = []
    for k in range(m):
        partials = out[m + k * n : m + (k + 1) * n].T.tolist()
        values = out[k].tolist()
        array = np.empty(len(values), dtype=object)
        for i, y in enumerate(values):
            of_row = sum_as_primitive(variant, k, columns.take([i]))
            array[i] = fused(of_row, y, operands, partials[i])
        arrays.append(array)
    return arrays


def recorded_primitive(
    name: str,
    call: NestedBatch,
    k: int,
    start: int,
    gradient: list[float],
    operands: tuple[Any, ...],
) -> Primitive:
    """Return result k of a batch as a primitive; its partials are results as well."""

    def second(*_: Any) -> Any:
        raise EagerlyError

    def partials(_y: Any, *_xs: Any) -> list[Any]:
        batch = Primitive(name, Element(call, -1), second)
        node = fused(batch, 0.0, operands, [0.0] * len(operands))
        found: list[Any] = [
            fused(Primitive(name, Element(call, start + i), second), x, (node,), [0.0])
            for i, x in enumerate(gradient)
        ]
        return found + [0.0] * (len(operands) - len(gradient))

    return Primitive(name, Element(call, k), partials)


def sum_as_primitive(variant: BatchVariant, k: int, columns: Columns) -> Primitive:
    """Return the sum over some rows as a primitive of what is the same for them."""
    program, rows = variant.program, variant.row_inputs
    first = len(rows) and rows[0]

    def whole(*shared: Any) -> Function:
        def of_row(*row: Any) -> Any:
            inputs = [*shared[:first], *row, *shared[first:]]
            return program.replace(outputs=(program.outputs[k],))(*inputs)[0]

        return of_row

    def value(*shared: float) -> float:
        f = whole(*shared)
        return math.fsum(f(*columns.row(i)) for i in range(columns.height))

    # What drawings open: the program of one row, and which inputs are the row's.
    value.program = program.replace(outputs=(program.outputs[k],))  # type: ignore[attr-defined]
    value.rows = rows  # type: ignore[attr-defined]

    def derived(shared: Sequence[Any], row: Sequence[Any]) -> list[Any]:
        return slopes(lambda *values: whole(*values)(*row), shared)

    if k not in variant.gradients:
        variant.gradients[k] = variant.derive(derived)
    gradient = variant.gradients[k]

    def partials(_y: Any, *shared: Any) -> list[Any]:
        import numpy as np

        flat = np.concatenate(columns.arrays, axis=1)
        found: list[Any] = gradient(list(shared), flat)
        return found

    return Primitive(program.name, value, partials, elementary=False)
