"""The walk backwards over formulas: derivatives that are Values again.

`pull` goes through a graph as `Value.backward` does, but computes with the table's
formulas on the nodes themselves, so that what it builds can be differentiated, recorded
and drawn. It is what `autograd.transforms.pullback` rests on, and compiled by Cython:
a recording of a gradient spends its time here.

Letters: ``y_bar`` is the adjoint of the node y.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from autograd import _cython as cython  # type: ignore[no-redef]

from autograd.kinks import KINKED, is_cut_off, is_unknown, without_derivative
from autograd.primitives.arithmetic import strong_mul
from autograd.primitives.row import ALIAS
from autograd.walk import lock

if cython.compiled:
    from cython.cimports.autograd.value import Value, integers, new_node
    from cython.cimports.autograd.walk import Nodes, begin, end, listed, visit
    from cython.cimports.cpython.mem import PyMem_Free
else:
    from autograd.value import Value, integers, new_node
    from autograd.walk import Nodes, begin, end, listed, visit

_STRONG_MUL = cython.declare(object, strong_mul)
_KINKED = cython.declare(frozenset, frozenset(KINKED))


def pull(y: Value, y_bar: object, inputs: list, recorded: dict) -> list:
    """Return y_bar times the derivative of y by each input.

    Args:
        y: the result.
        y_bar: its adjoint.
        inputs: Values; of anything else the derivative is 0.0.
        recorded: nodes that stand for leaves whose number is another by now.

    """
    nodes: Nodes = Nodes()
    places: list = []  # of each input in the order, -1 if nothing depends on it
    numbers: cython.p_longlong = cython.NULL
    with lock:
        found = begin()
        try:
            first: cython.longlong = visit(y, nodes, found)
            order = listed(nodes)
            numbers = _numbered(order, first)
            active, within = _reached(order, numbers, inputs, places, first)
        finally:
            end(found)
    try:
        return _pulled(order, numbers, active, within, places, y_bar, inputs, recorded)
    finally:
        if cython.compiled:
            PyMem_Free(numbers)


@cython.cfunc
def _numbered(order: list, first: cython.longlong) -> cython.p_longlong:
    """Return the numbers of all operands, node by node, while the marks are on."""
    i: cython.Py_ssize_t
    size: cython.Py_ssize_t = 0
    node: Value
    for i in range(len(order)):
        node = order[i]
        size += _count(node)
    numbers = integers(size)
    size = 0
    for i in range(len(order)):
        node = order[i]
        if node._primitive is None:
            continue
        if node._many:
            for x in node.operands:
                numbers[size] = _number_of(x, first)
                size += 1
            continue
        if node._a is not None:
            numbers[size] = _number_of(node._a, first)
            size += 1
        if node._b is not None:
            numbers[size] = _number_of(node._b, first)
            size += 1
    return numbers


@cython.cfunc
@cython.inline
@cython.exceptval(check=True)
def _count(node: Value) -> cython.Py_ssize_t:
    """Return how many operands a node has."""
    if node._primitive is None:
        return 0
    if node._many:
        return len(node.operands)
    return (node._a is not None) + (node._b is not None)


@cython.cfunc
@cython.inline
@cython.exceptval(check=True)
def _number_of(x: object, first: cython.longlong) -> cython.longlong:
    if type(x) is not Value:
        return -1
    node: Value = x
    return node._mark - first


@cython.cfunc
def _reached(
    order: list,
    numbers: cython.p_longlong,
    inputs: list,
    places: list,
    first: cython.longlong,
) -> tuple:
    """Return what depends on the inputs, and whether an enclosing transform does.

    That is: whether it will differentiate the result. Places get those of the inputs.
    """
    n: cython.Py_ssize_t = len(order)
    i: cython.Py_ssize_t
    at: cython.Py_ssize_t = 0
    k: cython.Py_ssize_t
    place: cython.Py_ssize_t
    node: Value
    active = bytearray(n)
    own = bytearray(n)
    aliased: set = set()
    within = False
    for x in inputs:
        place = -1
        if type(x) is Value:
            node = x
            if node._mark >= first:
                place = node._mark - first
                active[place] = own[place] = 1
            if node._primitive is ALIAS:
                aliased.add(id(node._a))
        places.append(place)
    for i in range(n):
        node = order[i]
        if not own[i] and (
            node._primitive is ALIAS
            or (node._primitive is None and id(node) in aliased)
        ):
            within = True
        for k in range(at, at + _count(node)):
            if numbers[k] >= 0 and active[numbers[k]]:
                active[i] = 1
        at += _count(node)
    return active, within


@cython.cfunc
def _pulled(  # noqa: C901 - a helper more costs a call for each node
    order: list,
    numbers: cython.p_longlong,
    active: bytearray,
    within: cython.bint,
    places: list,
    y_bar: object,
    inputs: list,
    recorded: dict,
) -> list:
    n: cython.Py_ssize_t = len(order)
    i: cython.Py_ssize_t
    at: cython.Py_ssize_t = 0
    place: cython.Py_ssize_t
    node: Value
    bars: list = [None] * n
    bars[n - 1] = y_bar
    unknown: set = set()  # where no derivative of the adjoint is known
    for i in range(n):
        node = order[i]
        at += _count(node)
    for i in range(n - 1, -1, -1):
        node = order[i]
        at -= _count(node)
        bar = bars[i]
        if bar is None or not active[i] or _is_zero(bar):
            continue
        if within and node._primitive in _KINKED and is_unknown(node, bar):
            unknown.add(i)
        for place, partial in _partials(node, numbers, at, active, recorded):
            if _is_zero(partial):
                continue
            term = _times(bar, partial)
            x_bar = bars[place]
            bars[place] = term if x_bar is None else x_bar + term
            if i in unknown and not is_cut_off(node, partial):
                unknown.add(place)
    result: list = []
    for place in places:
        x_bar = bars[place] if place >= 0 else None
        if x_bar is None:
            x_bar = 0.0
        elif place in unknown:
            x_bar = without_derivative(x_bar, inputs)
        result.append(x_bar)
    return result


@cython.cfunc
def _partials(
    node: Value,
    numbers: cython.p_longlong,
    at: cython.Py_ssize_t,
    active: bytearray,
    recorded: dict,
) -> list:
    """Return the operands that depend on the inputs, by number, with their partials."""
    primitive = node._primitive
    found: list = []
    if primitive is None:
        return found
    operands: tuple = node.operands
    if recorded:
        operands = tuple([recorded.get(id(x), x) for x in operands])
    k: cython.Py_ssize_t
    place: cython.Py_ssize_t
    formulas: tuple = primitive.partials
    if primitive.arity is None:
        partials = primitive.partials_at(node, operands)
        for k in range(len(operands)):
            place = numbers[at + k]
            if place >= 0 and active[place]:
                found.append((place, partials[k]))
        return found
    for k in range(len(formulas)):
        place = numbers[at + k]
        if place >= 0 and active[place]:
            if len(operands) == 2:
                partial = formulas[k](node, operands[0], operands[1])
            else:
                partial = formulas[k](node, *operands)
            found.append((place, partial))
    return found


@cython.cfunc
@cython.inline
@cython.exceptval(check=True)
def _is_zero(x: object) -> cython.bint:
    """Return whether x is the number 0; a Value that is 0 here may vary."""
    return type(x) is float and x == 0.0


@cython.cfunc
def _times(a: object, b: object) -> object:
    """Return an adjoint times a partial, as the primitive `strong_mul` does."""
    x: cython.double
    y: cython.double
    if type(a) is Value:
        v: Value = a
        x = v._data
        if type(b) is Value:
            w: Value = b
            y = w._data
            z = x * y if x != 0.0 else 0.0 * x
            return new_node(_STRONG_MUL, z, v, w, y, x)
        if type(b) is float:
            y = b
            z = x * y if x != 0.0 else 0.0 * x
            return new_node(_STRONG_MUL, z, v, b, y, 0.0)
    elif type(a) is float and type(b) is Value:
        x = a
        w = b
        y = w._data
        z = x * y if x != 0.0 else 0.0 * x
        return new_node(_STRONG_MUL, z, a, w, 0.0, x)
    return strong_mul(a, b)
