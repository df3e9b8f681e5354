"""vmap_call: one call of a function of rows: the rows, sorted by variant, and results.

Rows for which a comparison turns out otherwise are computed by a variant of their own:
first all rows are sorted by variant, then each variant runs over its rows. Rows whose
result is not finite are computed by the function itself, row by row, so that Python
raises what it would have raised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.compiler.calls.dispatch import VARIANTS, Ways, warn_of_ways
from autograd.compiler.calls.forms import reader
from autograd.compiler.calls.runner import goes
from autograd.compiler.calls.vmap_results import (
    form_of_all,
    numbers_and_form,
    total,
    with_rows,
)
from autograd.compiler.calls.vmap_runner import Columns
from autograd.compiler.calls.vmap_variant import (
    BatchVariant,
    constants,
    node_rows,
    recorded_primitive,
    sum_as_primitive,
)
from autograd.compiler.element import EagerlyError, NestedBatch
from autograd.compiler.record.arrays import Late
from autograd.compiler.record.trace import record
from autograd.context import ignored, is_recording, tape_in_use, taping
from autograd.lifting.eager import eagerly
from autograd.trees import as_array
from autograd.value import Value, fused, number


class BatchCall:
    """One call: what is the same for all rows, and the rows."""

    def __init__(
        self,
        owner: Any,
        axes: Sequence[int | None],
        shapes: tuple[tuple[int, ...], ...],
        columns: Columns,
        numbers: list[Any],
        rebuild: Callable[..., Any],
        ways: Ways,
    ) -> None:
        self.owner = owner
        self.axes = axes
        self.shapes = shapes
        self.columns = columns
        self.numbers = numbers
        self.rebuild = rebuild
        self.floats = numbers
        if _has_nodes(numbers):
            self.floats = [number(x) if type(x) is Value else x for x in numbers]
        self.variants = ways

    def call(self, values: Sequence[Any]) -> Any:
        """Call the function with these numbers: those that are shared, then a row's."""
        shared = iter(self.rebuild(iter(values)))
        row = iter(values[len(self.numbers) :])
        shapes = iter(self.shapes)
        args = []
        for axis in self.axes:
            if axis is None:
                args.append(next(shared))
                continue
            shape = next(shapes)
            size = math.prod(shape)  # 1 for no axes
            args.append(as_array([next(row) for _ in range(size)], shape))
        tape = tape_in_use()
        f = self.owner.f
        return eagerly(f, *args) if tape is None else tape.call(f, *args)

    def record(self, i: int) -> bool:
        """Record a variant at row i; return whether it could be.

        It cannot where Values raise, or where the function is to run as it stands. If
        floats raise as well, that is raised.
        """
        name = self.owner.name
        if self.variants.why_eager is not None:
            return False
        if len(self.variants) >= VARIANTS:
            self._warn_of_ways(i)
            return False
        floats = self.floats + self.columns.row(i)
        with taping(None):
            try:
                recording = record(
                    lambda xs, _: self.call(xs),
                    floats,
                    name,
                    plain=lambda: self.call(floats),
                )
            except EagerlyError as reason:
                self.variants.why_eager = str(reason)
                self.owner.reasons[str(reason)] = None
                return False
            except (ArithmeticError, ValueError):
                self.by_itself(i)
                return False
        rows = range(len(self.floats), len(floats))
        self.variants.append(BatchVariant(recording, floats, rows, self.owner.derive))
        return True

    def _warn_of_ways(self, i: int) -> None:
        """Warn that there are too many ways, once for each structure."""
        if self.variants.is_full:
            return
        self.variants.is_full = True
        values = [Value(x) for x in self.floats + self.columns.row(i)]
        warn_of_ways(self.owner.name, lambda: self.call(values))

    def shared(self, variant: BatchVariant) -> tuple[list[Any], list[float]]:
        """Return what is the same for all rows, as it came and as floats."""
        captured = variant.captured
        return self.numbers + captured, self.floats + [number(x) for x in captured]

    def goes(self, variant: BatchVariant, i: int) -> bool:
        """Return whether the variant is the way that the function takes at row i."""
        captured = [number(x) for x in variant.captured]
        return goes(variant.program, self.floats + self.columns.row(i) + captured)

    def sorted(self) -> tuple[list[tuple[BatchVariant, Any]], list[int]]:
        """Return for each variant the rows that it is right for, None for all.

        The second result is the rows that machine code is right for in no variant,
        though Python takes the way of one: because of a NaN, or an error to be raised.
        """
        import numpy as np

        for i in range(self.columns.height):
            if self.variants or self.record(i):
                break
            if self.variants.why_eager is not None:
                return [], list(range(self.columns.height))
        if len(self.variants) == 1 and not self.variants[0].program.is_guarded:
            return [(self.variants[0], None)], []
        left = np.arange(self.columns.height)
        found: list[tuple[BatchVariant, Any]] = []
        odd = []
        k = 0
        while len(left):
            if k == len(self.variants):
                new = self._first_recorded(left)
                odd += left[:new].tolist()
                left = left[new:]
                continue
            variant = self.variants[k]
            k += 1
            whole = len(left) == self.columns.height
            columns = self.columns if whole else self.columns.take(left)
            _, right = variant.guards_only.run(self.shared(variant)[1], columns)
            if right is None:
                found.append((variant, None if whole else left))
                break
            if right.any():
                found.append((variant, left[right]))
            left = left[~right]
        return found, odd

    def _first_recorded(self, rows: Any) -> int:
        """Record the first of these rows that needs it and can be; return which it is.

        It is the number of rows if there is none.
        """
        for at, i in enumerate(rows.tolist()):
            if not any(self.goes(variant, i) for variant in self.variants) and (
                self.record(i)
            ):
                return at
        return len(rows)

    def by_itself(self, i: int) -> tuple[list[Any], Any]:
        """Return what the function itself returns at a row: numbers, and the form."""
        values = self.numbers + self.columns.row(i)
        found = self._excused(values) if ignored() else self._exactly(i)
        if found is not None:
            return found
        return numbers_and_form(self.call(values), self.owner.name)

    def _excused(self, values: list[Any]) -> tuple[list[Any], Any] | None:
        """Return the same of a variant, interpreted: see `Call.excused`."""
        for variant in self.variants:
            program = variant.program
            results = program.run([*values, *variant.captured])
            if program.holds(results):
                return [results[i] for i in program.outputs], variant.form
        return None

    def _exactly(self, i: int) -> tuple[list[Any], Any] | None:
        """Return the same of a variant, in Python; None if none is right, or a NaN."""
        for variant in self.variants:
            inputs, floats = self.shared(variant)
            if _has_nodes(inputs):
                continue
            n = len(self.numbers)
            found = variant.exactly(floats[:n] + self.columns.row(i) + floats[n:])
            if found is not None and not any(map(math.isnan, found)):
                return found, variant.form
        return None

    # --- A result for each row ------------------------------------------------------

    def mapped(self, *, at_once: bool = True) -> Any:
        """Return the results of all rows.

        Args:
            at_once: whether all rows may be taken to go the one way that is known;
                rows that do not are found when they are computed.

        """
        import numpy as np

        forms: list[Any] = []
        results: list[Any] = []
        at_once = at_once and len(self.variants) == 1
        groups, odd = ([(self.variants[0], None)], []) if at_once else self.sorted()
        for variant, rows in groups:
            columns = self.columns if rows is None else self.columns.take(rows)
            inputs, floats = self.shared(variant)
            nodes = _has_nodes(inputs)
            runner = variant.runner(partials=nodes and is_recording(), reduce=False)
            out, right = runner.run(floats, columns)
            if right is not None and at_once and variant.program.is_guarded:
                return self.mapped(at_once=False)
            m = len(variant.program.outputs)
            found: list[Any] = list(out[:m])
            if nodes and is_recording():
                found = node_rows(variant, inputs, out, columns)
            elif nodes:
                found = [constants(numbers) for numbers in found]
            if right is not None:
                places = np.flatnonzero(~right)
                odd += (places if rows is None else rows[places]).tolist()
            form_of_all([*forms[:1], variant.form], self.owner.name)
            forms.append(variant.form)
            if rows is None:
                results = found
                break
            results = results or [np.empty(self.columns.height) for _ in range(m)]
            for k in range(m):
                results[k] = _put(results[k], rows, found[k])
        for i in odd:
            ys, form = self.by_itself(i)
            form_of_all([*forms[:1], form], self.owner.name)
            forms.append(form)
            results = results or [np.empty(self.columns.height) for _ in ys]
            for k, y in enumerate(ys):
                results[k] = _put(results[k], i, y)
        return with_rows(forms[0], results, self.columns.height)

    # --- Within a recording ---------------------------------------------------------

    def recorded(self, late: Late, sources: list[Any]) -> Any:
        """Return one result for all rows that the recorded program will compute anew.

        Raises:
            EagerlyError: if that cannot be one call of machine code.

        """
        import numpy as np

        if self.owner.reduce is None or not self.columns.height:
            raise EagerlyError
        parts, odd = self.sorted()
        if len(parts) != 1 or odd:
            raise EagerlyError
        variant = parts[0][0]
        inputs, floats = self.shared(variant)
        nodes = _has_nodes(inputs)
        runner = variant.runner(partials=nodes, reduce=True)
        if runner.function is None:
            raise EagerlyError
        out, _ = runner.run(floats, self.columns)
        if not np.isfinite(out).all():
            raise EagerlyError
        guards = variant.guards_only if variant.program.is_guarded else None
        widths = [a.shape[1] for a in self.columns.arrays]
        n, m, height = len(inputs), len(variant.program.outputs), self.columns.height
        call = NestedBatch(runner, guards, n, widths, height)
        operands = (*inputs, *[late.token(source) for source in sources])
        none = [0.0] * len(widths)
        sums = out.tolist()
        ys = []
        for k in range(m):
            gradient = sums[m + k * n : m + (k + 1) * n] if nodes else [0.0] * n
            row = recorded_primitive(
                self.owner.name, call, k, m + k * n, gradient, operands
            )
            ys.append(fused(row, sums[k], operands, gradient + none))
        factor = 1.0 / height if self.owner.reduce == "mean" else 1.0
        return variant.read([factor * y for y in ys])

    # --- One result for all rows ----------------------------------------------------

    def reduced(self) -> Any:
        """Return the sum or mean over all rows."""
        factor = 1.0 / self.columns.height if self.owner.reduce == "mean" else 1.0
        parts: list[list[Any]] = []
        forms = []
        groups, odd = self.sorted()
        for variant, rows in groups:
            columns = self.columns if rows is None else self.columns.take(rows)
            forms.append(variant.form)
            sums, places = self._sums(variant, columns)
            parts += sums
            odd += (places if rows is None else rows[places]).tolist()
        for i in odd:
            ys, form = self.by_itself(i)
            forms.append(form)
            parts.append(ys)
        form = form_of_all(forms, self.owner.name)
        totals = [total(column) for column in zip(*parts, strict=True)]
        return reader(form)([factor * y for y in totals])

    def _sums(
        self, variant: BatchVariant, columns: Columns
    ) -> tuple[list[list[Any]], Any]:
        """Return the sums over the rows that a variant is right for, and the others."""
        import numpy as np

        inputs, floats = self.shared(variant)
        nodes = _has_nodes(inputs)
        runner = variant.runner(partials=nodes, reduce=True)
        out, right = runner.run(floats, columns)
        if right is None and np.isfinite(out).all():
            sums = self._node_sums(variant, inputs, out, columns, nodes=nodes)
            return [sums], np.array([], dtype=int)
        _, right = variant.runner(partials=nodes, reduce=False).run(floats, columns)
        if right is None:
            right = np.ones(columns.height, dtype=bool)
        sums = []
        if right.any():
            columns = columns.take(right)
            out, _ = runner.run(floats, columns)
            sums.append(self._node_sums(variant, inputs, out, columns, nodes=nodes))
        return sums, np.flatnonzero(~right)

    def _node_sums(
        self,
        variant: BatchVariant,
        inputs: list[Any],
        out: Any,
        columns: Columns,
        *,
        nodes: bool,
    ) -> list[Any]:
        m = len(variant.program.outputs)
        sums: list[Any] = out[:m].tolist()
        if not nodes:
            return sums
        n = len(inputs)
        return [
            fused(
                sum_as_primitive(variant, k, columns),
                sums[k],
                tuple(inputs),
                out[m + k * n : m + (k + 1) * n].tolist(),
            )
            for k in range(m)
        ]


def _has_nodes(numbers: Sequence[Any]) -> bool:
    """Return whether there are Values among numbers."""
    return Value in {*map(type, numbers)}


def _put(array: Any, rows: Any, numbers: Any) -> Any:
    """Return the array with these numbers in it, of objects if there are Values."""
    if isinstance(numbers, Value) or getattr(numbers, "dtype", None) == "O":
        array = array.astype(object, copy=False)
    array[rows] = numbers
    return array
