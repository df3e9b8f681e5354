"""Functions in, functions out: derivatives of any order, with JAX's signatures.

A transform replaces the numbers in the arguments by fresh Values, calls f, and reads
derivatives off the graph that f made. It writes on no node that anybody can see, so no
``.grad`` ever changes.

Where the result depends on those fresh Values alone, a pass over floats gives them
(`autograd.walk.gradient`). Where it also depends on other Values (the arguments of an
enclosing transform, or a parameter that f closes over) the derivatives are Values too:
then `pullback` and `pushforward` run the table's formulas on the nodes themselves, and
what they build is again a graph. Nesting transforms thus gives any order. A Value that
is given as an argument is first aliased by a node that only this call knows, so that
the derivative by it is by this use alone: no perturbation confusion. And when a call is
over, the Values it put in for floats are constants to whoever encloses it.

Letters: ``y_bar`` is the adjoint of the node y, ``y_dot`` its tangent.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from itertools import islice
from types import MappingProxyType
from typing import Any

from autograd.adjoints import pull
from autograd.context import recording, tape_in_use
from autograd.derived import Derived
from autograd.dot import sumprod
from autograd.kinks import is_at_a_kink, is_cut_off, without_derivative
from autograd.primitives import Primitive
from autograd.primitives.arithmetic import strong_mul
from autograd.primitives.row import ALIAS
from autograd.trees import Rebuild, flatten, same_structure
from autograd.value import Value, apply, fused, make_constant, number, partials_of
from autograd.walk import gradient, topological_order

# What calls the functions that are differentiated, None for an ordinary call.
CALLED_BY: ContextVar[Any] = ContextVar("CALLED_BY", default=None)
# A leaf as it was when it was used, and not as it is now.
RECORDED = Primitive("recorded", float, lambda _y, _x: [1.0])

MSG_ONE_NUMBER = (
    "{0} returned {1!r} (of type {2}), but a gradient is of one number. For several "
    "outputs use jacobian, or add them up to one"
)
MSG_ARGNUMS = (
    "argnums is {0}, but {1} was called with {2} positional argument{3}. Argnums count "
    "from 0; an argument to differentiate by is given by its place, not by its name"
)
MSG_POSITIONS = (
    "argnums is an int or a tuple of different ints, like 0 or (0, 2), not {0!r}"
)
MSG_FUNCTION = (
    "a transform takes a function, not {0!r}: write grad(f)(x), not grad(f(x))"
)
MSG_TANGENTS = (
    "a direction has the structure of the arguments, with a tangent in the place of "
    "each number: here {0!r}, where the arguments are {1!r}"
)
MSG_COTANGENT = (
    "a cotangent has the structure of the function's result, with an adjoint in the "
    "place of each number: here {0!r}, where the result is {1!r}"
)
MSG_SEQUENCE = "jvp takes {0} as a tuple: jvp(f, (x,), (x_dot,)), not {1!r}"

Function = Callable[..., Any]


def grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Return the function that computes the gradient of f.

    Args:
        f: takes floats, NumPy arrays, or nested lists, tuples and dicts of them, and
            returns one number.
        argnums: the positions of the arguments to differentiate by; several give a
            tuple of gradients.

    Returns:
        A function of f's arguments. The gradient has the structure of the argument.

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda p: p["a"] * p["b"][0])({"a": 2.0, "b": [3.0]})
    {'a': 3.0, 'b': [2.0]}

    """
    with_value = value_and_grad(f, argnums)

    def gradient_of_f(*args: Any, **kwargs: Any) -> Any:
        return with_value(*args, **kwargs)[1]

    return _derived(gradient_of_f, "gradient of", grad, f, argnums)


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Return the function that computes f and its gradient, as a pair.

    As `grad`; ``scipy.optimize.minimize(value_and_grad(f), x0, jac=True)`` takes it.

    Raises:
        TypeError: when called, if an argument to differentiate by holds something that
            is not a real number, or f does not return one number.

    >>> value_and_grad(lambda x, y: x * y)(3.0, 4.0)
    (12.0, 4.0)

    """
    _check_argnums(argnums)

    def value_and_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        inputs, new_args, restore = _inputs(args, argnums, f)
        result = _called(f, *new_args, **kwargs)
        outputs, _ = flatten(result, f"the result of {_name(f)}")
        if len(outputs) != 1:
            kind = type(result).__name__
            raise TypeError(MSG_ONE_NUMBER.format(_name(f), result, kind))
        value, derivatives = _differentiate(outputs[0], inputs)
        make_constant(inputs)
        return value, restore(derivatives)

    what = "value and gradient of"
    return _derived(value_and_gradient, what, value_and_grad, f, argnums)


def jacobian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Return the function that computes all derivatives of all outputs of f.

    Returns:
        A function of f's arguments. Its result has the structure of f's result, with
        the structure of the argument in the place of each number; for an array of
        shape s as result and one of shape t as argument, an array of shape s + t.

    >>> jacobian(lambda x, y: [x * y, x + y], argnums=(0, 1))(3.0, 4.0)
    [(4.0, 3.0), (1.0, 1.0)]

    """
    _check_argnums(argnums)

    def jacobian_of_f(*args: Any, **kwargs: Any) -> Any:
        inputs, new_args, restore = _inputs(args, argnums, f)
        result = _called(f, *new_args, **kwargs)
        outputs, rebuild = flatten(result, f"the result of {_name(f)}")
        rows = [restore(_differentiate(y, inputs)[1]) for y in outputs]
        make_constant(inputs)
        if getattr(result, "shape", ()) and all(hasattr(row, "shape") for row in rows):
            import numpy as np

            return np.array(rows).reshape(result.shape + rows[0].shape)
        return rebuild(rows)

    return _derived(jacobian_of_f, "jacobian of", jacobian, f, argnums)


def hessian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Return the function that computes all second derivatives of f.

    For an array of n numbers it is an n by n array, as ``scipy.optimize.minimize``
    takes for its ``hess``; otherwise the argument's structure nested in itself.

    At a kink a second derivative is right or not finite. So it is NaN in the Hessian of
    ``hypot(x, y)**2`` at the origin, where the derivative of `hypot` is a convention,
    which no chain rule can differentiate: write ``x*x + y*y`` there.

    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]

    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Function) -> Function:
    """Return the function of x and v that multiplies f's Hessian at x with v.

    It costs a few evaluations of f, whatever the number of inputs. What follows x and v
    is f's further arguments, as ``scipy.optimize.minimize`` calls its ``hessp``.

    >>> hvp(lambda x: x[0] ** 2 * x[1])([3.0, 4.0], [1.0, 0.0])
    [8.0, 6.0]
    >>> hvp(lambda x, a: a * x**3)(2.0, 1.0, 10.0)
    120.0

    """
    gradient_of_f = grad(f)

    def hessian_times(x: Any, v: Any, *args: Any, **kwargs: Any) -> Any:
        return jvp(lambda x: gradient_of_f(x, *args, **kwargs), (x,), (v,))[1]

    return _derived(hessian_times, "Hessian-vector product of", hvp, f)


@recording
def vjp(f: Function, *args: Any) -> tuple[Any, Function]:
    """Return f's value and its pullback, from cotangents of results to arguments'.

    Returns:
        f(*args), and a function that takes a cotangent of the result's structure and
        returns a tuple of cotangents, one for each argument; it raises ValueError for
        a cotangent of another structure.

    >>> value, pull = vjp(lambda x, y: [x * y, x + y], 3.0, 4.0)
    >>> value, pull([1.0, 10.0])
    ([12.0, 7.0], (14.0, 13.0))

    """
    _check_function(f)
    inputs, new_args, restore = _inputs(args, tuple(range(len(args))), f)
    result = _called(f, *new_args)
    outputs, rebuild = flatten(result, f"the result of {_name(f)}")

    @recording
    def pull(cotangent: Any) -> Any:
        bars, _ = flatten(cotangent, "the cotangent")
        if not same_structure(cotangent, value):
            raise ValueError(MSG_COTANGENT.format(cotangent, value))
        old = _as_recorded(leaves)
        return restore(_differentiate(sumprod(outputs, bars), inputs, old)[1])

    values = [_value(y, inputs) for y in outputs]
    leaves = _other_leaves(values, inputs)
    value = rebuild(values)
    make_constant(inputs)
    return value, pull


@recording
def jvp(f: Function, args: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Return f's value and its derivative in one direction.

    Args:
        f: the function; it may return any structure of numbers.
        args: its arguments, a tuple.
        tangents: the direction, of the same structure as ``args``.

    Raises:
        TypeError: if either is no tuple, or holds something that is not a number.
        ValueError: if the direction has another structure.

    >>> jvp(lambda x, y: [x * y, x + y], (3.0, 4.0), (1.0, 0.0))
    ([12.0, 7.0], [4.0, 1.0])

    """
    _check_function(f)
    for what, given in (("the arguments", args), ("the tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise TypeError(MSG_SEQUENCE.format(what, given))
    args = tuple(args)
    inputs, new_args, _ = _inputs(args, tuple(range(len(args))), f)
    dots, _ = flatten(tuple(tangents), "the tangents")
    if not same_structure(args, tuple(tangents)):
        raise ValueError(MSG_TANGENTS.format(tangents, args))
    result = _called(f, *new_args)
    outputs, rebuild = flatten(result, f"the result of {_name(f)}")
    value = rebuild([_value(y, inputs) for y in outputs])
    tangent = rebuild(pushforward(outputs, inputs, dots))
    make_constant(inputs)
    return value, tangent


def pullback(
    y: Value,
    y_bar: Any,
    inputs: Sequence[Value],
    recorded: Mapping[int, Value] = MappingProxyType({}),
) -> list[Any]:
    """Return y_bar times the derivative of y by each input, Values where they vary.

    The same walk as `backward`, over the table's formulas instead of numbers; for a
    leaf whose number is another by now, ``recorded`` has a node of the old one.
    """
    return pull(y, y_bar, list(inputs), dict(recorded))


def pushforward(
    outputs: Sequence[Any], inputs: Sequence[Value], dots: Sequence[Any]
) -> list[Any]:
    """Return the tangents of the outputs, given those of the inputs."""
    tangents = {id(x): x_dot for x, x_dot in zip(inputs, dots, strict=True)}
    unknown: set[int] = set()  # where no derivative of the tangent is known
    for y in outputs:
        if not isinstance(y, Value):
            continue
        order, active = _active(y, inputs)
        plain = gradient(y, list(inputs)) is not None
        plain = plain and all(type(dot) is float for dot in tangents.values())
        within = not plain and _is_within_another(order, inputs)
        for node in order:
            if id(node) in tangents or id(node) not in active:
                continue
            pairs = list(
                zip(node.parents, partials_of(node), strict=True)
                if plain
                else _active_partials(node, active)
            )
            if within and (
                is_at_a_kink(node)
                or any(id(x) in unknown and not is_cut_off(node, p) for x, p in pairs)
            ):
                unknown.add(id(node))
            times = operator.mul if plain else strong_mul
            terms = [
                times(tangents[id(x)], partial)
                for x, partial in pairs
                if id(x) in tangents
                and not _is_zero(partial)
                and not _is_zero(tangents[id(x)])
            ]
            tangents[id(node)] = sum(terms[1:], terms[0]) if terms else 0.0
        # What a derivative lost, infinity times 0, has no derivative itself, though a
        # strong zero may not tell.
        if any(x.primitive is strong_mul for x in order) and y != y:  # noqa: PLR0124
            tangents[id(y)] = math.nan
    return [
        without_derivative(y_dot, inputs) if id(y) in unknown else y_dot
        for y, y_dot in ((y, tangents.get(id(y), 0.0)) for y in outputs)
    ]


def _inputs(
    args: Sequence[Any], argnums: int | Sequence[int], f: Function
) -> tuple[list[Value], list[Any], Rebuild]:
    """Replace the numbers of the chosen arguments by fresh Values.

    Returns:
        The Values, all arguments with them in place, and how to put derivatives into
        the structure of the chosen ones.

    """
    n = len(args)
    positions = [argnums] if isinstance(argnums, int) else list(argnums)
    if not all(-n <= i < n for i in positions):
        raise TypeError(MSG_ARGNUMS.format(argnums, _name(f), n, "s"[: n != 1]))
    if len({i % n for i in positions}) < len(positions):
        raise ValueError(MSG_POSITIONS.format(argnums))
    inputs: list[Value] = []
    new_args = list(args)
    rebuilds = []
    for i in positions:
        numbers, rebuild = flatten(args[i], f"argument {i}")
        fresh = [_fresh(x) for x in numbers]
        new_args[i] = rebuild(fresh)
        rebuilds.append((len(fresh), rebuild))
        inputs += fresh

    def restore(derivatives: Iterable[Any]) -> Any:
        left = iter(derivatives)
        parts = [rebuild(islice(left, n)) for n, rebuild in rebuilds]
        return parts[0] if isinstance(argnums, int) else tuple(parts)

    return inputs, new_args, restore


def _fresh(x: float | Value) -> Value:
    """Return a new leaf; for a Value an alias, which only this call knows."""
    return apply(ALIAS, (x,)) if isinstance(x, Value) else Value(x)


def _differentiate(
    y: Any,
    inputs: list[Value],
    recorded: Mapping[int, Value] = MappingProxyType({}),
) -> tuple[Any, list[Any]]:
    """Return y, as a float if it depends on no other Values, and its derivatives."""
    if not isinstance(y, Value):
        return y, [0.0] * len(inputs)
    floats = gradient(y, inputs)
    if floats is None:
        tape = None if recorded else tape_in_use()
        later = None if tape is None else tape.defer(y, inputs)
        return y, later or pullback(y, 1.0, inputs, recorded)
    return number(y), floats


def _other_leaves(
    values: Iterable[Any], inputs: Sequence[Value]
) -> list[tuple[Value, float]]:
    """Return the leaves that results depend on besides the inputs, with their numbers.

    Of what is recorded the numbers cannot be changed, and have not to be known.
    """
    if tape_in_use() is not None:
        return []
    own = {id(x) for x in inputs}
    nodes = {
        id(node): node
        for y in values
        if isinstance(y, Value)
        for node in topological_order(y)
        if node.primitive is None and id(node) not in own
    }
    return [(node, number(node)) for node in nodes.values()]


def _as_recorded(leaves: Iterable[tuple[Value, float]]) -> dict[int, Value]:
    """Return nodes of the old numbers for the leaves that have others by now."""
    return {
        id(leaf): fused(RECORDED, was, (leaf,), [1.0])
        for leaf, was in leaves
        if number(leaf) != was
    }


def _value(y: Any, inputs: list[Value]) -> Any:
    return number(y) if isinstance(y, Value) and gradient(y, inputs) is not None else y


def _active(y: Value, inputs: Sequence[Value]) -> tuple[list[Value], set[int]]:
    """Return y's graph in order, and which of its nodes depend on the inputs."""
    order = topological_order(y)
    active = {id(x) for x in inputs}
    for node in order:
        if any(id(x) in active for x in node.parents):
            active.add(id(node))
    return order, active


def _is_within_another(order: list[Value], inputs: Sequence[Value]) -> bool:
    """Return whether the result is to be differentiated by an enclosing transform."""
    own = {id(x) for x in inputs}
    aliased = {
        id(x.operands[0])
        for x in inputs
        if isinstance(x, Value) and x.primitive is ALIAS
    }
    return any(
        node.primitive is ALIAS or (node.primitive is None and id(node) in aliased)
        for node in order
        if id(node) not in own
    )


def _active_partials(
    node: Value,
    active: set[int],
    recorded: Mapping[int, Value] = MappingProxyType({}),
) -> list[tuple[Value, Any]]:
    """Return the operands that depend on the inputs, with their partials."""
    primitive: Primitive | None = node.primitive
    operands: tuple[Any, ...] = node.operands
    if primitive is None:
        return []
    if recorded:
        operands = tuple([recorded.get(id(x), x) for x in operands])
    if primitive.arity is None:
        partials = primitive.partials_at(node, operands)
        pairs = zip(operands, partials, strict=True)
        return [(x, partial) for x, partial in pairs if id(x) in active]
    return [
        (x, partial(node, *operands))
        for x, partial in zip(operands, primitive.partials, strict=True)
        if id(x) in active
    ]


def _is_zero(x: Any) -> bool:
    """Return whether x is the number 0; a Value that is 0 here may vary."""
    return type(x) is float and x == 0.0


def _called(f: Function, /, *args: Any, **kwargs: Any) -> Any:
    """Call f, or let that be done by what lifts it: the tape, if there is one."""
    tape = tape_in_use()
    call = CALLED_BY.get() if tape is None else tape.call
    return f(*args, **kwargs) if call is None else call(f, *args, **kwargs)


def _name(f: Function) -> str:
    return getattr(f, "__name__", repr(f))


def _check_function(f: Function) -> None:
    if not callable(f):
        raise TypeError(MSG_FUNCTION.format(f))


def _check_argnums(argnums: Any) -> None:
    positions = argnums if isinstance(argnums, (tuple, list, range)) else [argnums]
    if not all(isinstance(i, int) and not isinstance(i, bool) for i in positions):
        raise TypeError(MSG_POSITIONS.format(argnums))


def _derived(
    run: Function, what: str, transform: Function, f: Function, *options: Any
) -> Function:
    """Return what was derived from f, under f's name."""
    _check_function(f)
    derived = Derived(run, transform, f, *options)
    derived.__doc__ = f"Compute the {what} {_name(f)}."
    return derived
