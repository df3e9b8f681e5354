"""The walk over a graph of nodes: reverse topological order, and the chain rule.

`topological_order` lists a graph's nodes, parents first. Going through that list
backwards, every node's adjoint is complete before it is passed on: the contributions of
all its uses have come in. Passing it on is adding partial times adjoint to each
parent's adjoint. That is all of backpropagation.

The walk does not recurse, so no graph is too deep for it. It numbers the nodes it
reaches: ``node._mark - first`` is a node's place in the order, and a mark below
``first`` belongs to an earlier walk. For the sake of those marks walks take turns. A
finaliser or a signal handler can still start one in the middle of another; such a walk
marks with numbers far beyond, and puts back every mark it found.

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

from autograd.forks import held_while_forking
from autograd.primitives.row import zeros
from autograd.value import CONSTANT, partials_of, walk_with

if cython.compiled:
    from cython.cimports.autograd._memory import Bare, prefetch
    from cython.cimports.autograd.value import Value, array, as_float, describe
    from cython.cimports.cpython.mem import PyMem_Free, PyMem_Realloc
else:
    from autograd.value import Value, array, as_float, describe

    Bare = object

MSG_CONSTANT = (
    "backward() on a constant: this Value was detached or made under no_grad(), so it "
    "does not remember what it depends on. Compute it outside no_grad(), without detach"
)

_clock = cython.declare(cython.longlong, 0)
lock = held_while_forking(threading.RLock())  # held during a walk
# How many walks are under way, each in the middle of the one before.
_walks = cython.declare(cython.longlong, 0)
# How many nodes ahead of the sweep their memory is fetched.
_AHEAD = cython.declare(cython.Py_ssize_t, 8)
_BEYOND = cython.declare(cython.longlong, 2**40)  # more than any graph has nodes


def topological_order(root: object) -> list[Value]:
    """Return every node that root depends on, parents before children, root last.

    Raises:
        TypeError: if root is not a Value.

    >>> x = Value(2.0, name="x")
    >>> [node.op or node.name for node in topological_order(x * x + 1.0)]
    ['x', '*', '+']

    """
    order: Nodes = Nodes()
    node: Value = _root(root)
    with lock:
        found = begin()
        try:
            visit(node, order, found)
            return listed(order)
        finally:
            end(found)


@cython.cfunc
def begin() -> list | None:
    """Start a walk; return None, or where one in the middle of another notes marks."""
    global _clock, _walks
    _walks += 1
    if _walks == 1:
        return None
    found: list = [_clock]
    _clock += _walks * _BEYOND
    return found


@cython.cfunc
def end(found: list | None) -> object:
    """End a walk, leaving no trace of it to the one it was in the middle of."""
    global _clock, _walks
    node: Value
    if found is not None:
        _clock = found[0]
        for i in range(len(found) - 1, 0, -1):
            node, node._mark = found[i]
    _walks -= 1


@cython.cfunc
def claim(n: cython.Py_ssize_t) -> cython.longlong:
    """Return the first of n marks that no node has."""
    global _clock
    first: cython.longlong = _clock + 1
    _clock += n
    return first


@cython.cfunc
def _root(thing: object) -> Value:
    """Return what is to be walked from, if it is a Value."""
    if type(thing) is not Value:
        message = f"a graph hangs on a Value, not on {describe(thing)}"
        raise TypeError(message)
    return thing


@cython.final
@cython.cclass
class Nodes:
    """Nodes of one graph, in a row; who holds its root may hold them so.

    Compiled, they are bare pointers: counting references would touch every node.
    """

    def __init__(self) -> None:
        self.size = self.room = 0
        self.leaves = 0
        if not cython.compiled:
            self.at = []

    def __dealloc__(self) -> None:
        PyMem_Free(self.at)

    @cython.cfunc
    @cython.inline
    @cython.exceptval(-1)
    def push(self, node: Bare) -> cython.bint:
        """Put a node behind the others."""
        if self.size == self.room:
            self.grow()
        self.at[self.size] = node
        self.size += 1
        return True

    @cython.cfunc
    @cython.exceptval(-1)
    def grow(self) -> cython.bint:
        """Take twice the room."""
        room: cython.Py_ssize_t = max(2 * self.room, 64)
        if cython.compiled:
            at = PyMem_Realloc(self.at, room * cython.sizeof(Bare))
            if not at:
                raise MemoryError
            self.at = cython.cast(cython.pointer(Bare), at)
        else:
            self.at += [None] * (room - self.room)
        self.room = room
        return True


@cython.cfunc
def listed(order: Nodes) -> list:
    """Return nodes as a list, which holds them."""
    i: cython.Py_ssize_t
    return [cython.cast(Value, order.at[i]) for i in range(order.size)]


@cython.cfunc
def visit(root: Value, order: Nodes, found: list | None) -> cython.longlong:
    """Put root's graph into order, parents first; return the first node's mark."""
    global _clock
    # A node is met (and stays on the stack, below its parents), then numbered.
    met: cython.longlong = _clock + 1
    first: cython.longlong = _clock + 2
    number: cython.longlong = first
    stack: Nodes = Nodes()
    node: Bare
    try:
        stack.push(cython.cast(Bare, root))
        while stack.size:
            node = stack.at[stack.size - 1]
            if found is not None:
                _note(cython.cast(Value, node), met, found)
            if cython.cast(Value, node)._mark < met:
                cython.cast(Value, node)._mark = met
                size: cython.Py_ssize_t = stack.size
                if cython.cast(Value, node)._many:
                    if cython.cast(Value, node)._b is not None:
                        _push_all(cython.cast(Value, node)._b, stack, met)
                    _push_all(cython.cast(Value, node)._a, stack, met)
                else:
                    b = cython.cast(Bare, cython.cast(Value, node)._b)
                    a = cython.cast(Bare, cython.cast(Value, node)._a)
                    _push(b, stack, met)
                    _push(a, stack, met)
                if stack.size > size:
                    continue
            stack.size -= 1
            if cython.cast(Value, node)._mark == met:
                cython.cast(Value, node)._mark = number
                number += 1
                order.push(node)
                if cython.cast(Value, node)._primitive is None:
                    order.leaves += 1
    finally:
        # Also where Ctrl-C ends the walk: its marks must not pass for the next one's.
        _clock = number
    return first


@cython.cfunc
def _note(node: Value, met: cython.longlong, found: list) -> object:
    """Note the mark that a node bears before this walk changes it."""
    if node._mark < met:
        found.append((node, node._mark))


@cython.cfunc
@cython.inline
@cython.exceptval(-1)
def _push(x: Bare, stack: Nodes, met: cython.longlong) -> cython.bint:
    """Put an operand on the stack if it is a node that was not met."""
    if type(cython.cast(object, x)) is Value and cython.cast(Value, x)._mark < met:
        stack.push(x)
        if cython.compiled:
            prefetch(cython.cast(Bare, cython.cast(Value, x)._b))
            prefetch(cython.cast(Bare, cython.cast(Value, x)._a))
    return True


@cython.cfunc
@cython.exceptval(-1)
def _push_all(operands: tuple, stack: Nodes, met: cython.longlong) -> cython.bint:
    i: cython.Py_ssize_t
    for i in range(len(operands) - 1, -1, -1):
        _push(cython.cast(Bare, operands[i]), stack, met)
    return True


@cython.cfunc
def _sweep(
    order: Nodes, first: cython.longlong, seed: cython.double
) -> cython.p_double:
    """Return the adjoint of each node of the order; the last one's is the seed."""
    i: cython.Py_ssize_t
    n: cython.Py_ssize_t = order.size
    adjoints = array(n)
    for i in range(n):
        adjoints[i] = 0.0
    adjoints[n - 1] = seed
    node: Bare
    for i in range(n - 1, -1, -1):
        if cython.compiled and i >= 2 * _AHEAD:
            _fetch(order.at[i - _AHEAD], order.at[i - 2 * _AHEAD])
        adjoint: cython.double = adjoints[i]
        if adjoint == 0.0:  # the strong zero
            continue
        node = order.at[i]
        if adjoint - adjoint != 0.0 and cython.cast(Value, node)._primitive is not None:
            _spread_to_the_chosen(cython.cast(Value, node), adjoint, adjoints, first)
        elif cython.cast(Value, node)._many:
            _spread_to_many(cython.cast(Value, node), adjoint, adjoints, first)
        else:
            _spread(
                cython.cast(Value, node)._a,
                adjoint * cython.cast(Value, node)._da,
                adjoints,
                first,
            )
            _spread(
                cython.cast(Value, node)._b,
                adjoint * cython.cast(Value, node)._db,
                adjoints,
                first,
            )
    return adjoints


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _fetch(soon: Bare, later: Bare) -> cython.void:
    """Have memory fetched: of a node its operands' marks, of a later one itself."""
    a = cython.cast(Bare, cython.cast(Value, soon)._a)
    b = cython.cast(Bare, cython.cast(Value, soon)._b)
    prefetch(a)  # its type; the mark may be in the next line of the cache
    prefetch(b)
    prefetch(cython.address(cython.cast(Value, a)._mark))
    prefetch(cython.address(cython.cast(Value, b)._mark))
    prefetch(cython.address(cython.cast(Value, later)._mark))
    prefetch(cython.address(cython.cast(Value, later)._db))


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _spread(
    x: object,
    share: cython.double,
    adjoints: cython.p_double,
    first: cython.longlong,
) -> cython.void:
    """Add to the adjoint of an operand, if it is a node."""
    if type(x) is Value:
        adjoints[cython.cast(Value, x)._mark - first] += share


@cython.cfunc
def _spread_to_the_chosen(
    node: Value,
    adjoint: cython.double,
    adjoints: cython.p_double,
    first: cython.longlong,
) -> object:
    """Pass an infinite adjoint on, but nothing where there is nothing to pass.

    That is: to what `where` and its kin did not choose, and through what is flat, as
    comparisons are. Such zeros are exact, no small numbers that were rounded to 0.
    """
    parent: Value
    selects: cython.bint = node._primitive.selects
    partials: tuple = partials_of(node)
    formulas: tuple = node._primitive.partials
    arity = node._primitive.arity
    k: cython.Py_ssize_t = -1
    for i, x in enumerate(node.operands):
        if type(x) is not Value:
            continue
        k += 1
        chosen = not selects and not (arity is not None and formulas[i] is zeros)
        if partials[k] != 0.0 or chosen:
            parent = x
            adjoints[parent._mark - first] += adjoint * partials[k]


@cython.cfunc
def _spread_to_many(
    node: Value,
    adjoint: cython.double,
    adjoints: cython.p_double,
    first: cython.longlong,
) -> object:
    i: cython.Py_ssize_t
    operands: tuple = node._a
    n: cython.Py_ssize_t = len(operands)
    for i in range(n):
        _spread(operands[i], adjoint * node._many[i], adjoints, first)
    if node._b is not None:
        operands = node._b
        for i in range(len(operands)):
            _spread(operands[i], adjoint * node._many[n + i], adjoints, first)


def gradient(root: Value, inputs: list, of_more: cython.bint = False) -> list | None:
    """Return the derivatives of root by each input, writing on no node.

    Args:
        root: the result.
        inputs: Values.
        of_more: whether root may depend on other leaves besides.

    Returns:
        Floats, 0.0 for an input that root does not depend on; or None if root depends
        on leaves other than the inputs, so that the derivatives are Values.

    """
    leaves: cython.Py_ssize_t
    node: Value
    order: Nodes = Nodes()
    with lock:
        found = begin()
        try:
            first = visit(root, order, found)
            leaves = order.leaves
            for node in inputs:
                leaves -= node._mark >= first and node._primitive is None
            if leaves and not of_more:
                return None
            adjoints = _sweep(order, first, 1.0)
            derivatives = [
                adjoints[node._mark - first] if node._mark >= first else 0.0
                for node in inputs
            ]
            if cython.compiled:
                PyMem_Free(adjoints)
            return derivatives
        finally:
            end(found)


def backward(thing: object, seed: object = 1.0) -> None:
    """Differentiate a Value by every node of its graph: see `Value.backward`."""
    root: Value = _root(thing)
    start = as_float(seed)
    if start is None:
        message = f"a seed is one real number, not {describe(seed)}"
        raise TypeError(message)
    if root._primitive is CONSTANT:
        raise ValueError(MSG_CONSTANT)
    i: cython.Py_ssize_t
    node: Bare
    order: Nodes = Nodes()
    with lock:
        found = begin()
        try:
            first = visit(root, order, found)
            adjoints = _sweep(order, first, start)
            for i in range(order.size):
                node = order.at[i]
                if cython.compiled and i + _AHEAD < order.size:
                    later: Bare = order.at[i + _AHEAD]
                    prefetch(cython.address(cython.cast(Value, later)._grad))
                if cython.cast(Value, node)._primitive is None:
                    cython.cast(Value, node)._grad += adjoints[i]
                elif cython.cast(Value, node)._primitive is not CONSTANT:
                    cython.cast(Value, node)._grad = adjoints[i]
            if cython.compiled:
                PyMem_Free(adjoints)
        finally:
            end(found)


walk_with(backward)
