"""scipys: the root-finders of SciPy, and libraries' own, in lifted code.

They search as ever, on floats; a root that depends on Values is then a node of these,
with the derivatives of the root (`autograd.solving.implicit`). On floats they return
what they returned.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from autograd.lifting.calls import call
from autograd.lifting.errors import has_values
from autograd.lifting.silent import on_floats, silence
from autograd.lifting.stand_ins import plain, stand_in
from autograd.solving.implicit import solution
from autograd.solving.minima import least

OF_SCIPY = ("newton", "brentq", "brenth", "bisect", "ridder", "toms748")
OF_FLUIDS = (
    "secant", "newton", "brenth", "bisect", "ridder", "halley", "py_newton",
    "py_brenth", "py_secant", "py_bisect", "py_ridder",
)  # fmt: skip
DERIVATIVES = ("fprime", "fprime2")


def enter(module: Any) -> None:
    """Enter the rows of ``scipy.optimize``, or of ``fluids.numerics``."""
    for name in OF_SCIPY if module.__name__ == "scipy.optimize" else OF_FLUIDS:
        solver = getattr(module, name, None)
        if solver is not None:
            stand_in(solver, implicit(solver), always=True)
    if module.__name__ == "scipy.optimize":
        stand_in(module.root_scalar, _root_scalar(module.root_scalar), always=True)
        stand_in(module.fsolve, _fsolve(module.fsolve), always=True)
        for search in (module.minimize, module.minimize_scalar):
            stand_in(search, least(search), always=True)


def dress(module: Any) -> None:
    """Let the twin of a library search with roots that have their derivatives."""
    for name in OF_FLUIDS:
        solver = vars(module).get(name)
        if callable(solver):
            setattr(module, name, functools.wraps(solver)(implicit(solver)))


def implicit(solver: Callable[..., Any]) -> Callable[..., Any]:
    """Return a root-finder of one equation whose root has the right derivatives.

    Args:
        solver: takes the function first, then numbers, and ``args`` for the function;
            returns the root, or a tuple that begins with it.

    """
    parameters = inspect.signature(solver).parameters

    def solve(*given: Any, **options: Any) -> Any:
        named = dict(zip(parameters, given, strict=False)) | options
        f = named.pop(next(iter(parameters)))
        args = named.pop("args", ())
        args = tuple(args) if isinstance(args, (tuple, list)) else (args,)
        kwargs = named.pop("kwargs", None) or {}
        slopes = {k: named.pop(k) for k in DERIVATIVES if callable(named.get(k))}

        def whole(x: Any) -> Any:
            return call(f, x, *args, **kwargs)

        def g(x: Any) -> Any:
            y = whole(x)
            return y[0] if isinstance(y, tuple) else y

        floats = {k: plain(v) for k, v in named.items()}
        own = {
            k: on_floats(lambda x, s=s: call(s, x, *args, **kwargs), _number)
            for k, s in slopes.items()
        }
        found = solver(on_floats(whole, _numbers), **floats, **own)
        x = float(plain(found[0] if isinstance(found, tuple) else found))
        with silence():
            moves = has_values(g(x))
        if not moves:
            return found
        names = [k for k in named if k not in {*DERIVATIVES, "full_output"}]

        def find(q: Callable[..., Any], starts: list[Any]) -> list[float]:
            again = dict(zip(names, starts, strict=True))
            root = solver(lambda t: float(q([float(t)])[0]), **again)
            return [float(root[0] if isinstance(root, tuple) else root)]

        starts = [named[k] for k in names]
        name = solver.__name__
        how = name, *names
        root = solution(lambda xs: [g(xs[0])], find, starts, name, how, lambda *_: [x])[
            0
        ]
        return (root, *found[1:]) if isinstance(found, tuple) else root

    return solve


def _number(y: Any) -> float:
    return float(plain(y))


def _numbers(y: Any) -> Any:
    return tuple(map(_number, y)) if isinstance(y, tuple) else _number(y)


def _root_scalar(original: Callable[..., Any]) -> Callable[..., Any]:
    def root_scalar(f: Any, args: Any = (), **options: Any) -> Any:
        kept: list[Any] = []
        simple = {k: v for k, v in options.items() if k not in DERIVATIVES}

        def search(g: Any) -> float:
            kept.append(original(g, **simple))
            return float(kept[-1].root)

        root = implicit(search)(f, args=args)
        kept[0].root = root
        return kept[0]

    return root_scalar


def _fsolve(original: Callable[..., Any]) -> Callable[..., Any]:
    def fsolve(f: Any, x0: Any, args: Any = (), **options: Any) -> Any:
        import numpy as np

        args = args if isinstance(args, tuple) else (args,)
        start = [plain(x) for x in np.ravel(np.asarray(x0, dtype=object)).tolist()]

        def equations(xs: list[Any]) -> list[Any]:
            return list(np.ravel(call(f, np.array(xs), *args)).tolist())

        def find(g: Callable[..., Any], x: list[Any]) -> list[float]:
            root = original(lambda t: g(np.atleast_1d(t).tolist()), x)
            return [float(t) for t in root]

        if options:
            return original(f, x0, args, **options)
        found = solution(equations, find, start, "fsolve", "fsolve")
        return np.array(found)

    return fsolve
