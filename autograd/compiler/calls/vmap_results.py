"""vmap_results: what a function returns for each row, put together for all rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.compiler.calls.forms import Slot, container, reader
from autograd.compiler.record.trace import outputs_of
from autograd.context import tape_in_use
from autograd.lifting.eager import eagerly
from autograd.trees import as_array

MSG_FORM = (
    "{0} returns another structure of numbers for some rows than for others, and no "
    "array can hold both: return as many numbers, in the same places, for every row"
)


def numbers_and_form(result: Any, name: str) -> tuple[list[Any], Any]:
    """Return the numbers of a function's result, and its form.

    Raises:
        TypeError: if there is anything else in it.

    """
    ys, rebuild = outputs_of(result, name)
    return ys, rebuild(Slot(k) for k in range(len(ys)))


def form_of_all(forms: Sequence[Any], name: str) -> Any:
    """Return the form of the results.

    Raises:
        ValueError: if it is not that of all rows.

    """
    kind = _kind(forms[0])
    if any(_kind(form) != kind for form in forms[1:]):
        raise ValueError(MSG_FORM.format(name))
    return forms[0]


def _kind(form: Any) -> Any:
    """Return what tells two forms apart."""
    if isinstance(form, Slot):
        return float
    if hasattr(form, "dtype"):
        return form.shape
    items, label, _ = container(form)
    return (type(form), label, *map(_kind, items))


def with_rows(form: Any, results: Any, height: int) -> Any:
    """Return the form of one row's result, with the results of all rows in it."""
    import numpy as np

    if isinstance(form, Slot):
        return results[form.k]
    if isinstance(form, np.ndarray):
        flat = [results[slot.k] for slot in form.ravel().tolist()]
        columns = np.stack(flat, axis=-1) if flat else np.empty((height, 0))
        return columns.reshape(height, *form.shape)
    parts = container(form)
    return parts.join([with_rows(item, results, height) for item in parts.items])


def total(terms: Sequence[Any]) -> Any:
    """Return the sum of numbers and Values."""
    y = terms[0]
    for term in terms[1:]:
        y = y + term
    return y


def row_by_row(
    f: Callable[..., Any],
    args: Sequence[Any],
    axes: Sequence[int | None],
    arrays: Sequence[Any],
    reduce: str | None,
    name: str,
) -> Any:
    """Return the results of all rows as scalar code: f is called for each of them.

    So it is where rows hold Values, in the recording of another function of a row.

    Args:
        f: the function of a row.
        args: its arguments.
        axes: None for those that are the same for all rows.
        arrays: those that are not, rows first.
        reduce: None, "sum" or "mean".
        name: what messages call the function.

    """
    height = len(arrays[0])
    rows, forms = [], []
    tape = tape_in_use()
    call = eagerly if tape is None else tape.call
    for i in range(height):
        of_row = (_row(array[i]) for array in arrays)
        ys, form = numbers_and_form(
            call(f, *[
                arg if axis is None else next(of_row)
                for arg, axis in zip(args, axes, strict=True)
            ]),
            name,
        )  # fmt: skip
        rows.append(ys)
        forms.append(form)
    form = form_of_all(forms, name)
    columns = [list(column) for column in zip(*rows, strict=True)]
    if reduce is None:
        results = [as_array(column, (height,)) for column in columns]
        return with_rows(form, results, height)
    factor = 1.0 / height if reduce == "mean" else 1.0
    return reader(form)([factor * total(column) for column in columns])


def _row(x: Any) -> Any:
    """Return a row as f takes it: a number, or an array of floats or Values."""
    if hasattr(x, "ravel") and x.ndim:
        numbers = [_row(y) for y in x.ravel().tolist()]
        return as_array(numbers, x.shape)
    return float(x) if hasattr(x, "dtype") or isinstance(x, (int, float)) else x
