"""roots: `solve` and `minimum`. A root is not its search.

Differentiating through the steps of a search gives what the last steps did: bisection's
own derivative is that of the bracket's ends. Here the search runs on floats, and the
derivatives are those of the solution (`autograd.solving.implicit`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.lifting.calls import call
from autograd.solving.implicit import solution
from autograd.solving.search import bracketed, from_start, of_system
from autograd.transforms import value_and_grad

MSG_FUNCTION = "solve takes a function, not {0!r}: write solve(f, x0), not solve(f(x0))"
MSG_COUNT = (
    "{0} returned {1} numbers for {2} unknowns: a system has as many equations as it "
    "has unknowns"
)


def solve(f: Callable[..., Any], x0: Any, *args: Any) -> Any:
    """Return the x for which f(x, *args) is 0, as a function of all else in f.

    Args:
        f: the equation; floats may be functions of `math`, since it is lifted. For a
            system it takes a list, and returns a list as long.
        x0: where to start; or a pair ``(a, b)``, a bracket at whose ends the signs of f
            differ; or a list of numbers, where a system starts.
        args: further arguments of f, floats or Values. What f closes over counts, too.

    Returns:
        A float; a Value, if there are Values in f, with the derivatives of the root, of
        every order. For a system, a list of them.

    Raises:
        ValueError: if no root is found.
        ZeroDivisionError: if the root is no smooth function, as a double root.

    >>> from autograd import grad, math
    >>> root = lambda a: solve(lambda x: x * x - a, (0.0, 10.0))
    >>> root(2.0), grad(root)(4.0), grad(grad(root))(4.0)
    (1.414213562373095..., 0.25, -0.03125)
    >>> kepler = lambda m, e: solve(lambda x: x - e * math.sin(x) - m, m)
    >>> round(grad(kepler)(1.0, 0.1), 6)
    1.048628

    """
    if not callable(f):
        raise TypeError(MSG_FUNCTION.format(f))
    name = getattr(f, "__name__", "f")
    name = name if name.isidentifier() else "solve"
    if _are_several(x0):
        return _system(f, list(x0), args, name)

    def equation(xs: list[Any]) -> list[Any]:
        return [call(f, xs[0], *args)]

    if isinstance(x0, tuple):
        a, b = x0

        def between(g: Callable[..., Any], ends: list[Any]) -> list[float]:
            return [bracketed(lambda x: float(g([x])[0]), ends[0], ends[1], name)]

        return solution(equation, between, [_float(a), _float(b)], name, "between")[0]

    def near(g: Callable[..., Any], start: list[Any]) -> list[float]:
        return [from_start(lambda x: float(g([x])[0]), start[0], name)]

    return solution(equation, near, [_float(x0)], name, "near")[0]


def _system(f: Any, x0: list[Any], args: Sequence[Any], name: str) -> list[Any]:
    def equations(xs: list[Any]) -> list[Any]:
        found = list(call(f, xs, *args))
        if len(found) != len(xs):
            raise ValueError(MSG_COUNT.format(name, len(found), len(xs)))
        return found

    def near(g: Callable[..., Any], start: list[Any]) -> list[float]:
        return of_system(g, start, name)

    return solution(equations, near, [_float(x) for x in x0], name, "system")


def _are_several(x0: Any) -> bool:
    return isinstance(x0, list) or getattr(x0, "shape", ()) != ()


def _float(x: Any) -> Any:
    return float(x) if type(x) is int else x


def minimum(f: Callable[..., Any], x0: Any, *args: Any) -> Any:
    """Return the x at which f(x, *args) is least near x0, as a function of all else.

    Args:
        f: takes x and returns one number; x is a number, or a list if x0 is.
        x0: where to start.
        args: further arguments of f.

    Returns:
        A float or a Value, or a list of them, as for `solve`.

    Raises:
        ValueError: if no minimum is found.
        ZeroDivisionError: if it is no smooth function, since f is flat there.

    >>> from autograd import value_and_grad
    >>> lowest = lambda a: minimum(lambda x: (x - a) ** 2 + a * x, 0.0)
    >>> round(lowest(3.0), 9), round(grad(lowest)(3.0), 9)
    (1.5, 0.5)

    """
    name = getattr(f, "__name__", "f")
    name = name if name.isidentifier() else "minimum"
    several = _are_several(x0)

    def of_list(xs: Sequence[Any]) -> Any:
        return call(f, list(xs) if several else xs[0], *args)

    def slopes(xs: list[Any]) -> list[Any]:
        value, by = value_and_grad(of_list)(list(xs))
        return [*by, value]  # the value helps the search

    def lowest(g: Callable[..., Any], start: list[Any]) -> list[float]:
        from scipy.optimize import minimize

        def value_and_slopes(x: Any) -> tuple[float, list[float]]:
            *by, value = g(x.tolist())
            return value, by

        found = minimize(value_and_slopes, start, jac=True)
        return of_system(lambda xs: g(xs)[:-1], found.x.tolist(), name)

    starts = [_float(x) for x in x0] if several else [_float(x0)]
    found = solution(slopes, lowest, starts, name, "least")
    return found if several else found[0]
