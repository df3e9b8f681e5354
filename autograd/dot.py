"""sumprod: the dot product as one node, which is what a neuron is.

A neuron of 16 inputs is one node of 34 operands instead of 33 nodes, and its loop over
the operands runs in C. The partial for each factor is the other factor.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

try:
    import cython
except ImportError:
    from autograd import _cython as cython  # type: ignore[no-redef]

from autograd.primitives import elementary

if cython.compiled:
    from cython.cimports.autograd.value import (
        Value,
        array,
        as_operand,
        new_node,
    )  # fmt: skip
    from cython.cimports.cpython.mem import PyMem_Free
else:
    from autograd.value import Value, array, as_operand, new_node

_SUMPROD = cython.declare(object, elementary.sumprod)
_SPLITTER = cython.declare(cython.double, elementary.SPLITTER)


def sumprod(p: Iterable, q: Iterable) -> Any:
    """Return the dot product of two sequences, as one node.

    Args:
        p: n Values and numbers; stored as it is if it is a tuple.
        q: as many.

    Returns:
        A float if all are numbers, else a Value. The sum is as accurate as if computed
        in twice the precision (Ogita, Rump, Oishi 2005, algorithm Dot2).

    Raises:
        ValueError: if the lengths differ.
        TypeError: if an element is not a real number or Value.

    >>> w = Value(2.0)
    >>> sumprod([w, 1.0], [3.0, 0.5]).data
    6.5

    """
    left: tuple = tuple(p)
    right: tuple = tuple(q)
    n: cython.Py_ssize_t = len(left)
    if len(right) != n:
        message = f"the sequences of a sumprod differ in length: {n} and {len(right)}"
        raise ValueError(message)
    # The partial for each factor is the other factor.
    partials = array(2 * n)
    try:
        left = _load(left, partials, n)
        right = _load(right, partials, 0)
        y: cython.double = _dot(partials, n)
        if not _any_value(left) and not _any_value(right):
            return y
        node: Value = new_node(_SUMPROD, y, left, right, 0.0, 0.0)
        if node._primitive is _SUMPROD:
            node._many = partials
            partials = cython.NULL
        return node
    finally:
        if cython.compiled:
            PyMem_Free(partials)


@cython.cfunc
def _load(xs: tuple, array: cython.p_double, start: cython.Py_ssize_t) -> tuple:
    """Copy the numbers of xs to array[start:]; return xs with all constants floats."""
    i: cython.Py_ssize_t
    for i in range(len(xs)):
        x = xs[i]
        if type(x) is Value:
            v: Value = x
            array[start + i] = v._data
        elif type(x) is float:
            array[start + i] = x
        else:
            return _load(tuple([as_operand(x) for x in xs]), array, start)
    return xs


@cython.cfunc
@cython.inline
def _any_value(xs: tuple) -> cython.bint:
    for x in xs:  # noqa: SIM110 - compiled, a loop is faster than a generator
        if type(x) is Value:
            return True
    return False


@cython.cfunc
def _dot(array: cython.p_double, n: cython.Py_ssize_t) -> cython.double:
    """Return array[:n] . array[n:]; the arithmetic of the row, see there."""
    i: cython.Py_ssize_t
    total: cython.double = 0.0
    error: cython.double = 0.0
    for i in range(n):
        a: cython.double = array[n + i]
        b: cython.double = array[i]
        product: cython.double = a * b
        t: cython.double = _SPLITTER * a
        a_high: cython.double = t - (t - a)
        a_low: cython.double = a - a_high
        t = _SPLITTER * b
        b_high: cython.double = t - (t - b)
        b_low: cython.double = b - b_high
        product_error: cython.double = a_low * b_low - (
            ((product - a_high * b_high) - a_low * b_high) - a_high * b_low
        )
        new: cython.double = total + product
        t = new - total
        error += ((total - (new - t)) + (product - t)) + product_error
        total = new
    y: cython.double = total + error
    if y - y != 0.0:
        y = 0.0
        for i in range(n):
            y += array[n + i] * array[i]
    return y
