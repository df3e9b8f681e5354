"""vmap: a function of one row, for all rows of arrays at once.

The function is recorded at one row, as `jit` does, and the program runs natively over
all rows. Rows for which a comparison turns out otherwise are computed by a variant of
their own: first all rows are sorted by variant, then each variant runs over its rows.
Rows whose result is not finite are computed by the function itself, row by row, so that
Python raises what it would have raised.

What is not mapped may be Values, or captured; then results are nodes over them. With
``reduce`` there is one node for the sum or mean over all rows, and its partials come
out of the same pass over the rows as its value.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.compiler.arrays import Late, RecordedArray
from autograd.compiler.batch import BatchRunner, Columns
from autograd.compiler.calls import BatchCall, EagerlyError, Element
from autograd.compiler.forms import reader, take_apart
from autograd.compiler.jit import MSG_VARIANTS, VARIANTS, goes
from autograd.compiler.program import Program
from autograd.compiler.results import (
    form_of_all,
    numbers_and_form,
    row_by_row,
    total,
    with_rows,
)
from autograd.compiler.trace import name_of, outputs_of, record, record_once
from autograd.compiler.variant import Variant, gradient_of
from autograd.context import is_recording, tape_in_use, taping
from autograd.primitives import Primitive
from autograd.trees import as_array
from autograd.value import Value, fused, number

Function = Callable[..., Any]

MSG_REDUCE = 'reduce is None, "sum" or "mean", not {0!r}'
MSG_AXES = (
    "in_axes has {0} entries and the function was called with {1} arguments: give one "
    "axis, or None, for each"
)
MSG_AXIS = "the axis of an argument is an int or None, not {0!r}"
MSG_NOTHING = "vmap needs an argument to run over: in_axes is {0!r}, all None"
MSG_DTYPE = (
    "argument {0} is mapped and holds {1!r}: rows are arrays of floats. A Value can be "
    "an argument that is not mapped (in_axes None), or be captured"
)
MSG_SHAPE = "argument {0} has shape {1}, and so no axis {2} to run over"
MSG_ROWS = "the mapped arguments differ in their number of rows: {0}"
MSG_EMPTY = "a batch of zero rows: there is nothing to compute {0} of"
MSG_KEYWORDS = "a vmapped function takes positional arguments only, not {0}"
MSG_NOT_FUNCTION = "vmap takes a function, not {0!r}: write vmap(f)(X), not vmap(f(X))"


class _RowVariant(Variant):
    """A variant of a function of a row; some inputs are of rows."""

    def __init__(self, recording: Any, floats: Sequence[float], rows: range) -> None:
        super().__init__(recording, floats)
        self.row_inputs = rows
        self.runners: dict[tuple[bool, bool], BatchRunner] = {}
        self.gradients: dict[int, Vmap] = {}

    @functools.cached_property
    def guards_only(self) -> BatchRunner:
        """What tells which rows the variant is right for."""
        return BatchRunner(
            self.program.replace(outputs=()), self.row_inputs, reduce=False
        )

    def runner(self, *, partials: bool, reduce: bool) -> BatchRunner:
        """Return the compiled outputs, with the partials by what is not of rows."""
        key = partials, reduce
        if key not in self.runners:
            program = self.shared_partials() if partials else self.program
            if reduce and len(program.guards) == len(self.program.guards):
                program = program.replace(guards=())  # they were asked before
            self.runners[key] = BatchRunner(program, self.row_inputs, reduce=reduce)
        return self.runners[key]

    def shared_partials(self) -> Program:
        """Return the program that also computes the partials by shared inputs."""
        program, rows = self.program, set(self.row_inputs)

        def run(inputs: list[Value]) -> list[Any]:
            results = program.run(inputs)
            program.holds(results)
            outputs = [results[i] for i in program.outputs]
            shared = [x for i, x in enumerate(inputs) if i not in rows]
            return outputs + [x for y in outputs for x in gradient_of(y, shared)]

        return record_once(run, self.example, program.name).program


class Vmap:
    """A function of rows; see `vmap`."""

    def __init__(self, f: Function, in_axes: Any, reduce: str | None) -> None:
        self.f = f
        self.in_axes = in_axes
        self.reduce = reduce
        self.name = name_of(f)
        self.variants: dict[Any, list[_RowVariant]] = {}

    @property
    def programs(self) -> list[Program]:
        """What was recorded, for one row: a program for each structure and way."""
        return [v.program for variants in self.variants.values() for v in variants]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the results for all rows, or their sum or mean."""
        if kwargs:
            raise TypeError(MSG_KEYWORDS.format(", ".join(kwargs)))
        axes = self._axes(len(args))
        tape = tape_in_use()
        arrays, sources = self._arrays(args, axes)
        if tape is not None and not tape.batches:
            return row_by_row(self.f, args, axes, arrays, self.reduce, self.name)
        if any(array.dtype.kind == "O" for array in arrays):
            raise EagerlyError
        batch = self._batch(args, axes, arrays)
        if tape is not None:
            own = zip(sources, arrays, strict=True)
            known = [array if source is None else source for source, array in own]
            return batch.recorded(tape.late, known)
        return batch.reduced() if self.reduce else batch.mapped()

    def _batch(
        self, args: Sequence[Any], axes: Sequence[int | None], arrays: Sequence[Any]
    ) -> _Batch:
        shapes = tuple(array.shape[1:] for array in arrays)
        numbers: list[Any] = []
        rest = [x for x, axis in zip(args, axes, strict=True) if axis is None]
        structure, rebuild = take_apart(rest, numbers)
        key = structure, shapes
        return _Batch(self, axes, shapes, Columns(arrays), numbers, rebuild, key)

    def with_numbers(
        self, args: Sequence[Any], numbers: Any, places: Callable[..., Any]
    ) -> Any:
        """Return what a call returns, with other numbers for the captured Values.

        No node is made: it is the results of all rows; or with ``reduce`` the numbers
        of the result, for each the derivatives by the captured Values, and the places
        of these. It is None where more than one variant, or more than machine code,
        would be needed.

        Args:
            args: the arguments, without Values and floats that are not mapped.
            numbers: an array.
            places: takes the captured Values and returns which of the numbers are
                theirs, or None if some have none.

        """
        import numpy as np

        axes = self._axes(len(args))
        batch = self._batch(args, axes, self._arrays(args, axes)[0])
        if batch.numbers or not (batch.variants or batch.record(0)):
            return None
        variant = batch.variants[0]
        if len(batch.variants) > 1 or variant.program.guards:
            return None
        at = places(variant.captured)
        reduce = self.reduce is not None
        runner = variant.runner(partials=reduce, reduce=reduce)
        if at is None or runner.function is None:
            return None
        out, right = runner.run(numbers[at], batch.columns)
        if right is not None or (reduce and not np.isfinite(out).all()):
            return None
        height = batch.columns.height
        if not reduce:
            return with_rows(variant.form, list(out), height)
        m = len(variant.program.outputs)
        factor = 1.0 / height if self.reduce == "mean" else 1.0
        return factor * out[:m], factor * out[m:].reshape(m, -1), at

    def _axes(self, n: int) -> list[int | None]:
        axes = self.in_axes
        axes = [axes] * n if axes is None or isinstance(axes, int) else list(axes)
        if len(axes) != n:
            raise TypeError(MSG_AXES.format(len(axes), n))
        for axis in axes:
            if axis is not None and (
                not isinstance(axis, int) or isinstance(axis, bool)
            ):
                raise TypeError(MSG_AXIS.format(axis))
        if all(axis is None for axis in axes):
            raise ValueError(MSG_NOTHING.format(self.in_axes))
        return axes

    def _arrays(
        self, args: Sequence[Any], axes: Sequence[int | None]
    ) -> tuple[list[Any], list[int | None]]:
        """Return the mapped arguments, rows first, and which array arguments they are.

        They hold Values only where a function is recorded.
        """
        import numpy as np

        arrays = []
        sources = []
        tape = tape_in_use()
        late = tape.late if tape is not None and tape.batches else None
        for i, (arg, axis) in enumerate(zip(args, axes, strict=True)):
            if axis is None:
                continue
            known = isinstance(arg, RecordedArray) and arg.late is late and axis == 0
            array = arg.array if known else np.asarray(arg)
            if array.dtype.kind not in "fiub" and not _is_recorded(array):
                raise TypeError(MSG_DTYPE.format(i, array.dtype))
            if not -array.ndim <= axis < array.ndim:
                raise ValueError(MSG_SHAPE.format(i, array.shape, axis))
            arrays.append(array if axis == 0 else np.moveaxis(array, axis, 0))
            sources.append(arg.source if known else None)
        counts = {len(array) for array in arrays}
        if len(counts) > 1:
            raise ValueError(MSG_ROWS.format([len(array) for array in arrays]))
        if counts == {0}:
            raise ValueError(MSG_EMPTY.format(self.name))
        return arrays, sources

    def __repr__(self) -> str:
        return f"<vmap of {self.name}>"


class _Batch:
    """One call: what is the same for all rows, and the rows."""

    def __init__(
        self,
        owner: Vmap,
        axes: Sequence[int | None],
        shapes: tuple[tuple[int, ...], ...],
        columns: Columns,
        numbers: list[Any],
        rebuild: Callable[..., Any],
        key: Any,
    ) -> None:
        self.owner = owner
        self.axes = axes
        self.shapes = shapes
        self.columns = columns
        self.numbers = numbers
        self.rebuild = rebuild
        self.floats = [number(x) if type(x) is Value else x for x in numbers]
        self.variants = owner.variants.setdefault(key, [])

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
        return self.owner.f(*args)

    def record(self, i: int) -> bool:
        """Record a variant at row i; return whether it could be.

        It cannot where Values raise. If floats raise as well, that is raised.
        """
        name = self.owner.name
        if len(self.variants) >= VARIANTS:
            raise RuntimeError(MSG_VARIANTS.format(name, len(self.variants)))
        floats = self.floats + self.columns.row(i)
        with taping(None):
            try:
                recording = record(lambda xs, _: self.call(xs), floats, name)
            except (ArithmeticError, ValueError):
                self.by_itself(i)
                return False
        rows = range(len(self.floats), len(floats))
        self.variants.append(_RowVariant(recording, floats, rows))
        return True

    def shared(self, variant: _RowVariant) -> tuple[list[Any], list[float]]:
        """Return what is the same for all rows, as it came and as floats."""
        captured = variant.captured
        return self.numbers + captured, self.floats + [number(x) for x in captured]

    def goes(self, variant: _RowVariant, i: int) -> bool:
        """Return whether the variant is the way that the function takes at row i."""
        captured = [number(x) for x in variant.captured]
        return goes(variant.program, self.floats + self.columns.row(i) + captured)

    def sorted(self) -> tuple[list[tuple[_RowVariant, Any]], list[int]]:
        """Return for each variant the rows that it is right for, None for all.

        The second result is the rows that machine code is right for in no variant,
        though Python takes the way of one: because of a NaN, or an error to be raised.
        """
        import numpy as np

        for i in range(self.columns.height):
            if self.variants or self.record(i):
                break
        if len(self.variants) == 1 and not self.variants[0].program.guards:
            return [(self.variants[0], None)], []
        left = np.arange(self.columns.height)
        found: list[tuple[_RowVariant, Any]] = []
        odd = []
        k = 0
        while len(left):
            if k == len(self.variants):
                i = int(left[0])
                goes = any(self.goes(variant, i) for variant in self.variants)
                if goes or not self.record(i):
                    odd.append(i)
                    left = left[1:]
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

    def by_itself(self, i: int) -> tuple[list[Any], Any]:
        """Return what the function itself returns at a row: numbers, and the form."""
        values = self.numbers + self.columns.row(i)
        return numbers_and_form(self.call(values), self.owner.name)

    # --- A result for each row ------------------------------------------------------

    def mapped(self) -> Any:
        """Return the results of all rows."""
        import numpy as np

        forms = []
        results: list[Any] = []
        groups, odd = self.sorted()
        for variant, rows in groups:
            columns = self.columns if rows is None else self.columns.take(rows)
            inputs, floats = self.shared(variant)
            nodes = any(type(x) is Value for x in inputs)
            runner = variant.runner(partials=nodes and is_recording(), reduce=False)
            out, right = runner.run(floats, columns)
            m = len(variant.program.outputs)
            found: list[Any] = list(out[:m])
            if nodes and is_recording():
                found = _node_rows(variant, inputs, out, columns)
            elif nodes:
                found = [_constants(numbers) for numbers in found]
            if right is not None:
                places = np.flatnonzero(~right)
                odd += (places if rows is None else rows[places]).tolist()
            forms.append(variant.form)
            form_of_all(forms, self.owner.name)
            if rows is None:
                results = found
                break
            results = results or [np.empty(self.columns.height) for _ in range(m)]
            for k in range(m):
                results[k] = _put(results[k], rows, found[k])
        for i in odd:
            ys, form = self.by_itself(i)
            forms.append(form)
            form_of_all(forms, self.owner.name)
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
        nodes = any(type(x) is Value for x in inputs)
        runner = variant.runner(partials=nodes, reduce=True)
        if runner.function is None:
            raise EagerlyError
        out, _ = runner.run(floats, self.columns)
        if not np.isfinite(out).all():
            raise EagerlyError
        guards = variant.guards_only if variant.program.guards else None
        widths = [a.shape[1] for a in self.columns.arrays]
        n, m, height = len(inputs), len(variant.program.outputs), self.columns.height
        call = BatchCall(runner, guards, n, widths, height)
        operands = (*inputs, *[late.token(source) for source in sources])
        none = [0.0] * len(widths)
        sums = out.tolist()
        ys = []
        for k in range(m):
            gradient = sums[m + k * n : m + (k + 1) * n] if nodes else [0.0] * n
            row = _recorded_row(self.owner.name, call, k, m + k * n, gradient, operands)
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
            parts += self._sums(variant, columns)
        for i in odd:
            ys, form = self.by_itself(i)
            forms.append(form)
            parts.append(ys)
        form = form_of_all(forms, self.owner.name)
        totals = [total(column) for column in zip(*parts, strict=True)]
        return reader(form)([factor * y for y in totals])

    def _sums(self, variant: _RowVariant, columns: Columns) -> list[list[Any]]:
        """Return the sums over the rows of one variant; and apart those of odd rows."""
        import numpy as np

        inputs, floats = self.shared(variant)
        nodes = any(type(x) is Value for x in inputs)
        runner = variant.runner(partials=nodes, reduce=True)
        out, right = runner.run(floats, columns)
        if right is None and np.isfinite(out).all():
            return [self._node_sums(variant, inputs, out, columns, nodes=nodes)]
        _, right = variant.runner(partials=nodes, reduce=False).run(floats, columns)
        if right is None:
            right = np.ones(columns.height, dtype=bool)
        parts = []
        for i in np.flatnonzero(~right):
            ys, _ = outputs_of(self.call(self.numbers + columns.row(int(i))), "f")
            parts.append(ys)
        if right.any():
            columns = columns.take(right)
            out, _ = runner.run(floats, columns)
            parts.append(self._node_sums(variant, inputs, out, columns, nodes=nodes))
        return parts

    def _node_sums(
        self,
        variant: _RowVariant,
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
                _row_of_sum(variant, k, columns),
                sums[k],
                tuple(inputs),
                out[m + k * n : m + (k + 1) * n].tolist(),
            )
            for k in range(m)
        ]


def _is_recorded(array: Any) -> bool:
    """Return whether an array holds Values of a function that is being recorded."""
    return tape_in_use() is not None and all(
        isinstance(x, (Value, float, int)) for x in array.ravel().tolist()
    )


def _put(array: Any, rows: Any, numbers: Any) -> Any:
    """Return the array with these numbers in it, of objects if there are Values."""
    if isinstance(numbers, Value) or getattr(numbers, "dtype", None) == "O":
        array = array.astype(object, copy=False)
    array[rows] = numbers
    return array


def _constants(numbers: Any) -> Any:
    """Return an array of Values that remember nothing, as under `no_grad`."""
    import numpy as np

    array = np.empty(len(numbers), dtype=object)
    array[:] = [Value(x).detach() for x in numbers.tolist()]
    return array


def _node_rows(
    variant: _RowVariant, inputs: list[Any], out: Any, columns: Columns
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
            row = _row_of_sum(variant, k, columns.take([i]))
            array[i] = fused(row, y, operands, partials[i])
        arrays.append(array)
    return arrays


def _recorded_row(
    name: str,
    call: BatchCall,
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


def _row_of_sum(variant: _RowVariant, k: int, columns: Columns) -> Primitive:
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
        inputs = [*shared[:first], *row, *shared[first:]]
        y = program.replace(outputs=(program.outputs[k],))(*inputs)[0]
        return gradient_of(y, shared)

    if k not in variant.gradients:
        variant.gradients[k] = Vmap(derived, (None, 0), "sum")
    gradient = variant.gradients[k]

    def partials(_y: Any, *shared: Any) -> list[Any]:
        import numpy as np

        flat = np.concatenate(columns.arrays, axis=1)
        found: list[Any] = gradient(list(shared), flat)
        return found

    return Primitive(program.name, value, partials, elementary=False)


def vmap(
    f: Function,
    in_axes: int | Sequence[int | None] | None = 0,
    reduce: str | None = None,
) -> Vmap:
    """Return the function that applies f to each row of arrays, natively.

    Args:
        f: a function of one row: a float where the mapped argument has one axis, an
            array of the other axes where it has more; and of what is not mapped.
        in_axes: the axis of each argument that runs over the rows, None for what is the
            same for all rows; one int for all arguments.
        reduce: None for a result for each row, "sum" or "mean" for one of all.

    Returns:
        A function of arrays. Its result is of f's form, with arrays for numbers; with
        ``reduce``, of f's form itself. Where what is not mapped holds Values, or f
        captured some, numbers are nodes over these.

    Raises:
        TypeError: if f is no function; when called, if rows are no floats, or f returns
            no numbers.
        ValueError: if ``reduce`` is something else; when called, if numbers of rows
            differ or are zero.

    >>> import numpy as np
    >>> from autograd import grad, math
    >>> vmap(lambda x: x if x > 0 else 0.1 * x)(np.array([-1.0, 2.0]))
    array([-0.1,  2. ])
    >>> loss = vmap(lambda w, x, y: (w * x - y) ** 2, (None, 0, 0), reduce="mean")
    >>> grad(loss)(2.0, np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    7.0

    """
    if not callable(f):
        raise TypeError(MSG_NOT_FUNCTION.format(f))
    if reduce not in {None, "sum", "mean"}:
        raise ValueError(MSG_REDUCE.format(reduce))
    return Vmap(f, in_axes, reduce)
