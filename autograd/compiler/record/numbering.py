# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: cdivision=True, binding=True, embedsignature=True
"""numbering: a recording's nodes become arrays of numbers, in one walk.

A recording has millions of nodes, each looked at twice: backwards, to see which of them
count, and forwards, to number them. So this file is compiled by Cython like the engine,
and nothing is made for a node but the numbers of its primitive and its operands.

An operand is a number: that of the instruction whose result it is, from 0 on; or, below
0, by turns: -1, -3, -5, ... are inputs, -2, -4, -6, ... constants.
"""

from __future__ import annotations

import struct

try:
    import cython
except ImportError:
    from autograd import _cython as cython  # type: ignore[no-redef]

from autograd.value import CONSTANT
from autograd.walk import lock

if cython.compiled:
    from cython.cimports.autograd.value import Value, array, integers
    from cython.cimports.autograd.walk import begin, claim, end
    from cython.cimports.cpython.mem import PyMem_Free
else:
    from autograd.value import Value, array, integers
    from autograd.walk import begin, claim, end


def number_nodes(
    nodes: list, roots: list, leaves: list, alias: object, stays: object
) -> tuple:
    """Return what of a recording counts: what roots depend on, and what may raise.

    Args:
        nodes: all that was made, in order.
        roots: Values, and numbers.
        leaves: Values that are inputs, whether or not anything depends on them.
        alias: the primitive whose result is its operand.
        stays: tells of a primitive whether it counts though no root depend on it.

    Returns:
        For each instruction the number of its kind, where its operands begin, and all
        operands, as bytes of 8-byte ints; the roots as a list of such numbers; the
        kinds, pairs of a primitive and how many operands it has; all inputs; the
        constants; the nodes that are instructions, by their places in ``nodes``, as
        bytes, and their numbers, as bytes of floats; the largest finite number that
        occurred, without its sign; and whether a constant 0 was a Value: its product
        with an adjoint is recorded.

    """
    found: list | None
    node: Value
    i: cython.Py_ssize_t
    with lock:
        found = begin()
        try:
            first: cython.longlong = claim(len(nodes))
            for i in range(len(nodes)):
                node = nodes[i]
                if found is not None:
                    found.append((node, node._mark))
                node._mark = first + i
            return _numbered(nodes, roots, leaves, alias, stays, first)
        finally:
            end(found)


@cython.cfunc
def _numbered(  # noqa: C901, PLR0912, PLR0915 - a helper more costs a call for each node
    nodes: list,
    roots: list,
    leaves: list,
    alias: object,
    stays: object,
    first: cython.longlong,
) -> tuple:
    n: cython.Py_ssize_t = len(nodes)
    m: cython.Py_ssize_t = 0
    size: cython.Py_ssize_t = 0
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    node: Value
    live = bytearray(n)
    flags: dict = {}
    # What counts, backwards.
    for x in roots:
        _count(x, live, first)
    for i in range(n - 1, -1, -1):
        node = nodes[i]
        primitive = node._primitive
        if primitive is None or primitive is CONSTANT:
            continue
        if not live[i]:
            flag = flags.get(primitive)
            if flag is None:
                flag = flags[primitive] = bool(stays(primitive))
            if not flag:
                continue
            live[i] = 1
        if node._many:
            operands = node.operands
            size += len(operands)
            for x in operands:
                _count(x, live, first)
        else:
            size += (node._a is not None) + (node._b is not None)
            _count(node._a, live, first)
            _count(node._b, live, first)
        m += 1
    codes = integers(n)
    kinds = integers(m)
    starts = integers(m + 1)
    found = integers(size)
    kept = integers(m)
    results = array(m)
    number_of: dict = {}
    forms: list = []
    inputs: dict = {}
    constants: dict = {}
    for x in leaves:
        inputs[id(x)] = (len(inputs), x)
    largest: cython.double = 0.0
    zero: cython.bint = False
    m = size = 0
    try:
        for i in range(n):
            node = nodes[i]
            x_: cython.double = node._data
            if x_ < 0.0:
                x_ = -x_
            if largest < x_ and x_ - x_ == 0.0:
                largest = x_
            if not live[i]:
                continue
            primitive = node._primitive
            if primitive is None or primitive is CONSTANT:
                codes[i] = _constant(node._data, constants)
                zero = zero or node._data == 0.0
                continue
            if primitive is alias:
                codes[i] = _code(node._a, codes, first, inputs, constants)
                continue
            starts[m] = size
            if node._many:
                operands = node.operands
                for k in range(len(operands)):
                    found[size + k] = _code(
                        operands[k], codes, first, inputs, constants
                    )
                size += len(operands)
            else:
                if node._a is not None:
                    found[size] = _code(node._a, codes, first, inputs, constants)
                    size += 1
                if node._b is not None:
                    found[size] = _code(node._b, codes, first, inputs, constants)
                    size += 1
            key = primitive
            if primitive.arity is None:
                key = primitive, size - starts[m]
            number = number_of.get(key)
            if number is None:
                number = number_of[key] = len(forms)
                forms.append((primitive, size - starts[m]))
            kinds[m] = number
            kept[m] = i
            results[m] = node._data
            codes[i] = m
            m += 1
        starts[m] = size
        wanted = [_code(x, codes, first, inputs, constants) for x in roots]
        return (
            _bytes(kinds, m),
            _bytes(starts, m + 1),
            _bytes(found, size),
            wanted,
            forms,
            [x for _, x in inputs.values()],
            [x for _, x in constants.values()],
            _bytes(kept, m),
            _bytes_of_floats(results, m),
            largest,
            zero,
        )
    finally:
        if cython.compiled:
            PyMem_Free(codes)
            PyMem_Free(kinds)
            PyMem_Free(starts)
            PyMem_Free(found)
            PyMem_Free(kept)
            PyMem_Free(results)


@cython.cfunc
@cython.inline
def _count(x: object, live: bytearray, first: cython.longlong) -> object:
    """Mark an operand that counts, if it was recorded."""
    if type(x) is Value:
        node: Value = x
        if node._mark >= first:
            live[node._mark - first] = 1


@cython.cfunc
@cython.inline
@cython.exceptval(check=True)
def _code(
    x: object,
    codes: cython.p_longlong,
    first: cython.longlong,
    inputs: dict,
    constants: dict,
) -> cython.longlong:
    """Return the number of an operand."""
    if type(x) is not Value:
        return _constant(x, constants)
    node: Value = x
    if node._mark >= first:
        return codes[node._mark - first]
    entry = inputs.get(id(x))
    if entry is None:
        entry = inputs[id(x)] = (len(inputs), x)
    place: cython.longlong = entry[0]
    return -1 - 2 * place


@cython.cfunc
@cython.exceptval(check=True)
def _constant(x: cython.double, constants: dict) -> cython.longlong:
    """Return the number of a constant, the same for the same bits."""
    number: float = float(x)
    # Of different numbers that are equal, 0.0 and -0.0, and of NaN, the bits decide.
    key = number if number != 0.0 and number == number else struct.pack("<d", number)  # noqa: PLR0124
    entry = constants.get(key)
    if entry is None:
        entry = constants[key] = (len(constants), number)
    place: cython.longlong = entry[0]
    return -2 - 2 * place


@cython.cfunc
def _bytes(room: cython.p_longlong, n: cython.Py_ssize_t) -> bytes:
    """Return the first ints of a room as bytes."""
    if not cython.compiled:
        return struct.pack(f"{n}q", *room[:n])
    return cython.cast(cython.p_char, room)[: 8 * n]


@cython.cfunc
def _bytes_of_floats(room: cython.p_double, n: cython.Py_ssize_t) -> bytes:
    """Return the first floats of a room as bytes."""
    if not cython.compiled:
        return struct.pack(f"{n}d", *room[:n])
    return cython.cast(cython.p_char, room)[: 8 * n]
