"""What lifting says where it cannot go on, and how it insists.

Libraries swallow exceptions: ``except Exception: return 0.0`` around a call that took a
Value's number away would drop a gradient in silence. Every handler of lifted code
therefore asks `caught` first, which raises what is ours again.
"""

from __future__ import annotations

import sys
from typing import Any

from autograd.lifting.complexes import Complex
from autograd.value import MSG_FLOAT, Value

TWINS = "autograd.lifting.twins."
# Types that are known to hold no Values, for all that is asked here.
HOLDS_NONE: set[type] = {float, int, bool, str, bytes, type(None)}
MANY = 2_000

MSG_NOT_COVERED = (
    "{place} calls {called} with a Value, and that takes floats only ({error}). Write "
    "it with autograd.math, give it its derivatives (autograd.primitive), or pass "
    "x.detach().data where no gradient is to go through"
)
MSG_SWALLOWED = (
    "{place} catches the error that a gradient would be lost ({error}), and would go "
    "on without it. Call what raised it with a primitive (autograd.primitive) instead"
)
TAKES_A_NUMBER = {MSG_FLOAT.format(name) for name in ("float", "int", "complex")}


class LiftError(TypeError):
    """Lifted code met something that does not take Values, at a line that is named."""


def place_of(depth: int) -> str:
    """Return the file and line of a caller, as messages write it."""
    frame: Any = sys._getframe(depth + 1)  # noqa: SLF001
    while frame.f_back:
        home = frame.f_globals.get("__name__", "")
        if not home.startswith("autograd.") or home.startswith(TWINS):
            break
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def not_covered(called: object, error: BaseException, depth: int = 1) -> LiftError:
    """Return the error that names the line which called what takes floats only."""
    name = getattr(called, "__qualname__", None) or repr(called)
    home = getattr(called, "__module__", None)
    if home and home != "builtins":
        name = f"{home}.{name}"
    words = str(error).partition(" would")[0] or type(error).__name__
    place = place_of(depth + 1)
    return LiftError(MSG_NOT_COVERED.format(place=place, called=name, error=words))


def drops_a_gradient(error: BaseException | None) -> bool:
    """Return whether an error, or what caused it, kept a gradient from being lost."""
    while error is not None:
        if isinstance(error, LiftError):
            return True
        if type(error) is TypeError and error.args and error.args[0] in TAKES_A_NUMBER:
            return True
        error = error.__cause__
    return False


def caught() -> None:
    """Raise again what a handler of lifted code must not swallow."""
    error = sys.exc_info()[1]
    if error is not None and drops_a_gradient(error):
        if isinstance(error, LiftError):
            raise error
        place = place_of(1)
        raise LiftError(MSG_SWALLOWED.format(place=place, error=error)) from error


def is_value(x: object) -> bool:
    """Return whether x is a Value."""
    return type(x) is Value


def has_values(x: Any, depth: int = 4) -> bool:
    """Return whether x is a Value, or a sequence, dict or array that holds some."""
    kind = type(x)
    if kind in HOLDS_NONE:
        return False
    if kind is Value or kind is Complex:
        return True
    if isinstance(x, (list, tuple, dict)):
        # Not by the methods of a class derived from these, which may be lifted code.
        inside: Any = (
            dict.values(x)
            if isinstance(x, dict)
            else list.__iter__(x)
            if isinstance(x, list)
            else tuple.__iter__(x)
        )
        for part in inside:
            kind = type(part)
            if kind not in HOLDS_NONE and depth and has_values(part, depth - 1):
                return True
        return False
    if is_array(x):
        return bool(x.dtype == "O")
    if len(HOLDS_NONE) < MANY:
        HOLDS_NONE.add(kind)
    return False


def is_array(x: Any) -> bool:
    """Return whether x is an array of NumPy, or of a class derived from these."""
    return any(base.__name__ == "ndarray" for base in type(x).__mro__)
