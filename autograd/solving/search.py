"""search: roots on floats. Nobody differentiates a search, so it may go as it likes.

Letters: ``a`` and ``b`` enclose the root, ``c`` is the end that was given up last.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

Function = Callable[[float], float]
System = Callable[[Sequence[float]], Sequence[float]]

STEPS = 200
EPS = 2.0**-52

MSG_BRACKET = (
    "{0} is {1!r} at {2!r} and {3!r} at {4!r}, of one sign: there is no root between, "
    "or an even number of them. Give a bracket at whose ends the signs differ"
)
MSG_NO_ROOT = (
    "no root of {0} was found from {1!r}: after {2} steps it is {3!r} at {4!r}. Start "
    "nearer to it, or give a bracket (a, b) at whose ends the signs differ"
)
MSG_NAN = "{0} is {1!r} at {2!r}, on the way to its root"


def bracketed(f: Function, a: float, b: float, name: str) -> float:
    """Return the root between a and b, by Chandrupatla's method.

    T. R. Chandrupatla, A new hybrid quadratic/bisection algorithm for finding the zero
    of a nonlinear function without using derivatives, 1997.

    Raises:
        ValueError: if f has one sign at both ends.

    """
    fa, fb = f(a), f(b)
    if fa == 0.0 or fb == 0.0:
        return a if fa == 0.0 else b
    if not (fa < 0.0 < fb or fb < 0.0 < fa):
        raise ValueError(MSG_BRACKET.format(name, fa, a, fb, b))
    t = 0.5
    for _ in range(STEPS):
        x = a + t * (b - a)
        fx = f(x)
        if math.isnan(fx):
            raise ValueError(MSG_NAN.format(name, fx, x))
        if (fx < 0.0) == (fa < 0.0):
            c, fc = a, fa
        else:
            c, fc, b, fb = b, fb, a, fa
        a, fa = x, fx
        best = a if abs(fa) < abs(fb) else b
        limit = EPS * (abs(best) + 2.0**-1000) / abs(b - c)
        if limit > 0.5 or fa == 0.0:
            return best if fa != 0.0 else a
        t = _inverse_quadratic(a, b, c, fa, fb, fc)
        t = min(1.0 - limit, max(limit, t))
    return best


def _inverse_quadratic(
    a: float, b: float, c: float, fa: float, fb: float, fc: float
) -> float:
    """Return where to look next, as a part of the way from a to b."""
    xi = (a - b) / (c - b)
    phi = (fa - fb) / (fc - fb)
    if not (phi**2 < xi and (1.0 - phi) ** 2 < 1.0 - xi):
        return 0.5
    return (fa / (fb - fa)) * (fc / (fb - fc)) + (c - a) / (b - a) * (
        fa / (fc - fa)
    ) * (fb / (fc - fb))


def from_start(f: Function, x: float, name: str) -> float:
    """Return a root near x, by secants.

    Raises:
        ValueError: if there is none to be found.

    """
    start = x
    fx = f(x)
    old, f_old = x + 1e-4 * (abs(x) + 1e-2), math.nan
    for _ in range(STEPS):
        if fx == 0.0:
            return x
        if math.isnan(f_old):
            f_old = f(old)
        if fx == f_old:
            break
        step = -fx * (x - old) / (fx - f_old)
        if not math.isfinite(step):
            break
        if abs(step) <= EPS * abs(x):
            return x
        old, f_old, x = x, fx, x + step
        fx = f(x)
    if abs(x - old) <= 1e-12 * abs(x) and abs(fx) <= 1e-12:
        return x
    raise ValueError(MSG_NO_ROOT.format(name, start, STEPS, fx, x))


def of_system(f: System, start: Sequence[float], name: str) -> list[float]:
    """Return a root of as many equations as unknowns, by Newton's method.

    Raises:
        ValueError: if there is none to be found.

    """
    import numpy as np

    x = np.array(start, dtype=float)
    fx = np.array(f(x.tolist()), dtype=float)
    for _ in range(STEPS):
        if not fx.any():
            break
        columns = []
        for k in range(len(x)):
            h = 1e-7 * (abs(x[k]) + 1e-3)
            ahead = x.copy()
            ahead[k] += h
            columns.append((np.array(f(ahead.tolist())) - fx) / (ahead[k] - x[k]))
        step = -np.linalg.lstsq(np.array(columns).T, fx, rcond=None)[0]
        scale = 1.0
        for _ in range(40):  # not so far that it grows
            new = x + scale * step
            f_new = np.array(f(new.tolist()), dtype=float)
            if np.linalg.norm(f_new) < np.linalg.norm(fx):
                break
            scale /= 2.0
        else:
            break
        done = np.all(np.abs(new - x) <= 4.0 * EPS * np.abs(x))
        x, fx = new, f_new
        if done:
            break
    if not np.linalg.norm(fx) <= 1e-8 * (1.0 + np.linalg.norm(x)):
        message = MSG_NO_ROOT.format(name, list(start), STEPS, fx.tolist(), x.tolist())
        raise ValueError(message)
    root: list[float] = x.tolist()
    return root
