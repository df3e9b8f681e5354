"""stand_ins: what stands for the functions of other packages on Values.

Each row is a function and what is called in its place where a Value is among the
arguments; a few are called always, since what they are handed (a key, a function)
counts, and not whether it is a Value. NumPy's and SciPy's rows are entered when these
are imported by somebody: nothing is imported for their sake.
"""

from __future__ import annotations

import builtins
import cmath
import contextlib
import copy
import functools
import math
import operator
import sys
import types
from collections.abc import Callable
from importlib import import_module
from typing import Any

from autograd import math as am
from autograd.context import tape_in_use
from autograd.lifting import complexes, plane
from autograd.lifting.complexes import Complex
from autograd.lifting.errors import (
    LiftError,
    drops_a_gradient,
    is_value,
    place_of,
)
from autograd.value import Value, number

# By the id of the function: what stands for it, and whether always. KEPT keeps them.
STAND_INS: dict[int, tuple[Callable[..., Any], bool]] = {}
# By the id of an object and the name of its method.
METHODS: dict[tuple[int, str], Callable[..., Any]] = {}
_kept: list[Any] = []
# Types of plain numbers; NumPy's join them when that is imported.
NUMBERS: set[type] = {float, int, bool, str}

LATER = {
    "numpy": "autograd.lifting.arrays",
    "statistics": "autograd.lifting.statistic",
    "scipy.special": "autograd.lifting.special",
    "scipy.stats": "autograd.lifting.special",
    "scipy.integrate": "autograd.lifting.integrals",
    "scipy.optimize": "autograd.solving.scipys",
    "scipy.interpolate": "autograd.lifting.splines",
    "fluids.numerics": "autograd.solving.scipys",
}
_entered: set[str] = set()

MSG_REAL = (
    "must be a real number, not complex: a root or a logarithm of a Value below 0 is "
    "complex, as cmath's are; take its .real, its .imag or abs"
)
MSG_STRUCTURE = (
    "{0}: math.{1} counts, so it takes ints, and a Value is a float: "
    "pass int(x) if no derivative goes through it"
)


def stand_in(original: Any, row: Callable[..., Any], *, always: bool = False) -> None:
    """Enter what stands for a function."""
    _kept.append(original)
    STAND_INS[id(original)] = row, always


def stand_in_for_method(owner: Any, name: str, row: Callable[..., Any]) -> None:
    """Enter what stands for a method of one object."""
    _kept.append(owner)
    METHODS[id(owner), name] = row


def dress(module: Any) -> None:
    """Give a twin what stands for its own functions, as `refresh` does originals."""
    home = LATER.get(module.__name__.partition(".twins.")[2])
    if home is not None:
        own = getattr(import_module(home), "dress", None)
        if own is not None:
            own(module)


def refresh() -> None:
    """Enter the rows of the packages that have been imported meanwhile."""
    for package, home in LATER.items():
        if package in sys.modules and package not in _entered:
            _entered.add(package)
            import_module(home).enter(sys.modules[package])


# --- Builtins -----------------------------------------------------------------------


def whole(x: Any) -> int:
    """Return a Value's number, which is whole, as an int.

    An int is structure: a recording is right for this one only. So its digits are
    asked by comparisons, and another int is another way through these.
    """
    if tape_in_use() is None or not -math.inf < number(x) < math.inf:
        return int(number(x))  # raises, if it is not finite
    if x < 0:
        return -whole(-x)
    above = 1
    while x >= above:
        above *= 2
    n = above // 2
    while above - n > 1:
        middle = (n + above) // 2
        n, above = (middle, above) if x >= middle else (n, middle)
    return n


def to_float(x: Any) -> Any:
    """Return a Value as it is."""
    if type(x) is Complex:
        raise TypeError(MSG_REAL)
    return x


def to_int(x: Any, *base: Any) -> int:
    """Return a Value rounded toward zero, as `int` does."""
    return int(x, *base) if base else whole(am.trunc(x))


def to_round(x: Any, ndigits: Any = None) -> Any:
    """Round: to an int, which is structure, or to a number of decimals."""
    return round(x, ndigits) if ndigits is not None else whole(round(x))


def is_instance(x: Any, kind: Any) -> bool:
    """Return whether x is of a kind; a Value is a float, and a twin is its original."""
    if type(x) is Complex:
        return isinstance(1j, kind)
    if is_value(x):  # whose type is not asked: a recording would take that down
        tape = tape_in_use()
        if tape is not None and isinstance(1.0, kind) != isinstance(1, kind):
            tape.asks_type(x)
        return isinstance(1.0, kind) or issubclass(Value, kind)
    if isinstance(x, kind):
        return True
    if type(x) in NUMBERS or x is None:
        return False
    kinds = kind if isinstance(kind, tuple) else (kind,)
    originals = [vars(k).get("__lift_original__") for k in kinds if isinstance(k, type)]
    return any(k is not None and isinstance(x, k) for k in originals)


def type_of(*args: Any) -> Any:
    """Return the type; a Value's is float."""
    if len(args) != 1 or not is_value(args[0]):
        of_complex = len(args) == 1 and type(args[0]) is Complex
        return complex if of_complex else type(*args)
    tape = tape_in_use()
    if tape is not None:
        tape.asks_type(args[0])
    return float


def _handing_on(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of functions that hands on lifted ones."""
    from autograd.lifting.calls import lifter

    def lifted(*args: Any, **kwargs: Any) -> Any:
        if args and callable(args[0]) and f in {map, filter, functools.reduce}:
            args = (lifter(args[0]), *args[1:])
        if kwargs.get("key") is not None:
            kwargs["key"] = lifter(kwargs["key"])
        return f(*args, **kwargs)

    return lifted


class Suppress(contextlib.suppress):
    """Suppress errors, but for those by which a gradient would be lost in silence."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> bool:
        if drops_a_gradient(error):
            return False
        return bool(super().__exit__(kind, error, trace))


def enter_builtins() -> None:
    """Enter the rows of Python itself."""
    stand_in(float, to_float)
    stand_in(int, to_int)
    stand_in(round, to_round)
    stand_in(isinstance, is_instance, always=True)
    stand_in(type, type_of)
    stand_in(str, _text(str))
    stand_in(repr, _text(repr))
    stand_in(pow, builtins.pow)
    for name in OPERATORS:
        stand_in(getattr(float, f"__{name}__"), getattr(operator, name))
        stand_in(getattr(float, f"__r{name}__"), _reflected(getattr(operator, name)))
    for name in ("neg", "pos", "abs"):
        stand_in(getattr(float, f"__{name}__"), getattr(operator, name))
    stand_in(float.is_integer, lambda x: x == am.floor(x))
    for f in (map, filter, sorted, min, max, functools.reduce):
        stand_in(f, _handing_on(f), always=True)
    stand_in(contextlib.suppress, Suppress, always=True)
    stand_in(copy.copy, lambda x: x if is_value(x) else copy.copy(x))
    stand_in(copy.deepcopy, copied, always=True)


OPERATORS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")


def _reflected(f: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda x, y: f(y, x)


def _text(f: Callable[[Any], str]) -> Callable[..., str]:
    return lambda x, *rest: f(for_text(x) if is_value(x) else x, *rest)


def for_text(x: Value) -> float:
    """Return a Value's number, to be written; a recording refuses."""
    if tape_in_use() is not None:
        repr(x)  # raises, as every way out of a Value does
    return number(x)


def copied(x: Any, memo: dict[int, Any] | None = None) -> Any:
    """Copy, but not the Values: a copy would be another leaf."""
    memo = {} if memo is None else memo
    todo, seen = [x], set()
    while todo:
        part = todo.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if is_value(part):
            memo[id(part)] = part
        elif isinstance(part, dict):
            todo += part.values()
        elif isinstance(part, (list, tuple, set)):
            todo += part
        elif hasattr(part, "__dict__") and not isinstance(part, type):
            todo.append(vars(part))
    return copy.deepcopy(x, memo)


# --- math and cmath -----------------------------------------------------------------


def _refuses(f: str) -> Callable[..., Any]:
    def refuse(*_: Any) -> Any:
        raise LiftError(MSG_STRUCTURE.format(place_of(2), f))

    return refuse


def enter_math() -> None:
    """Enter the rows of `math`: ours of the same names."""
    for name in dir(math):
        original = getattr(math, name)
        if callable(original) and not name.startswith("_"):
            ours = getattr(am, name, None) if name in am.__all__ else None
            stand_in(original, ours or _refuses(name))
    stand_in(math.floor, lambda x: whole(am.floor(x)))
    stand_in(math.ceil, lambda x: whole(am.ceil(x)))
    stand_in(math.trunc, to_int)


def enter_cmath() -> None:
    """Enter the rows of `cmath`, and complex numbers themselves."""
    complexes.enter()
    stand_in(complex, complexes.made)
    names = "sqrt log log10 exp sin cos tan asin acos atan sinh cosh tanh asinh acosh"
    for name in (*names.split(), "atanh"):
        stand_in(getattr(cmath, name), plane.of_the_plane(name))
    for name in ("phase", "isnan", "isinf", "isfinite"):
        f = plane.FUNCTIONS[name]
        stand_in(getattr(cmath, name), lambda z, f=f: f(complexes.as_complex(z)))
    stand_in(cmath.polar, lambda z: (abs(z), am.atan2(z.imag, z.real)))
    stand_in(cmath.rect, lambda r, turn: Complex(r * am.cos(turn), r * am.sin(turn)))


def plain(x: Any) -> Any:
    """Return the number of a Value or of what an array of one number holds."""
    if type(x) is Value:
        return number(x)
    return plain(x.item()) if getattr(x, "size", 0) == 1 and hasattr(x, "item") else x
