"""The walk backwards over formulas: derivatives that are Values again.

`pull` goes through a graph as `Value.backward` does, but computes with the table's
formulas on the nodes themselves, so that what it builds can be differentiated, recorded
and drawn. It is what `autograd.transforms.pullback` rests on, and compiled by Cython:
a recording of a gradient spends its time here.

Letters: ``y_bar`` is the adjoint of the node y.
"""
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: cdivision=True, binding=True, embedsignature=True

from __future__ import annotations

try:
    import cython
except ImportError:
    from autograd import _cython as cython  # type: ignore[no-redef]

from autograd.kinks import is_cut_off, is_unknown, without_derivative
from autograd.primitives.arithmetic import strong_mul
from autograd.primitives.row import ALIAS
from autograd.walk import lock

if cython.compiled:
    from cython.cimports.autograd.value import Value, new_node
    from cython.cimports.autograd.walk import begin, end, visit
else:
    from autograd.value import Value, new_node
    from autograd.walk import begin, end, visit

_STRONG_MUL = cython.declare(object, strong_mul)


@cython.final
@cython.cclass
class _Graph:
    """The nodes that something depends on, by numbers.

    Attributes:
        order: the nodes, parents first.
        active: for each whether it depends on the inputs.
        first: the mark of the first one.
        places: of each input, -1 if nothing depends on it.
        within: whether an enclosing transform will differentiate the result.
        operands: for each node the numbers of its operands, -1 for what is none.

    """

    if not cython.compiled:
        __slots__ = ("active", "operands", "order", "places", "within")

    order: list
    active: bytearray
    places: list
    within: cython.bint
    operands: list

    def __init__(self, y: Value, inputs: list) -> None:
        self.order = []
        with lock:
            found = begin()
            try:
                first: cython.longlong = visit(y, self.order, found)
                _number(self, inputs, first)
            finally:
                end(found)


@cython.cfunc
def _number(graph: _Graph, inputs: list, first: cython.longlong) -> object:
    """Find what of a graph depends on the inputs, while the marks of a walk are on."""
    n: cython.Py_ssize_t = len(graph.order)
    i: cython.Py_ssize_t
    place: cython.Py_ssize_t
    node: Value
    active = bytearray(n)
    own = bytearray(n)
    graph.places = []
    aliased: set = set()
    for x in inputs:
        place = -1
        if type(x) is Value:
            node = x
            if node._mark >= first:
                place = node._mark - first
                active[place] = own[place] = 1
            if node._primitive is ALIAS:
                aliased.add(id(node._a))
        graph.places.append(place)
    graph.within = False
    graph.operands = []
    for i in range(n):
        node = graph.order[i]
        primitive = node._primitive
        if not own[i] and (
            primitive is ALIAS or (primitive is None and id(node) in aliased)
        ):
            graph.within = True
        if primitive is None:
            graph.operands.append(())
            continue
        numbers = tuple([_number_of(x, first) for x in node.operands])
        graph.operands.append(numbers)
        for place in numbers:
            if place >= 0 and active[place]:
                active[i] = 1
    graph.active = active


@cython.cfunc
@cython.inline
@cython.exceptval(check=True)
def _number_of(x: object, first: cython.longlong) -> cython.Py_ssize_t:
    if type(x) is not Value:
        return -1
    node: Value = x
    return node._mark - first


def pull(y: Value, y_bar: object, inputs: list, recorded: dict) -> list:
    """Return y_bar times the derivative of y by each input.

    Args:
        y: the result.
        y_bar: its adjoint.
        inputs: Values; of anything else the derivative is 0.0.
        recorded: nodes that stand for leaves whose number is another by now.

    """
    graph = _Graph(y, inputs)
    n: cython.Py_ssize_t = len(graph.order)
    i: cython.Py_ssize_t
    place: cython.Py_ssize_t
    node: Value
    bars: list = [None] * n
    bars[n - 1] = y_bar
    unknown: set = set()  # where no derivative of the adjoint is known
    for i in range(n - 1, -1, -1):
        bar = bars[i]
        if bar is None or not graph.active[i] or _is_zero(bar):
            continue
        node = graph.order[i]
        if graph.within and is_unknown(node, bar):
            unknown.add(i)
        numbers: tuple = graph.operands[i]
        for place, partial in _partials(node, numbers, graph.active, recorded):
            if _is_zero(partial):
                continue
            term = _times(bar, partial)
            x_bar = bars[place]
            bars[place] = term if x_bar is None else x_bar + term
            if i in unknown and not is_cut_off(node, partial):
                unknown.add(place)
    result: list = []
    for place in graph.places:
        x_bar = bars[place] if place >= 0 else None
        if x_bar is None:
            x_bar = 0.0
        elif place in unknown:
            x_bar = without_derivative(x_bar, inputs)
        result.append(x_bar)
    return result


@cython.cfunc
def _partials(node: Value, numbers: tuple, active: bytearray, recorded: dict) -> list:
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
            place = numbers[k]
            if place >= 0 and active[place]:
                found.append((place, partials[k]))
        return found
    for k in range(len(formulas)):
        place = numbers[k]
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
