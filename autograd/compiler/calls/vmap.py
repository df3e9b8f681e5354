"""vmap: a function of one row, for all rows of arrays at once.

The function is recorded at one row, as `jit` does, and the program runs natively over
all rows (`autograd.compiler.calls.vmap_call`). Within a function that is being compiled
a batch is one instruction, a call; within the function of a row it is recorded row by
row.

What is not mapped may be Values, or captured; then results are nodes over them. With
``reduce`` there is one node for the sum or mean over all rows, and its partials come
out of the same pass over the rows as its value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.compiler.calls import travel
from autograd.compiler.calls.dispatch import Dispatch, Ways
from autograd.compiler.calls.forms import Arguments
from autograd.compiler.calls.kinds import Same
from autograd.compiler.calls.reads import names_in
from autograd.compiler.calls.surroundings import Surroundings
from autograd.compiler.calls.vmap_call import BatchCall
from autograd.compiler.calls.vmap_results import row_by_row, with_rows
from autograd.compiler.calls.vmap_runner import Columns
from autograd.compiler.element import EagerlyError
from autograd.compiler.program import Program
from autograd.compiler.record.arrays import RecordedArray
from autograd.compiler.record.trace import name_of
from autograd.context import tape_in_use
from autograd.derived import reference
from autograd.value import Value

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
MSG_TEXTS = (
    "argument {0} is mapped and holds text, but rows are numbers. Map the number of "
    "each label, [labels.index(x) for x in column], or call vmap for the rows of one "
    "label at a time, with in_axes None for the label"
)
MSG_NO_NUMPY = (
    "vmap keeps its rows in NumPy's arrays, and NumPy is not installed: pip install "
    "numpy. Without it apply jit(f) to each row: [g(row) for row in rows]"
)
MSG_LONG = (
    "argument {0} is mapped and holds {1}, more digits than a float has, which would "
    "be lost in silence: pass array.astype(float)"
)
MSG_MASK = (
    "argument {0} is mapped and a masked array, whose mask would be lost in silence: "
    "map array.compressed(), or array.filled(...)"
)
MSG_SPARSE = "argument {0} is mapped and sparse, and rows are whole: map x.toarray()"
FLOAT = 8  # bytes
MSG_SHAPE = "argument {0} has shape {1}, and so no axis {2} to run over"
MSG_ROWS = "the mapped arguments differ in their number of rows: {0}"
MSG_EMPTY = "a batch of zero rows: there is nothing to compute {0} of"
MSG_KEYWORDS = "a vmapped function takes positional arguments only, not {0}"
MSG_GONE = (
    "this function of rows came by cloudpickle's value from another process, and "
    "cloudpickle is not installed here"
)
MSG_NOT_FUNCTION = "vmap takes a function, not {0!r}: write vmap(f)(X), not vmap(f(X))"


# What was recorded of functions that are made anew for each call, by their content.
_RECORDED = Dispatch("vmap", warns=False)


class Vmap:
    """A function of rows; see `vmap`."""

    __steady__ = True

    def __init__(self, f: Function, in_axes: Any, reduce: str | None) -> None:
        self.f = f
        self.in_axes = in_axes
        self.reduce = reduce
        self.name = name_of(f)
        self.variants = Dispatch(self.name)
        self.surroundings = Surroundings(f)
        self.reasons: dict[str, None] = {}

    def __structure__(self, read: Callable[[Any], Any]) -> Any:
        return read(self.f), repr(self.in_axes), self.reduce

    @staticmethod
    def derive(f: Function) -> Vmap:
        """Return the sum over rows of a function of what is shared, and of a row."""
        return Vmap(f, (None, 0), "sum")

    @property
    def programs(self) -> list[Program]:
        """What was recorded, for one row: a program for each structure and way."""
        return [v.program for ways in self.variants.values() for v in ways]

    @property
    def why_eager(self) -> str:
        """Why rows are computed by the function itself; "" if none are."""
        return "\n".join(self.reasons)

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
        try:
            batch = self._batch(args, axes, arrays)
            if tape is None:
                return batch.reduced() if self.reduce else batch.mapped()
        except EagerlyError as reason:
            if tape is not None:
                raise
            self.reasons[str(reason)] = None
            return row_by_row(self.f, args, axes, arrays, self.reduce, self.name)
        own = zip(sources, arrays, strict=True)
        known = [array if source is None else source for source, array in own]
        return batch.recorded(tape.late, known)

    def _batch(
        self, args: Sequence[Any], axes: Sequence[int | None], arrays: Sequence[Any]
    ) -> BatchCall:
        shapes = tuple(array.shape[1:] for array in arrays)
        arguments = Arguments()
        rest = [x for x, axis in zip(args, axes, strict=True) if axis is None]
        structure, rebuild = arguments.take(rest)
        if arguments.classes:
            self.surroundings.add_classes(arguments.classes)
        ways = self._ways((structure, shapes, self.surroundings.key()))
        if ways.why_eager is not None:
            raise EagerlyError(ways.why_eager)
        numbers = arguments.numbers
        return BatchCall(self, axes, shapes, Columns(arrays), numbers, rebuild, ways)

    def _ways(self, key: Any) -> Ways:
        """Return the recordings for what is not mapped, for shapes and surroundings.

        A function that is made anew for each call, but of the same content, was
        recorded before.
        """
        ways = self.variants.get(key)
        if ways is not None:
            return self.variants.of(key)
        code = getattr(self.f, "__code__", None)
        if code is None or names_in(code)[0]:
            return self.variants.of(key)
        own = Same(code), repr(self.in_axes), self.reduce, key
        return self.variants.of(key, _RECORDED.of(own))

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
        if len(batch.variants) > 1 or variant.program.is_guarded:
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
        try:
            import numpy as np
        except ImportError:
            raise ModuleNotFoundError(MSG_NO_NUMPY, name="numpy") from None

        arrays = []
        sources = []
        tape = tape_in_use()
        late = tape.late if tape is not None and tape.batches else None
        for i, (arg, axis) in enumerate(zip(args, axes, strict=True)):
            if axis is None:
                continue
            known = isinstance(arg, RecordedArray) and arg.late is late and axis == 0
            if known:
                array = arg.array
            elif type(arg) is np.ndarray:
                array = arg
            else:
                array = _as_array(i, arg)
            _check_kind(i, array)
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

    def __reduce__(self) -> tuple[Any, ...]:
        # Recordings stay here: another process makes its own, once.
        again = travel.underway(self)
        if again is not None:
            return again
        found = reference(self.f, self)
        packed = travel.value(self, found)
        f = self.f if packed is None else None
        return _arrive, (f, self.in_axes, self.reduce, packed)

    def __repr__(self) -> str:
        return f"<vmap of {self.name}>"


def _as_array(i: int, arg: Any) -> Any:
    """Return an argument as an array, unless numbers would be lost or made up."""
    import numpy as np

    if isinstance(arg, np.ndarray) and hasattr(arg, "mask"):
        raise TypeError(MSG_MASK.format(i))
    if hasattr(type(arg), "toarray"):
        raise TypeError(MSG_SPARSE.format(i))
    return np.asarray(arg)


def _check_kind(i: int, array: Any) -> None:
    """Raise for an argument that is no array of floats.

    Raises:
        TypeError: naming the argument, and what to write instead.

    """
    kind = array.dtype.kind
    if kind == "f":
        if array.dtype.itemsize > FLOAT:
            raise TypeError(MSG_LONG.format(i, array.dtype))
        return
    if kind in "SU" or any(isinstance(x, (str, bytes)) for x in array.flat[:1]):
        raise TypeError(MSG_TEXTS.format(i))
    if kind not in "iub" and not _is_recorded(array):
        raise TypeError(MSG_DTYPE.format(i, array.dtype))


def _is_recorded(array: Any) -> bool:
    """Return whether an array holds Values of a function that is being recorded."""
    return tape_in_use() is not None and all(
        isinstance(x, (Value, float, int)) for x in array.ravel().tolist()
    )


def _arrive(f: Any, in_axes: Any, reduce: str | None, packed: Any) -> Vmap:
    """Return a function of rows that was pickled, by reference or by value."""
    if packed is None:
        return Vmap(f, in_axes, reduce)
    new = Vmap(_gone, in_axes, reduce)
    arrived: Vmap = travel.arrived(new, packed, repr(in_axes), reduce)
    arrived.name = name_of(arrived.f)
    return arrived


def _gone(*_args: Any) -> Any:
    raise RuntimeError(MSG_GONE)


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
