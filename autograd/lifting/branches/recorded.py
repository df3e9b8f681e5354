"""recorded: what a call does while a function is recorded.

What is called is rewritten so that its branches can be data (`statements`), once, and
cached. In a side only what is known to have no effect is called: functions of numbers,
with masked arguments, and functions whose source shows that they have none.
"""

from __future__ import annotations

import builtins
import functools
import math
import types
from typing import Any

from autograd import math as am
from autograd.context import tape_in_use
from autograd.lifting import calls as lifted
from autograd.lifting.branches import (
    conditions,
    merging,
    operations,
    running,
    turns,
)
from autograd.lifting.branches.conditions import Condition, chosen, compare, plain
from autograd.lifting.branches.sides import FailedError, mask, masked
from autograd.lifting.branches.statements import Recorder
from autograd.lifting.errors import has_values
from autograd.lifting.functions import (
    Lifted,
    left_alone,
    lifted_function,
    with_code,
    written_as,
)
from autograd.lifting.source import Code, compiled, source_of
from autograd.lifting.stand_ins import STAND_INS, refresh
from autograd.primitives import Primitive
from autograd.value import Value

PURE = {
    id(f)
    for f in (
        len, abs, min, max, sum, float, int, bool, range, enumerate, zip, list, tuple,
        sorted, isinstance, type, round, divmod, pow, reversed, slice, issubclass,
    )
}  # fmt: skip
ON_SEQUENCES = {id(f) for f in (enumerate, len, range, zip)}
READING = {"get", "items", "keys", "values", "index", "count", "copy"}
OUR_MATH = {id(f): f for f in (getattr(am, name) for name in am.__all__) if callable(f)}
TESTS = {"isnan": "isnan", "isinf": "isinf", "isfinite": "isfinite"}

# For each code object, by its id: itself, its recorded code and whether it is pure.
_known: dict[int, tuple[Code, Code | None, bool]] = {}
_cells: dict[str, types.CellType] = {}


def call(f: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Call something as recorded code does."""
    tape = tape_in_use()
    if tape is None:
        return lifted.call(f, *args, **kwargs)
    kinds = {*map(type, args)}
    if not tape.sides and Condition not in kinds and _is_lean(f, kinds):
        return f(*args, **kwargs)
    own = mask()
    if Condition in kinds:
        if type(args[0]) is Condition and _is_where(f, args, kwargs):
            return chosen(args[0], *map(_number, args[1:]))
        args = tuple(map(plain, args))
    if type(f) is Lifted:
        f = f.__wrapped__
    if type(f) is types.FunctionType and id(f) not in STAND_INS:
        return _function(f, own)(*args, **kwargs)
    function = _function_of_method(f)
    if function is not None:
        return _function(function, own)(f.__self__, *args, **kwargs)
    found = NotImplemented if kwargs or not args else _of_numbers(f, args)
    if found is not NotImplemented:
        return found
    if own is None:
        own_call = _of_object(f)
        return (own_call or functools.partial(lifted.call, f))(*args, **kwargs)
    return _in_a_side(f, args, kwargs, own)


def _is_lean(f: Any, kinds: set[type]) -> bool:
    """Return whether f can be called as it is, as loops do in each step."""
    if type(f) is types.FunctionType:
        known = _known.get(id(f.__code__))
        return known is not None and known[1] is known[0]  # recorded code already
    return id(f) in ON_SEQUENCES and Value not in kinds


def _function_of_method(f: Any) -> Any:
    """Return the function of a bound method of somebody's class, or None."""
    if type(f) is not types.MethodType:
        return None
    function: Any = f.__func__
    if type(function) is Lifted:
        function = function.__wrapped__
    if type(function) is not types.FunctionType:
        return None
    return None if left_alone(function.__globals__.get("__name__")) else function


def _of_numbers(f: Any, args: Any) -> Any:
    """Return the largest, the smallest or both numbers in order, as data."""
    xs = args[0] if len(args) == 1 and type(args[0]) in {list, tuple} else args
    if f is builtins.max or f is builtins.min:
        if operations.are_numbers(xs):
            return operations.extreme(">" if f is builtins.max else "<", xs)
    elif f is sorted and len(xs) == 2 and xs is args[0] and operations.are_numbers(xs):
        return operations.ordered(*xs)
    return NotImplemented


def _of_object(f: Any) -> Any:
    """Return how an object that is called like a function is recorded, or None."""
    own = vars(type(f)).get("__call__")
    if type(own) is types.FunctionType and not left_alone(
        own.__globals__.get("__name__")
    ):
        return functools.partial(_function(own, None), f)
    return None


def _is_where(f: Any, args: Any, kwargs: Any) -> bool:
    if len(args) != 3 or kwargs or not all(map(_is_choice, args[1:])):
        return False
    return f is am.where or (
        getattr(f, "__module__", "") == "numpy"
        and getattr(f, "__name__", "") == "where"
    )


def _is_choice(x: Any) -> bool:
    return conditions.is_number(x)


def _number(x: Any) -> Any:
    return float(x) if type(x) is int else x


def _in_a_side(f: Any, args: Any, kwargs: Any, own: Any) -> Any:
    for x in (*args, *kwargs.values()):
        if not (type(x) in operations.KNOWN or isinstance(x, type) or _passes(x)):
            raise FailedError
    if isinstance(f, types.BuiltinMethodType) and type(f.__self__) in operations.KNOWN:
        if f.__name__ not in READING:
            raise FailedError
        return f(*args, **kwargs)
    if id(f) in PURE:
        return _sum(*args) if f is sum else lifted.call(f, *args, **kwargs)
    row = STAND_INS.get(id(f))
    ours = isinstance(f, Primitive) or id(f) in OUR_MATH
    standard = row is not None and getattr(f, "__module__", "") == "math"
    if kwargs or not (ours or standard):
        raise FailedError
    if not any(map(has_values, args)):
        return f(*args)
    function = f if row is None else row[0]
    return function(*masked(function, args, own))


def _passes(x: Any) -> bool:
    return type(x) in operations.PASSING or operations.is_array(x)


def _sum(xs: Any, start: Any = 0) -> Any:
    """Add up, without the operators of anybody's class."""
    total = start
    for x in operations.items(xs, fresh=True):
        total = operations.binary("Add", total, x)
    return total


def _function(f: types.FunctionType, own: Any) -> Any:
    """Return a function as it is recorded.

    Raises:
        FailedError: in a side, if the function may have an effect.

    """
    new, pure = recorded_function(f)
    if own is not None and not pure:
        if id(f) in OUR_MATH:
            return lambda *args: f(*masked(f, args, own))
        raise FailedError
    return new


def recorded_function(f: types.FunctionType) -> tuple[Any, bool]:
    """Return a function whose branches can be data, and whether it has no effects."""
    code = f.__code__
    known = _known.get(id(code))
    if known is None:
        known = _known[id(code)] = code, *_rewritten(f)
    _, new, pure = known
    if new is None:
        return lifted_function(f), False
    return (f if new is code else _with_code(f, new)), pure


def _with_code(f: types.FunctionType, code: Code) -> types.FunctionType:
    if not _cells:
        _cells.update({k: types.CellType(hook) for k, hook in HOOKS.items()})
    return with_code(f, code, _cells)


def _rewritten(f: types.FunctionType) -> tuple[Code | None, bool]:
    if left_alone(f.__globals__.get("__name__")) or f.__code__.co_flags & 0x380:
        return None, False
    refresh()
    code = written_as(f.__code__)
    source = source_of(code)
    if source is None:
        return None, False
    recorder = Recorder(f.__globals__, frozenset(code.co_freevars), source.owner)
    node = recorder.whole(source.copy(), f"{code.co_filename}:{code.co_firstlineno}")
    new = compiled(source, node, code, tuple(HOOKS))
    if new is None:
        return None, False
    _know(new, recorder.purity)
    return new, recorder.purity.get((code.co_name, code.co_firstlineno), False)


def _know(code: Code, purity: dict[tuple[str, int], bool]) -> None:
    """Note that the functions defined in recorded code are recorded code already."""
    for inner in code.co_consts:
        if isinstance(inner, Code):
            pure = purity.get((inner.co_name, inner.co_firstlineno), False)
            _known[id(inner)] = inner, inner, pure
            _know(inner, purity)


def test_call(f: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Call something whose result is only asked whether it is true."""
    name = TESTS.get(getattr(f, "__name__", ""))
    if (
        name
        and len(args) == 1
        and not kwargs
        and type(args[0]) is Value
        and tape_in_use() is not None
        and (STAND_INS.get(id(f)) or id(f) in OUR_MATH)
    ):
        x = args[0]
        if name == "isnan":
            return compare("!=", x, x)
        if name == "isinf":
            return compare("==", abs(x), math.inf)
        return compare("<", abs(x), math.inf)
    return operations.asked(call(f, *args, **kwargs))


def any_of(found: Any, *, every: bool) -> Any:
    """Return whether any, or every, condition holds."""
    fold = conditions.both if every else conditions.either
    result: Any = every
    for c in found:
        result = fold(result, functools.partial(_itself, c))
        if type(result) is not Condition and bool(result) is not every:
            return result
    return result


def _itself(x: Any) -> Any:
    return x


HOOKS: dict[str, Any] = {
    **lifted.HOOKS,
    "__lift_add__": operations.add,
    "__lift_and__": conditions.both,
    "__lift_any__": any_of,
    "__lift_asked__": operations.asked,
    "__lift_branch__": running.Branch,
    "__lift_call__": call,
    "__lift_counted__": lambda own, name: own.late[name],
    "__lift_counts__": lambda own, name: name in own.late,
    "__lift_chained__": conditions.chained,
    "__lift_choose__": running.choose,
    "__lift_compare__": compare,
    "__lift_compared__": operations.compared,
    "__lift_div__": operations.div,
    "__lift_frozen__": frozenset,
    "__lift_get__": operations.attribute,
    "__lift_in__": operations.contains,
    "__lift_in_place__": operations.in_place,
    "__lift_item__": operations.item,
    "__lift_items__": operations.items,
    "__lift_mult__": operations.mult,
    "__lift_never__": running.never,
    "__lift_not__": conditions.negated,
    "__lift_op__": operations.binary,
    "__lift_or__": conditions.either,
    "__lift_over__": turns.Turns.over,
    "__lift_returned__": running.returned,
    "__lift_stop__": turns.stop,
    "__lift_sub__": operations.sub,
    "__lift_test_call__": test_call,
    "__lift_turns__": turns.Turns,
    "__lift_unary__": operations.unary,
    "__lift_unbound__": merging.UNBOUND,
}
