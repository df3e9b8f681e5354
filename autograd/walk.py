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
        at = PyMem_Realloc(self.at, room * cython.sizeof(Bare))
        if not at:
            raise MemoryError
        self.at = cython.cast(cython.pointer(Bare), at)
        self.room = room
        return True


@cython.cfunc
def listed(order: Nodes) -> list:
    """Return nodes as a list, which holds them."""
    if not cython.compiled:
        return order.at
    i: cython.Py_ssize_t
    return [cython.cast(Value, order.at[i]) for i in range(order.size)]


@cython.cfunc
def visit(root: Value, order: Nodes, found: list | None) -> cython.longlong:
    """Append root's graph to order, parents first; return the first node's mark."""
    # A node is met (on the stack below its parents), then numbered.
    met: cython.longlong = _clock + 1
    if cython.compiled:
        _visit_bare(root, order, found, met)
    else:
        _visit(root, order, found, met)
    return met + 1


def _visit(root: Value, order: object, found: list | None, met: int) -> None:
    """Do it on lists, as the interpreter likes it."""
    global _clock
    number = met + 1
    stack = [root]
    try:
        while stack:
            node = stack.pop()
            if found is not None:
                _note(node, met, found)
            if node._mark < met and node._a is not None:
                node._mark = met
                stack.append(node)
                operands = node.operands if node._many else (node._a, node._b)
                for x in reversed(operands):
                    if type(x) is Value and x._mark < met:
                        stack.append(x)  # noqa: PERF401 - few: a list takes longer
            elif node._mark <= met:
                node._mark = number
                number += 1
                order.at.append(node)
                order.leaves += node._primitive is None
    finally:
        # Also where Ctrl-C ends the walk: its marks must not pass for the next one's.
        _clock = number


@cython.cfunc
@cython.exceptval(-1)
def _visit_bare(
    root: Value, order: Nodes, found: list | None, met: cython.longlong
) -> cython.bint:
    """Do it on bare pointers, the nodes in the same order."""
    global _clock
    number: cython.longlong = met + 1
    stack: Nodes = Nodes()
    try:
        stack.push(cython.cast(Bare, root))
        while stack.size:
            node: Bare = stack.at[stack.size - 1]
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
                order.leaves += cython.cast(Value, node)._primitive is None
    finally:
        _clock = number
    return True


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
    n: cython.Py_ssize_t = order.size if cython.compiled else len(order.at)
    at = order.at
    adjoints = array(n)
    for i in range(n):
        adjoints[i] = 0.0
    adjoints[n - 1] = seed
    node: Value
    parent: Value
    for i in range(n - 1, -1, -1):
        if cython.compiled and i >= 2 * _AHEAD:
            _fetch(at[i - _AHEAD], at[i - 2 * _AHEAD])
        adjoint: cython.double = adjoints[i]
        if adjoint == 0.0:  # the strong zero
            continue
        node = cython.cast(Value, at[i]) if cython.compiled else at[i]
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
    node: Value
    order: Nodes = Nodes()
    with lock:
        found = begin()
        try:
            first = visit(root, order, found)
            adjoints = _sweep(order, first, start)
            at = order.at
            n: cython.Py_ssize_t = order.size if cython.compiled else len(at)
            for i in range(n):
                if cython.compiled and i + _AHEAD < n:
                    later: Bare = at[i + _AHEAD]
                    prefetch(cython.address(cython.cast(Value, later)._grad))
                node = cython.cast(Value, at[i]) if cython.compiled else at[i]
                if node._primitive is None:
                    node._grad += adjoints[i]
                elif node._primitive is not CONSTANT:
                    node._grad = adjoints[i]
            if cython.compiled:
                PyMem_Free(adjoints)
        finally:
            end(found)


walk_with(backward)
