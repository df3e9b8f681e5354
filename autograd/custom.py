"""primitive: a user's own function, of the same standing as the engine's own.

A function that the engine cannot look into (SciPy's, a table's, a solver's) has a value
all the same, and its derivatives are often known in closed form. With those it becomes
a row like those of the table, though not one of the table, and everything that walks
nodes or rows works with it.

The rows of the table are trusted, a user's is not. Between such a row and its functions
there is therefore a check: whatever would make a wrong derivative without a word is an
error that names the primitive and the partial. The least obvious such thing is a
partial that is right but forgets a Value on the way, through ``x.data`` perhaps: every
higher derivative would lose a part. Yet a partial may well be a constant, or use not
all of what it is given. So an input that cannot be found in the graph of the result may
be missing only if, in floats, the result does not change with it close by.

It is a function and no decorator: f stands beside its partials, and is mostly not ours.

Letters: ``y`` is the output, ``d`` a partial, ``h`` a small step.
"""

from __future__ import annotations

import numbers
import reprlib
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from typing import Any

from autograd.primitives import Primitive
from autograd.value import number as number_of

Function = Callable[..., Any]

STEP = 2.0**-20  # relative: near enough to meet no kink, far enough to see a change

MSG_FUNCTION = (
    "primitive takes a function of floats, not {0}: write primitive(f, partials)"
)
MSG_PARTIALS = (
    "the partials of {0} are one function for each argument, each called with the "
    "output and all arguments, as in [lambda y, a, b: b, lambda y, a, b: a], not {1}; "
    "a constant one is a function too: lambda y, x: 2.0"
)
MSG_ARITY = (
    "{0}{1} cannot be called with {2}, but has {3}: give one partial for each "
    "argument, in order. What stays fixed or goes by a keyword belongs into a lambda: "
    "primitive(lambda x: f(x, scale=2.0), ...)"
)
MSG_PARTIAL_ARITY = (
    "{0} is called with the output and then all arguments, {1} in all, which {2}{3} "
    "does not take: write lambda {4}: ..."
)
MSG_NAME = "a primitive's name is a string that is not empty, not {0}"
MSG_ARGUMENT = (
    "{0} takes floats and Values, not {1}. For several numbers call it on each: "
    "[{0}(x) for x in numbers]"
)
MSG_RESULT = (
    "{0} returned {1}, but the function of a primitive returns one real number. Choose "
    "one part of a complex number or an array, with .real or .item(); for several "
    "results make several primitives"
)
MSG_CLOSED_OVER = (
    "{0} returned a Value, though it was called with floats: it computes with a Value "
    "that is not among its arguments, whose gradient would be lost. Make that Value an "
    "argument, with a partial of its own"
)
MSG_PARTIAL = "{0} returned {1}, but a partial is one real number, or a Value"
MSG_ONLY_FLOATS = (
    "{0} works on floats only, so there is no derivative of higher order: called with "
    "Values, it raised {1}. Write it with operators, autograd.math and primitives"
)
MSG_CUT_OFF = (
    "{0} depends on {1}, but for Values it returned {2}, which does not "
    "remember that: the derivative of higher order would lose this part. Write it with "
    "the Values themselves (no .data, detach() or no_grad()), operators and "
    "autograd.math"
)


def primitive(
    f: Function, partials: Function | Iterable[Function], *, name: str | None = None
) -> Primitive:
    """Make a primitive of a function of floats and its partial derivatives.

    Args:
        f: takes floats and returns a float, by whatever means. It is a function of its
            arguments alone. What it holds must not come to hold Values that it made:
            the garbage collector, which knows of no Values, never frees such a ring.
        partials: a function for each argument of f, or just the function if there is
            one argument. Each is called with the output and all arguments. Written with
            operators, `autograd.math` and primitives, this one among them, it gives
            derivatives of every order; one that works on floats only gives the first.
        name: what drawings and messages call it; f's own name where not given.

    Returns:
        A function of f's arguments, by position: a float for floats, and a Value if any
        of them is one. It pickles, and so do Values made by it, if it is a global
        variable of a module.

    Raises:
        TypeError: here, if the partials are not as many as f's arguments; when called,
            if f or a partial does not return a real number; when differentiated again,
            if a partial drops its dependence on a Value.

    >>> from scipy.special import lambertw
    >>> from autograd import Value, check_grads, grad, math
    >>> w = primitive(
    ...     lambda x: lambertw(x).real, lambda w, x: 1.0 / (x + math.exp(w)), name="W"
    ... )
    >>> x = Value(1.0)
    >>> y = w(x)
    >>> y.backward()
    >>> round(y.data, 6), round(x.grad, 6)  # the omega constant, W'(1)
    (0.567143, 0.361896)
    >>> round(grad(grad(w))(0.0), 6)
    -2.0
    >>> check_grads(w, 1.0, order=3)

    """
    if not callable(f):
        raise TypeError(MSG_FUNCTION.format(_briefly(f)))
    if name is None:
        name = getattr(f, "__name__", type(f).__name__)
    elif not isinstance(name, str) or not name:
        raise TypeError(MSG_NAME.format(_briefly(name)))
    name = str.__str__(name)  # of a class of its own, it might hold a graph
    formulas = _as_tuple(partials, name)
    words = _words(f, name, formulas)
    row = Primitive(
        name,
        _checked(f, name),
        [_checked_partial(*pair) for pair in zip(formulas, words, strict=True)],
        methods=(),
        doc=f.__doc__,
    )
    # As in collections.namedtuple: the module that calls is the one that will hold it.
    row.__module__ = sys._getframe(1).f_globals.get("__name__", "__main__")  # noqa: SLF001
    return row


def _as_tuple(partials: Any, name: str) -> tuple[Function, ...]:
    if callable(partials):
        return (partials,)
    formulas = tuple(partials) if isinstance(partials, Iterable) else ()
    if not formulas or not all(map(callable, formulas)):
        raise TypeError(MSG_PARTIALS.format(name, _briefly(partials)))
    return formulas


def _words(f: Function, name: str, formulas: Sequence[Function]) -> list[str]:
    """Return what messages call the partials, having counted everyone's arguments."""
    n = len(formulas)
    signature = _signature(f)
    if not _takes(f, signature, n):
        arguments = f"{n} argument" + "s" * (n > 1)
        has = f"{n} partial" + "s" * (n > 1)
        raise TypeError(MSG_ARITY.format(name, signature or "", arguments, has))
    parameters = list(signature.parameters.values())[:n] if signature else []
    names = [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL]
    words = [
        f"the partial of {name} by {x or f'argument {i}'}"
        for i, (x, _) in enumerate(zip_longest(names, formulas), start=1)
    ]
    for formula, word in zip(formulas, words, strict=True):
        own = _signature(formula)
        if not _takes(formula, own, n + 1):
            called = getattr(formula, "__name__", "it")
            wanted = ", ".join(["y", *names] if len(names) == n else ["y", "*args"])
            count = f"{n + 1} numbers"
            raise TypeError(
                MSG_PARTIAL_ARITY.format(word, count, called, own or "", wanted)
            )
    return words


def _signature(function: Function) -> Any:
    """Return the function's signature, None for one in C that does not tell."""
    import inspect

    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def _takes(function: Function, signature: Any, n: int) -> bool:
    """Return whether a function can be called with n arguments, as far as it tells."""
    inputs = getattr(function, "nin", None)  # of a ufunc, which NumPy lets take more
    if isinstance(inputs, int):
        return inputs == n
    try:
        if signature is not None:
            signature.bind(*[0.0] * n)
    except TypeError:
        return False
    return True


def _checked(f: Function, name: str) -> Function:
    """Return f from real numbers to a float, and nothing else."""

    def value(*args: Any) -> float:
        floats = [x if type(x) is float else _real(x) for x in args]
        if None in floats:
            bad = args[floats.index(None)]
            raise TypeError(MSG_ARGUMENT.format(name, _briefly(bad)))
        y = f(*floats)
        number = _real(y)
        if number is None:
            message = MSG_CLOSED_OVER if _records(y) else MSG_RESULT
            raise TypeError(message.format(name, _briefly(y)))
        return number

    return value


def _checked_partial(formula: Function, words: str) -> Function:
    """Return a partial that gives a float for floats, and for Values all that counts.

    Args:
        formula: the user's.
        words: what messages call it.

    """

    def partial(*inputs: Any) -> Any:
        moving = [i for i, x in enumerate(inputs) if _records(x)]
        try:
            d = formula(*inputs)
        except Exception as error:
            if moving and isinstance(error, (TypeError, AttributeError)):
                raise TypeError(MSG_ONLY_FLOATS.format(words, repr(error))) from error
            error.add_note(f"raised by {words}, at {reprlib.repr(inputs[1:])}")
            raise
        if _records(d) and not moving:
            raise TypeError(MSG_CLOSED_OVER.format(words))
        number = _real(_plain(d))
        if number is None:
            raise TypeError(MSG_PARTIAL.format(words, _briefly(d)))
        reached = _reached(d, inputs) if _records(d) else set()
        for i in moving:
            if id(inputs[i]) not in reached and _varies(formula, inputs, i):
                by = f"argument {i}" if i else "the output"
                raise TypeError(MSG_CUT_OFF.format(words, by, _briefly(d)))
        return d if reached else number

    return partial


def _reached(d: Any, inputs: Sequence[Any]) -> set[int]:
    """Return the ids of those inputs that d was computed from, or is."""
    ids = {id(x) for x in inputs}
    seen: set[int] = set()
    todo = [d]
    while todo:
        node = todo.pop()
        if id(node) not in seen:
            seen.add(id(node))
            if id(node) not in ids:
                todo += node.parents
    return seen & ids


def _varies(formula: Function, inputs: Sequence[Any], i: int) -> bool:
    """Return whether a partial changes with input i, on both sides of it.

    A partial such as the step of relu is constant on one side of its kink at least.
    """
    args = [_plain(x) for x in inputs]
    h = STEP * (args[i] or 1.0)
    changes = False
    for steps in ((h / 2.0, h), (-h / 2.0, -h)):
        try:
            near, far = (
                formula(*args[:i], args[i] + step, *args[i + 1 :]) for step in steps
            )
        except (ArithmeticError, ValueError):  # not defined on this side
            continue
        if near == far or (near != near and far != far):  # noqa: PLR0124 - NaN is one
            return False
        changes = True
    return changes


def _real(x: object) -> float | None:
    """Return x as a float, None if it is not a real number."""
    if type(x) is float:
        return x
    return float(x) if isinstance(x, (int, float, numbers.Real)) else None


def _records(x: object) -> bool:
    """Return whether x is a Value: something that remembers how it was made."""
    return type(x) is not float and hasattr(type(x), "__apply__")


def _plain(x: Any) -> Any:
    return number_of(x) if _records(x) else x


def _briefly(x: object) -> str:
    return f"{reprlib.repr(x)} (of type {type(x).__name__})"
