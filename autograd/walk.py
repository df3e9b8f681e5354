"""The walk over a graph of nodes: reverse topological order, and the chain rule.

`topological_order` lists a graph's nodes, parents first. Going through that list
backwards, every node's adjoint is complete before it is passed on: the contributions of
all its uses have come in. Passing it on is adding partial times adjoint to each
parent's adjoint. That is all of backpropagation.

The walk does not recurse, so no graph is too deep for it. It numbers the nodes it
reaches: ``node._mark - first`` is a node's place in the order, and a mark below
``first`` belongs to an earlier walk. For the sake of those marks walks take turns.

An adjoint is the derivative of the root, the last node, by the node at hand.
"""
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: cdivision=True, binding=True, embedsignature=True

from __future__ import annotations

import threading

try:
    import cython
except ImportError:
    from autograd import _cython as cython  # type: ignore[no-redef]

from autograd.value import CONSTANT, walk_with

if cython.compiled:
    from cython.cimports.autograd.value import Value, array, as_float, describe
    from cython.cimports.cpython.mem import PyMem_Free
else:
    from autograd.value import Value, array, as_float, describe

MSG_CONSTANT = (
    "backward() on a constant: this Value was detached or made under no_grad(), so it "
    "does not remember what it depends on. Compute it outside no_grad(), without detach"
)

_clock = cython.declare(cython.longlong, 0)
_lock = cython.declare(object, threading.RLock())


def topological_order(root: Value) -> list:
    """Return every node that root depends on, parents before children, root last.

    Raises:
        TypeError: if root is not a Value.

    >>> x = Value(2.0, name="x")
    >>> [node.op or node.name for node in topological_order(x * x + 1.0)]
    ['x', '*', '+']

    """
    if type(root) is not Value:
        message = f"a graph hangs on a Value, not on {describe(root)}"
        raise TypeError(message)
    order: list = []
    with _lock:
        _visit(root, order)
    return order


@cython.cfunc
def _visit(root: Value, order: list) -> cython.longlong:
    """Append root's graph to order, parents first; return the first node's mark."""
    global _clock
    # A node is met (on the stack a second time, below its parents), then numbered.
    met: cython.longlong = _clock + 1
    first: cython.longlong = _clock + 2
    number: cython.longlong = first
    stack: list = [root]
    node: Value
    parent: Value
    try:
        while stack:
            node = stack.pop()
            if node._mark < met and node._a is not None:
                node._mark = met
                stack.append(node)
                if node._many:
                    if node._b is not None:
                        _push(node._b, stack, met)
                    _push(node._a, stack, met)
                    continue
                if type(node._b) is Value:
                    parent = node._b
                    if parent._mark < met:
                        stack.append(parent)
                if type(node._a) is Value:
                    parent = node._a
                    if parent._mark < met:
                        stack.append(parent)
            elif node._mark <= met:
                node._mark = number
                number += 1
                order.append(node)
    finally:
        # Also where Ctrl-C ends the walk: its marks must not pass for the next one's.
        _clock = number
    return first


@cython.cfunc
@cython.inline
@cython.exceptval(check=True)
def _push(operands: tuple, stack: list, met: cython.longlong) -> cython.void:
    i: cython.Py_ssize_t
    parent: Value
    for i in range(len(operands) - 1, -1, -1):
        x = operands[i]
        if type(x) is Value:
            parent = x
            if parent._mark < met:
                stack.append(parent)


@cython.cfunc
def _sweep(order: list, first: cython.longlong, seed: cython.double) -> cython.p_double:
    """Return the adjoint of each node of the order; the last one's is the seed."""
    i: cython.Py_ssize_t
    n: cython.Py_ssize_t = len(order)
    adjoints = array(n)
    for i in range(n):
        adjoints[i] = 0.0
    adjoints[n - 1] = seed
    node: Value
    parent: Value
    for i in range(n - 1, -1, -1):
        node = order[i]
        adjoint: cython.double = adjoints[i]
        if adjoint == 0.0:  # the strong zero
            continue
        if adjoint - adjoint != 0.0 and node._primitive is not None:  # infinite or NaN
            _spread_to_the_chosen(node, adjoint, adjoints, first)
        elif node._many:
            _spread(node._a, node._many, 0, adjoint, adjoints, first)
            if node._b is not None:
                _spread(node._b, node._many, len(node._a), adjoint, adjoints, first)
        else:
            if type(node._a) is Value:
                parent = node._a
                adjoints[parent._mark - first] += adjoint * node._da
            if type(node._b) is Value:
                parent = node._b
                adjoints[parent._mark - first] += adjoint * node._db
    return adjoints


@cython.cfunc
def _spread_to_the_chosen(
    node: Value,
    adjoint: cython.double,
    adjoints: cython.p_double,
    first: cython.longlong,
) -> object:
    """Pass an infinite adjoint on; but 0 to what `where` and its kin did not choose."""
    parent: Value
    selects: cython.bint = node._primitive.selects
    for parent, partial in zip(node.parents, node.partials, strict=True):
        if partial != 0.0 or not selects:
            adjoints[parent._mark - first] += adjoint * partial


@cython.cfunc
@cython.inline
@cython.exceptval(check=True)
def _spread(
    operands: tuple,
    partials: cython.p_double,
    start: cython.Py_ssize_t,
    adjoint: cython.double,
    adjoints: cython.p_double,
    first: cython.longlong,
) -> cython.void:
    i: cython.Py_ssize_t
    parent: Value
    for i in range(len(operands)):
        x = operands[i]
        if type(x) is Value:
            parent = x
            adjoints[parent._mark - first] += adjoint * partials[start + i]


def gradient(root: Value, inputs: list) -> list | None:
    """Return the derivatives of root by each input, writing on no node.

    Returns:
        Floats, 0.0 for an input that root does not depend on; or None if root depends
        on leaves other than the inputs, so that the derivatives are Values.

    """
    i: cython.Py_ssize_t
    leaves: cython.Py_ssize_t = 0
    node: Value
    with _lock:
        order: list = []
        first = _visit(root, order)
        for i in range(len(order)):
            node = order[i]
            leaves += node._primitive is None
        for node in inputs:
            leaves -= node._mark >= first and node._primitive is None
        if leaves:
            return None
        adjoints = _sweep(order, first, 1.0)
        found = [
            adjoints[node._mark - first] if node._mark >= first else 0.0
            for node in inputs
        ]
        if cython.compiled:
            PyMem_Free(adjoints)
        return found


def backward(root: Value, seed: object = 1.0) -> None:
    """Differentiate root by every node of its graph: see `Value.backward`."""
    start = as_float(seed)
    if start is None:
        message = f"a seed is one real number, not {describe(seed)}"
        raise TypeError(message)
    if root._primitive is CONSTANT:
        raise ValueError(MSG_CONSTANT)
    i: cython.Py_ssize_t
    node: Value
    with _lock:
        order: list = []
        first = _visit(root, order)
        adjoints = _sweep(order, first, start)
        for i in range(len(order)):
            node = order[i]
            if node._primitive is None:
                node._grad += adjoints[i]
            elif node._primitive is not CONSTANT:
                node._grad = adjoints[i]
        if cython.compiled:
            PyMem_Free(adjoints)


walk_with(backward)
