"""operators: ``a + b`` where somebody's class says what that is, in lifted code.

Python itself calls ``__add__``, ``__abs__``, ``__lt__``, and it calls them as they are:
in them, `math.sqrt` takes no Value, and ``isinstance(x, float)`` says that a Value is
no number. So where lifted code meets an object of a class with operators in Python,
these are called lifted, in the order in which Python asks for them.

Code that is recorded asks at each operator. Code that is lifted alone asks only where
such a class is known (`are_about`): operators of floats would pay for it.
"""

from __future__ import annotations

import ast
import functools
import operator
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from autograd.lifting.calls import HOOKS, attribute, call
from autograd.lifting.functions import left_alone
from autograd.lifting.stand_ins import stand_in, to_round
from autograd.primitives.relations import RELATIONS
from autograd.value import Value

# What has no operators of somebody's own.
PLAIN = {Value, float, int, bool, str, bytes, type(None), tuple, list, dict, range}
# Of these, Python asks the other operand first.
SEQUENCES = {str, bytes, bytearray, tuple, list}

NAMES = {
    "Add": "add", "Sub": "sub", "Mult": "mul", "Div": "truediv",
    "FloorDiv": "floordiv", "Mod": "mod", "Pow": "pow", "MatMult": "matmul",
    "LShift": "lshift", "RShift": "rshift", "BitOr": "or", "BitXor": "xor",
    "BitAnd": "and",
}  # fmt: skip
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    name: getattr(operator, f"__{word}__") for name, word in NAMES.items()
}
IN_PLACE: dict[str, Callable[[Any, Any], Any]] = {
    name: getattr(operator, f"__i{word}__") for name, word in NAMES.items()
}
UNARY: dict[str, Callable[[Any], Any]] = {
    "USub": operator.neg, "UAdd": operator.pos, "Invert": operator.invert,
    "Not": operator.not_,
}  # fmt: skip
SIGNS = {"USub": "__neg__", "UAdd": "__pos__", "Invert": "__invert__"}
REFLECTED = {
    "<": ("__lt__", "__gt__"), "<=": ("__le__", "__ge__"), ">": ("__gt__", "__lt__"),
    ">=": ("__ge__", "__le__"), "==": ("__eq__", "__eq__"), "!=": ("__ne__", "__ne__"),
}  # fmt: skip
OWN = {
    *(f"__{side}{word}__" for word in NAMES.values() for side in ("", "r", "i")),
    *SIGNS.values(), *(word for pair in REFLECTED.values() for word in pair),
    "__abs__", "__round__", "__divmod__", "__getitem__", "__iter__", "__contains__",
    "__bool__",
}  # fmt: skip


def own(kind: type, special: str) -> Any:
    """Return what a class has under a special name, if it is a function to be lifted.

    >>> own(float, "__add__") is None
    True

    """
    for base in kind.__mro__:
        found = vars(base).get(special)
        if found is not None:
            is_function = type(found) is types.FunctionType
            home = found.__globals__.get("__name__") if is_function else ""
            return found if is_function and not left_alone(home) else None
    return None


def binary(name: str, f: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """Return what an operator gives.

    Args:
        name: which one, as `ast` names it.
        f: what Python does.
        a: the left operand.
        b: the right one.

    """
    word = NAMES[name]
    return _either(f"__{word}__", f"__r{word}__", f, a, b)


def in_place(name: str, f: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """Return what ``a += b`` gives."""
    changing = own(type(a), f"__i{NAMES[name]}__")
    found = NotImplemented if changing is None else call(changing, a, b)
    if found is not NotImplemented:
        return found
    is_plain = type(a) in PLAIN or hasattr(type(a), f"__i{NAMES[name]}__")
    return f(a, b) if is_plain and type(b) in PLAIN else binary(name, f, a, b)


def _either(
    forward: str, reflected: str, f: Callable[[Any, Any], Any], a: Any, b: Any
) -> Any:
    kinds = type(a), type(b)
    mine, other = own(kinds[0], forward), own(kinds[1], reflected)
    if mine is None and other is None:
        return f(a, b)
    ways = [(mine, forward, a, b), (other, reflected, b, a)]
    if kinds[0] is kinds[1]:
        del ways[1]
    elif issubclass(kinds[1], kinds[0]) and other is not own(kinds[0], reflected):
        ways.reverse()
    found = _tried(ways)
    return f(a, b) if found is NotImplemented else found  # or raises what Python raises


def _tried(ways: list[tuple[Any, str, Any, Any]]) -> Any:
    """Return what the first of some ways gives that gives anything."""
    for way in ways:
        found = _asked(*way)
        if found is not NotImplemented:
            return found
    return NotImplemented


def _asked(function: Any, special: str, x: Any, y: Any) -> Any:
    if function is not None:
        return call(function, x, y)
    if type(x) in SEQUENCES or not hasattr(type(x), special):
        return NotImplemented
    return getattr(type(x), special)(x, y)


def compared(relation: str, f: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """Return how two things compare."""
    forward, reflected = REFLECTED[relation]
    kinds = type(a), type(b)
    found = [own(kinds[0], forward), own(kinds[1], reflected)]
    if relation == "!=" and found == [None, None]:
        equal = own(kinds[0], "__eq__")
        result = NotImplemented if equal is None else call(equal, a, b)
        return f(a, b) if result is NotImplemented else not result
    if found == [None, None]:
        return f(a, b)
    ways = [(found[0], forward, a, b), (found[1], reflected, b, a)]
    if kinds[0] is not kinds[1] and issubclass(kinds[1], kinds[0]):
        ways.reverse()
    result = _tried(ways)
    return f(a, b) if result is NotImplemented else result


def unary(name: str, f: Callable[[Any], Any], x: Any) -> Any:
    """Return what an operator of one operand gives."""
    function = own(type(x), SIGNS[name]) if name in SIGNS else None
    return f(x) if function is None else call(function, x)


def item(x: Any, index: Any) -> Any:
    """Return ``x[index]``."""
    function = own(type(x), "__getitem__")
    return x[index] if function is None else call(function, x, index)


def items(x: Any) -> Any:
    """Return what gives the items of x, one after the other."""
    function = own(type(x), "__iter__")
    found = x if function is None else call(function, x)
    following = own(type(found), "__next__")
    return found if following is None else _one_by_one(found, following)


def _one_by_one(x: Any, following: Any) -> Iterator[Any]:
    while True:
        try:
            found = call(following, x)
        except StopIteration:
            return
        yield found


def contains(x: Any, container: Any) -> Any:
    """Return whether x is in a container, or NotImplemented if Python is to say."""
    function = own(type(container), "__contains__")
    return NotImplemented if function is None else bool(call(function, container, x))


def truth(x: Any) -> Any:
    """Return what decides whether x is true."""
    function = own(type(x), "__bool__")
    return x if function is None else call(function, x)


# --- What Python's functions do by operators ----------------------------------------


def magnitude(x: Any) -> Any:
    """Return ``abs(x)``."""
    if type(x) in PLAIN:
        return abs(x)
    function = own(type(x), "__abs__")
    return abs(x) if function is None else call(function, x)


def quotient(a: Any, b: Any) -> Any:
    """Return ``divmod(a, b)``."""
    if type(a) in PLAIN and type(b) in PLAIN:
        return divmod(a, b)
    return _either("__divmod__", "__rdivmod__", divmod, a, b)


def power(a: Any, b: Any, *modulus: Any) -> Any:
    """Return ``pow(a, b)``."""
    return pow(a, b, *modulus) if modulus else binary("Pow", operator.pow, a, b)


def rounded(x: Any, ndigits: Any = None) -> Any:
    """Return ``round(x, ndigits)``."""
    if type(x) is Value:
        return to_round(x, ndigits)
    function = own(type(x), "__round__")
    if function is not None:
        return call(function, x) if ndigits is None else call(function, x, ndigits)
    return round(x, ndigits)


def total(xs: Any, /, start: Any = 0) -> Any:
    """Return ``sum(xs, start)``."""
    xs = list(items(xs))
    if all(type(x) in PLAIN for x in (start, *xs)):
        return sum(xs, start)
    return functools.reduce(lambda a, b: binary("Add", operator.add, a, b), xs, start)


def ordering(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return what stands for `sorted`, `min` or `max`, which compare by ``<``."""

    def ordered(*args: Any, **options: Any) -> Any:
        key = options.get("key")
        seen = args if len(args) > 1 else _seen(args)
        wrong = len(args) > 1 and (f is sorted or "default" in options)
        if wrong or (key is None and all(type(x) in PLAIN for x in seen)):
            return f(*args, **options)
        xs = list(items(args[0]) if len(args) == 1 else args)
        if not xs:
            return f(xs, **options)
        options["key"] = lambda pair: pair[0]
        keys = [call(key, x) for x in xs] if key is not None else xs
        if any(type(x) not in PLAIN for x in keys):
            options["key"] = functools.cmp_to_key(_order)
        pairs = list(zip(keys, xs, strict=True))
        found = f(pairs, **options)
        return [x for _, x in found] if f is sorted else found[1]

    return ordered


def _seen(args: tuple[Any, ...]) -> Any:
    """Return what a container holds, unless to look at it would use it up."""
    held = args and type(args[0]) in {list, tuple, dict, range, str, bytes}
    return args[0] if held else args


def _order(one: tuple[Any, Any], other: tuple[Any, Any]) -> int:
    a, b = one[0], other[0]
    if compared("<", operator.lt, a, b):
        return -1
    return 1 if compared("<", operator.lt, b, a) else 0


def _applied(name: str, a: Any, b: Any) -> Any:
    f = BINARY[name]
    if type(a) in PLAIN and type(b) in PLAIN:
        return f(a, b)
    return binary(name, f, a, b)


def _compared(relation: str, a: Any, b: Any) -> Any:
    f = RELATIONS[relation]
    if type(a) in PLAIN and type(b) in PLAIN:
        return f(a, b)
    return compared(relation, f, a, b)


def _attribute(x: Any, name: str, *default: Any) -> Any:
    try:
        return attribute(x, name)
    except AttributeError:
        if default:
            return default[0]
        raise


def enter() -> None:
    """Enter what lifted code asks, and the rows of functions that use operators."""
    HOOKS["__lift_op__"] = _applied
    HOOKS["__lift_in_place__"] = lambda name, a, b: in_place(name, IN_PLACE[name], a, b)
    HOOKS["__lift_unary__"] = lambda name, x: unary(name, UNARY[name], x)
    HOOKS["__lift_compared__"] = _compared
    HOOKS["__lift_item__"] = item
    HOOKS["__lift_items__"] = items
    HOOKS["__lift_truth__"] = truth
    for f, row in (
        (abs, magnitude), (divmod, quotient), (pow, power), (sum, total),
        (round, rounded),
    ):  # fmt: skip
        stand_in(f, row, always=True)
    for g in (sorted, min, max):
        stand_in(g, ordering(g), always=True)
    stand_in(getattr, _attribute, always=True)
    for made in (list, tuple):
        stand_in(made, lambda *x, made=made: made(*map(items, x)), always=True)
    for name, f in BINARY.items():
        stand_in(f, functools.partial(_applied, name), always=True)
    for relation, f in RELATIONS.items():
        stand_in(f, functools.partial(_compared, relation), always=True)


# --- Where they are asked for -------------------------------------------------------


def are_about(known: Mapping[str, Any], tree: ast.AST) -> bool:
    """Return whether a class with operators is known where code is rewritten."""
    classes = (x for x in list(known.values()) if isinstance(x, type))
    return any(map(_has_some, classes)) or any(
        isinstance(part, ast.FunctionDef) and part.name in OWN
        for x in ast.walk(tree)
        if isinstance(x, ast.ClassDef)
        for part in x.body
    )


def _has_some(kind: type) -> bool:
    if left_alone(kind.__module__):
        return False
    return any(own(kind, special) is not None for special in OWN)
